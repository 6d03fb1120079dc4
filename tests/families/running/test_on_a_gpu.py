"""Everything of a network is on the device it was built for, and gives the same numbers there."""

import pytest
import torch

from inspector.families import open_model
from inspector.families.capture import capture, mixed
from inspector.families.running import build_network
from inspector.families.torchvision_guard import prepare_torchvision
from tests.families.running.plain import pixels_of, placement_of, randomised, saved

SIZES = {"img_size": (64, 48), "patch_size": 16, "embed_dim": 96, "depth": 2, "num_heads": 3}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
@pytest.mark.parametrize(
    "name",
    [
        "vit_small_patch16_224",
        "vit_small_patch14_reg4_dinov2",
        "vit_small_patch16_dinov3",
        "beit_base_patch16_224",
        "eva02_tiny_patch14_224",
    ],
)
def test_that_a_network_on_a_gpu_is_the_one_on_the_cpu(tmp_path, name) -> None:
    prepare_torchvision()
    import timm

    module = randomised(timm.create_model(name, pretrained=False, **SIZES))
    config = {"architecture": name, "model_args": {"img_size": [64, 48], "num_heads": 3}}
    with open_model(saved(tmp_path, module.state_dict(), config)) as model:
        networks = [build_network(model, device=device) for device in ("cpu", "cuda")]
    pixels = pixels_of(64, 48)
    one, other = (capture(network, pixels, placement_of(pixels)) for network in networks)
    assert other.output.is_cuda
    for block, twin in zip(networks[0].blocks, networks[1].blocks, strict=True):
        here, there = one.blocks[block.address], other.blocks[block.address]
        error = (there.resid_post.cpu() - here.resid_post).abs().max() / here.resid_post.abs().max()
        assert float(error) < 1e-4
        parts = twin.attend(there.attn_input, there.grid)
        written = twin.write(mixed(parts, there.grid))
        error = (written - there.attn_out).abs().max() / there.attn_out.abs().max()
        assert float(error) < 1e-4
