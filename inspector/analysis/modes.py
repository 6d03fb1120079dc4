"""The singular modes of all heads, from the weights alone; no network is built.

Methods, section B. The arithmetic is in `decomposition`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np

from inspector.analysis.decomposition import Weights, decompose
from inspector.analysis.norm_folding import Norm, norm_in_front
from inspector.analysis.random_directions import random_cosine_95
from inspector.analysis.reading import read_parts, refuse_bad_weights
from inspector.analysis.threads import one_thread
from inspector.core.address import Address
from inspector.core.comparison import FloatArray, ModelCard
from inspector.core.errors import BadCheckpoint, BadRequest, InspectorError
from inspector.core.modes import BlockModes, ModelModes, ModeOptions, Product, SmallArray
from inspector.core.outline import BlockOutline, Matrix, Stored
from inspector.core.progress import Progress, silent
from inspector.families.heads import architecture_names
from inspector.families.kinds import inexact, inexact_output
from inspector.families.model import Model

Kind = np.dtype[np.float32] | np.dtype[np.float64]


def block_modes(
    model: Model, address: Address, options: ModeOptions, *, device: str = "cpu"
) -> BlockModes:
    """Split the product of every head of one block into modes.

    Parameters
    ----------
    model, address
        An open model and a block of it.
    options
        Which product, of which weights.
    device
        As `devices.resolve_device` returned it; the numbers are the same on all. MPS has no
        float64, so there the processor computes.

    Raises
    ------
    BadCheckpoint
        When a weight is not finite; the sentence names its tensor.
    BadRequest
        When the model has no such block, no norm that could be folded in, or, for the value-output
        product, no output projection that is known.
    """
    block = model.outline.block(address)
    left, right = _factors(model, block, options)
    trace = _trace(left, right)
    if not np.isfinite(trace).all():
        raise _refuse(model, block, options)
    with one_thread():
        found = decompose(left, right, device="cuda" if device == "cuda" else "cpu")
    return BlockModes(
        address=block.address,
        global_index=block.global_index,
        width=left.shape[2],
        sigma=found.sigma,
        cosine=found.cosine,
        u=_columns(found.left),
        v=_columns(found.right),
        degenerate=found.degenerate,
        trace=trace,
        random_95=random_cosine_95(left.shape[2]),
        exact=_exact(model, block, options),
    )


def model_modes(
    model: Model,
    options: ModeOptions,
    *,
    card: ModelCard | None = None,
    device: str = "cpu",
    progress: Progress = silent,
    partial: Callable[[ModelModes], None] | None = None,
) -> ModelModes:
    """Split the products of all heads of all blocks into modes.

    Parameters
    ----------
    model, options, device
        As for `block_modes`.
    card
        What the model is called; by default the name of its file.
    progress
        Told of every block; one of ViT-B takes about 15 ms, of ViT-L about 30.
    partial
        Receives the blocks that are finished whenever one more is.

    Returns
    -------
    A block whose weights are not finite, or that lacks what the options ask for, is among
    `skipped` with the sentence that says why.

    Raises
    ------
    InspectorError
        The reason of the first block, when no block has modes.
    """
    outline = model.outline
    found: list[BlockModes] = []
    skipped: list[tuple[Address, str]] = []
    failed: InspectorError | None = None

    def so_far() -> ModelModes:
        return ModelModes(
            card=card or model.card(),
            options=options,
            stage_starts=outline.stage_starts,
            depth=outline.depth,
            blocks=tuple(found),
            skipped=tuple(skipped),
        )

    progress(0, outline.depth)
    for done, block in enumerate(outline.blocks(), start=1):
        try:
            found.append(block_modes(model, block.address, options, device=device))
        except (BadCheckpoint, BadRequest) as error:
            failed = failed or error
            skipped.append((block.address, str(error)))
        progress(done, outline.depth, f"{block.address} modes")
        if partial is not None:
            partial(so_far())
    if failed is not None and not found:
        raise failed
    return so_far()


@dataclass(frozen=True, eq=False)
class _Side:
    """One factor of a product: (rows, d) weights and (rows,) bias, read and checked."""

    weights: Weights
    bias: Weights


def _factors(model: Model, block: BlockOutline, options: ModeOptions) -> tuple[Weights, Weights]:
    """(heads, rows, width) left and right factor of M = left^T right, float64 if stored so."""
    norm = norm_in_front(model, block) if options.fold_norm else Norm()
    if options.product is Product.QK:
        sides = [_projection(model, block, matrix, norm) for matrix in (Matrix.Q, Matrix.K)]
    else:
        sides = [_written(model, block), _projection(model, block, Matrix.V, norm)]
    kind = _kind(any(side.weights.dtype == np.float64 for side in sides))
    left, right = (_by_head(side, block.num_heads, options, kind) for side in sides)
    return left, right


def _projection(model: Model, block: BlockOutline, matrix: Matrix, norm: Norm) -> _Side:
    """Q, K or V of a block, with the norm in front folded in."""
    weights = _read(model, block.weights[matrix])
    stored = block.biases.get(matrix)
    bias = np.zeros(len(weights), weights.dtype) if stored is None else _read(model, stored)
    return _Side(norm.weight(weights), norm.bias(weights, bias))


def _written(model: Model, block: BlockOutline) -> _Side:
    """The output projection, transposed, with LayerScale: rows are the features of the heads.

    Nothing is written to the constant input of an augmented bias, so that its bias is 0.
    """
    stored = block.parts.get("out.weight")
    if stored is None:
        raise BadRequest(
            f"The output projection of {block.address} was not found in the file, so what its "
            "heads write is not known.",
            advice="The query-key product needs no output projection.",
        )
    weights = _read(model, stored)
    expected = (block.embed_dim, block.rows(Matrix.V))
    if weights.shape != expected:
        raise BadRequest(
            f"The output projection “{stored.tensor}” has the shape {weights.shape}; {expected} "
            "was expected for the heads of the block."
        )
    scale = block.parts.get("layer_scale1")
    if scale is not None:
        weights = weights * _read(model, scale).reshape(-1, 1)
    return _Side(weights.T, np.zeros(expected[1], weights.dtype))


def _read(model: Model, stored: Stored) -> Weights:
    """A part in float32, or float64 if stored so."""
    (read,) = read_parts(model, [stored])
    return cast("Weights", np.asarray(read, dtype=_kind(read.dtype == np.float64)))


def _refuse(model: Model, block: BlockOutline, options: ModeOptions) -> BadCheckpoint:
    """Find the tensor by which the factors of a block became what is not finite."""
    used = (Matrix.Q, Matrix.K) if options.product is Product.QK else (Matrix.V,)
    stored = [block.weights[matrix] for matrix in used]
    stored += [block.biases[matrix] for matrix in used if matrix in block.biases]
    if options.product is Product.OV:
        stored += [block.parts[r] for r in ("out.weight", "layer_scale1") if r in block.parts]
    found = ((part, _read(model, part)) for part in stored)
    wrong = next((pair for pair in found if not np.isfinite(pair[1]).all()), None)
    part, weights = wrong or (stored[0], _read(model, stored[0]))
    return refuse_bad_weights(model, part, weights)


def _kind(double: bool) -> Kind:
    return np.dtype(np.float64) if double else np.dtype(np.float32)


def _by_head(side: _Side, heads: int, options: ModeOptions, kind: Kind) -> Weights:
    """(heads, rows, width), the bias as the last column where it is asked for."""
    weights = side.weights.astype(kind, copy=False)
    if options.augment_bias:
        weights = np.concatenate([weights, side.bias.astype(kind)[:, None]], axis=1)
    found: Weights = np.ascontiguousarray(weights.reshape(heads, -1, weights.shape[1]))
    return found


def _trace(left: Weights, right: Weights) -> FloatArray:
    """(heads,) inner product of the two factors; rows in their own type, their sum in float64.

    It is finite only where every weight is: whatever is not makes the sum infinite or undefined.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        found: FloatArray = np.vecdot(left, right).sum(axis=1, dtype=np.float64)
        if left.dtype == np.float64 or np.isfinite(found).all():
            return found
        return _trace(left.astype(np.float64), right.astype(np.float64))


def _columns(rows: Weights) -> SmallArray:
    """(heads, width, modes) float32 of (heads, modes, width); each mode lies in one piece."""
    return rows.astype(np.float32, copy=False).transpose(0, 2, 1)


def _exact(model: Model, block: BlockOutline, options: ModeOptions) -> str:
    """Why the modes do not add up to what the model computes; empty where they do."""
    if options.product is Product.QK:
        return " ".join(inexact(model.outline.family, _roles(block)))
    names = architecture_names(model.checkpoint.config, model.checkpoint.meta)
    return " ".join(inexact_output(_roles(block), family=model.outline.family, names=names))


def _roles(block: BlockOutline) -> frozenset[str]:
    return frozenset(block.parts)
