"""What is open and what is selected; tells when it changes, and is saved as a small JSON."""

from inspector.session.open_files import (
    ImageSource,
    ImageView,
    OpenImage,
    OpenModel,
    Source,
    Stamp,
    stamps_of,
)
from inspector.session.saved import SavedSession
from inspector.session.session import Session

__all__ = [
    "ImageSource",
    "ImageView",
    "OpenImage",
    "OpenModel",
    "SavedSession",
    "Session",
    "Source",
    "Stamp",
    "stamps_of",
]
