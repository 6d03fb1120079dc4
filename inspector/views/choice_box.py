"""A list to choose from, in an options panel."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox


def choice_box(name: str, choices: Mapping[Any, str]) -> QComboBox:
    """A list of texts, each with the key it stands for; `name` is read out."""
    box = QComboBox()
    box.setAccessibleName(name)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(12)
    for key, text in choices.items():
        box.addItem(text, key)
    return box


def show_choice(box: QComboBox, key: object) -> None:
    """Show the text of a key, none where there is no such key; emits nothing."""
    with QSignalBlocker(box):
        found = (place for place in range(box.count()) if box.itemData(place) == key)
        box.setCurrentIndex(next(found, -1))
