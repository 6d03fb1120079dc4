"""What to say of a checkpoint in which no query, key and value were found."""

import re
from collections.abc import Sequence

from inspector.checkpoints.checkpoint import Checkpoint
from inspector.core.errors import UnknownModel
from inspector.families.listing import Listing

_SHOWN = 3
_ATTENTION = re.compile(r"(?i)(?<![a-z])(?:attn|attention|qkv)(?![a-z])")
_PACKED = ("int8", "uint8", "int32")


def unknown_model(checkpoint: Checkpoint, listing: Listing, *, text: bool) -> UnknownModel:
    """The error that tells what was seen and what to try."""
    names = listing.names()
    examples = ", ".join(f"“{name}”" for name in names[:_SHOWN])
    return UnknownModel(
        f"“{checkpoint.path.name}” holds no query, key and value matrices of a vision "
        f"transformer: {_looks_like(checkpoint, listing, text=text)}"
        + (f" ({_counted(names)}, as {examples})." if names else "."),
        advice=_advice(checkpoint, listing),
        details="\n".join(names),
    )


def _looks_like(checkpoint: Checkpoint, listing: Listing, *, text: bool) -> str:
    names = listing.names()
    if not names:
        return "it holds no weights"
    if _is_quantised(checkpoint, listing):
        return "its weights are quantised, stored as whole numbers to be scaled"
    if text:
        return "it looks like a transformer that reads text"
    if any(_ATTENTION.search(name) for name in names):
        return "it has attention, but of a form that is not known here"
    if any(_is_kernel(listing.shape(name)) for name in names):
        kind = "a ResNet" if any("layer1" in name for name in names) else "a convolutional network"
        return f"it looks like {kind}, convolutions and no attention"
    return "no repeated blocks with a q, k and v were found"


def _is_quantised(checkpoint: Checkpoint, listing: Listing) -> bool:
    """Whether matrices are stored in eight bits or packed, or were left unread for it."""
    packed = (t for t in listing.tensors.values() if t.dtype in _PACKED and len(t.shape) == 2)
    return any(packed) or any("because quantised" in note for note in checkpoint.notes)


def _counted(names: Sequence[str]) -> str:
    return f"{len(names)} tensors of weights" if len(names) > 1 else "one tensor of weights"


def _is_kernel(shape: Sequence[int]) -> bool:
    return len(shape) == 4 and shape[2] == shape[3] and shape[2] > 1


def _advice(checkpoint: Checkpoint, listing: Listing) -> str:
    others = [s.name for s in checkpoint.sections if s.name and s.name != checkpoint.section]
    if _is_quantised(checkpoint, listing):
        return "Open the checkpoint that it was quantised from."
    if others:
        return f"Another section of the file may hold the model: {', '.join(others[:5])}."
    return "Open the checkpoint of a vision transformer: ViT, DeiT, DINO, CLIP, BEiT, Swin…"
