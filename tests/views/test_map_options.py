from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QSlider

from inspector.core.images import CT_PRESETS, Preset, ToneTable, Window
from inspector.core.map_style import ColourPair, MapStyle
from inspector.core.modes import ModeOptions, Product, TokenSpace
from inspector.core.preparation import Preparation
from inspector.core.selection import Selection
from inspector.views.map_options import MapOptions
from inspector.views.window_box import offered_presets
from tests.views.mode_scenes import gradient

DEFAULT = Preparation(crop_share=0.9, fit="crop", source="config.json of the checkpoint")


@pytest.fixture
def panel(qtbot):
    panel = MapOptions()
    qtbot.addWidget(panel)
    panel.show_image(gradient(), gradient().default_tone())
    panel.show_preparation(DEFAULT, DEFAULT, native=True, step=16)
    panel.resize(224, 900)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def controls(panel) -> list:
    kinds = (QComboBox, QCheckBox, QSlider)
    found = [one for kind in kinds for one in panel.findChildren(kind)]
    return [control for control in found if control.isVisibleTo(panel)]


def choose(box: QComboBox, text: str) -> None:
    box.setCurrentIndex(box.findText(text, Qt.MatchFlag.MatchStartsWith))
    box.activated.emit(box.currentIndex())


def test_that_there_are_at_most_eight_controls_and_more_on_demand(qtbot, panel):
    assert 1 <= len(controls(panel)) <= 8
    qtbot.mouseClick(panel.more, Qt.MouseButton.LeftButton)
    assert len(controls(panel)) > 8
    for control in controls(panel):
        assert control.accessibleName()
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_that_the_colour_safe_pair_is_one_click_away(qtbot, panel):
    button = panel.pair.switch.button("magenta-green")
    assert "colour-safe" in button.accessibleName()
    with qtbot.waitSignal(panel.style_changed) as caught:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert caught.args == [MapStyle(pair=ColourPair.MAGENTA_GREEN)]
    assert isinstance(caught.args[0].pair, ColourPair)


@pytest.mark.parametrize(
    ("name", "field"),
    [("grid", "grid"), ("seen", "seen"), ("flipped", "flipped"), ("smooth", "smooth")],
)
def test_that_every_check_changes_the_style(qtbot, panel, name, field):
    with qtbot.waitSignal(panel.style_changed) as caught:
        getattr(panel, name).click()
    assert caught.args == [replace(MapStyle(), **{field: True})]


def test_that_sliders_change_opacity_and_brightness_while_they_move(qtbot, panel):
    styles = []
    panel.style_changed.connect(styles.append)
    panel.opacity.setValue(25)
    panel.dim.setValue(80)
    assert styles == [MapStyle(opacity=0.25), MapStyle(opacity=0.25, dim=0.8)]


def test_that_product_tokens_and_folding_change_the_selection(qtbot, panel):
    start = Selection(mode=5)
    panel.show_selection(start)
    chosen = []
    panel.selection_changed.connect(chosen.append)
    choose(panel.product, "Value")
    choose(panel.space, "Residual")
    panel.fold.click()
    options = ModeOptions(product=Product.OV, fold_norm=True)
    assert chosen[-1] == replace(start, options=options, space=TokenSpace.RESIDUAL)
    assert isinstance(chosen[-1].space, TokenSpace)
    assert isinstance(chosen[-1].options.product, Product)


def test_that_presets_of_the_file_come_first_then_those_for_ct():
    offered = offered_presets(gradient())
    assert offered[0].name == "of the file"
    assert offered[1:] == CT_PRESETS


def test_that_presets_for_ct_are_for_hounsfield_units_only():
    assert [one.name for one in offered_presets(gradient(unit="stored value", presets=()))] == [
        "Automatic"
    ]


def test_that_a_picture_in_colour_offers_no_window(panel):
    colour = replace(gradient(), values=np.zeros((9, 9, 3), np.uint8), unit="", presets=())
    panel.show_image(colour, None)
    assert not panel.window_box.preset.isEnabled()
    assert not panel.window_box.centre_field.isEnabled()


def test_that_a_preset_is_chosen_with_its_window(qtbot, panel):
    with qtbot.waitSignal(panel.tone_chosen) as caught:
        choose(panel.window_box.preset, "Lung")
    assert caught.args == [Window(-600.0, 1500.0)]
    assert panel.window_box.centre_field.value() == -600


def test_that_numbers_of_the_window_are_chosen_by_hand(qtbot, panel):
    with qtbot.waitSignal(panel.tone_chosen) as caught:
        panel.window_box.width_field.setValue(77)
    assert caught.args == [Window(120.0, 77.0)]
    assert panel.window_box.preset.currentText() == "Chosen by hand"


def test_that_a_table_of_the_file_is_a_preset_like_any_other(qtbot, panel):
    table = ToneTable(0, np.linspace(0, 1, 16, dtype=np.float32), "NORMAL")
    picture = gradient(presets=(Preset("NORMAL", table), Preset("w", Window(1, 2))))
    panel.show_image(picture, table)
    assert panel.window_box.preset.currentIndex() == 0
    panel.show_image(picture, Window(1, 2))
    with qtbot.waitSignal(panel.tone_chosen) as caught:
        choose(panel.window_box.preset, "NORMAL")
    assert caught.args == [table]


def test_that_the_preparation_is_shown_in_words_with_where_it_comes_from(panel):
    assert DEFAULT.words in panel.preparation_box.words.text()
    assert "config.json of the checkpoint" in panel.preparation_box.words.text()
    assert not panel.preparation_box.reset.isEnabled()


def test_that_the_preparation_can_be_changed_and_taken_back(qtbot, panel):
    box = panel.preparation_box
    with qtbot.waitSignal(panel.preparation_chosen) as caught:
        box.rows.setValue(256)
    assert caught.args[0].size == (256, 224)
    assert caught.args[0].mean == DEFAULT.mean
    with qtbot.waitSignal(panel.preparation_chosen) as caught:
        choose(box.fit, "Pad")
    assert caught.args[0].fit == "pad"
    assert not box.share.isEnabled()
    with qtbot.waitSignal(panel.preparation_chosen) as caught:
        box.reset.click()
    assert caught.args == [DEFAULT]


def test_that_a_size_is_rounded_to_whole_patches(qtbot, panel):
    with qtbot.waitSignal(panel.preparation_chosen) as caught:
        panel.preparation_box.columns.setValue(250)
    assert caught.args[0].size == (224, 256)


def test_that_the_native_size_is_offered_only_where_the_model_takes_it(qtbot, panel):
    box = panel.preparation_box
    panel.more.click()
    with qtbot.waitSignal(panel.preparation_chosen) as caught:
        box.native.click()
    assert caught.args[0].size is None
    assert not box.rows.isEnabled()
    with qtbot.waitSignal(panel.preparation_chosen) as caught:
        box.native.click()
    assert caught.args[0].size == (224, 224)
    panel.show_preparation(DEFAULT, DEFAULT, native=False)
    assert box.native.isHidden()


def test_that_without_a_model_nothing_is_prepared(panel):
    panel.show_preparation(None, None, native=False)
    assert panel.preparation_box.words.text() == "No model is run."
    assert not panel.preparation_box.rows.isEnabled()


def test_that_setters_emit_nothing(panel):
    emitted = []
    for signal in (
        panel.style_changed,
        panel.selection_changed,
        panel.tone_chosen,
        panel.preparation_chosen,
    ):
        signal.connect(emitted.append)
    panel.show_style(MapStyle(ColourPair.ORANGE_AZURE, 0.1, 0.2, "shared", True, True, True, True))
    panel.show_selection(
        Selection(options=ModeOptions(Product.OV, True, True), space=TokenSpace.NORMED)
    )
    panel.show_image(gradient(unit="Gy"), Window(1, 2))
    panel.show_preparation(replace(DEFAULT, size=None), DEFAULT, native=True, step=14)
    panel.show_preparation(replace(DEFAULT, size=(512, 384)), DEFAULT, native=True, step=14)
    assert emitted == []
    assert panel.opacity.value() == 10
    assert panel.limits.currentText() == "Shared by A and B"


def test_that_in_the_gallery_only_what_changes_it_is_offered(qtbot, panel):
    qtbot.mouseClick(panel.more, Qt.MouseButton.LeftButton)
    panel.show_for_gallery(True)
    shown = controls(panel)
    for useless in (panel.grid, panel.seen, panel.flipped, panel.product, panel.window_box.preset):
        assert useless not in shown
    for useful in (panel.opacity, panel.dim, panel.limits, panel.smooth, panel.space, panel.fold):
        assert useful in shown
    labels = [one.text() for one in panel.findChildren(QLabel) if one.isVisibleTo(panel)]
    assert "&Product" not in labels
    assert "Wi&ndow" not in labels
    assert panel.limits.itemText(1) == "Shared in a row"
    panel.show_for_gallery(False)
    assert len(controls(panel)) > len(shown)
    assert panel.limits.itemText(1) == "Shared by A and B"
