"""A scan over a folder: what is computed, what is kept, what is left out."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from inspector.core.errors import BadImage, BadRequest, Cancelled
from inspector.scans.passes import Pass
from inspector.scans.running import Runner
from inspector.scans.store import Store
from tests.scans.scan_by_hand import (
    TOO_SMALL,
    Everywhere,
    Means,
    model_file,
    opened,
    picture,
    pictures,
    scanned,
    told,
)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return model_file(tmp_path_factory.mktemp("model"), width=8, depth=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return pictures(tmp_path / "pictures", 9)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "kept")


def test_that_every_picture_is_counted_once(model, folder):
    measurement = Means()
    found = scanned(model, folder, measurement)
    assert sum(measurement.seen) == found.measured["means"] == found.total == 9
    assert sorted(found.tallies["means"].counted) == list(range(9))
    assert found.kept == 0
    assert [path.name for path in found.files] == sorted(p.name for p in folder.iterdir())


def test_that_a_second_scan_is_answered_from_disk(model, folder, store):
    first = scanned(model, folder, store=store)
    measurement = Means()
    second = scanned(model, folder, measurement, store=store)
    assert measurement.seen == []
    assert second.kept == 9
    assert told(second) == told(first)


def test_that_another_store_object_finds_what_was_kept(model, folder, store):
    first = scanned(model, folder, store=store)
    measurement = Means()
    second = scanned(model, folder, measurement, store=Store(store.root))
    assert not measurement.seen
    assert told(second) == told(first)


def test_that_only_what_has_changed_is_computed(model, folder, store):
    scanned(model, folder, store=store)
    (folder / "0003.png").rename(folder / "renamed.png")
    (folder / "0004.png").unlink()
    picture(folder / "0005.png", 105)
    picture(folder / "added.png", 106)
    measurement = Means()
    found = scanned(model, folder, measurement, store=store)
    assert sum(measurement.seen) == 2
    assert found.kept == 7
    assert told(found) == told(scanned(model, folder))


def test_that_pictures_of_one_content_are_run_once_and_counted_each(model, folder, store):
    shutil.copy2(folder / "0000.png", folder / "copy.png")
    measurement = Means()
    found = scanned(model, folder, measurement, store=store)
    assert sum(measurement.seen) == 9
    assert found.measured["means"] == 10
    assert told(found) == told(scanned(model, folder))
    assert told(scanned(model, folder, store=store)) == told(found)


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_that_the_batch_changes_no_number(model, folder, batch):
    assert told(scanned(model, folder, batch=batch)) == told(scanned(model, folder))


def test_that_records_are_those_of_a_picture_run_by_itself(model, folder, tmp_path):
    whole = scanned(model, folder).tallies["means"].sum
    alone = []
    for file in sorted(folder.iterdir()):
        one = tmp_path / file.stem
        one.mkdir()
        shutil.copy2(file, one)
        alone.append(scanned(model, one).tallies["means"].sum)
    np.testing.assert_array_equal(np.sum(alone, axis=0), whole)


def test_that_another_model_or_setting_is_computed_anew(model, folder, store, tmp_path):
    scanned(model, folder, store=store)
    other, setting = Means(), Means(chosen=1)
    scanned(model_file(tmp_path, seed=1, width=8, depth=2), folder, other, store=store)
    scanned(model, folder, setting, store=store)
    assert (sum(other.seen), sum(setting.seen)) == (9, 9)
    assert len(store.scans()) == 3


def test_that_a_copy_of_the_checkpoint_under_another_name_is_the_same_model(
    model, folder, store, tmp_path
):
    scanned(model, folder, store=store)
    copy, measurement = tmp_path / "copy.safetensors", Means()
    shutil.copy2(model, copy)
    scanned(copy, folder, measurement, store=store)
    assert not measurement.seen


def test_that_what_is_missing_of_one_measurement_is_all_that_is_measured(model, folder, store):
    scanned(model, folder, Means(name="one"), store=store)
    one, other = Means(name="one"), Means(name="other")
    found = scanned(model, folder, one, other, store=store)
    assert (sum(one.seen), sum(other.seen)) == (0, 9)
    assert found.kept == 0
    assert told(found, "one") == told(found, "other")


def test_that_what_does_not_count_is_told_and_kept(model, folder, store):
    picture(folder / "small.png", 7, (5, 16))
    first = scanned(model, folder, store=store)
    measurement = Means()
    second = scanned(model, folder, measurement, store=store)
    assert first.left_out["means"] == second.left_out["means"] == (("small.png", TOO_SMALL),)
    assert not measurement.seen
    assert second.kept == 10
    assert told(first) == told(second)


def test_that_files_that_are_no_pictures_are_left_out_with_a_sentence(model, folder, store):
    (folder / "empty.png").write_bytes(b"")
    (folder / "broken.png").write_bytes((folder / "0000.png").read_bytes()[:60])
    (folder / "notes.txt").write_text("no picture")
    (folder / "text.png").write_text("no picture either")
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    header = b"P5 60000 60000 255\n"
    (folder / "gigantic.pgm").write_bytes(header + b"\0" * 100)
    found = scanned(model, folder, store=store)
    left = dict(found.left_out["means"])
    assert set(left) == {"broken.png", "empty.png", "gigantic.pgm", "gone.png", "text.png"}
    assert all(len(sentence) > 10 for sentence in left.values())
    assert found.measured["means"] == 9
    assert found.total == 14
    assert told(scanned(model, folder, store=store)) == told(found)


def test_that_a_picture_that_vanishes_while_the_scan_runs_is_left_out(model, folder, store):
    def vanish(done: int, total: int, text: str = "") -> None:
        if text.startswith("image"):
            (folder / "0008.png").unlink(missing_ok=True)

    found = scanned(model, folder, Means(wait=0.02), store=store, progress=vanish)
    assert [name for name, _ in found.left_out["means"]] == ["0008.png"]
    assert found.measured["means"] == 8


@pytest.mark.parametrize("left", ["nothing", "an empty folder"])
def test_that_a_disk_that_is_taken_away_is_told_and_gone_on_with(
    model, folder, store, tmp_path, left
):
    def take_away(done: int, total: int, text: str = "") -> None:
        if text.startswith("image") and done >= 2 and not (tmp_path / "elsewhere").exists():
            folder.rename(tmp_path / "elsewhere")
            if left == "an empty folder":
                folder.mkdir()

    with pytest.raises(BadImage, match="is not there any more, or it is empty"):
        scanned(model, folder, Means(wait=0.05), store=store, progress=take_away)
    if folder.exists():
        folder.rmdir()
    (tmp_path / "elsewhere").rename(folder)
    kept = store.scans()[0].pictures
    assert 2 <= kept < 9
    measurement = Means()
    found = scanned(model, folder, measurement, store=store)
    assert (found.kept, sum(measurement.seen)) == (kept, 9 - kept)
    assert told(found) == told(scanned(model, folder))


def test_that_a_picture_that_changes_while_the_scan_runs_is_not_kept_as_the_old_one(
    model, folder, store, tmp_path
):
    def change(done: int, total: int, text: str = "") -> None:
        if text.startswith("image"):
            picture(tmp_path / "new.png", 999).replace(folder / "0008.png")

    found = scanned(model, folder, Means(wait=0.02), store=store, progress=change)
    assert dict(found.left_out["means"])["0008.png"].endswith("has changed while it was read.")
    measurement = Means()
    again = scanned(model, folder, measurement, store=store)
    assert sum(measurement.seen) == 1
    assert told(again) == told(scanned(model, folder))


def test_that_progress_counts_to_the_end_and_what_is_kept_at_once(model, folder, store):
    scanned(model, folder, store=store)
    pictures(folder, 3, first=20)
    told_of: list[tuple[int, int, str]] = []
    scanned(model, folder, store=store, progress=lambda *now: told_of.append(now))
    images = [(done, total) for done, total, text in told_of if text.startswith("image")]
    assert images[0] == (9, 12)
    assert images[-1] == (12, 12)
    assert images == sorted(images)


def test_that_progress_is_told_while_a_picture_takes_long(model, folder):
    calls: list[str] = []
    scanned(model, folder, Means(wait=0.3), progress=lambda d, t, text="": calls.append(text))
    assert len(calls) > 9 + 0.3 / 0.05


class Enough(Exception):
    pass


@pytest.mark.parametrize("ending", [Cancelled, KeyboardInterrupt, Enough])
def test_that_a_scan_that_is_ended_keeps_what_is_finished_and_goes_on_there(
    model, folder, store, ending
):
    def end(done: int, total: int, text: str = "") -> None:
        if text.startswith("image") and done >= 4:
            raise ending

    first, second = Means(wait=0.01), Means()
    with pytest.raises(ending):
        scanned(model, folder, first, store=store, progress=end)
    kept = store.scans()[0].pictures
    assert kept >= 4
    found = scanned(model, folder, second, store=store)
    assert sum(second.seen) == 9 - kept
    assert found.kept == kept
    assert told(found) == told(scanned(model, folder))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("scan")]


class Faulty(Means):
    def measure(self, seen):
        if sum(self.seen) >= 5:
            raise ZeroDivisionError
        return super().measure(seen)


def test_that_a_fault_ends_the_scan_and_what_was_finished_is_kept(model, folder, store):
    with pytest.raises(ZeroDivisionError):
        scanned(model, folder, Faulty(), store=store)
    assert store.scans()[0].pictures >= 5


class Greedy(Means):
    def measure(self, seen):
        if seen.pictures[0].placement.image_shape[0] == 33:
            raise MemoryError
        return super().measure(seen)


def test_that_a_picture_that_needs_too_much_memory_is_left_out(model, folder):
    picture(folder / "large.png", 3, (33, 33))
    found = scanned(model, folder, Greedy())
    assert found.left_out["means"] == (
        ("large.png", "“large.png” needs more memory than there is."),
    )
    assert found.measured["means"] == 9


def test_that_what_was_found_so_far_is_shown(model, folder, monkeypatch):
    monkeypatch.setattr("inspector.scans.telling.PARTIAL_EVERY_S", 0.05)
    shown: list[tuple[int, int]] = []
    scanned(
        model,
        folder,
        Means(wait=0.05),
        partial=lambda so_far: shown.append((so_far.measured["means"], so_far.total)),
    )
    assert len(shown) >= 2
    assert shown == sorted(shown)
    assert 0 < shown[-1][0] <= shown[-1][1] == 9


def test_that_objects_are_a_part_of_what_a_record_depends_on(model, folder, store):
    first, same, changed = (Means(needs_objects=True) for _ in range(3))
    left = scanned(model, folder, first, objects=Everywhere(("0001.png",)), store=store)
    scanned(model, folder, same, objects=Everywhere(), store=store)
    scanned(model, folder, changed, objects=Everywhere(word="two"), store=store)
    assert [sum(each.seen) for each in (first, same, changed)] == [8, 1, 9]
    assert left.left_out["means"] == (("0001.png", "“0001.png” has no label map. Draw one."),)


class ByName(Everywhere):
    def key_of(self, member, fingerprints) -> str:
        return member.name


def test_that_every_copy_of_a_broken_picture_is_told_by_its_own_name(model, folder, store):
    for name in ("broken.png", "broken too.png", "deep/broken.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"\x89PNG\r\n\x1a\n")
    done: list[tuple[int, int]] = []
    found = scanned(model, folder, store=store, progress=lambda *now: done.append(now[:2]))
    broken = [(name, sentence) for name, sentence in found.left_out["means"] if "broken" in name]
    assert [name for name, _ in broken] == ["broken too.png", "broken.png", "deep/broken.png"]
    for name, sentence in broken:
        assert sentence.startswith(f"“{Path(name).name}”")
    assert done[-1] == (found.total, found.total)
    assert told(scanned(model, folder)) == told(found)


def test_that_of_a_broken_picture_the_missing_objects_are_told_first_kept_or_not(
    model, folder, store
):
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    objects = Everywhere(missing=("broken.png",))
    measurements = (Means(), Means(name="needing", needs_objects=True))
    for kept in (None, store):
        found = scanned(model, folder, *measurements, objects=objects, store=kept)
        assert "no label map" in dict(found.left_out["needing"])["broken.png"]
        assert "no label map" not in dict(found.left_out["means"])["broken.png"]


def test_that_equal_pictures_with_other_objects_count_each(model, folder, store):
    shutil.copy2(folder / "0000.png", folder / "copy.png")
    for _ in range(2):
        plain, labelled = Means(name="plain"), Means(name="labelled", needs_objects=True)
        found = scanned(model, folder, plain, labelled, objects=ByName(), store=store)
        assert found.measured == {"plain": 10, "labelled": 10}
    assert not plain.seen


def test_that_a_picture_without_objects_counts_where_none_are_needed(model, folder):
    plain, labelled = Means(name="plain"), Means(name="labelled", needs_objects=True)
    found = scanned(model, folder, plain, labelled, objects=Everywhere(("0001.png",)))
    assert found.measured == {"plain": 9, "labelled": 8}


class Grouped(Means):
    """Notes how many inputs every pass had."""

    def measure(self, seen):
        (batch,) = {len(block.resid_pre) for block in seen.capture.blocks.values()}
        assert batch == 16
        return super().measure(seen)


@pytest.mark.parametrize("batch", [1, 5, 40])
def test_that_a_graphics_processor_is_given_groups_of_16(model, folder, store, monkeypatch, batch):
    monkeypatch.setattr(Runner, "look_at", Runner._in_groups)
    pictures(folder, 12, first=20)
    picture(folder / "small.png", 7, (5, 16))
    (folder / "broken.png").write_bytes(b"\x89PNG")
    measurement = Grouped()
    found = scanned(model, folder, measurement, store=store, batch=batch)
    assert sorted(measurement.seen) == [6, 16]
    monkeypatch.undo()
    one_by_one = told(scanned(model, folder))
    assert told(found) | {"sum": 0} == one_by_one | {"sum": 0}
    close = np.array(found.tallies["means"].sum) - np.array(one_by_one["sum"])
    assert np.abs(close).max() < 22 * 2.0**30 * 1e-5


def test_that_groups_hold_pictures_of_one_size_and_go_on_after_a_cancel(
    model, folder, store, monkeypatch
):
    monkeypatch.setattr(Runner, "look_at", Runner._in_groups)
    pictures(folder, 40, first=20)

    def end(done: int, total: int, text: str = "") -> None:
        if text.startswith("image") and done >= 16:
            raise Cancelled

    with pytest.raises(Cancelled):
        scanned(model, folder, Grouped(wait=0.1), store=store, progress=end)
    kept = store.scans()[0].pictures
    assert kept >= 16
    rest = Grouped()
    scanned(model, folder, rest, store=store)
    assert sum(rest.seen) == 49 - kept


def test_that_nonsense_is_refused(model, folder):
    with opened(model) as (opened_model, network):
        for measurements in ((), (Means(), Means()), (Means(needs_objects=True),)):
            with pytest.raises(BadRequest):
                Pass(opened_model, network, network.preparation, measurements)
    with pytest.raises(BadRequest, match="read ahead"):
        scanned(model, folder, batch=0)


def test_that_a_scan_leaves_torch_as_it_was(model, folder):
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        scanned(model, folder)
        assert torch.get_num_threads() == 3
        assert not torch.is_inference_mode_enabled()
    finally:
        torch.set_num_threads(before)
