"""What is kept on disk: whole or not there, within a limit, and never trusted blindly."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from inspector.core.errors import BadRequest
from inspector.scans.shards import (
    DamagedShard,
    Shard,
    count_in,
    keys_in,
    read_shard,
    stacked,
    write_shard,
)
from inspector.scans.store import DEFAULT_LIMIT, About, Store, default_store
from tests.scans.scan_by_hand import Means, model_file, picture, pictures, scanned, told


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return model_file(tmp_path_factory.mktemp("model"), width=8, depth=2)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "kept")


def some_shard(count: int = 3) -> Shard:
    random = np.random.default_rng(count)
    records = {
        "score": random.normal(size=(count, 2, 5)).astype(np.float32),
        "place": random.integers(0, 9, (count, 2, 5, 4)).astype(np.uint16),
        "nothing": np.zeros((count, 0), np.int8),
    }
    return Shard(tuple(f"key {n}" for n in range(count)), records, {"dark": "It is dark: “…”."})


def about(checkpoint: str = "a.pth", folder: str = "/pictures") -> About:
    return About(checkpoint, "Means", folder, "224 × 224")


def shards_of(store: Store) -> list[Path]:
    return sorted(store.root.rglob("*.shard"))


def test_that_a_shard_is_read_as_it_was_written(tmp_path):
    shard = some_shard()
    size = write_shard(tmp_path, shard)
    path = tmp_path / shard.name
    assert path.stat().st_size == size
    found = read_shard(path)
    assert found.keys == shard.keys
    assert found.uncounted == shard.uncounted
    assert keys_in(path) == (*shard.keys, "dark")
    assert count_in(path.name) == 4
    for name, array in shard.records.items():
        assert found.records[name].dtype == array.dtype
        np.testing.assert_array_equal(found.records[name], array)
    assert [file.name for file in tmp_path.iterdir()] == [shard.name]


def test_that_a_shard_of_pictures_that_do_not_count_holds_no_arrays(tmp_path):
    shard = Shard((), stacked([]), {"dark": "It is dark."})
    write_shard(tmp_path, shard)
    assert read_shard(tmp_path / shard.name).uncounted == {"dark": "It is dark."}


def test_that_every_byte_of_a_shard_is_checked(tmp_path):
    shard = some_shard(1)
    write_shard(tmp_path, shard)
    path = tmp_path / shard.name
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        with pytest.raises(DamagedShard):
            read_shard(path)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedShard):
            keys_in(path)


def test_that_a_shard_that_cannot_be_written_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_shard(tmp_path, some_shard())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_that_a_damaged_shard_is_removed_and_computed_again(model, store, tmp_path, damage):
    folder = pictures(tmp_path / "pictures", 70)
    first = scanned(model, folder, store=store)
    victim = shards_of(store)[0]
    whole = victim.read_bytes()
    damaged = {"cut": whole[:-7], "changed": whole[:-7] + b"\xff" * 7, "empty": b""}[damage]
    victim.write_bytes(damaged)
    measurement = Means()
    again = scanned(model, folder, measurement, store=store)
    assert sum(measurement.seen) == count_in(victim.name)
    assert again.kept == 70 - count_in(victim.name)
    assert told(again) == told(first)
    assert victim.read_bytes() == whole


def test_that_no_shard_holds_more_than_64_pictures(model, store, tmp_path):
    scanned(model, pictures(tmp_path / "pictures", 70), store=store)
    assert sorted(count_in(path.name) for path in shards_of(store)) == [6, 64]


def test_that_what_is_kept_is_listed(model, store, tmp_path):
    folder = pictures(tmp_path / "pictures", 3)
    scanned(model, folder, store=store)
    (listed,) = store.scans()
    assert listed.checkpoint == "vit0.safetensors"
    assert listed.measurement == "Means"
    assert listed.folder == str(folder)
    assert "16 × 16" in listed.settings
    assert listed.settings.endswith("CPU")
    assert listed.pictures == 3
    assert 0 < listed.size <= store.size
    assert datetime.now(UTC) - listed.used < timedelta(minutes=1)


def test_that_one_scan_or_all_are_cleared(model, store, tmp_path):
    folder = pictures(tmp_path / "pictures", 3)
    for chosen in range(3):
        scanned(model, folder, Means(chosen=chosen), store=store)
    first = store.scans()[0]
    assert store.clear([first]) == first.size
    assert first not in store.scans()
    assert len(store.scans()) == 2
    store.limit = 10**9
    assert store.clear() > 0
    assert not store.scans()
    assert store.limit == 10**9
    assert [path.name for path in store.root.iterdir()] == ["limit.json"]


def test_that_what_others_have_put_into_its_folder_is_neither_counted_nor_touched(
    model, store, tmp_path
):
    foreign = [
        *("thesis/chapter.tmp", "thesis/scan.json", "fingerprints of suspects.csv", "notes.tmp"),
        *(f"{'0' * 39}/a.shard", f"{'0' * 41}/a.shard", ".hidden/b.shard"),
    ]
    for name in foreign:
        path = store.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("not of this program" * 99)
        os.utime(path, (1e9, 1e9))
    folder = pictures(tmp_path / "pictures", 3)
    scanned(model, folder, store=store)
    (listed,) = store.scans()
    assert listed.size <= store.size < 99 * 19
    store.limit = 0
    assert not store.scans()
    store.clear()
    assert all((store.root / name).exists() for name in foreign)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes in folders")
def test_that_what_is_called_like_a_shard_and_is_none_is_passed_over(model, store, tmp_path):
    folder = pictures(tmp_path / "pictures", 3)
    first = scanned(model, folder, store=store)
    os.mkfifo(shards_of(store)[0].with_name("pipe-03.shard"))
    shards_of(store)[0].with_name("folder-03.shard").mkdir()
    again = scanned(model, folder, store=store)
    assert again.kept == 3
    assert told(again) == told(first)


def test_that_nothing_is_kept_and_nothing_is_there_at_first(store):
    assert store.scans() == ()
    assert store.size == store.clear() == 0
    assert store.limit == DEFAULT_LIMIT
    assert not store.root.exists()


def test_that_the_longest_unused_scans_go_when_there_is_too_much(store):
    for number in range(4):
        kept = store.open({"number": number}, about(f"{number}.pth"))
        kept.write(some_shard(3 + number))
        used = time.time() - 100 + number
        os.utime(kept.path / "scan.json", (used, used))
    sizes = {scan.checkpoint: scan.size for scan in store.scans()}
    store.limit = sizes["3.pth"] + sizes["2.pth"] + 100
    assert [scan.checkpoint for scan in store.scans()] == ["3.pth", "2.pth"]
    assert store.size <= store.limit


def test_that_the_scan_that_runs_stays_and_says_that_it_is_too_large(model, store, tmp_path):
    folder = pictures(tmp_path / "pictures", 5)
    scanned(model, folder, Means(chosen=1), store=store)
    store.limit = 100
    assert not store.scans()
    found = scanned(model, folder, Means(chosen=2), store=store)
    assert [scan.pictures for scan in store.scans()] == [5]
    (note,) = found.notes
    assert note.startswith("The records of this scan alone take more than")
    assert scanned(model, folder, Means(chosen=2), store=store).kept == 5


def test_that_a_scan_makes_room_for_itself(model, store, tmp_path):
    folder = pictures(tmp_path / "pictures", 5)
    scanned(model, folder, Means(chosen=1), store=store)
    store.limit = store.size + 10
    scanned(model, folder, Means(chosen=2), store=store)
    assert len(store.scans()) == 1
    measurement = Means(chosen=2)
    scanned(model, folder, measurement, store=store)
    assert not measurement.seen


def test_that_a_negative_limit_is_refused(store):
    with pytest.raises(BadRequest):
        store.limit = -1


def test_that_a_disk_that_is_full_is_told_and_the_scan_goes_on(model, store, tmp_path, monkeypatch):
    folder = pictures(tmp_path / "pictures", 5)

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    found = scanned(model, folder, store=store)
    assert found.measured["means"] == 5
    (note,) = found.notes
    assert "not kept for another time: No space left on device" in note
    assert not list(store.root.rglob("*.tmp"))


def test_that_a_root_that_cannot_be_made_is_told_and_the_scan_goes_on(model, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    folder = pictures(tmp_path / "pictures", 5)
    found = scanned(model, folder, store=Store(tmp_path / "file" / "kept"))
    assert found.measured["means"] == 5
    assert len(found.notes) == 1


def test_that_clearing_while_a_scan_runs_harms_neither(model, store, tmp_path):
    folder = pictures(tmp_path / "pictures", 200)
    scanned(model, folder, store=store)
    for number in range(100):
        picture(folder / f"{number:04d}.png", 1000 + number)

    def clear(done: int, total: int, text: str = "") -> None:
        Store(store.root).clear()

    found = scanned(model, folder, store=store, progress=clear)
    assert not found.notes
    assert told(found) == told(scanned(model, folder))


def test_that_half_written_files_of_killed_processes_go_after_a_day(model, store, tmp_path):
    folder = pictures(tmp_path / "pictures", 2)
    scanned(model, folder, store=store)
    place = shards_of(store)[0].parent
    old, young = place / "old.tmp", place / "young.tmp"
    for file in (old, young):
        file.write_bytes(b"half")
    before = time.time() - 100_000
    os.utime(old, (before, before))
    scanned(model, folder, store=store)
    assert (old.exists(), young.exists()) == (False, True)


def test_that_using_a_scan_makes_it_the_latest_used(model, store, tmp_path):
    folder = pictures(tmp_path / "pictures", 2)
    for chosen in range(2):
        scanned(model, folder, Means(chosen=chosen), store=store)
    first = store.scans()[-1]
    for path in store.root.glob("*/scan.json"):
        os.utime(path, (1e9, 1e9))
    scanned(model, folder, Means(chosen=0), store=store)
    assert store.scans()[0].key == first.key


def test_that_the_default_store_lies_in_the_programs_cache(isolated_user_folders):
    assert default_store().root == isolated_user_folders / "cache" / "scans"
