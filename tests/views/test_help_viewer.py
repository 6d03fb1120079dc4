from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QColor, QDesktopServices, QPalette
from PySide6.QtWidgets import QListWidget, QTextBrowser

from inspector.views.help_viewer import HelpViewer


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "zebra.md").write_text("# Animals\n\nSee [keys](keys.md#top).\n", encoding="utf-8")
    (tmp_path / "keys.md").write_text(
        "# Keys\n\n| key | does |\n|---|---|\n| F1 | this page |\n", encoding="utf-8"
    )
    (tmp_path / "untitled.md").write_text("No heading.\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def viewer(qtbot, folder) -> HelpViewer:
    widget = HelpViewer(folder)
    qtbot.addWidget(widget)
    widget.show()
    return widget


def titles(viewer: HelpViewer) -> list[str]:
    shown = viewer.findChild(QListWidget)
    return [shown.item(row).text() for row in range(shown.count())]


def test_that_the_sheet_of_keys_comes_first_and_the_others_by_title(viewer):
    assert titles(viewer) == ["Keys", "Animals", "untitled"]
    assert viewer.page == "keys"
    assert "this page" in viewer.text


def test_that_a_page_is_chosen_with_the_keyboard(viewer, qtbot):
    qtbot.keyClick(viewer.findChild(QListWidget), Qt.Key.Key_Down)
    assert viewer.page == "zebra"
    assert "See keys" in viewer.text


def test_that_a_link_to_another_page_stays_inside(viewer):
    assert viewer.show_page("zebra")
    viewer.findChild(QTextBrowser).anchorClicked.emit(QUrl("keys.md#top"))
    assert viewer.page == "keys"


def test_that_only_web_links_leave_the_program(viewer, monkeypatch):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    for url in ("https://example.org/paper", "file:///etc/passwd", "nowhere.md"):
        viewer.findChild(QTextBrowser).anchorClicked.emit(QUrl(url))
    assert opened == ["https://example.org/paper"]
    assert viewer.page == "keys"


def test_that_a_page_that_is_not_there_changes_nothing(viewer):
    assert not viewer.show_page("missing")
    assert viewer.page == "keys"


def test_that_a_folder_without_pages_is_said_to_be_empty(qtbot, tmp_path):
    empty = HelpViewer(tmp_path)
    qtbot.addWidget(empty)
    empty.show_page("keys")
    assert empty.page == ""
    assert "no help pages" in empty.text


def test_that_a_page_stays_on_a_change_between_light_and_dark(viewer):
    viewer.show_page("zebra")
    palette = viewer.palette()
    palette.setColor(QPalette.ColorRole.Window, QColor("#202020"))
    viewer.setPalette(palette)
    assert viewer.page == "zebra"
    assert "See keys" in viewer.text


def test_that_escape_closes_the_help(viewer, qtbot):
    qtbot.keyClick(viewer, Qt.Key.Key_Escape)
    assert viewer.isHidden()


def test_that_the_pages_that_come_with_the_program_can_all_be_shown(qtbot, repository):
    viewer = HelpViewer(repository / "resources" / "help")
    qtbot.addWidget(viewer)
    names = [path.stem for path in (repository / "resources" / "help").glob("*.md")]
    assert "keys" in names
    for name in names:
        assert viewer.show_page(name)
        assert len(viewer.text) > 100
