"""The names of a checkpoint, grouped: names that differ in their indices only stand together."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from inspector.checkpoints.checkpoint import LazyTensor

SEPARATORS = "./"

# A number that is a whole word, or MONAI's numbered ``layers1``.
_NUMBER = re.compile(r"(?:(?<![^./_])|(?<=\blayers))([0-9]{1,6})(?![^./])")
_WRAPPER = re.compile(
    r"(?<=#[./])(?:(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module|module)[./])+"
)
_BUFFER = re.compile(
    r"(?:^|[./])(?:relative_position_index|relative_coords_table|attn_mask|position_ids|"
    r"num_batches_tracked|running_mean|running_var|bias_mask|freqs_cos|freqs_sin|inv_freq|"
    r"periods|attention_bias_idxs)$"
)


@dataclass(frozen=True, eq=False)
class Listing:
    """The floating-point tensors of a checkpoint by template.

    Parameters
    ----------
    tensors
        All tensors of the checkpoint.
    templates
        ``blocks.#.attn.qkv.weight`` to {(0,): "blocks.0.attn.qkv.weight", ...}.
    """

    tensors: Mapping[str, LazyTensor]
    templates: Mapping[str, Mapping[tuple[int, ...], str]]

    @classmethod
    def of(cls, tensors: Mapping[str, LazyTensor]) -> Self:
        """Group the names of the floating-point tensors."""
        templates: dict[str, dict[tuple[int, ...], str]] = {}
        for name, tensor in tensors.items():
            if not tensor.is_floating:
                continue
            pieces = _NUMBER.split(name)
            indices = tuple(map(int, pieces[1::2]))
            templates.setdefault("#".join(pieces[::2]), {})[indices] = name
        return cls(tensors, _unwrapped(templates))

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor."""
        return self.tensors[name].shape

    def names(self) -> list[str]:
        """The floating-point tensors that are weights (no buffers), in file order."""
        return [
            name
            for name, tensor in self.tensors.items()
            if tensor.is_floating and _BUFFER.search(name) is None
        ]


def _unwrapped(
    templates: dict[str, dict[tuple[int, ...], str]],
) -> dict[str, dict[tuple[int, ...], str]]:
    """See through what compiling or sharding put around single blocks."""
    seen: dict[str, dict[tuple[int, ...], str]] = {}
    for template, names in templates.items():
        seen.setdefault(_WRAPPER.sub("", template), {}).update(names)
    return seen
