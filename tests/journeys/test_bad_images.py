"""Images that are none: each is told in a sentence, and what was open stays open and drawn."""

import struct
import zlib
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from inspector.core.images import SliceAddress
from inspector.views.error_dialog import ErrorDialog


def wrong_dicom(path: Path, _: Path) -> Path:
    path.write_bytes(b"\0" * 128 + b"DICM" + b"no elements at all" * 20)
    return path


def cut_dicom(path: Path, whole: Path) -> Path:
    path.write_bytes(whole.read_bytes()[:20_000])
    return path


def dicom_without_pixels(path: Path, whole: Path) -> Path:
    stored = dcmread(whole)
    del stored.PixelData
    stored.save_as(path)
    return path


def volume_without_slices(path: Path, _: Path) -> Path:
    nibabel.save(nibabel.Nifti1Image(np.zeros((8, 7, 4), np.int16), np.eye(4)), path)
    stored = bytearray(path.read_bytes())
    stored[40:56] = struct.pack("<8h", 3, 8, 7, 0, 1, 1, 1, 1)
    path.write_bytes(stored)
    return path


def volume_of_nan(path: Path, _: Path) -> Path:
    values = np.full((8, 7, 4), np.nan, np.float32)
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path)
    return path


def gigantic_png(path: Path, _: Path) -> Path:
    """A few bytes that say they are 100,000 x 100,000 pixels."""
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return path


def empty_folder(path: Path, _: Path) -> Path:
    path.mkdir()
    return path


@pytest.fixture
def whole(repository) -> Path:
    return repository / "resources" / "samples" / "phantom_radiograph.dcm"


def dialog_of(program) -> ErrorDialog:
    (dialog,) = [d for d in program.window.findChildren(ErrorDialog) if d.isVisible()]
    return dialog


@pytest.mark.parametrize(
    ("name", "make", "read", "advice"),
    [
        ("wrong.dcm", wrong_dicom, "a DICOM object without pixels", "Open the images"),
        ("cut.dcm", cut_dicom, "bytes of pixels were expected", "Copy or download the file again"),
        ("report.dcm", dicom_without_pixels, "its pixels are missing", "Copy or download"),
        ("thin.nii", volume_without_slices, "its shape is (8, 7, 0)", "Look at what wrote"),
        ("nan.nii", volume_of_nan, "each of its voxels is NaN", "Look at what wrote the file"),
        ("huge.png", gigantic_png, "more pixels than is read here", "save a smaller"),
        ("nothing", empty_folder, "is empty", "Choose a folder"),
    ],
)
def test_that_a_bad_image_is_told_in_words_and_what_was_open_stays_drawn(
    one, seen, whole, tmp_path, name, make, read, advice
):
    seen(one)
    scene, models, images = one.window.modes.scene, one.session.models, one.session.images
    pixels = one.window.modes.pictures.overlay.picture.pixels
    one.open_paths([make(tmp_path / name, whole)])
    seen(one)
    dialog = dialog_of(one)
    assert dialog.windowTitle() == f"Could not open {name}"
    assert f"“{name}”" in dialog.text
    assert read in dialog.text
    assert advice in dialog.text
    assert (one.session.models, one.session.images) == (models, images)
    assert one.window.modes.scene is scene
    assert one.window.modes.pictures.overlay.picture.pixels is pixels
    assert one.window.modes.state.text == ""


def test_that_a_folder_with_one_broken_file_opens_the_others_and_names_it(
    one, seen, whole, tmp_path
):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a", "c"):
        Image.fromarray(np.eye(9, dtype=np.uint8) * 200).save(folder / f"{name}.png")
    gigantic_png(folder / "b.png", whole)
    one.open_paths([folder])
    seen(one)
    assert [entry.card.label for entry in one.session.images] == ["first.png", "a.png", "c.png"]
    assert one.window.modes.scene.image.card.label == "a.png"
    said = one.window.banner.text
    assert said.startswith("Could not open b.png: “b.png” says that it holds more pixels")
    assert [d for d in one.window.findChildren(ErrorDialog) if d.isVisible()] == []
    one.window.banner.acted.emit()
    assert "b.png" in dialog_of(one).windowTitle()


def test_that_a_folder_of_broken_images_only_is_told(one, seen, whole, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    gigantic_png(folder / "b.png", whole)
    before = one.session.images
    one.open_paths([folder])
    seen(one)
    assert "folder" in dialog_of(one).text
    assert one.session.images == before


@pytest.mark.parametrize("tab", ["modes", "attention"])
@pytest.mark.parametrize("has_model", [True, False])
def test_that_a_slice_that_cannot_be_read_is_told_where_it_is_looked_at(
    open_program, seen, checkpoints, images, monkeypatch, tab, has_model
):
    from inspector.core.errors import BadImage

    program = open_program(*([checkpoints[0]] if has_model else []), images[2])
    program.window.show_tab(tab)
    seen(program)
    image, told = program.session.image.image, "Slice 6 of “volume.nii.gz” is damaged."
    read = image.read

    def damaged(at: SliceAddress):
        if at.index == 6:
            raise BadImage(told, advice="Copy it again.")
        return read(at)

    monkeypatch.setattr(image, "read", damaged)
    view = program.window.modes if tab == "modes" else program.window.attention
    program.stepping.step_slice(2)
    seen(program)
    assert f"{told} Copy it again." in (view.state.text or view._empty.text())
    program.stepping.step_slice(1)
    seen(program)
    assert told not in view.state.text
    pane = (view.pictures if tab == "modes" else view).overlay
    assert pane.picture.pixels is not None
