from collections import Counter

import pytest
from PySide6.QtWidgets import QMainWindow

from inspector.app.actions import COMMANDS, MENUS, SEPARATOR, SUBMENUS, Actions
from inspector.core.images import CT_PRESETS
from inspector.core.metrics import Metric


@pytest.fixture
def actions(qtbot) -> Actions:
    window = QMainWindow()
    qtbot.addWidget(window)
    made = Actions(window)
    made.window = window
    return made


def entries(menu: tuple[str, ...]) -> list[str]:
    """The texts of a menu, submenus by their titles."""
    texts = {command.name: command.text for command in COMMANDS}
    return [
        SUBMENUS[name.removeprefix("menu:")][0] if name.startswith("menu:") else texts[name]
        for name in menu
        if name != SEPARATOR
    ]


ALL_MENUS = [names for _, names in MENUS] + [names for _, names in SUBMENUS.values()]


@pytest.mark.parametrize("menu", ALL_MENUS)
def test_that_every_entry_has_a_mnemonic_and_no_two_of_a_menu_share_one(menu):
    letters = [text[text.index("&") + 1].lower() for text in entries(menu)]
    assert [letter for letter, count in Counter(letters).items() if count > 1] == []


def test_that_no_two_commands_share_a_key():
    keys = Counter(key for command in COMMANDS for key in command.keys)
    assert max(keys.values()) == 1


def test_that_every_command_is_in_exactly_one_menu():
    placed = Counter(name for menu in ALL_MENUS for name in menu if name)
    assert {command.name for command in COMMANDS} == {
        name for name in placed if not name.startswith("menu:")
    }
    assert max(placed.values()) == 1


def test_that_every_key_of_the_program_is_on_the_page_of_keys(repository):
    page = (repository / "resources" / "help" / "keys.md").read_text(encoding="utf-8")
    told = {"PgUp": "PgUp, PgDn", "PgDown": "PgUp, PgDn", "[": "[ , ]", "]": "[ , ]"}
    told |= {f"Ctrl+{number}": "Ctrl+1 … Ctrl+8" for number in range(1, 9)}
    told |= {f"Alt+{number}": "Alt+1 … Alt+5" for number in range(1, 6)}
    told |= {f"{number}": "1 … 9" for number in range(1, 10)}
    told |= {",": "comma, full stop", ".": "comma, full stop"}
    for held in ("Ctrl", "Ctrl+Shift"):
        told |= {f"{held}+{key}": f"{held}+PgUp, {held}+PgDn" for key in ("PgUp", "PgDown")}
    keys = [key for command in COMMANDS for key in command.keys]
    assert [key for key in keys if f"| {told.get(key, key)} |" not in page] == []


def test_that_nothing_that_needs_models_can_be_asked_for_without_them(actions):
    actions.enable(models=0, images=0, has_figure=False)
    for name in ("close_all", "swap", "export", "next_mode", "next_model", "show_depth"):
        assert not actions[name].isEnabled()
    actions.enable(models=1, images=0, has_figure=True)
    for name in ("close_all", "export", "next_mode", "show_depth"):
        assert actions[name].isEnabled()
    assert not actions["next_model"].isEnabled()
    assert not actions["next_slice"].isEnabled()
    actions.enable(models=2, images=1, has_figure=True)
    for name in ("swap", "next_model", "next_slice", "close_image"):
        assert actions[name].isEnabled()
    assert not actions["next_image"].isEnabled()


def test_that_as_many_windows_are_offered_as_the_image_has(actions):
    actions.show_presets(CT_PRESETS)
    texts = [
        actions[f"preset_{n}"].text() for n in range(1, 10) if actions[f"preset_{n}"].isEnabled()
    ]
    assert len(texts) == len(CT_PRESETS)
    assert texts[1] == "&2 Lung: centre -600, width 1500"
    actions.show_presets(())
    assert not actions["preset_1"].isEnabled()


def test_that_one_metric_at_a_time_is_marked(actions):
    for metric in Metric:
        actions[f"metric_{metric}"].trigger()
    assert [m for m in Metric if actions[f"metric_{m}"].isChecked()] == [list(Metric)[-1]]
