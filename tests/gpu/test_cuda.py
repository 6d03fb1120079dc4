"""The same numbers on CUDA as on the processor, for a random ViT-L; needs a machine with CUDA."""

import numpy as np
import pytest
import torch

from inspector.analysis.modes import model_modes
from inspector.analysis.on_image import run_on_image
from inspector.core.modes import ModeOptions, TokenSpace
from inspector.families import recognise
from inspector.families.model import Model
from inspector.families.running import build_network
from tests.benchmarks.gpu_modes import AT, BAR, apart, differences, picture, vit_l
from tests.families.made import checkpoint_of

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(),
    reason="NOT TESTED ON A GRAPHICS PROCESSOR: this machine has no CUDA device",
)


@pytest.fixture(scope="module")
def model() -> Model:
    state = {name: tensor.numpy() for name, tensor in vit_l().items()}
    checkpoint = checkpoint_of(state, config={"timm": {"architecture": "vit_large_patch16_224"}})
    return Model(checkpoint, recognise(checkpoint))


def test_that_modes_residuals_and_maps_are_those_of_the_processor(model):
    answers = [
        (
            run_on_image(build_network(model, device=device), picture()),
            model_modes(model, ModeOptions(), device=device),
        )
        for device in ("cuda", "cpu")
    ]
    worst = differences(*answers)
    assert max(worst.values()) < BAR, worst


def test_that_attention_is_that_of_the_processor(model):
    found, expected = (
        run_on_image(build_network(model, device=device), picture(), addresses=[AT]).attention(AT)
        for device in ("cuda", "cpu")
    )
    for name in ("tokens", "query", "key", "value"):
        assert apart(getattr(found, name), getattr(expected, name)) < BAR


def test_that_what_was_kept_is_used_after_the_settings_of_the_device_are_back(model):
    before = torch.backends.cudnn.conv.fp32_precision
    run = run_on_image(build_network(model, device="cuda"), picture(), addresses=[AT])
    assert torch.backends.cudnn.conv.fp32_precision == before
    modes = model_modes(model, ModeOptions(), device="cuda").by_address[AT]
    maps = run.maps(modes, ModeOptions(), TokenSpace.ATTENTION_INPUT)
    assert np.isfinite(maps.query).all()
