"""Whether a window can be opened here, found out before Qt would end the program over it."""

import ctypes
import importlib.util
import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path

_X11_SOCKETS = Path("/tmp/.X11-unix")
_X11_PORT = 6000
_PATIENCE_S = 2.0


def why_no_window(platform: str, environment: Mapping[str, str]) -> str:
    """Give the reason in one sentence; empty where a window can be opened.

    Asked only on Linux and its like: elsewhere there is always a display. A platform that is
    chosen with ``QT_QPA_PLATFORM`` is taken as it is.
    """
    if not platform.startswith(("linux", "freebsd")) or environment.get("QT_QPA_PLATFORM"):
        return ""
    wayland, x11 = environment.get("WAYLAND_DISPLAY", ""), environment.get("DISPLAY", "")
    if wayland and _answers(_wayland_socket(wayland, environment)):
        return ""
    if not x11:
        return "There is no display."
    if not _x_server_answers(x11):
        return f"The display “{x11}” does not answer."
    return _missing_library()


def _wayland_socket(display: str, environment: Mapping[str, str]) -> Path:
    return Path(environment.get("XDG_RUNTIME_DIR", os.sep)) / display


def _x_server_answers(display: str) -> bool:
    """Whether something listens at ``:0``, ``:0.0``, ``host:10.0``."""
    found = re.fullmatch(r"(?P<host>.*):(?P<number>\d+)(\.\d+)?", display)
    if found is None:
        return Path(display).exists()
    number, host = int(found["number"]), found["host"].rpartition("/")[2]
    if host in ("", "unix"):
        return _answers(_X11_SOCKETS / f"X{number}") or _answers(f"\0{_X11_SOCKETS}/X{number}")
    try:
        socket.create_connection((host, _X11_PORT + number), _PATIENCE_S).close()
    except OSError:
        return False
    return True


def _answers(address: Path | str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        asked.settimeout(_PATIENCE_S)
        try:
            asked.connect(str(address))
        except (OSError, ValueError):
            return False
    return True


def _missing_library() -> str:
    """Name the system library that Qt's X11 plug-in lacks; libxcb-cursor is often not there."""
    found = importlib.util.find_spec("PySide6")
    if found is None or found.origin is None:
        return ""
    plugin = Path(found.origin).parent / "Qt" / "plugins" / "platforms" / "libqxcb.so"
    if not plugin.exists():
        return ""
    try:
        ctypes.CDLL(str(plugin))
    except OSError as error:
        library = str(error).partition(":")[0]
        return (
            f"Qt cannot open a window because the system library {library} is missing (on Debian "
            "and Ubuntu: sudo apt install libxcb-cursor0 libxkbcommon-x11-0)."
        )
    return ""
