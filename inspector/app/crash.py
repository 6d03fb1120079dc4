"""Faults of the program are written down, whichever thread they come from, and shown once."""

import contextlib
import faulthandler
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

LOG_NAME = "vit-inspector.log"
CRASH_NAME = "crash.log"

_log = logging.getLogger("inspector")


@contextlib.contextmanager
def faults_written_to(folder: Path, *, show: Callable[[str], None]) -> Iterator[None]:
    """Write the log and uncaught faults to `folder`, hand each fault's trace to `show`.

    Everything is as before when the block is left. Where the folder cannot be written, faults are
    still shown.
    """
    before = sys.excepthook, threading.excepthook
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            _log_into(folder / LOG_NAME, stack)
            _dump_crashes_into(folder / CRASH_NAME, stack)
        sys.excepthook = _hook(show)
        threading.excepthook = lambda raised: _hook(show)(
            raised.exc_type, raised.exc_value, raised.exc_traceback
        )
        try:
            yield
        finally:
            sys.excepthook, threading.excepthook = before


def _hook(
    show: Callable[[str], None],
) -> Callable[
    [type[BaseException], BaseException | None, TracebackType | None],
    None,
]:
    def written(
        kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error or kind(), trace)
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        _log.error("uncaught fault\n%s", text)
        show(text)

    return written


def _log_into(path: Path, stack: contextlib.ExitStack) -> None:
    handler = RotatingFileHandler(path, maxBytes=500_000, backupCount=1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    level = _log.level
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    stack.callback(handler.close)
    stack.callback(_log.setLevel, level)
    stack.callback(_log.removeHandler, handler)


def _dump_crashes_into(path: Path, stack: contextlib.ExitStack) -> None:
    if faulthandler.is_enabled():
        return
    stream = stack.enter_context(path.open("a", encoding="utf-8"))
    faulthandler.enable(stream)
    stack.callback(faulthandler.disable)
