"""What is open and what is selected; tells when it changes, and is saved as a small JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from PySide6.QtCore import QObject, Signal

from inspector.core.address import Address
from inspector.core.comparison import Axis, ComparisonSeries, ModelCard, Patterns
from inspector.core.errors import BadRequest
from inspector.core.images import ImageCard, Plane, SliceAddress, Tone, Window
from inspector.core.labels import unique_labels
from inspector.core.map_style import ColourPair, MapStyle
from inspector.core.metrics import Metric
from inspector.core.modes import ModeOptions, Product, TokenSpace
from inspector.core.outline import BlockOutline, Matrix, ModelOutline
from inspector.core.preparation import Preparation
from inspector.core.selection import Selection
from inspector.families.model import Model

if TYPE_CHECKING:
    from inspector.images.image import InputImage

VERSION = 2
_READ = (1, VERSION)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Size in bytes and time of change in nanoseconds of a file; -1 for one that is not there."""

    path: Path
    size: int
    time: int


def stamps_of(paths: Sequence[Path]) -> tuple[Stamp, ...]:
    """What files look like now; never raises."""
    return tuple(_stamp(path) for path in paths)


@dataclass(frozen=True, slots=True)
class Source:
    """A file or folder, and how it is read: what is needed to open the same model again."""

    path: Path
    heads: int | None = None
    section: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class OpenModel:
    """An open model; `card` carries its label, unique among those that are open.

    `stamps` tell its files as they were when it was opened from what they may become.
    """

    model: Model
    source: Source
    card: ModelCard
    stamps: tuple[Stamp, ...] = ()

    @classmethod
    def of(cls, model: Model, source: Source) -> Self:
        """Label it by its file name until the session knows the others."""
        return cls(model, source, model.card(), stamps_of(model.checkpoint.files))


@dataclass(frozen=True, slots=True)
class ImageSource:
    """A file or folder, and which of the images that it gives (a folder gives each series)."""

    path: Path
    place: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class OpenImage:
    """An open image; `card` carries its label, unique among those that are open."""

    image: "InputImage"
    source: ImageSource
    card: ImageCard
    stamps: tuple[Stamp, ...] = ()

    @classmethod
    def of(cls, image: "InputImage", source: ImageSource) -> Self:
        """Keep the label of its reader until the session knows the others."""
        return cls(image, source, image.card, stamps_of(image.files))


@dataclass(frozen=True, slots=True)
class ImageView:
    """Which slice of an image is looked at, and how; no tone is the file's own default."""

    at: SliceAddress = field(default_factory=SliceAddress)
    tone: Tone | None = None


@dataclass(frozen=True, slots=True)
class SavedSession:
    """What a session is restored from: where everything is, and what was looked at.

    Nothing of what is in the files is kept: no pixels, no weights, no header.

    Parameters
    ----------
    sources
        Of the models.
    preparations
        One for each model; None for the checkpoint's own.
    images, views
        One view for each image. A window is kept, a table of a file is not.
    image
        Position of the current one.
    """

    sources: tuple[Source, ...]
    axis: Axis = "out"
    selection: Selection = field(default_factory=Selection)
    preparations: tuple[Preparation | None, ...] = ()
    images: tuple[ImageSource, ...] = ()
    views: tuple[ImageView, ...] = ()
    image: int = 0
    style: MapStyle = field(default_factory=MapStyle)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "version": VERSION,
            "models": [{**asdict(source), "path": str(source.path)} for source in self.sources],
            "axis": self.axis,
            "selection": _selection_to(self.selection),
            "preparations": [None if p is None else asdict(p) for p in self.preparations],
            "images": [
                {"path": str(source.path), "place": source.place, **_view_to(view)}
                for source, view in zip(self.images, self.views, strict=True)
            ],
            "image": self.image,
            "style": asdict(self.style),
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Self:
        """Read what `to_json` gave, now or in the version before.

        Raises
        ------
        BadRequest
            When it is not a saved session of a known version.
        """
        try:
            if saved["version"] not in _READ:
                raise ValueError(f"version {saved['version']}")
            sources = tuple(
                Source(Path(model["path"]), model["heads"], model["section"])
                for model in saved["models"]
            )
            axis: Axis = "in" if saved["axis"] == "in" else "out"
            found = cls(sources, axis, _selection_from(saved["selection"]))
            return found if saved["version"] == 1 else found._with_images(saved)
        except (KeyError, TypeError, ValueError, AttributeError, BadRequest) as error:
            raise BadRequest(
                "The saved session cannot be read.",
                advice="Open the files again.",
                details=repr(error),
            ) from error

    def _with_images(self, saved: Mapping[str, Any]) -> Self:
        images = saved["images"]
        return replace(
            self,
            selection=_more_of_selection(self.selection, saved["selection"]),
            preparations=tuple(_preparation_from(entry) for entry in saved["preparations"]),
            images=tuple(ImageSource(Path(i["path"]), int(i["place"])) for i in images),
            views=tuple(_view_from(entry) for entry in images),
            image=int(saved["image"]),
            style=_style_from(saved["style"]),
        )


class Session(QObject):
    """The one place that knows what is open; lives in the window's thread.

    Signals
    -------
    models_changed()
        Models were opened, closed or reordered; results and selection are already adapted.
    axis_changed()
        Vectors are cut the other way.
    series_changed(), patterns_changed()
        The comparison (or a part of it), or the local patterns of the selected compared model.
    selection_changed(selection)
        A `Selection` that fits what is open.
    released(model)
        A `Model` that is open no more; whoever may still read it closes it.
    images_changed()
        Images were opened or closed.
    image_view_changed()
        Another image, slice or tone is looked at, or a model's input is prepared otherwise.
    style_changed(style)
        Maps are drawn otherwise: a `MapStyle`.
    image_released(image)
        An `InputImage` that is open no more.
    """

    models_changed = Signal()
    axis_changed = Signal()
    series_changed = Signal()
    patterns_changed = Signal()
    selection_changed = Signal(object)
    released = Signal(object)
    images_changed = Signal()
    image_view_changed = Signal()
    style_changed = Signal(object)
    image_released = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._models: tuple[OpenModel, ...] = ()
        self._series: ComparisonSeries | None = None
        self._patterns: dict[int, Patterns] = {}
        self._selection = Selection()
        self._axis: Axis = "out"
        self._images: tuple[OpenImage, ...] = ()
        self._position = 0
        self._views: dict[int, ImageView] = {}
        self._preparations: dict[int, Preparation] = {}
        self._style = MapStyle()
        self._tokens: int | None = None

    @property
    def models(self) -> tuple[OpenModel, ...]:
        """The reference, then the compared models in order."""
        return self._models

    @property
    def reference(self) -> OpenModel | None:
        """Model A."""
        return self._models[0] if self._models else None

    @property
    def compared(self) -> tuple[OpenModel, ...]:
        """Models B, B2, ..."""
        return self._models[1:]

    @property
    def series(self) -> ComparisonSeries | None:
        """The comparison of what is open, complete or not; None before its first part."""
        return self._series

    @property
    def patterns(self) -> Patterns | None:
        """Local patterns of the selected compared model, once they are computed."""
        return self._patterns.get(self._selection.compared)

    @property
    def all_patterns(self) -> Mapping[int, Patterns]:
        """Local patterns by the index of the compared model."""
        return dict(self._patterns)

    @property
    def selection(self) -> Selection:
        """What is looked at."""
        return self._selection

    @property
    def axis(self) -> Axis:
        """Which way vectors are cut."""
        return self._axis

    @property
    def chosen_model(self) -> OpenModel | None:
        """The one whose modes and attention are looked at."""
        return self._models[self._selection.model] if self._models else None

    @property
    def images(self) -> tuple[OpenImage, ...]:
        """In the order they were opened."""
        return self._images

    @property
    def position(self) -> int:
        """Of the current image among the open ones."""
        return self._position

    @property
    def image(self) -> OpenImage | None:
        """The current image."""
        return self._images[self._position] if self._images else None

    @property
    def image_view(self) -> ImageView | None:
        """Which slice of the current image is looked at, and how."""
        return None if self.image is None else self.view_of(self.image)

    @property
    def style(self) -> MapStyle:
        """How maps are drawn."""
        return self._style

    @property
    def saved(self) -> SavedSession:
        """What to write down to come back to this."""
        return SavedSession(
            tuple(entry.source for entry in self._models),
            self._axis,
            self._selection,
            tuple(self.preparation_of(entry) for entry in self._models),
            tuple(entry.source for entry in self._images),
            tuple(self.view_of(entry) for entry in self._images),
            self._position,
            self._style,
        )

    def view_of(self, entry: OpenImage) -> ImageView:
        """Which slice of an image is looked at, and how."""
        return self._views[id(entry.image)]

    def preparation_of(self, entry: OpenModel) -> Preparation | None:
        """How the user wants a model's input prepared; None as the checkpoint says."""
        return self._preparations.get(id(entry.model))

    def set_models(self, models: Sequence[OpenModel]) -> None:
        """Replace all that is open; the first is the reference."""
        kept = {id(entry.model) for entry in models}
        gone = [entry.model for entry in self._models if id(entry.model) not in kept]
        labels = unique_labels([entry.source.path for entry in models])
        self._models = tuple(
            replace(entry, card=replace(entry.card, label=label))
            for entry, label in zip(models, labels, strict=True)
        )
        for model in gone:
            self._preparations.pop(id(model), None)
        self._tokens = None
        self._forget_results()
        self.models_changed.emit()
        self.select(self._selection)
        for model in gone:
            self.released.emit(model)

    def add(self, models: Sequence[OpenModel], *, position: int | None = None) -> None:
        """Put models at the end, or the first of them in the place of the one at `position`."""
        present = list(self._models)
        if position is not None and position < len(present):
            present[position : position + 1] = models
        else:
            present.extend(models)
        self.set_models(present)

    def remove(self, position: int) -> None:
        """Close one model; where it was the reference, the first compared takes its place."""
        self.set_models([m for n, m in enumerate(self._models) if n != position])

    def arrange(self, order: Sequence[int]) -> None:
        """Put the models into another order, given by their present positions."""
        self.set_models([self._models[position] for position in order])

    def set_images(self, images: Sequence[OpenImage], *, position: int | None = None) -> None:
        """Replace all open images; the current one stays current where it is still open."""
        kept = {id(entry.image) for entry in images}
        gone = [entry.image for entry in self._images if id(entry.image) not in kept]
        current = self.image
        labels = unique_labels([_named(entry) for entry in images])
        self._images = tuple(
            replace(entry, card=replace(entry.card, label=label))
            for entry, label in zip(images, labels, strict=True)
        )
        for entry in self._images:
            self._views.setdefault(id(entry.image), ImageView(entry.image.middle()))
        for image in gone:
            del self._views[id(image)]
        if position is None:
            position = _position_of(current, self._images, otherwise=self._position)
        self._position = min(max(position, 0), max(len(images) - 1, 0))
        self.images_changed.emit()
        self.image_view_changed.emit()
        for image in gone:
            self.image_released.emit(image)

    def add_images(self, images: Sequence[OpenImage]) -> None:
        """Open further images; the first of them becomes the current one."""
        if images:
            self.set_images([*self._images, *images], position=len(self._images))

    def remove_image(self, position: int) -> None:
        """Close one image."""
        self.set_images([entry for n, entry in enumerate(self._images) if n != position])

    def choose_image(self, position: int) -> None:
        """Look at another image."""
        if 0 <= position < len(self._images) and position != self._position:
            self._position = position
            self.image_view_changed.emit()

    def set_image_view(self, view: ImageView) -> None:
        """Look at another slice of the current image, or in another tone."""
        entry = self.image
        if entry is None:
            return
        fitting = replace(view, at=_fitting_slice(entry, view.at))
        if fitting != self.view_of(entry):
            self._views[id(entry.image)] = fitting
            self.image_view_changed.emit()

    def set_preparation(self, entry: OpenModel, preparation: Preparation | None) -> None:
        """Prepare a model's input otherwise; None for as the checkpoint says."""
        if preparation == self.preparation_of(entry):
            return
        if preparation is None:
            del self._preparations[id(entry.model)]
        else:
            self._preparations[id(entry.model)] = preparation
        self.image_view_changed.emit()

    def set_style(self, style: MapStyle) -> None:
        """Draw maps otherwise."""
        if style != self._style:
            self._style = style
            self.style_changed.emit(style)

    def know_tokens(self, count: int | None) -> None:
        """Tell how many tokens the selected block has on the current image; None for unknown."""
        self._tokens = count
        self.select(self._selection)

    def set_axis(self, axis: Axis) -> None:
        """Cut vectors the other way; what was computed no longer holds."""
        if axis == self._axis:
            return
        self._axis = axis
        self._forget_results()
        self.select(replace(self._selection, vector=None))
        self.axis_changed.emit()

    def clear_results(self) -> None:
        """Drop the comparison because it is to be computed anew."""
        self._forget_results()

    def set_series(self, series: ComparisonSeries) -> None:
        """Show a comparison, or the finished part of one."""
        self._series = series
        self.series_changed.emit()

    def set_patterns(self, compared: int, patterns: Patterns) -> None:
        """Show the local patterns of one compared model."""
        self._patterns[compared] = patterns
        if compared == self._selection.compared:
            self.patterns_changed.emit()

    def select(self, selection: Selection) -> None:
        """Look at something else; what does not exist is brought back to what does."""
        fitting = self._fitting(selection)
        if fitting == self._selection:
            return
        other = fitting.compared != self._selection.compared
        self._selection = fitting
        self.selection_changed.emit(fitting)
        if other:
            self.patterns_changed.emit()

    def _forget_results(self) -> None:
        had_series, had_patterns = self._series is not None, bool(self._patterns)
        self._series = None
        self._patterns = {}
        if had_series:
            self.series_changed.emit()
        if had_patterns:
            self.patterns_changed.emit()

    def _fitting(self, selection: Selection) -> Selection:
        selection = _agreeing(selection, before=self._selection)
        if not self._models:
            return Selection(
                metric=selection.metric,
                matrix=selection.matrix,
                options=selection.options,
                space=selection.space,
            )
        block, address = _nearest(self._models[0].model.outline, selection.address)
        rows = block.embed_dim if self._axis == "in" else block.rows(selection.matrix or Matrix.Q)
        compared = _within(selection.compared, len(self._models) - 1)
        position = min(compared + 1, len(self._models) - 1) if selection.model > 0 else 0
        shown, _ = _nearest(self._models[position].model.outline, address)
        return replace(
            selection,
            address=address,
            compared=compared,
            vector=None if selection.matrix is None else _below(selection.vector, rows),
            model=position,
            mode=_within(selection.mode, _modes(shown, selection.options.product)),
            token=_below(selection.token, self._tokens),
            key=_below(selection.key, self._tokens),
        )


def _fitting_slice(entry: OpenImage, at: SliceAddress) -> SliceAddress:
    """The nearest slice that exists; in a plane that does not, where one looks first."""
    if at.plane not in entry.card.slices:
        return entry.image.middle()
    index = _within(at.index, entry.card.slices[at.plane])
    return SliceAddress(at.plane, index, _within(at.time, entry.card.times))


def _agreeing(selection: Selection, *, before: Selection) -> Selection:
    """Let weights and tokens belong together: the norm is in the weights or in the tokens.

    The normalised residual goes with the norm folded in, the attention input with the weights as
    they are; what the user has changed last decides.
    """
    options, space = selection.options, selection.space
    if space is TokenSpace.RESIDUAL or options.fold_norm == (space is TokenSpace.NORMED):
        return selection
    if space is not before.space:
        folded = replace(options, fold_norm=space is TokenSpace.NORMED)
        return replace(selection, options=folded)
    fitting = TokenSpace.NORMED if options.fold_norm else TokenSpace.ATTENTION_INPUT
    return replace(selection, space=fitting)


def _within(number: int, count: int) -> int:
    """The nearest of 0 ... count - 1; 0 where there is none."""
    return min(max(number, 0), max(count - 1, 0))


def _below(number: int | None, count: int | None) -> int | None:
    """The number, where there are so many; a count of None is not known and holds all."""
    if number is None or number < 0 or (count is not None and number >= count):
        return None
    return number


def _modes(block: BlockOutline, product: Product) -> int:
    inner = block.head_dim if product is Product.QK else block.value_dim
    return min(inner, block.embed_dim)


def _named(entry: OpenImage) -> Path:
    """A path that ends as the reader calls the image, in the folder it lies in."""
    return entry.source.path.absolute().parent / entry.image.card.label.replace("/", " ")


def _position_of(entry: OpenImage | None, images: Sequence[OpenImage], *, otherwise: int) -> int:
    found = (n for n, one in enumerate(images) if entry is not None and one.image is entry.image)
    return next(found, otherwise)


def _stamp(path: Path) -> Stamp:
    try:
        status = path.stat()
    except OSError:
        return Stamp(path, -1, -1)
    return Stamp(path, status.st_size, status.st_mtime_ns)


def _nearest(outline: ModelOutline, address: Address | None) -> tuple[BlockOutline, Address]:
    """The block of an address, without its head where that does not exist; else the first."""
    for candidate in (address, address.of_block if address else None):
        if candidate is None:
            continue
        try:
            return outline.block(candidate), candidate
        except BadRequest:
            continue
    first = outline.stages[0].blocks[0]
    return first, first.address


def _selection_to(chosen: Selection) -> dict[str, Any]:
    return {
        "address": str(chosen.address) if chosen.address else None,
        "matrix": chosen.matrix,
        "metric": chosen.metric,
        "compared": chosen.compared,
        "vector": chosen.vector,
        "model": chosen.model,
        "mode": chosen.mode,
        "token": chosen.token,
        "key": chosen.key,
        "options": asdict(chosen.options),
        "space": chosen.space,
    }


def _selection_from(saved: Mapping[str, Any]) -> Selection:
    return Selection(
        address=Address.parse(saved["address"]) if saved["address"] else None,
        matrix=Matrix(saved["matrix"]) if saved["matrix"] else None,
        metric=Metric(saved["metric"]),
        compared=int(saved["compared"]),
        vector=_number_or_none(saved["vector"]),
    )


def _more_of_selection(chosen: Selection, saved: Mapping[str, Any]) -> Selection:
    """What version 1 did not know of yet."""
    options = saved["options"]
    return replace(
        chosen,
        model=int(saved["model"]),
        mode=int(saved["mode"]),
        token=_number_or_none(saved["token"]),
        key=_number_or_none(saved["key"]),
        options=ModeOptions(
            Product(options["product"]), bool(options["fold_norm"]), bool(options["augment_bias"])
        ),
        space=TokenSpace(saved["space"]),
    )


def _number_or_none(saved: Any) -> int | None:
    return None if saved is None else int(saved)


def _view_to(view: ImageView) -> dict[str, Any]:
    window = asdict(view.tone) if isinstance(view.tone, Window) else None
    return {**asdict(view.at), "window": window}


def _view_from(saved: Mapping[str, Any]) -> ImageView:
    at = SliceAddress(Plane(saved["plane"]), int(saved["index"]), int(saved["time"]))
    return ImageView(at, None if saved["window"] is None else Window(**saved["window"]))


def _preparation_from(saved: Mapping[str, Any] | None) -> Preparation | None:
    if saved is None:
        return None
    size = None if saved["size"] is None else (int(saved["size"][0]), int(saved["size"][1]))
    mean, std = tuple(saved["mean"]), tuple(saved["std"])
    return Preparation(**{**saved, "size": size, "mean": mean, "std": std})


def _style_from(saved: Mapping[str, Any]) -> MapStyle:
    return MapStyle(**{**saved, "pair": ColourPair(saved["pair"])})
