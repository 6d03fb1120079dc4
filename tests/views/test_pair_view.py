from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont

from inspector.core.attention import PairScore
from inspector.views.pair_view import MOST_BARS, PairView, adds_up, bars_of, check_text, weight_text
from inspector.views.theme import LIGHT
from inspector.views.wording import number_text
from tests.views.attention_scenes import ADDRESS, Block, grid_of, pair_score
from tests.views.mode_scenes import shown_image

GRID = grid_of(shown_image())
PAIR = pair_score(Block(GRID), 1, 12, 20)


@pytest.fixture
def view(qtbot):
    view = PairView()
    qtbot.addWidget(view)
    view.apply_theme(LIGHT, QFont())
    view.resize(760, 220)
    with qtbot.waitExposed(view):
        view.show()
    return view


def test_that_the_bars_of_all_modes_and_terms_add_up_to_the_score_of_the_model():
    for by_size in (True, False):
        bars = bars_of(PAIR, by_size=by_size)
        assert sum(bar.value for bar in bars) == pytest.approx(PAIR.total, abs=1e-5)


def test_that_the_twenty_largest_modes_come_first_and_the_rest_is_one_bar():
    bars = bars_of(PAIR, by_size=True)
    modes = [bar for bar in bars if bar.mode >= 0]
    sizes = [abs(bar.value) for bar in modes]
    assert len(modes) == MOST_BARS
    assert sizes == sorted(sizes, reverse=True)
    assert min(sizes) >= np.sort(np.abs(PAIR.contributions))[-MOST_BARS]
    others = set(range(PAIR.contributions.size)) - {bar.mode for bar in modes}
    rest = bars[MOST_BARS]
    assert rest.name == f"the other {len(others)} modes"
    assert rest.value == pytest.approx(PAIR.contributions[sorted(others)].sum())


def test_that_the_same_modes_are_shown_in_their_own_order_where_that_is_wanted():
    by_size = [bar.mode for bar in bars_of(PAIR, by_size=True) if bar.mode >= 0]
    by_mode = [bar.mode for bar in bars_of(PAIR, by_size=False) if bar.mode >= 0]
    assert by_mode == sorted(by_size)
    assert by_mode != by_size


def test_that_terms_that_are_no_modes_stand_apart_under_their_names(view):
    view.show_pair(PAIR, GRID, mode=0)
    terms = [bar for bar in view.bars if bar.is_term]
    assert {bar.name: bar.value for bar in terms} == PAIR.terms
    assert view.bars[-len(terms) :] == tuple(terms)


def test_that_no_two_terms_are_called_alike_under_their_bars():
    terms = dict.fromkeys(("query with key bias", "key with query bias", "both biases"), 1.0)
    bars = bars_of(replace(PAIR, terms=terms), by_size=True)[-3:]
    assert [bar.short for bar in bars] == ["q · key bias", "k · query bias", "both biases"]
    assert [bar.name for bar in bars] == list(terms)


def test_that_few_modes_have_no_rest():
    few = replace(PAIR, contributions=PAIR.contributions[:3], terms={})
    assert [bar.short for bar in bars_of(few, by_size=False)] == ["M0", "M1", "M2"]


def test_that_the_sum_is_checked_on_the_screen(view):
    view.show_pair(PAIR, GRID, mode=0)
    score = number_text(PAIR.total)
    expected = f"The bars add up to {score}, the model's score is {score}."
    assert view.check.text().startswith(expected)


def test_that_a_sum_that_is_not_the_score_is_told():
    wrong = replace(PAIR, total=PAIR.total + 0.5)
    assert not adds_up(wrong)
    assert check_text(wrong).endswith("they differ by −0.500.")


def test_that_the_rounding_of_small_numbers_is_no_difference():
    assert adds_up(replace(PAIR, total=PAIR.sum * (1 + 2e-5)))
    assert not adds_up(replace(PAIR, total=PAIR.sum + 0.01))


def test_that_the_title_names_head_tokens_and_attention(view):
    view.show_pair(replace(PAIR, weight=0.0123), GRID, mode=0)
    assert view.title.text() == "S0 B7 H1 · score of row 1, column 4 → row 3, column 0"
    assert view.check.text().endswith("Attention after softmax: 1.2 %.")
    assert weight_text(replace(PAIR, weight=2e-6)) == "Attention after softmax: 2.00e−06."


def test_that_tokens_of_different_windows_have_no_score_and_the_view_says_so(view):
    apart = PairScore(ADDRESS.with_head(0), 2, 23, np.empty(0), reason="They lie apart.")
    view.show_pair(apart, GRID, mode=0)
    assert view.nothing.text() == "They lie apart. There is no score between them."
    assert not view.frame.isVisible()
    assert not view.check.isVisible()
    view.show_pair(PAIR, GRID, mode=0)
    assert view.frame.isVisible()
    assert not view.nothing.isVisible()


def test_that_without_a_key_token_the_view_says_how_to_choose_one(view):
    view.show_pair(None, GRID, mode=0)
    assert "Choose a key token" in view.nothing.text()
    view.show_pair(None, GRID, mode=0, waiting="The modes are being computed…")
    assert view.nothing.text() == "The modes are being computed…"


def test_that_a_click_on_a_bar_chooses_its_mode(qtbot, view):
    view.show_pair(PAIR, GRID, mode=0)
    with qtbot.waitSignal(view.mode_chosen) as caught:
        place = view.place_of_bar(2).toPoint()
        qtbot.mouseClick(view.frame.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert caught.args == [view.bars[2].mode]


def test_that_a_click_on_a_term_chooses_nothing(qtbot, view):
    view.show_pair(PAIR, GRID, mode=0)
    with qtbot.assertNotEmitted(view.mode_chosen):
        place = view.place_of_bar(len(view.bars) - 1).toPoint()
        qtbot.mouseClick(view.frame.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_that_arrow_keys_move_between_bars_in_the_order_shown(qtbot, view):
    view.show_pair(PAIR, GRID, mode=bars_of(PAIR, by_size=True)[1].mode)
    with qtbot.waitSignal(view.mode_chosen) as caught:
        qtbot.keyClick(view.frame, Qt.Key.Key_Right)
    assert caught.args == [view.bars[2].mode]


def test_that_a_bar_is_read_out_with_its_exact_value_and_share(view):
    view.show_pair(PAIR, GRID, mode=0)
    text = view.text_at(0)
    assert f"mode {view.bars[0].mode}" in text
    assert number_text(view.bars[0].value, digits=6) in text
    assert number_text(PAIR.total, digits=6) in text
    assert view.text_at(99) == ""


def test_that_showing_emits_nothing(qtbot, view):
    with qtbot.assertNotEmitted(view.mode_chosen), qtbot.assertNotEmitted(view.hovered):
        view.show_pair(PAIR, GRID, mode=3)
        view.show_nothing("no")
        view.show_pair(PAIR, GRID, mode=4)
