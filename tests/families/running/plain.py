"""Small random models, saved and opened as files, run by us and by those who wrote them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from inspector.core.tokens import Box, Placement
from inspector.families import open_model
from inspector.families.capture import Capture, capture, mixed
from inspector.families.model import Model
from inspector.families.network import Network
from inspector.families.running import build_network

TOLERANCE = 1e-5


def randomised(module: nn.Module, *, seed: int = 0) -> nn.Module:
    """Every parameter drawn anew: gains around 1, LayerScale and biases far from 0."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            word = name.rpartition(".")[2]
            if word in ("gamma", "gamma_1", "gamma_2", "lambda_1", "lambda_2", "lambda1"):
                parameter.copy_(0.6 + 0.3 * noise)
            elif parameter.ndim == 1 and word == "weight":
                parameter.copy_(1.0 + 0.3 * noise)
            elif parameter.ndim >= 2 and word == "weight":
                parameter.copy_(noise * 1.2 / parameter[0].numel() ** 0.5)
            else:
                parameter.copy_(0.3 * noise)
    return module.eval().requires_grad_(False)


def saved(folder: Path, state: Mapping[str, Tensor], config: Mapping[str, Any] | None = None):
    """Write tensors, and the configuration beside them, as they are published."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: t.contiguous() for name, t in state.items()}, folder / "model.safetensors")
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    return folder


def opened(folder: Path, *, heads: int | None = None) -> tuple[Model, Network]:
    """The model in a folder, running; the file may be gone afterwards."""
    with open_model(folder, heads=heads) as model:
        return model, build_network(model)


def pixels_of(rows: int, columns: int, *, batch: int = 2, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn((batch, 3, rows, columns), generator=generator)


def placement_of(pixels: Tensor) -> Placement:
    """The whole of a picture that is twice as large."""
    rows, columns = (int(side) for side in pixels.shape[2:])
    shape = (2 * rows, 2 * columns)
    return Placement(shape, (rows, columns), Box(0.0, 0.0, *map(float, shape)))


def run(network: Network, pixels: Tensor) -> Capture:
    return capture(network, pixels, placement_of(pixels))


def assert_close(found: Tensor, expected: Tensor, what: str = "") -> None:
    """Equal to 1e-5 of the largest number."""
    assert found.shape == expected.shape, (what, found.shape, expected.shape)
    error = float((found - expected).abs().max() / expected.abs().max())
    assert error <= TOLERANCE, f"{what}: off by {error:.2e}"


def assert_sound(network: Network, pixels: Tensor) -> Capture:
    """The residual is the sum of its branches, and attention is what its parts make of it."""
    found = run(network, pixels)
    assert list(found.blocks) == [block.address for block in network.blocks]
    for block in network.blocks:
        taps = found.blocks[block.address]
        assert taps.grid.count == taps.resid_pre.shape[1]
        assert taps.grid.prefix == network.prefix
        total = taps.resid_pre + taps.attn_out + taps.mlp_out
        assert_close(total, taps.resid_post, f"{block.address} residual")
        assert float(taps.attn_out.abs().max()) > 0.01
        assert float(taps.mlp_out.abs().max()) > 0.01
        parts = block.attend(taps.attn_input, taps.grid)
        written = block.write(mixed(parts, taps.grid))
        assert_close(written, taps.attn_out, f"{block.address} attention")
    return found


def residuals_of(blocks, run_model) -> tuple[list[Tensor], Any]:
    """Input of the first block and output of each, and what the original model gives."""
    kept: list[Tensor] = []
    handles = [blocks[0].register_forward_pre_hook(lambda _m, given: kept.append(given[0]))]

    def keep(_module, _given, output) -> None:
        kept.append(output[0] if isinstance(output, tuple) else output)

    handles += [block.register_forward_hook(keep) for block in blocks]
    try:
        with torch.no_grad():
            output = run_model()
    finally:
        for handle in handles:
            handle.remove()
    return kept, output


def assert_same_residuals(found: Capture, expected: list[Tensor]) -> None:
    """Every residual of ours is that of the original."""
    blocks = list(found.blocks.values())
    assert len(expected) == len(blocks) + 1
    assert_close(blocks[0].resid_pre, expected[0], "embedding")
    for number, block in enumerate(blocks):
        assert_close(block.resid_post, expected[number + 1], f"block {number}")
