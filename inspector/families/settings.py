"""What a configuration beside, or inside, a checkpoint says of its vision tower; no torch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeGuard

from inspector.families.model import Model

_FIRST = ("huggingface", "timm", "open_clip", "mmengine", "args")
_TOWERS = ("vision_config", "vision_cfg")
_LARGEST = 1e9


@dataclass(frozen=True, slots=True)
class Settings:
    """The parts of a configuration that describe the vision tower, the most telling first.

    Parameters
    ----------
    parts
        Each with the word for where it was found, as ``huggingface``.
    """

    parts: tuple[tuple[str, Mapping[str, Any]], ...]

    @classmethod
    def of(cls, model: Model) -> Self:
        """Those of an open checkpoint."""
        return cls(tuple(_parts(model.checkpoint.config)))

    def find(self, *words: str, of: tuple[str, ...] = ()) -> Any:
        """The first value there is under one of these words; None where there is none.

        `of` limits the search to configurations of these kinds.
        """
        for kind, part in self.parts:
            if of and kind not in of:
                continue
            for word in words:
                if part.get(word) is not None:
                    return part[word]
        return None

    def number(self, *words: str) -> float | None:
        """The first of these words that is a number above 0."""
        value = self.find(*words)
        return float(value) if is_number(value) and value > 0 else None

    def pair(self, *words: str) -> tuple[int, int] | None:
        """Rows and columns: one whole number for both, or two; the channels of three are left."""
        value = self.find(*words)
        if is_number(value):
            value = (value, value)
        if not isinstance(value, list | tuple) or len(value) < 2:
            return None
        rows, columns = value[-2:]
        if not (is_number(rows) and is_number(columns)) or min(rows, columns) < 1:
            return None
        return (int(rows), int(columns))

    def text(self, *words: str) -> str:
        """The first of these words that is text; empty where there is none."""
        value = self.find(*words)
        return value if isinstance(value, str) else ""


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a value of a configuration is a number of a size that makes sense."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= _LARGEST


def _parts(config: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for kind in dict.fromkeys((*_FIRST, *config)):
        for part in _of_tower(_mapping(config.get(kind))):
            if part:
                yield kind, part


def _of_tower(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    model = _mapping(part.get("model"))
    for inner in (model.get("backbone"), part.get("backbone"), model.get("encoder")):
        yield from (_mapping(inner), _mapping(_mapping(inner).get("arch")))
    described = _mapping(part.get("model_cfg"))
    towers = [_mapping(held.get(word)) for held in (part, described) for word in _TOWERS]
    yield from towers
    yield described
    if not any(_mapping(part.get(word)) for word in _TOWERS):
        yield from (_mapping(part.get("model_args")), _mapping(part.get("pretrained_cfg")), part)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
