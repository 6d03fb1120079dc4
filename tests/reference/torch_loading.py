"""What torch itself reads from a file, to compare ours with; only for files known to be ours."""

from pathlib import Path
from typing import Any

import torch


def load_with_torch(path: Path, *, trusted: bool = False) -> Any:
    """The content of a file; with `trusted`, classes of this process are looked up."""
    return torch.load(path, map_location="cpu", weights_only=not trusted)  # noqa: TID251


def flat_tensors(value: Any, prefix: str = "") -> dict[str, torch.Tensor]:
    """All tensors of nested dictionaries and lists, by names joined by dots."""
    if isinstance(value, torch.Tensor):
        return {prefix: value.detach()}
    if isinstance(value, dict):
        pairs = [(str(key), part) for key, part in value.items()]
    elif isinstance(value, list | tuple):
        pairs = [(str(index), part) for index, part in enumerate(value)]
    else:
        return {}
    found: dict[str, torch.Tensor] = {}
    for key, part in pairs:
        found |= flat_tensors(part, f"{prefix}.{key}" if prefix else key)
    return found
