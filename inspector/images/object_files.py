"""Which file of a folder of masks or label maps belongs to a picture: found by its name."""

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from inspector.core.collection import Member
from inspector.core.errors import BadImage, BadRequest
from inspector.images.collection import SUFFIXES, is_folder, speakable, stem_of
from inspector.images.folders import natural_order

ENDINGS = ("_mask", "_segmentation", "_seg", "_label", "_labels")
"""What may stand after the picture's name."""
_MOST_FOLDERS = 16
"""Listings of folders that are kept in memory."""


@dataclass(frozen=True, slots=True)
class Matched:
    """The file of a picture; or, `together`, the masks in a folder called as the picture is."""

    paths: tuple[Path, ...]
    together: bool = False

    @property
    def name(self) -> str:
        """Of the file, or of the folder."""
        return self.paths[0].parent.name if self.together else self.paths[0].name


@dataclass(frozen=True, slots=True)
class _Listed:
    """The names of the files in a folder by their stem, and the folders in it."""

    files: dict[str, tuple[str, ...]]
    folders: frozenset[str]


@dataclass
class ObjectFiles:
    """Finds files of a folder by the names of pictures; each folder in it is listed once.

    Parameters
    ----------
    folder
        Of the masks or label maps; in it they lie as the pictures do in theirs.
    suffixes
        Endings of the files that count, in lower case.

    Raises
    ------
    BadRequest
        When there is no such folder.
    """

    folder: Path
    suffixes: tuple[str, ...] = SUFFIXES
    _listed: OrderedDict[str, _Listed] = field(default_factory=OrderedDict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        if not is_folder(self.folder):
            raise BadRequest(
                f"“{self.folder}” is no folder that can be read.",
                advice="Give the folder of the masks or label maps.",
            )

    def of(self, member: Member) -> Matched:
        """The file of a picture, or the masks of a folder.

        Raises
        ------
        BadImage
            When there is none, or it cannot be told which of several is meant.
        """
        where, _, stem = stem_of(member.files[0]).rpartition("/")
        listed = self._in(where)
        found = [
            Matched((self.folder / where / name,))
            for called in (stem, *(stem + ending for ending in ENDINGS))
            for name in listed.files.get(called, ())
        ]
        if stem in listed.folders:
            inside = f"{where}/{stem}" if where else stem
            # Sorted as strings first: the natural order of “1” and “01” is the same.
            names = sorted(name for names in self._in(inside).files.values() for name in names)
            masks = sorted((self.folder / inside / name for name in names), key=natural_order)
            found.extend([Matched(tuple(masks), together=True)] if masks else [])
        if not found:
            raise BadImage(
                f"There is no mask or label map for “{speakable(member.files[0])}” in "
                f"“{self.folder.name}”.",
                advice=f"It is looked for as “{speakable(stem)}” with an image's ending, or as "
                f"“{speakable(stem)}{ENDINGS[0]}”.",
            )
        if len(found) > 1:
            raise self._ambiguous(member, found)
        return found[0]

    def _ambiguous(self, member: Member, found: list[Matched]) -> BadImage:
        first, second = (speakable(matched.name) for matched in found[:2])
        return BadImage(
            f"Both “{first}” and “{second}” in “{self.folder.name}” could be the mask or label "
            f"map of “{speakable(member.files[0])}”.",
            advice="Keep one of them there; pictures and masks each need a folder of their own.",
        )

    def _in(self, where: str) -> _Listed:
        with self._lock:
            if where in self._listed:
                self._listed.move_to_end(where)
                return self._listed[where]
            self._listed[where] = self._list(where)
            while len(self._listed) > _MOST_FOLDERS:
                self._listed.popitem(last=False)
            return self._listed[where]

    def _list(self, where: str) -> _Listed:
        files: dict[str, tuple[str, ...]] = {}
        folders = set()
        try:
            with os.scandir(self.folder / where) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if _is_folder(entry):
                        folders.add(entry.name)
                    elif entry.name.lower().endswith(self.suffixes):
                        stem = stem_of(entry.name, self.suffixes)
                        files[stem] = tuple(sorted((*files.get(stem, ()), entry.name)))
        except OSError:
            # Told picture by picture: there is no mask for it.
            return _Listed({}, frozenset())
        return _Listed(files, frozenset(folders))


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # A link that leads to itself.
        return False
