"""Which sets of weights a file holds, and which of them is meant."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod
from typing import Any

from inspector.checkpoints.checkpoint import Section
from inspector.checkpoints.lazy_tensors import Record, is_record
from inspector.checkpoints.weight_tree import AVERAGED, PLAIN, WeightTree, is_module
from inspector.core.errors import BadCheckpoint

_MOST_DEPTH = 16
_RANKS = {name: rank for rank, name in enumerate(PLAIN)}
_TOP, _UNKNOWN, _AVERAGE, _NUMBERS = 100, 200, 300, 400


@dataclass(slots=True)
class Found:
    """One set of weights: records by their name below the section, in file order."""

    name: str
    records: dict[str, Record] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)

    @property
    def elements(self) -> int:
        """Number of weights in all."""
        return sum(prod(record.shape) for record in self.records.values())

    @property
    def averaged(self) -> bool:
        """Whether it holds averaged weights (EMA, SWA)."""
        return any(part in AVERAGED for part in self.name.split("."))

    @property
    def rank(self) -> tuple[int, int]:
        """The lowest is chosen: named weights, the file's top level, then averages."""
        if all(prod(record.shape) <= 1 for record in self.records.values()):
            return _NUMBERS, 0
        if self.averaged:
            return _AVERAGE, -self.elements
        if not self.name:
            return _TOP, 0
        parts = self.name.split(".")
        return min(_RANKS.get(part, _UNKNOWN) for part in parts), -self.elements


@dataclass(slots=True)
class Survey:
    """All sets of weights of a file, and how many tensors belong to the training."""

    sections: list[Found] = field(default_factory=list)
    training_tensors: int = 0

    def summaries(self) -> tuple[Section, ...]:
        """What there is to choose from."""
        return tuple(Section(f.name, len(f.records), f.elements) for f in self.sections)


def survey(root: Any) -> Survey:
    """List the sets of weights in the values of a file.

    A dictionary below which there is no wrapper (``state_dict``, ``teacher``, a pickled module)
    is one set, its names joined by dots. State of optimizers and the like is counted, and never
    a section.
    """
    tree, found = WeightTree(), Survey()
    _walk(root, (), tree, found)
    found.training_tensors = tree.training_tensors
    return found


def choose(found: Survey, wanted: str | None, file_name: str) -> Found:
    """The section that was asked for, or else the likeliest one.

    Raises
    ------
    BadCheckpoint
        When there is none, or none of that name.
    """
    if wanted is not None:
        return _named(found, wanted, file_name)
    if found.sections:
        return min(found.sections, key=lambda section: section.rank)
    if found.training_tensors:
        raise BadCheckpoint(
            f"“{file_name}” holds only the state of an optimizer ({found.training_tensors} "
            "tensors), not the weights of a model.",
            advice="Open the file with the model in it, which training saved beside this one.",
        )
    raise BadCheckpoint(
        f"“{file_name}” was read, but there is no tensor in it.",
        advice="Open a file that holds the weights of a model.",
    )


def no_such_section(file_name: str, wanted: str, names: tuple[str, ...]) -> BadCheckpoint:
    """What to raise when a section was asked for that the file does not have."""
    known = ", ".join(f"“{name}”" for name in names[:20])
    return BadCheckpoint(
        f"“{file_name}” has no section “{wanted}”.",
        advice=f"The sections it has: {known}." if known else "It has one set of weights only.",
    )


def _named(found: Survey, wanted: str, file_name: str) -> Found:
    for section in found.sections:
        if section.name == wanted:
            return section
    raise no_such_section(file_name, wanted, tuple(s.name for s in found.sections))


def _walk(node: Any, path: tuple[str, ...], tree: WeightTree, found: Survey) -> None:
    if len(path) > _MOST_DEPTH or not tree.holds_tensors(node):
        return
    name = ".".join(path)
    if is_record(node):
        _add(found, name, [("tensor", node)])
        return
    if is_module(node):
        _add(found, name, tree.records(node))
        return
    below = tree.weights_below(node)
    if not _is_split(node, path, below, tree):
        _add(found, name, (pair for key, child in below for pair in tree.records(child, key)))
        return
    _add(found, name, [(key, child) for key, child in below if is_record(child)])
    for key, child in below:
        if not is_record(child):
            _walk(child, (*path, key), tree, found)


def _is_split(node: Any, path: tuple[str, ...], below: Any, tree: WeightTree) -> bool:
    """Whether the children of a value are sets of their own."""
    if isinstance(node, list | tuple) and not path:
        return not all(is_record(child) for _, child in below)
    return any(tree.is_wrapper(key, child) for key, child in below)


def _add(found: Survey, name: str, pairs: Iterable[tuple[str, Record]]) -> None:
    section = Found(name)
    for key, record in pairs:
        if key in section.records:
            section.repeated.append(key)
        else:
            section.records[key] = record
    found.sections += _by_role(section)


def _by_role(section: Found) -> list[Found]:
    """One section each for a teacher and a student whose tensors share one dictionary."""
    roles = ("teacher", "student")
    if not all(any(k.startswith(f"{role}.") for k in section.records) for role in roles):
        return [section] if section.records else []
    parts = {role: Found(f"{section.name}.{role}".strip(".")) for role in roles}
    rest = Found(section.name, repeated=section.repeated)
    for key, record in section.records.items():
        role, _, below = key.partition(".")
        target = parts.get(role, rest)
        target.records[below if target is not rest else key] = record
    return [part for part in (*parts.values(), rest) if part.records]
