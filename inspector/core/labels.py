"""Short names for open files that stay distinct when two files are called the same."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def unique_labels(paths: Sequence[Path]) -> tuple[str, ...]:
    """Name each path by its last part, by as many folders as tell namesakes apart.

    ``run1/epoch_6.pth`` and ``run2/epoch_6.pth`` keep their folder; a file given twice is numbered.

    >>> unique_labels([Path("a/x.pth"), Path("b/x.pth"), Path("b/y.pth")])
    ('a/x.pth', 'b/x.pth', 'y.pth')
    """
    absolute = [path.absolute() for path in paths]
    labels = {path: _tail(path, 1) for path in absolute}
    longest = max((len(path.parts) for path in absolute), default=0)
    for depth in range(2, longest + 1):
        count = Counter(labels.values())
        labels = {
            path: _tail(path, depth) if count[label] > 1 else label
            for path, label in labels.items()
        }
    return tuple(_numbered([labels[path] for path in absolute]))


def _tail(path: Path, depth: int) -> str:
    return "/".join(path.parts[-depth:]).replace("//", "/")


def _numbered(labels: list[str]) -> list[str]:
    count, seen, found = Counter(labels), Counter[str](), []
    for label in labels:
        seen[label] += 1
        found.append(f"{label} ({seen[label]})" if count[label] > 1 else label)
    return found
