"""How many pictures of a folder have kept results, told without looking at any picture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspector.analysis.optimal import settings_of
from inspector.core.errors import BadImage
from inspector.core.optimal import OptimalOptions
from inspector.core.preparation import Preparation
from inspector.families.model import Model
from inspector.families.network import Network
from inspector.scans.identity import environment_of, identity_of
from inspector.scans.store import About, Store


@dataclass(frozen=True, slots=True)
class _Optimal:
    """What tells a scan for optimal images from others."""

    settings: Mapping[str, Any]
    name: str = "optimal"
    needs_objects: bool = False


def kept_pictures(
    store: Store,
    model: Model,
    network: Callable[[], Network],
    folder: Path,
    *,
    options: OptimalOptions,
    preparation: Preparation | None = None,
) -> int:
    """How many pictures have kept optimal images of just this model, options and preparation.

    Those that the same scan has met in other folders count too, and those that are not in this one
    any more: only listing the folder and looking at all files would tell. 0 where the folder was
    not scanned last with these.

    Parameters
    ----------
    network
        Builds the model; called only where something of the folder is kept.
    preparation
        Of the pictures; the network's own by default.

    Raises
    ------
    CannotRun
        When the model cannot be run.
    """
    of_folder = {scan.key: scan.pictures for scan in store.scans() if scan.folder == str(folder)}
    if not of_folder:
        return 0
    built = network()
    try:
        identity = identity_of(
            model,
            built,
            preparation or built.preparation,
            _Optimal(settings_of(options)),
            {},
            store.fingerprints,
        )
    except BadImage:
        # A file of the checkpoint is gone: a scan will say so.
        return 0
    whole = {**identity, "environment": environment_of(built)}
    return of_folder.get(store.open(whole, About("", "", "", "")).key, 0)
