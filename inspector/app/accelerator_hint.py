"""Whether it is worth importing torch to look for a graphics processor, and how not to stall."""

import contextlib
import ctypes
import importlib.util
import os
import platform
import sys
from pathlib import Path

_DRIVERS = ("/proc/driver/nvidia", "/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
_LIBRARIES = ("c10", "torch_cpu", "c10_cuda", "c10_hip", "torch_cuda", "torch_hip", "torch_python")


def may_have_accelerator() -> bool:
    """Whether a driver that torch could use is there; costs nothing, imports nothing.

    NVIDIA's or AMD's kernel driver on Linux (``/dev/dxg`` under WSL), NVIDIA's library on Windows,
    Apple's own processors on macOS.
    """
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    if sys.platform == "win32":
        root = os.environ.get("SYSTEMROOT", r"C:\Windows")
        return (Path(root) / "System32" / "nvcuda.dll").exists()
    return any(Path(driver).exists() for driver in _DRIVERS)


def load_libraries_of_torch() -> None:
    """Load torch's large libraries before it is imported, from a thread that is not the window's.

    ctypes lets other threads run while a library is loaded; an import does not, and the window
    would stand still for the better part of a second. What cannot be loaded is left to the import.
    """
    found = importlib.util.find_spec("torch")
    if "torch" in sys.modules or found is None or found.origin is None:
        return
    ending = {"darwin": "dylib", "win32": "dll"}.get(sys.platform, "so")
    prefix = "" if sys.platform == "win32" else "lib"
    for name in _LIBRARIES:
        path = Path(found.origin).parent / "lib" / f"{prefix}{name}.{ending}"
        with contextlib.suppress(OSError):
            ctypes.CDLL(str(path))
