"""Weighted cosine over all blocks (the paper's Figure 3), and what differs between two models."""

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QVBoxLayout, QWidget

from inspector.core.address import Address
from inspector.core.modes import ModelModes
from inspector.render.depth import DepthCurve as Curve
from inspector.render.depth import depth_curves
from inspector.render.maps import addresses
from inspector.views.block_axis import place_of
from inspector.views.depth_blocks import DepthBlocks
from inspector.views.depth_panel import CurvePanel, DepthLine
from inspector.views.depth_shown import DepthShown, head_scores
from inspector.views.depth_words import BAND, BAND_SAYS, why_absent
from inspector.views.theme import Theme
from inspector.views.wording import number_text

MOST_MODELS = 2


class DepthCurve(DepthBlocks):
    """The scores of all models, and under them B less A."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scores = CurvePanel(
            "Weighted cosine over all blocks",
            says="A line for each model and a dot for each head; arrow keys move between blocks.",
        )
        self.scores.setToolTip(BAND_SAYS)
        self.difference = CurvePanel(
            "Difference of the weighted cosine", says="B less A for every block and head."
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.scores, 3)
        column.addWidget(self.difference, 2)
        for panel in (self.scores, self.difference):
            panel.pointed.connect(self._on_pointed)
        self.scores.chosen.connect(self._on_chosen)
        self.difference.chosen.connect(self._on_difference_chosen)

    def draw(self, shown: DepthShown) -> None:
        """Show the scores of a scene; emits nothing."""
        self._shown = shown
        model = shown.model
        if model is None:
            return
        lines = self._lines_now()
        self.scores.draw(
            lines, model, by_share=shown.by_share, current=min(shown.current, len(lines) - 1)
        )
        self.scores.caption.setText(self._caption())
        two = len(lines) == MOST_MODELS
        self.difference.setVisible(two)
        comparable = two and shown.same_blocks
        self.difference.frame.setVisible(comparable)
        if two:
            self.difference.caption.setText(self._difference_caption())
        if comparable:
            line = self._difference_line(lines)
            self.difference.draw((line,), model, by_share=shown.by_share)
        self._draw_marks(model)

    def apply_theme(self, theme: Theme, font: QFont) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        for panel in (self.scores, self.difference):
            panel.apply_theme(theme, font)

    def text_at(self, block: int, head: int = -1) -> str:
        """The read-out of a block or head: every model's exact numbers."""
        if self._shown.model is None or not 0 <= block < self._shown.model.depth:
            return ""
        address = addresses(self._shown.model)[block]
        if head >= 0:
            address = address.with_head(head)
        parts = [str(address)]
        for place, letter in enumerate(self._shown.letters):
            parts += [f"{letter} {text}" for text in self._texts_of(place, address)]
        parts += self._difference_text(address)
        parts += self._band_text(block)
        return " · ".join(parts)

    def _texts_of(self, place: int, address: Address) -> list[str]:
        model = self._shown.models[place]
        block = model.by_address.get(address.of_block)
        if block is None:
            return [why_absent(model, address.of_block)]
        score = self._score_of(place, address)
        plain = block.block_mean_cosine
        if address.head is not None and address.head < block.num_heads:
            plain = float(block.mean_cosine[address.head])
        texts = [
            f"weighted cosine {number_text(score, digits=6)}",
            f"mean cosine {number_text(plain)}",
        ]
        known = self._shown.anisotropy(place)
        if known is not None:
            value = float(known.values[block.global_index])
            texts.append(
                f"anisotropy {number_text(value)}, difference {number_text(score - value)}"
            )
        return texts

    def _difference_text(self, address: Address) -> list[str]:
        if len(self._shown.models) < MOST_MODELS or not self._shown.same_blocks:
            return []
        first, second = (self._score_of(place, address) for place in range(MOST_MODELS))
        letters = self._shown.letters
        return [f"{letters[1]} − {letters[0]} {number_text(second - first, digits=6)}"]

    def _band_text(self, index: int) -> list[str]:
        if self._shown.scene is None:
            return []
        curve = depth_curves(self._shown.scene)[self._shown.current]
        single, mean = float(curve.mode_95[index]), float(curve.mean_95[index])
        if not np.isfinite(single):
            return []
        text = f"random: single modes ±{number_text(single, digits=3)}"
        return [f"{text}, blocks ±{number_text(mean, digits=3)}" if np.isfinite(mean) else text]

    def _score_of(self, place: int, address: Address) -> float:
        block = self._shown.models[place].by_address.get(address.of_block)
        if block is None:
            return float("nan")
        if address.head is None:
            return block.block_weighted_cosine
        inside = address.head < block.num_heads
        return float(block.weighted_cosine[address.head]) if inside else float("nan")

    def _lines_now(self) -> tuple[DepthLine, ...]:
        if self._shown.scene is None:
            return ()
        curves = depth_curves(self._shown.scene)[:MOST_MODELS]
        colours = self._theme.series(MOST_MODELS)
        return tuple(
            self._line(place, curve, colour)
            for place, (curve, colour) in enumerate(zip(curves, colours, strict=False))
        )

    def _line(self, place: int, curve: Curve, colour: QColor) -> DepthLine:
        shown, model = self._shown, self._shown.models[place]
        plain = shown.quantity == "score"
        index = np.arange(model.depth, dtype=np.float64)
        return DepthLine(
            curve.letter,
            colour,
            curve.place if shown.by_share else index,
            curve.cosine - shown.base(place),
            head_scores(model) - shown.base(place),
            dashed=curve.anisotropy if plain else None,
            bands=(curve.mode_95, curve.mean_95) if plain else (),
            symbol="os"[place],
            below=place == 0 and len(shown.models) > 1,
        )

    def _difference_line(self, lines: tuple[DepthLine, ...]) -> DepthLine:
        first, second = lines
        heads = min(len(first.heads), len(second.heads))
        return DepthLine(
            f"{second.name} − {first.name}",
            QColor(self._theme.text),
            first.places,
            second.values - first.values,
            second.heads[:heads] - first.heads[:heads],
        )

    def _caption(self) -> str:
        if self._shown.quantity == "relative":
            return "Weighted cosine less the anisotropy of the block, mean over heads"
        text = f"Weighted cosine, mean over heads · {BAND}"
        model = self._shown.model
        widths = {block.width for block in model.blocks} if model is not None else set()
        return f"{text}; every width has its own" if len(widths) > 1 else text

    def _difference_caption(self) -> str:
        first, second = self._shown.letters[:MOST_MODELS]
        if self._shown.same_blocks:
            return f"{second} − {first}: above 0, {second} groups more than {first}"
        depths = " and ".join(
            f"{letter} has {model.depth}"
            for letter, model in zip(self._shown.letters, self._shown.models, strict=True)
        )
        return f"There is no difference block by block: {depths} blocks or other stages"

    def _draw_marks(self, model: ModelModes) -> None:
        address = self._shown.address
        place = place_of(model, address)
        head = None if address is None else address.head
        for panel, line in ((self.scores, self._shown.current), (self.difference, 0)):
            panel.show_cursor(place)
            panel.show_head(line, place, head)

    @Slot(int, int, int)
    def _on_chosen(self, line: int, block: int, head: int) -> None:
        place = line if line >= 0 else self._shown.current
        if line < 0 and self._shown.by_share:
            block = self._nearest(place, block)
        address = addresses(self._shown.models[place])[block]
        self._select(place, address if head < 0 else address.with_head(head))

    @Slot(int, int, int)
    def _on_difference_chosen(self, _line: int, block: int, head: int) -> None:
        self._on_chosen(-1 if head < 0 else self._shown.current, block, head)

    def _nearest(self, place: int, block: int) -> int:
        """The block of a model at the same share of the depth as a block of the first."""
        first, other = self._shown.models[0].depth, self._shown.models[place].depth
        return round(block * (other - 1) / max(first - 1, 1))
