"""The figures of modes on images."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inspector.core.errors import BadRequest
from inspector.core.figures import FigureKind, FigureStyle
from inspector.core.map_style import MapStyle
from inspector.core.modes import ModeOptions, TokenSpace
from inspector.core.scene import ModeScene
from inspector.export.drawing import Drawing
from inspector.export.mode_figures import draw_images, draw_mode, draw_models, draw_modes
from inspector.export.scene_records import image_record, models_record, style_record
from inspector.export.script import (
    address_text,
    device_text,
    map_style_text,
    mode_options_text,
    script_text,
)
from inspector.export.sources import CheckpointFile, ImageFile, weight_options
from inspector.render.scenes import limits_for


@dataclass(frozen=True, eq=False)
class ModesContent:
    """A mode on an image, and what stands beside it.

    Parameters
    ----------
    scenes
        The one that is looked at; then, where a second model is open, the same mode of that.
    style
        How maps are drawn.
    images
        The same mode of the first model on each of the open images; empty where there is one.
    checkpoints
        Of the models of `scenes`, in order; where none are given, as their cards say.
    image, image_files
        Where the image of `scenes`, and each of `images`, was read from; where none are given, as
        their cards say.
    device
        As asked for.
    """

    scenes: tuple[ModeScene, ...]
    style: MapStyle = field(default_factory=MapStyle)
    images: tuple[ModeScene, ...] = ()
    checkpoints: tuple[CheckpointFile, ...] = ()
    image: ImageFile | None = None
    image_files: tuple[ImageFile, ...] = ()
    device: str = "cpu"

    def __post_init__(self) -> None:
        if not self.scenes:
            raise BadRequest("There is no mode to draw.")

    @property
    def files(self) -> tuple[Path, ...]:
        """Of the models, and of the images."""
        images = [*([self._image] if self._image else []), *self._strip]
        models = [file for checkpoint in self._checkpoints for file in checkpoint.files]
        return tuple(dict.fromkeys([*models, *(file for image in images for file in image.files)]))

    @property
    def precision(self) -> str:
        """Which numbers have which type."""
        return "network, u, v and maps in float32, sigma in float64"

    def kinds(self) -> tuple[FigureKind, ...]:
        """None before there are maps."""
        if self.scenes[0].maps is None or self.scenes[0].image is None:
            return ()
        found = [FigureKind.MODE, FigureKind.MODES, FigureKind.RANKED]
        if len(self.images) > 1:
            found.append(FigureKind.IMAGES)
        if len(self._pair) == 2:
            found.append(FigureKind.MODELS)
        return tuple(found)

    def drawing(self, kind: FigureKind, style: FigureStyle) -> Drawing:
        """Draw one figure.

        Raises
        ------
        BadRequest
            When there is nothing to draw.
        """
        first = self.scenes[0]
        match kind:
            case FigureKind.MODE:
                limits = limits_for(self._pair or (first,), self.style)[0]
                return draw_mode(first, limits, self.style, style)
            case FigureKind.MODES:
                return draw_modes(first, self.style, style, by_contribution=False)
            case FigureKind.RANKED:
                return draw_modes(first, self.style, style, by_contribution=True)
            case FigureKind.IMAGES:
                return draw_images(self.images, self.style, style)
            case FigureKind.MODELS:
                if len(self._pair) != 2:
                    raise BadRequest("The mode of one model only is there.")
                return draw_models(self._pair, self.style, style)
            case _:
                raise BadRequest(f"Modes have no figure “{kind}”.")

    def command(self, kind: FigureKind) -> str:
        """The command line that writes the maps of the mode that is looked at."""
        del kind
        scene, checkpoint = self.scenes[0], self._checkpoints[0]
        at = str(scene.address.of_block.with_head(scene.head)).replace(" ", "")
        image = self._image
        given = [] if image is None else [str(image.given)]
        words = ["python", "-m", "inspector", "maps", str(checkpoint.path), *given]
        words += ["--at", at, "--mode", str(scene.mode), "--space", str(self._space)]
        words += ["--product", "ov"] if self._options.product == "ov" else []
        words += weight_options(self._options)
        words += [] if image is None else image.options
        return shlex.join([*words, *checkpoint.options, "--out", "figures"])

    def parameters(self) -> dict[str, Any]:
        """Address, options, tokens and style."""
        options = self._options
        return {
            "address": str(self.scenes[0].address),
            "product": str(options.product),
            "fold_norm": options.fold_norm,
            "augment_bias": options.augment_bias,
            "space": str(self._space),
            "style": style_record(self.style),
            "heads": [checkpoint.heads for checkpoint in self._checkpoints],
            "section": [checkpoint.section for checkpoint in self._checkpoints],
        }

    def record(self, kind: FigureKind, drawing: Drawing) -> dict[str, Any]:
        """Models and images, and between which limits the maps are drawn."""
        drawn = self.images if kind is FigureKind.IMAGES else self.scenes
        images = {id(scene.image): scene.image for scene in drawn if scene.image is not None}
        limits = {
            name: array.tolist()
            for name, array in drawing.arrays.items()
            if name.startswith(("limits", "reach", "sign"))
        }
        scenes = self._pair if kind is FigureKind.MODELS else self.scenes[:1]
        return {
            **models_record([s.letter for s in scenes], [s.model for s in scenes]),
            "images": [image_record(image) for image in images.values()],
            "figure": {
                "kind": kind.value,
                "address": str(self.scenes[0].address),
                "exact": self.scenes[0].modes.exact,
                **limits,
            },
        }

    def script(self, name: str, kind: FigureKind, style: FigureStyle) -> str:
        """The program that runs the models on the images again and draws the figure."""
        both = kind is FigureKind.MODELS or self.style.limits == "shared"
        needed = self._pair if both else self._pair[:1]
        files = self._strip if kind is FigureKind.IMAGES else [self._image]
        body = list(self._body(needed, [file for file in files if file is not None], kind))
        return script_text(name, kind, style, _IMPORTS, body)

    def _body(
        self, scenes: Sequence[ModeScene], images: Sequence[ImageFile], kind: FigureKind
    ) -> Iterator[str]:
        yield "images = ["
        yield from (f"    {image.text}," for image in images)
        yield "]"
        yield "scenes = ["
        for scene, checkpoint in zip(scenes, self._checkpoints, strict=False):
            yield "    mode_scenes("
            yield f"        {checkpoint.text},"
            yield "        images,"
            yield f"        {address_text(scene.address)},"
            yield f"        options={mode_options_text(self._options)},"
            yield f"        space=TokenSpace.{self._space.name},"
            yield f"        letter={scene.letter!r},"
            yield f"        label={scene.model.label!r},"
            yield f"        device={device_text(self.device)},"
            yield "    ),"
        yield "]"
        yield "content = ModesContent("
        yield "    tuple(found[0] for found in scenes),"
        yield f"    {map_style_text(self.style)},"
        if kind is FigureKind.IMAGES:
            yield "    images=scenes[0],"
        yield ")"

    @property
    def _pair(self) -> tuple[ModeScene, ...]:
        """The scenes that have maps; the same mode of both models."""
        return tuple(s for s in self.scenes if s.maps is not None and s.image is not None)[:2]

    @property
    def _options(self) -> ModeOptions:
        maps = self.scenes[0].maps
        return ModeOptions() if maps is None else maps.options

    @property
    def _space(self) -> TokenSpace:
        maps = self.scenes[0].maps
        return TokenSpace.ATTENTION_INPUT if maps is None else maps.space

    @property
    def _checkpoints(self) -> tuple[CheckpointFile, ...]:
        cards = (scene.model for scene in self.scenes)
        return self.checkpoints or tuple(CheckpointFile(Path(card.path)) for card in cards)

    @property
    def _image(self) -> ImageFile | None:
        shown = self.scenes[0].image
        return self.image or (None if shown is None else ImageFile.of(shown))

    @property
    def _strip(self) -> tuple[ImageFile, ...]:
        shown = (scene.image for scene in self.images)
        return self.image_files or tuple(ImageFile.of(image) for image in shown if image)


_IMPORTS = (
    "from inspector.analysis.devices import resolve_device",
    "from inspector.core.address import Address",
    "from inspector.core.images import Plane, SliceAddress, Window",
    "from inspector.core.map_style import ColourPair, MapStyle",
    "from inspector.core.modes import ModeOptions, Product, TokenSpace",
    "from inspector.core.preparation import Preparation",
    "from inspector.export.computing import mode_scenes",
    "from inspector.export.modes_content import ModesContent",
    "from inspector.export.sources import CheckpointFile, ImageFile",
)
