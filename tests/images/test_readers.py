import gzip
import importlib
import subprocess
import sys

import nibabel
import numpy as np
import pytest
from PIL import Image

from inspector.core.errors import BadImage, BadRequest, Cancelled
from inspector.core.images import ImageCard, Plane, Slice, SliceAddress
from inspector.images import (
    READERS,
    InputImage,
    looks_like_image,
    open_folder,
    open_images,
)
from inspector.images import image as image_module
from tests.images.making import dicom, nifti, series


def test_that_every_reader_of_the_folder_is_registered():
    folder = importlib.import_module("inspector.images.readers").__path__[0]
    names = {p.stem for p in __import__("pathlib").Path(folder).glob("*.py")} - {"__init__"}
    modules = [importlib.import_module(f"inspector.images.readers.{name}") for name in names]
    assert {id(module.READER) for module in modules} == {id(reader) for reader in READERS}
    assert len(READERS) == len(names)


def test_that_the_package_loads_no_library_before_an_image_is_opened():
    heavy = [
        "numpy.testing",
        "pydicom",
        "nibabel",
        "tifffile",
        "imagecodecs",
        "PIL",
        "torch",
        "scipy",
        "matplotlib",
    ]
    code = f"import inspector.images, sys; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_that_an_image_is_known_by_its_content_whatever_it_is_called(tmp_path):
    pixels = np.arange(20, dtype=np.int16).reshape(4, 5)
    files = {"DICOM": dicom(tmp_path / "a", pixels)}
    nifti(tmp_path / "b.nii", pixels[..., None])
    (tmp_path / "b.nii").rename(tmp_path / "b")
    files["NIfTI-1"] = tmp_path / "b"
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "c", "PNG")
    files["PNG"] = tmp_path / "c"
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "d", "TIFF")
    files["TIFF"] = tmp_path / "d"
    for form, path in files.items():
        assert looks_like_image(path)
        if form != "NIfTI-1":
            assert open_images(path)[0].card.format == form


def test_that_a_data_set_without_preamble_is_known(tmp_path):
    path = dicom(tmp_path / "a.dcm", np.ones((4, 5), np.int16))
    bare = path.read_bytes()[132:]
    (tmp_path / "bare").write_bytes(bare)
    assert looks_like_image(tmp_path / "bare")
    assert open_images(tmp_path / "bare")[0].card.format == "DICOM"


@pytest.mark.parametrize("name", ["model.pth", "config.json", "notes.txt", "weights.safetensors"])
def test_that_other_files_are_no_images(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\x03\x04" + bytes(200))
    assert not looks_like_image(tmp_path / name)
    with pytest.raises(BadImage, match="no image of a format"):
        open_images(tmp_path / name)


def test_that_looking_never_raises(tmp_path):
    assert not looks_like_image(tmp_path / "not there")
    assert not looks_like_image(tmp_path)
    (tmp_path / "a.dcm").mkdir()
    assert not looks_like_image(tmp_path / "a.dcm")


def test_that_a_folder_gives_its_series_and_its_pictures_in_natural_order(tmp_path):
    series(tmp_path / "ct", [(0, 0, z) for z in (3, 1, 2)])
    for number in (10, 2):
        Image.new("L", (3, 3), number).save(tmp_path / f"picture {number}.png")
    (tmp_path / "notes.txt").write_text("no image")
    labels = [image.card.label for image in open_images(tmp_path)]
    assert labels == ["ct, CT series", "picture 2.png", "picture 10.png"]


def test_that_a_broken_file_in_a_folder_is_told_and_does_not_stop_the_rest(tmp_path):
    Image.new("L", (3, 3)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    folder = open_folder(tmp_path)
    assert [path.name for path, _ in folder.failures] == ["b.png"]
    (image,) = open_images(tmp_path)
    assert any("One file" in note and "b.png" in note for note in image.card.notes)


def test_that_a_folder_of_broken_files_is_refused_with_the_first_reason(tmp_path):
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    with pytest.raises(BadImage, match=r"one file was tried.*b\.png"):
        open_images(tmp_path)


def test_that_a_folder_of_too_many_files_says_that_not_all_were_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr("inspector.images.folders._MOST_FILES", 2)
    for name in "abc":
        Image.new("L", (3, 2)).save(tmp_path / f"{name}.png")
    images = open_images(tmp_path)
    assert len(images) == 2
    assert "hold more than 2 files" in images[0].card.notes[-1]
    (tmp_path / "c.png").unlink()
    assert not open_images(tmp_path)[0].card.notes


def test_that_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(BadImage, match="holds no image"):
        open_images(tmp_path)


def test_that_opening_a_folder_can_be_cancelled(tmp_path):
    Image.new("L", (3, 3)).save(tmp_path / "a.png")

    def cancel(done, total, text=""):
        raise Cancelled

    with pytest.raises(Cancelled):
        open_images(tmp_path, progress=cancel)


def test_that_packed_volumes_are_told_apart(tmp_path):
    numbers = np.ones((3, 4, 5), np.float32)
    nifti(tmp_path / "a.nii.gz", numbers)
    nibabel.save(nibabel.MGHImage(numbers, np.eye(4)), tmp_path / "b.mgz")
    (tmp_path / "c.gz").write_bytes(gzip.compress(b"some text" * 100))
    assert open_images(tmp_path / "a.nii.gz")[0].card.format == "NIfTI-1"
    assert open_images(tmp_path / "b.mgz")[0].card.format == "MGZ"
    assert not looks_like_image(tmp_path / "c.gz")


def picture(size: int = 10) -> Slice:
    return Slice(np.zeros((size, size), np.float32))


def test_that_a_slice_is_read_once_and_kept(monkeypatch):
    read = []

    def reading(at: SliceAddress) -> Slice:
        read.append(at.index)
        return picture()

    image = InputImage(ImageCard("a", "a", "PNG", slices={Plane.STORED: 9}), (), reading)
    first = image.read(SliceAddress())
    assert image.read(SliceAddress()) is first
    assert read == [0]
    monkeypatch.setattr(image_module, "MOST_KEPT_BYTES", 2 * 400)
    for index in (1, 2, 0):
        image.read(SliceAddress(index=index))
    assert read == [0, 1, 2, 0]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (SliceAddress(Plane.AXIAL), "no axial slices"),
        (SliceAddress(index=9), "no slice 9"),
        (SliceAddress(time=1), "no point in time 1"),
        (SliceAddress(index=-1), "no slice -1"),
    ],
)
def test_that_an_address_that_is_not_there_is_refused(address, words):
    card = ImageCard("a", "a", "PNG", slices={Plane.STORED: 9})
    with pytest.raises(BadRequest, match=words):
        InputImage(card, (), lambda _: picture()).read(address)
