from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QWidget

from inspector.core.preparation import Preparation
from inspector.views.map_options import MapOptions
from inspector.views.preparation_box import PreparationBox

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
OWN = ((0.17, 0.18, 0.19), (0.3, 0.31, 0.32))
SCALED = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def made(statistics=HALF, **changes) -> Preparation:
    mean, std = statistics
    return Preparation(
        fit="crop", crop_share=0.9, mean=mean, std=std, source="as trained", **changes
    )


@pytest.fixture
def box(qtbot):
    """In as much room as the column of the options leaves it."""
    box = PreparationBox()
    qtbot.addWidget(box)
    box.show_preparation(made(), made(), native=True, step=16)
    box.resize(205, 500)
    with qtbot.waitExposed(box):
        box.show()
    return box


@pytest.fixture
def chosen(box) -> list[Preparation]:
    found: list[Preparation] = []
    box.preparation_chosen.connect(found.append)
    return found


def choose(box: QComboBox, text: str) -> None:
    box.setCurrentIndex(box.findText(text))
    box.activated.emit(box.currentIndex())


def offered(box) -> list[str]:
    choice = box.normalisation.choice
    return [choice.itemText(place) for place in range(choice.count())]


def write(field, text: str) -> None:
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


@pytest.mark.parametrize(
    ("word", "interpolation"),
    [("Nearest", "nearest"), ("Bilinear", "bilinear"), ("Lanczos", "lanczos")],
)
def test_that_an_interpolation_is_chosen_and_nothing_else_changes(box, chosen, word, interpolation):
    choose(box.interpolation, word)
    assert chosen == [replace(made(), interpolation=interpolation, source="changed here")]


def test_that_crop_and_squash_keep_a_share_each(box, chosen):
    assert "shorter side" in box.share.accessibleName()
    choose(box.fit, "Squash both sides")
    assert (chosen[-1].crop_share, chosen[-1].squash_share) == (0.9, 1.0)
    assert "both sides" in box.share.accessibleName()
    assert box.share.value() == 100
    box.share.setValue(80)
    assert (chosen[-1].crop_share, chosen[-1].squash_share) == (0.9, 0.8)
    choose(box.fit, "Centre crop")
    assert box.share.value() == 90
    box.share.setValue(70)
    assert (chosen[-1].crop_share, chosen[-1].squash_share) == (0.7, 0.8)


def test_that_padding_keeps_all(box):
    choose(box.fit, "Pad to the shape")
    assert not box.share.isEnabled()
    assert box.share.value() == 100


def test_that_digits_that_are_not_shown_stay_where_another_thing_is_changed(box, chosen):
    """A field shows 86.5 %, and 0.48145466 as it is; neither is written back unasked."""
    exact = replace(made(((1 / 3, 0.4, 0.5), (0.2, 0.2, 0.2))), size=(210, 210), crop_share=32 / 37)
    box.show_preparation(exact, exact, native=True, step=16)
    choose(box.interpolation, "Nearest")
    assert chosen[-1] == replace(exact, interpolation="nearest", source="changed here")
    choose(box.normalisation.choice, "By hand")
    write(box.normalisation.fields[1][0], "0.25")
    assert chosen[-1].mean == exact.mean
    assert chosen[-1].std == (0.25, 0.2, 0.2)


@pytest.mark.parametrize(
    ("name", "statistics"), [("ImageNet", IMAGENET), ("0 / 1 (only scaled)", SCALED)]
)
def test_that_a_usual_normalisation_is_chosen_by_its_name(box, chosen, name, statistics):
    choose(box.normalisation.choice, name)
    assert (chosen[-1].mean, chosen[-1].std) == statistics
    assert box.normalisation.choice.currentText() == name
    assert box.normalisation.by_hand.isHidden()
    box.reset.click()
    assert chosen[-1] == made()
    assert box.normalisation.choice.currentText() == "0.5 / 0.5"


def test_that_names_of_the_normalisations_are_those_that_checkpoints_are_read_with(box):
    from inspector.families import preparation as families

    choice = box.normalisation.choice
    found = {choice.itemText(place): choice.itemData(place) for place in range(choice.count())}
    assert found["ImageNet"] == families._IMAGENET
    assert found["CLIP"] == families._CLIP
    assert found["0.5 / 0.5"] == families._HALF


def test_that_the_checkpoints_own_is_offered_only_where_it_has_no_name(box, chosen):
    assert "The checkpoint's own" not in offered(box)
    box.show_preparation(made(OWN), made(OWN), native=True)
    assert box.normalisation.choice.currentText() == "The checkpoint's own"
    choose(box.normalisation.choice, "CLIP")
    choose(box.normalisation.choice, "The checkpoint's own")
    assert chosen[-1] == made(OWN)


def test_that_a_normalisation_that_was_stored_in_other_digits_has_its_name_and_keeps_them(
    box, chosen
):
    """Of values up to 255, as MMEngine stores it: 123.675 / 255 is not quite 0.485."""
    stored = ((0.48500000000000004, *IMAGENET[0][1:]), IMAGENET[1])
    box.show_preparation(made(stored), made(stored), native=True)
    assert box.normalisation.choice.currentText() == "ImageNet"
    choose(box.normalisation.choice, "CLIP")
    choose(box.normalisation.choice, "ImageNet")
    assert chosen[-1] == made(stored)


def test_that_numbers_are_folded_away_until_they_are_written_by_hand(box, chosen):
    normalisation = box.normalisation
    assert normalisation.by_hand.isHidden()
    choose(normalisation.choice, "By hand")
    assert chosen == []
    assert not normalisation.by_hand.isHidden()
    assert QApplication.focusWidget() is normalisation.fields[0][0]
    write(normalisation.fields[0][1], "0.25")
    assert (chosen[-1].mean, chosen[-1].std) == ((0.5, 0.25, 0.5), HALF[1])
    write(normalisation.fields[0][1], "0.5")
    assert chosen[-1] == made()
    box.show_preparation(made(), made(), native=True)
    assert not normalisation.by_hand.isHidden(), "folded away under the hand that writes"


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "", "half", "1e999", "1e300", "0.4 0.5"])
@pytest.mark.parametrize("row", [0, 1])
def test_that_what_is_no_number_is_told_and_not_used(box, chosen, row, text):
    choose(box.normalisation.choice, "By hand")
    field = box.normalisation.fields[row][2]
    write(field, text) if text else (field.clear(), field.editingFinished.emit())
    assert chosen == []
    said = box.normalisation.wrong
    assert said.isVisibleTo(box)
    assert said.text() == f"{field.accessibleName()} must be a number, as 0.485."
    assert field.accessibleDescription() == said.text()


@pytest.mark.parametrize("text", ["0", "-0.2", "1e-50"])
def test_that_a_deviation_that_is_not_above_zero_is_told_and_not_used(box, chosen, text):
    choose(box.normalisation.choice, "By hand")
    field = box.normalisation.fields[1][0]
    write(field, text)
    assert chosen == []
    assert box.normalisation.wrong.text() == "Std of red must be above 0."
    write(field, "0.3")
    assert box.normalisation.wrong.isHidden()
    assert field.accessibleDescription() == ""
    assert chosen[-1].std == (0.3, 0.5, 0.5)


def test_that_a_mean_may_be_zero_or_below(box, chosen):
    choose(box.normalisation.choice, "By hand")
    write(box.normalisation.fields[0][0], "0")
    write(box.normalisation.fields[0][0], "-0,5")
    assert [one.mean[0] for one in chosen] == [0.0, -0.5]


def test_that_a_wrong_number_stays_to_be_mended_and_goes_with_another_choice(box, chosen):
    choose(box.normalisation.choice, "By hand")
    field = box.normalisation.fields[1][0]
    write(field, "0")
    choose(box.interpolation, "Nearest")
    assert (chosen[-1].std, field.text()) == (HALF[1], "0")
    choose(box.normalisation.choice, "0.5 / 0.5")
    assert box.normalisation.wrong.isHidden()
    choose(box.normalisation.choice, "By hand")
    assert field.text() == "0.5"


def test_that_a_native_size_is_normalised_but_not_resized(box, chosen):
    box.native.click()
    assert not box.interpolation.isEnabled()
    choose(box.normalisation.choice, "ImageNet")
    assert (chosen[-1].size, chosen[-1].mean) == (None, IMAGENET[0])


def test_that_numbers_of_another_model_are_shown_by_name_again(box):
    choose(box.normalisation.choice, "By hand")
    other = made(IMAGENET)
    box.show_preparation(other, other, native=False)
    assert box.normalisation.choice.currentText() == "ImageNet"
    odd = replace(other, mean=(0.1, 0.2, 0.3))
    box.show_preparation(odd, other, native=False)
    assert box.normalisation.choice.currentText() == "By hand"
    assert [field.text() for field in box.normalisation.fields[0]] == ["0.1", "0.2", "0.3"]


def test_that_without_a_model_nothing_can_be_changed(box):
    box.show_preparation(None, None, native=False)
    assert box.normalisation.by_hand.isHidden()
    for part in (box.interpolation, box.share, box.normalisation.choice, box.reset):
        assert not part.isEnabled()


def test_that_the_channels_are_told_of_grey_and_of_colour(qtbot):
    from tests.views.mode_scenes import gradient

    panel = MapOptions()
    qtbot.addWidget(panel)
    grey = gradient()
    panel.show_image(grey, grey.default_tone())
    assert panel.preparation_box.channels.text() == "Grey is given as three equal channels."
    values = grey.values[..., None].repeat(3, axis=-1).astype("uint8")
    panel.show_image(replace(grey, values=values, unit="", presets=()), None)
    assert panel.preparation_box.channels.text() == "Colour is given as red, green and blue."


def test_that_nothing_is_clipped_and_all_can_be_reached_by_keys_in_order(box):
    choose(box.normalisation.choice, "CLIP")
    choose(box.normalisation.choice, "By hand")
    QApplication.processEvents()
    for part in box.findChildren(QWidget):
        if part.isVisible():
            assert part.width() >= part.minimumSizeHint().width(), part.accessibleName()
    for field in (field for row in box.normalisation.fields for field in row):
        assert field.width() > field.fontMetrics().horizontalAdvance(field.text()) + 10
    box.rows.setFocus()
    names = []
    while (part := QApplication.focusWidget()).accessibleName() not in names:
        names.append(part.accessibleName())
        QTest.keyClick(part, Qt.Key.Key_Tab)
    fields = [f"{word} of {channel}" for word in ("Mean", "Std") for channel in
              ("red", "green", "blue")]  # fmt: skip
    assert all(names[:-1])
    assert names[2:6] == [
        "How the image is fitted to the model's input",
        "Share of the shorter side that a crop keeps",
        "Interpolation of the resize",
        "Native size: the image is not resized",
    ]
    assert names[6:13] == ["Mean and standard deviation", *fields]
