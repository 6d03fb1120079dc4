"""The objects of the pictures of a folder, from label maps or masks in folders beside them.

Files are found by their names, see `object_files`; what their numbers mean stands in `label_maps`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from inspector.core.collection import Member
from inspector.core.errors import BadImage, BadRequest
from inspector.core.images import Slice, SliceAddress
from inspector.core.measuring import MaskFolders
from inspector.core.objects import BACKGROUND, DISTRACTOR, TARGET, UNLABELLED, Labels, ObjectMap
from inspector.images.collection import (
    ONE_PICTURE,
    SUFFIXES,
    open_file,
    read_slice,
    speakable,
    speakably,
)
from inspector.images.fingerprints import Fingerprints, reading
from inspector.images.image import InputImage
from inspector.images.kept_open import KeptOpen
from inspector.images.label_maps import Mask, labels_of, mask_of
from inspector.images.object_files import Matched, ObjectFiles

OBJECTS_VERSION = 1
"""Raised whenever the same files give other labels."""
_ARRAY = ".npy"


class LabelMaps:
    """Label maps in a folder: distinct numbers or colours are distinct objects, 0 is none.

    Several masks in a folder that is called as the picture is are its objects 1, 2, ... in natural
    order of their names; where they overlap, the smaller one lies on top.

    Parameters
    ----------
    folder
        Where they are.
    pair
        The labels of target and distractor; all else then is background. None for all labels.
    """

    def __init__(self, folder: Path, pair: tuple[int, int] | None = None) -> None:
        if pair is not None and (pair[0] == pair[1] or min(pair) < 0):
            raise BadRequest(
                f"Target and distractor cannot have the labels {pair[0]} and {pair[1]}.",
                advice="Give two different labels, whole numbers from 0 on.",
            )
        self._files = ObjectFiles(folder, (*SUFFIXES, _ARRAY))
        self._pair = pair
        self._source = _Source()

    @property
    def folder(self) -> str:
        """Words for a title."""
        return self._files.folder.name

    @property
    def settings(self) -> Mapping[str, Any]:
        """Plain JSON values: all that the labels depend on besides the files."""
        pair = None if self._pair is None else list(self._pair)
        return {"objects": "labels", "pair": pair, "version": OBJECTS_VERSION}

    def of(self, member: Member, shape: tuple[int, int]) -> ObjectMap:
        """The objects of a picture of so many rows and columns.

        Raises
        ------
        BadImage
            When there is no label map, it cannot be read, or its proportions differ.
        """
        with speakably():
            matched = self._files.of(member)
            labels = self._labels(member, matched)
            _check_shape(matched.name, labels.shape, member.name, shape)
            if self._pair is not None:
                labels = _roles(labels == self._pair[0], labels == self._pair[1])
            return ObjectMap(labels, self.key_of(member, self._source.fingerprints))

    def key_of(self, member: Member, fingerprints: Fingerprints) -> str:
        """SHA-256 of all that the objects of a picture come from.

        Raises
        ------
        BadImage
            When there is no label map, or it may not be read.
        """
        return _key(self.settings, member.at, self.files_of(member), fingerprints)

    def files_of(self, member: Member) -> list[Matched]:
        """Where the objects of a picture are, by its name; nothing is read.

        Raises
        ------
        BadImage
            When there is no label map.
        """
        return [self._files.of(member)]

    def _labels(self, member: Member, matched: Matched) -> Labels:
        if matched.together:
            return _stacked(self._source.masks(member, matched))
        return self._source.labels(member, matched.paths[0])


class Masks:
    """White masks in folders of their own: of the targets, of the distractors, of the background.

    Where target and distractor overlap it is target; background is what neither covers, or where
    a folder of backgrounds is given what is white in its masks and in no other.

    Parameters
    ----------
    targets, distractors, background
        Where they are.
    """

    def __init__(self, targets: Path, distractors: Path, background: Path | None = None) -> None:
        folders = (targets, distractors, *(() if background is None else (background,)))
        self._files = tuple(ObjectFiles(folder) for folder in folders)
        self._source = _Source()

    @property
    def folder(self) -> str:
        """Words for a title."""
        return ", ".join(files.folder.name for files in self._files)

    @property
    def settings(self) -> Mapping[str, Any]:
        """Plain JSON values: all that the labels depend on besides the files."""
        return {
            "objects": "masks",
            "background": len(self._files) > 2,
            "version": OBJECTS_VERSION,
        }

    def of(self, member: Member, shape: tuple[int, int]) -> ObjectMap:
        """The target, distractor and background of a picture of so many rows and columns.

        Raises
        ------
        BadImage
            When a mask is missing, cannot be read, or has other proportions.
        """
        with speakably():
            found = [self._mask(files, member, shape) for files in self._files]
            for path, mask in found[1:]:
                _check_same(found[0], path, mask)
            labels = _roles(*(mask for _, mask in found))
            return ObjectMap(labels, self.key_of(member, self._source.fingerprints))

    def key_of(self, member: Member, fingerprints: Fingerprints) -> str:
        """SHA-256 of all that the objects of a picture come from.

        Raises
        ------
        BadImage
            When a mask is missing, or may not be read.
        """
        return _key(self.settings, member.at, self.files_of(member), fingerprints)

    def files_of(self, member: Member) -> list[Matched]:
        """Where the masks of a picture are, by its name; nothing is read.

        Raises
        ------
        BadImage
            When a mask is missing.
        """
        return [files.of(member) for files in self._files]

    def _mask(self, files: ObjectFiles, member: Member, shape: tuple[int, int]) -> tuple[str, Mask]:
        matched = files.of(member)
        masks = [mask for _, mask in self._source.masks(member, matched)]
        whole: Mask = np.logical_or.reduce(masks)
        _check_shape(matched.name, whole.shape, member.name, shape)
        return matched.name, whole


def objects_of(masks: MaskFolders) -> LabelMaps | Masks:
    """The objects of the pictures of a folder, from those of its masks or label maps.

    Raises
    ------
    BadRequest
        When there is no such folder.
    """
    if masks.labels is not None:
        return LabelMaps(masks.labels, masks.pair)
    assert masks.targets is not None
    assert masks.distractors is not None
    return Masks(masks.targets, masks.distractors, masks.background)


@dataclass
class _Source:
    """Reads slices of mask files; volumes stay open for their next slice."""

    fingerprints: Fingerprints = field(default_factory=lambda: Fingerprints(None))
    _kept: KeptOpen = field(default_factory=lambda: KeptOpen(open_file))

    def labels(self, member: Member, path: Path) -> Labels:
        """Of a label map, those of a picture."""
        if path.name.lower().endswith(_ARRAY):
            return labels_of(path, member.at, None)
        at, picture = self._read(member, path)
        return labels_of(path, at, picture)

    def masks(self, member: Member, matched: Matched) -> list[tuple[str, Mask]]:
        """Of a picture, with their names; all have one size."""
        found = [(path.name, mask_of(self._read(member, path)[1])) for path in matched.paths]
        for name, mask in found[1:]:
            _check_same(found[0], name, mask)
        return found

    def _read(self, member: Member, path: Path) -> tuple[SliceAddress, Slice]:
        if path.name.lower().endswith(ONE_PICTURE):
            with closing(open_file(path)) as image:
                at = _address(member, image)
                return at, read_slice(image, at)
        with self._kept.borrowed(path) as image:
            at = _address(member, image)
            return at, read_slice(image, at)


def _address(member: Member, image: InputImage) -> SliceAddress:
    """The only picture of a file, or the one at the address of the member in its own."""
    card = image.card
    several = card.slices[card.planes[0]] * card.times > 1
    if not several:
        return SliceAddress(card.planes[0])
    if member.name == speakable(member.files[0]):
        raise BadImage(
            f"“{card.label}” holds several pictures, and “{member.name}” is one.",
            advice="Save the mask or label map as one picture.",
        )
    return replace(member.at, time=member.at.time if card.times > 1 else 0)


def _roles(target: Mask, distractor: Mask, background: Mask | None = None) -> Labels:
    labels = np.full(target.shape, BACKGROUND if background is None else UNLABELLED, np.int32)
    if background is not None:
        labels[background] = BACKGROUND
    labels[distractor] = DISTRACTOR
    labels[target] = TARGET
    return labels


def _stacked(masks: Sequence[tuple[str, Mask]]) -> Labels:
    """Label n + 1 of the n-th mask; the smaller one on top, of two as large the first."""
    labels: Labels = np.zeros(masks[0][1].shape, np.int32)
    for place in sorted(range(len(masks)), key=lambda n: (-int(masks[n][1].sum()), -n)):
        labels[masks[place][1]] = place + 1
    return labels


def _key(
    settings: Mapping[str, Any],
    at: SliceAddress,
    found: Sequence[Matched],
    fingerprints: Fingerprints,
) -> str:
    files = [
        [matched.together, *((fingerprints.of(path), _kind(path)) for path in matched.paths)]
        for matched in found
    ]
    words = [dict(settings), files, at.plane.value, at.index, at.time, reading()]
    return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()


def _kind(path: Path) -> str:
    """What the ending of a name decides: by which reader it is read where its bytes do not tell."""
    name = path.name.lower()
    return next((suffix for suffix in (*SUFFIXES, _ARRAY) if name.endswith(suffix)), "")


def _check_shape(
    called: str, shape: tuple[int, ...], picture: str, expected: tuple[int, int]
) -> None:
    """The sides are in proportion, but for one pixel of the smaller of the two."""
    small, large = sorted((tuple(shape), expected), key=lambda sides: sides[0] * sides[1])
    across = abs(small[1] - large[1] * small[0] / large[0]) <= 1
    down = abs(small[0] - large[0] * small[1] / large[1]) <= 1
    if not (across or down):
        raise BadImage(
            f"“{called}” has {shape[0]} × {shape[1]} pixels, which are other proportions than the "
            f"{expected[0]} × {expected[1]} of “{picture}”.",
            advice="Give a mask or label map of the whole picture, turned as the picture is.",
        )


def _check_same(first: tuple[str, Mask], name: str, mask: Mask) -> None:
    if first[1].shape != mask.shape:
        sizes = [" × ".join(map(str, found.shape)) for found in (first[1], mask)]
        raise BadImage(
            f"The masks “{first[0]}” and “{name}” have {sizes[0]} and {sizes[1]} pixels.",
            advice="Save the masks of a picture in one size.",
        )
