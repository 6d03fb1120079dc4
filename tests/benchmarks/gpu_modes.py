"""A ViT-L/16 on a graphics processor against the processor: the same numbers, and how much faster.

Run explicitly on a machine with CUDA: ``python tests/benchmarks/gpu_modes.py``. A random model is
written to a temporary file in timm's naming, opened by the program's own reader, and run on one
picture on both devices: a forward pass with capture, the modes of all heads of all blocks, and the
maps of one block. Ends with an error when the numbers differ by more than 1e-4 of the largest.

Single modes are compared where their sigma is apart from its neighbours' by `SEPARATED` of the
largest: nearer ones turn into each other by the last digit of a weight, on one device as on two.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from inspector.analysis.devices import resolve_device
from inspector.analysis.modes import model_modes
from inspector.analysis.on_image import ImageRun, run_on_image
from inspector.core.address import Address
from inspector.core.modes import ModelModes, ModeOptions, TokenSpace
from inspector.core.preparation import Preparation, PreparedImage
from inspector.core.tokens import Box, Placement
from inspector.families import open_model
from inspector.families.running import build_network

WIDTH, DEPTH, CLASSES, SIDE, PATCH = 1024, 24, 10, 224, 16
BAR = 1e-4
SEPARATED = 3e-3
REPEATS = 3
AT = Address(0, 11)
Answer = tuple[ImageRun, ModelModes]


def vit_l(*, width: int = WIDTH, depth: int = DEPTH) -> dict[str, torch.Tensor]:
    """Random weights of a plausible size in timm's naming."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator) / shape[-1] ** 0.5

    def norm(name: str) -> dict[str, torch.Tensor]:
        gain = 1 + 0.1 * torch.randn(width, generator=generator)
        return {f"{name}.weight": gain, f"{name}.bias": draw(width)}

    def linear(name: str, out: int, given: int) -> dict[str, torch.Tensor]:
        return {f"{name}.weight": draw(out, given), f"{name}.bias": draw(out)}

    state = {
        "cls_token": draw(1, 1, width),
        "pos_embed": draw(1, (SIDE // PATCH) ** 2 + 1, width),
        "patch_embed.proj.weight": 0.05 * torch.randn(width, 3, PATCH, PATCH, generator=generator),
        "patch_embed.proj.bias": draw(width),
    }
    for block in range(depth):
        at = f"blocks.{block}"
        state |= norm(f"{at}.norm1") | norm(f"{at}.norm2")
        state |= linear(f"{at}.attn.qkv", 3 * width, width)
        state |= linear(f"{at}.attn.proj", width, width)
        state |= linear(f"{at}.mlp.fc1", 4 * width, width)
        state |= linear(f"{at}.mlp.fc2", width, 4 * width)
    return state | norm("norm") | linear("head", CLASSES, width)


def picture() -> PreparedImage:
    """One input of the model's size."""
    pixels = np.random.default_rng(0).normal(size=(3, SIDE, SIDE)).astype(np.float32)
    placement = Placement((SIDE, SIDE), (SIDE, SIDE), Box(0, 0, SIDE, SIDE))
    return PreparedImage(pixels, np.zeros((SIDE, SIDE, 3), np.uint8), placement, Preparation())


def seconds(action: Callable[[], object]) -> float:
    """Best of some repeats; what a graphics processor still has to do is waited for."""
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        action()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - start)
    return min(taken)


def apart(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference, as a share of the largest number."""
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def separated(sigma: np.ndarray) -> np.ndarray:
    """(heads, modes) whether a mode can be told from its neighbours."""
    gaps = -np.diff(sigma, axis=1, prepend=np.inf, append=-np.inf) / sigma[:, :1]
    return np.minimum(gaps[:, :-1], gaps[:, 1:]) > SEPARATED


def differences(one: Answer, other: Answer) -> dict[str, float]:
    """Of everything that is shown, between two devices."""
    (run, modes), (slow_run, slow_modes) = one, other
    found = {"sigma": 0.0, "cosine": 0.0, "weighted cosine": 0.0, "attention input": 0.0}
    for block, expected in zip(modes.blocks, slow_modes.blocks, strict=True):
        own = separated(expected.sigma)
        for name, pair in {
            "sigma": (block.sigma, expected.sigma),
            "cosine": (block.cosine[own], expected.cosine[own]),
            "weighted cosine": (block.weighted_cosine, expected.weighted_cosine),
            "attention input": tuple(
                r.blocks[block.address].attn_input.cpu().numpy() for r in (run, slow_run)
            ),
        }.items():
            found[name] = max(found[name], apart(*pair))
    maps = [
        r.maps(m.by_address[AT], ModeOptions(), TokenSpace.ATTENTION_INPUT)
        for r, m in ((run, modes), (slow_run, slow_modes))
    ]
    for name in ("query", "key", "contribution"):
        own = separated(slow_modes.by_address[AT].sigma)
        found[f"maps, {name}"] = apart(*(getattr(m, name)[own] for m in maps))
    return found


def main() -> int:
    """Measure, compare, and tell."""
    device = resolve_device("cuda")
    say = sys.stdout.write
    say(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, ")
    say(f"{torch.get_num_threads()} threads on the processor\n")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vit_large_patch16_224.pth"
        torch.save({"arch": "vit_large_patch16_224", "state_dict": vit_l()}, path)
        with open_model(path) as model:
            image, options = picture(), ModeOptions()
            networks = {name: build_network(model, device=name) for name in (device, "cpu")}
            answers, times = {}, {}
            for name, network in networks.items():
                answers[name] = (
                    run_on_image(network, image),
                    model_modes(model, options, device=name),
                )
                times[name] = (
                    seconds(lambda n=network: run_on_image(n, image)),
                    seconds(lambda d=name: model_modes(model, options, device=d)),
                    seconds(
                        lambda a=answers[name]: a[0].maps(
                            a[1].by_address[AT], options, TokenSpace.ATTENTION_INPUT
                        )
                    ),
                )
            work = ("forward with capture", "modes of all heads", "maps of a block")
            for what, quick, slow in zip(work, times[device], times["cpu"], strict=True):
                say(f"{what}: {device} {1000 * quick:.1f} ms, cpu {1000 * slow:.1f} ms, ")
                say(f"ratio {slow / quick:.1f}\n")
            heads = [len(block.sigma) for block in answers["cpu"][1].blocks]
            say(f"{sum(heads)} heads in {len(heads)} blocks\n")
            worst = differences(answers[device], answers["cpu"])
    for what, difference in worst.items():
        say(f"{what}: largest relative difference {difference:.1e}, bar {BAR:.0e}\n")
    return int(max(worst.values()) > BAR)


if __name__ == "__main__":
    sys.exit(main())
