"""What is said above the centre: notes on the models, failures, files that were written."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot

from inspector.views.banner import Banner, Level


class Announcing(QObject):
    """Says one thing at a time, with at most one thing to do about it."""

    def __init__(self, banner: Banner, parent: QObject) -> None:
        super().__init__(parent)
        self._banner = banner
        self._act: Callable[[], object] | None = None
        banner.acted.connect(self._on_banner_acted)

    def say(
        self,
        text: str,
        *,
        level: Level = "note",
        action: str = "",
        act: Callable[[], object] | None = None,
    ) -> None:
        """Show a sentence; `action` names the button that does `act`."""
        self._act = act
        self._banner.show_message(text, level=level, action=action)

    def be_silent(self) -> None:
        """Take away what is said."""
        self._act = None
        self._banner.hide_message()

    @Slot()
    def _on_banner_acted(self) -> None:
        if self._act is not None:
            self._act()
