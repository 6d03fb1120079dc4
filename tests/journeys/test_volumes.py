"""Planes, slices and points in time of a volume, from the strip, the keys and the wheel."""

import nibabel
import numpy as np
import pydicom
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from inspector.core.address import Address
from inspector.core.images import Edges, Plane, SliceAddress

FREE, HELD = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture(scope="module")
def series_in_time(tmp_path_factory):
    """(x, y, z, t) = (20, 24, 9, 3): stored to the right, front and head, 1 x 2 x 3 mm."""
    values = np.arange(20 * 24 * 9 * 3, dtype=np.int16).reshape(20, 24, 9, 3)
    path = tmp_path_factory.mktemp("volume") / "in_time.nii"
    nibabel.save(nibabel.Nifti1Image(values, np.diag([1, 2, 3, 1])), path)
    return path


@pytest.fixture
def program(open_program, seen, checkpoints, series_in_time):
    program = open_program(checkpoints[0], series_in_time)
    seen(program)
    return program


def at(program) -> SliceAddress:
    return program.session.image_view.at


def overlay(program):
    return program.window.modes.pictures.overlay.picture


def wheel(widget, notches: int, held=FREE) -> None:
    """Turn the wheel; above 0 away from the user."""
    place = QPointF(widget.rect().center())
    event = QWheelEvent(
        place,
        QPointF(widget.mapToGlobal(place.toPoint())),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        held,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


@pytest.mark.parametrize(
    ("plane", "shape", "edges"),
    [
        (Plane.AXIAL, (24, 20), Edges("A", "L", "P", "R")),
        (Plane.CORONAL, (9, 20), Edges("S", "L", "I", "R")),
        (Plane.SAGITTAL, (9, 24), Edges("S", "P", "I", "A")),
    ],
)
def test_that_another_plane_is_cut_and_its_letters_change(program, seen, plane, shape, edges):
    planes = program.window.strip.slices.planes
    planes.button(str(plane)).click()
    seen(program)
    scene = program.window.modes.scene
    assert at(program).plane is scene.image.at.plane is plane
    assert scene.image.slice.shape == shape
    assert overlay(program)._edges == scene.image.slice.edges == edges
    assert scene.maps is not None
    assert scene.image.prepared.placement.image_shape == shape


def test_that_the_slider_steps_through_slices_and_says_where(program, seen):
    bar = program.window.strip.slices
    bar.slider.setValue(7)
    seen(program)
    assert at(program).index == program.window.modes.scene.image.at.index == 7
    assert "Slice 8 of 9" in bar.words.text()
    assert "z = 21.0 mm" in bar.words.text()


def test_that_points_in_time_are_stepped_and_the_numbers_are_those_of_that_time(program, seen):
    bar = program.window.strip.slices
    assert bar.time.isVisible()
    first = program.window.modes.scene.image.slice.values
    bar.time.setValue(2)
    seen(program)
    scene = program.window.modes.scene
    assert at(program).time == scene.image.at.time == 2
    np.testing.assert_array_equal(scene.image.slice.values, first + 2)


def test_that_the_wheel_and_ctrl_with_page_keys_step_through_slices(program, seen):
    picture, start = overlay(program), at(program).index
    wheel(picture, -1, HELD)
    assert at(program).index == start + 1
    wheel(picture, 2)
    assert at(program).index == start - 1
    QTest.keyClick(picture, Qt.Key.Key_PageDown, HELD)
    assert at(program).index == start
    wheel(picture, 50, HELD)
    assert at(program).index == 0
    seen(program)
    assert program.window.modes.scene.image.at.index == 0


def test_that_page_keys_alone_step_through_blocks_and_leave_the_slice(program, seen):
    before = at(program)
    QTest.keyClick(overlay(program), Qt.Key.Key_PageDown)
    seen(program)
    assert program.session.selection.address == Address(0, 1)
    assert at(program) == before


def test_that_a_folder_of_dicom_slices_is_one_volume_in_order_of_position(
    open_program, seen, checkpoints, tmp_path, repository
):
    whole = pydicom.dcmread(repository / "resources" / "samples" / "phantom_radiograph.dcm")
    whole.SOPClassUID = pydicom.uid.CTImageStorage
    whole.Modality = "CT"
    whole.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    whole.PixelSpacing = [1.0, 1.0]
    whole.SeriesInstanceUID = pydicom.uid.generate_uid()
    for name, z in (("c", 0.0), ("a", 10.0), ("b", 5.0)):
        whole.ImagePositionPatient = [0.0, 0.0, z]
        whole.SOPInstanceUID = whole.file_meta.MediaStorageSOPInstanceUID = (
            pydicom.uid.generate_uid()
        )
        whole.file_meta.MediaStorageSOPClassUID = whole.SOPClassUID
        whole.save_as(tmp_path / f"{name}.dcm")
    program = open_program(checkpoints[0], tmp_path)
    seen(program)
    (entry,) = program.session.images
    assert entry.card.slices[entry.card.planes[0]] == 3
    places = []
    for index in range(3):
        program.stepping.step_slice(index - at(program).index)
        seen(program)
        places.append(program.window.modes.scene.image.slice.place)
    assert places == ["z = 0.0 mm", "z = 5.0 mm", "z = 10.0 mm"]
