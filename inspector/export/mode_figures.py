"""Modes on images for paper: one mode, a head's modes, one mode on many images, A beside B."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from inspector.core.errors import BadRequest
from inspector.core.figures import FigureStyle
from inspector.core.map_style import MapStyle
from inspector.core.modes import TokenSpace
from inspector.core.scene import ModeScene, ShownImage
from inspector.export.drawing import Cell, Drawing
from inspector.export.furniture import heading
from inspector.export.pictures import Panel, PanelSheet, frame_of
from inspector.render.scenes import (
    SIGMA,
    Drawn,
    ModeLimits,
    limits_for,
    mode_limits,
    mode_picture,
    mode_title,
    number,
    oriented_maps,
    shown_picture,
    side_picture,
    sign_of,
    signed,
)

MAPS = ("model", "image", "stage", "block", "head", "mode", "row", "column", "query", "key")
MOST_IMAGES = 48
SPACE_REMARKS = {
    TokenSpace.ATTENTION_INPUT: "tokens: attention input",
    TokenSpace.RESIDUAL: "tokens: residual in front of the norm",
    TokenSpace.NORMED: "tokens: normalised residual, norm folded into the weights",
}
_WIDE_FROM, _SIDE_BY_SIDE_FROM = 110.0, 80.0


def draw_mode(scene: ModeScene, limits: ModeLimits, style: MapStyle, paper: FigureStyle) -> Drawing:
    """Overlay, query map and key map side by side, each with its bars."""
    image = _image(scene)
    frame = frame_of(image, style)
    drawn = (
        mode_picture(scene, style, limits),
        side_picture(scene, "query", style, limits),
        side_picture(scene, "key", style, limits),
    )
    panels = [Panel(d.title, d, frame, scaled=n == 0) for n, d in enumerate(drawn)]
    head = heading(mode_title(scene), mode_remarks([scene], style), paper.width_mm)
    columns = 3 if paper.width_mm >= _SIDE_BY_SIDE_FROM else 1
    page = PanelSheet(head, panels, columns).draw(paper.width_mm, style)
    arrays = _arrays([scene], [limits], style)
    arrays |= {"query_picture": drawn[1].picture, "key_picture": drawn[2].picture}
    return Drawing(page.figure, MAPS, tuple(_rows([scene], style)), arrays)


def draw_modes(
    scene: ModeScene, style: MapStyle, paper: FigureStyle, *, by_contribution: bool
) -> Drawing:
    """The image, then the overlays of a head's modes: the first, or those that contribute most."""
    chosen = modes_of(scene, paper.modes, by_contribution=by_contribution)
    scenes = [replace(scene, mode=mode) for mode in chosen]
    limits = limits_for(scenes, style)
    image = _image(scene)
    frame = frame_of(image, style)
    first = mode_picture(scenes[0], style, limits[0])
    plain = Drawn("", shown_picture(image, style), first.grid, ())
    panels = [Panel("Image", plain, frame, captions=("", ""))]
    for one, own in zip(scenes, limits, strict=True):
        drawn = mode_picture(one, style, own)
        bare = replace(drawn, bars=())
        panels.append(Panel(f"M{one.mode}", bare, frame, _mode_captions(one, own), scaled=False))
    most = f"the {len(scenes)} modes that contribute most on this image"
    words = most if by_contribution else f"the first {len(scenes)} modes"
    title = f"{scene.modes.address.with_head(scene.head)}: {words}"
    columns = min(_columns(paper.width_mm), len(panels))
    head = heading(title, mode_remarks(scenes, style), paper.width_mm)
    page = PanelSheet(head, panels, columns, _notes(style)).draw(paper.width_mm, style)
    return Drawing(page.figure, MAPS, tuple(_rows(scenes, style)), _arrays(scenes, limits, style))


def draw_images(scenes: Sequence[ModeScene], style: MapStyle, paper: FigureStyle) -> Drawing:
    """One mode over several images."""
    shown = list(scenes[:MOST_IMAGES])
    if not shown:
        raise BadRequest("No image is open.", advice="Open one or more images.")
    limits = limits_for(shown, style)
    panels = []
    for scene, own in zip(shown, limits, strict=True):
        image = _image(scene)
        drawn = replace(mode_picture(scene, style, own), bars=())
        place = f" · {image.slice.place}" if image.slice.place else ""
        frame = frame_of(image, style)
        caption = (_limits_words(own),)
        panels.append(Panel(f"{image.card.label}{place}", drawn, frame, caption, marked=False))
    remarks = mode_remarks(shown, style)
    if len(scenes) > len(shown):
        remarks = [*remarks, f"the first {len(shown)} of {len(scenes)} images"]
    head = heading(mode_title(shown[0]), remarks, paper.width_mm)
    columns = min(_columns(paper.width_mm) + len(panels) // 13, len(panels))
    page = PanelSheet(head, panels, columns, _notes(style)).draw(paper.width_mm, style)
    return Drawing(page.figure, MAPS, tuple(_rows(shown, style)), _arrays(shown, limits, style))


def draw_models(scenes: Sequence[ModeScene], style: MapStyle, paper: FigureStyle) -> Drawing:
    """The same mode of A and of B on one image, a row each, between shared limits."""
    limits = mode_limits(scenes, style)
    panels = []
    for row, scene in enumerate(scenes):
        frame = frame_of(_image(scene), style)
        for column, drawn in enumerate(
            (
                mode_picture(scene, style, limits),
                side_picture(scene, "query", style, limits),
                side_picture(scene, "key", style, limits),
            )
        ):
            captions = _mode_captions(scene, limits)[:1] if column == 0 else ()
            bare = drawn if row == len(scenes) - 1 else replace(drawn, bars=())
            title = f"{scene.letter} · {drawn.title}"
            panels.append(Panel(title, bare, frame, captions, scaled=row + column == 0))
    address = scenes[0].address
    letters = " beside ".join(scene.letter for scene in scenes)
    remarks = [*mode_remarks(scenes, style), "limits shared by both"]
    head = heading(f"{address} of {letters}", remarks, paper.width_mm)
    page = PanelSheet(head, panels, 3).draw(paper.width_mm, style)
    shared = (limits,) * len(scenes)
    return Drawing(page.figure, MAPS, tuple(_rows(scenes, style)), _arrays(scenes, shared, style))


def modes_of(scene: ModeScene, count: int, *, by_contribution: bool) -> tuple[int, ...]:
    """The first modes of a head, or those with the largest contribution on the image.

    Raises
    ------
    BadRequest
        When contributions are asked for before there are maps.
    """
    total = min(count, scene.modes.num_modes)
    if not by_contribution:
        return tuple(range(total))
    if scene.maps is None:
        raise BadRequest("The modes cannot be ranked before the model has been run on an image.")
    return tuple(scene.maps.order(scene.head)[:total].tolist())


def mode_remarks(scenes: Sequence[ModeScene], style: MapStyle) -> list[str]:
    """What a reader has to know: model, image, window, preparation, tokens, how maps are drawn."""
    first = scenes[0]
    letters = dict.fromkeys((scene.letter, scene.model.label) for scene in scenes)
    words = [f"{letter} {label}" for letter, label in letters]
    images = {
        (scene.image.card.path, scene.image.card.label, scene.image.at): scene.image
        for scene in scenes
        if scene.image is not None
    }
    words += image_remarks(list(images.values()), style)
    if first.maps is not None:
        options = first.maps.options
        words.append(SPACE_REMARKS[first.maps.space])
        words += [f"{options.product.label.lower()} product"] if options.product != "qk" else []
        words += ["norm folded"] if options.fold_norm else []
        words += ["bias augmented"] if options.augment_bias else []
    words += [first.modes.exact] if first.modes.exact else []
    if any(bool(scene.modes.degenerate[scene.head, scene.mode]) for scene in scenes):
        words.append("a mode is degenerate: its directions are not unique")
    if style.flipped:
        words.append("sign flipped by hand")
    return [*words, *style_remarks(style)]


def image_remarks(images: Sequence[ShownImage], style: MapStyle) -> list[str]:
    """One image in full, or what several have in common."""
    if not images:
        return []
    first = images[0]
    words = []
    if len(images) == 1:
        kind = f" ({first.card.kind})" if first.card.kind else ""
        place = f", {first.slice.place}" if first.slice.place else ""
        words.append(f"{first.card.label}{kind}{place}")
        if not first.slice.is_colour:
            words.append(f"window: {first.tone.words}")
        words.append(_scale_words(first, style))
    if first.prepared is not None:
        words.append(f"input: {first.prepared.preparation.words}")
    if style.seen:
        words.append("shown as the model saw it")
    return words


def counted(images: int) -> str:
    """``1 image``, ``5,856 images``."""
    return "1 image" if images == 1 else f"{images:,} images"


def style_remarks(style: MapStyle) -> list[str]:
    """How maps are laid on pictures, where it is not one flat colour a patch."""
    return ["maps smoothed between the centres of patches (bilinear)"] if style.smooth else []


def _scale_words(image: ShownImage, style: MapStyle) -> str:
    spacing = image.slice.spacing
    if spacing is None or style.seen:
        return "no scale: the pixel size is not known" if spacing is None else "no scale"
    where = f" {spacing.where}" if spacing.where else ""
    return f"scale{where} ({spacing.source})"


def _image(scene: ModeScene) -> ShownImage:
    if scene.image is None:
        raise BadRequest("No image is open.", advice="Open an image, then export.")
    return scene.image


def _columns(width: float) -> int:
    return 4 if width >= _WIDE_FROM else 3 if width >= _SIDE_BY_SIDE_FROM else 2


def _mode_captions(scene: ModeScene, limits: ModeLimits) -> tuple[str, ...]:
    sigma = float(scene.modes.sigma[scene.head, scene.mode])
    cosine = float(scene.modes.cosine[scene.head, scene.mode])
    energy = 100 * float(scene.modes.energy(scene.head)[scene.mode])
    first = f"{SIGMA} = {number(sigma)} ({energy:.0f} %)   cos = {signed(cosine)}"
    return (first, _limits_words(limits))


def _limits_words(limits: ModeLimits) -> str:
    query = f"q {number(limits.query[0])} to {number(limits.query[1])}"
    return f"{query},  k {number(limits.key[0])} to {number(limits.key[1])}"


def _notes(style: MapStyle) -> tuple[str, ...]:
    colours = {"red-cyan": "red, cyan", "magenta-green": "magenta, green"}
    pair = colours.get(style.pair.value, "orange, azure").split(", ")
    shared = "shared by all" if style.limits == "shared" else "of each map"
    return (
        f"query map {pair[0]}, key map {pair[1]}, both white",
        f"q and k run from the 30th to the 95th percentile {shared}",
    )


def _rows(scenes: Sequence[ModeScene], style: MapStyle) -> Iterator[tuple[Cell, ...]]:
    for scene in scenes:
        query, key = oriented_maps(scene, style)
        address = scene.address
        place: tuple[Cell, ...] = (scene.model.label, _image(scene).card.label)
        place += (address.stage, address.block, scene.head, scene.mode)
        for (row, column), value in np.ndenumerate(query):
            yield (*place, row, column, float(value), float(key[row, column]))


def _arrays(
    scenes: Sequence[ModeScene], limits: Sequence[ModeLimits], style: MapStyle
) -> dict[str, npt.NDArray[Any]]:
    """Maps, pictures and limits; with a number at the end of the names where there are several."""
    found: dict[str, npt.NDArray[Any]] = {}
    for index, (scene, own) in enumerate(zip(scenes, limits, strict=True)):
        ending = f"_{index}" if len(scenes) > 1 else ""
        query, key = oriented_maps(scene, style)
        found[f"query{ending}"], found[f"key{ending}"] = query, key
        found[f"overlay{ending}"] = mode_picture(scene, style, own).picture
        found[f"sign{ending}"] = np.array(sign_of(scene, style))
        found[f"limits{ending}"] = np.array([own.query, own.key])
        found[f"reach{ending}"] = np.array([own.query_reach, own.key_reach])
    return found
