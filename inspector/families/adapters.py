"""Adapters (LoRA and its kin): what a training adds to weights, stored beside or without them."""

import re
from collections.abc import Iterable, Mapping

from inspector.core.errors import UnknownModel
from inspector.families.listing import Listing

_WORD = re.compile(
    r"[./](?:lora_[A-Za-z]\w*|hada_w\w+|lokr_w\w+|ia3_l|b?oft_[rs]|linear_[ab]_[qkv])(?:[./]|$)"
)
_INDEX = re.compile(r"(?<![^./])\d+(?![^./])")
_ADVICE = (
    "Merge the adapter into its model (with PEFT: merge_and_unload), save the weights, and open "
    "that file."
)


def refuse_adapters_alone(listing: Listing, file_name: str) -> None:
    """Refuse a file whose query, key and value are not where they were, for adapters are there.

    Raises
    ------
    UnknownModel
        When the file holds adapters.
    """
    names = _adapted(listing)
    if not names:
        return
    if len(names) < len(listing.names()) / 2 or any(".base_layer." in n for n in listing.names()):
        raise _not_merged(file_name, next(iter(names)))
    raise UnknownModel(
        f"“{file_name}” holds an adapter (LoRA or the like) only, as “{next(iter(names))}”: what "
        "is added to the weights of a model, not the weights.",
        advice=_ADVICE,
    )


def refuse_adapted(blocks: Iterable[Mapping[str, str]], listing: Listing, file_name: str) -> None:
    """Refuse a model to whose query, key or value an adapter in the file is still to be added.

    Parameters
    ----------
    blocks
        Tensor names of each block, by role.

    Raises
    ------
    UnknownModel
        When there is such an adapter.
    """
    adapted = {_template(module): name for name, module in _adapted(listing).items()}
    if not adapted:
        return
    attention = {
        _attention(name)
        for roles in blocks
        for role, name in roles.items()
        if set(role.split(".")[0]) <= set("qkv")
    }
    for template, example in adapted.items():
        if any(template.startswith(stem) for stem in attention):
            raise _not_merged(file_name, example)


def _attention(name: str) -> str:
    """Template of the module in which the query, key or value of a block lies."""
    module, _, word = _template(name).rpartition(".")
    return module if word.startswith("in_proj") else module.rpartition(".")[0] + "."


def _template(name: str) -> str:
    return _INDEX.sub("#", name)


def _adapted(listing: Listing) -> dict[str, str]:
    """The tensors of adapters, and the module that each changes."""
    found = ((name, _WORD.search(name)) for name in listing.names())
    return {name: name[: match.start()] for name, match in found if match}


def _not_merged(file_name: str, example: str) -> UnknownModel:
    return UnknownModel(
        f"“{file_name}” holds adapters (LoRA or the like) beside the weights they change, as "
        f"“{example}”: the query, key and value that the model uses are not in the file.",
        advice=_ADVICE,
    )
