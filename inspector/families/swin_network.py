"""Both versions of Swin built from a file's tensors: sizes, names and orders, rules of windows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from inspector.core.address import Address
from inspector.core.errors import CannotRun
from inspector.core.outline import BlockOutline, ModelOutline, StageOutline
from inspector.core.preparation import Preparation
from inspector.core.tokens import Placement, TokenGrid
from inspector.families.facts import facts_of
from inspector.families.mmdetection_preparation import sees_bgr
from inspector.families.model import Model
from inspector.families.network import Network, NetworkBlock
from inspector.families.plain_building import activation
from inspector.families.preparation import default_preparation
from inspector.families.role_tensors import RoleTensors, filled
from inspector.families.swin_module import RunningSwin, cut_by, flat
from inspector.families.swin_rules import UNFOLD, SwinSemantics, semantics_of
from inspector.families.swin_sizes import image_side, setting
from inspector.families.torchvision_guard import prepare_torchvision
from inspector.families.windows import Side, WindowRule

LATER = "Its weights can still be looked at."

_PATCHES = "body.patch_embed.proj.weight"
_BLUE_FIRST = (
    "The configuration says that the model takes blue first: the channels of its patch embedding "
    "are exchanged, so that it is given red first as all others."
)
_COLOURS = ("red", "green", "blue")
_GREY = "The model looks at one channel: the mean of an image's three."
_OF_CLASSIFIERS = ("norm.weight", "norm.bias", "head.weight", "head.bias")
_INSIDE = {
    "out": "attn.proj",
    "norm1": "norm1",
    "norm2": "norm2",
    "mlp.in": "mlp.fc1",
    "mlp.out": "mlp.fc2",
}

Tensors = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class SwinSizes:
    """What timm's Swins are made from, a value per stage."""

    patch: Side
    channels: int
    embed_dim: int
    depths: tuple[int, ...]
    heads: tuple[int, ...]
    head_dims: tuple[int, ...]
    hidden: tuple[int, ...]
    windows: tuple[int, ...]
    classes: int
    qkv_bias: bool


@dataclass(frozen=True, slots=True)
class SwinKind:
    """What the two versions of Swin differ in.

    Parameters
    ----------
    words
        The module's name.
    body
        Makes timm's module.
    tensors
        Of a block, by the name below timm's block.
    block
        Describes a block that cuts its windows by a rule.
    """

    words: str
    body: Callable[[SwinSizes], Any]
    tensors: Callable[[RoleTensors, BlockOutline], Iterator[tuple[str, Tensor]]]
    block: Callable[[Any, BlockOutline, WindowRule], NetworkBlock]


@dataclass(frozen=True, eq=False)
class Frame:
    """What lies around a Swin's blocks.

    Parameters
    ----------
    given
        Tensors by the name they have in `RunningSwin`.
    patch_norm, last_norm
        Whether there is a norm after the patches, and before the classifier.
    norms
        Of a backbone, the stages whose features are normalised; None for a classifier.
    positions
        Shape (rows, columns, d) of position embeddings, else None.
    """

    sizes: SwinSizes
    given: Tensors
    patch_norm: bool
    last_norm: bool
    norms: tuple[int, ...] | None
    positions: tuple[int, ...] | None

    def around(self, body: Any) -> RunningSwin:
        """Put it around timm's module, which is given up what the file does not have."""
        if not self.patch_norm:
            body.patch_embed.norm = nn.Identity()
        if not self.last_norm:
            body.norm = nn.Identity()
        if self.norms is not None:
            body.head = nn.Identity()
        widths = [self.sizes.embed_dim << stage for stage in range(len(self.sizes.depths))]
        norms = None if self.norms is None else {s: nn.LayerNorm(widths[s]) for s in self.norms}
        return RunningSwin(body, norms=norms, positions=self.positions)


def sizes_of(model: Model, windows: Sequence[int]) -> SwinSizes:
    """Read the sizes from the outline.

    Raises
    ------
    CannotRun
        When they are not those of a Swin: widths that do not double, stages without merging...
    """
    outline = model.outline
    blocks = [stage.blocks[0] for stage in outline.stages]
    _refuse_strange(outline, blocks)
    return SwinSizes(
        patch=outline.patch_size,
        channels=_channels(model),
        embed_dim=blocks[0].embed_dim,
        depths=tuple(len(stage.blocks) for stage in outline.stages),
        heads=tuple(block.num_heads for block in blocks),
        head_dims=tuple(block.head_dim for block in blocks),
        hidden=tuple(_hidden(model, block) for block in blocks),
        windows=tuple(windows),
        classes=outline.num_classes,
        qkv_bias=blocks[0].has_qkv_bias,
    )


def ratio(hidden: int, width: int) -> float:
    """A ratio from which timm, which rounds down, makes the same hidden width again."""
    return (hidden + 0.01) / width


def frame(tensors: RoleTensors, sizes: SwinSizes, *, backbone: bool) -> Frame:
    """Read all that lies around the blocks.

    A backbone has a norm for each stage that is asked of it; a lone one, which is named as a
    classifier's, is the last stage's.
    """
    given: Tensors = {}
    _take(given, "body.patch_embed.proj", tensors, "patch_embed")
    patch_norm = _take_if(given, "body.patch_embed.norm", tensors, "patch_embed.norm")
    positions = _positions(given, tensors, sizes)
    for role in ("mask_token", *(_OF_CLASSIFIERS if backbone else ())):
        tensors.set_aside(role)
    if backbone:
        stages = range(len(sizes.depths))
        norms = [s for s in stages if _take_if(given, f"norms.{s}", tensors, f"detection_norm.{s}")]
        if stages[-1] not in norms and _take_if(given, f"norms.{stages[-1]}", tensors, "norm"):
            norms.append(stages[-1])
        return Frame(sizes, given, patch_norm, False, tuple(norms), positions)
    last_norm = _take_if(given, "body.norm", tensors, "norm")
    if sizes.classes:
        _take(given, "body.head.fc", tensors, "head")
    return Frame(sizes, given, patch_norm, last_norm, None, positions)


def merging(tensors: RoleTensors, stage: int) -> Iterator[tuple[str, Tensor]]:
    """Weights between a stage and the next by timm's names, columns in timm's order.

    MMDetection unfolds the four neighbours into (channel, row, column); all others lay them side by
    side, into (column, row, channel).
    """
    for word in ("norm.weight", "norm.bias", "reduction.weight"):
        role = f"downsample.{stage}.{word}"
        name = f"body.layers.{stage + 1}.downsample.{word}"
        if role + UNFOLD not in tensors:
            yield name, tensors.read(role)
            continue
        stored = tensors.read(role + UNFOLD)
        behind = word.startswith("norm") and len(stored) * 2 == _merged_width(tensors, stage)
        yield name, stored if behind else side_by_side(stored)


def side_by_side(unfolded: Tensor) -> Tensor:
    """(..., 4 d) from the order (channel, row, column) to (column, row, channel)."""
    channels = unfolded.shape[-1] // 4
    cut = unfolded.reshape(*unfolded.shape[:-1], channels, 2, 2)
    return cut.movedim((-3, -2, -1), (-1, -2, -3)).flatten(-3)


def build_swin(
    model: Model,
    device: str,
    kind: SwinKind,
    windows: Mapping[Address, int],
    *,
    assumed: tuple[str, ...] = (),
) -> Network:
    """Build a Swin of either version from the file's own tensors.

    Raises
    ------
    CannotRun
        When it is not a Swin as timm knows it.
    """
    prepare_torchvision()
    semantics = semantics_of(model)
    sizes = sizes_of(model, [_of_stage(stage, windows) for stage in model.outline.stages])
    if sizes.channels == 1:
        assumed = (*assumed, _GREY)
    tensors = RoleTensors(model)
    around = frame(tensors, sizes, backbone=semantics.backbone)
    given = around.given | dict(_stage_tensors(model, tensors, kind))
    if sees_bgr(model) and sizes.channels == len(_COLOURS):
        given[_PATCHES] = given[_PATCHES].flip(1)
        assumed = (*assumed, _BLUE_FIRST)
    tensors.refuse_unused(kind.words)
    module = filled(lambda: around.around(kind.body(sizes)), given, device)
    preparation = default_preparation(model)
    blocks = tuple(_blocks(module, model, kind, windows, semantics))
    return Network(
        module=module,
        architecture=kind.words,
        blocks=blocks,
        prefix=(),
        preparation=preparation,
        native=True,
        grid_of=grids(sizes.patch),
        flat=flat,
        notes=(semantics.words, *dict.fromkeys((*assumed, *_assumed_side(model, preparation)))),
    )


def common_settings(sizes: SwinSizes) -> dict[str, Any]:
    """What both of timm's Swins are made with; shifts and windows are decided by `cut_by`."""
    return {
        "img_size": tuple(8 * side for side in sizes.patch),
        "patch_size": sizes.patch,
        "in_chans": sizes.channels,
        "num_classes": sizes.classes,
        "embed_dim": sizes.embed_dim,
        "depths": sizes.depths,
        "num_heads": sizes.heads,
        "window_size": tuple((window, window) for window in sizes.windows),
        "qkv_bias": sizes.qkv_bias,
        "drop_path_rate": 0.0,
        "always_partition": True,
        "strict_img_size": False,
    }


def mlp_and_norms(tensors: RoleTensors, block: BlockOutline) -> Iterator[tuple[str, Tensor]]:
    """What both versions have besides attention, by the name below timm's block."""
    for role, name in _INSIDE.items():
        for word in ("weight", "bias"):
            yield f"{name}.{word}", tensors.read(f"{block.address} {role}.{word}")


def written(*modules: nn.Module) -> Callable[[Tensor], Tensor]:
    """What attention adds to the residual: its values mixed, then these modules in order."""

    def write(mixed: Tensor) -> Tensor:
        for module in modules:
            mixed = module(mixed)
        return mixed

    return write


def rule_of(window: int, address: Address, semantics: SwinSemantics) -> WindowRule:
    """The rule of a block: every second block is shifted by half a window."""
    shift = window // 2 if address.block % 2 else 0
    return WindowRule(
        (window, window),
        (shift, shift),
        semantics.shifts,
        pads_first=semantics.pads_first,
        mask=semantics.mask,
    )


def grids(patch: Side) -> Callable[[Address, Placement], TokenGrid]:
    """Tell the grid of a block: patches, halved (rounded up) by each merging."""

    def grid_of(address: Address, placement: Placement) -> TokenGrid:
        size = tuple(side << address.stage for side in patch)
        rows, columns = (
            -(-side // cell) for side, cell in zip(placement.input_shape, size, strict=True)
        )
        return TokenGrid(rows, columns, (float(size[0]), float(size[1])), placement)

    return grid_of


def _stage_tensors(
    model: Model, tensors: RoleTensors, kind: SwinKind
) -> Iterator[tuple[str, Tensor]]:
    for stage in model.outline.stages:
        if stage.index:
            yield from merging(tensors, stage.index - 1)
        for block in stage.blocks:
            place = f"body.layers.{stage.index}.blocks.{block.address.block}"
            for name, tensor in kind.tensors(tensors, block):
                yield f"{place}.{name}", tensor


def _blocks(
    module: Any,
    model: Model,
    kind: SwinKind,
    windows: Mapping[Address, int],
    semantics: SwinSemantics,
) -> Iterator[NetworkBlock]:
    """Give each block its windows, norms and activation, and describe it."""
    eps, act = setting(model, "layer_norm_eps"), activation(facts_of(model).activation)
    for outline in model.outline.blocks():
        block = module.body.layers[outline.address.stage].blocks[outline.address.block]
        rule = rule_of(windows[outline.address], outline.address, semantics)
        cut_by(block, rule)
        if isinstance(eps, float):
            block.norm1.eps = block.norm2.eps = module.body.norm.eps = eps
        block.mlp.act = act()
        yield kind.block(block, outline, rule)


def _assumed_side(model: Model, preparation: Preparation) -> Iterator[str]:
    """What is to be said where pictures are brought to a size that nothing tells."""
    side = image_side(model)
    if side.assumption and preparation.size == (side.value, side.value):
        yield side.assumption


def _of_stage(stage: StageOutline, windows: Mapping[Address, int]) -> int:
    sizes = {windows[block.address] for block in stage.blocks}
    if len(sizes) > 1:
        raise CannotRun(
            f"The blocks of stage {stage.index} have windows of {sorted(sizes)} tokens; one size "
            "for all was expected.",
            advice=LATER,
        )
    return sizes.pop()


def _refuse_strange(outline: ModelOutline, blocks: list[BlockOutline]) -> None:
    widths = [block.embed_dim for block in blocks]
    doubled = [widths[0] << stage for stage in range(len(widths))]
    if widths != doubled:
        raise CannotRun(
            f"The stages are {widths} wide; a Swin, whose stages double, would have {doubled}.",
            advice=LATER,
        )
    if min(outline.patch_size) < 1:
        raise CannotRun("The file does not tell the size of the patches.", advice=LATER)
    for block in outline.blocks():
        if block.value_dim != block.head_dim:
            raise CannotRun(
                f"In block {block.address} a value is {block.value_dim} long and a key "
                f"{block.head_dim}; in a Swin they are alike.",
                advice=LATER,
            )


def _channels(model: Model) -> int:
    stored = model.outline.parts.get("patch_embed.weight")
    kernel = () if stored is None else model.checkpoint.tensors[stored.tensor].shape
    if len(kernel) != 4 or kernel[1] not in (1, len(_COLOURS)):
        shape = " × ".join(map(str, kernel)) or "(none)"
        raise CannotRun(
            f"The embedding of the patches has the shape {shape}; one of pictures of one or three "
            "channels, with four axes, was expected.",
            advice=LATER,
        )
    return int(kernel[1])


def _hidden(model: Model, block: BlockOutline) -> int:
    stored = block.parts.get("mlp.in.weight")
    if stored is None:
        raise CannotRun(f"Block {block.address} has no MLP to run.", advice=LATER)
    return int(model.checkpoint.tensors[stored.tensor].shape[0])


def _positions(given: Tensors, tensors: RoleTensors, sizes: SwinSizes) -> tuple[int, ...] | None:
    if "pos_embed" not in tensors:
        return None
    stored = tensors.read("pos_embed")
    if stored.ndim == 4:
        stored = stored[0].permute(1, 2, 0)
    elif round(len(stored) ** 0.5) ** 2 == len(stored):
        stored = stored.reshape(round(len(stored) ** 0.5), -1, sizes.embed_dim)
    else:
        raise CannotRun(
            f"The file has {len(stored)} position embeddings, which are those of no square grid.",
            advice=LATER,
        )
    given["pos_embed"] = stored.contiguous()
    return tuple(stored.shape)


def _take(given: Tensors, name: str, tensors: RoleTensors, role: str) -> None:
    for word in ("weight", "bias"):
        given[f"{name}.{word}"] = tensors.read(f"{role}.{word}")


def _take_if(given: Tensors, name: str, tensors: RoleTensors, role: str) -> bool:
    if f"{role}.weight" not in tensors:
        return False
    _take(given, name, tensors, role)
    return True


def _merged_width(tensors: RoleTensors, stage: int) -> int:
    """Columns of the reduction: four times the stage's width."""
    return tensors.shape(f"downsample.{stage}.reduction.weight{UNFOLD}")[1]
