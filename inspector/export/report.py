"""What a command wrote, and what it has to say."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Report:
    """What was written, and what was found, in words."""

    files: tuple[Path, ...]
    sentences: tuple[str, ...]
