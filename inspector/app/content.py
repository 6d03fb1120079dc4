"""What a figure of the tab that is looked at is drawn from, frozen when it is asked for."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from inspector.app.exporting import Exporting
from inspector.app.main_window import MainWindow
from inspector.app.scenes import Scenes
from inspector.session import Session

if TYPE_CHECKING:
    from inspector.export.content import FigureContent


class Content:
    """Gives `Exporting` the content of the current tab."""

    def __init__(
        self,
        session: Session,
        exporting: Exporting,
        scenes: Scenes,
        window: MainWindow,
        *,
        device: Callable[[], str],
    ) -> None:
        self._session = session
        self._exporting = exporting
        self._scenes = scenes
        self._window = window
        self._device = device

    def now(self) -> "FigureContent | None":
        """Of the tab that is looked at; None while it shows nothing that could be a figure."""
        if self._window.tab == "compare":
            return self._exporting.comparison
        return None
