"""Sizes of a Swin that its weights do not show plainly: its windows and its own image size."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isqrt
from typing import Any

from inspector.core.errors import CannotRun
from inspector.core.outline import BlockOutline
from inspector.families.heads import architecture_names
from inspector.families.model import Model
from inspector.families.settings import Settings

TABLE = "relative_position_bias_table"

# Where Microsoft's own files keep their settings, beside those that `Settings` knows.
_MICROSOFT = (("config", "DATA"), ("config", "MODEL", "SWIN"), ("config", "MODEL", "SWINV2"))
_SIDE_WORDS = ("image_size", "img_size", "input_size", "pretrain_img_size", "IMG_SIZE")
_WINDOW_IN_NAME = re.compile(r"window(\d+)(?:to(\d+))?")
_SIDE_IN_NAME = re.compile(r"(?<=[_-])(?:\d{2,4}to)?(\d{2,4})(?=$|[._-])")
_GROWN_IN_NAME = re.compile(r"(?<=[_-])(\d{2,4})to\d{2,4}")
_SMALLEST_SIDE = 32
_WINDOWS_A_SIDE = 8
_V2_SIDES = {8: 256, 12: 192, 16: 256, 24: 384}


@dataclass(frozen=True, slots=True)
class Told:
    """A size, and a sentence where it was assumed and not told by the file."""

    value: int
    assumption: str = ""


def setting(model: Model, *words: str) -> Any:
    """The first of these settings that the stored configuration holds, else None."""
    told = Settings.of(model).find(*words)
    if told is not None:
        return told
    found = (part[word] for part in _microsoft(model) for word in words if word in part)
    return next(found, None)


def sibling(block: BlockOutline, role: str, name: str) -> str:
    """The name a buffer has that lies beside the tensor of a role, as its position index."""
    return block.parts[role].tensor.rpartition(".")[0] + "." + name


def window_of_table(model: Model, block: BlockOutline) -> int:
    """Rows (and columns) of a block's window, from the size of its bias table.

    Raises
    ------
    CannotRun
        When there is no table, or it is that of a window that is not square.
    """
    stored = block.parts.get(TABLE)
    if stored is None:
        raise CannotRun(
            f"Block {block.address} has no table of relative positions, which tells the size of "
            "its windows.",
            advice="Its weights can still be looked at.",
        )
    count = max(model.checkpoint.tensors[stored.tensor].shape)
    side = isqrt(count)
    if side * side != count or side % 2 == 0:
        raise CannotRun(
            f"The table of relative positions of block {block.address} has {count} rows, which is "
            "that of no square window: (2 w - 1)² rows were expected.",
            advice="Swin with windows that are not square cannot be run here.",
        )
    return (side + 1) // 2


def window_of_buffers(model: Model, block: BlockOutline) -> int | None:
    """Rows of a block's window, where its position index is stored: area x area numbers."""
    for role in ("logit_scale", TABLE):
        if role in block.parts:
            tensor = model.checkpoint.tensors.get(sibling(block, role, "relative_position_index"))
            area = isqrt(tensor.size) if tensor is not None else 0
            side = isqrt(area)
            if tensor is not None and side > 0 and side**4 == tensor.size:
                return side
    return None


def configured_window(model: Model) -> Told:
    """The window of a Swin-v2 before small stages shrink it: configuration, name or 8."""
    told = setting(model, "window_size", "WINDOW_SIZE")
    first = told[0] if isinstance(told, list | tuple) and told else told
    if isinstance(first, int) and first > 0:
        return Told(first)
    for name in _names(model):
        found = _WINDOW_IN_NAME.search(name)
        if found:
            return Told(int(found[2] or found[1]))
    return Told(8, "The file does not tell the size of the windows: 8 × 8 tokens were assumed.")


def trained_windows(model: Model, stages: int) -> tuple[int, ...]:
    """The window of each stage in pretraining, by which offsets are scaled; 0 for its own.

    From the configuration, or a name as ``swinv2_base_window12to24_192to384``.
    """
    told = setting(model, "pretrained_window_sizes", "PRETRAINED_WINDOW_SIZES")
    if isinstance(told, list | tuple) and len(told) == stages:
        return tuple(int(window) for window in told)
    for name in _names(model):
        windows, sides = _WINDOW_IN_NAME.search(name), _GROWN_IN_NAME.search(name)
        if windows and windows[2] and sides:
            grid = int(sides[1]) // (model.outline.patch_size[0] or 4)
            return tuple(min(int(windows[1]), grid >> stage) for stage in range(stages))
    return (0,) * stages


def image_side(model: Model) -> Told:
    """Rows (and columns) of the images a Swin was trained on.

    Told by the configuration, by the number of position embeddings or of windows, by the name of
    the architecture; else eight windows a side are assumed, as in all published models.
    """
    side = _configured_side(model) or _side_of_mask(model) or _side_of_positions(model)
    side = side or next(filter(None, map(_side_in, _names(model))), 0)
    if side:
        return Told(side)
    guess = _guessed_side(model)
    return Told(
        guess,
        f"The file does not tell the size of its images: {guess} × {guess} pixels were assumed.",
    )


def _microsoft(model: Model) -> Iterator[Mapping[str, Any]]:
    for path in _MICROSOFT:
        part: Any = model.checkpoint.config
        for word in path:
            part = part.get(word) if isinstance(part, Mapping) else None
        if isinstance(part, Mapping):
            yield part


def _names(model: Model) -> Iterator[str]:
    yield from architecture_names(model.checkpoint.config, model.checkpoint.meta)
    path = setting(model, "_name_or_path", "NAME")
    if isinstance(path, str):
        yield path
    yield model.checkpoint.path.name


def _configured_side(model: Model) -> int:
    for word in _SIDE_WORDS:
        value = setting(model, word)
        last = value[-1] if isinstance(value, list | tuple) and value else value
        if isinstance(last, int) and last >= _SMALLEST_SIDE:
            return last
    return 0


def _side_in(name: str) -> int:
    found = _SIDE_IN_NAME.findall(name.rsplit(".", 1)[0])
    sides = [int(number) for number in found if int(number) >= 64 and int(number) % 32 == 0]
    return sides[-1] if sides else 0


def _side_of_mask(model: Model) -> int:
    """Microsoft's files hold (windows, area, area) masks: windows times area is the grid."""
    for block in model.outline.blocks():
        for role in ("logit_scale", TABLE):
            if role not in block.parts:
                continue
            name = sibling(block, role, "").removesuffix("attn.") + "attn_mask"
            tensor = model.checkpoint.tensors.get(name)
            if tensor is not None and len(tensor.shape) == 3:
                grid = isqrt(tensor.shape[0] * tensor.shape[1])
                return (grid << block.address.stage) * (model.outline.patch_size[0] or 4)
    return 0


def _side_of_positions(model: Model) -> int:
    stored = model.outline.parts.get("pos_embed")
    if stored is None:
        return 0
    tensor = model.checkpoint.tensors[stored.tensor]
    count = tensor.size // next(model.outline.blocks()).embed_dim
    side = isqrt(count)
    return side * (model.outline.patch_size[0] or 4) if side * side == count else 0


def _guessed_side(model: Model) -> int:
    first = next(model.outline.blocks())
    patch = model.outline.patch_size[0] or 4
    if TABLE in first.parts:
        return window_of_table(model, first) * _WINDOWS_A_SIDE * patch
    window = window_of_buffers(model, first) or configured_window(model).value
    return _V2_SIDES.get(window, window * _WINDOWS_A_SIDE * patch)
