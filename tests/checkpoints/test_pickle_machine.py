"""The machine against Python's own pickle, whatever pieces the file is read in."""

import pickle
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from inspector.checkpoints import open_checkpoint, pickle_bytes
from inspector.checkpoints.mapped_file import MappedFile
from inspector.checkpoints.pickle_machine import MOST_STEPS, PickleMachine
from inspector.checkpoints.pickle_rebuild import Rebuild
from inspector.checkpoints.pickle_values import Span
from inspector.core.errors import BadCheckpoint

WHOLE = 1 << 18
PIECES = (1, 7, 10, 23, 64, 301)
BEHIND = b"behind"
NUMBERS = (0, 255, 256, 65_535, 65_536, -1, 2**31 - 1, -(2**31), 2**31, 2**40, -(2**70), 2**800)
TEXTS = ("", "a\\b\n", "é€😀\x00'", "z" * 255, "z" * 256, "x" * 4091, "x" * 4096, "é" * 2049)


def some_value(dice: random.Random, depth: int = 0) -> Any:
    """A plain value as a training stores it: numbers, texts, and collections of them."""
    kind = dice.randrange(10 if depth < 4 else 6)
    if kind == 0:
        return dice.choice([None, True, False, (), b"", dice.randbytes(300)])
    if kind == 1:
        return dice.choice(NUMBERS)
    if kind == 2:
        return dice.choice([0.0, -1.5, 1e300, float("inf"), dice.random()])
    if kind == 3:
        return dice.choice(TEXTS)
    if kind in (4, 5):
        return [dice.randrange(70_000) for _ in range(dice.randrange(300))]
    inner = [some_value(dice, depth + 1) for _ in range(dice.randrange(5))]
    if kind == 6:
        return tuple(inner)
    if kind == 7:
        return {dice.choice([f"key{n}", n]): value for n, value in enumerate(inner)}
    return [inner, inner, (inner,)]


def read(path: Path) -> tuple[Any, int]:
    """The value, and where its pickle ends."""
    file = MappedFile(path)
    try:
        machine = PickleMachine(file, 0, file.size, rebuild=Rebuild())
        return read_out(machine.read()), machine.position
    finally:
        file.close()


def read_out(value: Any) -> Any:
    if isinstance(value, Span):
        return value.read_text(1 << 20) if value.text else value.read_bytes()
    if isinstance(value, list | tuple):
        return type(value)(map(read_out, value))
    if isinstance(value, dict):
        return {key: read_out(part) for key, part in value.items()}
    return value


@pytest.mark.parametrize("protocol", range(6))
def test_that_plain_values_are_read_as_python_reads_them(tmp_path: Path, monkeypatch, protocol):
    dice = random.Random(protocol)
    path = tmp_path / "m.pkl"
    for _ in range(12):
        value = [some_value(dice) for _ in range(4)]
        pickled = pickle.dumps(value, protocol=protocol)
        path.write_bytes(pickled + BEHIND)
        for piece in (WHOLE, *PIECES):
            monkeypatch.setattr(pickle_bytes, "_PIECE", piece)
            found, end = read(path)
            assert repr(found) == repr(value), f"pieces of {piece}"
            assert end == len(pickled), f"pieces of {piece}"


WRONG = {
    "a tuple without a mark": b"t",
    "a call of nothing": b"R",
    "a call without arguments": b"NR",
    "a tuple of one of nothing": b"\x85",
    "a tuple of two of one": b"N\x86",
    "a storage of nothing": b"Q",
    "a storage of a number": b"K\x01Q",
    "a value that was never given": b"h\x07",
    "a distant value that was never given": b"j\xff\xff\xff\xff",
    "nothing to keep": b"r\0\0\0\0",
    "nothing above a mark": b"N(r\0\0\0\0",
    "a text that is none": b"X\x02\0\0\0\xff\xfe",
    "a text longer than the file": b"X\xff\xff\xff\xff",
}


@pytest.mark.parametrize("form", WRONG)
def test_that_a_wrong_pickle_is_refused_in_whatever_pieces(tmp_path: Path, monkeypatch, form):
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x02" + WRONG[form] + b"N" * 40 + b".")
    for piece in (WHOLE, *PIECES):
        monkeypatch.setattr(pickle_bytes, "_PIECE", piece)
        with pytest.raises(BadCheckpoint, match=r"m\.pkl") as caught:
            open_checkpoint(path)
        assert caught.value.advice


def test_that_millions_of_short_opcodes_report_and_end(tmp_path: Path):
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x02" + b"N0" * (MOST_STEPS // 2) + b"K\x01" * MOST_STEPS + b".")
    file = MappedFile(path)
    seen: list[int] = []

    def progress(done: int, total: int, text: str = "") -> None:
        assert done <= total, text
        seen.append(done)

    machine = PickleMachine(file, 0, file.size, rebuild=Rebuild(), progress=progress)
    with pytest.raises(BadCheckpoint, match="more than 2,000,000 values"):
        machine.read()
    file.close()
    assert max(later - earlier for earlier, later in pairwise(seen)) <= 2 * WHOLE
    assert seen[-1] >= MOST_STEPS // 2
