"""The maps of all modes of all heads of a block against the forward pass they are made from.

Run explicitly, on one thread: ``OMP_NUM_THREADS=1 pytest tests/benchmarks/test_maps.py -s``.
Prints one line a ratio: name, ours, reference, ratio, bar. The sides take turns, and what is
measured is the processor's time, which a busy machine does not change.

The other way, through the model's own query and key projections, is measured too: with W_q^T = Q R
and u = Q u' the map X u is (X W_q^T) R^-1 u', which loses digits with the condition of R.
"""

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch

from inspector.analysis.modes import block_modes
from inspector.analysis.on_image import ImageRun, run_on_image
from inspector.core.address import Address
from inspector.core.modes import BlockModes, ModeOptions, TokenSpace
from inspector.core.preparation import Preparation, PreparedImage
from inspector.core.tokens import Box, Placement
from inspector.families.network import Network
from inspector.families.torchvision_guard import prepare_torchvision
from tests.families.running.swins import model_of, network_of

BAR = 0.15
DIRECT_BAR = 1.25
REPEATS = 7
AT = Address(0, 7)
OPTIONS, SPACE = ModeOptions(), TokenSpace.ATTENTION_INPUT
Setting = tuple[Network, PreparedImage, BlockModes, ImageRun]


@pytest.fixture(scope="module")
def vit_b() -> Setting:
    prepare_torchvision()
    import timm

    torch.manual_seed(0)
    module = timm.create_model("vit_base_patch16_224", pretrained=False)
    model = model_of(module)
    network = network_of(model)
    pixels = np.random.default_rng(0).normal(size=(3, 224, 224)).astype(np.float32)
    image = PreparedImage(
        pixels,
        np.zeros((224, 224, 3), np.uint8),
        Placement((224, 224), (224, 224), Box(0, 0, 224, 224)),
        Preparation(),
    )
    run = run_on_image(network, image)
    return network, image, block_modes(model, AT, OPTIONS), run


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def milliseconds(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return 1000 * (time.process_time() - start)


def medians(*sides: Callable[[], object]) -> list[float]:
    """Median milliseconds of each, taking turns."""
    for side in sides:
        side()
    taken = [[milliseconds(side) for side in sides] for _ in range(REPEATS)]
    return [statistics.median(own) for own in zip(*taken, strict=True)]


def report(name: str, ours: float, reference: float, *, bar: float) -> None:
    ratio = ours / reference
    sys.stdout.write(
        f"\n{name}: ours {ours:.1f} ms, reference {reference:.1f} ms, ratio {ratio:.3f}, "
        f"bar {bar:.3f}\n"
    )
    assert ratio <= bar, f"{name}: {ratio:.3f} is above the bar {bar:.3f}"


def through_query_and_key(run: ImageRun, modes: BlockModes, inner: list[torch.Tensor]) -> None:
    """The block's own projection of query and key, then d_k x d_k to the modes of each head."""
    block = run.network.blocks[AT.block]
    taps = run.blocks[AT]
    with torch.inference_mode():
        parts = block.attend(taps.attn_input, taps.grid)
        for side, bias, small in zip(
            (parts.query, parts.key), (parts.query_bias, parts.key_bias), inner, strict=True
        ):
            small @ (side[0] - bias[:, None]).mT


def test_that_all_maps_of_a_block_cost_a_seventh_of_a_forward_pass(vit_b: Setting):
    network, image, modes, run = vit_b
    ours, forward = medians(
        lambda: run.maps(modes, OPTIONS, SPACE),
        lambda: run_on_image(network, image, addresses=[AT]),
    )
    report("ViT-B/16, all maps and ranking of a block", ours, forward, bar=BAR)


def test_that_the_way_through_query_and_key_would_not_be_quicker(vit_b: Setting):
    _, _, modes, run = vit_b
    inner = [torch.randn(modes.num_heads, modes.num_modes, 64) for _ in range(2)]
    ours, other = medians(
        lambda: run.maps(modes, OPTIONS, SPACE), lambda: through_query_and_key(run, modes, inner)
    )
    report("ViT-B/16, maps by u and v against by query and key", ours, other, bar=DIRECT_BAR)
