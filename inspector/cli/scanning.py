"""How every command over a folder begins and ends: checks, ranks, progress, an interruption."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from inspector.cli.options import checkpoint_of, preparation_of
from inspector.cli.terminal import TerminalProgress
from inspector.core.errors import Cancelled
from inspector.export.folder_scan import FolderScan, check_folders

if TYPE_CHECKING:
    from inspector.scans.store import Store

KEPT = "Interrupted; what is finished is kept, and the same command goes on from there."
NOT_KEPT = "Interrupted; nothing of this run was kept, as --no-cache asks."


@contextmanager
def scanning(arguments: argparse.Namespace) -> Iterator[FolderScan]:
    """Check the folders, join the other ranks if there are any, and show progress on rank 0.

    Raises
    ------
    InspectorError
        When a folder or the device is not there.
    Cancelled
        When it is interrupted, or told to end; says what is kept.
    """
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
                store_of(arguments),
                progress,
            )
    except (KeyboardInterrupt, Cancelled) as error:
        raise Cancelled(NOT_KEPT if arguments.no_cache else KEPT) from error


def store_of(arguments: argparse.Namespace) -> "Store | None":
    """Where what is found is kept: as asked for, else the program's own place."""
    from inspector.scans.store import Store, default_store

    if arguments.no_cache:
        return None
    return default_store() if arguments.cache is None else Store(arguments.cache)
