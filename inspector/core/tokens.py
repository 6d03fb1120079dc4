"""Where the model's input, and its tokens, lie on the original picture; nothing else knows it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from inspector.core.errors import BadRequest

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the original picture, edges not centres; may reach beyond it."""

    top: float
    left: float
    height: float
    width: float

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.top + self.height

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.left + self.width


@dataclass(frozen=True, slots=True)
class Placement:
    """Which rectangle of the original picture became the model's input.

    Parameters
    ----------
    image_shape
        Rows and columns of the original.
    input_shape
        Rows and columns of the model's input, padding included.
    box
        The input's rectangle in original pixels: the whole for a squash, less for a crop, more
        where the input was padded.
    """

    image_shape: tuple[int, int]
    input_shape: tuple[int, int]
    box: Box

    def __post_init__(self) -> None:
        if min(*self.image_shape, *self.input_shape) < 1:
            raise BadRequest("A picture, and a model's input, have at least one pixel.")
        if min(self.box.height, self.box.width) <= 0:
            raise BadRequest("A model's input covers some of the picture.")

    def to_image(self, row: float, column: float) -> tuple[float, float]:
        """From the input to the original; both measured from the top left corner of the pixels."""
        return (
            self.box.top + row * self.box.height / self.input_shape[0],
            self.box.left + column * self.box.width / self.input_shape[1],
        )

    def to_input(self, row: float, column: float) -> tuple[float, float]:
        """From the original to the input."""
        return (
            (row - self.box.top) * self.input_shape[0] / self.box.height,
            (column - self.box.left) * self.input_shape[1] / self.box.width,
        )

    def enlarged(self, times: int) -> "Placement":
        """The same input on the original with every pixel made a square of `times` x `times`."""
        if times == 1:
            return self
        rows, columns = self.image_shape
        box = self.box
        sides = (side * times for side in (box.top, box.left, box.height, box.width))
        return Placement((rows * times, columns * times), self.input_shape, Box(*sides))

    def resized(self, image_shape: tuple[int, int]) -> "Placement":
        """The same input on the original stretched or shrunk to so many rows and columns."""
        down, right = (new / old for new, old in zip(image_shape, self.image_shape, strict=True))
        box = self.box
        sides = (box.top * down, box.left * right, box.height * down, box.width * right)
        return Placement(image_shape, self.input_shape, Box(*sides))


@dataclass(frozen=True)
class TokenGrid:
    """The tokens of one stage on one picture: prefix tokens, then patches row by row.

    Parameters
    ----------
    rows, columns
        Of the patches, the first row is the top of the picture.
    cell
        Height and width of a patch in pixels of the model's input; a last row or column may reach
        beyond it.
    placement
        Of the model's input.
    prefix
        Names of the prefix tokens in order, as ``CLS``, ``DIST``, ``REG 0``.
    """

    rows: int
    columns: int
    cell: tuple[float, float]
    placement: Placement
    prefix: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if min(self.rows, self.columns) < 1 or min(self.cell) <= 0:
            raise BadRequest(f"A token grid of {self.rows} x {self.columns} cannot be.")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return (self.rows, self.columns)

    @property
    def count(self) -> int:
        """Tokens, prefix tokens included."""
        return len(self.prefix) + self.rows * self.columns

    def token(self, row: int, column: int) -> int:
        """The index of a patch among all tokens.

        Raises
        ------
        BadRequest
            When there is no such patch.
        """
        if not (0 <= row < self.rows and 0 <= column < self.columns):
            raise BadRequest(
                f"There is no patch in row {row}, column {column}: the grid has {self.rows} rows "
                f"and {self.columns} columns, counted from 0."
            )
        return len(self.prefix) + row * self.columns + column

    def place(self, token: int) -> tuple[int, int] | None:
        """Row and column of a token; None for a prefix token.

        Raises
        ------
        BadRequest
            When there is no such token.
        """
        if not 0 <= token < self.count:
            raise BadRequest(f"There is no token {token}: there are {self.count}, counted from 0.")
        patch = token - len(self.prefix)
        return None if patch < 0 else divmod(patch, self.columns)

    def name(self, token: int) -> str:
        """``CLS``, ``REG 0``, or ``row 5, column 7``."""
        place = self.place(token)
        return self.prefix[token] if place is None else f"row {place[0]}, column {place[1]}"

    def step(self, token: int, down: int, right: int) -> int:
        """The patch so many rows and columns further on; the edges hold, prefix tokens stay."""
        place = self.place(token)
        if place is None:
            return token
        row = min(max(place[0] + down, 0), self.rows - 1)
        column = min(max(place[1] + right, 0), self.columns - 1)
        return self.token(row, column)

    def box(self, row: int, column: int) -> Box:
        """The rectangle of a patch on the original picture."""
        top, left = self.placement.to_image(row * self.cell[0], column * self.cell[1])
        return Box(top, left, *self._cell_on_image)

    @property
    def extent(self) -> Box:
        """The rectangle of all patches on the original picture."""
        high, wide = self._cell_on_image
        return Box(
            self.placement.box.top, self.placement.box.left, high * self.rows, wide * self.columns
        )

    def token_at(self, row: float, column: float) -> int | None:
        """The patch under a point of the original picture, measured from its top left corner."""
        down, right = self.placement.to_input(row, column)
        place = (int(np.floor(down / self.cell[0])), int(np.floor(right / self.cell[1])))
        inside = 0 <= place[0] < self.rows and 0 <= place[1] < self.columns
        return self.token(*place) if inside else None

    @cached_property
    def row_of_pixel(self) -> IntArray:
        """(image rows,) the grid row each row of the original's pixels lies in; -1 for none."""
        return self._cells(axis=0, count=self.rows)

    @cached_property
    def column_of_pixel(self) -> IntArray:
        """(image columns,) the grid column of each column of pixels; -1 for none."""
        return self._cells(axis=1, count=self.columns)

    @property
    def _cell_on_image(self) -> tuple[float, float]:
        box, (high, wide) = self.placement.box, self.placement.input_shape
        return (self.cell[0] * box.height / high, self.cell[1] * box.width / wide)

    def _cells(self, *, axis: int, count: int) -> IntArray:
        start = (self.placement.box.top, self.placement.box.left)[axis]
        centres = np.arange(self.placement.image_shape[axis]) + 0.5
        cells: IntArray = np.floor((centres - start) / self._cell_on_image[axis]).astype(np.int64)
        cells[(cells < 0) | (cells >= count)] = -1
        cells.setflags(write=False)
        return cells
