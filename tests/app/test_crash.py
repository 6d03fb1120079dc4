import logging
import sys
import threading

from inspector.app.crash import LOG_NAME, faults_written_to


def test_that_a_fault_in_any_thread_is_written_down_and_shown(tmp_path):
    shown = []
    with faults_written_to(tmp_path / "log", show=shown.append):
        try:
            raise ZeroDivisionError("in the window")
        except ZeroDivisionError as error:
            sys.excepthook(type(error), error, error.__traceback__)
        thread = threading.Thread(target=lambda: {}["in a thread"])
        thread.start()
        thread.join()
    text = (tmp_path / "log" / LOG_NAME).read_text()
    assert "in the window" in text
    assert "in a thread" in text
    assert len(shown) == 2
    assert shown[0].startswith("Traceback")


def test_that_everything_is_as_before_afterwards(tmp_path):
    before = sys.excepthook, threading.excepthook, list(logging.getLogger("inspector").handlers)
    with faults_written_to(tmp_path, show=print):
        assert sys.excepthook is not before[0]
    after = sys.excepthook, threading.excepthook, list(logging.getLogger("inspector").handlers)
    assert after == before


def test_that_a_folder_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    shown = []
    with faults_written_to(tmp_path / "file" / "log", show=shown.append):
        sys.excepthook(ValueError, ValueError("x"), None)
    assert len(shown) == 1


def test_that_ctrl_c_is_not_a_fault(tmp_path, capsys):
    shown = []
    with faults_written_to(tmp_path, show=shown.append):
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert shown == []
