"""Where a number came from: files with their hashes, what was asked, versions, device."""

import hashlib
import importlib.metadata
import platform
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inspector import __version__
from inspector.core.progress import Progress, silent

_PACKAGES = ("numpy", "scipy", "torch", "timm", "matplotlib", "PySide6-Essentials", "pyqtgraph")
_CHUNK = 1 << 22


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file that was read: its name, size in bytes and SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Provenance:
    """All that is needed to repeat a result.

    `command` is the command line that does it; `parameters` are plain JSON values.
    """

    files: tuple[FileRecord, ...]
    command: str
    parameters: dict[str, Any] = field(default_factory=dict)
    device: str = "cpu"
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """A plain dictionary, with the versions of the program and of what it computes with."""
        return {
            "program": "ViT Inspector",
            "files": [{"name": f.name, "size": f.size, "sha256": f.sha256} for f in self.files],
            "command": self.command,
            "parameters": self.parameters,
            "device": self.device,
            "notes": list(self.notes),
            "versions": versions(),
        }


def versions() -> dict[str, str]:
    """Versions of the program, Python, the platform and the packages that compute and draw."""
    found = {
        "vit-inspector": __version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
    }
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def record_of(path: Path, *, progress: Progress = silent) -> FileRecord:
    """Hash a file in pieces of 4 MiB, reporting progress in bytes."""
    size = path.stat().st_size
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            progress(done, size, f"hashing {path.name}")
    return FileRecord(path.name, size, digest.hexdigest())
