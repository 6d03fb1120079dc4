"""Configuration beside the weights: ``config.json`` of Hugging Face and timm, open_clip's own."""

import re
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from inspector.checkpoints.checkpoint import Checkpoint
from inspector.checkpoints.json_text import read_json
from inspector.core.errors import BadCheckpoint

_NAMES = ("config.json", "open_clip_config.json")
_MOST_CONFIG = 4 << 20
_SHARD = re.compile(r"-(\d{1,6})-of-(\d{1,6})\.")


def with_config_beside(checkpoint: Checkpoint) -> Checkpoint:
    """The same checkpoint, and the configuration files of its folder that are understood."""
    folder = checkpoint.path if checkpoint.path.is_dir() else checkpoint.path.parent
    config: dict[str, Any] = dict(checkpoint.config)
    files, notes = list(checkpoint.files), list(checkpoint.notes)
    for path in (folder / name for name in _NAMES):
        if not path.is_file():
            continue
        try:
            content = read_json(path, most=_MOST_CONFIG)
        except BadCheckpoint as error:
            notes.append(error.message)
            continue
        kind = _kind(content)
        if kind and kind not in config:
            config[kind] = content
            files.append(path)
            notes.append(f"The configuration was read from “{path.name}” beside the weights.")
    notes += _part_of_several(checkpoint.path)
    return replace(
        checkpoint, config=MappingProxyType(config), files=tuple(files), notes=tuple(notes)
    )


def _part_of_several(path: Path) -> list[str]:
    """Say of a shard that was opened alone that it is one."""
    found = _SHARD.search(path.name)
    if found is None or path.is_dir() or int(found[2]) < 2:
        return []
    return [
        f"This is part {int(found[1])} of {int(found[2])} of a model, and blocks may be missing: "
        "open its folder, or its index, for the whole."
    ]


def _kind(content: Any) -> str:
    """Which library wrote a configuration; empty where none that we know did."""
    if not isinstance(content, dict):
        return ""
    if "model_type" in content or isinstance(content.get("architectures"), list):
        return "huggingface"
    if isinstance(content.get("architecture"), str):
        return "timm"
    return "open_clip" if isinstance(content.get("model_cfg"), dict) else ""
