"""JSON from files that are not trusted."""

import json
from pathlib import Path
from typing import Any

from inspector.checkpoints.mapped_file import open_regular
from inspector.core.errors import BadCheckpoint


def parse_json(raw: bytes, file_name: str) -> Any:
    """Parse; a name that stands twice in one object is refused.

    Raises
    ------
    BadCheckpoint
        When it is not JSON, is nested too deeply, or repeats a name.
    """
    try:
        return json.loads(raw, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise BadCheckpoint(
            f"The JSON in “{file_name}” cannot be read: {error}.",
            advice="Copy or download the file again.",
        ) from error


def read_json(path: Path, *, most: int) -> Any:
    """Parse a JSON file of at most `most` bytes.

    Raises
    ------
    BadCheckpoint
        When there is no such file, it is too long, or not JSON.
    """
    with open_regular(path) as file:
        raw = file.read(most + 1) or b""
    if len(raw) > most:
        raise BadCheckpoint(f"“{path.name}” is too long to be read: it has over {most:,} bytes.")
    return parse_json(raw, path.name)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return made
