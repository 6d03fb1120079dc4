"""How alike the tokens of different images are anyway, block by block; methods, section B.

Of every image the patch in the middle of the grid is taken and brought to length 1. The mean cosine
over all pairs of n images is A = (|sum z|^2 - n) / (n (n - 1)): only the sum is kept.
"""

from collections.abc import Iterable

import numpy as np
import torch

from inspector.analysis.precision import full_precision
from inspector.analysis.token_spaces import taps_for, tokens_in
from inspector.core.address import Address
from inspector.core.comparison import FloatArray, ModelCard
from inspector.core.errors import BadRequest
from inspector.core.modes import Anisotropy, TokenSpace
from inspector.core.preparation import PreparedImage
from inspector.core.progress import Progress, silent
from inspector.families.capture import capture
from inspector.families.model import Model
from inspector.families.network import Network


def anisotropy(
    model: Model,
    network: Network,
    prepared: Iterable[PreparedImage],
    *,
    space: TokenSpace,
    card: ModelCard | None = None,
    skipped: tuple[tuple[str, str], ...] = (),
    progress: Progress = silent,
) -> Anisotropy:
    """Run a model on images, one after the other, and compare their middle patches.

    Parameters
    ----------
    model, network
        The open model and how it runs.
    prepared
        Its inputs; each is dropped before the next is taken. They may differ in size.
    space
        Which tokens are compared.
    card
        What the model is called; by default the name of its file.
    skipped
        Images that could not be read, with the reason.
    progress
        Told after every block of every image; the total is that of the images taken so far.

    Raises
    ------
    BadRequest
        When there are fewer than two images, or the model has no tokens of such a space.
    """
    sums: dict[Address, FloatArray] = {}
    images, preparation = 0, None
    for image in prepared:
        preparation = preparation or image.preparation
        for address, direction in _middles(network, image, space, images, progress).items():
            sums[address] = sums.get(address, 0.0) + direction
        images += 1
    if images < 2:
        raise BadRequest(
            f"Images are compared with one another: at least two are needed, {images} could be "
            "read.",
            advice="Give a folder of more images.",
        )
    outline = model.outline
    values = np.full(outline.depth, np.nan)
    for block in outline.blocks():
        if block.address in sums:
            squared = float(sums[block.address] @ sums[block.address])
            values[block.global_index] = (squared - images) / (images * (images - 1))
    return Anisotropy(card or model.card(), space, values, images, skipped, preparation)


def _middles(
    network: Network, image: PreparedImage, space: TokenSpace, images: int, progress: Progress
) -> dict[Address, FloatArray]:
    """(d,) float64 of length 1 of every block: the token in the middle of its grid."""
    depth = len(network.blocks)

    def told(done: int, total: int, text: str = "") -> None:
        progress(images * total + done, (images + 1) * total, f"image {images + 1} {text}".strip())

    told(0, depth)
    with torch.inference_mode(), full_precision(network.device):
        found = capture(
            network,
            torch.from_numpy(image.pixels.copy())[None],
            image.placement,
            taps=taps_for(space),
            progress=told,
        )
        middles = {}
        for block in network.blocks:
            captured = found.blocks[block.address]
            grid = captured.grid
            middle = grid.token(grid.rows // 2, grid.columns // 2)
            token = tokens_in(space, block, captured)[0, middle].cpu().double().numpy()
            middles[block.address] = token / np.linalg.norm(token)
    return middles
