"""Whether it is worth importing torch to look for a graphics processor."""

import os
import platform
import sys
from pathlib import Path

_DRIVERS = ("/proc/driver/nvidia", "/dev/nvidiactl", "/dev/kfd", "/dev/dxg")


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
