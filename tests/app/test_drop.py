from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from inspector.app.drop import DropHighlight, DropTarget, paths_in, what_a_drop_does
from inspector.app.recognising import Kind


def dragged(*urls: str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl(url) for url in urls])
    return data


def enter(data: QMimeData) -> QDragEnterEvent:
    return QDragEnterEvent(
        QPoint(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )


def drop(data: QMimeData) -> QDropEvent:
    return QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )


@pytest.mark.parametrize(
    ("models", "images", "already_open", "sentence"),
    [
        (1, 0, 0, "Open as A"),
        (2, 0, 0, "Open as A and B"),
        (3, 0, 0, "Open as A, B and B2"),
        (6, 0, 0, "Open as A to B5"),
        (1, 0, 1, "Compare with A as B"),
        (2, 0, 2, "Compare with A as B2 and B3"),
        (0, 1, 0, "Open as image"),
        (0, 3, 2, "Open as 3 images"),
        (1, 1, 0, "Open as A and as image"),
        (1, 2, 1, "Compare with A as B, open as 2 images"),
    ],
)
def test_that_what_a_drop_will_do_is_named(models, images, already_open, sentence):
    kinds = [Kind.MODEL] * models + [Kind.IMAGE] * images
    assert what_a_drop_does(kinds, already_open=already_open) == sentence


def test_that_only_local_files_are_taken():
    data = dragged("file:///m/a%20b.pth", "https://example.org/c.pth")
    assert paths_in(data) == [Path("/m/a b.pth")]


@pytest.fixture
def window(qtbot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    return window


def test_that_held_files_are_accepted_and_announced_and_a_drop_hands_over_the_paths(window, qtbot):
    target, held, dropped = DropTarget(window), [], []
    target.dragging.connect(held.append)
    target.files_dropped.connect(dropped.append)
    data = dragged("file:///a.pth", "file:///b.pth")
    entering, dropping = enter(data), drop(data)
    assert target.eventFilter(window, entering)
    assert entering.isAccepted()
    assert target.eventFilter(window, dropping)
    paths = [Path("/a.pth"), Path("/b.pth")]
    assert held == [paths, []]
    assert dropped == [paths]


def test_that_held_text_is_not_taken(window):
    target = DropTarget(window)
    data = QMimeData()
    data.setText("no file")
    assert not target.eventFilter(window, enter(data))


def test_that_files_that_leave_the_window_are_announced(window):
    target, held = DropTarget(window), []
    target.dragging.connect(held.append)
    event = QDragLeaveEvent()
    assert event.type() == QEvent.Type.DragLeave
    target.eventFilter(window, event)
    assert held == [[]]


def test_that_the_highlight_covers_the_window_while_it_says_something(window):
    window.resize(400, 300)
    highlight = DropHighlight(window)
    highlight.show_text("Open as A")
    assert highlight.isVisibleTo(window)
    assert highlight.geometry() == window.rect()
    highlight.show_text("")
    assert not highlight.isVisibleTo(window)
