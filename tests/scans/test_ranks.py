"""Several processes that scan together come to what one comes to, whoever has kept what."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from inspector.core.collection import Member
from inspector.core.errors import BadRequest, DeviceUnavailable, InspectorError
from inspector.core.images import Plane, SliceAddress
from inspector.scans.agreeing import Agreement
from inspector.scans.meeting import meet
from inspector.scans.pictures import Identity
from inspector.scans.plan import plan_of, shards_of
from inspector.scans.ranks import ALONE, LostRank, Ranks, joined, under_torchrun
from inspector.scans.store import KeptScan, Store
from inspector.scans.workers import cores
from tests.scans.ranks_in_threads import together
from tests.scans.scan_by_hand import Means, model_file, picture, pictures, scanned, told

COUNT = 90


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return model_file(tmp_path_factory.mktemp("model"), width=8, depth=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = pictures(tmp_path_factory.mktemp("pictures"), COUNT)
    (folder / "broken.png").write_bytes(b"\x89PNG")
    picture(folder / "small.png", 1, (5, 9))
    return folder


@pytest.fixture(scope="module")
def expected(model, folder) -> dict:
    return in_json(scanned(model, folder))


@pytest.fixture
def torchrun(model, folder, repository, tmp_path):
    """Starts a scan of several processes."""
    started: list[subprocess.Popen] = []

    def start(name: str, count: int, *more: str, restarts: int = 0) -> subprocess.Popen:
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        command += ["--nproc-per-node", str(count), "--max-restarts", str(restarts)]
        command += ["-m", "tests.scans.scan_by_hand"]
        command += [str(model), str(folder), str(tmp_path / "kept"), str(tmp_path / f"{name}.json")]
        command += ["--runs", str(tmp_path / f"{name}.runs"), *more]
        environment = {**os.environ, "PYTHONPATH": str(repository)}
        with (tmp_path / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=repository, env=environment, stdout=log, stderr=log
            )
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        process.wait()


def found_in(path: Path) -> tuple[dict, int]:
    found = json.loads(path.read_text())
    del found["seconds"]
    return found, found.pop("kept")


def runs(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def until_begun(file: Path) -> None:
    end = time.monotonic() + 60
    while runs(file) < 20:
        assert time.monotonic() < end, "the scan did not begin"
        time.sleep(0.01)


def in_json(found) -> dict:
    return json.loads(json.dumps(told(found)))


def test_that_three_ranks_come_to_what_one_comes_to(model, expected, folder, tmp_path):
    measurements = [Means() for _ in range(3)]

    def work(ranks):
        store = Store(tmp_path / "kept")
        return scanned(model, folder, measurements[ranks.rank], store=store, ranks=ranks, batch=1)

    first, *others = together(3, work)
    assert others == [None, None]
    assert in_json(first) == expected
    assert first.kept == 0
    # The small picture is run, the broken one is not.
    assert sum(sum(each.seen) for each in measurements) == COUNT + 1
    assert all(each.seen for each in measurements)
    again, *_ = together(3, work)
    assert in_json(again) == expected
    assert again.kept == COUNT + 1
    assert sum(sum(each.seen) for each in measurements) == COUNT + 1


def test_that_ranks_without_a_common_disk_go_on_with_what_each_has(
    model, expected, folder, tmp_path
):
    seen = []

    def work(ranks):
        store, measurement = Store(tmp_path / "kept" / str(ranks.rank)), Means()
        found = scanned(model, folder, measurement, store=store, ranks=ranks)
        seen.append(sum(measurement.seen))
        return found

    first, _ = together(2, work)
    assert in_json(first) == expected
    kept = {path.name: Store(path).scans()[0].pictures for path in (tmp_path / "kept").iterdir()}
    assert kept.keys() == {"0", "1"}
    assert sum(kept.values()) == COUNT + 1
    seen.clear()
    second, _ = together(2, work)
    assert in_json(second) == expected
    assert (second.kept, seen) == (COUNT + 1, [0, 0])


def test_that_what_is_damaged_is_computed_again_by_the_rank_that_met_it(
    model, expected, folder, tmp_path
):
    store = Store(tmp_path / "kept")
    scanned(model, folder, store=store)
    no_header, no_records = sorted(store.root.rglob("*.shard"))
    no_header.write_bytes(b"vitscan1 and nonsense")
    no_records.write_bytes(no_records.read_bytes()[:-1] + b"?")
    first, *_ = together(
        3, lambda ranks: scanned(model, folder, store=Store(store.root), ranks=ranks)
    )
    assert in_json(first) == expected
    assert first.kept == 0


def test_that_ranks_without_a_store_come_to_the_same(model, expected, folder):
    first, *_ = together(3, lambda ranks: scanned(model, folder, ranks=ranks))
    assert in_json(first) == expected


def test_that_ranks_of_a_common_disk_look_into_every_shard_once(
    model, folder, tmp_path, monkeypatch
):
    store = Store(tmp_path / "kept")
    scanned(model, folder, store=store)
    looked_into: list[str] = []
    keys_of = KeptScan.keys_of

    def noted(self, name: str):
        looked_into.append(name)
        return keys_of(self, name)

    monkeypatch.setattr(KeptScan, "keys_of", noted)
    first, *_ = together(
        3, lambda ranks: scanned(model, folder, store=Store(store.root), ranks=ranks)
    )
    assert first.kept == COUNT + 1
    assert sorted(looked_into) == sorted(path.name for path in store.root.rglob("*.shard"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_that_torchrun_goes_on_by_itself_when_a_rank_is_lost(expected, torchrun, tmp_path):
    process = torchrun("first", 2, "--wait", "0.06", restarts=1)
    until_begun(tmp_path / "first.runs")
    os.kill(int((tmp_path / "first.1.pid").read_text()), signal.SIGKILL)
    assert process.wait() == 0, (tmp_path / "first.log").read_text()
    found, kept = found_in(tmp_path / "first.json")
    assert found == expected
    # Of rank 0, which torchrun tells to end, all but what rank 1 had in hand.
    assert 5 <= kept < COUNT
    assert runs(tmp_path / "first.runs") < 2 * COUNT


def test_that_a_lost_rank_loses_only_what_it_had_not_written(
    model, folder, expected, forks, tmp_path
):
    words = (tmp_path / "kept", tmp_path / "first.json", "--runs", tmp_path / "first.runs")
    first, second = forks.ranks(2, model, folder, *words, "--wait", 0.1)
    until_begun(tmp_path / "first.runs")
    second.kill()
    first.kill(signal.SIGTERM)
    assert (second.wait(), first.wait()) == (-signal.SIGKILL, 1)
    assert not (tmp_path / "first.json").exists()
    (listed,) = Store(tmp_path / "kept").scans()
    assert 5 <= listed.pictures < COUNT
    words = (tmp_path / "kept", tmp_path / "second.json", "--runs", tmp_path / "second.runs")
    ranks = forks.ranks(3, model, folder, *words, "--batch", 1)
    assert [rank.wait() for rank in ranks] == [0, 0, 0]
    assert found_in(tmp_path / "second.json") == (expected, listed.pictures)
    assert runs(tmp_path / "second.runs") == COUNT + 1 - listed.pictures


def test_that_the_others_end_by_themselves_when_a_rank_is_lost(model, folder, forks, tmp_path):
    words = (tmp_path / "kept", tmp_path / "first.json", "--runs", tmp_path / "first.runs")
    first, second = forks.ranks(2, model, folder, *words, "--wait", 0.05)
    until_begun(tmp_path / "first.runs")
    second.kill()
    assert (second.wait(), first.wait()) == (-signal.SIGKILL, 1)
    (listed,) = Store(tmp_path / "kept").scans()
    # All of its own part, and what the other one has written.
    assert COUNT // 2 <= listed.pictures <= runs(tmp_path / "first.runs")


def test_that_every_item_is_read_or_looked_at_by_one_rank():
    first = [{"a": [0, 1, 2], "b": [3, 4]}, {"c": [0]}]
    second = [{"a": [0, 1, 2], "d": [2, 3, 9]}, {}]
    wanted = np.array([[True] * 12, [True] * 6 + [False] * 6])
    plans = [plan_of(rank, [first, second], wanted) for rank in range(2)]
    for place, flags in enumerate(wanted):
        read = [n for plan in plans for _, numbers in plan.shards[place] for n in numbers]
        looked = [n for plan in plans for n in np.flatnonzero(plan.missing[place])]
        assert sorted(read + looked) == np.flatnonzero(flags).tolist()
    assert {name for plan in plans for name, _ in plan.shards[0]} == {"a", "b", "d"}
    for rank, holds in enumerate((first, second)):
        assert {name for name, _ in plans[rank].shards[0]} <= set(holds[0])
    # Item 5 is missing for both measurements: one rank looks at it for both.
    assert sorted(plan.missing[:, 5].tolist() for plan in plans) == [[False] * 2, [True] * 2]
    assert all(plan.missing.any() for plan in plans)


def test_that_pictures_are_dealt_in_order_of_name():
    plans = [plan_of(rank, [[{}]] * 3, np.ones((1, 600), np.bool_)) for rank in range(3)]
    missing = [np.flatnonzero(plan.missing[0]).tolist() for plan in plans]
    assert missing[1][:50] == list(range(50, 100))
    assert sorted(n for numbers in missing for n in numbers) == list(range(600))


def test_that_every_shard_is_read_by_one_rank_that_has_it():
    there = [[["a", "b", "c", "d"], []], [["b", "c", "d"], ["x"]], [["c", "d", "e"], ["x"]]]
    read = [shards_of(rank, there) for rank in range(3)]
    for place, names in enumerate((["a", "b", "c", "d", "e"], ["x"])):
        assert sorted(name for mine in read for name in mine[place]) == names
        for rank, mine in enumerate(read):
            assert set(mine[place]) <= set(there[rank][place])
    common = [[list("abcdefghi")]] * 3
    assert [len(shards_of(rank, common)[0]) for rank in range(3)] == [3, 3, 3]


def test_that_ranks_that_do_not_do_the_same_are_refused():
    def work(ranks):
        Agreement(ranks, None).refuse_others([{"modes": 8 if ranks.rank < others else 9}])

    others = 3
    together(3, work)
    others = 2
    with pytest.raises(BadRequest, match="do not do the same"):
        together(3, work)


def test_that_all_ranks_have_the_pictures_of_the_first_and_their_identities_in_order():
    members = tuple(
        Member(f"é{n}\\n", (f"\udcff{n}", "b"), SliceAddress(Plane.AXIAL, n, 2)) for n in range(75)
    )
    whole = [Identity(f"{n}", problem="“é”" if n % 30 == 0 else "") for n in range(75)]

    def work(ranks):
        agreement = Agreement(ranks, None)
        assert agreement.members(members if ranks.is_first else ()) == members
        mine = [
            whole[n] for start in agreement.starts(75) for n in range(start, min(start + 16, 75))
        ]
        return agreement.identities(mine, 75)

    for world in (1, 2, 3, 7):
        assert together(world, work) == [whole] * world


def test_that_ranks_meet_those_of_their_own_attempt():
    from torch.distributed import HashStore

    store, names = HashStore(), []
    for attempt in range(3):
        if attempt == 1:
            # Of an attempt that was lost before all had come, two had said that they are there.
            for rank in (0, 2):
                with pytest.raises(RuntimeError, match="not all have come"):
                    meet(store, rank, 3, seconds=0.1)
        with ThreadPoolExecutor(3) as pool:
            come = [pool.submit(meet, store, rank, 3, seconds=60) for rank in (2, 0, 1)]
        (name,) = {each.result() for each in come}
        names.append(name)
    assert len(set(names)) == 3


def test_that_a_process_by_itself_works_alone():
    assert not under_torchrun()
    with joined("cpu") as ranks:
        assert (ranks.rank, ranks.world, ranks.device) == (0, 1, "cpu")
        assert ranks.share(b"a") == ranks.gather(b"a") == [b"a"]
    assert ALONE.is_first


def test_that_torchrun_says_how_many_threads_compute(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert cores() == (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    )
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert cores() == 3


def test_that_a_machine_with_too_few_graphics_processors_is_refused(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    for name, value in (("RANK", "1"), ("WORLD_SIZE", "2"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    with pytest.raises(DeviceUnavailable, match="Process 1 of this machine"), joined("cuda"):
        pass


def test_that_a_lost_rank_is_told_of_in_a_sentence(monkeypatch):
    from torch import distributed

    def closed(*_: object, **__: object) -> None:
        raise RuntimeError("Connection closed by peer")

    monkeypatch.setattr(distributed, "all_gather", closed)
    with pytest.raises(LostRank, match="run the same command again"):
        Ranks(0, 2, "cpu").gather(b"a")


def test_that_a_rank_does_not_wait_for_ever_where_nobody_watches_over_it(monkeypatch):
    from torch import distributed

    class Never:
        def is_completed(self) -> bool:
            return False

    monkeypatch.setattr(distributed, "all_gather", lambda *_, **__: Never())
    with pytest.raises(LostRank, match="has started this one"):
        Ranks(0, 2, "cpu", starter=os.getpid()).gather(b"a")


def test_that_ranks_exchange_bytes_of_any_length_in_pieces(monkeypatch):
    monkeypatch.setattr("inspector.scans.ranks._PIECE", 4)
    rows = iter([[[3], [10]], [b"abc\0", b"0123"], [b"\0\0\0\0", b"4567"], [b"\0\0", b"89"]])

    def told(self, values, waiting):
        return np.array(
            [np.frombuffer(r, np.uint8) if isinstance(r, bytes) else r for r in next(rows)]
        )

    monkeypatch.setattr(Ranks, "_all", told)
    assert Ranks(0, 2, "cpu").share(b"abc") == [b"abc", b"0123456789"]


def test_that_ranks_that_do_not_meet_are_told_of(monkeypatch):
    for name, value in (("RANK", "0"), ("WORLD_SIZE", "2")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    with pytest.raises(InspectorError, match="did not find one another"), joined("cpu"):
        pass
