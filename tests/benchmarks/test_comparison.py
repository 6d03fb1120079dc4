"""Comparing two Swin-S checkpoints against one plain pass of torch over the same weights.

Run explicitly: ``pytest tests/benchmarks/test_comparison.py -s``. Prints one line a ratio: name,
ours, reference, ratio, bar. Both sides open the files anew in every repeat, take turns, and use
the same number of threads: ours computes on one, so torch is given one.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from inspector.analysis.evolution import compare, compare_series
from inspector.analysis.invariant import with_products
from inspector.analysis.patterns import find_patterns
from inspector.core.comparison import Axis
from inspector.families import open_model

DEPTHS, WIDTH, HEADS = (2, 2, 18, 2), 96, (3, 6, 12, 24)
REPEATS = 21
BAR = 3.0
LENGTH_BAR = 4.0
SECONDS_BAR = 5.0
UNIT_BAR_MS = 100


def swin_s(seed: int) -> dict[str, torch.Tensor]:
    """The backbone of a Swin-S in the official naming, weights of a plausible size."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return 0.05 * torch.randn(shape, generator=generator)

    state = {"patch_embed.proj.weight": draw(WIDTH, 3, 4, 4), "patch_embed.proj.bias": draw(WIDTH)}
    for stage, (depth, heads) in enumerate(zip(DEPTHS, HEADS, strict=True)):
        d = WIDTH << stage
        for block in range(depth):
            at = f"layers.{stage}.blocks.{block}"
            state |= {
                f"{at}.norm1.weight": draw(d),
                f"{at}.norm1.bias": draw(d),
                f"{at}.attn.relative_position_bias_table": draw(169, heads),
                f"{at}.attn.qkv.weight": draw(3 * d, d),
                f"{at}.attn.qkv.bias": draw(3 * d),
                f"{at}.attn.proj.weight": draw(d, d),
                f"{at}.attn.proj.bias": draw(d),
                f"{at}.norm2.weight": draw(d),
                f"{at}.norm2.bias": draw(d),
                f"{at}.mlp.fc1.weight": draw(4 * d, d),
                f"{at}.mlp.fc1.bias": draw(4 * d),
                f"{at}.mlp.fc2.weight": draw(d, 4 * d),
                f"{at}.mlp.fc2.bias": draw(d),
            }
        if stage < len(DEPTHS) - 1:
            state[f"layers.{stage}.downsample.reduction.weight"] = draw(2 * d, 4 * d)
            state[f"layers.{stage}.downsample.norm.weight"] = draw(4 * d)
            state[f"layers.{stage}.downsample.norm.bias"] = draw(4 * d)
    return state | {"norm.weight": draw(8 * WIDTH), "norm.bias": draw(8 * WIDTH)}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("swin_s")
    before = swin_s(0)
    noise = swin_s(1)
    after = {name: tensor + 0.1 * noise[name] for name, tensor in before.items()}
    paths = folder / "before.pth", folder / "after.pth"
    for path, state in zip(paths, (before, after), strict=True):
        torch.save(state, path)
    return paths


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def plain_pass(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> float:
    """Read both sets of Q, K and V and take the norm of their difference."""
    return sum(float((a[name] - b[name]).norm()) for name in a if name.endswith("qkv.weight"))


def double_pass(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> float:
    """The same pass in float64."""
    return sum(
        float((a[name].double() - b[name].double()).norm())
        for name in a
        if name.endswith("qkv.weight")
    )


def load(path: Path) -> dict[str, torch.Tensor]:
    """Map a file that this test wrote."""
    return torch.load(path, mmap=True, weights_only=True)  # noqa: TID251


def milliseconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - start)


def medians(*sides: Callable[[], object]) -> list[float]:
    """Median milliseconds of each, taking turns."""
    taken: list[list[float]] = [[] for _ in sides]
    for _ in range(REPEATS):
        for side, own in zip(sides, taken, strict=True):
            own.append(milliseconds(side))
    return [statistics.median(own) for own in taken]


def report(name: str, ours: float, reference: float, *, bar: float) -> None:
    ratio = ours / reference
    sys.stdout.write(
        f"\n{name}: ours {ours:.1f} ms, reference {reference:.1f} ms, ratio {ratio:.2f}, "
        f"bar {bar:.2f}\n"
    )
    assert ratio <= bar, f"{name}: {ratio:.2f} is above the bar {bar:.2f}"


@pytest.mark.parametrize("axis", ["out", "in"])
def test_that_all_metrics_of_all_vectors_cost_at_most_three_plain_passes(
    files: tuple[Path, Path], axis: Axis
):
    def ours() -> None:
        with open_model(files[0]) as a, open_model(files[1]) as b:
            compare(a, b, axis=axis)

    taken, reference = medians(ours, lambda: plain_pass(load(files[0]), load(files[1])))
    report(f"Swin-S opened and compared, axis {axis}", taken, reference, bar=BAR)


def test_that_it_costs_at_most_three_plain_passes_over_safetensors_too(
    files: tuple[Path, Path], tmp_path: Path
):
    """The quickest reader there is on the other side: the file is mapped, nothing is parsed."""
    paths = [tmp_path / f"{path.stem}.safetensors" for path in files]
    for source, path in zip(files, paths, strict=True):
        save_file(load(source), path)

    def ours() -> None:
        with open_model(paths[0]) as a, open_model(paths[1]) as b:
            compare(a, b)

    taken, reference = medians(ours, lambda: plain_pass(*map(load_file, paths)))
    report("Swin-S opened and compared, safetensors", taken, reference, bar=BAR)


def test_that_the_arithmetic_costs_at_most_three_passes_of_the_same_precision(
    files: tuple[Path, Path],
):
    """Weights already in memory; torch widens them to float64, as the comparison does."""
    mapped = load(files[0]), load(files[1])
    with open_model(files[0]) as a, open_model(files[1]) as b:
        taken, reference = medians(partial(compare, a, b), lambda: double_pass(*mapped))
    report("Swin-S compared, in memory, against float64", taken, reference, bar=BAR)


def test_that_a_change_of_length_alone_costs_little_more(files: tuple[Path, Path], tmp_path: Path):
    longer = {name: 1.01 * tensor for name, tensor in load(files[0]).items()}
    torch.save(longer, tmp_path / "longer.pth")
    with open_model(files[0]) as a, open_model(tmp_path / "longer.pth") as b:
        delicate, usual = medians(lambda: compare(a, b), lambda: compare(a, a))
    report("Swin-S, change of length alone, against no change", delicate, usual, bar=LENGTH_BAR)


def test_that_products_and_patterns_take_a_few_seconds_at_most(files: tuple[Path, Path]):
    with open_model(files[0]) as a, open_model(files[1]) as b:
        series = compare_series(a, [b])
        start = time.perf_counter()
        with_products(series, a, [b])
        products = time.perf_counter() - start
    gaps = []
    last = start = time.perf_counter()

    def progress(done: int, total: int, text: str = "") -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append(now - last)
        last = now

    find_patterns(series.comparisons[0], progress=progress)
    patterns = time.perf_counter() - start
    sys.stdout.write(
        f"\nSwin-S head products: {products:.2f} s; local patterns: {patterns:.2f} s, longest unit "
        f"{1000 * max(gaps):.0f} ms, bars {SECONDS_BAR} s and {UNIT_BAR_MS} ms\n"
    )
    assert products + patterns < SECONDS_BAR
    assert 1000 * max(gaps) < UNIT_BAR_MS


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
def test_that_cuda_gives_the_same_numbers(files: tuple[Path, Path]):
    with open_model(files[0]) as a, open_model(files[1]) as b:
        plain, quick = compare(a, b), compare(a, b, device="cuda")
        with_cuda = with_products(compare_series(a, [b]), a, [b], device="cuda")
        with_cpu = with_products(compare_series(a, [b]), a, [b])
        cuda, cpu = medians(lambda: compare(a, b, device="cuda"), lambda: compare(a, b))
    for (_, one), (_, other) in zip(plain.cells(), quick.cells(), strict=True):
        np.testing.assert_allclose(other.values, one.values, rtol=1e-9, atol=1e-12)
    pairs = zip(with_cpu.comparisons[0].blocks, with_cuda.comparisons[0].blocks, strict=True)
    for one, other in pairs:
        np.testing.assert_allclose(other.query_key, one.query_key, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(other.value_output, one.value_output, rtol=1e-9, atol=1e-12)
    sys.stdout.write(f"\nSwin-S on CUDA: {cuda:.1f} ms, on the processor {cpu:.1f} ms\n")
