"""Where in a model something is: stage, block within the stage, head, mode; all 0-based."""

import re
from dataclasses import dataclass
from typing import Self

from inspector.core.errors import BadRequest

_PATTERN = re.compile(
    r"^\s*(?:S(?P<stage>\d+))?[\s.,]*B(?P<block>\d+)"
    r"(?:[\s.,]*H(?P<head>\d+))?(?:[\s.,]*M(?P<mode>\d+))?\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """A block, or a head of it, or a mode of that head; prints as ``S2 B7 H3 M0``."""

    stage: int
    block: int
    head: int | None = None
    mode: int | None = None

    def __post_init__(self) -> None:
        for name in ("stage", "block", "head", "mode"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise BadRequest(f"The {name} of an address counts from 0, not {value}.")
        if self.mode is not None and self.head is None:
            raise BadRequest("A mode belongs to a head: the address names a mode but no head.")

    def __str__(self) -> str:
        parts = [f"S{self.stage}", f"B{self.block}"]
        if self.head is not None:
            parts.append(f"H{self.head}")
        if self.mode is not None:
            parts.append(f"M{self.mode}")
        return " ".join(parts)

    @property
    def of_block(self) -> "Address":
        """The block this address lies in."""
        return Address(self.stage, self.block)

    def with_head(self, head: int | None) -> "Address":
        """The same block, another head (or the block as a whole)."""
        return Address(self.stage, self.block, head)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``S2B7H3``, ``s2 b7``, ``b7.h3`` (stage 0 where none is given).

        Raises
        ------
        BadRequest
            When the text is none of these forms.
        """
        found = _PATTERN.match(text)
        if found is None:
            raise BadRequest(
                f"“{text}” is not an address.",
                advice="Write stage, block and head as in S2B7H3, or b7.h3 for a model of one "
                "stage; all count from 0.",
            )
        number = {k: int(v) if v is not None else None for k, v in found.groupdict().items()}
        return cls(number["stage"] or 0, number["block"] or 0, number["head"], number["mode"])
