import json
from dataclasses import replace
from pathlib import Path

import pytest

from inspector.core.address import Address
from inspector.core.comparison import Patterns
from inspector.core.errors import BadRequest
from inspector.core.images import Plane, SliceAddress, Window
from inspector.core.map_style import ColourPair, MapStyle
from inspector.core.measuring import MaskFolders
from inspector.core.metrics import Metric
from inspector.core.modes import ModeOptions, Product, TokenSpace
from inspector.core.outline import Matrix
from inspector.core.preparation import Preparation
from inspector.core.scan_request import ScanChoice, ScanRequest
from inspector.core.selection import Selection
from inspector.session import ImageView, OpenModel, SavedSession, Session, Source
from tests import synthetic, tiny_models
from tests.open_images import made_image


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


def test_that_opened_images_are_looked_at_in_the_middle_of_their_own_plane(session, qtbot):
    with qtbot.waitSignals([session.images_changed, session.image_view_changed]):
        session.add_images([made_image("a.nii", slices=9)])
    assert session.image.card.label == "a.nii"
    assert session.image_view == ImageView(SliceAddress(Plane.AXIAL, 4))


def test_that_the_first_of_further_images_becomes_the_current_one(session):
    session.add_images([made_image("a")])
    session.add_images([made_image("b"), made_image("c")])
    assert (session.position, session.image.card.label) == (1, "b")


def test_that_images_of_the_same_name_get_distinct_labels(session):
    session.add_images([made_image("run1/x.png"), made_image("run2/x.png"), made_image("y.png")])
    assert [i.card.label for i in session.images] == ["run1/x.png", "run2/x.png", "y.png"]
    session.remove_image(1)
    assert [i.card.label for i in session.images] == ["x.png", "y.png"]


def test_that_each_image_keeps_its_own_slice_and_tone(session):
    session.add_images([made_image("a", slices=9), made_image("b", slices=9)])
    lung = ImageView(SliceAddress(Plane.AXIAL, 7), Window(-600, 1500))
    session.set_image_view(lung)
    session.choose_image(1)
    assert session.image_view == ImageView(SliceAddress(Plane.AXIAL, 4))
    session.choose_image(0)
    assert session.image_view == lung


def test_that_a_slice_that_does_not_exist_is_brought_back_to_one_that_does(session):
    session.add_images([made_image("a", slices=9)])
    session.set_image_view(ImageView(SliceAddress(Plane.AXIAL, 99, 5)))
    assert session.image_view.at == SliceAddress(Plane.AXIAL, 8, 0)
    session.set_image_view(ImageView(SliceAddress(Plane.SAGITTAL, 3)))
    assert session.image_view.at == SliceAddress(Plane.AXIAL, 4)


def test_that_an_equal_view_is_not_announced_again(session, qtbot):
    session.add_images([made_image()])
    with qtbot.assertNotEmitted(session.image_view_changed):
        session.set_image_view(session.image_view)
        session.choose_image(0)


def test_that_a_closed_image_is_released_and_the_current_one_stays(session):
    released = []
    session.image_released.connect(released.append)
    session.add_images([made_image("a"), made_image("b"), made_image("c")])
    session.choose_image(2)
    first = session.images[0].image
    session.remove_image(0)
    assert released == [first]
    assert session.image.card.label == "c"
    session.remove_image(1)
    assert session.image.card.label == "b"
    session.remove_image(0)
    assert (session.image, session.image_view) == (None, None)


def test_that_a_preparation_belongs_to_its_model_and_goes_with_it(session, qtbot):
    session.add([entry("a"), entry("b")])
    with qtbot.waitSignal(session.image_view_changed):
        session.set_preparation(session.models[1], Preparation(size=(32, 32)))
    session.arrange([1, 0])
    assert session.preparation_of(session.models[0]) == Preparation(size=(32, 32))
    assert session.preparation_of(session.models[1]) is None
    session.set_preparation(session.models[0], None)
    assert session.preparation_of(session.models[0]) is None


def test_that_model_mode_and_tokens_of_a_selection_are_those_that_exist(session):
    session.add([entry("a", head_dim=4), entry("b", head_dim=2)])
    session.select(replace(session.selection, model=1, mode=7, token=12, key=3))
    assert (session.selection.model, session.selection.mode) == (1, 1)
    assert (session.selection.token, session.selection.key) == (12, 3)
    session.know_tokens(10)
    assert (session.selection.token, session.selection.key) == (None, 3)
    session.select(replace(session.selection, model=9, mode=3))
    assert (session.selection.model, session.selection.mode) == (1, 1)
    session.remove(1)
    assert session.selection.model == 0


def test_that_the_model_looked_at_is_the_reference_or_the_selected_compared_one(session):
    session.add([entry("a"), entry("b"), entry("c")])
    session.select(replace(session.selection, model=1, compared=1))
    assert session.chosen_model is session.models[2]
    session.select(replace(session.selection, compared=0))
    assert session.chosen_model is session.models[1]
    session.select(replace(session.selection, model=0))
    assert session.chosen_model is session.models[0]


def test_that_another_style_is_announced_once(session, qtbot):
    with qtbot.waitSignal(session.style_changed) as caught:
        session.set_style(MapStyle(opacity=0.3))
    assert caught.args == [MapStyle(opacity=0.3)]
    with qtbot.assertNotEmitted(session.style_changed):
        session.set_style(MapStyle(opacity=0.3))


def test_that_images_window_style_and_modes_come_back_from_the_json(session):
    session.add([entry("a"), entry("b")])
    session.add_images([made_image("a.nii", slices=9), made_image("b.png")])
    session.set_image_view(ImageView(SliceAddress(Plane.CORONAL, 2), Window(40, 400, "linear")))
    session.choose_image(1)
    session.set_style(MapStyle(ColourPair.MAGENTA_GREEN, limits="shared", grid=True))
    session.set_preparation(session.models[1], Preparation(size=None, fit="crop", multiple=32))
    session.select(
        Selection(
            Address(1, 0, 1),
            model=1,
            mode=2,
            token=5,
            key=6,
            options=ModeOptions(Product.OV, fold_norm=True, augment_bias=True),
            space=TokenSpace.RESIDUAL,
        )
    )
    text = json.dumps(session.saved.to_json())
    assert SavedSession.from_json(json.loads(text)) == session.saved


def test_that_nothing_that_a_reader_read_is_in_the_json(session):
    session.add_images([made_image("a.dcm")])
    entry = session.images[0]
    session.set_images([replace(entry, card=replace(entry.card, kind="CT", notes=("a note",)))])
    [saved] = session.saved.to_json()["images"]
    assert set(saved) == {"path", "place", "plane", "index", "time", "window"}


def test_that_a_session_of_the_version_before_is_still_read():
    old = {
        "version": 1,
        "models": [{"path": "/m/a.pth", "heads": 3, "section": None}],
        "axis": "in",
        "selection": {
            "address": "S0B1", "matrix": "q", "metric": "mse", "compared": 0, "vector": 2,
        },
    }  # fmt: skip
    saved = SavedSession.from_json(old)
    assert saved.sources == (Source(Path("/m/a.pth"), heads=3),)
    assert saved.selection == Selection(Address(0, 1), Matrix.Q, Metric.MSE, vector=2)
    assert saved.images == ()


def test_that_the_norm_is_in_the_weights_or_in_the_tokens_but_not_in_both(session):
    session.add([entry()])
    here = session.selection
    session.select(replace(here, space=TokenSpace.NORMED))
    assert session.selection.options.fold_norm
    session.select(replace(session.selection, options=ModeOptions()))
    assert session.selection.space is TokenSpace.ATTENTION_INPUT
    session.select(replace(session.selection, options=ModeOptions(fold_norm=True)))
    assert session.selection.space is TokenSpace.NORMED
    session.select(replace(session.selection, space=TokenSpace.RESIDUAL))
    assert session.selection.options.fold_norm
    session.select(replace(session.selection, space=TokenSpace.ATTENTION_INPUT))
    assert not session.selection.options.fold_norm


def test_that_folders_that_were_scanned_and_measured_come_back_from_the_json(session, qtbot):
    request = ScanRequest(Path("/data/chest"), ScanChoice(modes=None, top=5, compat=True))
    pair = MaskFolders("preference", Path("/i"), labels=Path("/l"), pair=(4, 2))
    with qtbot.waitSignal(session.folder_changed):
        session.choose_scan(request)
    with qtbot.assertNotEmitted(session.folder_changed):
        session.choose_scan(request)
    session.choose_masks(MaskFolders("preference", Path("/i"), Path("/t"), Path("/d")))
    session.choose_masks(MaskFolders("same-object", Path("/i"), labels=Path("/l")))
    session.choose_masks(pair)
    saved = SavedSession.from_json(json.loads(json.dumps(session.saved.to_json())))
    assert saved.scan == request
    assert {folders.measure: folders for folders in saved.masks} == session.masks
    assert session.masks["preference"] == pair


def test_that_a_session_that_knew_no_folders_is_still_read(session):
    old = {**session.saved.to_json(), "version": 2}
    del old["scan"], old["masks"]
    found = SavedSession.from_json(json.loads(json.dumps(old)))
    assert (found.scan, found.masks) == (None, ())
