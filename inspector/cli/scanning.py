"""What every command over a folder takes, and how it begins and ends: checks, ranks, progress."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from inspector.cli.options import (
    add_device,
    add_heads,
    add_keeping,
    add_preparation,
    add_section,
    checkpoint_of,
    preparation_of,
)
from inspector.cli.terminal import TerminalProgress, tell
from inspector.core.errors import Cancelled
from inspector.export.folder_scan import FolderScan, check_folders
from inspector.export.report import Report

if TYPE_CHECKING:
    from inspector.scans.store import Store

_KEPT = "Interrupted; what is finished is kept, and the same command goes on from there."
_NOT_KEPT = "Interrupted; nothing of this run was kept, as --no-cache asks."


def add_running(parser: argparse.ArgumentParser) -> None:
    """How the model is read and run, and where what is found is kept."""
    add_preparation(parser)
    add_keeping(parser)
    add_heads(parser)
    add_section(parser)
    add_device(parser)


def scan_and_tell(
    arguments: argparse.Namespace, write: Callable[[FolderScan], Report | None]
) -> None:
    """Run the model over the folder, write what is found, and say so on rank 0.

    Raises
    ------
    InspectorError
        When a folder or the device is not there, or as `write` says.
    Cancelled
        When it is interrupted, or told to end; says what is kept.
    """
    with _scanning(arguments) as scan:
        report = write(scan)
    if report is not None:
        tell(report, arguments.out)


@contextmanager
def _scanning(arguments: argparse.Namespace) -> Iterator[FolderScan]:
    """Check the folders, join the other ranks if there are any, and show progress on rank 0."""
    from inspector.analysis.devices import resolve_device
    from inspector.scans.ranks import joined

    check_folders(arguments.folder, arguments.out)
    device = resolve_device(arguments.device)
    try:
        with (
            joined(device) as ranks,
            TerminalProgress(rank=ranks.rank, processes=ranks.world) as progress,
        ):
            yield FolderScan(
                checkpoint_of(arguments),
                arguments.folder,
                arguments.out,
                ranks,
                preparation_of(arguments),
                arguments.device,
                arguments.batch,
                _store_of(arguments),
                progress,
            )
    except (KeyboardInterrupt, Cancelled) as error:
        raise Cancelled(_NOT_KEPT if arguments.no_cache else _KEPT) from error


def _store_of(arguments: argparse.Namespace) -> "Store | None":
    """Where what is found is kept: as asked for, else the program's own place."""
    from inspector.scans.store import Store, default_store

    if arguments.no_cache:
        return None
    return default_store() if arguments.cache is None else Store(arguments.cache)
