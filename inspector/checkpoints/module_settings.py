"""Settings that a whole pickled module keeps beside its weights: the heads of its attention."""

from collections.abc import Iterator
from typing import Any

from inspector.checkpoints.pickle_values import Instance
from inspector.checkpoints.weight_tree import is_module

_HEADS = ("num_attention_heads", "num_heads", "heads")
_MOST_MODULES = 20_000
_MOST_HEADS = 1 << 16


def module_settings(top: Any) -> dict[str, int]:
    """The one number of heads that all modules of a file agree on; empty where they do not."""
    counts = {count for module in _modules(top) for count in _heads_of(module)}
    return {"num_heads": counts.pop()} if len(counts) == 1 else {}


def _modules(top: Any) -> Iterator[Instance]:
    """The pickled modules of a file, itself one or the holder of some, each once."""
    waiting = [top, *top.values()] if isinstance(top, dict) else [top]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_MODULES:
        node = waiting.pop()
        if not is_module(node) or id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        members = list(node.attributes["_modules"].values())
        waiting += members[:_MOST_MODULES] if len(waiting) < _MOST_MODULES else []


def _heads_of(module: Instance) -> Iterator[int]:
    for word in _HEADS:
        count = module.attributes.get(word)
        if type(count) is int and 0 < count < _MOST_HEADS:
            yield count
