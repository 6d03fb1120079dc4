from collections import Counter

import pytest
from PySide6.QtWidgets import QMainWindow

from inspector.app.actions import COMMANDS, MENUS, SEPARATOR, SUBMENUS, Actions
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
    keys = [key for command in COMMANDS for key in command.keys]
    assert [key for key in keys if f"| {told.get(key, key)} |" not in page] == []


def test_that_nothing_that_needs_models_can_be_asked_for_without_them(actions):
    actions.enable(models=0, has_series=False)
    assert not actions["close_all"].isEnabled()
    assert not actions["swap"].isEnabled()
    assert not actions["export"].isEnabled()
    actions.enable(models=2, has_series=True)
    assert actions["swap"].isEnabled()
    assert actions["export"].isEnabled()
    assert not actions["next_compared"].isEnabled()
    actions.enable(models=3, has_series=True)
    assert actions["next_compared"].isEnabled()


def test_that_one_metric_at_a_time_is_marked(actions):
    for metric in Metric:
        actions[f"metric_{metric}"].trigger()
    assert [m for m in Metric if actions[f"metric_{m}"].isChecked()] == [list(Metric)[-1]]
