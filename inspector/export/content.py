"""What figures are drawn from: a comparison, modes, attention, depth."""

from pathlib import Path
from typing import Any, Protocol

from inspector.core.figures import FigureKind, FigureStyle
from inspector.export.drawing import Drawing


class FigureContent(Protocol):
    """All that a view shows, frozen when a figure of it was asked for.

    A figure is the same wherever it is drawn from the same content: in the preview, in a file, by
    the script beside it.
    """

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that was read, of models and of images."""
        ...

    @property
    def device(self) -> str:
        """Where was computed, as it was asked for: ``auto``, ``cpu``, ``cuda``, ``mps``."""
        ...

    @property
    def precision(self) -> str:
        """Which of its numbers were computed in which type; empty for the device's own."""
        ...

    def kinds(self) -> tuple[FigureKind, ...]:
        """The figures it can be drawn as now, in menu order."""
        ...

    def drawing(self, kind: FigureKind, style: FigureStyle) -> Drawing:
        """Draw one; runs inside `paper_settings`.

        Raises
        ------
        BadRequest
            When there is nothing to draw.
        """
        ...

    def command(self, kind: FigureKind) -> str:
        """The command line that writes the same numbers."""
        ...

    def parameters(self) -> dict[str, Any]:
        """What was asked for, as plain JSON values."""
        ...

    def record(self, kind: FigureKind, drawing: Drawing) -> dict[str, Any]:
        """Models, images and what else a reader has to know; ``figure`` says what it shows."""
        ...

    def script(self, name: str, kind: FigureKind, style: FigureStyle) -> str:
        """A program that draws it again; see `inspector.export.script`."""
        ...
