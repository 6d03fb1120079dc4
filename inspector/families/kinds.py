"""Which family a model is of, and what is worth knowing about it."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from inspector.families.listing import Listing
from inspector.families.naming import Naming, Shape
from inspector.families.placing import Placement

# Words in the name of an architecture or a configuration, the most specific first.
_WORDS = (
    (r"dinov?3", "DINOv3"),
    (r"dinov?2", "DINOv2"),
    (r"dino", "DINO"),
    (r"eva.?02", "EVA-02"),
    (r"^eva", "EVA"),
    (r"siglip", "SigLIP"),
    (r"clip", "CLIP"),
    (r"deit3", "DeiT III"),
    (r"deit", "DeiT"),
    (r"beit", "BEiT"),
    (r"simmim", "SimMIM"),
    (r"i.?jepa", "I-JEPA"),
    (r"aimv2", "AIMv2"),
    (r"(?:^|[_-])mae|maskedautoencoder", "MAE"),
    (r"swin_?(?:transformer_?)?v2", "Swin-v2"),
    (r"swin", "Swin"),
    (r"pvt|pyramidvision", "PVT"),
    (r"segformer|mixvisiontransformer|^mit_", "SegFormer"),
    (r"cait", "CaiT"),
    (r"convit", "ConViT"),
    (r"xcit", "XCiT"),
    (r"maxvit", "MaxViT"),
    (r"coatnet", "CoAtNet"),
    (r"twins", "Twins"),
)
_PATTERNS = tuple((re.compile(word, re.IGNORECASE), family) for word, family in _WORDS)

_NORM_AFTER_WORD = re.compile(r"(?:^|_)rpn(?:_|$)|eva02_enormous", re.IGNORECASE)
_ROTARY = ("EVA-02", "DINOv3", "RoPE-ViT")
_NORM_AFTER = ("Swin-v2", "Swin-v2 (CR)")
_GENERAL = ("ViT", "Swin", "transformer encoder")


class Block(Protocol):
    """What a note looks at in a block: its shapes by role."""

    @property
    def shapes(self) -> Mapping[str, Shape]:
        """Shapes by role."""
        ...


def family_of(placement: Placement, listing: Listing, *, names: Iterable[str], gated: bool) -> str:
    """Name the family: by what only one family has, else by the name of the architecture."""
    marks = _marks(placement, listing) | ({"mlp.gate.weight"} if gated else set())
    kind = next((kind for kind in placement.naming.kinds if kind.fits(marks)), None)
    family = kind.family if kind else "ViT"
    if family not in _GENERAL:
        return family
    return next(_families_in(names), family)


def notes_on(
    family: str, blocks: Sequence[Block], outside: Mapping[str, str], naming: Naming
) -> Iterator[str]:
    """What limits the reading of the weights, and what a figure of them has to say."""
    yield from inexact(family, blocks[0].shapes)
    if naming.zero_key_bias:
        yield "The key's part of the stored bias is never used by this model and is left out."
    if "head_dist.weight" in outside:
        yield "Distilled: the final logits are the mean of two classifiers."
    if any(role.endswith("(unfold order)") for role in outside):
        yield (
            "Patch merging is stored in MMDetection's channel order (channel, row, column): it "
            "does not compare with other namings of the same model; query, key and value do."
        )


def inexact(family: str, roles: Container[str]) -> Iterator[str]:
    """Why the query-key product of a block's weights is not all of the model's score.

    `roles` are those of the block's tensors.
    """
    if family in _ROTARY:
        yield (
            "Rotary position embedding: the plain query-key product is exact only between tokens "
            "at the same place and between prefix tokens."
        )
    if "logit_scale" in roles:
        yield (
            "Cosine attention: query and key are brought to length 1 before their product, so the "
            "plain query-key product is exact only up to the length of each query and key."
        )
    if "q_norm.weight" in roles:
        yield (
            "Query and key are normalised before their product, so the plain query-key product is "
            "exact only up to that normalisation."
        )
    if "talking_heads1.weight" in roles:
        yield (
            "Talking heads: the scores of all heads are mixed before the softmax, so the plain "
            "query-key product of one head is only its share of them."
        )
    if family == "XCiT":
        yield (
            "Attention is between channels, not between tokens: the plain query-key product is "
            "never formed by this model."
        )


def inexact_output(roles: Container[str], *, family: str, names: Iterable[str]) -> Iterator[str]:
    """Why the value-output product of a block's weights is not all that a head writes."""
    if "attn_norm.weight" in roles:
        yield (
            "A norm stands between the mixed values and the output projection, so the plain "
            "value-output product is exact only up to that normalisation."
        )
    if normalises_after(family, names):
        yield (
            "What attention writes is normalised before it is added to the residual, so the plain "
            "value-output product is exact only up to that normalisation."
        )
    if "talking_heads2.weight" in roles:
        yield (
            "Talking heads: the patterns of all heads are mixed after the softmax, so the plain "
            "value-output product of one head is written with the patterns of all."
        )
    if family == "XCiT":
        yield (
            "Attention is between channels, not between tokens: the plain value-output product "
            "is never formed by this model."
        )


def normalises_after(family: str, names: Iterable[str]) -> bool:
    """Whether the norm stands behind attention, on its branch, and not in front of it.

    `names` are those of the architecture: timm's ``rpn`` and its enormous EVA-02 are told by
    nothing else.
    """
    return family in _NORM_AFTER or any(_NORM_AFTER_WORD.search(name) for name in names)


def _families_in(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        for pattern, family in _PATTERNS:
            if pattern.search(name):
                yield family
                break


def _marks(placement: Placement, listing: Listing) -> frozenset[str]:
    """The roles there are, every name below the prefix or beside it, the words of the prefix."""
    root = placement.root
    below = {
        template.removeprefix(around.template)
        for around in list(root.around())[:2]
        for template in listing.templates
        if template.startswith(around.template)
    }
    roles = {role for block in placement.blocks.values() for role in block}
    return frozenset(below | roles | set(placement.outside) | root.words)
