"""Small Swins of every code base, with weights at random, and how far two tensors are apart."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from inspector.core.tokens import Box, Placement
from inspector.families import recognise
from inspector.families.capture import Capture, Tap, capture, mixed
from inspector.families.model import Model
from inspector.families.network import Network
from inspector.families.running import build_network
from tests.families.made import checkpoint_of


def random_weights(module: nn.Module, seed: int = 0) -> nn.Module:
    """Every parameter drawn, norms and bias tables too, so that nothing can be left out unseen."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            drawn = torch.randn(parameter.shape, generator=generator)
            if "norm" in name:
                parameter.copy_(0.3 * drawn + (1.0 if name.endswith("weight") else 0.0))
            elif "logit_scale" in name:
                # some above the largest, log 100, at which they are clamped
                parameter.copy_(3.5 + 1.5 * drawn)
            elif parameter.ndim > 1 and "table" not in name:
                parameter.copy_(drawn / parameter[0].numel() ** 0.5)
            else:
                parameter.copy_(0.5 * drawn)
    return module.eval()


def model_of(module: nn.Module, config: Mapping[str, Any] | None = None, prefix: str = "") -> Model:
    """A module's state dict as an open checkpoint."""
    state = {prefix + name: tensor for name, tensor in module.state_dict().items()}
    checkpoint = checkpoint_of(state, config=config)
    return Model(checkpoint, recognise(checkpoint))


def network_of(model: Model) -> Network:
    return build_network(model)


def picture(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def placement_of(pixels: Tensor) -> Placement:
    shape = (pixels.shape[2], pixels.shape[3])
    return Placement(shape, shape, Box(0, 0, float(shape[0]), float(shape[1])))


def captured(network: Network, pixels: Tensor) -> Capture:
    return capture(network, pixels, placement_of(pixels))


def apart(found: Tensor | np.ndarray, expected: Tensor | np.ndarray) -> float:
    """Largest difference, relative to the largest number."""
    one, other = (torch.as_tensor(t).double() for t in (found, expected))
    assert one.shape == other.shape, (one.shape, other.shape)
    return ((one - other).abs().max() / other.abs().max()).item()


def residuals(network: Network, pixels: Tensor) -> list[Tensor]:
    """(batch, tokens, d) after each block."""
    kept = capture(network, pixels, placement_of(pixels), taps=[Tap.RESID_POST])
    return [kept.blocks[block.address].resid_post for block in network.blocks]


def outputs_of(
    module: nn.Module, blocks: list[nn.Module], pixels: Tensor
) -> tuple[Any, list[Tensor]]:
    """What an original gives, and (batch, tokens, d) after each of its blocks."""
    kept: list[Tensor] = []

    def keep(block: nn.Module, arguments: Any, output: Any) -> None:
        del block, arguments
        first = output[0] if isinstance(output, tuple) else output
        kept.append(first.flatten(1, -2))

    handles = [block.register_forward_hook(keep) for block in blocks]
    with torch.no_grad():
        output = module(pixels)
    for handle in handles:
        handle.remove()
    return output, kept


def assert_whole(network: Network, pixels: Tensor) -> None:
    """What each block adds up to, and that attention is what its parts say."""
    found = captured(network, pixels)
    for block in network.blocks:
        kept = found.blocks[block.address]
        assert kept.resid_pre.shape[1] == kept.grid.count
        total = kept.resid_pre + kept.attn_out + kept.mlp_out
        assert apart(total, kept.resid_post) < 1e-6, block.address
        parts = block.attend(kept.attn_input, kept.grid)
        again = block.write(mixed(parts, kept.grid))
        assert apart(again, kept.attn_out) < 1e-5, block.address


def swin_in_mmdetections_names(
    *, of: nn.Module | None = None, norms: bool = True, classes: int = 0
) -> nn.Module:
    """A backbone of Hugging Face as MMDetection stores it; its own weights unless it is given."""
    from tests.families.made import prepare_torchvision

    prepare_torchvision()
    from transformers import SwinBackbone, SwinConfig

    if of is None:
        sizes = {"image_size": 64, "embed_dim": 16, "depths": [2, 2, 2], "num_heads": [1, 2, 4]}
        stages = ["stage1", "stage2", "stage3"]
        config = SwinConfig(**sizes, window_size=4, out_features=stages)
        of = random_weights(SwinBackbone(config))
    state = of.state_dict()
    named = _Named()
    for name, tensor in state.items():
        if "hidden_states_norms" in name and not norms:
            continue
        renamed = _mmdetection_name(name)
        if renamed is not None:
            named.put(renamed, _unfolded(tensor) if "downsample" in renamed else tensor)
    for stage, depth in enumerate((2, 2, 2)):
        for block in range(depth):
            old = f"swin.encoder.layers.{stage}.blocks.{block}.attention."
            for word in ("weight", "bias"):
                thirds = [state[f"{old}{m}_proj.{word}"] for m in "qkv"]
                place = f"stages.{stage}.blocks.{block}.attn.w_msa.qkv.{word}"
                named.put(place, torch.cat(thirds))
    if classes:
        named.put("head.fc.weight", torch.randn(classes, 64))
        named.put("head.fc.bias", torch.randn(classes))
    return named


class _Named(nn.Module):
    """Tensors by any name, in the order they were put."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: dict[str, Tensor] = {}

    def put(self, name: str, tensor: Tensor) -> None:
        self._kept[name] = tensor.detach().clone()

    def state_dict(self, *arguments: Any, prefix: str = "", **more: Any) -> dict[str, Tensor]:
        """What was put, under the prefix of the module around."""
        del arguments
        own = {prefix + name: tensor for name, tensor in self._kept.items()}
        destination = more.get("destination")
        if destination is not None:
            destination.update(own)
        return own


_WORDS = (
    ("swin.embeddings.patch_embeddings.projection", "patch_embed.projection"),
    ("swin.embeddings.norm", "patch_embed.norm"),
    ("swin.encoder.layers.", "stages."),
    ("hidden_states_norms.stage1", "norm0"),
    ("hidden_states_norms.stage2", "norm1"),
    ("hidden_states_norms.stage3", "norm2"),
    ("layernorm_before", "norm1"),
    ("layernorm_after", "norm2"),
    ("attention.o_proj", "attn.w_msa.proj"),
    ("attention.relative_position_bias.", "attn.w_msa."),
    ("mlp.fc1", "ffn.layers.0.0"),
    ("mlp.fc2", "ffn.layers.1"),
)


def _mmdetection_name(name: str) -> str | None:
    if name.startswith("swin.layernorm") or "_proj." in name.replace("o_proj.", ""):
        return None
    for one, other in _WORDS:
        name = name.replace(one, other)
    return name


def _unfolded(tensor: Tensor) -> Tensor:
    """From (column, row, channel), as four neighbours lie side by side, to unfold's order."""
    channels = tensor.shape[-1] // 4
    order = [
        (column * 2 + row) * channels + channel
        for channel in range(channels)
        for row in (0, 1)
        for column in (0, 1)
    ]
    return tensor[..., order]
