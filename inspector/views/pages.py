"""A view that has something to show, or a sentence in the middle of it that says what to do."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget


def sentence_page(text: str = "") -> QLabel:
    """A page with a sentence in its middle."""
    page = QLabel(text)
    page.setAlignment(Qt.AlignmentFlag.AlignCenter)
    page.setWordWrap(True)
    return page


def pages_under(view: QWidget, banner: QWidget, empty: QWidget, full: QWidget) -> QStackedWidget:
    """Lay out a view: a banner, and under it page 0, which is empty, or page 1, which is full."""
    pages = QStackedWidget()
    pages.addWidget(empty)
    pages.addWidget(full)
    outer = QVBoxLayout(view)
    outer.setContentsMargins(0, 0, 0, 0)
    outer.setSpacing(6)
    outer.addWidget(banner)
    outer.addWidget(pages, 1)
    return pages
