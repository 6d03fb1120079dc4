import json
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.core.address import Address
from inspector.core.comparison import Patterns
from inspector.core.errors import BadRequest
from inspector.core.metrics import Metric
from inspector.core.outline import Matrix
from inspector.core.selection import Selection
from inspector.session import OpenModel, SavedSession, Session, Source
from tests import synthetic, tiny_models


def entry(name: str = "a.pth", closed: list[str] | None = None, **shape) -> OpenModel:
    model = tiny_models.model(name, closed=closed, **shape)
    return OpenModel.of(model, Source(model.checkpoint.path))


@pytest.fixture
def session(qapp) -> Session:
    return Session()


def test_that_the_first_model_is_the_reference_and_the_others_are_compared_in_order(session):
    session.add([entry("a.pth")])
    session.add([entry("b.pth"), entry("c.pth")])
    assert session.reference.card.label == "a.pth"
    assert [m.card.label for m in session.compared] == ["b.pth", "c.pth"]


def test_that_namesakes_in_different_folders_get_distinct_labels(session):
    session.add([entry("run1/e.pth"), entry("run2/e.pth")])
    assert [m.card.label for m in session.models] == ["run1/e.pth", "run2/e.pth"]
    session.remove(1)
    assert session.reference.card.label == "e.pth"


def test_that_a_model_put_on_b_replaces_b_and_the_old_one_is_released(session):
    released = []
    session.released.connect(released.append)
    a, b, c = entry("a"), entry("b"), entry("c")
    session.add([a, b])
    session.add([c], position=1)
    assert [m.model for m in session.models] == [a.model, c.model]
    assert released == [b.model]


def test_that_closing_the_reference_makes_the_first_compared_the_reference(session):
    a, b = entry("a"), entry("b")
    session.add([a, b])
    session.remove(0)
    assert session.reference.model is b.model


def test_that_reordering_releases_nothing(session):
    released = []
    session.released.connect(released.append)
    session.add([entry("a"), entry("b"), entry("c")])
    session.arrange([0, 2, 1])
    assert [m.card.label for m in session.models] == ["a", "c", "b"]
    assert released == []


def test_that_the_first_block_is_selected_when_the_first_model_is_opened(session, qtbot):
    with qtbot.waitSignal(session.selection_changed) as caught:
        session.add([entry()])
    assert caught.args == [session.selection]
    assert session.selection.address == Address(0, 0)


def test_that_a_selection_that_does_not_exist_is_brought_back_to_what_does(session):
    session.add([entry(depths=(1, 2), heads=2)])
    session.select(Selection(address=Address(1, 1, 7)))
    assert session.selection.address == Address(1, 1)
    session.select(Selection(address=Address(4, 0)))
    assert session.selection.address == Address(0, 0)
    session.select(replace(session.selection, compared=5))
    assert session.selection.compared == 0


def test_that_a_vector_is_kept_only_inside_its_matrix(session):
    session.add([entry(heads=2, head_dim=4)])
    inside = Selection(address=Address(0, 0), matrix=Matrix.K, vector=7)
    session.select(inside)
    assert session.selection == inside
    session.select(replace(inside, vector=8))
    assert session.selection.vector is None
    session.select(replace(inside, matrix=None))
    assert session.selection.vector is None


def test_that_the_selection_survives_another_model_of_the_same_shape(session):
    session.add([entry("a"), entry("b")])
    wanted = Selection(address=Address(1, 1, 1), matrix=Matrix.V, metric=Metric.MSE, vector=3)
    session.select(wanted)
    session.add([entry("c")])
    assert session.selection == wanted


def test_that_an_equal_selection_is_not_announced_again(session, qtbot):
    session.add([entry()])
    with qtbot.assertNotEmitted(session.selection_changed):
        session.select(session.selection)


def test_that_results_are_dropped_when_the_models_or_the_axis_change(session):
    session.add([entry("a"), entry("b")])
    session.set_series(synthetic.series(1))
    session.set_patterns(0, Patterns())
    session.set_axis("in")
    assert session.series is None
    assert session.patterns is None
    session.set_series(synthetic.series(1))
    session.add([entry("c")])
    assert session.series is None


def test_that_patterns_are_those_of_the_selected_compared_model(session, qtbot):
    session.add([entry("a"), entry("b"), entry("c")])
    first, second = Patterns(), Patterns()
    session.set_patterns(0, first)
    with qtbot.assertNotEmitted(session.patterns_changed):
        session.set_patterns(1, second)
    assert session.patterns is first
    with qtbot.waitSignal(session.patterns_changed):
        session.select(replace(session.selection, compared=1))
    assert session.patterns is second


def test_that_a_session_comes_back_from_its_json(session):
    session.add([entry("a"), entry("b")])
    session.set_axis("in")
    session.select(
        Selection(Address(1, 1, 0), Matrix.Q, Metric.COSINE_DISTANCE, compared=0, vector=2)
    )
    text = json.dumps(session.saved.to_json())
    assert SavedSession.from_json(json.loads(text)) == session.saved


def test_that_corrected_heads_and_the_chosen_section_are_saved():
    saved = SavedSession((Source(Path("/m/a.pth"), heads=3, section="teacher"),))
    assert SavedSession.from_json(saved.to_json()) == saved


@pytest.mark.parametrize(
    "change",
    [
        {"version": 99},
        {"models": [{"path": 3}]},
        {"models": None},
        {"selection": {"address": "nonsense"}},
    ],
)
def test_that_a_spoilt_session_is_refused_with_a_sentence(change):
    saved = SavedSession((Source(Path("/m/a.pth")),)).to_json() | change
    with pytest.raises(BadRequest, match="saved session"):
        SavedSession.from_json(saved)
