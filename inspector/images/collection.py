"""All pictures of a folder for a scan: listed without decoding any, read one by one.

A folder may hold a million pictures. Files of formats that hold one picture (PNG, JPEG...) are
listed by the ending of their name and not opened; of all others the header is read. Each frame of
a DICOM file, page of a TIFF file, frame of a GIF and slice of a volume (as its first plane cuts
it, at every point in time) is a picture. A slice of a DICOM series is a file, and is called so.
"""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from operator import attrgetter
from pathlib import Path
from typing import Self

from inspector.core.collection import Member
from inspector.core.errors import BadImage, BadRequest
from inspector.core.images import Plane, Slice, SliceAddress
from inspector.core.progress import Progress, silent
from inspector.images import READERS, reader_of
from inspector.images.image import InputImage
from inspector.images.kept_open import KeptOpen
from inspector.images.reader import Pictures

SUFFIXES = tuple(suffix for reader in READERS for suffix in reader.suffixes)
ONE_PICTURE = (
    ".png", ".jpg", ".jpeg", ".bmp", ".jp2", ".pgm", ".ppm", ".pbm", ".pnm",
)  # fmt: skip
"""Endings of files that hold one picture; of a moving PNG it is the first."""
_NO_PICTURE = (
    ".txt", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".md", ".rst", ".html",
    ".htm", ".pdf", ".doc", ".docx", ".xls", ".xlsx", ".log", ".py", ".ipynb", ".sh", ".db",
    ".zip", ".tar", ".tgz", ".rar", ".7z", ".npy", ".npz", ".pkl", ".h5", ".hdf5", ".mat", ".pt",
    ".pth", ".safetensors", ".bval", ".bvec", ".mp4", ".avi", ".mov", ".svg",
)  # fmt: skip
"""Endings of files that are not opened to see whether they are images after all."""
_ENTRIES_A_REPORT = 1000
_MEMBERS_A_RUN = 20_000
_UNSPEAKABLE = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
"""Control characters, ends of lines, and bytes of a name that are no UTF-8."""


class Collection:
    """The pictures of a folder, read by any number of threads.

    Parameters
    ----------
    folder
        Where they are.
    members
        The pictures, sorted by name as plain strings; no two have one name.
    left_out
        Files and folders that could not be looked into, by name, each with the reason.
    notes
        Sentences on what was passed over.
    """

    def __init__(
        self,
        folder: Path,
        members: Sequence[Member],
        left_out: Iterable[tuple[str, str]] = (),
        notes: Iterable[str] = (),
    ) -> None:
        self.folder = folder
        self.members = tuple(members)
        self.left_out = tuple(left_out)
        self.notes = tuple(notes)
        self._several = _those_that_hold_several(members)
        self._kept = KeptOpen(open_file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def path_of(self, member: Member) -> Path:
        """The file to open for it; `member.at` is the slice of what is opened."""
        return self.folder / member.files[0]

    def read(self, member: Member) -> Slice:
        """Read one picture; volumes read lately stay open, so that each is unpacked once.

        Raises
        ------
        BadImage
            When its file is gone, damaged, too large, or may not be read.
        """
        with speakably():
            path = self.path_of(member)
            if member.files[0] in self._several:
                with self._kept.borrowed(path) as image:
                    return read_slice(image, member.at)
            with closing(open_file(path)) as image:
                return read_slice(image, member.at)

    def close(self) -> None:
        """Let go of the files; pictures can be read all the same."""
        self._kept.close()


def _those_that_hold_several(members: Sequence[Member]) -> frozenset[str]:
    """Files of which more than one member is read."""
    if len({member.files[0] for member in members}) == len(members):
        return frozenset()
    held = Counter(member.files[0] for member in members)
    return frozenset(file for file, count in held.items() if count > 1)


def list_folder(folder: Path, *, progress: Progress = silent) -> Collection:
    """List the pictures of a folder and of the folders in it.

    Hidden files, and folders that are linked to, are not looked at.

    Raises
    ------
    BadRequest
        When there is no such folder.
    BadImage
        When it holds no image.
    """
    if not is_folder(folder):
        raise BadRequest(
            f"“{folder}” is no folder that can be read.", advice="Give a folder of images."
        )
    found = _Found(folder)
    to_open = list(_look_through(found, progress))
    for number, file in enumerate(sorted(to_open)):
        progress(number, len(to_open), f"file {number + 1}")
        found.look_into(file)
    if not found.pictures:
        raise _nothing(found)
    members = _told_apart(_sorted(found.pictures, progress), progress)
    return Collection(folder, members, sorted(found.left_out), found.notes)


def open_file(path: Path) -> InputImage:
    """Open a file by what its bytes are, whatever it is called.

    Raises
    ------
    BadImage
        When it is gone, no image, or damaged.
    """
    reader = reader_of(path)
    if reader is None:
        raise BadImage(f"“{path.name}” is no image of a format that is read here.")
    return reader.open(path)


def read_slice(image: InputImage, at: SliceAddress) -> Slice:
    """Read a slice once; a file whose name promised one picture may have no such plane.

    Raises
    ------
    BadImage
        When the file holds no such slice, or it cannot be read.
    """
    plane = at.plane if at.plane in image.card.slices else image.card.planes[0]
    try:
        return image.read_once(replace(at, plane=plane))
    except BadRequest as error:
        raise BadImage(
            f"{error.message} The file has changed since its folder was listed."
        ) from error


def stem_of(file: str, suffixes: Iterable[str] = SUFFIXES) -> str:
    """A file's path without the ending that an image's name has: ``a/b`` of ``a/b.nii.gz``.

    >>> stem_of("1.2.840.1")
    '1.2.840.1'
    """
    lower = file.lower()
    ending = max((s for s in suffixes if lower.endswith(s)), key=len, default="")
    return file[: len(file) - len(ending)]


@dataclass
class _Found:
    """What is found of a folder; names are relative to it, with ``/``."""

    folder: Path
    pictures: list[Member] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    passed_over: int = 0
    linked: int = 0

    def add_one(self, file: str) -> None:
        """A file that holds one picture."""
        self.pictures.append(Member(speakable(file), (file,)))

    def look_into(self, file: str) -> None:
        """Add the pictures of a file, if it is an image."""
        path = self.folder / file
        try:
            reader = reader_of(path)
            if reader is None or path.name.upper() == "DICOMDIR":
                self.passed_over += 1
                return
            pictures = reader.count(path)
        except BadImage as error:
            self.leave_out(file, error.message)
            return
        # The numbers of a pair of files are listed with its header.
        if pictures.files[0] == path:
            self.pictures.extend(_members(self.folder, pictures))

    def leave_out(self, file: str, reason: str) -> None:
        """A file, or a folder, that cannot be looked into."""
        self.left_out.append((speakable(file), speakable(reason)))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was passed over."""
        notes = []
        if self.passed_over:
            words = ("file is", "was") if self.passed_over == 1 else ("files are", "were")
            notes.append(f"{self.passed_over:,} {words[0]} no image and {words[1]} passed over.")
        if self.linked:
            words = ("folder is", "was") if self.linked == 1 else ("folders are", "were")
            notes.append(f"{self.linked:,} {words[0]} linked to and {words[1]} not looked into.")
        return tuple(notes)


def speakable(file: str) -> str:
    r"""A file's path as it can be written in one line of UTF-8: ``a\n.png`` with the escape.

    Bytes that are no UTF-8, which the system's functions turn into lone surrogates, are written
    as ``\xff``.
    """
    return _UNSPEAKABLE.sub(_escaped, file)


@contextmanager
def speakably() -> Iterator[None]:
    """Sentences on files whose names cannot be written are told with `speakable` names."""
    try:
        yield
    except BadImage as error:
        if _UNSPEAKABLE.search(error.message):
            message = speakable(error.message)
            raise BadImage(message, advice=error.advice, details=error.details) from error
        raise


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return found[0].encode("unicode_escape").decode("ascii")


def _look_through(found: _Found, progress: Progress) -> Iterator[str]:
    """Sort the files of a folder out by the endings of their names; gives those to be opened."""
    for number, (file, entry) in enumerate(_files(found)):
        if number % _ENTRIES_A_REPORT == 0:
            progress(number, 0, f"{number:,} files found")
        lower = file.lower()
        if lower.endswith(_NO_PICTURE):
            found.passed_over += 1
        elif not _is_file(entry):
            if lower.endswith(SUFFIXES):
                found.leave_out(file, f"“{speakable(entry.name)}” is no file that can be read.")
            else:
                found.passed_over += 1
        elif lower.endswith(ONE_PICTURE):
            found.add_one(file)
        else:
            yield file


def _files(found: _Found) -> "Iterator[tuple[str, os.DirEntry[str]]]":
    """All that is no folder; folders that may not be looked into are left out."""
    pending = [""]
    while pending:
        prefix = pending.pop()
        try:
            with os.scandir(found.folder / prefix) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(f"{prefix}{entry.name}/")
                    elif _is_linked_folder(entry):
                        found.linked += 1
                    else:
                        yield prefix + entry.name, entry
        except OSError as error:
            reason = error.strerror or "the system refuses"
            found.leave_out(prefix, f"The folder may not be looked into: {reason}.")


def is_folder(folder: Path) -> bool:
    """Whether there is such a folder; not where it lies in one that may not be looked into."""
    try:
        return folder.is_dir()
    except OSError:
        return False


def is_empty(folder: Path) -> bool:
    """Whether nothing is in it, or it cannot be looked into."""
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is None
    except OSError:
        return True


def _is_file(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def _is_linked_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_symlink() and entry.is_dir()
    except OSError:
        return False


def _members(folder: Path, pictures: Pictures) -> Iterator[Member]:
    """Of a file that was looked into."""
    files = tuple(file.relative_to(folder).as_posix() for file in pictures.files)
    name = speakable(files[0])
    if pictures.slices * pictures.times == 1:
        yield Member(name, files, at=SliceAddress(pictures.plane))
        return
    plane = "" if pictures.plane is Plane.STORED else f"{pictures.plane.value} "
    for index in range(pictures.slices):
        for time in range(pictures.times):
            when = f" at {time}" if pictures.times > 1 else ""
            at = SliceAddress(pictures.plane, index, time)
            yield Member(f"{name}#{plane}{index}{when}", files, at=at)


def _sorted(members: list[Member], progress: Progress) -> list[Member]:
    """By name, and of those of one name by their files: in runs first, which are quickly merged."""
    key = attrgetter("name", "files")
    for begin in range(0, len(members), _MEMBERS_A_RUN):
        progress(begin, len(members), "sorting")
        run = slice(begin, begin + _MEMBERS_A_RUN)
        members[run] = sorted(members[run], key=key)
    progress(len(members), len(members), "sorting")
    return sorted(members, key=key)


def _told_apart(members: list[Member], progress: Progress) -> list[Member]:
    """Sorted members under names of which no two are the same.

    Names clash only where a file is called like a slice of another, or like an escaped one.
    """
    taken: set[str] = set()
    clashed = False
    for place, member in enumerate(members):
        if place % _ENTRIES_A_REPORT == 0:
            progress(place, len(members), "sorting")
        name, number = member.name, 1
        while name in taken:
            number += 1
            name = f"{member.name} ({number})"
        taken.add(name)
        if name != member.name:
            members[place] = replace(member, name=name)
            clashed = True
    return sorted(members, key=attrgetter("name")) if clashed else members


def _nothing(found: _Found) -> BadImage:
    where = f"The folder “{found.folder.name}”"
    if not found.left_out:
        return BadImage(
            " ".join((f"{where} holds no image.", *found.notes)),
            advice="Give a folder with DICOM, NIfTI, MGZ, NRRD, PNG, JPEG or TIFF files.",
        )
    count = len(found.left_out)
    tried = "one file or folder in it was" if count == 1 else f"{count:,} files or folders were"
    return BadImage(
        f"{where} holds no image that can be read; {tried} tried. The first: "
        f"{min(found.left_out)[1]}",
        details="\n".join(f"{name}: {reason}" for name, reason in sorted(found.left_out)[:20]),
    )
