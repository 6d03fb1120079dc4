import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QLabel, QWidget

from inspector.app.screenshots import picture_of, save_picture
from inspector.core.errors import BadRequest, ExportFailed


@pytest.fixture
def widget(qtbot) -> QWidget:
    widget = QLabel("W")
    widget.resize(120, 80)
    qtbot.addWidget(widget)
    return widget


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_that_a_screenshot_has_as_many_pixels_as_asked(widget, scale):
    assert picture_of(widget, scale=scale).size().toTuple() == (120 * scale, 80 * scale)


def test_that_a_larger_screenshot_is_drawn_and_not_enlarged(widget):
    small, large = picture_of(widget, scale=1), picture_of(widget, scale=4)
    enlarged = small.scaled(large.size())
    assert large != enlarged
    assert len({large.pixel(x, y) for x in range(480) for y in range(0, 320, 8)}) > 2


def test_that_another_scale_is_refused(widget):
    with pytest.raises(BadRequest):
        picture_of(widget, scale=5)


def test_that_a_screenshot_is_written_whole(widget, tmp_path):
    save_picture(picture_of(widget, scale=2), tmp_path / "view.png")
    assert [path.name for path in tmp_path.iterdir()] == ["view.png"]
    assert QImage(str(tmp_path / "view.png")).size().toTuple() == (240, 160)


def test_that_a_folder_that_is_not_there_is_refused_with_a_sentence(tmp_path, qapp):
    image = QImage(2, 2, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    with pytest.raises(ExportFailed, match="could not be written"):
        save_picture(image, tmp_path / "absent" / "view.png")
