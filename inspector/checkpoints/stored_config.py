"""Configuration that a training stored beside the weights."""

from typing import Any

from inspector.checkpoints.config_text import parse_config_text
from inspector.checkpoints.module_settings import module_settings
from inspector.checkpoints.pickle_values import Instance
from inspector.checkpoints.plain_values import plain, text_of

_ARGUMENTS = (
    "args",
    "hyper_parameters",
    "hparams",
    "config",
    "cfg",
    "opt",
    "model_args",
    "options",
)
_META_TEXT = ("cfg", "config")
_MOST_CONFIG = 4 << 20
_MOST_META_TEXT = 2000


def stored_config(root: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Configurations by where they were found, and sentences on what could not be understood."""
    config: dict[str, Any] = {}
    notes: list[str] = []
    top = _mapping(root)
    meta = _mapping(top.get("meta"))
    for key in _META_TEXT:
        text = text_of(meta.get(key), _MOST_CONFIG)
        if text:
            config["mmengine"], notes = parse_config_text(text)
            break
    for key in _ARGUMENTS:
        value = top.get(key)
        if isinstance(value, dict | Instance):
            made = plain(value)
            if isinstance(made, dict) and made:
                config[key] = made
    settings = module_settings(root)
    if settings:
        config["module"] = settings
    return config, tuple(notes)


def stored_meta(root: Any) -> dict[str, Any]:
    """Plain values beside the weights: ``epoch``, ``iter``, ``mmengine_version``..."""
    top = _mapping(root)
    found = {key: value for key, value in top.items() if _is_simple(value)}
    inner = {
        key: value for key, value in _mapping(top.get("meta")).items() if key not in _META_TEXT
    }
    made = plain({k: v for k, v in {**found, **inner}.items() if isinstance(k, str)})
    return made if isinstance(made, dict) else {}


def _mapping(value: Any) -> dict[Any, Any]:
    if isinstance(value, Instance):
        return value.items or value.attributes
    return value if isinstance(value, dict) else {}


def _is_simple(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _MOST_META_TEXT
    return isinstance(value, bool | int | float)
