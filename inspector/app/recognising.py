"""What a file or folder is, by a few of its bytes: a model, an image, or neither."""

from enum import StrEnum
from itertools import islice
from pathlib import Path

from inspector.checkpoints import looks_like_checkpoint

_LOOKED_AT = 200


class Kind(StrEnum):
    """What a path is opened as; what nobody recognises is tried as a model and refused in words."""

    MODEL = "model"
    IMAGE = "image"


def kind_of(path: Path) -> Kind:
    """What a path is opened as; never raises.

    A folder is one of images where it holds images (itself or in its folders, as a CD of DICOM
    does) and no weights.
    """
    from inspector.images import looks_like_image

    if looks_like_checkpoint(path) or (path.is_dir() and _holds_checkpoints(path)):
        return Kind.MODEL
    return Kind.IMAGE if looks_like_image(path) else Kind.MODEL


def is_looked_through(path: Path) -> bool:
    """Whether a path dropped on the gallery is scanned: a folder of images, or of nothing known.

    It is then the scan that says what is wrong with the folder, in words about images.
    """
    if not path.is_dir():
        return False
    if kind_of(path) is Kind.IMAGE:
        return True
    folders = (path, *(entry for entry in _entries(path) if entry.is_dir()))
    return not any(looks_like_checkpoint(one) or _holds_checkpoints(one) for one in folders)


def _holds_checkpoints(folder: Path) -> bool:
    return any(looks_like_checkpoint(entry) for entry in _entries(folder))


def _entries(folder: Path) -> tuple[Path, ...]:
    try:
        return tuple(islice(folder.iterdir(), _LOOKED_AT))
    except OSError:
        return ()
