"""Pictures of the window, or of one view, sharper than the screen where that is asked."""

from pathlib import Path

from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage, QPainter, QRegion
from PySide6.QtWidgets import QWidget

from inspector.core.errors import BadRequest, ExportFailed

SCALES = (1, 2, 3, 4)
_INCHES_PER_METRE = 1 / 0.0254
_POINTS_PER_INCH = 96


def picture_of(widget: QWidget, *, scale: int) -> QImage:
    """Draw a widget anew with `scale` pixels for each point: text and lines get sharper.

    Raises
    ------
    BadRequest
        When the scale is not 1, 2, 3 or 4.
    """
    if scale not in SCALES:
        raise BadRequest(f"A screenshot is taken at 1 to 4 times the size, not {scale}.")
    image = QImage(widget.size() * scale, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(scale)
    image.fill(widget.palette().color(widget.backgroundRole()))
    painter = QPainter(image)
    widget.render(painter, QPoint(), QRegion(), _flags())
    painter.end()
    per_metre = round(_POINTS_PER_INCH * scale * _INCHES_PER_METRE)
    image.setDotsPerMeterX(per_metre)
    image.setDotsPerMeterY(per_metre)
    return image


def save_picture(image: QImage, path: Path) -> None:
    """Write a PNG under a temporary name, then rename.

    Raises
    ------
    ExportFailed
        When the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.new")
    if not image.save(str(temporary), "PNG"):  # type: ignore[call-overload]
        temporary.unlink(missing_ok=True)
        raise ExportFailed(
            f"“{path.name}” could not be written to {path.parent}.",
            advice="Choose a folder that you may write to, with room for the picture.",
        )
    temporary.replace(path)


def _flags() -> QWidget.RenderFlag:
    return QWidget.RenderFlag.DrawChildren | QWidget.RenderFlag.DrawWindowBackground
