"""How a volume is cut: the nearest canonical axes, radiological display, letters and millimetres.

Axes of the body are those of NIfTI: x to the right, y to the front, z to the head. Pictures are
shown as radiologists do: the patient's right on the left of axial and coronal pictures, the front
at the top of axial and on the left of sagittal ones, the head at the top.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from inspector.core.images import Edges, Plane, Spacing, Values

Affine = npt.NDArray[np.float64]
Take = Callable[[int, int], Values]
"""From a stored axis and an index on it to the values on the two others, in stored order."""

LETTERS = (("R", "L"), ("A", "P"), ("S", "I"))
"""Of the ends of the body's axes: where x, y, z grow to, and where they come from."""
_CUT_AXIS = {Plane.AXIAL: 2, Plane.CORONAL: 1, Plane.SAGITTAL: 0}
_ROWS_AND_COLUMNS = {Plane.AXIAL: (1, 0), Plane.CORONAL: (2, 0), Plane.SAGITTAL: (2, 1)}
_LEAST_OBLIQUE = 0.5
"""Degrees from which on a volume is called oblique."""


@dataclass(frozen=True, eq=False)
class Volume:
    """Where a volume lies in the body.

    Parameters
    ----------
    shape
        Voxels along the three stored axes.
    affine
        (4, 4) from stored indices to mm in the body's axes.
    spacing_source, spacing_where
        As `Spacing` has them.
    has_orientation
        Whether the file tells how the axes lie; if not, no letters and no places are given.
    has_spacing
        Whether the file tells the size of a voxel.
    """

    shape: tuple[int, int, int]
    affine: Affine
    spacing_source: str
    spacing_where: str = ""
    has_orientation: bool = True
    has_spacing: bool = True

    @property
    def slices(self) -> dict[Plane, int]:
        """Of each plane that shows something: a single slice is not cut across."""
        thin = [axis for axis in range(3) if self.shape[axis] == 1]
        planes = {}
        for plane, body in _CUT_AXIS.items():
            axis = self._stored_axis(body)
            if all(other == axis for other in thin):
                planes[plane] = self.shape[axis]
        if thin in ([], [2]) or not planes:
            planes[Plane.STORED] = self.shape[2]
        return planes

    def picture_shape(self, plane: Plane) -> tuple[int, int]:
        """Rows and columns of a slice."""
        if plane is Plane.STORED:
            return (self.shape[1], self.shape[0])
        rows, columns = (self._stored_axis(body) for body in _ROWS_AND_COLUMNS[plane])
        return (self.shape[rows], self.shape[columns])

    def cut(self, plane: Plane, index: int, take: Take) -> Values:
        """(rows, columns, ...) of one slice, turned as it is shown."""
        if plane is Plane.STORED:
            return np.ascontiguousarray(np.swapaxes(take(2, index), 0, 1))
        axis = self._stored_axis(_CUT_AXIS[plane])
        forwards = self._direction(axis) > 0
        found = take(axis, index if forwards else self.shape[axis] - 1 - index)
        rows, columns = (self._stored_axis(body) for body in _ROWS_AND_COLUMNS[plane])
        if rows > columns:
            found = np.swapaxes(found, 0, 1)
        if self._direction(rows) > 0:
            found = found[::-1]
        if self._direction(columns) > 0:
            found = found[:, ::-1]
        return np.ascontiguousarray(found)

    def edges(self, plane: Plane) -> Edges | None:
        """The letters; None where the orientation is not known."""
        if not self.has_orientation:
            return None
        if plane is Plane.STORED:
            (right, left), (bottom, top) = (self._ends(axis) for axis in (0, 1))
            return Edges(top, right, bottom, left)
        (top, bottom), (left, right) = (LETTERS[body] for body in _ROWS_AND_COLUMNS[plane])
        return Edges(top, right, bottom, left)

    def spacing(self, plane: Plane) -> Spacing | None:
        """Of the rows and columns of a slice."""
        rows, columns = (1, 0)
        if plane is not Plane.STORED:
            rows, columns = (self._stored_axis(body) for body in _ROWS_AND_COLUMNS[plane])
        sizes = (self.voxel[rows], self.voxel[columns])
        if not self.has_spacing or not np.isfinite(sizes).all() or min(sizes) <= 0:
            return None
        return Spacing(*sizes, self.spacing_source, self.spacing_where)

    def place(self, plane: Plane, index: int) -> str:
        """As ``z = -120.5 mm``: of the slice's centre, along the body's nearest axis."""
        if not self.has_orientation:
            return ""
        axis = 2 if plane is Plane.STORED else self._stored_axis(_CUT_AXIS[plane])
        body = self._body_axes[axis]
        centre = (np.array(self.shape) - 1) / 2
        turned = plane is not Plane.STORED and self._direction(axis) < 0
        centre[axis] = self.shape[axis] - 1 - index if turned else index
        found = float(self.affine[body, :3] @ centre + self.affine[body, 3])
        return f"{'xyz'[body]} = {round(found, 1) + 0.0:.1f} mm"

    @cached_property
    def voxel(self) -> tuple[float, float, float]:
        """Size in mm along the stored axes."""
        first, second, third = np.sqrt((self.affine[:3, :3] ** 2).sum(axis=0))
        return (float(first), float(second), float(third))

    @cached_property
    def oblique_by(self) -> float:
        """Largest angle in degrees between a stored axis and the body's axis nearest to it."""
        unit = self.affine[:3, :3] / np.array(self.voxel)
        cosine = [abs(unit[body, axis]) for axis, body in enumerate(self._body_axes)]
        return float(np.degrees(np.arccos(np.clip(min(cosine), 0.0, 1.0))))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the pictures must know."""
        if not self.has_orientation:
            return (
                "Orientation unknown: the file does not say how its axes lie in the body. Axial, "
                "coronal and sagittal here only mean its third, second and first axis.",
            )
        if self.oblique_by < _LEAST_OBLIQUE:
            return ()
        return (f"Oblique by {self.oblique_by:.1f} degrees: the nearest axes are shown.",)

    @cached_property
    def _body_axes(self) -> tuple[int, int, int]:
        """For each stored axis the body's axis nearest to it (a matching, nearest pair first)."""
        unit = np.abs(self.affine[:3, :3] / np.array(self.voxel))
        found = [0, 0, 0]
        for _ in range(3):
            body, axis = np.unravel_index(int(np.argmax(unit)), (3, 3))
            found[int(axis)] = int(body)
            unit[body, :] = unit[:, axis] = -1.0
        return (found[0], found[1], found[2])

    def _stored_axis(self, body: int) -> int:
        return self._body_axes.index(body)

    def _direction(self, axis: int) -> int:
        return 1 if self.affine[self._body_axes[axis], axis] > 0 else -1

    def _ends(self, axis: int) -> tuple[str, str]:
        """Letters of where a stored axis goes to, and of where it comes from."""
        to, come = LETTERS[self._body_axes[axis]]
        return (to, come) if self._direction(axis) > 0 else (come, to)


def is_usable(affine: Affine) -> bool:
    """Whether a transform tells three directions in space."""
    turn = affine[:3, :3]
    if not np.isfinite(affine).all() or not turn.any(axis=0).all():
        return False
    unit = turn / np.sqrt((turn**2).sum(axis=0))
    return bool(abs(np.linalg.det(unit)) > 1e-3)
