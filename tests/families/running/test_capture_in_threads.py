"""One model captured from by several threads at once: each gets what its own pass computes."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from inspector.core.address import Address
from inspector.core.errors import Cancelled
from inspector.families.capture import ALL_TAPS, Capture, Tap, capture
from inspector.families.network import Network
from tests.analysis.running import running
from tests.families.running.plain import pixels_of, placement_of
from tests.families.running.test_capture import hooks

THREADS, ROUNDS = 4, 6
SIZES = {"vit": ((16, 12), (8, 16)), "eva02": ((16, 12), (8, 16)), "detection swin": ((44, 76),)}
SIZES |= {"swin v2": ((64, 64),)}


@dataclass(frozen=True, eq=False)
class Request:
    pixels: Tensor
    taps: tuple[Tap, ...]
    addresses: tuple[Address, ...] | None


@pytest.fixture(autouse=True)
def one_thread_each() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def requests_for(kind: str, network: Network) -> list[Request]:
    """No two alike: another picture, size, taps, blocks."""
    last = network.blocks[-1].address
    choices = [
        (ALL_TAPS, None),
        ((Tap.ATTN_INPUT,), None),
        ((Tap.RESID_PRE, Tap.ATTN_OUT), (last,)),
        ((Tap.RESID_POST, Tap.MLP_OUT), (network.blocks[0].address, last)),
    ]
    return [
        Request(pixels_of(*SIZES[kind][n % len(SIZES[kind])], batch=1, seed=n), *choices[n % 4])
        for n in range(THREADS * ROUNDS)
    ]


def run(network: Network, request: Request) -> Capture:
    with torch.inference_mode():
        return capture(
            network,
            request.pixels,
            placement_of(request.pixels),
            taps=request.taps,
            addresses=request.addresses,
        )


def assert_same(found: Capture, expected: Capture) -> None:
    assert torch.equal(found.output, expected.output)
    assert found.blocks.keys() == expected.blocks.keys()
    for address, block in expected.blocks.items():
        for tap in Tap:
            mine, theirs = getattr(found.blocks[address], tap), getattr(block, tap)
            assert (mine is None) == (theirs is None), tap
            assert mine is None or torch.equal(mine, theirs), tap


@pytest.mark.parametrize("kind", list(SIZES))
def test_that_each_thread_keeps_what_its_own_pass_computes(kind: str):
    network = running(kind)[1]
    requests = requests_for(kind, network)
    expected = [run(network, request) for request in requests]
    start = threading.Barrier(THREADS)

    def some(first: int) -> list[Capture]:
        start.wait()
        return [run(network, request) for request in requests[first::THREADS]]

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(some, range(THREADS)))
    for first, captures in enumerate(found):
        for mine, theirs in zip(captures, expected[first::THREADS], strict=True):
            assert_same(mine, theirs)
    assert hooks(network) == 0


def test_that_a_pass_goes_on_when_another_thread_begins_and_ends_one():
    """Hooks are there for the second pass and for the rest of the first, and gone after both."""
    network = running("vit")[1]
    first, second = requests_for("vit", network)[:2]
    expected = [run(network, first), run(network, second)]
    found: list[Capture] = []

    def other() -> None:
        found.append(run(network, second))

    def progress(done: int, total: int, text: str = "") -> None:
        del total, text
        if done == 1:
            thread = threading.Thread(target=other)
            thread.start()
            thread.join()
            assert hooks(network) > 0

    mine = capture(network, first.pixels, placement_of(first.pixels), progress=progress)
    assert_same(mine, expected[0])
    assert_same(found[0], expected[1])
    assert hooks(network) == 0


def test_that_a_pass_in_a_pass_keeps_its_own():
    network = running("vit")[1]
    outer, inner = requests_for("vit", network)[:2]
    expected = [run(network, outer), run(network, inner)]
    found: list[Capture] = []

    def progress(done: int, total: int, text: str = "") -> None:
        del total, text
        if done == 1:
            found.append(run(network, inner))

    mine = capture(network, outer.pixels, placement_of(outer.pixels), progress=progress)
    assert_same(mine, expected[0])
    assert_same(found[0], expected[1])


def test_that_progress_is_told_of_its_own_pass_and_a_cancel_ends_no_other():
    network = running("vit")[1]
    requests = requests_for("vit", network)[:THREADS]
    start = threading.Barrier(THREADS)
    told: list[list[int]] = [[] for _ in requests]

    def one(number: int) -> bool:
        def progress(done: int, total: int, text: str = "") -> None:
            del total, text
            told[number].append(done)
            if number == 0:
                raise Cancelled

        pixels = requests[number].pixels
        start.wait()
        try:
            capture(network, pixels, placement_of(pixels), progress=progress)
        except Cancelled:
            return False
        return True

    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(one, range(THREADS))) == [False, True, True, True]
    every = list(range(1, len(network.blocks) + 1))
    assert told == [[1], every, every, every]
    assert hooks(network) == 0
