"""Plain values (numbers, texts, lists, dictionaries) out of what a pickle was read into."""

from typing import Any

from inspector.checkpoints.pickle_values import Global, Instance, Span

_MOST_DEPTH = 12
_MOST_VALUES = 20_000
_MOST_TEXT = 1 << 20
_MOST_TEXTS = 4 << 20


class _Budget:
    """How many more values, and bytes of long texts, may be taken."""

    __slots__ = ("left", "text")

    def __init__(self) -> None:
        self.left = _MOST_VALUES
        self.text = _MOST_TEXTS


def plain(value: Any) -> Any:
    """Numbers, texts, lists and dictionaries of a value; None for all else.

    Objects such as ``argparse.Namespace`` become a dictionary of their attributes, OmegaConf's
    containers what they contain. Deep or very large values are cut off.
    """
    return _plain(value, 0, _Budget())


def text_of(value: Any, most: int = _MOST_TEXT) -> str | None:
    """A text, long or short; None where the value is none, or too long."""
    if isinstance(value, Span):
        return value.read_text(most) if value.text and value.count <= most else None
    return value if isinstance(value, str) else None


def _plain(value: Any, depth: int, budget: _Budget) -> Any:
    budget.left -= 1
    if budget.left < 0 or depth > _MOST_DEPTH:
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Span):
        budget.text -= value.count
        return text_of(value) if budget.text >= 0 else None
    if isinstance(value, list | tuple):
        return [_plain(part, depth + 1, budget) for part in value[: budget.left + 1]]
    if isinstance(value, dict):
        return _plain_dict(value, depth, budget)
    if isinstance(value, Instance):
        return _plain_instance(value, depth, budget)
    return str(value) if isinstance(value, Global) else None


def _plain_dict(value: dict[Any, Any], depth: int, budget: _Budget) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, part in value.items():
        if budget.left < 0:
            break
        if isinstance(key, str | int | float | bool):
            made[str(key)] = _plain(part, depth + 1, budget)
    return made


def _plain_instance(value: Instance, depth: int, budget: _Budget) -> Any:
    own = value.attributes
    if value.kind is not None and value.kind.module.startswith("omegaconf"):
        inner = own.get("_content", own.get("_val"))
        return _plain(inner, depth + 1, budget)
    if value.items:
        return _plain_dict(value.items, depth, budget)
    if value.members:
        return _plain(value.members, depth, budget)
    if own:
        return _plain_dict(own, depth, budget)
    simple = len(value.args) == 1 and isinstance(value.args[0], str | int | float)
    return value.args[0] if simple else None
