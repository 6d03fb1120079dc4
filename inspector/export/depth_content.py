"""The figures of modes over depth."""

import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inspector.core.errors import BadRequest
from inspector.core.figures import FigureKind, FigureStyle
from inspector.core.measuring import MaskFolders
from inspector.core.modes import Anisotropy, ModeOptions, TokenSpace
from inspector.core.preference import Preference
from inspector.core.same_object import SameObject
from inspector.core.scene import DepthScene
from inspector.export.depth_figures import draw_depth, draw_histogram, draw_spectra
from inspector.export.drawing import Drawing
from inspector.export.folder_curves import draw_preference, draw_same_object
from inspector.export.scene_records import models_record
from inspector.export.script import (
    device_text,
    mode_options_text,
    optimal_options_text,
    script_text,
)
from inspector.export.sources import (
    CheckpointFile,
    mask_options,
    mask_text,
    preparation_options,
    space_words,
    weight_options,
)

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
    masks
        Where images and masks are, of what was measured with masks.
    without_query
        Whether attention preference is also drawn with the query patch left out.
    device
        As asked for.
    """

    scene: DepthScene
    model: int = 0
    checkpoints: tuple[CheckpointFile, ...] = ()
    folder: Path | None = None
    image_files: tuple[Path, ...] = ()
    masks: tuple[MaskFolders, ...] = ()
    without_query: bool = False
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
        scene = self.scene
        found = (*scene.anisotropy, *scene.preference, *scene.same_object)
        return f"network in float32, {modes}" if any(found) else modes

    def kinds(self) -> tuple[FigureKind, ...]:
        """Those of modes once a block has modes, those of masks once something was measured."""
        scene = self.scene
        found = list(KINDS) if all(model.blocks for model in scene.models) else []
        found += [FigureKind.PREFERENCE] if any(scene.preference) else []
        return (*found, *((FigureKind.SAME_OBJECT,) if any(scene.same_object) else ()))

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
            case FigureKind.PREFERENCE:
                return draw_preference(scene, style, without_query=self.without_query)
            case FigureKind.SAME_OBJECT:
                return draw_same_object(scene, style)
            case _:
                raise BadRequest(f"Modes over depth have no figure “{kind}”.")

    def command(self, kind: FigureKind) -> str:
        """The command line that writes the numbers of the model that is looked at."""
        checkpoint = self._checkpoints[self.model]
        options = self._options
        found = self._found(kind)
        if found is not None:
            words = [kind.value, str(checkpoint.path), found.folder]
            masks = self._masks_of(kind, found)
            words += [] if masks is None else mask_options(masks)
            if isinstance(found, SameObject):
                words += ["--top", str(found.top), *space_words(found.options)]
            words += preparation_options(found.preparation)
            words = ["python", "-m", "inspector", *words, *checkpoint.options]
            return shlex.join([*words, "--out", "figures"])
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
        measured = self._measured_record(kind)
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
            **({"measured": measured} if measured else {}),
            "figure": {"kind": kind.value, "model": letters[self.model]},
        }

    def script(self, name: str, kind: FigureKind, style: FigureStyle) -> str:
        """The program that computes the numbers of the figure again and draws it."""
        return script_text(name, kind, style, _IMPORTS, self._body(kind))

    def _body(self, kind: FigureKind) -> Iterator[str]:
        labels = [model.card.label for model in self.scene.models]
        yield "checkpoints = ["
        yield from (f"    {checkpoint.text}," for checkpoint in self._checkpoints)
        yield "]"
        yield "scene = depth_scene("
        yield "    checkpoints,"
        yield f"    options={mode_options_text(self._options)},"
        if self.folder is not None and kind is FigureKind.DEPTH:
            yield f"    folder=Path({str(self.folder.absolute())!r}),"
            yield f"    space=TokenSpace.{self._space.name},"
            if self._measured and self._measured[0].preparation is not None:
                yield f"    preparation={self._measured[0].preparation!r},"
        yield f"    labels={labels!r},"
        yield f"    device={device_text(self.device)},"
        yield ")"
        yield from self._masks_body(kind)
        yield f"content = DepthContent(scene, {self.model}, without_query={self.without_query})"

    def _masks_body(self, kind: FigureKind) -> Iterator[str]:
        """Each model over the images and with the masks that it was measured on."""
        word = "with_preference" if kind is FigureKind.PREFERENCE else "with_same_object"
        for letter, found in zip(self.scene.letters, self._all_found(kind), strict=False):
            masks = None if found is None else self._masks_of(kind, found)
            if found is None:
                continue
            if masks is None:
                yield f'raise SystemExit("Give {word} the masks of {letter}: they are not known.")'
                continue
            yield f"scene = {word}("
            yield "    scene,"
            yield "    checkpoints,"
            yield f"    {mask_text(masks)},"
            if isinstance(found, SameObject):
                yield f"    options={optimal_options_text(found.options)},"
                yield f"    top={found.top},"
            yield f"    letters={[letter]!r},"
            yield f"    preparation={found.preparation!r},"
            yield f"    device={device_text(self.device)},"
            yield ")"

    def _measured_record(self, kind: FigureKind) -> list[dict[str, Any]]:
        """Over which images, and what was left out, of each model."""
        return [
            {
                "model": letter,
                "folder": found.folder,
                "images": found.total,
                "measured": found.measured if isinstance(found, SameObject) else len(found.images),
                "one_object": list(found.one_object) if isinstance(found, SameObject) else [],
                "left_out": [list(one) for one in found.left_out],
                "preparation": asdict(found.preparation),
            }
            for letter, found in zip(self.scene.letters, self._all_found(kind), strict=False)
            if found is not None
        ]

    def _all_found(self, kind: FigureKind) -> tuple[Preference | SameObject | None, ...]:
        """What was measured with masks for a figure, of each model."""
        if kind is FigureKind.PREFERENCE:
            return self.scene.preference
        return self.scene.same_object if kind is FigureKind.SAME_OBJECT else ()

    def _found(self, kind: FigureKind) -> Preference | SameObject | None:
        """Of the model that is looked at, else of the first of which it is known."""
        every = self._all_found(kind)
        chosen = every[self.model] if every else None
        return chosen or next((found for found in every if found is not None), None)

    def _masks_of(self, kind: FigureKind, found: Preference | SameObject) -> MaskFolders | None:
        fitting = (
            m for m in self.masks if (m.measure, str(m.images)) == (kind.value, found.folder)
        )
        return next(fitting, None)

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
    "from inspector.core.measuring import MaskFolders",
    "from inspector.core.modes import ModeOptions, Product, TokenSpace",
    "from inspector.core.optimal import OptimalOptions",
    "from inspector.core.preparation import Preparation",
    "from inspector.export.computing import depth_scene",
    "from inspector.export.depth_content import DepthContent",
    "from inspector.export.scanned_scenes import with_preference, with_same_object",
    "from inspector.export.sources import CheckpointFile",
)
