from dataclasses import replace

import pytest

from inspector.core.address import Address
from inspector.core.comparison import ComparisonSeries, MatchKind
from inspector.views.matching_view import MatchingView
from inspector.views.shown import Shown
from tests.synthetic import comparison, series


@pytest.fixture
def view(qtbot):
    view = MatchingView()
    qtbot.addWidget(view)
    view.draw(Shown(series(1)))
    return view


def parts(view) -> list[str]:
    return [view.proxy.index(row, 1).data() for row in range(view.proxy.rowCount())]


def test_that_what_did_not_match_comes_first(view):
    assert parts(view) == ["head.weight", "pos_embed", "patch_embed.weight"]


def test_that_the_counts_are_said(view):
    assert view.words.text().startswith("1 matched, 1 only in A, 1 of different shape.")


def test_that_the_filter_finds_parts_names_and_shapes(view):
    view.filter.setText("HEAD")
    assert parts(view) == ["head.weight"]
    view.filter.setText("197")
    assert parts(view) == ["pos_embed"]
    view.filter.setText("")
    assert len(parts(view)) == 3


def test_that_one_kind_can_be_shown_alone(view):
    view.kind.setCurrentIndex(view.kind.findData(str(MatchKind.ONLY_A)))
    assert parts(view) == ["head.weight"]
    assert view.kind.currentText() == "1 only in A"


def test_that_kinds_without_members_are_not_offered(view):
    assert view.kind.findData(str(MatchKind.ONLY_B)) == -1


def test_that_skipped_blocks_and_assumptions_are_said_in_full(view):
    whole = comparison()
    part = replace(
        whole,
        skipped=((Address(1, 0), "key has 96 rows in A, 192 in B."),),
        compared=replace(whole.compared, assumed=("64 rows per head.",)),
    )
    view.draw(Shown(ComparisonSeries((part,))))
    assert "S1 B0 was not compared: key has 96 rows in A, 192 in B." in view.words.text()
    assert "Assumed of B: 64 rows per head." in view.words.text()
