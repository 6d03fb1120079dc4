from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFont

from inspector.core.address import Address
from inspector.core.comparison import ComparisonSeries
from inspector.core.selection import Selection
from inspector.views.invariant_view import InvariantView, nearest_head
from inspector.views.shown import Shown
from inspector.views.theme import DARK
from inspector.views.wording import number_text
from tests.synthetic import comparison, series


@pytest.fixture
def view(qtbot):
    view = InvariantView()
    qtbot.addWidget(view)
    view.apply_theme(DARK, QFont())
    view.resize(780, 400)
    with qtbot.waitExposed(view):
        view.show()
    return view


def test_that_every_head_is_a_dot_at_its_similarity(view):
    whole = Shown(series(1))
    view.draw(whole)
    y = view._plots["query_key"]._dots.getData()[1]
    assert np.array_equal(y, np.concatenate([b.query_key for b in whole.comparison.blocks]))


def test_that_the_line_is_the_mean_over_heads(view):
    whole = Shown(series(1))
    view.draw(whole)
    y = view._plots["value_output"]._line.getData()[1]
    assert np.allclose(y, [b.value_output.mean() for b in whole.comparison.blocks], rtol=1e-12)


def test_that_a_click_selects_the_nearest_head(qtbot, view):
    whole = Shown(series(1), selection=Selection(vector=2))
    view.draw(whole)
    values = whole.comparison.blocks[10].query_key
    head = int(values.argmax())
    box = view._plots["query_key"].plot.getViewBox()
    place = view.frame.mapFromScene(box.mapViewToScene(QPointF(10, float(values[head]))))
    with qtbot.waitSignal(view.selected) as caught:
        qtbot.mouseClick(view.frame.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert caught.args[0].address == Address(2, 6, head)
    assert caught.args[0].vector is None


def test_that_the_read_out_is_the_exact_similarity(view):
    whole = Shown(series(1))
    view.draw(whole)
    value = float(whole.comparison.blocks[2].value_output[1])
    text = view.text_at("value_output", 2.2, value)
    assert text == f"S1 B0 H1 · Value-output product · similarity {number_text(value, digits=6)}"


def test_that_a_block_whose_product_is_not_known_says_so(view):
    whole = comparison()
    block = replace(whole.blocks[0], value_output=np.empty(0))
    part = replace(whole, blocks=(block, *whole.blocks[1:]))
    view.draw(Shown(ComparisonSeries((part,))))
    assert "cannot be compared" in view.text_at("value_output", 0, 1.0)
    assert np.isnan(view._plots["value_output"]._line.getData()[1][0])


def test_that_products_that_are_still_computed_are_announced(view):
    whole = comparison()
    none = np.empty(0)
    blocks = tuple(replace(block, query_key=none, value_output=none) for block in whole.blocks)
    view.draw(Shown(ComparisonSeries((replace(whole, blocks=blocks),))))
    assert view.frame.isHidden()
    assert "follow" in view.words.text()
    view.draw(Shown(ComparisonSeries((whole,))))
    assert not view.frame.isHidden()
    assert "follow" not in view.words.text()


def test_that_negative_similarities_are_inside_the_axis(view):
    whole = comparison()
    block = replace(whole.blocks[0], query_key=np.array([-0.4, 0.2]))
    view.draw(Shown(ComparisonSeries((replace(whole, blocks=(block,)),))))
    low, high = view._plots["query_key"].plot.getViewBox().viewRange()[1]
    assert low < -0.4
    assert high > 1.0


def test_that_the_nearest_head_skips_undefined_ones():
    assert nearest_head(np.array([np.nan, 0.5, 0.9]), 0.6) == 1
    assert nearest_head(np.array([np.nan]), 0.6) is None
    assert nearest_head(np.empty(0), 0.6) is None
