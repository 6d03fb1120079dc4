"""All pictures of a folder: what is listed, what they are called, and what is not fatal."""

import os
import socket
import struct
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image

from inspector.core.errors import BadImage, BadRequest, Cancelled
from inspector.core.images import Plane, SliceAddress
from inspector.images import READERS, open_images, reader_of
from inspector.images import collection as collection_module
from inspector.images.collection import list_folder, open_file, speakable, stem_of
from inspector.images.kept_open import KeptOpen
from tests.images.making import dicom, nifti, series

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4)


def png(path, numbers=GREY):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(numbers).save(path)
    return path


def huge_png(path):
    """A header that claims 30000 x 30000 pixels."""

    def chunk(kind, data):
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">2I5B", 30000, 30000, 8, 0, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def names(found):
    return [member.name for member in found.members]


def test_that_pictures_are_called_by_their_path_and_sorted_by_it(tmp_path):
    for name in ("b.png", "a/2.jpg", "a/10.jpg", "B.PNG", "a/deep/er/x.bmp"):
        png(tmp_path / name) if name != "B.PNG" else png(tmp_path / "B.png").rename(tmp_path / name)
    with list_folder(tmp_path) as found:
        assert names(found) == ["B.PNG", "a/10.jpg", "a/2.jpg", "a/deep/er/x.bmp", "b.png"]
        assert found.path_of(found.members[2]) == tmp_path / "a" / "2.jpg"
        assert all(member.files == (member.name,) for member in found.members)
        assert (found.left_out, found.notes) == ((), ())


def test_that_pictures_are_listed_without_being_opened(tmp_path, monkeypatch):
    for name in ("a.png", "b.jpg", "c.jpeg", "labels.txt"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
    monkeypatch.setattr(collection_module, "reader_of", lambda path: pytest.fail(str(path)))
    assert names(list_folder(tmp_path)) == ["a.png", "b.jpg", "c.jpeg"]


def test_that_a_picture_is_read_as_what_its_bytes_are(tmp_path):
    tifffile.imwrite(tmp_path / "a.png", GREY.astype(np.uint16) * 300)
    dicom(tmp_path / "b.jpg", GREY)
    (tmp_path / "c.png").write_text("a poem")
    found = list_folder(tmp_path)
    tiff, scan, poem = found.members
    np.testing.assert_array_equal(found.read(tiff).values, GREY * 300.0)
    np.testing.assert_array_equal(found.read(scan).values, GREY)
    with pytest.raises(BadImage, match=r"c\.png"):
        found.read(poem)


def test_that_volumes_series_pages_and_frames_count_slice_by_slice(tmp_path):
    numbers = np.arange(5 * 4 * 3 * 2, dtype=np.int16).reshape(5, 4, 3, 2)
    nifti(tmp_path / "4d.nii.gz", numbers)
    nifti(tmp_path / "flat.nii", numbers[:, :, :1, 0])
    series(tmp_path / "ct", [(0, 0, 0), (0, 0, 5)])
    dicom(tmp_path / "cine", np.zeros((12, 4), np.uint8), NumberOfFrames=3, Rows=4)
    tifffile.imwrite(tmp_path / "pages.tif", np.stack([GREY, GREY + 1]), photometric="minisblack")
    frames = [Image.fromarray(GREY * n) for n in (1, 2, 3)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    found = list_folder(tmp_path)
    assert names(found) == [
        *(f"4d.nii.gz#axial {index} at {time}" for index in range(3) for time in range(2)),
        *(f"cine#{index}" for index in range(3)),
        "ct/slice 0.dcm",
        "ct/slice 1.dcm",
        "flat.nii",
        *(f"moving.gif#{index}" for index in range(3)),
        "pages.tif#0",
        "pages.tif#1",
    ]
    read = {member.name: found.read(member) for member in found.members}
    assert read["pages.tif#1"].values[0, 0] == 1
    assert read["ct/slice 1.dcm"].values[0, 0] == 1
    assert read["4d.nii.gz#axial 2 at 1"].values.min() == numbers[:, :, 2, 1].min()
    assert len({picture.values.tobytes() for name, picture in read.items() if "gif" in name}) == 3


def test_that_a_slice_is_that_of_the_file_opened_by_itself(tmp_path):
    nifti(tmp_path / "v.nii.gz", np.random.default_rng(0).normal(size=(5, 4, 3)))
    found = list_folder(tmp_path)
    image = open_file(tmp_path / "v.nii.gz")
    for member in found.members:
        assert member.at.plane is Plane.AXIAL
        np.testing.assert_array_equal(found.read(member).values, image.read(member.at).values)


def test_that_a_slice_of_a_series_is_read_alone_as_it_is_in_the_series(tmp_path):
    folder = series(
        tmp_path / "ct",
        [(0, 0, z) for z in (9, 3, 6)],
        pixels=np.random.default_rng(0).integers(0, 99, (3, 4, 5), np.int16),
        RescaleSlope=2,
        RescaleIntercept=-1000,
        WindowCenter=40,
        WindowWidth=400,
        PixelPaddingValue=7,
    )
    found = list_folder(tmp_path)
    (together,) = open_images(folder)
    # By position in the series, by name in the folder.
    for place, name in enumerate(("slice 1.dcm", "slice 2.dcm", "slice 0.dcm")):
        (member,) = (one for one in found.members if one.name == f"ct/{name}")
        alone, stacked = found.read(member), together.read(SliceAddress(index=place))
        np.testing.assert_array_equal(alone.values, stacked.values)
        assert (alone.presets, alone.unit, alone.place) == (
            stacked.presets, stacked.unit, stacked.place,
        )  # fmt: skip
        np.testing.assert_array_equal(alone.shown(), stacked.shown())


def test_that_a_pair_of_header_and_numbers_is_one_volume(tmp_path):
    image = nibabel.Nifti1Pair(np.zeros((4, 3, 2), np.int16), np.eye(4))
    nibabel.save(image, tmp_path / "pair.hdr")
    found = list_folder(tmp_path)
    assert names(found) == ["pair.hdr#axial 0", "pair.hdr#axial 1"]
    assert {member.files for member in found.members} == {("pair.hdr", "pair.img")}


@pytest.mark.parametrize("folder", ["images", "dicom", "nifti", "masks"])
def test_that_the_header_tells_how_many_pictures_the_opened_file_has(shared_data, folder):
    files = sorted(path for path in (shared_data / folder).rglob("*") if path.is_file())
    for path in files[:: max(1, len(files) // 60)]:
        try:
            reader = reader_of(path)
            image = None if reader is None else reader.open(path)
        except BadImage:
            continue
        if image is not None:
            counted = reader.count(path)
            plane = image.card.planes[0]
            expected = (plane, image.card.slices[plane], image.card.times)
            assert (counted.plane, counted.slices, counted.times) == expected, path
            assert set(counted.files) == set(image.files)
            image.close()


def test_that_every_reader_counts():
    assert all(callable(reader.count) for reader in READERS)


def test_that_no_two_members_have_one_name(tmp_path):
    dicom(tmp_path / "cine", np.zeros((8, 4), np.uint8), NumberOfFrames=2, Rows=4)
    dicom(tmp_path / "cine#1", np.zeros((8, 4), np.uint8))
    png(tmp_path / "a\n.png")
    png(tmp_path / "a\\n.png")
    found = list_folder(tmp_path)
    assert len(set(names(found))) == len(found.members) == 5
    assert {member.files[0] for member in found.members} == {
        path.name for path in tmp_path.iterdir()
    }
    assert names(found) == sorted(names(found))
    assert names(list_folder(tmp_path)) == names(found)


def test_that_names_can_be_written_and_the_files_still_be_read(tmp_path):
    raw = os.fsencode(tmp_path) + b"/scan \xff.png"
    try:
        with open(raw, "wb") as file:  # noqa: PTH123 - the name is bytes
            Image.fromarray(GREY).save(file, "PNG")
    except OSError:
        pytest.skip("this file system takes no such name")
    png(tmp_path / "two\nlines.png")
    (tmp_path / os.fsdecode(b"bad \xfe.png")).write_bytes(b"no picture")
    found = list_folder(tmp_path)
    assert names(found) == [r"bad \xfe.png", r"scan \xff.png", r"two\nlines.png"]
    for member in found.members[1:]:
        assert found.read(member).shape == (3, 4)
    with pytest.raises(BadImage, match=r"bad \\xfe") as refusal:
        found.read(found.members[0])
    refusal.value.message.encode()


def test_that_what_is_broken_is_told_and_never_fatal(tmp_path):
    good = png(tmp_path / "good.png")
    (tmp_path / "empty.png").touch()
    noise = png(tmp_path / "cut.png", np.random.default_rng(0).integers(0, 255, (99, 99), np.uint8))
    noise.write_bytes(noise.read_bytes()[:3000])
    huge_png(tmp_path / "huge.png")
    gone = png(tmp_path / "gone.png")
    (tmp_path / "damaged.nii.gz").write_bytes(b"\x1f\x8b nothing packed")
    (tmp_path / "empty.dcm").touch()
    (tmp_path / "notes.txt").write_text("P3 is no picture here")
    (tmp_path / "README").write_text("read me")
    (tmp_path / ".hidden.png").write_bytes(good.read_bytes())
    found = list_folder(tmp_path)
    gone.unlink()
    assert names(found) == ["cut.png", "empty.png", "gone.png", "good.png", "huge.png"]
    assert [name for name, _ in found.left_out] == ["damaged.nii.gz", "empty.dcm"]
    assert found.notes == ("2 files are no image and were passed over.",)
    for member in found.members:
        if member.name == "good.png":
            np.testing.assert_array_equal(found.read(member).values, GREY)
        else:
            with pytest.raises(BadImage, match=member.name):
                found.read(member)


def test_that_a_file_that_changed_after_it_was_listed_is_refused(tmp_path):
    nifti(tmp_path / "v.nii", np.zeros((4, 3, 5), np.int16))
    found = list_folder(tmp_path)
    nifti(tmp_path / "v.nii", np.zeros((4, 3, 2), np.int16))
    assert found.read(found.members[1]).shape == (3, 4)
    with pytest.raises(BadImage, match="has changed since"):
        found.read(found.members[4])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_that_pipes_sockets_and_links_do_not_hold_the_listing_up(tmp_path, monkeypatch):
    png(tmp_path / "a" / "good.png")
    os.mkfifo(tmp_path / "a" / "pipe.png")
    os.mkfifo(tmp_path / "a" / "pipe")
    monkeypatch.chdir(tmp_path / "a")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.dcm")
        (tmp_path / "a" / "loop.png").symlink_to(tmp_path / "a" / "loop.png")
        (tmp_path / "a" / "lost.png").symlink_to(tmp_path / "nowhere.png")
        (tmp_path / "a" / "again.png").symlink_to(tmp_path / "a" / "good.png")
        (tmp_path / "a" / "round").symlink_to(tmp_path, target_is_directory=True)
        found = list_folder(tmp_path / "a")
    assert names(found) == ["again.png", "good.png"]
    assert [name for name, _ in found.left_out] == [
        "loop.png",
        "lost.png",
        "pipe.png",
        "socket.dcm",
    ]
    assert found.notes == (
        "1 file is no image and was passed over.",
        "1 folder is linked to and was not looked into.",
    )
    (tmp_path / "a" / "good.png").unlink()
    os.mkfifo(tmp_path / "a" / "good.png")
    with pytest.raises(BadImage, match=r"good\.png"):
        found.read(found.members[1])


def test_that_folders_may_lie_deep(tmp_path):
    deep = tmp_path.joinpath(*["down"] * 150)
    png(deep / "x.png")
    png(tmp_path / "y.png")
    assert names(list_folder(tmp_path)) == ["/".join([*["down"] * 150, "x.png"]), "y.png"]


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything"
)
def test_that_what_may_not_be_read_is_told(tmp_path):
    png(tmp_path / "good.png")
    closed = png(tmp_path / "closed.png")
    inner = png(tmp_path / "folder" / "x.png").parent
    closed.chmod(0)
    inner.chmod(0)
    try:
        found = list_folder(tmp_path)
        assert names(found) == ["closed.png", "good.png"]
        assert found.left_out[0][0] == "folder/"
        with pytest.raises(BadImage, match="may not be read"):
            found.read(found.members[0])
    finally:
        inner.chmod(0o700)


def test_that_a_folder_that_cannot_be_looked_into_is_left_out(tmp_path, monkeypatch):
    png(tmp_path / "good.png")
    png(tmp_path / "closed" / "x.png")
    scandir = os.scandir

    def refusing(path):
        if str(path).rstrip("/").endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(collection_module.os, "scandir", refusing)
    found = list_folder(tmp_path)
    assert names(found) == ["good.png"]
    assert found.left_out == (("closed/", "The folder may not be looked into: Permission denied."),)


def test_that_the_order_the_system_lists_in_makes_no_difference(tmp_path, monkeypatch):
    for name in ("c.png", "a.png", "b/z.png", "b/y.tif", "d.nii"):
        png(tmp_path / name) if name.endswith("png") else (tmp_path / name).write_bytes(b"II*\0")
    expected = list_folder(tmp_path)
    scandir = os.scandir

    class Backwards:
        def __init__(self, path):
            with scandir(path) as entries:
                self.entries = sorted(entries, key=lambda entry: entry.name, reverse=True)

        def __enter__(self):
            return iter(self.entries)

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(collection_module.os, "scandir", Backwards)
    found = list_folder(tmp_path)
    assert (found.members, found.left_out) == (expected.members, expected.left_out)


def test_that_many_files_are_sorted_in_runs_to_the_same_order(tmp_path, monkeypatch):
    for name in ("c.png", "a#1.png", "b/z.png", "a.png", "B.png", "d\n.png", "d\\n.png"):
        png(tmp_path / name)
    expected = list_folder(tmp_path)
    monkeypatch.setattr(collection_module, "_MEMBERS_A_RUN", 2)
    assert list_folder(tmp_path).members == expected.members
    assert names(expected) == sorted(names(expected))
    assert len(set(names(expected))) == 7


def test_that_listing_tells_how_far_it_is_and_can_be_cancelled(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.tif").write_bytes(b"II*\0")
    png(tmp_path / "a.png")
    told = []
    list_folder(tmp_path, progress=lambda done, total, text="": told.append((done, total)))
    # Found, looked into, sorted in one run, and told apart.
    assert told == [(0, 0), (0, 3), (1, 3), (2, 3), (0, 1), (1, 1), (0, 1)]

    def cancel(done, total, text=""):
        raise Cancelled

    with pytest.raises(Cancelled):
        list_folder(tmp_path, progress=cancel)


def test_that_no_folder_and_no_image_are_refused_with_a_sentence(tmp_path):
    with pytest.raises(BadRequest, match="no folder"):
        list_folder(tmp_path / "nowhere")
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(BadImage, match="holds no image"):
        list_folder(tmp_path)
    (tmp_path / "b.tif").write_bytes(b"II*\0")
    with pytest.raises(BadImage, match=r"one file or folder in it was tried.*b\.tif"):
        list_folder(tmp_path)


def test_that_a_volume_is_unpacked_once_for_all_its_slices(tmp_path, monkeypatch):
    for number in range(3):
        nifti(tmp_path / f"{number}.nii.gz", np.full((4, 3, 6), number, np.int16))
    opened, lock = [], threading.Lock()

    def counting(path):
        with lock:
            opened.append(path.name)
        return open_file(path)

    monkeypatch.setattr(collection_module, "open_file", counting)
    with list_folder(tmp_path) as found, ThreadPoolExecutor(4) as pool:
        read = list(pool.map(found.read, found.members))
    assert sorted(opened) == ["0.nii.gz", "1.nii.gz", "2.nii.gz"]
    assert [int(picture.values[0, 0]) for picture in read] == [0] * 6 + [1] * 6 + [2] * 6


class Opened:
    """Stands for an image that may not be read once it is closed."""

    def __init__(self, path):
        self.path, self.closed = path, False

    def close(self):
        self.closed = True


def test_that_few_files_stay_open_and_none_is_closed_while_it_is_read(tmp_path):
    made = []

    def opening(path):
        made.append(Opened(path))
        return made[-1]

    kept = KeptOpen(opening, most=2)
    paths = [tmp_path / str(number) for number in range(4)]
    with kept.borrowed(paths[0]) as first:
        for path in paths[1:]:
            with kept.borrowed(path):
                pass
        assert not first.closed
        assert [image.closed for image in made] == [False, True, True, False]
    with kept.borrowed(paths[0]) as again:
        assert again is first
        kept.close()
        assert not first.closed
    assert all(image.closed for image in made)


def test_that_many_threads_never_meet_a_closed_file(tmp_path):
    kept = KeptOpen(Opened, most=1)
    paths = [tmp_path / str(number) for number in range(5)]

    def read(number):
        with kept.borrowed(paths[number % 5]) as image:
            return image.path == paths[number % 5] and not image.closed

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(2000)))


def test_that_a_file_that_cannot_be_opened_is_tried_anew(tmp_path):
    kept = KeptOpen(open_file)
    for _ in range(2):
        with pytest.raises(BadImage), kept.borrowed(tmp_path / "x.nii"):
            pass
    nifti(tmp_path / "x.nii", np.zeros((2, 2, 2), np.int16))
    with kept.borrowed(tmp_path / "x.nii") as image:
        assert image.read(SliceAddress(Plane.AXIAL, 0)).shape == (2, 2)
    kept.close()


def test_what_files_are_called_without_their_ending():
    assert [stem_of(name) for name in ("a/b.nii.gz", "a.b/c", "x.PNG", "1.2.840", "m.tar.png")] == [
        "a/b", "a.b/c", "x", "1.2.840", "m.tar",
    ]  # fmt: skip
    assert speakable("ä/\t\udcffé") == r"ä/\t\xffé"
