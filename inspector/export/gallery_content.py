"""The figure of the optimal images of a head's modes."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from inspector.core.errors import BadRequest
from inspector.core.figures import FigureKind, FigureStyle
from inspector.core.gallery import GalleryScene, SignsShown
from inspector.core.map_style import MapStyle
from inspector.export.drawing import Drawing
from inspector.export.gallery_figure import draw_gallery, drawn_images
from inspector.export.scene_records import models_record, optimal_record, style_record
from inspector.export.script import (
    address_text,
    device_text,
    map_style_text,
    optimal_options_text,
    script_text,
)
from inspector.export.sources import CheckpointFile, optimal_words, preparation_options


@dataclass(frozen=True, eq=False)
class GalleryContent:
    """The optimal images of one head.

    Parameters
    ----------
    scene
        With a row for every mode and sign that is drawn, of 24 modes at most.
    style
        How maps are drawn.
    signs
        One of the signs, or + above -.
    columns
        How many images of a row, at most.
    checkpoint
        Of the model; where none is given, as its card says.
    image_files
        Of the images that are drawn; where none are given, as their names say.
    device
        As asked for.
    """

    scene: GalleryScene
    style: MapStyle = field(default_factory=MapStyle)
    signs: SignsShown = "both"
    columns: int = 8
    checkpoint: CheckpointFile | None = None
    image_files: tuple[Path, ...] = ()
    device: str = "cpu"

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """Of the model, and of the images that are drawn: not of all that were looked at."""
        model = self._checkpoint.files or (self._checkpoint.path,)
        return tuple(dict.fromkeys((*model, *(self.image_files or self._files_by_name()))))

    @property
    def precision(self) -> str:
        """Which numbers have which type."""
        return "network, u, v, maps and scores in float32, sigma in float64"

    def kinds(self) -> tuple[FigureKind, ...]:
        """None before every picture is there, or cannot be."""
        rows = self.scene.rows
        made = all(
            tile is not None or rank in row.problems
            for row in rows
            for rank, tile in enumerate(row.tiles)
        )
        return (FigureKind.GALLERY,) if rows and made else ()

    def drawing(self, kind: FigureKind, style: FigureStyle) -> Drawing:
        """Draw the figure.

        Raises
        ------
        BadRequest
            When there is nothing to draw.
        """
        if kind is not FigureKind.GALLERY:
            raise BadRequest(f"Optimal images have no figure “{kind}”.")
        return draw_gallery(self.scene, self.style, style, signs=self.signs, columns=self.columns)

    def command(self, kind: FigureKind) -> str:
        """The command line that finds the same images and draws this head."""
        del kind
        found, checkpoint = self.scene.found, self._checkpoint
        words = ["python", "-m", "inspector", "optimal", str(checkpoint.path), found.folder]
        words += ["--top", str(found.top), *optimal_words(found.options)]
        words += ["--figures", str(self.scene.address).replace(" ", "")]
        words += preparation_options(found.preparation)
        return shlex.join([*words, *checkpoint.options, "--out", "figures"])

    def parameters(self) -> dict[str, Any]:
        """How images were found and how maps are drawn."""
        found = self.scene.found
        return {
            "address": str(self.scene.address),
            "folder": found.folder,
            "top": found.top,
            **optimal_record(found.options),
            "signs": self.signs,
            "columns": self.columns,
            "style": style_record(self.style),
            "heads": self._checkpoint.heads,
            "section": self._checkpoint.section,
        }

    def record(self, kind: FigureKind, drawing: Drawing) -> dict[str, Any]:
        """The model, what was looked at and left out, and what could not be drawn again."""
        scene, found = self.scene, self.scene.found
        limits = {
            name: array.tolist()
            for name, array in drawing.arrays.items()
            if name.startswith("limits")
        }
        problems = [
            {"mode": row.mode, "sign": row.sign, "rank": rank, "problem": problem}
            for row in scene.rows
            for rank, problem in sorted(row.problems.items())
        ]
        return {
            **models_record([scene.letter], [scene.card]),
            "images": {
                "folder": found.folder,
                "measured": found.measured,
                "total": found.total,
                "left_out": [list(one) for one in found.left_out],
                "missing": problems,
                "preparation": found.preparation.words,
            },
            "figure": {
                "kind": kind.value,
                "address": str(scene.address),
                "exact": scene.modes.exact,
                **limits,
            },
        }

    def script(self, name: str, kind: FigureKind, style: FigureStyle) -> str:
        """The program that looks through the folder again and draws the figure."""
        return script_text(name, kind, style, _IMPORTS, self._body())

    def _body(self) -> Iterator[str]:
        scene, found = self.scene, self.scene.found
        yield "scene = gallery_scene("
        yield f"    {self._checkpoint.text},"
        yield "    ScannedImages("
        yield f"        Path({str(Path(found.folder).absolute())!r}),"
        yield f"        options={optimal_options_text(found.options)},"
        yield f"        top={found.top},"
        yield f"        preparation={found.preparation!r},"
        yield "    ),"
        yield f"    {address_text(scene.address)},"
        yield f"    modes={1 + max(row.mode for row in scene.rows)},"
        yield f"    signs={self.signs!r},"
        yield f"    letter={scene.letter!r},"
        yield f"    label={scene.card.label!r},"
        yield f"    device={device_text(self.device)},"
        yield ")"
        yield "content = GalleryContent("
        yield "    scene,"
        yield f"    {map_style_text(self.style)},"
        yield f"    signs={self.signs!r},"
        yield f"    columns={self.columns},"
        yield ")"

    def _files_by_name(self) -> Iterator[Path]:
        """A name is that of a file, with what tells its pictures apart behind a #."""
        folder = Path(self.scene.found.folder)
        for name in drawn_images(self.scene, self.signs, self.columns):
            candidates = (folder / name, folder / name.rpartition("#")[0])
            yield from (path for path in candidates if path.is_file())

    @property
    def _checkpoint(self) -> CheckpointFile:
        return self.checkpoint or CheckpointFile(Path(self.scene.card.path))


_IMPORTS = (
    "from inspector.analysis.devices import resolve_device",
    "from inspector.core.address import Address",
    "from inspector.core.map_style import ColourPair, MapStyle",
    "from inspector.core.modes import ModeOptions, Product, TokenSpace",
    "from inspector.core.optimal import OptimalOptions",
    "from inspector.core.preparation import Preparation",
    "from inspector.export.gallery_content import GalleryContent",
    "from inspector.export.scanned_scenes import ScannedImages, gallery_scene",
    "from inspector.export.sources import CheckpointFile",
)
