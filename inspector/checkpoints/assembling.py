"""From the values of a file to a `Checkpoint`: the chosen section, its configuration, the notes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from inspector.checkpoints.checkpoint import Checkpoint, LazyTensor
from inspector.checkpoints.lazy_tensors import Storages, lazy_tensor, why_unreadable
from inspector.checkpoints.pickle_values import Unreadable
from inspector.checkpoints.sections import Found, Survey, choose, survey
from inspector.checkpoints.stored_config import stored_config, stored_meta
from inspector.core.errors import BadCheckpoint


@dataclass(frozen=True, slots=True)
class Pickled:
    """A pickle that was read: its value, where its storages are, the foreign names in it."""

    path: Path
    container: str
    root: Any
    storages: Storages
    foreign: tuple[str, ...]
    close: Callable[[], None]


def assemble(pickled: Pickled, section: str | None) -> Checkpoint:
    """Choose the weights and list them.

    Raises
    ------
    BadCheckpoint
        When there are none, or a tensor reaches outside the file.
    """
    name = pickled.path.name
    found = survey(pickled.root)
    if not found.sections and pickled.foreign:
        raise BadCheckpoint(
            f"“{name}” is a pickle without tensors. It names {_some(pickled.foreign)}; nothing of "
            "that was imported or run.",
            advice="Open a file that holds the weights of a model.",
        )
    chosen = choose(found, section, name)
    tensors, unread = _list(chosen, pickled.storages)
    if not tensors:
        raise _nothing_readable(name, chosen)
    if len(tensors) > 1 and not chosen.elements:
        raise BadCheckpoint(
            f"“{name}” lists {len(tensors)} tensors that are all empty: the numbers of each were "
            "shared out over several files when it was saved (ZeRO-3 or FSDP).",
            advice="Gather the weights first (DeepSpeed: zero_to_fp32.py), and open that file.",
        )
    config, config_notes = stored_config(pickled.root)
    meta = stored_meta(pickled.root)
    notes = (
        *_notes(found, chosen),
        *_averaging_notes(found, chosen, swapped="mmengine_version" in meta),
        *_unread_notes(unread),
        *config_notes,
    )
    return Checkpoint(
        path=pickled.path,
        files=(pickled.path,),
        container=pickled.container,
        tensors=MappingProxyType(tensors),
        section=chosen.name,
        sections=found.summaries(),
        config=MappingProxyType(config),
        meta=MappingProxyType(meta),
        foreign=pickled.foreign,
        notes=notes,
        close_files=pickled.close,
    )


def _list(chosen: Found, storages: Storages) -> tuple[dict[str, LazyTensor], dict[str, str]]:
    """The tensors that can be read, and of the others why not."""
    tensors: dict[str, LazyTensor] = {}
    unread: dict[str, str] = {}
    for name, record in chosen.records.items():
        reason = why_unreadable(record)
        if reason:
            unread[name] = reason
        else:
            tensors[name] = lazy_tensor(name, record, storages)
    return tensors, unread


def _nothing_readable(file_name: str, chosen: Found) -> BadCheckpoint:
    record = next(iter(chosen.records.values()))
    reason = why_unreadable(record)
    if isinstance(record, Unreadable) and "meta device" in reason:
        return BadCheckpoint(
            f"“{file_name}” lists {len(chosen.records)} tensors that are all on the meta device: "
            "their shapes were saved, their numbers were not.",
            advice="Save the model again once its weights are loaded on a real device.",
        )
    return BadCheckpoint(
        f"“{file_name}” lists {len(chosen.records)} tensors, but none can be read: the first is "
        f"{reason}.",
        advice="Save the weights as ordinary dense tensors.",
    )


def _notes(found: Survey, chosen: Found) -> Iterable[str]:
    others = [section.name for section in found.sections if section is not chosen]
    if chosen.name or others:
        also = f"; the file also holds {_some(tuple(_quoted(o) for o in others))}" if others else ""
        yield f"The weights are those of {_quoted(chosen.name)}{also}."
    if found.training_tensors:
        yield f"{found.training_tensors} tensors of the optimizer or the training were left unread."
    if chosen.repeated:
        yield f"{len(chosen.repeated)} names occur twice; the first of each is shown."


def _averaging_notes(found: Survey, chosen: Found, *, swapped: bool) -> Iterable[str]:
    """Say whether averaged (EMA) weights are shown.

    MMEngine's EMA hook swaps the two sets when it saves: its ``state_dict`` is the average, and
    its ``ema_state_dict`` the weights that were trained.
    """
    averaged = [section.name for section in found.sections if section.averaged]
    if not averaged:
        return
    if swapped and "ema_state_dict" in averaged:
        yield (
            "MMEngine swaps averaged (EMA) and plain weights when it saves: “state_dict” holds the "
            "averaged ones, “ema_state_dict” the plain ones."
        )
    elif not chosen.averaged:
        yield "The file also holds averaged weights (EMA); the plain ones are shown."
    elif len(averaged) == len(found.sections):
        yield "These are averaged weights (EMA): the file holds no others."
    else:
        yield "These are averaged weights (EMA)."


def _unread_notes(unread: dict[str, str]) -> Iterable[str]:
    for reason in dict.fromkeys(unread.values()):
        names = tuple(f"“{name}”" for name, why in unread.items() if why == reason)
        yield f"Not read, because {reason}: {_some(names)}."


def _quoted(section: str) -> str:
    return f"“{section}”" if section else "the top level"


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
