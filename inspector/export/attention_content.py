"""The figures of a token's attention."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inspector.core.errors import BadRequest
from inspector.core.figures import FigureKind, FigureStyle
from inspector.core.map_style import MapStyle
from inspector.core.scene import AttentionScene
from inspector.export.attention_figures import draw_attention, draw_pair
from inspector.export.drawing import Drawing
from inspector.export.scene_records import image_record, models_record, style_record
from inspector.export.script import address_text, device_text, map_style_text, script_text
from inspector.export.sources import CheckpointFile, ImageFile
from inspector.render.limits import Limits


@dataclass(frozen=True, eq=False)
class AttentionContent:
    """What a token attends to, and the score of a pair where one is chosen.

    Parameters
    ----------
    limits
        Between which the pattern is coloured, where it shares them with what stands beside it.
    checkpoint, image
        Where model and image were read from; where none is given, as their cards say.
    device
        As asked for.
    """

    scene: AttentionScene
    style: MapStyle = field(default_factory=MapStyle)
    checkpoint: CheckpointFile | None = None
    image: ImageFile | None = None
    device: str = "cpu"
    limits: Limits | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """Of the model, and of the image."""
        return tuple(dict.fromkeys((*self._checkpoint.files, *self._image.files)))

    @property
    def precision(self) -> str:
        """Which numbers have which type."""
        return "network in float32, attention, scores and sums in float64"

    def kinds(self) -> tuple[FigureKind, ...]:
        """The pattern; the pair where it has a score."""
        pair = self.scene.pair
        if pair is None or pair.reason:
            return (FigureKind.ATTENTION,)
        return (FigureKind.ATTENTION, FigureKind.PAIR)

    def drawing(self, kind: FigureKind, style: FigureStyle) -> Drawing:
        """Draw one figure.

        Raises
        ------
        BadRequest
            When there is no pair to draw.
        """
        if kind is FigureKind.ATTENTION:
            return draw_attention(self.scene, self.style, style, self.limits)
        if kind is FigureKind.PAIR:
            return draw_pair(self.scene, self.style, style, self.limits)
        raise BadRequest(f"Attention has no figure “{kind}”.")

    def command(self, kind: FigureKind) -> str:
        """The command line that writes the same numbers."""
        del kind
        scene, image, checkpoint = self.scene, self._image, self._checkpoint
        at = str(scene.attention.address.of_block.with_head(scene.head)).replace(" ", "")
        words = ["python", "-m", "inspector", "attend", str(checkpoint.path), str(image.given)]
        words += ["--at", at, "--token", self._named(scene.attention.token)]
        words += [] if scene.pair is None else ["--key", self._named(scene.pair.key)]
        return shlex.join([*words, *image.options, *checkpoint.options, "--out", "figures"])

    def parameters(self) -> dict[str, Any]:
        """Head, tokens and style."""
        scene, pair = self.scene, self.scene.pair
        grid = scene.attention.grid
        return {
            "address": str(scene.attention.address.of_block.with_head(scene.head)),
            "token": grid.name(scene.attention.token),
            "key": None if pair is None else grid.name(pair.key),
            "style": style_record(self.style),
            "heads": [self._checkpoint.heads],
            "section": [self._checkpoint.section],
        }

    def record(self, kind: FigureKind, drawing: Drawing) -> dict[str, Any]:
        """Model and image; the limits of the pattern, or the sum of the pair."""
        scene, pair = self.scene, self.scene.pair
        about: dict[str, Any] = {"kind": kind.value}
        if kind is FigureKind.PAIR and pair is not None:
            about |= {"sum": pair.sum, "score": pair.total, "attention": pair.weight}
            about |= {"terms": dict(pair.terms)}
        elif "limits" in drawing.arrays:
            about["colour_limits"] = drawing.arrays["limits"].tolist()
        return {
            **models_record([scene.letter], [scene.model]),
            "images": [image_record(scene.image)],
            "figure": about,
        }

    def script(self, name: str, kind: FigureKind, style: FigureStyle) -> str:
        """The program that runs the model on the image again and draws the figure."""
        return script_text(name, kind, style, _IMPORTS, self._body())

    def _body(self) -> Iterator[str]:
        scene = self.scene
        address = scene.attention.address.of_block.with_head(scene.head)
        yield "scene = attention_scene("
        yield f"    {self._checkpoint.text},"
        yield f"    {self._image.text},"
        yield f"    {address_text(address)},"
        yield f"    token={scene.attention.token},"
        yield f"    key={None if scene.pair is None else scene.pair.key},"
        yield f"    letter={scene.letter!r},"
        yield f"    label={scene.model.label!r},"
        yield f"    device={device_text(self.device)},"
        yield ")"
        limits = "" if self.limits is None else f", limits={self.limits!r}"
        yield f"content = AttentionContent(scene, {map_style_text(self.style)}{limits})"

    def _named(self, token: int) -> str:
        grid = self.scene.attention.grid
        place = grid.place(token)
        return grid.prefix[token] if place is None else f"{place[0]},{place[1]}"

    @property
    def _checkpoint(self) -> CheckpointFile:
        return self.checkpoint or CheckpointFile(Path(self.scene.model.path))

    @property
    def _image(self) -> ImageFile:
        return self.image or ImageFile.of(self.scene.image)


_IMPORTS = (
    "from inspector.analysis.devices import resolve_device",
    "from inspector.core.address import Address",
    "from inspector.core.images import Plane, SliceAddress, Window",
    "from inspector.core.map_style import ColourPair, MapStyle",
    "from inspector.core.preparation import Preparation",
    "from inspector.export.attention_content import AttentionContent",
    "from inspector.export.computing import attention_scene",
    "from inspector.export.sources import CheckpointFile, ImageFile",
    "from inspector.render.limits import Limits",
)
