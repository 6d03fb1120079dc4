"""The values of a file as a tree: dictionaries, pickled modules, and the tensors in them."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from inspector.checkpoints.lazy_tensors import Record, is_record
from inspector.checkpoints.pickle_values import Instance
from inspector.core.errors import BadCheckpoint

MOST_TENSORS = 200_000
MOST_VISITS = 4_000_000
"""How often a value may be looked at; a pickle has fewer, unless some are named again and again."""

_MOST_DEPTH = 48
_LETTERS_PER_VISIT = 16
_VISITS_PER_COLLECTION = 8

PLAIN = (
    *("state_dict", "model_state_dict", "model_state", "model_weights", "model", "net", "network"),
    *("module", "weights", "params", "parameters", "teacher", "target_encoder", "student"),
    *("encoder", "backbone", "generator", "generator_state_dict"),
)
"""Keys under which files keep the weights of a model, the likeliest first."""

AVERAGED = (
    *("ema", "model_ema", "ema_model", "state_dict_ema", "ema_state_dict", "model_state_dict_ema"),
    *("ema_params", "params_ema", "swa_state_dict", "swa_model", "shadow_params"),
)
"""Keys under which files keep averages of weights."""

_TRAINING = frozenset(
    (
        *("message_hub", "callbacks", "loops", "rng_state", "random_states", "opt"),
        *("scaler", "loss_scaler", "grad_scaler", "amp"),
    )
)
_STATES = ("optimizer", "optimiser", "scheduler")
_WRAPPERS = frozenset(PLAIN + AVERAGED)
_OF_MODULE = ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set")
_BRANCHES = (dict, list, tuple, Instance)
_LEAVES = frozenset((str, int, float, bool, type(None), bytes))


class WeightTree:
    """Answers, for the values of one file, where its tensors are.

    What was found out about a value is kept, so that a value that the file names a million times
    is looked at once; where each place of it counts, the visits are limited.
    """

    def __init__(self) -> None:
        self._below: dict[int, int] = {}
        self._listed = 0
        self._visits = 0
        self.training_tensors = 0

    def holds_tensors(self, node: Any, depth: int = 0) -> bool:
        """Whether there is any tensor in a value or below it."""
        return self._tensors_below(node, depth) > 0

    def weights_below(self, node: Any) -> list[tuple[str, Any]]:
        """Children that hold tensors, without what belongs to the training, which is counted."""
        if _is_optimizer(node):
            self.training_tensors += self._tensors_below(node)
            return []
        kept = []
        for key, child in self._children(node):
            if not self.holds_tensors(child):
                continue
            if is_training(key, child) or _is_optimizer(child):
                self.training_tensors += self._tensors_below(child)
                continue
            kept.append((key, child))
        return kept

    def _tensors_below(self, node: Any, depth: int = 0) -> int:
        """Number of tensors in a value and below it, one that is named twice counted twice."""
        if is_record(node):
            return 1
        if not isinstance(node, _BRANCHES) or depth > _MOST_DEPTH:
            return 0
        known = self._below.get(id(node))
        if known is None:
            self._below[id(node)] = 0
            known = 0
            self._spend(_size(node))
            for child in _values(node):
                if type(child) not in _LEAVES:
                    known += self._tensors_below(child, depth + 1)
            self._below[id(node)] = known
        return known

    def records(self, node: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Record]]:
        """Tensors below a value, in file order, by names joined by dots."""
        if is_record(node):
            self._listed += 1
            if self._listed > MOST_TENSORS:
                raise BadCheckpoint(f"The file names more than {MOST_TENSORS:,} tensors.")
            yield prefix, node
            return
        if depth > _MOST_DEPTH or not self.holds_tensors(node, depth):
            return
        for key, child in self._children(node):
            name = f"{prefix}.{key}" if prefix else key
            self._spend(len(name) // _LETTERS_PER_VISIT)
            yield from self.records(child, name, depth + 1)

    def is_wrapper(self, key: str, node: Any, depth: int = 0) -> bool:
        """Whether a child stands for a whole set of weights rather than for a part of one."""
        if is_record(node) or depth > _MOST_DEPTH or not self.holds_tensors(node):
            return False
        if is_module(node):
            return True
        below = list(self._children(node))
        if any("." in name and is_record(child) for name, child in below):
            return True
        if key not in _WRAPPERS:
            return False
        return any(is_record(v) or self.is_wrapper(k, v, depth + 1) for k, v in below)

    def _children(self, node: Any) -> Iterator[tuple[str, Any]]:
        self._spend(_VISITS_PER_COLLECTION + _size(node))
        return children(node)

    def _spend(self, visits: int) -> None:
        self._visits += visits
        if self._visits > MOST_VISITS:
            raise BadCheckpoint("The file's values unfold to far more than it holds.")


def children(node: Any) -> Iterator[tuple[str, Any]]:
    """What lies directly in a value, by name: a module's weights as its state dict has them."""
    if isinstance(node, dict):
        return ((str(key), value) for key, value in node.items() if isinstance(key, str | int))
    if isinstance(node, list | tuple):
        return ((str(index), value) for index, value in enumerate(node))
    if not isinstance(node, Instance):
        return iter(())
    return _children_of_module(node) if is_module(node) else _children_of_instance(node)


def _values(node: Any) -> Iterable[Any]:
    """What `children` gives, without the names."""
    if isinstance(node, list | tuple):
        return node
    return (value for _, value in children(node))


def _size(node: Any) -> int:
    """How many values `children` looks at."""
    if not isinstance(node, Instance):
        return len(node) if isinstance(node, dict | list | tuple) else 0
    own = node.attributes
    parts = (node.items, own, *(own.get(group) for group in _OF_MODULE))
    return sum(len(part) for part in parts if isinstance(part, dict | list | tuple))


def is_module(node: Any) -> bool:
    """Whether a value is a pickled ``torch.nn.Module``."""
    if not isinstance(node, Instance):
        return False
    own = node.attributes
    return isinstance(own.get("_parameters"), dict) and isinstance(own.get("_modules"), dict)


def is_training(key: str, node: Any) -> bool:
    """Whether a key names state of the training: an optimizer, a schedule, a log."""
    if key in _TRAINING:
        return True
    plain = key.lower()
    if "optim" not in plain and "scheduler" not in plain:
        return False
    words = re.findall("[a-z]+", plain)
    named = any(word == "optim" or word.startswith(_STATES) for word in words)
    return named and not is_record(node)


def _children_of_module(module: Instance) -> Iterator[tuple[str, Any]]:
    own = module.attributes
    passing = own.get("_non_persistent_buffers_set")
    passing = passing if isinstance(passing, list | tuple) else ()
    unsaved = {name for name in passing if isinstance(name, str)}
    for group in ("_parameters", "_buffers", "_modules"):
        members = own.get(group)
        for name, value in members.items() if isinstance(members, dict) else ():
            if isinstance(name, str) and value is not None and name not in unsaved:
                yield name, value


def _children_of_instance(node: Instance) -> Iterator[tuple[str, Any]]:
    """Items of a dictionary's stand-in; of another object, only what is named like weights."""
    yield from children(node.items or {})
    for key, value in node.attributes.items():
        if isinstance(key, str) and (key in _WRAPPERS or is_module(value)):
            yield key, value


def _is_optimizer(node: Any) -> bool:
    return isinstance(node, dict) and "param_groups" in node and "state" in node
