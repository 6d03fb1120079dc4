"""What was measured over folders with masks, over depth, for paper (Figures 2 B to D, and 5)."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from inspector.core.errors import BadRequest
from inspector.core.figures import FigureStyle
from inspector.core.optimal import OptimalOptions
from inspector.core.preference import Group
from inspector.core.scene import DepthScene
from inspector.export.depth_plots import Line, Look, Plot, put_plots
from inspector.export.drawing import Cell, Drawing
from inspector.export.furniture import Entry
from inspector.export.mode_figures import SPACE_REMARKS, counted
from inspector.export.paper import FAINT
from inspector.export.scale import scale_between
from inspector.render.colours import series_colours
from inspector.render.depth import MeasuredCurve, preference_curves, same_object_curves

PREFERENCE = (
    *("model", "stage", "block", "depth"),
    *(f"{group}{ending}" for ending in ("", "_without_query", "_chance") for group in Group),
)
SAME_OBJECT = ("model", "stage", "block", "depth", "probability", "chance")
_TITLES = {
    Group.SAME: "Share to the same kind",
    Group.DIFFERENT: "Share to the different kind",
    Group.BACKGROUND: "Share to the background",
}
_SHARE = scale_between(0.0, 1.0)


def draw_preference(
    scene: DepthScene, paper: FigureStyle, *, without_query: bool = False
) -> Drawing:
    """Same, different and background, a line a model, over what even attention would give.

    Parameters
    ----------
    without_query
        Whether a thin line shows the same with the query patch left out of what it attends to.

    Raises
    ------
    BadRequest
        When it is known of no model.
    """
    curves, alone = preference_curves(scene), preference_curves(scene, without_query=True)
    if not curves:
        raise BadRequest("Attention preference was not measured.", advice="Measure it first.")
    colours = _colours(scene)
    plots = []
    for group in Group:
        own = [curve for curve in curves if curve.name == group.value]
        variants = [curve for curve in alone if curve.name == group.value] * without_query
        lines = [*_chance_lines(own, colours), *_lines(variants, colours, thin=True)]
        lines += _lines(own, colours)
        plots.append(Plot(_TITLES[group], tuple(lines), _SHARE))
    entries = [*_models(curves, colours), Entry("attention spread evenly", FAINT, "dashed")]
    entries += [Entry("without the query’s own patch", FAINT, "thin")] * without_query
    title = "Where attention from target and distractor goes"
    words = list(dict.fromkeys(_preference_remarks(scene)))
    page = put_plots(scene, title, words, entries, plots, paper.width_mm)
    rows = tuple(_preference_rows(curves, alone))
    arrays = _places(scene, curves)
    for curve, variant in zip(curves, alone, strict=True):
        arrays[f"{curve.name}_{curve.letter}"] = curve.values
        arrays[f"{curve.name}_without_query_{curve.letter}"] = variant.values
        arrays[f"{curve.name}_chance_{curve.letter}"] = curve.chance
        arrays[f"{curve.name}_heads_{curve.letter}"] = curve.heads
    return Drawing(page.figure, PREFERENCE, rows, arrays)


def draw_same_object(scene: DepthScene, paper: FigureStyle) -> Drawing:
    """How often query and key of a mode favour one object, a line a model, over chance.

    Raises
    ------
    BadRequest
        When it is known of no model.
    """
    curves = same_object_curves(scene)
    if not curves:
        raise BadRequest("Same-object probability was not measured.", advice="Measure it first.")
    colours = _colours(scene)
    lines = [*_chance_lines(curves, colours), *_lines(curves, colours)]
    plot = Plot("Same-object probability", tuple(lines), _SHARE)
    entries = [*_models(curves, colours), Entry("chance, objects permuted", FAINT, "dashed")]
    title = "How often query and key of a mode favour the same object"
    words = list(dict.fromkeys(_same_object_remarks(scene)))
    page = put_plots(scene, title, words, entries, [plot], paper.width_mm)
    arrays = _places(scene, curves)
    for curve in curves:
        arrays[f"probability_{curve.letter}"] = curve.values
        arrays[f"chance_{curve.letter}"] = curve.chance
        arrays[f"heads_{curve.letter}"] = curve.heads
    return Drawing(page.figure, SAME_OBJECT, tuple(_same_object_rows(curves)), arrays)


def _colours(scene: DepthScene) -> dict[str, str]:
    """Of each letter, as in the other figures over depth."""
    return dict(zip(scene.letters, series_colours(len(scene.letters)), strict=True))


def _lines(
    curves: Sequence[MeasuredCurve], colours: dict[str, str], *, thin: bool = False
) -> Iterator[Line]:
    for curve in curves:
        look: Look = "thin" if thin else "dots"
        yield Line(curve.place, curve.values, colours[curve.letter], look)


def _chance_lines(curves: Sequence[MeasuredCurve], colours: dict[str, str]) -> Iterator[Line]:
    """Of each model in its colour; one in grey where it is the same for all."""
    first, *others = curves
    if all(np.array_equal(first.chance, o.chance, equal_nan=True) for o in others):
        yield Line(first.place, first.chance, FAINT, "dashed")
        return
    for curve in curves:
        yield Line(curve.place, curve.chance, colours[curve.letter], "dashed")


def _models(curves: Sequence[MeasuredCurve], colours: dict[str, str]) -> list[Entry]:
    known = dict.fromkeys((curve.letter, curve.label) for curve in curves)
    return [Entry(f"{letter} {label}", colours[letter]) for letter, label in known]


def _places(scene: DepthScene, curves: Sequence[MeasuredCurve]) -> dict[str, npt.NDArray[Any]]:
    found: dict[str, npt.NDArray[Any]] = {}
    for curve in curves:
        model = scene.models[scene.letters.index(curve.letter)]
        found[f"depth_{curve.letter}"] = curve.place
        found[f"stage_starts_{curve.letter}"] = np.array(model.stage_starts)
    return found


def _preference_remarks(scene: DepthScene) -> Iterator[str]:
    """The models, then over what they were measured: once where it is the same for both."""
    known = [found for found in scene.preference if found is not None]
    yield from _names(scene, scene.preference)
    for found in known:
        counted, left = len(found.images), len(found.left_out)
        yield _counted(counted, found.folder, left, found.total, complete=found.complete)
    for found in known:
        yield f"input: {found.preparation.words}"


def _same_object_remarks(scene: DepthScene) -> Iterator[str]:
    known = [found for found in scene.same_object if found is not None]
    yield from _names(scene, scene.same_object)
    for found in known:
        left, total = len(found.left_out), found.total
        yield _counted(found.measured, found.folder, left, total, complete=found.complete)
    for found in known:
        if found.one_object:
            yield f"{len(found.one_object):,} with fewer than two objects do not count"
    for found in known:
        yield f"the best {found.top} images of each mode"
        yield f"input: {found.preparation.words}"
        yield from _option_words(found.options)


def _names(scene: DepthScene, known: Sequence[object]) -> Iterator[str]:
    for letter, model, found in zip(scene.letters, scene.models, known, strict=True):
        if found is not None:
            yield f"{letter} {model.card.label}"


def _option_words(options: OptimalOptions) -> Iterator[str]:
    yield SPACE_REMARKS[options.space]
    if options.compat:
        yield "scored as published"


def _counted(measured: int, folder: str, left: int, total: int, *, complete: bool) -> str:
    name = "/".join(Path(folder).parts[-2:])
    words = f"{counted(measured)} in {name}"
    words += f", {left:,} left out" if left else ""
    return words if complete else f"{words}, of {total:,}: not finished"


def _preference_rows(
    curves: Sequence[MeasuredCurve], alone: Sequence[MeasuredCurve]
) -> Iterator[tuple[Cell, ...]]:
    for letter in dict.fromkeys(curve.letter for curve in curves):
        own = {curve.name: curve for curve in curves if curve.letter == letter}
        variants = {curve.name: curve for curve in alone if curve.letter == letter}
        first = next(iter(own.values()))
        columns = [own[group.value].values for group in Group]
        columns += [variants[group.value].values for group in Group]
        columns += [own[group.value].chance for group in Group]
        yield from _rows(first, columns)


def _same_object_rows(curves: Sequence[MeasuredCurve]) -> Iterator[tuple[Cell, ...]]:
    for curve in curves:
        yield from _rows(curve, [curve.values, curve.chance])


def _rows(
    curve: MeasuredCurve, columns: Sequence[npt.NDArray[np.float64]]
) -> Iterator[tuple[Cell, ...]]:
    for n, address in enumerate(curve.addresses):
        values = (float(column[n]) for column in (curve.place, *columns))
        yield (curve.label, address.stage, address.block, *values)
