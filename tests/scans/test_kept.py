"""How much of a folder is kept, told without looking at it."""

from dataclasses import replace
from pathlib import Path

import pytest

from inspector.core.modes import ModeOptions
from inspector.core.optimal import OptimalOptions
from inspector.scans.analyses import optimal_images
from inspector.scans.kept import kept_pictures
from inspector.scans.store import Store
from tests.scans.scan_by_hand import model_file, opened, pictures


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with opened(model_file(tmp_path_factory.mktemp("model"), width=8, depth=2)) as both:
        yield both


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return pictures(tmp_path / "pictures", 5)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "kept")


@pytest.fixture
def kept(running, folder, store):
    """Count, of a new store at the same place, as after a new start of the program."""

    def count(where: Path = folder, **changed) -> int:
        model, network = running
        options = changed.pop("options", OptimalOptions())
        return kept_pictures(
            Store(store.root), model, lambda: network, where, options=options, **changed
        )

    return count


def test_that_nothing_is_kept_at_first_and_all_after_a_scan(running, folder, store, kept):
    assert kept() == 0
    optimal_images(*running, folder, store=store)
    assert kept() == 5


def test_that_other_options_preparations_and_folders_have_nothing(running, folder, store, kept):
    optimal_images(*running, folder, store=store)
    assert kept(options=OptimalOptions(modes=1)) == 0
    assert kept(options=OptimalOptions(options=ModeOptions(fold_norm=True))) == 0
    assert kept(folder.parent) == 0
    default = running[1].preparation
    assert kept(preparation=default) == 5
    assert kept(preparation=replace(default, mean=(0.1, 0.2, 0.3))) == 0


def test_that_a_checkpoint_of_the_same_name_with_other_weights_has_nothing(
    running, folder, store, tmp_path
):
    optimal_images(*running, folder, store=store)
    place = tmp_path / "other"
    place.mkdir()
    with opened(model_file(place, width=8, depth=1)) as (model, network):
        assert model.checkpoint.path.name == running[0].checkpoint.path.name
        assert kept_pictures(store, model, lambda: network, folder, options=OptimalOptions()) == 0


def test_that_a_model_is_built_only_where_something_is_kept_of_the_folder(running, folder, store):
    def never():
        raise AssertionError("it was built")

    assert kept_pictures(store, running[0], never, folder, options=OptimalOptions()) == 0
