import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QRect

from inspector.app.settings import (
    RECENT_KEPT,
    VERSION,
    Settings,
    clamped,
    load_settings,
    save_settings,
    settings_path,
)
from inspector.core.figures import FigureFormat, FigureStyle
from inspector.core.map_style import ColourPair, MapStyle

LEFT, RIGHT = QRect(0, 0, 1920, 1080), QRect(1920, 0, 1280, 1024)


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "deep" / "settings.json"


def test_that_settings_come_back_as_they_were_saved(path):
    settings = Settings(
        geometry=(10, 20, 1280, 800),
        columns=(250, 700, 330),
        recent=("/a.pth", "/b.pth"),
        theme="dark",
        width_mm=89.0,
        format="svg",
        folder="/figures",
    )
    save_settings(path, settings)
    assert load_settings(path) == settings
    assert [file.name for file in path.parent.iterdir()] == ["settings.json"]


def test_that_the_settings_lie_in_the_folder_that_the_environment_names(isolated_user_folders):
    assert settings_path().is_relative_to(isolated_user_folders)


def test_that_without_a_file_the_settings_are_those_of_the_first_start(path):
    assert load_settings(path) == Settings()


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 0, "theme": "dark"}', "\0"])
def test_that_spoilt_settings_are_ignored_with_a_line_in_the_log(path, text, caplog):
    path.parent.mkdir()
    path.write_text(text)
    with caplog.at_level(logging.WARNING):
        assert load_settings(path) == Settings()
    assert "ignored" in caplog.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("geometry", [1, 2]),
        ("geometry", ["a", 0, 0, 0]),
        ("columns", 3),
        ("theme", "pink"),
        ("device", 1),
        ("recent", [1]),
        ("maximized", 1),
        ("dpi", 1),
        ("dpi", True),
        ("format", "exe"),
        ("width_mm", 9000),
    ],
)
def test_that_one_wrong_setting_costs_only_itself(path, name, value, caplog):
    path.parent.mkdir()
    good = {"version": VERSION, "options_shown": False}
    path.write_text(json.dumps({**good, name: value}))
    assert load_settings(path) == Settings(options_shown=False)
    assert name in caplog.text


def test_that_a_folder_that_cannot_be_written_is_only_logged(tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.write_text("")
    save_settings(blocked / "settings.json", Settings())
    assert "could not be written" in caplog.text


def test_that_recent_files_are_kept_once_and_newest_first():
    settings = Settings(recent=("/a", "/b"))
    assert settings.with_recent([Path("/b"), Path("/c")]).recent == ("/b", "/c", "/a")


def test_that_only_the_last_recent_files_are_kept():
    many = [Path(f"/{n}") for n in range(30)]
    assert Settings().with_recent(many).recent == tuple(map(str, many[:RECENT_KEPT]))


def test_that_the_style_of_the_last_export_is_remembered():
    style = FigureStyle(89.0, FigureFormat.PNG, 600)
    settings = Settings().with_style(style, Path("/figures"))
    assert settings.style == style
    assert settings.folder == "/figures"


def test_that_a_window_on_an_existing_screen_stays_where_it_was():
    place = QRect(2000, 100, 900, 700)
    assert clamped(place, [LEFT, RIGHT]) == place


def test_that_a_window_of_a_screen_that_is_gone_comes_back_whole():
    assert LEFT.contains(clamped(QRect(2500, -300, 1280, 800), [LEFT]))


def test_that_a_window_larger_than_the_screen_is_made_to_fit():
    assert clamped(QRect(0, 0, 4000, 3000), [RIGHT]) == RIGHT


def test_that_a_window_is_never_so_small_that_nothing_is_seen():
    assert clamped(QRect(5, 5, 1, 1), [LEFT]).size().toTuple() == (640, 480)


def test_that_the_theme_and_device_are_among_those_there_are():
    with pytest.raises(Exception, match="Unknown theme"):
        replace(Settings(), theme="pink")


def test_that_how_maps_are_drawn_is_remembered_but_not_a_flipped_sign(path):
    style = MapStyle(ColourPair.ORANGE_AZURE, 0.3, 0.8, "shared", smooth=True, grid=True)
    save_settings(path, Settings().with_map_style(replace(style, flipped=True, seen=True)))
    assert load_settings(path).map_style == style


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tab", "nowhere"),
        ("space", "outer"),
        ("pair", "black-white"),
        ("opacity", 1.5),
        ("dim", "dark"),
        ("limits", "none"),
        ("smooth", 1),
    ],
)
def test_that_a_wrong_way_to_draw_maps_costs_only_itself(path, name, value, caplog):
    path.parent.mkdir()
    path.write_text(json.dumps({"version": VERSION, "grid": True, name: value}))
    assert load_settings(path) == Settings(grid=True)
    assert name in caplog.text
