"""Tiny open models in memory, for tests of whatever reads, compares, shows or writes models.

The ViT is deliberately not square: 4 x 3 patches of 2 x 2 pixels, 3 heads of 4. The Swin has the
four stages and doubling widths of a real one.
Both exist in two namings, ``timm`` (fused qkv) and ``separate`` (one tensor each).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from inspector.checkpoints.checkpoint import Checkpoint, LazyTensor
from inspector.core.address import Address
from inspector.core.outline import (
    BlockOutline,
    Matrix,
    ModelOutline,
    PrefixToken,
    StageOutline,
    Stored,
)
from inspector.families.model import Model

State = dict[str, np.ndarray]

SWIN_DEPTHS = (2, 2, 3, 2)
_THIRDS = {Matrix.Q: 0, Matrix.K: 1, Matrix.V: 2}
_WORDS = {Matrix.Q: "query", Matrix.K: "key", Matrix.V: "value"}


def vit_state(*, seed: int = 0, depth: int = 3, width: int = 12, naming: str = "timm") -> State:
    random = np.random.default_rng(seed)
    state = {
        "cls_token": _draw(random, 1, 1, width),
        "pos_embed": _draw(random, 1, 13, width),
        "patch_embed.proj.weight": _draw(random, width, 3, 2, 2),
        "patch_embed.proj.bias": _draw(random, width),
    }
    for block in range(depth):
        state |= _block_state(random, f"blocks.{block}.", width, naming)
    return state | {"norm.weight": _draw(random, width), "head.weight": _draw(random, 5, width)}


def swin_state(
    *,
    seed: int = 0,
    depths: tuple[int, ...] = SWIN_DEPTHS,
    width: int = 8,
    naming: str = "timm",
    prefix: str = "",
) -> State:
    random = np.random.default_rng(seed)
    state = {"patch_embed.proj.weight": _draw(random, width, 3, 4, 4)}
    for stage, depth in enumerate(depths):
        wide = width << stage
        for block in range(depth):
            start = f"layers.{stage}.blocks.{block}."
            state |= _block_state(random, start, wide, naming)
            state[f"{start}attn.relative_position_index"] = np.arange(16).reshape(4, 4)
        if stage:
            state[f"layers.{stage}.downsample.reduction.weight"] = _draw(random, wide, 2 * wide)
    state["fpn.lateral.weight"] = _draw(random, 6, width)
    return {prefix + name: array for name, array in state.items()}


def changed(state: Mapping[str, np.ndarray], change: float, *, seed: int = 1) -> State:
    """The same model after a fictitious training: every weight moved by about `change` of it."""
    random = np.random.default_rng(seed)
    return {
        name: array
        if array.dtype.kind == "i"
        else (array + change * array.std() * random.normal(size=array.shape)).astype(array.dtype)
        for name, array in state.items()
    }


def vit(
    state: Mapping[str, np.ndarray] | None = None,
    *,
    heads: int = 3,
    naming: str = "timm",
    file: str = "vit.pth",
) -> Model:
    """A ViT over a state of `vit_state`."""
    state = vit_state(naming=naming) if state is None else state
    width = state["norm.weight"].size
    depth = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("blocks."))
    blocks = tuple(
        _block(f"blocks.{n}.", Address(0, n), n, width, heads, naming) for n in range(depth)
    )
    parts = {
        "cls_token": Stored("cls_token"),
        "pos_embed": Stored("pos_embed"),
        "patch_embed.weight": Stored("patch_embed.proj.weight"),
        "patch_embed.bias": Stored("patch_embed.proj.bias"),
        "norm.weight": Stored("norm.weight"),
        "head.weight": Stored("head.weight"),
    }
    outline = ModelOutline(
        family="ViT",
        source=naming,
        stages=(StageOutline(0, blocks),),
        parts=parts,
        prefix_tokens=(PrefixToken("cls", 1, "cls_token"),),
        patch_size=(2, 2),
        num_classes=5,
        parameters=_parameters(state),
        assumed=(f"the number of heads, {heads}, is not in the file",),
    )
    return Model(checkpoint(state, file=file), outline)


def swin(
    state: Mapping[str, np.ndarray] | None = None,
    *,
    depths: tuple[int, ...] = SWIN_DEPTHS,
    head_dim: int = 8,
    naming: str = "timm",
    prefix: str = "",
    unfold: bool = False,
    file: str = "swin.pth",
) -> Model:
    """A Swin over a state of `swin_state`; `unfold` tells its merging from the official one."""
    if state is None:
        state = swin_state(depths=depths, naming=naming, prefix=prefix)
    width = state[f"{prefix}patch_embed.proj.weight"].shape[0]
    stages, total = [], 0
    for stage, depth in enumerate(depths):
        wide = width << stage
        blocks = []
        for block in range(depth):
            start = f"{prefix}layers.{stage}.blocks.{block}."
            address = Address(stage, block)
            blocks.append(_block(start, address, total, wide, wide // head_dim, naming))
            total += 1
        stages.append(StageOutline(stage, tuple(blocks)))
    parts = {"patch_embed.weight": Stored(f"{prefix}patch_embed.proj.weight")}
    for stage in range(1, len(depths)):
        role = f"downsample.{stage - 1}.reduction.weight" + (" (unfold order)" if unfold else "")
        parts[role] = Stored(f"{prefix}layers.{stage}.downsample.reduction.weight")
    outline = ModelOutline(
        family="Swin",
        source="MMDetection" if unfold else naming,
        stages=tuple(stages),
        parts=parts,
        patch_size=(4, 4),
        parameters=_parameters(state),
        stripped=prefix,
        unplaced=(f"{prefix}fpn.lateral.weight",),
    )
    return Model(checkpoint(state, file=file), outline)


def checkpoint(
    state: Mapping[str, np.ndarray],
    *,
    file: str = "model.pth",
    reads: list[str] | None = None,
) -> Checkpoint:
    """An open checkpoint over arrays; `reads` receives the name of every tensor that is read."""
    path = Path("models") / file
    tensors = {name: _lazy(name, array, reads) for name, array in state.items()}
    return Checkpoint(path=path, files=(path,), container="memory", tensors=tensors)


def _lazy(name: str, array: np.ndarray, reads: list[str] | None) -> LazyTensor:
    def read() -> np.ndarray:
        if reads is not None:
            reads.append(name)
        view = array.view()
        view.setflags(write=False)
        return view

    return LazyTensor(name, array.shape, str(array.dtype), read)


def _block_state(random: np.random.Generator, start: str, width: int, naming: str) -> State:
    fused = _draw(random, 3 * width, width)
    bias = _draw(random, 3 * width)
    if naming == "timm":
        attention = {f"{start}attn.qkv.weight": fused, f"{start}attn.qkv.bias": bias}
    else:
        attention = {
            f"{start}attn.{_WORDS[m]}.{kind}": np.split(array, 3)[_THIRDS[m]]
            for m in Matrix
            for kind, array in (("weight", fused), ("bias", bias))
        }
    return attention | {
        f"{start}attn.proj.weight": _draw(random, width, width),
        f"{start}attn.proj.bias": _draw(random, width),
        f"{start}norm1.weight": _draw(random, width),
        f"{start}mlp.fc1.weight": _draw(random, 4 * width, width),
        f"{start}mlp.fc2.weight": _draw(random, width, 4 * width),
    }


def _block(
    start: str, address: Address, index: int, width: int, heads: int, naming: str
) -> BlockOutline:
    return BlockOutline(
        address=address,
        global_index=index,
        embed_dim=width,
        num_heads=heads,
        head_dim=width // heads,
        value_dim=width // heads,
        weights=dict(_stored(start, "weight", width, naming)),
        biases=dict(_stored(start, "bias", width, naming)),
        parts={
            "out.weight": Stored(f"{start}attn.proj.weight"),
            "out.bias": Stored(f"{start}attn.proj.bias"),
            "norm1.weight": Stored(f"{start}norm1.weight"),
            "mlp.in.weight": Stored(f"{start}mlp.fc1.weight"),
            "mlp.out.weight": Stored(f"{start}mlp.fc2.weight"),
        },
    )


def _stored(start: str, kind: str, width: int, naming: str) -> Iterator[tuple[Matrix, Stored]]:
    for matrix, third in _THIRDS.items():
        if naming == "timm":
            cut = ((third * width, (third + 1) * width),)
            yield matrix, Stored(f"{start}attn.qkv.{kind}", cut)
        else:
            yield matrix, Stored(f"{start}attn.{_WORDS[matrix]}.{kind}")


def _parameters(state: Mapping[str, np.ndarray]) -> int:
    return sum(array.size for array in state.values() if array.dtype.kind == "f")


def _draw(random: np.random.Generator, *shape: int) -> np.ndarray:
    return random.normal(0, 0.1, shape).astype(np.float32)
