"""Refuses to start where it would crash later."""

import importlib.metadata
import os
import sys

OLDEST_PYTHON = (3, 11)

_LAYOUT_BROKEN = ("6.11.0", "6.11.1")
_ABORTS_BEFORE_3_12 = ("6.12.0",)


def refusal(python: tuple[int, ...], pyside: str) -> str:
    """One sentence on why this Python with this PySide6 is refused; empty where it is sound.

    PySide6 6.12.0 loses a reference to ``True`` with each slot call, which aborts Python 3.11
    after some hundred calls; in 6.11.0 and 6.11.1 windows stop laying themselves out.
    """
    version = ".".join(map(str, python[:2]))
    if python[:2] < OLDEST_PYTHON:
        return f"ViT Inspector needs Python 3.11 or later; this is Python {version}."
    if pyside in _ABORTS_BEFORE_3_12 and python[:2] < (3, 12):
        return (
            f"PySide6 {pyside} crashes on Python {version}. Install the version that ViT Inspector "
            "asks for: python -m pip install PySide6-Essentials==6.11.3"
        )
    if pyside in _LAYOUT_BROKEN:
        return (
            f"Windows of PySide6 {pyside} stop laying themselves out. Install the version that ViT "
            "Inspector asks for: python -m pip install PySide6-Essentials==6.11.3"
        )
    return ""


def refusal_here() -> str:
    """`refusal` of the Python that runs and the PySide6 that is installed."""
    try:
        pyside = importlib.metadata.version("PySide6-Essentials")
    except importlib.metadata.PackageNotFoundError:
        return "PySide6 is not installed. Install it: python -m pip install PySide6-Essentials"
    return refusal(sys.version_info[:3], pyside)


def leave_a_core_for_the_window() -> None:
    """Let libraries that compute use all cores but one; what the user has set is kept.

    Has an effect only before numpy is imported.
    """
    cores = str(max(1, (os.cpu_count() or 2) - 1))
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, cores)
