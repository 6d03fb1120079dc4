"""The pictures of a folder: what they are called, and how they are told apart."""

from dataclasses import dataclass

from inspector.core.images import SliceAddress

# One for all: a folder may hold a million pictures.
_THE_ONLY = SliceAddress()


@dataclass(frozen=True, slots=True)
class Member:
    """One picture of a folder: a file, or a slice of a volume, a series or a file of frames.

    Parameters
    ----------
    name
        What results call it: the path of its file relative to the folder, with ``/`` on every
        system; where a file holds several pictures with ``#`` and what tells them apart:
        ``brain.nii.gz#axial 12``, ``cine.dcm#3``, ``4d.nii#axial 12 at 5``. Unique in the folder.
    files
        The files it is read from, relative to the folder, with ``/``.
    at
        Which slice of the image they hold.
    """

    name: str
    files: tuple[str, ...]
    at: SliceAddress = _THE_ONLY
