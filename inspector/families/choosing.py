"""Choose the naming and the prefix that explain most of a checkpoint."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from inspector.checkpoints.checkpoint import Checkpoint
from inspector.core.outline import ModelOutline
from inspector.families.adapters import refuse_adapted, refuse_adapters_alone
from inspector.families.building import build
from inspector.families.by_shapes import naming_by_shapes
from inspector.families.listing import Listing
from inspector.families.naming import Naming
from inspector.families.placing import (
    ASIDE,
    Placement,
    holds_words,
    is_fragment,
    place,
    reads_words,
    roots,
)
from inspector.families.unknown import unknown_model


def outline_of(
    checkpoint: Checkpoint, namings: Sequence[Naming], *, heads: int | None = None
) -> ModelOutline:
    """Describe the model of a checkpoint in the naming that places most of its tensors.

    Of two that place as many the earlier one is taken. Towers that read text are passed over.

    Raises
    ------
    UnknownModel
        When no naming fits and nothing looks like Q, K and V, or an adapter is still to be merged.
    """
    listing = Listing.of(checkpoint.tensors)
    placed = _placements(namings, listing)
    placements = [p for p in placed if not is_fragment(p, listing)]
    seeing = [p for p in placements if not reads_words(p, listing)]
    if seeing:
        best = max(seeing, key=lambda placement: placement.rank)
        refuse_adapted(best.blocks.values(), listing, checkpoint.path.name)
        notes = (*_left_out(best, placements, listing), *_doubts(best, listing))
        return build(best, checkpoint, listing, heads=heads, notes=notes)
    refuse_adapters_alone(listing, checkpoint.path.name)
    found = None if placements else naming_by_shapes(listing)
    by_shapes = list(_placements([found] if found else [], listing))
    for placement in by_shapes:
        if not reads_words(placement, listing):
            return _opened_by_shapes(placement, checkpoint, listing, heads=heads)
    text = bool(placements or by_shapes) or holds_words(listing)
    raise unknown_model(checkpoint, listing, text=text)


def _placements(namings: Iterable[Naming], listing: Listing) -> Iterator[Placement]:
    for naming in namings:
        for root in roots(naming, listing):
            placement = place(naming, root, listing)
            if placement is not None:
                yield placement


def _opened_by_shapes(
    placement: Placement, checkpoint: Checkpoint, listing: Listing, *, heads: int | None
) -> ModelOutline:
    naming = replace(placement.naming, hybrid=True)
    note = (
        "The naming is not known: query, key and value were found by their shapes and the words "
        "in their names; check the first blocks before relying on them."
    )
    opened = replace(placement, naming=naming)
    return build(opened, checkpoint, listing, heads=heads, notes=(note,))


def _doubts(best: Placement, listing: Listing) -> Iterator[str]:
    """Say that nothing in the file tells that the transformer looks at images."""
    names = listing.names()
    images = any(len(listing.shape(name)) in (4, 5) or "patch" in name for name in names)
    if not (best.sees or images) and best.root.words.isdisjoint(ASIDE):
        yield (
            "No patch embedding was found: this may be a part of a model, or a transformer that "
            "does not look at images."
        )


def _left_out(best: Placement, placements: Iterable[Placement], listing: Listing) -> Iterator[str]:
    """Say which other transformers the file holds."""
    told: set[str] = set()
    for other in placements:
        where = other.root.text
        if where in told or where == best.root.text or other.inside & best.inside:
            continue
        told.add(where)
        blocks = f"{len(other.blocks)} block{'s' if len(other.blocks) > 1 else ''}"
        place_of = f"under “{where}”" if where else "at the top of the file"
        kind = "text transformer" if reads_words(other, listing) else "transformer"
        yield f"The file also holds a {kind} of {blocks} {place_of}, which is not shown."
