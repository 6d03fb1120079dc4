"""Looks at images with the open models, in the lane, and keeps what it found.

What is kept is given at once, in the window's thread; only what is missing is asked of the lane.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from inspector.app.looks import (
    Begun,
    BlockKey,
    BlockSeen,
    KeptSlice,
    Look,
    Looked,
    ModelInput,
    Run,
    RunKey,
    SliceKey,
    look,
    score_options,
)
from inspector.app.networks import Networks, NeverRuns
from inspector.app.splitting import Splitting
from inspector.core.address import Address
from inspector.core.errors import BadImage, CannotRun, InspectorError
from inspector.core.kept import Kept
from inspector.core.modes import BlockModes, ModeOptions
from inspector.core.scene import ShownImage
from inspector.jobs.context import JobContext
from inspector.jobs.lane import Lane
from inspector.session import ImageView, OpenImage, OpenModel, Session

LOOK = "look"
AHEAD = "look ahead"
FORGET = "forget"
REST_MS = 70
AHEAD_MS = 30
"""How long a selection stays until what may come next is thought of: steps are drawn first."""
RUNS_BYTES = 512 * 2**20
BLOCKS_BYTES = 512 * 2**20
SLICES_BYTES = 256 * 2**20
_URGENT, _AHEAD = 2, 1
_NEIGHBOURS = 3


class Inspecting(QObject):
    """Asks for what the session's selection needs, and for what is likely to be needed next.

    `splitting` has the modes of all models.

    Signals
    -------
    changed()
        More is known of what is selected, or why it is not.
    failed(title, error)
        What the user asked for could not be done.
    """

    changed = Signal()
    failed = Signal(str, object)

    def __init__(
        self, session: Session, lane: Lane, *, device: Callable[[], str], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._lane = lane
        self._device = device
        self._numbers = itertools.count()
        self._networks = Networks()
        self.splitting = Splitting(session, lane, device=device, parent=self)
        self._slices: Kept[SliceKey, KeptSlice] = Kept(SLICES_BYTES)
        self._runs: Kept[RunKey, Run] = Kept(RUNS_BYTES)
        self._blocks: Kept[BlockKey, BlockSeen] = Kept(BLOCKS_BYTES)
        self._begun: Begun | None = None
        self._problems: dict[RunKey | BlockKey, InspectorError] = {}
        self._unread: dict[SliceKey, InspectorError] = {}
        self._never: dict[int, NeverRuns] = {}
        self._read: SliceKey | None = None
        self._asked: dict[str, Look] = {}
        self._takes: dict[int, ModelInput] = {}
        self._is_wanted = self._is_stopped = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._on_rested)
        self._ahead = QTimer(self)
        self._ahead.setSingleShot(True)
        self._ahead.setInterval(AHEAD_MS)
        self._ahead.timeout.connect(self._look_ahead)
        self._connect()

    @property
    def networks(self) -> Networks:
        """Models that run; used in the lane's thread only."""
        return self._networks

    @property
    def is_busy(self) -> bool:
        """Whether what is selected is still being computed, or about to be."""
        return self._rest.isActive() or self._lane.has(LOOK)

    def want(self, *, image: bool, modes: bool) -> None:
        """Say whether a model on an image is looked at now, and whether modes are.

        Modes of all models are computed anyway, once nothing else is to do where they are not.
        """
        self._is_stopped = False
        self.splitting.want(modes)
        if image != self._is_wanted:
            self._is_wanted = image
            self._look()

    @Slot()
    def stop(self) -> None:
        """Begin nothing by itself until something else is looked at, because the user cancels."""
        self._is_stopped = True
        self.splitting.stop()
        self._rest.stop()
        self._ahead.stop()

    def block_modes(
        self, entry: OpenModel, address: Address, options: ModeOptions | None = None
    ) -> BlockModes | None:
        """The modes of one block, under the selected options or those given."""
        options = options or self._session.selection.options
        known, begun = self.splitting.block(entry, address, options), self._begun
        if known is not None:
            return known
        if begun is None or begun.modes is None or begun.key.run.model != id(entry.model):
            return None
        here = begun.key.options == options and begun.modes.address == address.of_block
        return begun.modes if here else None

    def takes(self, entry: OpenModel) -> ModelInput | None:
        """What a model can be given; None until it has been run."""
        return self._takes.get(id(entry.model))

    def seen(self, key: BlockKey) -> BlockSeen | None:
        """A block on a picture."""
        return self._blocks.get(key)

    def run(self, key: RunKey) -> Run | None:
        """What a model made of a picture."""
        return self._runs.get(key)

    def image(self, entry: OpenImage, view: ImageView) -> ShownImage | None:
        """A slice in its tone, without any model; None until it is read."""
        kept = self._slices.get(SliceKey(id(entry.image), view.at))
        if kept is None:
            return None
        return ShownImage(entry.card, view.at, kept.slice, view.tone or kept.slice.default_tone())

    def problem(self, key: BlockKey) -> InspectorError | None:
        """Why there is no picture, why the model cannot be run on it, or why there are no maps."""
        known = self._never.get(key.run.model) or self._problems.get(key.run)
        return known or self._problems.get(key)

    def why_unread(self, entry: OpenImage, view: ImageView) -> InspectorError | None:
        """Why there is no picture of a slice; None where there is one, or it was not tried yet."""
        return self._unread.get(SliceKey(id(entry.image), view.at))

    def key_of(self, entry: OpenModel, image: OpenImage | None = None) -> BlockKey | None:
        """What is selected, of one model, on the current image or another one."""
        session = self._session
        image, chosen = image or session.image, session.selection
        if image is None or chosen.address is None:
            return None
        view = session.view_of(image)
        run = RunKey(
            id(entry.model),
            SliceKey(id(image.image), view.at),
            view.tone,
            session.preparation_of(entry),
        )
        return BlockKey(run, chosen.address.of_block, chosen.options, chosen.space)

    def forget_runs(self) -> None:
        """Compute anew, because it is to be done elsewhere."""
        self._runs.drop(lambda _: True)
        self._blocks.drop(lambda _: True)
        self._problems.clear()
        self._never.clear()
        self._look()

    def _connect(self) -> None:
        session, lane = self._session, self._lane
        session.models_changed.connect(self._on_models_changed)
        session.images_changed.connect(self._on_images_changed)
        session.image_view_changed.connect(self._on_image_view_changed)
        session.selection_changed.connect(self._on_selection_changed)
        lane.partial.connect(self._on_partial)
        lane.result.connect(self._on_result)
        lane.failed.connect(self._on_failed)
        lane.ended.connect(self._on_ended)
        self.splitting.found.connect(self.changed)
        self.splitting.failed.connect(self.failed)

    @Slot()
    def _on_models_changed(self) -> None:
        """Let go of what belongs to models that are closed; their files are closed after that."""
        self._go_on()
        open_now = frozenset(id(entry.model) for entry in self._session.models)
        for key in [key for key in self._asked if self._asked[key].key.run.model not in open_now]:
            self._lane.cancel(key)
        self.splitting.forget(open_now)
        self._never = {key: why for key, why in self._never.items() if key in open_now}
        self._takes = {key: takes for key, takes in self._takes.items() if key in open_now}
        self._forget(lambda run: run.model not in open_now)
        networks = self._networks
        self._lane.submit(
            f"{FORGET}:{next(self._numbers)}", lambda _: networks.keep(open_now), label=""
        )
        self.splitting.ask()
        self._look()

    def _go_on(self) -> None:
        """Something else is looked at than what was cancelled."""
        self._is_stopped = False
        self.splitting.go_on()

    @Slot()
    def _on_images_changed(self) -> None:
        open_now = frozenset(id(entry.image) for entry in self._session.images)
        for key, asked in list(self._asked.items()):
            if asked.key.run.slice.image not in open_now:
                self._lane.cancel(key)
        self._slices.drop(lambda key: key.image not in open_now)
        self._unread = {key: why for key, why in self._unread.items() if key.image in open_now}
        self._forget(lambda run: run.slice.image not in open_now)

    def _forget(self, gone: Callable[[RunKey], bool]) -> None:
        self._runs.drop(gone)
        self._blocks.drop(lambda key: gone(key.run))
        for key in [key for key in self._problems if gone(_run_of(key))]:
            del self._problems[key]
        if self._begun is not None and gone(self._begun.key.run):
            self._begun = None

    @Slot()
    def _on_image_view_changed(self) -> None:
        """While a window or a slice is dragged, wait until it rests."""
        self._go_on()
        if not self._is_wanted:
            return
        if self._is_answered:
            self._rest.stop()
            self._look()
        else:
            self._rest.start()

    @Slot()
    def _on_rested(self) -> None:
        """Ask; or say that nothing is awaited: it may have been looked at ahead meanwhile."""
        self._look()
        if not self._lane.has(LOOK):
            self.changed.emit()

    @property
    def _is_answered(self) -> bool:
        """Whether what is selected is known already, or known to be impossible."""
        entry = self._session.chosen_model
        key = None if entry is None else self.key_of(entry)
        if key is None or key.run.model in self._never:
            return False
        return key in self._blocks or self.problem(key) is not None

    @Slot()
    def _on_selection_changed(self) -> None:
        self._go_on()
        self.splitting.ask()
        if not self._rest.isActive():
            self._look()

    @Slot()
    def _look(self) -> None:
        """Ask for what is selected, where it is not known; else for what may be wanted next."""
        entry = self._session.chosen_model
        if not self._is_wanted or entry is None or id(entry.model) in self._never:
            self._read_only()
            return
        asked = self._look_of(entry)
        if asked is None:
            return
        if asked.key in self._blocks or self.problem(asked.key) is not None:
            self._lane.cancel(LOOK)
            self._ahead.start()
            return
        current = self._asked.get(LOOK)
        if self._lane.has(LOOK) and current is not None and current.key == asked.key:
            return
        self._lane.cancel(AHEAD)
        label = "" if asked.run else f"Running {asked.model.card.label}"
        self._submit(LOOK, asked, label=label, rank=_URGENT)

    def _read_only(self) -> None:
        """Without a model that can be run, read the picture all the same."""
        image, view = self._session.image, self._session.image_view
        if not self._is_wanted or image is None or view is None:
            self._lane.cancel(LOOK)
            return
        key = SliceKey(id(image.image), view.at)
        if key in self._slices or key in self._unread:
            self._lane.cancel(LOOK)
            return
        self._asked.pop(LOOK, None)
        self._read = key

        def job(_: JobContext) -> tuple[SliceKey, KeptSlice]:
            return key, KeptSlice.of(image.image.read(key.at))

        self._lane.submit(LOOK, job, label="", rank=_URGENT)

    def _look_of(
        self, entry: OpenModel, *, address: Address | None = None, image: OpenImage | None = None
    ) -> Look | None:
        """What is selected, with another block or on another image where one is given."""
        image = image or self._session.image
        key = self.key_of(entry, image)
        if key is None or image is None:
            return None
        if address is not None:
            key = replace(key, address=address)
        return Look(
            key,
            entry,
            image,
            self._device(),
            self._slices.get(key.run.slice),
            self.block_modes(entry, key.address),
            self.block_modes(entry, key.address, score_options(key.options)),
            self._runs.get(key.run),
        )

    def _look_ahead(self) -> None:
        """The same block of the other model, then the blocks nearest to the selected one."""
        waits = self._lane.has(AHEAD) or self._lane.has(LOOK) or self._rest.isActive()
        if waits or not self._is_wanted or self._is_stopped:
            return
        for asked in self._likely_next():
            if asked.key in self._blocks or self.problem(asked.key) is not None:
                continue
            here = self._blocks.get(self._key_here(asked))
            if here is not None and not self._blocks.has_room(here.nbytes):
                return
            self._submit(AHEAD, asked, label="", rank=_AHEAD)
            return

    def _key_here(self, asked: Look) -> BlockKey:
        """Of the selected block, whose size stands for that of its neighbours."""
        chosen = self._session.chosen_model or asked.model
        return self.key_of(chosen) or asked.key

    def _likely_next(self) -> Iterator[Look]:
        """The other model's block, neighbouring blocks, the block on other images, all blocks."""
        chosen, address = self._session.chosen_model, self._session.selection.address
        if chosen is None or address is None:
            return
        pair = self._session.models[self._session.selection.compared + 1 :][:1]
        others = [entry for entry in (self._session.models[0], *pair) if entry is not chosen]
        blocks = [block.address for block in chosen.model.outline.blocks()]
        here = blocks.index(address.of_block) if address.of_block in blocks else 0
        near = [blocks[n] for n in sorted(range(len(blocks)), key=lambda n: abs(n - here))]
        places: list[tuple[OpenModel, Address, OpenImage | None]] = [
            *((entry, address.of_block, None) for entry in others),
            *((chosen, block, None) for block in near[:_NEIGHBOURS]),
            *((chosen, address.of_block, image) for image in self._session.images),
            *((entry, block, None) for entry in (chosen, *others) for block in near),
        ]
        for entry, block, image in places:
            if _has(entry, block):
                asked = self._look_of(entry, address=block, image=image)
                if asked is not None:
                    yield asked

    def _submit(self, key: str, asked: Look, *, label: str, rank: int) -> None:
        networks = self._networks
        self._asked[key] = asked
        self._lane.submit(
            key, lambda context: look(asked, networks, context), label=label, rank=rank
        )

    @Slot(str, object)
    def _on_partial(self, key: str, value: object) -> None:
        if key in (LOOK, AHEAD) and isinstance(value, Begun):
            self._keep_begun(key, value)

    def _keep_begun(self, key: str, begun: Begun) -> None:
        self._slices.put(begun.key.run.slice, begun.picture)
        if key == LOOK:
            self._begun = begun
            self.changed.emit()

    @Slot(str, object)
    def _on_result(self, key: str, value: object) -> None:
        if isinstance(value, Looked):
            self._keep_begun(key, value.begun)
            self._runs.put(value.begun.key.run, value.run)
            self._blocks.put(value.begun.key, value.seen)
            self._takes[value.begun.key.run.model] = value.run.takes
            self._asked.pop(key, None)
            if key == LOOK or self._is_selected(value.begun.key):
                self.changed.emit()
        elif key == LOOK and isinstance(value, tuple):
            self._slices.put(*value)
            self.changed.emit()

    def _is_selected(self, key: BlockKey) -> bool:
        """Whether it is what is selected, of any model: another one may stand beside the chosen."""
        return any(self.key_of(entry) == key for entry in self._session.models)

    @Slot(str)
    def _on_ended(self, key: str) -> None:
        """Nothing is awaited any more, whatever came of it; go on with what may be wanted next."""
        if key == LOOK:
            self.changed.emit()
        if key in (LOOK, AHEAD):
            self._look_ahead()

    def _keep_problem(self, asked: Look, error: InspectorError) -> None:
        """Of a slice, of a model, of a model on a picture, or of a block: none is tried again."""
        key = asked.key
        if isinstance(error, NeverRuns):
            self._never[key.run.model] = error
            return
        if isinstance(error, BadImage) and key.run.slice not in self._slices:
            self._unread[key.run.slice] = error
        whole = isinstance(error, BadImage | CannotRun)
        self._problems[key.run if whole else key] = error

    @Slot(str, object)
    def _on_failed(self, key: str, error: object) -> None:
        if not isinstance(error, InspectorError):
            return
        if key in (LOOK, AHEAD):
            asked = self._asked.pop(key, None)
            if asked is not None:
                self._keep_problem(asked, error)
                if key == AHEAD and self._is_selected(asked.key):
                    self.changed.emit()
            elif key == LOOK and self._read is not None:
                self._unread[self._read] = error
            if key == LOOK:
                self.changed.emit()


def _run_of(key: RunKey | BlockKey) -> RunKey:
    return key.run if isinstance(key, BlockKey) else key


def _has(entry: OpenModel, address: Address) -> bool:
    return any(block.address == address.of_block for block in entry.model.outline.blocks())
