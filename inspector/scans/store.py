"""Where the records of scans are kept: what is there, how much of it, and how it goes again.

A folder for each model, measurement and preparation, and in it shards. Several processes may read,
write and clear at once: files appear whole, and one that is gone is computed again. What else lies
there, where somebody gives a folder that holds other things too, is not touched.
"""

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from inspector.core.errors import BadRequest
from inspector.core.folders import cache_folder
from inspector.core.stored_scan import StoredScan
from inspector.images.fingerprints import Fingerprints
from inspector.scans.shards import (
    SUFFIX,
    UNFINISHED,
    DamagedShard,
    Shard,
    count_in,
    keys_in,
    read_shard,
    write_shard,
)

DEFAULT_LIMIT = 20_000_000_000
_DAY_S = 86_400.0
_ABOUT, _LIMIT, _INDEX = "scan.json", "limit.json", "fingerprints"
_KEY_DIGITS = 40
_KEY = re.compile(rf"[0-9a-f]{{{_KEY_DIGITS}}}")


@dataclass(frozen=True, slots=True)
class About:
    """What a kept scan is, in words for the user.

    Parameters
    ----------
    checkpoint
        Name of its file.
    measurement
        What is measured.
    folder
        Of the pictures.
    settings
        How it is measured.
    """

    checkpoint: str
    measurement: str
    folder: str
    settings: str


class Store:
    """Everything that is kept of scans.

    Parameters
    ----------
    root
        The folder; made when something is kept.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def fingerprints(self) -> Fingerprints:
        """Of the files that were scanned, remembered from one scan to the next."""
        with suppress(OSError):
            self.root.mkdir(parents=True, exist_ok=True)
        return Fingerprints(self.root / _INDEX)

    def scans(self) -> tuple[StoredScan, ...]:
        """What is kept, the latest used first."""
        found = [scan for folder in self._folders() if (scan := _listed(folder)) is not None]
        return tuple(sorted(found, key=lambda scan: scan.used, reverse=True))

    @property
    def size(self) -> int:
        """Bytes of everything kept."""
        own = sum(size for name, size in _files_in(self.root) if name in (_LIMIT, _INDEX))
        return own + sum(size for folder in self._folders() for _, size in _files_in(folder))

    @property
    def limit(self) -> int:
        """Bytes that may be kept."""
        found = _json(self.root / _LIMIT).get("bytes")
        return found if isinstance(found, int) and found >= 0 else DEFAULT_LIMIT

    @limit.setter
    def limit(self, most: int) -> None:
        if most < 0:
            raise BadRequest(f"{most} bytes cannot be kept.", advice="Give a size of at least 0.")
        self.root.mkdir(parents=True, exist_ok=True)
        _write_json(self.root / _LIMIT, {"bytes": most})
        self.make_room(())

    def clear(self, scans: Iterable[StoredScan] | None = None) -> int:
        """Remove scans, or all with what is known of files, and say how many bytes that were.

        One that is running goes on, and computes what it misses.
        """
        before = self.size
        keys = None if scans is None else {scan.key for scan in scans}
        for folder in self._folders():
            if keys is None or folder.name in keys:
                shutil.rmtree(folder, ignore_errors=True)
        if keys is None:
            self._forget_files()
        return max(0, before - self.size)

    def open(self, identity: Mapping[str, Any], about: About) -> "KeptScan":
        """The place of a scan; its folder is made when something is kept there.

        Parameters
        ----------
        identity
            Plain JSON values: all that its records depend on besides the pictures.
        about
            In words.
        """
        text = json.dumps(identity, sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()[:_KEY_DIGITS]
        return KeptScan(self.root / key, about)

    def tidy(self) -> None:
        """Clear away what killed processes left half written, a day after."""
        limit = time.time() - _DAY_S
        limits = self.root.glob(f"{_LIMIT}.*{UNFINISHED}")
        for file in (*limits, *(f for at in self._folders() for f in at.glob(f"*{UNFINISHED}"))):
            with suppress(OSError):
                if file.stat().st_mtime < limit:
                    file.unlink()

    def make_room(self, running: Collection[str]) -> bool:
        """Remove scans, the longest unused first, and say whether that brings it to the limit.

        Parameters
        ----------
        running
            Keys of the scans that stay.
        """
        size, limit = self.size, self.limit
        for scan in reversed(self.scans()):
            if size <= limit:
                break
            if scan.key not in running:
                shutil.rmtree(self.root / scan.key, ignore_errors=True)
                size -= scan.size
        return size <= limit

    def _folders(self) -> list[Path]:
        """Of scans."""
        try:
            with os.scandir(self.root) as entries:
                ours = [e.name for e in entries if _KEY.fullmatch(e.name) and e.is_dir()]
        except OSError:
            return []
        return [self.root / name for name in sorted(ours)]

    def _forget_files(self) -> None:
        self.__dict__.pop("fingerprints", None)
        with suppress(OSError):
            (self.root / _INDEX).unlink(missing_ok=True)


@dataclass(eq=False)
class KeptScan:
    """The shards of one scan.

    Parameters
    ----------
    path
        Its folder.
    about
        What it is, in words.
    problem
        Why nothing can be kept any more; empty while it can.
    """

    path: Path
    about: About
    problem: str = field(default="", init=False)

    @property
    def key(self) -> str:
        """By which the store finds it."""
        return self.path.name

    def touch(self) -> None:
        """Say that it is used now."""
        if self.path.is_dir():
            self._tell()

    def shards(self) -> list[str]:
        """Names of its shards."""
        try:
            with os.scandir(self.path) as entries:
                # A pipe would be waited for without end.
                return sorted(e.name for e in entries if _is_shard(e.name) and e.is_file())
        except OSError:
            return []

    def keys_of(self, name: str) -> tuple[str, ...]:
        """Which pictures a shard holds; none where it is damaged or gone."""
        try:
            return keys_in(self.path / name)
        except (DamagedShard, OSError, ValueError, KeyError) as error:
            self._drop(name, error)
            return ()

    def read(self, name: str) -> Shard:
        """A shard; an empty one where it is damaged or gone."""
        try:
            return read_shard(self.path / name)
        except (DamagedShard, OSError, ValueError, KeyError) as error:
            self._drop(name, error)
            return Shard()

    def write(self, shard: Shard) -> int:
        """Keep a shard and say how many bytes that are; 0 where nothing can be kept."""
        if self.problem:
            return 0
        try:
            # The folder may never have been there, or be cleared at any moment by another process.
            if not (self.path / _ABOUT).exists():
                self.path.mkdir(parents=True, exist_ok=True)
                self._tell()
            return write_shard(self.path, shard)
        except FileNotFoundError:
            return self._written_anew(shard)
        except OSError as error:
            self._give_up(error)
            return 0

    def _written_anew(self, shard: Shard) -> int:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._tell()
            return write_shard(self.path, shard)
        except OSError as error:
            self._give_up(error)
            return 0

    def _give_up(self, error: OSError) -> None:
        self.problem = (
            f"What was found is not kept for another time: {error.strerror or error} "
            f"(“{self.path.parent}”)."
        )

    def _tell(self) -> None:
        about = self.about
        with suppress(OSError):
            _write_json(
                self.path / _ABOUT,
                {
                    "checkpoint": about.checkpoint,
                    "measurement": about.measurement,
                    "folder": about.folder,
                    "settings": about.settings,
                },
            )

    def _drop(self, name: str, error: Exception) -> None:
        """Remove a damaged shard, so that it is computed again; not one that cannot be reached."""
        if not isinstance(error, OSError):
            with suppress(OSError):
                (self.path / name).unlink()


def default_store() -> Store:
    """Where the program keeps what can be computed again."""
    return Store(cache_folder() / "scans")


def _listed(folder: Path) -> StoredScan | None:
    about = _json(folder / _ABOUT)
    words = [about.get(word) for word in ("checkpoint", "measurement", "folder", "settings")]
    try:
        used = (folder / _ABOUT).stat().st_mtime
    except OSError:
        return None
    files = list(_files_in(folder))
    checkpoint, measurement, place, settings = ("" if word is None else str(word) for word in words)
    return StoredScan(
        key=folder.name,
        checkpoint=checkpoint,
        measurement=measurement,
        folder=place,
        settings=settings,
        pictures=sum(count_in(name) for name, _ in files if _is_shard(name)),
        size=sum(size for _, size in files),
        used=datetime.fromtimestamp(used, UTC),
    )


def _is_shard(name: str) -> bool:
    return name.endswith(SUFFIX)


def _files_in(folder: Path) -> Iterator[tuple[str, int]]:
    """What lies in a folder, each with its size, whatever vanishes meanwhile."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                yield entry.name, entry.stat().st_size


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    unfinished = path.with_name(f"{path.name}.{os.getpid()}{UNFINISHED}")
    unfinished.write_text(json.dumps(values, indent=1), encoding="utf-8")
    unfinished.replace(path)
