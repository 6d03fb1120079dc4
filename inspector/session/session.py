"""The one place that knows what is open and what is selected; announces every change."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from inspector.core.comparison import Axis, ComparisonSeries, Patterns
from inspector.core.labels import unique_labels
from inspector.core.map_style import MapStyle
from inspector.core.measuring import MaskFolders, MaskMeasure
from inspector.core.outline import Matrix
from inspector.core.preparation import Preparation
from inspector.core.scan_request import ScanRequest
from inspector.core.selection import Selection
from inspector.session.fitting import (
    agreeing,
    below,
    fitting_slice,
    modes_of_head,
    named,
    nearest,
    position_of,
    within,
)
from inspector.session.open_files import ImageView, OpenImage, OpenModel
from inspector.session.saved import SavedSession


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
    folder_changed()
        Another folder is, or is to be, looked through for optimal images, or otherwise.
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
    folder_changed = Signal()

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
        self._scan: ScanRequest | None = None
        self._masks: dict[MaskMeasure, MaskFolders] = {}
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
    def scan(self) -> ScanRequest | None:
        """Which folder is looked through for optimal images, and how; None before one is chosen."""
        return self._scan

    @property
    def masks(self) -> Mapping[MaskMeasure, MaskFolders]:
        """With which folders something was measured last."""
        return dict(self._masks)

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
            self._scan,
            tuple(self._masks.values()),
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
        labels = unique_labels([named(entry) for entry in images])
        self._images = tuple(
            replace(entry, card=replace(entry.card, label=label))
            for entry, label in zip(images, labels, strict=True)
        )
        for entry in self._images:
            self._views.setdefault(id(entry.image), ImageView(entry.image.middle()))
        for image in gone:
            del self._views[id(image)]
        if position is None:
            position = position_of(current, self._images, otherwise=self._position)
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
        fitting = replace(view, at=fitting_slice(entry, view.at))
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

    def choose_scan(self, request: ScanRequest | None) -> None:
        """Look through another folder, or otherwise; nothing is begun."""
        if request != self._scan:
            self._scan = request
            self.folder_changed.emit()

    def choose_masks(self, folders: MaskFolders) -> None:
        """Remember with which folders something is measured."""
        self._masks[folders.measure] = folders

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
        selection = agreeing(selection, before=self._selection)
        if not self._models:
            return Selection(
                metric=selection.metric,
                matrix=selection.matrix,
                options=selection.options,
                space=selection.space,
            )
        block, address = nearest(self._models[0].model.outline, selection.address)
        rows = block.embed_dim if self._axis == "in" else block.rows(selection.matrix or Matrix.Q)
        compared = within(selection.compared, len(self._models) - 1)
        position = min(compared + 1, len(self._models) - 1) if selection.model > 0 else 0
        shown, _ = nearest(self._models[position].model.outline, address)
        return replace(
            selection,
            address=address,
            compared=compared,
            vector=None if selection.matrix is None else below(selection.vector, rows),
            model=position,
            mode=within(selection.mode, modes_of_head(shown, selection.options.product)),
            token=below(selection.token, self._tokens),
            key=below(selection.key, self._tokens),
        )
