"""``cache`` as a user meets it: what is kept of scans, and how it goes."""

from pathlib import Path

import numpy as np
import pytest

from inspector.cli.main import main
from inspector.core.folders import cache_folder
from inspector.scans.shards import Shard
from inspector.scans.store import DEFAULT_LIMIT, About, Store, default_store


def keep(store: Store, number: int, pictures: int) -> str:
    """A scan of its own, with so many pictures; its key."""
    about = About(f"model {number}.pth", "Optimal images", f"/images/{number}", "CPU")
    kept = store.open({"number": number}, about)
    keys = tuple(f"{number} {picture}" for picture in range(pictures))
    kept.write(Shard(keys, {"score": np.zeros((pictures, 1000), np.float32)}))
    return kept.key


@pytest.fixture
def keys() -> tuple[str, str]:
    store = default_store()
    return keep(store, 0, 3), keep(store, 1, 5)


def lines(capsys) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_that_an_empty_store_says_where_it_would_be_and_how_much_it_may_hold(capsys) -> None:
    assert main(["cache"]) == 0
    place, size = lines(capsys)
    assert place == str(cache_folder() / "scans")
    assert size == "0 bytes of at most 20 GB, 0 scans"


def test_that_every_scan_is_a_line_with_what_it_is(keys, capsys) -> None:
    assert main(["cache"]) == 0
    _, size, empty, header, *rows = lines(capsys)
    assert size.endswith("of at most 20 GB, 2 scans")
    assert size.split()[1] == "kB"
    assert empty == ""
    assert header.split("  ")[0].strip() == "key"
    (first,) = [row for row in rows if row.startswith(keys[0][:12])]
    for word in ("model 0.pth", "Optimal images", " 3 ", "kB", "/images/0", "CPU"):
        assert word in first
    assert len(rows) == 2


def test_that_one_scan_goes_by_the_beginning_of_its_key(keys, capsys) -> None:
    assert main(["cache", "--clear", keys[0][:8]]) == 0
    assert lines(capsys)[0].endswith("kB removed.")
    assert [scan.key for scan in default_store().scans()] == [keys[1]]


def test_that_everything_goes_at_once(keys, capsys) -> None:
    assert main(["cache", "--clear"]) == 0
    assert lines(capsys)[0].endswith("kB removed.")
    assert default_store().scans() == ()


@pytest.mark.parametrize("key", ["no such key", ""])
def test_that_a_key_of_no_scan_or_of_several_removes_nothing(keys, capsys, key) -> None:
    assert main(["cache", "--clear", key]) == 2
    assert "No kept scan has a key that begins" in capsys.readouterr().err
    assert len(default_store().scans()) == 2


def test_that_a_limit_is_kept_and_makes_room_at_once(keys, capsys) -> None:
    assert main(["cache", "--limit", "0.00001"]) == 0
    assert default_store().limit == 10_000
    assert lines(capsys)[1].endswith("of at most 10 kB, 0 scans")
    assert main(["cache", "--limit", "1.5"]) == 0
    assert lines(capsys)[1] == "0 bytes of at most 1.5 GB, 0 scans" or default_store().size


@pytest.mark.parametrize("limit", ["-1", "much", "nan", "1e12"])
def test_that_a_limit_that_is_no_size_is_refused(capsys, limit) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["cache", f"--limit={limit}"])
    assert "expected gigabytes" in capsys.readouterr().err
    assert default_store().limit == DEFAULT_LIMIT


def test_that_another_place_can_be_looked_at(tmp_path: Path, keys, capsys) -> None:
    other = Store(tmp_path / "elsewhere")
    keep(other, 7, 2)
    assert main(["cache", "--cache", str(other.root)]) == 0
    found = lines(capsys)
    assert found[0] == str(other.root)
    assert "model 7.pth" in found[-1]
    assert len(found) == 5
