"""What a checkpoint's model is: its stages, blocks and heads, and where each matrix is stored."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from inspector.core.address import Address
from inspector.core.errors import BadRequest


class Matrix(StrEnum):
    """The three projections of an attention head, in the order of a fused weight."""

    Q = "q"
    K = "k"
    V = "v"

    @property
    def label(self) -> str:
        """The word used in figures: ``Query``, ``Key`` or ``Value``."""
        return {"q": "Query", "k": "Key", "v": "Value"}[self.value]


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a matrix or vector is found: which tensor, and which part of it.

    The tensor is read, reshaped to `shape` where one is given (a Flax kernel of d x H x d_k becomes
    d x H*d_k), the `ranges` are taken along `axis` in order, and the result is transposed so that
    output features are the rows.

    Parameters
    ----------
    tensor
        Name of the tensor in the checkpoint, as `Checkpoint` lists it.
    ranges
        Half-open ranges of output features, in the order heads are counted; empty means all.
        A fused ``qkv`` weight gives one range per matrix, a head-first layout one per head.
    axis
        The axis of output features: 0 for torch's (out, in), 1 for a Flax kernel's (in, out).
    shape
        Two-dimensional shape to read the tensor as, where it is stored otherwise.
    """

    tensor: str
    ranges: tuple[tuple[int, int], ...] = ()
    axis: int = 0
    shape: tuple[int, ...] = ()

    def take(self, stored: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        """Cut this part out of the tensor's array: (out, in) for a matrix, (out,) for a vector.

        A view wherever one range is taken (nothing is copied); a copy for several ranges.
        """
        array = stored.reshape(self.shape) if self.shape else stored
        if self.axis == 1:
            array = array.T
        if not self.ranges:
            return array
        if len(self.ranges) == 1:
            start, stop = self.ranges[0]
            return array[start:stop]
        return np.concatenate([array[start:stop] for start, stop in self.ranges])


@dataclass(frozen=True, slots=True)
class BlockOutline:
    """One attention block.

    Parameters
    ----------
    address
        Stage and block within the stage.
    global_index
        Blocks of all earlier stages plus the block's own index.
    embed_dim
        Width d of the tokens entering the block.
    num_heads, head_dim
        H and d_k; query and key have H*d_k rows. `value_dim` is the rows per head of V.
    weights
        Q, K and V, each (H*d_k, d) after `Stored.take`.
    biases
        The biases that exist; BEiT's key has none.
    parts
        Every other tensor of the block by role: ``out.weight``, ``out.bias``, ``norm1.weight``,
        ``norm2.weight``, ``mlp.in.weight``, ``mlp.out.weight``, ``layer_scale1``,
        ``relative_position_bias_table``, ``logit_scale``...
    """

    address: Address
    global_index: int
    embed_dim: int
    num_heads: int
    head_dim: int
    value_dim: int
    weights: Mapping[Matrix, Stored]
    biases: Mapping[Matrix, Stored] = field(default_factory=dict)
    parts: Mapping[str, Stored] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if min(self.embed_dim, self.num_heads, self.head_dim, self.value_dim) < 1:
            raise BadRequest(f"Block {self.address} has a size below 1.")
        if set(self.weights) != set(Matrix):
            raise BadRequest(f"Block {self.address} lacks one of query, key and value.")

    @property
    def has_qkv_bias(self) -> bool:
        """Whether any of Q, K, V has a bias (BEiT has two of three)."""
        return bool(self.biases)

    def rows(self, matrix: Matrix) -> int:
        """Output features of Q, K or V: H*d_k, or H*value_dim."""
        return self.num_heads * (self.value_dim if matrix is Matrix.V else self.head_dim)


@dataclass(frozen=True, slots=True)
class StageOutline:
    """Consecutive blocks of one width; a plain ViT has one stage, 0."""

    index: int
    blocks: tuple[BlockOutline, ...]

    def __post_init__(self) -> None:
        if not self.blocks:
            raise BadRequest(f"Stage {self.index} has no blocks.")


@dataclass(frozen=True, slots=True)
class PrefixToken:
    """A token that stands for no patch: ``cls``, ``distillation`` or ``register``."""

    kind: str
    count: int
    tensor: str = ""


@dataclass(frozen=True, slots=True)
class ModelOutline:
    """The tree of a model, over tensors that have not been read yet.

    Parameters
    ----------
    family
        What kind of transformer: ``ViT``, ``DeiT``, ``DINOv2``, ``Swin``, ``Swin-v2``, ``BEiT``...
    source
        Whose naming the file follows: ``timm``, ``Hugging Face``, ``MMDetection``, ``torchvision``,
        ``OpenAI CLIP``, ``unknown naming (opened by shapes)``...
    stages
        In order.
    parts
        Tensors outside the blocks by role: ``patch_embed.weight``, ``pos_embed``, ``norm.weight``,
        ``head.weight``, ``downsample.0.reduction.weight``...
    prefix_tokens
        In the order they stand in front of the patches.
    patch_size
        Rows and columns of a patch in pixels, (0, 0) where unknown.
    num_classes
        Outputs of the classifier, 0 where there is none.
    parameters
        Number of elements of all floating-point tensors of the model.
    stripped
        The prefix that was seen through, as ``backbone.`` or ``module.model.``.
    assumed
        Sentences, one for each thing that is not in the file and was assumed.
    notes
        Sentences worth knowing about this model, as "rotary position embedding: the plain
        query-key product is exact only between tokens at the same place".
    unplaced
        Floating-point tensors of the file that belong to no role (detection heads, decoders).
    """

    family: str
    source: str
    stages: tuple[StageOutline, ...]
    parts: Mapping[str, Stored] = field(default_factory=dict)
    prefix_tokens: tuple[PrefixToken, ...] = ()
    patch_size: tuple[int, int] = (0, 0)
    num_classes: int = 0
    parameters: int = 0
    stripped: str = ""
    assumed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unplaced: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.stages:
            raise BadRequest("A model has at least one stage.")

    def blocks(self) -> Iterator[BlockOutline]:
        """All blocks in global order."""
        for stage in self.stages:
            yield from stage.blocks

    @property
    def depth(self) -> int:
        """Number of blocks of all stages."""
        return sum(len(stage.blocks) for stage in self.stages)

    @property
    def stage_starts(self) -> tuple[int, ...]:
        """Global index of the first block of each stage; (0, 2, 4, 22) for Swin-S."""
        starts, total = [], 0
        for stage in self.stages:
            starts.append(total)
            total += len(stage.blocks)
        return tuple(starts)

    def block(self, address: Address) -> BlockOutline:
        """Find the block of an address.

        Raises
        ------
        BadRequest
            When the model has no such stage, block or head.
        """
        if address.stage >= len(self.stages):
            raise BadRequest(
                f"{address}: the model has {len(self.stages)} stage(s), counted from 0."
            )
        stage = self.stages[address.stage]
        if address.block >= len(stage.blocks):
            raise BadRequest(
                f"{address}: stage {address.stage} has {len(stage.blocks)} block(s), "
                "counted from 0."
            )
        block = stage.blocks[address.block]
        if address.head is not None and address.head >= block.num_heads:
            raise BadRequest(
                f"{address}: that block has {block.num_heads} head(s), counted from 0."
            )
        return block

    def roles(self) -> dict[str, Stored]:
        """Every recognised tensor part by a role that is the same in all namings of one model.

        As ``S2 B7 q.weight``, ``S2 B7 mlp.in.bias``, ``patch_embed.weight``.
        """
        found = dict(self.parts)
        for block in self.blocks():
            at = str(block.address)
            for matrix in Matrix:
                found[f"{at} {matrix}.weight"] = block.weights[matrix]
                if matrix in block.biases:
                    found[f"{at} {matrix}.bias"] = block.biases[matrix]
            for role, stored in block.parts.items():
                found[f"{at} {role}"] = stored
        return found
