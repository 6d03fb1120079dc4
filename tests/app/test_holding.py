import pytest
from PySide6.QtWidgets import QGraphicsView, QVBoxLayout, QWidget

from inspector.app.holding import Holding
from inspector.jobs.lane import Lane


@pytest.fixture
def lane(qapp):
    lane = Lane()
    yield lane
    assert lane.close()


def test_that_jobs_are_held_while_a_picture_is_drawn_and_let_go_after_it(lane, qtbot, monkeypatch):
    window, view, told = QWidget(), QGraphicsView(), []
    QVBoxLayout(window).addWidget(view)
    qtbot.addWidget(window)
    holding = Holding(lane, window, lane)
    monkeypatch.setattr(lane, "hold", lambda: told.append("hold"))
    monkeypatch.setattr(lane, "release", lambda: told.append("release"))
    with qtbot.waitExposed(window):
        window.show()
    qtbot.waitUntil(lambda: told[:1] == ["hold"] and told[-1:] == ["release"])
    told.clear()
    window.setWindowTitle("nothing is drawn")
    qtbot.wait(20)
    assert told == []
    view.viewport().update()
    qtbot.waitUntil(lambda: told == ["hold", "release"])
    assert holding.parent() is lane
