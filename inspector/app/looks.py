"""One look of a model at an image: what is asked of the lane, and what comes back."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from inspector.app.accelerator_hint import load_libraries_of_torch
from inspector.app.networks import Networks
from inspector.core.address import Address
from inspector.core.attention import BlockAttention
from inspector.core.errors import InspectorError
from inspector.core.images import Slice, SliceAddress, Tone
from inspector.core.modes import BlockMaps, BlockModes, ModeOptions, Product, TokenSpace
from inspector.core.preparation import Preparation
from inspector.core.scene import ShownImage
from inspector.jobs.context import JobContext
from inspector.session import OpenImage, OpenModel

if TYPE_CHECKING:
    from inspector.analysis.on_image import ImageRun


@dataclass(frozen=True, slots=True)
class SliceKey:
    """A slice of an open image, which is named by its `id`."""

    image: int
    at: SliceAddress


@dataclass(frozen=True, slots=True)
class RunKey:
    """Everything that what a model makes of a picture depends on; a model is named by its `id`.

    `tone` and `preparation` are None for the file's and the checkpoint's own.
    """

    model: int
    slice: SliceKey
    tone: Tone | None
    preparation: Preparation | None


@dataclass(frozen=True, slots=True)
class BlockKey:
    """One block of a run, and how its tokens are projected."""

    run: RunKey
    address: Address
    options: ModeOptions
    space: TokenSpace


@dataclass(frozen=True, slots=True, eq=False)
class KeptSlice:
    """A slice and its default tone, which takes a while to find where the file has none."""

    slice: Slice
    tone: Tone

    @classmethod
    def of(cls, picture: Slice) -> Self:
        """Find the tone."""
        return cls(picture, picture.default_tone())

    @property
    def nbytes(self) -> int:
        """In bytes."""
        return self.slice.values.nbytes


@dataclass(frozen=True, slots=True)
class ModelInput:
    """What a model takes: its own preparation, and which other sizes it can be given.

    Parameters
    ----------
    default
        As the checkpoint or its family says.
    native
        Whether images of any size can be run.
    """

    default: Preparation
    native: bool

    @property
    def step(self) -> int:
        """What a side of the input is a multiple of, in pixels."""
        return self.default.multiple


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A model has been run: on this picture, with this result; `takes` is what it can be given."""

    image: ShownImage
    result: "ImageRun"
    takes: ModelInput

    @property
    def nbytes(self) -> int:
        """In bytes, the picture that is shown included."""
        prepared = self.image.prepared
        seen = 0 if prepared is None else prepared.pixels.nbytes + prepared.seen.nbytes
        return self.result.nbytes + self.image.picture.nbytes + seen


@dataclass(frozen=True, slots=True, eq=False)
class BlockSeen:
    """A block on a picture: its modes with their maps (None where it has none), its attention.

    `score_modes` are those that a score before softmax is split into, whichever are selected.
    """

    modes: BlockModes | None
    maps: BlockMaps | None
    attention: BlockAttention
    score_modes: BlockModes | None = None

    @property
    def nbytes(self) -> int:
        """In bytes."""
        return self.attention.nbytes + (0 if self.maps is None else self.maps.nbytes)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What is asked; all that is known already comes with it and is not computed again."""

    key: BlockKey
    model: OpenModel
    image: OpenImage
    device: str
    picture: KeptSlice | None = None
    modes: BlockModes | None = None
    score_modes: BlockModes | None = None
    run: Run | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Begun:
    """The picture is read, the modes are there; the model has not been run.

    `no_modes` says why there are none.
    """

    key: BlockKey
    picture: KeptSlice
    image: ShownImage
    modes: BlockModes | None
    no_modes: InspectorError | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """The whole answer."""

    begun: Begun
    run: Run
    seen: BlockSeen


def look(asked: Look, networks: Networks, context: JobContext) -> Looked:
    """Run in the lane: read, compute the block's modes, hand both out, then run the model.

    Raises
    ------
    BadImage
        When the slice cannot be read.
    CannotRun
        When the model cannot be run.
    """
    load_libraries_of_torch()
    begun = _begun(asked)
    context.partial(begun)
    context.progress(0, 0)
    run = asked.run or _run(asked, begun.image, networks, context)
    context.progress(1, 1)
    key, modes = asked.key, begun.modes
    maps = None if modes is None else run.result.maps(modes, key.options, key.space)
    attention = run.result.attention(key.address)
    return Looked(begun, run, BlockSeen(modes, maps, attention, _score_modes(asked, modes)))


def score_options(options: ModeOptions) -> ModeOptions:
    """Of the modes that a score is made of: query-key, of the weights as the model uses them."""
    return replace(options, product=Product.QK, fold_norm=False)


def _begun(asked: Look) -> Begun:
    at = asked.key.run.slice.at
    picture = asked.picture or KeptSlice.of(asked.image.image.read(at))
    tone = asked.key.run.tone or picture.tone
    image = asked.run.image if asked.run else ShownImage(asked.image.card, at, picture.slice, tone)
    _ = image.picture  # made here so that the window need not
    try:
        return Begun(asked.key, picture, image, asked.modes or _modes(asked, asked.key.options))
    except InspectorError as error:
        return Begun(asked.key, picture, image, None, error)


def _score_modes(asked: Look, modes: BlockModes | None) -> BlockModes | None:
    wanted = score_options(asked.key.options)
    if wanted == asked.key.options or asked.score_modes is not None:
        return asked.score_modes or modes
    try:
        return _modes(asked, wanted)
    except InspectorError:
        return None


def _modes(asked: Look, options: ModeOptions) -> BlockModes:
    from inspector.analysis.devices import resolve_device
    from inspector.analysis.modes import block_modes

    device = resolve_device(asked.device)
    return block_modes(asked.model.model, asked.key.address, options, device=device)


def _run(asked: Look, image: ShownImage, networks: Networks, context: JobContext) -> Run:
    from inspector.analysis.devices import resolve_device
    from inspector.analysis.on_image import run_on_image
    from inspector.images.preparing import prepare

    network = networks.of(asked.model.model, resolve_device(asked.device))
    preparation = asked.key.run.preparation or network.preparation
    prepared = prepare(image.slice, image.tone, preparation)
    result = run_on_image(network, prepared, progress=context.progress)
    shown = ShownImage(image.card, image.at, image.slice, image.tone, prepared)
    _ = shown.picture
    return Run(shown, result, ModelInput(network.preparation, network.native))
