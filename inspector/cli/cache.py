"""``cache``: what is kept on disk of scans over folders, and how it goes again."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.core.errors import BadRequest
from inspector.core.stored_scan import StoredScan, size_in_words

if TYPE_CHECKING:
    from inspector.scans.store import Store

NAME = "cache"
HELP = "Show what is kept of scans over folders, clear it, or say how much may be kept."

_ALL = "all"
_SHORT = 12
_COLUMNS = ("key", "checkpoint", "measurement", "images", "size", "last used", "folder", "settings")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--clear",
        nargs="?",
        const=_ALL,
        metavar="KEY",
        help="remove everything, or the scan whose key begins like this",
    )
    parser.add_argument(
        "--limit",
        type=_gigabytes,
        metavar="GB",
        help="how many gigabytes may be kept; above it the scans used longest ago are removed",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        help="where it is kept (default: the program's own folder)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Change what was asked for, then show what there is."""
    from inspector.scans.store import Store, default_store

    store = default_store() if arguments.cache is None else Store(arguments.cache)
    if arguments.clear is not None:
        chosen = None if arguments.clear == _ALL else [chosen_scan(store.scans(), arguments.clear)]
        print(f"{size_in_words(store.clear(chosen))} removed.")
    if arguments.limit is not None:
        _set_limit(store, arguments.limit)
    for line in lines_of(store):
        print(line)


def chosen_scan(scans: Sequence[StoredScan], key: str) -> StoredScan:
    """The scan whose key begins so.

    Raises
    ------
    BadRequest
        When there is none, or more than one.
    """
    found = [scan for scan in scans if key and scan.key.startswith(key)]
    if len(found) != 1:
        how_many = f"{len(found)} kept scans have" if found else "No kept scan has"
        raise BadRequest(
            f"{how_many} a key that begins with “{key}”.",
            advice="“python -m inspector cache” lists the keys.",
        )
    return found[0]


def lines_of(store: "Store") -> list[str]:
    """Where the store is, how large, and a line for each scan, the latest used first."""
    scans = store.scans()
    size, limit = size_in_words(store.size), size_in_words(store.limit)
    first = [f"{store.root}", f"{size} of at most {limit}, {_counted(len(scans))}"]
    if not scans:
        return first
    table = [_COLUMNS, *map(_cells, scans)]
    widths = [max(len(row[column]) for row in table) for column in range(len(_COLUMNS))]
    rows = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in table)
    return [*first, "", *rows]


def _cells(scan: StoredScan) -> tuple[str, ...]:
    used = scan.used.astimezone().strftime("%Y-%m-%d %H:%M")
    about = (scan.key[:_SHORT], scan.checkpoint, scan.measurement, str(scan.pictures))
    return (*about, size_in_words(scan.size), used, scan.folder, scan.settings)


def _counted(scans: int) -> str:
    return "1 scan" if scans == 1 else f"{scans} scans"


def _set_limit(store: "Store", limit: int) -> None:
    try:
        store.limit = limit
    except OSError as error:
        raise BadRequest(
            f"The limit could not be kept in {store.root}: {error.strerror or error}."
        ) from error


def _gigabytes(text: str) -> int:
    try:
        size = float(text)
    except ValueError:
        size = -1.0
    if not 0 <= size < 1e9:
        raise argparse.ArgumentTypeError(f"expected gigabytes, as 20 or 0.5, not {text}")
    return round(size * 1e9)
