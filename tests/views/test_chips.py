from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QLineEdit,
    QListWidget,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from inspector.views.chip import Chip
from inspector.views.chip_words import description, facts, letter_of, size_text
from inspector.views.chips import ChipsPanel
from inspector.views.icons import IconButton
from inspector.views.popover import Popover
from tests.synthetic import card

A = card("pretrained.pth")
ASSUMED = replace(
    card("vit.pth"), assumed=("12 heads of 64 features were assumed.",), foreign_classes=("a.B",)
)


@pytest.fixture
def panel(qtbot) -> ChipsPanel:
    widget = ChipsPanel()
    qtbot.addWidget(widget)
    widget.resize(260, 400)
    widget.show()
    return widget


def epochs(count: int) -> list:
    return [card(f"epoch_{n}.pth") for n in range(1, count + 1)]


def shown(panel: ChipsPanel) -> list[Chip]:
    chips = [chip for chip in panel.findChildren(Chip) if not chip.isHidden()]
    return sorted(chips, key=lambda chip: chip.index)


def button(chip: Chip, says: str) -> IconButton:
    return next(b for b in chip.findChildren(IconButton) if says in b.toolTip())


def click(qtbot, widget) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_that_letters_run_from_a_over_b_to_the_end_of_the_series():
    assert [letter_of(n) for n in range(5)] == ["A", "B", "B2", "B3", "B4"]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [(49_606_258, "49.6 M"), (1_800_000_000, "1.8 G"), (5_717_416, "5.72 M"), (12, "12")],
)
def test_that_a_number_of_parameters_is_said_in_three_digits(parameters, words):
    assert size_text(parameters) == words


def test_that_a_chip_says_family_parameters_and_blocks(panel):
    panel.show_models(A, [])
    assert facts(A) == "Swin · 49.6 M · 24 blocks"
    assert "49.6 M" in shown(panel)[0].accessibleName()


def test_that_the_tooltip_holds_the_path_the_naming_and_what_was_assumed():
    words = description(ASSUMED)
    for part in ("/models/vit.pth", "MMDetection naming", "49,606,258", "12 heads", "none was run"):
        assert part in words


def test_that_a_single_model_is_shown_with_an_invitation_to_compare(panel, qtbot):
    panel.show_models(A, [])
    a, b = shown(panel)
    assert a.card is A
    assert b.card is None
    with qtbot.waitSignal(panel.open_asked) as asked:
        click(qtbot, b)
    assert asked.args == [1]


def test_that_setters_say_nothing(panel, qtbot):
    spies = [
        getattr(panel, name)
        for name in ("closed", "swapped", "chosen", "reordered", "section_chosen")
    ]
    heard = []
    for spy in spies:
        spy.connect(lambda *args: heard.append(args))
    panel.show_models(A, epochs(3))
    panel.set_current(2)
    panel.show_sections(1, ["model", "ema"], "ema")
    panel.show_heads(1, 6)
    panel.show_models(None, [])
    assert heard == []


def test_that_closing_names_the_model_that_was_closed(panel, qtbot):
    panel.show_models(A, epochs(3))
    with qtbot.waitSignal(panel.closed) as by_mouse:
        click(qtbot, button(shown(panel)[2], "Close"))
    assert by_mouse.args == [2]
    with qtbot.waitSignal(panel.closed) as by_key:
        qtbot.keyClick(shown(panel)[0], Qt.Key.Key_Delete)
    assert by_key.args == [0]


def test_that_the_reference_swaps_with_the_current_compared_model(panel, qtbot):
    panel.show_models(A, epochs(3))
    panel.set_current(2)
    swap = button(shown(panel)[0], "Swap")
    assert swap.toolTip() == "Swap A and B2"
    with qtbot.waitSignal(panel.swapped):
        click(qtbot, swap)


def test_that_there_is_nothing_to_swap_with_while_only_a_is_open(panel):
    panel.show_models(A, [])
    assert button(shown(panel)[0], "Swap").isHidden()


def test_that_a_compared_model_is_chosen_by_click_and_by_enter_but_the_reference_is_not(
    panel, qtbot
):
    panel.show_models(A, epochs(3))
    with qtbot.waitSignal(panel.chosen) as by_mouse:
        click(qtbot, shown(panel)[3])
    assert by_mouse.args == [3]
    with qtbot.waitSignal(panel.chosen) as by_key:
        qtbot.keyClick(shown(panel)[2], Qt.Key.Key_Return)
    assert by_key.args == [2]
    with qtbot.assertNotEmitted(panel.chosen):
        click(qtbot, shown(panel)[0])


def test_that_moving_a_model_gives_the_new_order_of_the_series(panel, qtbot):
    panel.show_models(A, epochs(4))
    panel.set_current(2)
    with qtbot.waitSignal(panel.reordered) as later:
        click(qtbot, button(shown(panel)[2], "later"))
    assert later.args == [[1, 3, 2, 4]]
    with qtbot.waitSignal(panel.reordered) as earlier:
        qtbot.keyClick(shown(panel)[4], Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert earlier.args == [[1, 2, 4, 3]]


def test_that_the_ends_of_the_series_move_no_further(panel, qtbot):
    panel.show_models(A, epochs(2))
    with qtbot.assertNotEmitted(panel.reordered):
        qtbot.keyClick(shown(panel)[1], Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
        qtbot.keyClick(shown(panel)[2], Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)


def test_that_an_assumed_number_of_heads_can_be_corrected(panel, qtbot):
    panel.show_models(A, [ASSUMED])
    panel.show_heads(1, 3)
    chip = shown(panel)[1]
    click(qtbot, next(b for b in chip.findChildren(QToolButton) if b.text() == "Correct…"))
    popover = chip.findChild(Popover)
    heads = popover.findChild(QSpinBox)
    assert heads.value() == 3
    heads.setValue(6)
    with qtbot.waitSignal(panel.heads_corrected) as corrected:
        qtbot.keyClick(heads.lineEdit(), Qt.Key.Key_Return)
    assert corrected.args == [1, 6]
    assert not popover.isVisible()


def test_that_a_model_of_which_nothing_was_assumed_says_nothing_of_it(panel):
    panel.show_models(A, [card("b.pth")])
    texts = {b.text() for b in shown(panel)[1].findChildren(QToolButton) if b.isVisible()}
    assert "Correct…" not in texts
    assert "List…" not in texts


def test_that_the_classes_a_file_names_are_listed(panel, qtbot):
    panel.show_models(ASSUMED, [])
    chip = shown(panel)[0]
    click(qtbot, next(b for b in chip.findChildren(QToolButton) if b.text() == "List…"))
    listed = chip.findChild(Popover).findChild(QListWidget)
    assert [listed.item(n).text() for n in range(listed.count())] == ["a.B"]
    chip.findChild(Popover).close()


def test_that_a_file_of_several_sections_offers_them(panel, qtbot):
    panel.show_models(A, [card("b.pth")])
    choice = shown(panel)[1].findChild(QComboBox)
    assert not choice.isVisible()
    panel.show_sections(1, ["", "ema_state_dict"], "ema_state_dict")
    assert choice.isVisible()
    assert [choice.itemText(n) for n in range(2)] == ["top level", "ema_state_dict"]
    assert choice.currentIndex() == 1
    with qtbot.waitSignal(panel.section_chosen) as chosen:
        qtbot.keyClick(choice, Qt.Key.Key_Up)
    assert chosen.args == [1, ""]


def test_that_sections_are_forgotten_when_another_file_takes_the_place(panel):
    panel.show_models(A, [card("b.pth")])
    panel.show_sections(1, ["a", "b"], "a")
    panel.show_models(A, [card("b.pth")])
    assert shown(panel)[1].findChild(QComboBox).isVisible()
    panel.show_models(A, [card("c.pth")])
    assert not shown(panel)[1].findChild(QComboBox).isVisible()


def test_that_files_dropped_on_a_chip_name_its_place(panel, qtbot, tmp_path):
    panel.show_models(A, [])
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "b.pth")), QUrl("https://example.org/c.pth")])
    no, left = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    chip = shown(panel)[1]
    enter = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, data, left, no)
    QApplication.sendEvent(chip, enter)
    assert enter.isAccepted()
    drop = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, left, no)
    with qtbot.waitSignal(panel.files_dropped) as dropped:
        QApplication.sendEvent(chip, drop)
    assert dropped.args == [[Path(tmp_path / "b.pth")], 1]


def test_that_twenty_models_scroll_and_the_current_one_is_in_sight(panel, qtbot):
    panel.show_models(A, epochs(20))
    panel.set_current(17)
    QApplication.processEvents()
    chips = shown(panel)
    assert len(chips) == 21
    assert panel.sizeHint().height() < 400
    assert not chips[17].visibleRegion().isEmpty()
    assert chips[17].visibleRegion().boundingRect().height() == chips[17].height()


def test_that_closing_models_hides_their_chips(panel):
    panel.show_models(A, epochs(5))
    panel.show_models(A, epochs(2))
    assert [chip.index for chip in shown(panel)] == [0, 1, 2]
    panel.show_models(None, [])
    assert [chip.card for chip in shown(panel)] == [None]


def test_that_every_button_of_a_chip_has_a_name(panel):
    panel.show_models(ASSUMED, [ASSUMED])
    for chip in shown(panel):
        for one in chip.findChildren(QToolButton):
            assert one.accessibleName()


def test_that_no_row_of_a_chip_is_wider_than_a_narrow_panel(panel):
    long = replace(ASSUMED, label="mask_rcnn_swin_finetuned_pneumonia_" * 4)
    panel.show_models(long, [long, long])
    panel.resize(260, 500)
    QApplication.processEvents()
    for chip in shown(panel):
        assert chip.width() <= 260
        for child in chip.findChildren(QToolButton):
            if child.isVisible():
                assert child.mapTo(chip, child.rect().topRight()).x() <= chip.width()


def menu_texts(chip: Chip) -> list[str]:
    return [action.text().replace("&", "") for action in chip._menu().actions()]


def test_that_the_menu_of_a_chip_offers_what_can_be_done_with_it(panel):
    panel.show_models(ASSUMED, epochs(2))
    a, b, _ = shown(panel)
    assert "What was assumed…" in menu_texts(a)
    assert "Move later" not in menu_texts(a)
    assert "What was assumed…" not in menu_texts(b)
    assert {"Copy path", "Move earlier", "Move later", "Close"} <= set(menu_texts(b))


def test_that_tab_leads_through_all_chips_before_it_leaves_them(qtbot):
    """A chip that appears when a model is opened comes behind the chips, not behind the window."""
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    panel, below = ChipsPanel(), QLineEdit()
    column.addWidget(panel)
    column.addWidget(below)
    window.show()
    panel.show_models(A, epochs(2))
    here, order = shown(panel)[0], []
    while here is not below:
        order.append(here)
        here = here.nextInFocusChain()
    assert [w for w in order if isinstance(w, Chip) and w.isVisible()] == shown(panel)
