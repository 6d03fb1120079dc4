"""Turns whatever a damaged file sets off into one refusal with a sentence."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from inspector.core.errors import BadCheckpoint

ADVICE = "Copy or download the file again."
_SIGNS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What reading a damaged file may set off in the standard library and in numpy."""


@contextmanager
def refused_as_damaged(what: str) -> Iterator[None]:
    """Refuse `what`, a file's or a tensor's name, where reading it goes wrong.

    Raises
    ------
    BadCheckpoint
        As it was raised where it carries advice; else as a sentence that names `what`.
    """
    try:
        yield
    except BadCheckpoint as error:
        if error.advice:
            raise
        raise _damaged(what, error.message, error.details) from error
    except _SIGNS as error:
        text = "It starts like a checkpoint, but cannot be read."
        raise _damaged(what, text, f"{type(error).__name__}: {error}") from error


def _damaged(what: str, text: str, details: str) -> BadCheckpoint:
    return BadCheckpoint(f"“{what}” is damaged. {text}", advice=ADVICE, details=details[:1000])
