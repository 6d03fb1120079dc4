from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget

from inspector.views.elided_label import ElidedLabel


def test_that_a_text_without_room_is_cut_in_the_middle_and_whole_in_the_tooltip(qtbot):
    label = ElidedLabel("pretrained_swin_small.pth", elide=Qt.TextElideMode.ElideMiddle)
    qtbot.addWidget(label)
    label.resize(90, 20)
    label.grab()
    assert label.shown_text() != label.text()
    assert label.shown_text().startswith("pre")
    assert label.shown_text().endswith("th")
    assert label.toolTip() == "pretrained_swin_small.pth"
    label.resize(label.sizeHint())
    label.grab()
    assert label.shown_text() == label.text()
    assert label.toolTip() == ""


def test_that_an_own_tooltip_stays_whether_or_not_the_text_is_cut(qtbot):
    label = ElidedLabel("epoch_6.pth")
    qtbot.addWidget(label)
    label.set_tip("/models/epoch_6.pth")
    for width in (20, 300):
        label.resize(width, 20)
        label.grab()
        assert label.toolTip() == "/models/epoch_6.pth"


def test_that_the_whole_text_is_read_out(qtbot):
    label = ElidedLabel("epoch_6.pth")
    qtbot.addWidget(label)
    assert label.accessibleName() == "epoch_6.pth"


def test_that_another_text_of_a_label_that_fills_leaves_the_layout_as_it_is(qtbot):
    class Window(QWidget):
        laid_out = 0

        def event(self, event):
            self.laid_out += event.type() == QEvent.Type.LayoutRequest
            return super().event(event)

    window = Window()
    qtbot.addWidget(window)
    row = QHBoxLayout(window)
    fills, takes = ElidedLabel(fills=True), ElidedLabel()
    row.addWidget(fills, 1)
    row.addWidget(takes)
    window.resize(300, 40)
    with qtbot.waitExposed(window):
        window.show()
    QApplication.processEvents()
    window.laid_out = 0
    fills.setText("a text that is longer than before")
    QApplication.processEvents()
    assert window.laid_out == 0
    assert fills.shown_text() == fills.text()
    takes.setText("a text that is longer than before")
    QApplication.processEvents()
    assert window.laid_out == 1
