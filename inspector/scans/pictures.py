"""The pictures of a scan, and the keys their records are kept under.

A key is made from the content of a picture's files, and of the objects on it where a measurement
needs them: a file that is renamed keeps its records, one that is changed loses them, and pictures
that are the same are looked at once.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from inspector.core.collection import Member
from inspector.core.errors import InspectorError
from inspector.core.objects import ObjectMap
from inspector.images.collection import Collection
from inspector.images.fingerprints import Fingerprints, member_key


class Objects(Protocol):
    """What is on the pictures: label maps or masks."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """Plain JSON values: how they are read."""
        ...

    def of(self, member: Member, shape: tuple[int, int]) -> ObjectMap:
        """Of a picture; `BadImage` where there is none."""
        ...

    def key_of(self, member: Member, fingerprints: Fingerprints) -> str:
        """Of their content; `BadImage` where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Identity:
    """By what a picture is known; where it cannot be, the sentence that says why.

    Parameters
    ----------
    picture
        Key of its content; empty where it cannot be read.
    objects
        Key of that of the objects on it; empty where there are none.
    problem, objects_problem
        Why one of them is empty.
    """

    picture: str = ""
    objects: str = ""
    problem: str = ""
    objects_problem: str = ""

    def key(self, *, with_objects: bool) -> str:
        """Of a record, another for every identity; empty where there cannot be one."""
        if not self.picture or (with_objects and not self.objects):
            return ""
        if not self.objects:
            return self.picture
        return hashlib.sha256(f"{self.picture} {self.objects}".encode()).hexdigest()

    def why_not(self, *, with_objects: bool) -> str:
        """Why there cannot be a record; empty where there can."""
        return self.problem or (self.objects_problem if with_objects else "")


@dataclass(frozen=True, slots=True)
class Item:
    """Pictures of one content, looked at once.

    Parameters
    ----------
    member
        The first of them in order of name.
    places
        Of all of them among the members.
    identity
        Theirs.
    """

    member: Member
    places: tuple[int, ...]
    identity: Identity


Identify = Callable[[Member], Identity]


def by_content(collection: Collection, objects: Objects | None, known: Fingerprints) -> Identify:
    """Identifies pictures by what is in their files."""

    def identify(member: Member) -> Identity:
        try:
            picture = member_key(collection, member, known)
        except (InspectorError, OSError) as error:
            return Identity(problem=sentence_of(error, member))
        if objects is None:
            return Identity(picture)
        try:
            return Identity(picture, objects.key_of(member, known))
        except (InspectorError, OSError) as error:
            return Identity(picture, objects_problem=sentence_of(error, member))

    return identify


def by_name(member: Member) -> Identity:
    """Tells pictures apart where nothing is kept: no file is read for it."""
    return Identity(member.name, member.name)


def items_of(members: Sequence[Member], identities: Iterable[Identity]) -> list[Item]:
    """Pictures of one content together, in the order of the first name of each."""
    items: list[Item] = []
    known: dict[Identity, int] = {}
    again: dict[int, list[int]] = {}
    for place, identity in enumerate(identities):
        # What cannot be read has no content to share.
        number = known.setdefault(identity, len(items)) if identity.picture else len(items)
        if number == len(items):
            items.append(Item(members[place], (place,), identity))
        else:
            again.setdefault(number, []).append(place)
    for number, places in again.items():
        items[number] = replace(items[number], places=(*items[number].places, *places))
    return items


def sentence_of(error: Exception, member: Member) -> str:
    """What to say of a picture that was left out, with what to try."""
    if isinstance(error, InspectorError):
        return str(error)
    if isinstance(error, FileNotFoundError):
        return f"“{member.name}” is not there any more."
    if isinstance(error, OSError):
        return f"“{member.name}” cannot be read: {error.strerror or error}."
    return f"“{member.name}” needs more memory than there is."
