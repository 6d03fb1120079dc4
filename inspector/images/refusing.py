"""Turns whatever reading a damaged image sets off into one refusal with a sentence."""

import logging
import lzma
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from inspector.core.errors import BadImage

ADVICE = "Copy or download the file again, or open another one."
MOST_PIXELS = 1 << 27
"""Of one picture: 134 million, as 11585 x 11585."""
MOST_BYTES = 1 << 30
"""Of one picture, or of a volume that must be kept whole to be cut."""

_SIGNS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zlib.error,
)
"""What reading a damaged file may set off in the standard library, numpy and the codecs."""

for _chatty in ("pydicom", "nibabel.global", "tifffile", "PIL"):
    # They write to the terminal what they find odd, and quote values of the file, names included.
    logging.getLogger(_chatty).disabled = True


class _Hush:
    """Warnings are ignored while any thread reads, and as they were once none does.

    Threads that overlap in ``warnings.catch_warnings`` alone would restore each other's filters
    in the wrong order, and leave warnings ignored for good or raised in the middle of a reading.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers = 0
        self._filters = ExitStack()

    def __enter__(self) -> None:
        with self._lock:
            if self._readers == 0:
                self._filters.enter_context(warnings.catch_warnings())
                warnings.simplefilter("ignore")
            self._readers += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._readers -= 1
            if self._readers == 0:
                self._filters.close()


_HUSH = _Hush()


@contextmanager
def refused_as_damaged(
    name: str, form: str, *further: type[Exception], quoting: bool = True
) -> Iterator[None]:
    """Refuse the file `name` of the format `form` where reading it goes wrong; warn of nothing.

    Parameters
    ----------
    further
        Exceptions of the library in use that derive from nothing common.
    quoting
        Whether the library's words go to the details; not where they may quote a patient's name.

    Raises
    ------
    BadImage
        As it was raised, or as a sentence that names the file.
    """
    signs: tuple[type[Exception], ...] = (*_SIGNS, *further)
    try:
        with _HUSH:
            yield
    except ImportError as error:
        raise needs_package(name, (error.name or "a decoder").partition(".")[0]) from error
    except signs as error:
        words = f": {error}" if quoting else ""
        raise BadImage(
            f"“{name}” is damaged: it starts like {form}, but cannot be read to its end.",
            advice=ADVICE,
            details=f"{type(error).__name__}{words}"[:1000],
        ) from error


def needs_package(name: str, package: str) -> BadImage:
    """What to raise where a decoder is not installed."""
    return BadImage(
        f"“{name}” needs the package “{package}” to be decoded, which is not installed.",
        advice=f"Install it with: pip install {package}",
    )


def refuse_large(name: str, shape: tuple[int, ...], item_bytes: int = 1) -> None:
    """Refuse a picture that would fill the memory.

    Parameters
    ----------
    shape
        Rows, columns, and further axes if any.
    item_bytes
        Of one number.

    Raises
    ------
    BadImage
        When there is no pixel, or there are too many.
    """
    if min(shape) < 1:
        raise BadImage(f"“{name}” holds no picture: its size is {_words(shape)}.")
    size = item_bytes
    for side in shape:
        size *= side
    if shape[0] * shape[1] > MOST_PIXELS or size > MOST_BYTES:
        raise BadImage(
            f"“{name}” says that a picture of it has {_words(shape)} pixels, which is more than "
            "is read here.",
            advice="If the file is right, save a smaller or cropped picture and open that.",
        )


def _words(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{side:,}" for side in shape)
