"""The one compositor of heat maps: the screen and the figure show the same array."""

import numpy as np

from inspector.render.colour_tables import ByteArray
from inspector.render.colours import UNDEFINED, table_for
from inspector.render.limits import Limits, Values


def compose(values: Values, limits: Limits, table: ByteArray | None = None) -> ByteArray:
    """Colour a map.

    Parameters
    ----------
    values
        (rows, cols); values beyond the limits take the first or last colour, values that are not
        finite a neutral grey.
    limits
        Of the map, or shared with others.
    table
        (256, 3); the map that fits the limits where none is given.

    Returns
    -------
    (rows, cols, 4) uint8, opaque.
    """
    table = table_for(limits) if table is None else table
    defined = np.isfinite(values)
    share = (np.where(defined, values, limits.low) - limits.low) / (limits.high - limits.low)
    steps = len(table)
    place = np.clip(share * steps, 0, steps - 1).astype(np.intp)
    picture = np.full((*values.shape, 4), 255, dtype=np.uint8)
    picture[..., :3] = table[place]
    picture[~defined, :3] = UNDEFINED
    return picture


def colour_bar(limits: Limits, table: ByteArray | None = None) -> ByteArray:
    """(256, 1, 4) uint8, the highest value in the first row."""
    colours = (table_for(limits) if table is None else table)[::-1]
    opaque = np.full((len(colours), 1), 255, dtype=np.uint8)
    return np.concatenate([colours, opaque], axis=1)[:, None, :]
