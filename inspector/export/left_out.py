"""The pictures of a folder that do not count: as a table, and in a few sentences."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from inspector.core.optimal import Left
from inspector.export.tables import write_table

LEFT_OUT = ("image", "reason")
LEFT_OUT_FILE = "left_out.csv"
MOST_SENTENCES = 8


def write_left_out(folder: Path, left: Left) -> None:
    """Write ``left_out.csv``: a row for each picture, in order of name."""
    write_table(folder / LEFT_OUT_FILE, LEFT_OUT, sorted(left))


def left_out_sentences(left: Left) -> Iterator[str]:
    """A sentence for each picture; for more than `MOST_SENTENCES`, one for each kind of reason.

    Reasons are of one kind where they differ in the picture they name alone.
    """
    if len(left) <= MOST_SENTENCES:
        yield from (f"{name} was left out: {reason}" for name, reason in left)
        return
    yield f"{len(left)} images were left out; {LEFT_OUT_FILE} names them all:"
    known = Counter(_kind(*one) for one in left).most_common()
    first = {_kind(*one): one for one in reversed(left)}
    for kind, count in known[:MOST_SENTENCES]:
        name, reason = first[kind]
        yield f"  {name if count == 1 else f'{count}, as {name}'}: {reason}"
    rest = sum(count for _, count in known[MOST_SENTENCES:])
    if rest:
        yield f"  {rest} more, each for another reason."


def _kind(name: str, reason: str) -> str:
    """A reason without the name of the picture, of its file, and of masks called after it."""
    file = PurePosixPath(name.partition("#")[0])
    for called in (name, str(file), file.name, str(file.with_suffix("")), file.stem):
        reason = reason.replace(f"“{called}", "“")
    return reason
