from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from inspector.core.images import ImageCard, Plane, SliceAddress
from inspector.views import image_strip
from inspector.views.image_strip import ImageStrip, NotesPopover, facts_of

PICTURE = ImageCard("chest.png", "/ward/Doe_Jane/chest.png", "PNG", "", (40, 60), {Plane.STORED: 1})
SERIES = ImageCard("CT", "/ct", "DICOM", "CT", (512, 512), {Plane.STORED: 60}, notes=("One note.",))
VOLUME = ImageCard(
    "bold.nii",
    "/bold.nii",
    "NIfTI-1",
    "MR",
    (64, 64),
    {Plane.AXIAL: 33, Plane.CORONAL: 64, Plane.SAGITTAL: 50},
    times=20,
)
CARDS = (PICTURE, SERIES, VOLUME)


@pytest.fixture
def strip(qtbot):
    strip = ImageStrip()
    qtbot.addWidget(strip)
    strip.resize(260, 320)
    with qtbot.waitExposed(strip):
        strip.show()
    return strip


def middle_of(strip: ImageStrip, row: int) -> QPoint:
    return strip.list.visualItemRect(strip.list.item(row)).center()


def cross_of(strip: ImageStrip, row: int) -> QPoint:
    box = strip.list.visualItemRect(strip.list.item(row))
    return QPoint(box.right() - 12, box.center().y())


def test_that_setters_emit_nothing(qtbot, strip):
    with (
        qtbot.assertNotEmitted(strip.chosen),
        qtbot.assertNotEmitted(strip.closed),
        qtbot.assertNotEmitted(strip.slice_chosen),
    ):
        strip.show_images(CARDS, 1)
        strip.show_slice(SliceAddress(index=12), "z = −3 mm")
        strip.show_images(CARDS[:1], 0)
        strip.show_images((), None)


def test_that_without_images_the_strip_says_what_can_be_dropped(strip):
    assert strip.empty.isVisible()
    strip.show_images(CARDS, 0)
    assert not strip.empty.isVisible()


def test_that_a_click_or_an_arrow_key_turns_to_an_image(qtbot, strip):
    strip.show_images(CARDS, 0)
    found = []
    strip.chosen.connect(found.append)
    qtbot.mouseClick(strip.list.viewport(), Qt.MouseButton.LeftButton, pos=middle_of(strip, 1))
    qtbot.keyClick(strip.list, Qt.Key.Key_Down)
    assert found == [1, 2]


def test_that_the_cross_closes_an_image_without_turning_to_it(qtbot, strip):
    strip.show_images(CARDS, 0)
    with (
        qtbot.assertNotEmitted(strip.chosen),
        qtbot.waitSignal(strip.closed) as caught,
    ):
        qtbot.mouseClick(strip.list.viewport(), Qt.MouseButton.LeftButton, pos=cross_of(strip, 1))
    assert caught.args == [1]


def test_that_delete_closes_the_current_image(qtbot, strip):
    strip.show_images(CARDS, 2)
    with qtbot.waitSignal(strip.closed) as caught:
        qtbot.keyClick(strip.list, Qt.Key.Key_Delete)
    assert caught.args == [2]


def test_that_no_folder_is_shown_for_it_may_be_called_after_a_patient(strip):
    strip.show_images(CARDS, 0)
    item = strip.list.item(0)
    said = [item.text(), item.toolTip(), str(item.data(Qt.ItemDataRole.AccessibleTextRole))]
    assert not any("Doe" in text for text in said)


def test_that_facts_name_kind_slices_times_and_notes():
    assert facts_of(PICTURE) == "PNG"
    assert facts_of(SERIES) == "CT · 60 slices · 1 note"
    assert facts_of(VOLUME) == "MR · 33 slices · 20 times"


def test_that_notes_of_the_reader_are_revealed(qtbot, strip):
    strip.show_images(CARDS, 1)
    panel = NotesPopover(SERIES, parent=strip)
    texts = [panel.column.itemAt(n).widget().text() for n in range(panel.column.count())]
    assert texts == ["CT: DICOM, 512 × 512", "One note."]


def test_that_a_single_picture_has_no_sliders(strip):
    strip.show_images(CARDS, 0)
    assert not strip.slices.isVisible()


def test_that_a_stack_has_a_slider_and_no_planes(strip):
    strip.show_images(CARDS, 1)
    strip.show_slice(SliceAddress(index=31), "z = −120.5 mm")
    bar = strip.slices
    assert bar.slider.isVisible()
    assert not bar.planes.isVisible()
    assert not bar.time.isVisible()
    assert bar.slider.maximum() == 59
    assert bar.words.text() == "Slice 32 of 60 · z = −120.5 mm"


def test_that_a_volume_over_time_has_planes_and_two_sliders(strip):
    strip.show_images(CARDS, 2)
    bar = strip.slices
    assert bar.planes.isVisible()
    assert bar.time.isVisible()
    assert bar.time_words.text() == "Time 1 of 20"
    assert not bar.planes.button("stored").isVisible()
    assert bar.planes.button("axial").isChecked()


def test_that_moving_a_slider_chooses_a_slice(qtbot, strip):
    strip.show_images(CARDS, 2)
    strip.show_slice(SliceAddress(Plane.CORONAL, 20, 3))
    with qtbot.waitSignal(strip.slice_chosen) as caught:
        qtbot.keyClick(strip.slices.slider, Qt.Key.Key_Right)
    assert caught.args == [SliceAddress(Plane.CORONAL, 21, 3)]
    with qtbot.waitSignal(strip.slice_chosen) as caught:
        qtbot.keyClick(strip.slices.time, Qt.Key.Key_Left)
    assert caught.args == [SliceAddress(Plane.CORONAL, 21, 2)]


def test_that_a_plane_begins_in_its_middle_and_is_come_back_to_where_it_was_left(qtbot, strip):
    strip.show_images(CARDS, 2)
    strip.show_slice(SliceAddress(Plane.AXIAL, 5, 3))
    found = []
    strip.slice_chosen.connect(found.append)
    strip.slices.planes.button("sagittal").click()
    strip.slices.planes.button("axial").click()
    assert found == [SliceAddress(Plane.SAGITTAL, 25, 3), SliceAddress(Plane.AXIAL, 5, 3)]


def test_that_page_keys_are_left_to_the_views_of_blocks(qtbot, strip):
    strip.show_images(CARDS, 1)
    strip.show_slice(SliceAddress(index=31))
    with qtbot.assertNotEmitted(strip.slice_chosen), qtbot.assertNotEmitted(strip.chosen):
        qtbot.keyClick(strip.slices.slider, Qt.Key.Key_PageDown)
        qtbot.keyClick(strip.list, Qt.Key.Key_PageDown)


def test_that_a_thumbnail_stays_when_its_image_moves_or_is_called_otherwise(strip):
    strip.show_images(CARDS, 0)
    strip.show_thumbnail(1, np.full((30, 20, 3), 90, np.uint8))
    shown = strip._entries[1].thumbnail
    assert shown is not None
    strip.show_images((replace(SERIES, label="ward/CT"), VOLUME), 0)
    assert strip._entries[0].thumbnail is shown
    assert strip._entries[1].thumbnail is None


def test_that_a_thumbnail_of_a_closed_image_is_ignored(strip):
    strip.show_images((), None)
    strip.show_thumbnail(3, np.zeros((4, 4, 3), np.uint8))


def test_that_a_thumbnail_keeps_the_shape_of_the_picture(strip):
    strip.show_images(CARDS, 0)
    strip.show_thumbnail(0, np.zeros((400, 800, 3), np.uint8))
    size = strip._entries[0].thumbnail.size()
    assert (size.width(), size.height()) == (160, 80)
    strip.grab()


def test_that_the_current_image_is_in_sight_when_planes_take_room_under_the_list(qtbot, strip):
    cards = [replace(PICTURE, label=f"{number}.png") for number in range(12)]
    for place in (0, 4, 12, 7):
        images = [*cards[:place], VOLUME, *cards[place:]]
        strip.show_images(images, 0 if place else 1)
        strip.show_images(images, place)
        qtbot.wait(10)
        there = strip.list.visualItemRect(strip.list.currentItem())
        assert strip.list.viewport().rect().contains(there)


def test_that_each_of_many_images_is_compared_with_those_of_its_own_file_only(strip, monkeypatch):
    cards = [replace(PICTURE, label=f"{n}.png", path=f"/ward/{n}.png") for n in range(300)]
    strip.show_images(cards, 0)
    strip.show_thumbnail(7, np.full((4, 4, 3), 200, np.uint8))
    compared = []
    monkeypatch.setattr(
        image_strip,
        "replace",
        lambda card, **named: compared.append(card) or replace(card, **named),
    )
    strip.show_images([*cards[1:], cards[0]], 0)
    assert len(compared) == len(cards)
    assert strip._entries[6].thumbnail is not None
