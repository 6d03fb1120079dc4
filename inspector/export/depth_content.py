"""The figures of modes over depth."""

import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inspector.core.errors import BadRequest
from inspector.core.figures import FigureKind, FigureStyle
from inspector.core.modes import Anisotropy, ModeOptions, TokenSpace
from inspector.core.scene import DepthScene
from inspector.export.depth_figures import draw_depth, draw_histogram, draw_spectra
from inspector.export.drawing import Drawing
from inspector.export.scene_records import models_record
from inspector.export.script import device_text, mode_options_text, script_text
from inspector.export.sources import CheckpointFile, preparation_options, weight_options

KINDS = (FigureKind.DEPTH, FigureKind.HISTOGRAM, FigureKind.SPECTRA)


@dataclass(frozen=True, eq=False)
class DepthContent:
    """One or two models over their depth.

    Parameters
    ----------
    model
        Position of the model whose spectra are drawn.
    checkpoints
        Of the models, in order; where none are given, as their cards say.
    folder
        The images that the anisotropy was computed from; None where there is none.
    image_files
        The files of that folder that were read.
    device
        As asked for.
    """

    scene: DepthScene
    model: int = 0
    checkpoints: tuple[CheckpointFile, ...] = ()
    folder: Path | None = None
    image_files: tuple[Path, ...] = ()
    device: str = "cpu"

    @property
    def files(self) -> tuple[Path, ...]:
        """Of the models, and of the images."""
        models = (file for checkpoint in self._checkpoints for file in checkpoint.files)
        return tuple(dict.fromkeys((*models, *self.image_files)))

    @property
    def precision(self) -> str:
        """Which numbers have which type."""
        modes = "sigma in float64, u and v in float32"
        return f"network in float32, {modes}" if self._measured else modes

    def kinds(self) -> tuple[FigureKind, ...]:
        """None before a block has modes."""
        return KINDS if all(model.blocks for model in self.scene.models) else ()

    def drawing(self, kind: FigureKind, style: FigureStyle) -> Drawing:
        """Draw one figure.

        Raises
        ------
        BadRequest
            When there is nothing to draw.
        """
        scene = self.scene
        match kind:
            case FigureKind.DEPTH:
                return draw_depth(scene, style)
            case FigureKind.HISTOGRAM:
                return draw_histogram(scene, style)
            case FigureKind.SPECTRA:
                return draw_spectra(scene.models[self.model], scene.letters[self.model], style)
            case _:
                raise BadRequest(f"Modes over depth have no figure “{kind}”.")

    def command(self, kind: FigureKind) -> str:
        """The command line that writes the numbers of the model that is looked at."""
        checkpoint = self._checkpoints[self.model]
        options = self._options
        if kind is FigureKind.DEPTH and self.folder is not None:
            words = ["anisotropy", str(checkpoint.path), str(self.folder)]
            words += ["--space", str(self._space), "--product", str(options.product)]
            made = self._measured[0].preparation if self._measured else None
            words += [] if made is None else preparation_options(made)
        else:
            words = ["modes", str(checkpoint.path), "--product", str(options.product)]
        words += weight_options(options)
        words = ["python", "-m", "inspector", *words, *checkpoint.options]
        return shlex.join([*words, "--out", "figures"])

    def parameters(self) -> dict[str, Any]:
        """How modes were computed and how the models were opened."""
        options = self._options
        known = self._measured
        return {
            "product": str(options.product),
            "fold_norm": options.fold_norm,
            "augment_bias": options.augment_bias,
            "anisotropy_images": [found.images for found in known],
            "anisotropy_space": [str(found.space) for found in known],
            "anisotropy_preparation": [
                None if found.preparation is None else asdict(found.preparation) for found in known
            ],
            "anisotropy_skipped": [list(one) for found in known for one in found.skipped],
            "heads": [checkpoint.heads for checkpoint in self._checkpoints],
            "section": [checkpoint.section for checkpoint in self._checkpoints],
        }

    def record(self, kind: FigureKind, drawing: Drawing) -> dict[str, Any]:
        """The models, what was left out, and what the figure shows."""
        del drawing
        scene = self.scene
        skipped = [
            {"model": letter, "block": str(address), "reason": reason}
            for letter, model in zip(scene.letters, scene.models, strict=True)
            for address, reason in model.skipped
        ]
        letters = list(scene.letters)
        return {
            **models_record(letters, [model.card for model in scene.models]),
            "skipped": skipped,
            "complete": all(model.complete for model in scene.models),
            "figure": {"kind": kind.value, "model": letters[self.model]},
        }

    def script(self, name: str, kind: FigureKind, style: FigureStyle) -> str:
        """The program that computes the modes again and draws the figure."""
        return script_text(name, kind, style, _IMPORTS, self._body())

    def _body(self) -> Iterator[str]:
        labels = [model.card.label for model in self.scene.models]
        yield "scene = depth_scene("
        yield "    ["
        yield from (f"        {checkpoint.text}," for checkpoint in self._checkpoints)
        yield "    ],"
        yield f"    options={mode_options_text(self._options)},"
        if self.folder is not None:
            yield f"    folder=Path({str(self.folder.absolute())!r}),"
            yield f"    space=TokenSpace.{self._space.name},"
            if self._measured and self._measured[0].preparation is not None:
                yield f"    preparation={self._measured[0].preparation!r},"
        yield f"    labels={labels!r},"
        yield f"    device={device_text(self.device)},"
        yield ")"
        yield f"content = DepthContent(scene, {self.model})"

    @property
    def _options(self) -> ModeOptions:
        return self.scene.models[0].options

    @property
    def _space(self) -> TokenSpace:
        known = self._measured
        return known[0].space if known else TokenSpace.ATTENTION_INPUT

    @property
    def _measured(self) -> list[Anisotropy]:
        return [found for found in self.scene.anisotropy if found is not None]

    @property
    def _checkpoints(self) -> tuple[CheckpointFile, ...]:
        cards = (model.card for model in self.scene.models)
        return self.checkpoints or tuple(CheckpointFile(Path(card.path)) for card in cards)


_IMPORTS = (
    "from inspector.analysis.devices import resolve_device",
    "from inspector.core.modes import ModeOptions, Product, TokenSpace",
    "from inspector.core.preparation import Preparation",
    "from inspector.export.computing import depth_scene",
    "from inspector.export.depth_content import DepthContent",
    "from inspector.export.sources import CheckpointFile",
)
