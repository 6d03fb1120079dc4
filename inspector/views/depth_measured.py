"""What was measured with masks over all blocks: attention preference, or same objects."""

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from inspector.core.modes import ModelModes
from inspector.core.preference import Group
from inspector.render.depth import GROUP_COLOURS, SAME_OBJECT, MeasuredCurve
from inspector.render.maps import addresses
from inspector.views.block_axis import place_of
from inspector.views.depth_blocks import DepthBlocks
from inspector.views.depth_panel import CurvePanel, DepthLine
from inspector.views.depth_shown import DepthShown, Measure
from inspector.views.depth_words import left_of, measured_text
from inspector.views.elided_label import ElidedLabel
from inspector.views.left_out_popover import LeftOutPopover
from inspector.views.pages import sentence_page
from inspector.views.theme import Theme
from inspector.views.wording import counted, number_text

_FAINT = 130
_CAPTIONS: dict[Measure, str] = {
    "preference": "Share of the attention to patches, mean over images, heads and both queries",
    "same-object": "Probability that query and key favour one object, mean over heads and modes",
}
_EMPTY: dict[Measure, tuple[str, str]] = {
    "preference": (
        "Attention preference is not measured yet",
        "It needs a folder of images, and masks of a target and of a distractor in each of them.",
    ),
    "same-object": (
        "Same-object probability is not measured yet",
        "It needs a folder of images, and a label map of the objects in each of them.",
    ),
}


class DepthMeasured(DepthBlocks):
    """Curves with chance beside them, and under them what they were measured on.

    Signals
    -------
    asked()
        The user wants it measured.
    """

    asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curves: tuple[MeasuredCurve, ...] = ()
        self._left: tuple[tuple[str, str], ...] = ()
        self.panel = CurvePanel(
            "What was measured with masks, over all blocks",
            says="Lines for each model, dashed by chance; arrow keys move between blocks.",
        )
        self.panel.pointed.connect(self._on_pointed)
        self.panel.chosen.connect(self._on_chosen)
        self.empty = sentence_page()
        self.first = QPushButton("&Measure…")
        self.text = ElidedLabel()
        self.left_out = QPushButton()
        self.left_out.setFlat(True)
        self.again = QPushButton("&Measure…")
        self.left_out.clicked.connect(self._on_left_out_clicked)
        for button in (self.first, self.again):
            button.clicked.connect(self.asked)
        self._place()

    @property
    def is_known(self) -> bool:
        """Whether there are curves."""
        return bool(self._curves)

    def draw(self, shown: DepthShown) -> None:
        """Show what was measured of a scene; emits nothing."""
        self._shown, self._curves = shown, shown.measured_curves
        model = shown.model
        self._pages.setCurrentIndex(1 if self._curves else 0)
        heading, hint = _EMPTY.get(shown.measure, ("", ""))
        self.empty.setText(f"<p style='font-size:large'><b>{heading}</b></p><p>{hint}</p>")
        if model is None or not self._curves:
            return
        lines = tuple(self._line(curve) for curve in self._curves)
        self.panel.draw(lines, model, by_share=shown.by_share, notes=self._notes())
        self.panel.caption.setText(_CAPTIONS[shown.measure])
        address = shown.address
        place = place_of(model, address)
        self.panel.show_cursor(place)
        self.panel.show_head(
            self._line_of(shown.current), place, None if address is None else address.head
        )
        self._draw_foot()

    def apply_theme(self, theme: Theme, font: QFont) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.panel.apply_theme(theme, font)

    def text_at(self, block: int, head: int = -1) -> str:
        """The read-out of a block or head: every curve's number, and chance."""
        model = self._shown.model
        if model is None or not 0 <= block < model.depth or not self._curves:
            return ""
        address = addresses(model)[block]
        parts = [str(address if head < 0 else address.with_head(head))]
        parts += [
            self._text_of(curve, curve.addresses.index(address), head)
            for curve in self._curves
            if address in curve.addresses
        ]
        return " · ".join(parts)

    def _text_of(self, curve: MeasuredCurve, place: int, head: int) -> str:
        value = float(curve.values[place])
        if head >= 0:
            value = float(curve.heads[head, place]) if head < len(curve.heads) else float("nan")
        chance = number_text(float(curve.chance[place]), digits=3)
        return f"{curve.letter} {curve.name} {number_text(value)} (chance {chance})"

    def _place(self) -> None:
        empty = QWidget()
        middle = QVBoxLayout(empty)
        middle.addStretch(1)
        middle.addWidget(self.empty)
        middle.addWidget(self.first, 0, Qt.AlignmentFlag.AlignHCenter)
        middle.addStretch(1)
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.panel, 1)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.text, 1)
        foot.addWidget(self.left_out)
        foot.addWidget(self.again)
        column.addLayout(foot)
        self._pages = QStackedWidget()
        self._pages.addWidget(empty)
        self._pages.addWidget(full)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._pages)

    def _line(self, curve: MeasuredCurve) -> DepthLine:
        """Groups have colours of their own; of two models the first is broad and faint."""
        shown = self._shown
        place = shown.letters.index(curve.letter)
        two = len({one.letter for one in self._curves}) > 1
        if curve.name == SAME_OBJECT:
            colour, name = self._theme.series(len(shown.letters))[place], curve.letter
        else:
            colour = QColor(GROUP_COLOURS[self._theme.name][Group(curve.name)])
            name = "" if two and place else curve.name
            if two and not place:
                colour.setAlpha(_FAINT)
        return DepthLine(
            name,
            colour,
            curve.place if shown.by_share else np.arange(curve.values.size, dtype=np.float64),
            curve.values,
            curve.heads,
            dashed=curve.chance,
            dashed_name="chance" if curve.name == SAME_OBJECT else "",
            symbol="os"[min(place, 1)],
            below=two and place == 0,
        )

    def _notes(self) -> tuple[str, ...]:
        """What the legend says besides the names of the lines."""
        if self._shown.measure != "preference":
            return ()
        letters = tuple(dict.fromkeys(curve.letter for curve in self._curves))
        marks = tuple(f"{mark} {one}" for mark, one in zip("●■", letters, strict=False))
        return (*(marks if len(letters) > 1 else ()), "┄ chance")

    def _draw_foot(self) -> None:
        known = [
            (letter, one)
            for place, letter in enumerate(self._shown.letters)
            if (one := self._shown.measured(place)) is not None
        ]
        self.text.setText(" · ".join(measured_text(letter, one) for letter, one in known))
        self._left = tuple(dict.fromkeys(pair for _, one in known for pair in left_of(one)))
        self.left_out.setVisible(bool(self._left))
        self.left_out.setText(f"{counted(len(self._left), 'image')} left out")

    def _line_of(self, place: int) -> int:
        """The first line of a model; past the last where it has none."""
        letters = [curve.letter for curve in self._curves]
        letter = self._shown.letters[place]
        return letters.index(letter) if letter in letters else len(letters)

    @Slot(int, int, int)
    def _on_chosen(self, line: int, block: int, head: int) -> None:
        place = self._shown.current
        if line >= 0:
            place = self._shown.letters.index(self._curves[line].letter)
        model: ModelModes = self._shown.models[place]
        address = addresses(model)[min(block, model.depth - 1)]
        self._select(place, address if head < 0 else address.with_head(head))

    @Slot()
    def _on_left_out_clicked(self) -> None:
        sentence = "These images do not count:"
        LeftOutPopover(sentence, self._left, parent=self).show_at(self.left_out)
