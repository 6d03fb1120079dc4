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


def _holds_checkpoints(folder: Path) -> bool:
    try:
        return any(looks_like_checkpoint(entry) for entry in islice(folder.iterdir(), _LOOKED_AT))
    except OSError:
        return False
