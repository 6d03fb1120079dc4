"""What the window and the command line ask of a folder, with the measurements themselves."""

import threading
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from inspector.analysis.anisotropy import AnisotropyMeasurement, anisotropy_of
from inspector.analysis.measurement import Seen, SeenPicture
from inspector.core.collection import Member
from inspector.core.errors import BadImage, BadRequest
from inspector.core.images import Plane, SliceAddress
from inspector.core.modes import TokenSpace
from inspector.core.objects import BACKGROUND, DISTRACTOR, TARGET, ObjectMap
from inspector.core.optimal import OptimalOptions
from inspector.families.capture import capture
from inspector.images.collection import list_folder
from inspector.images.preparing import prepare
from inspector.scans.analyses import (
    anisotropy,
    attention_preference,
    one_of_each_file,
    optimal_images,
    same_object,
)
from inspector.scans.store import Store
from inspector.scans.workers import Sharing
from tests.scans.scan_by_hand import Everywhere, model_file, opened, pictures


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with opened(model_file(tmp_path_factory.mktemp("model"), width=8, depth=2)) as both:
        yield both


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return pictures(tmp_path / "pictures", 9)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "kept")


class OddOne(Everywhere):
    def of(self, member, shape) -> ObjectMap:
        self.key_of(member, None)
        labels = np.full(shape, BACKGROUND, np.int32)
        labels[:6, :6], labels[10:16, 8:] = TARGET, DISTRACTOR
        return ObjectMap(labels, self.word)


def arrays_of(result) -> dict[str, np.ndarray]:
    values = {field.name: getattr(result, field.name) for field in fields(result)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def assert_same(one, other) -> None:
    assert arrays_of(one).keys() == arrays_of(other).keys()
    for name, array in arrays_of(one).items():
        assert array.tobytes() == arrays_of(other)[name].tobytes(), name


class Runs:
    """How often a network's module was called."""

    def __init__(self, network) -> None:
        self.count = 0
        self._handle = network.module.register_forward_hook(self._note)

    def _note(self, *_: object) -> None:
        self.count += 1

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.remove()


def test_that_optimal_images_and_anisotropy_come_of_one_pass(running, folder, store):
    with Runs(running[1]) as runs:
        first = optimal_images(*running, folder, store=store, anisotropy_space=TokenSpace.RESIDUAL)
        assert runs.count == 9
        second = optimal_images(*running, folder, store=store, anisotropy_space=TokenSpace.RESIDUAL)
        assert runs.count == 9
    assert (first.kept, second.kept) == (0, 9)
    assert first.result.measured == first.result.total == 9
    assert first.result.complete
    assert first.result.card == running[0].card()
    assert_same(first.result, second.result)
    assert_same(first.along.result, second.along.result)
    assert first.along.files == first.files
    assert [file.name for file in first.files] == sorted(file.name for file in folder.iterdir())


def test_that_the_first_pictures_win_no_matter_how_they_come(running, folder):
    whole = optimal_images(*running, folder, options=OptimalOptions(modes=None), top=3)
    for batch in (1, 5):
        again = optimal_images(
            *running, folder, options=OptimalOptions(modes=None), top=3, batch=batch
        )
        assert_same(whole.result, again.result)


def test_that_records_are_used_whatever_the_number_of_winners(running, folder, store):
    optimal_images(*running, folder, store=store, top=8)
    assert optimal_images(*running, folder, store=store, top=2).kept == 9


def test_that_anisotropy_is_what_one_picture_after_the_other_gives(running, folder):
    model, network = running
    with list_folder(folder) as collection:
        read = [collection.read(member) for member in collection.members]
    prepared = [prepare(each, each.default_tone(), network.preparation) for each in read]
    measurement = AnisotropyMeasurement(network, TokenSpace.RESIDUAL)
    tally = measurement.tally()
    for number, image in enumerate(prepared):
        pixels = torch.tensor(image.pixels)[None]
        with torch.inference_mode():
            run = capture(network, pixels, image.placement, taps=measurement.taps)
            (record,) = measurement.measure(Seen(network, run, [SeenPicture(image.placement)]))
        tally.add(np.array([number]), {"middle": record["middle"][None]})
    expected = anisotropy_of(tally, measurement, model)
    found = anisotropy(model, network, folder, TokenSpace.RESIDUAL).result
    np.testing.assert_allclose(found.values, expected.values, rtol=0, atol=1e-6)
    assert found.images == 9


def test_that_one_picture_has_no_anisotropy_but_optimal_images(running, tmp_path):
    folder = pictures(tmp_path / "one", 1)
    found = optimal_images(*running, folder, anisotropy_space=TokenSpace.RESIDUAL)
    assert found.along is None
    assert found.result.measured == 1
    with pytest.raises(BadRequest, match="at least two"):
        anisotropy(*running, folder, TokenSpace.RESIDUAL)


def test_that_preference_counts_pictures_with_objects(running, folder, store):
    objects = OddOne(("0002.png",))
    first = attention_preference(*running, folder, objects, store=store)
    with Runs(running[1]) as runs:
        second = attention_preference(*running, folder, objects, store=store)
    assert not runs.count
    assert len(first.result.images) == 8
    assert first.result.left_out == (("0002.png", "“0002.png” has no label map. Draw one."),)
    assert_same(first.result, second.result)
    np.testing.assert_allclose(first.result.ratios.sum(axis=-1), 1.0)


def test_that_pictures_with_one_object_are_counted_apart(running, folder, store):
    class Some(OddOne):
        def of(self, member, shape) -> ObjectMap:
            found = super().of(member, shape)
            whole = np.ones(shape, np.int32)
            return ObjectMap(whole, "whole") if member.name == "0001.png" else found

        def key_of(self, member, fingerprints) -> str:
            return f"{super().key_of(member, fingerprints)} {member.name == '0001.png'}"

    objects = Some(("0002.png",))
    first = same_object(*running, folder, objects, store=store)
    with Runs(running[1]) as runs:
        second = same_object(*running, folder, objects, store=store)
    assert not runs.count
    found = first.result
    assert found.one_object == ("0001.png",)
    assert [name for name, _ in found.left_out] == ["0002.png"]
    assert (found.measured, found.total, found.complete) == (7, 9, True)
    assert found.labels == "labels"
    assert_same(found, second.result)


def test_that_partial_results_are_of_the_kind_of_the_whole(running, folder, monkeypatch):
    monkeypatch.setattr("inspector.scans.telling.PARTIAL_EVERY_S", 0.0)
    shown, before = [], []

    def show(found) -> None:
        shown.append(found)
        before.append({name: array.copy() for name, array in arrays_of(found.result).items()})

    whole = optimal_images(*running, folder, partial=show)
    measured = [found.result.measured for found in shown]
    assert measured == sorted(measured)
    assert {type(found) for found in shown} == {type(whole)}
    assert not shown[0].result.complete
    assert_same(shown[-1].result, whole.result)
    for name, array in arrays_of(shown[0].result).items():
        np.testing.assert_array_equal(array, before[0][name])


def test_that_a_folder_of_nothing_that_counts_is_refused(running, tmp_path):
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "broken.png").write_bytes(b"\x89PNG")
    with pytest.raises(BadImage, match="The image of the folder “broken” does not count"):
        optimal_images(*running, folder)
    pictures(tmp_path / "pictures", 2)
    objects = OddOne(("0000.png", "0001.png"))
    first = "None of the 2 images .* “0000.png” has no label map. Draw one."
    with pytest.raises(BadImage, match=first):
        attention_preference(*running, tmp_path / "pictures", objects)
    with pytest.raises(BadRequest, match="no folder"):
        optimal_images(*running, tmp_path / "nowhere")


def test_that_of_volumes_the_middle_slice_is_taken_and_of_one_volume_all():
    def slices(file: str, plane: Plane, count: int, times: int = 1) -> list[Member]:
        return [
            Member(f"{file}#{n:02d} at {t}", (file,), at=SliceAddress(plane, n, t))
            for n in range(count)
            for t in range(times)
        ]

    one = slices("a.nii", Plane.AXIAL, 5, 2)
    members = [*one, *slices("b.tif", Plane.STORED, 4), Member("c.png", ("c.png",))]
    chosen = one_of_each_file(members)
    assert [member.name for member in chosen] == ["a.nii#02 at 0", "b.tif#00 at 0", "c.png"]
    assert [member.at.index for member in one_of_each_file(one)] == list(range(5))


def test_that_threads_that_compute_give_way_between_the_blocks_of_every_picture(running, folder):
    asked = []

    def give_way() -> None:
        asked.append(threading.current_thread().name)

    optimal_images(*running, folder, sharing=Sharing(give_way=give_way))
    assert len(asked) >= 9 * len(running[1].blocks)
    assert threading.main_thread().name not in asked
