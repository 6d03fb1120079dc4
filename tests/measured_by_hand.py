"""What was measured with masks, with numbers of its own, for tests of what draws it."""

import numpy as np

from inspector.core.modes import ModelModes
from inspector.core.optimal import OptimalOptions
from inspector.core.preference import Preference
from inspector.core.preparation import Preparation
from inspector.core.rows import HeadRows, ModeRows
from inspector.core.same_object import SameObject

LEFT = (("broken.png", "The file ends early."),)
MODES = 3
TOP = 2


def preference(
    model: ModelModes, *, images: int = 4, total: int = 5, blocks: int | None = None, seed: int = 0
) -> Preference:
    """Of the first so many blocks; attention that goes to background more the deeper it is."""
    random = np.random.default_rng(seed)
    shown = model.blocks[:blocks]
    heads = HeadRows(
        tuple(block.address for block in shown), tuple(block.num_heads for block in shown)
    )
    tilt = np.repeat(np.linspace(0, 2, len(shown)), heads.heads)[:, None, None]
    shares = random.uniform(0.5, 1.5, (images, heads.count, 2, 3)) + tilt * [0.0, 0.0, 1.0]
    ratios = shares / shares.sum(axis=-1, keepdims=True)
    alone = shares * [0.8, 1.0, 1.0]
    area = np.array([0.1, 0.15, 0.75])
    return Preference(
        card=model.card,
        preparation=Preparation((32, 32)),
        folder="/data/bars",
        heads=heads,
        images=tuple(f"{n}.png" for n in range(images)),
        ratios=ratios,
        without_query=alone / alone.sum(axis=-1, keepdims=True),
        areas=np.broadcast_to(area, (images, len(shown), 3)).copy(),
        coverage=np.ones((images, len(shown), 2)),
        visible=np.ones((images, len(shown), 2)),
        left_out=LEFT,
        total=total,
    )


def same_object(model: ModelModes, *, measured: int = 4, total: int = 6) -> SameObject:
    """Of all blocks; one picture has a single object, one is broken."""
    random = np.random.default_rng(1)
    rows = ModeRows(
        tuple(block.address for block in model.blocks),
        tuple(block.num_heads for block in model.blocks),
        (MODES,) * len(model.blocks),
    )
    shape = (rows.count, TOP)
    sigma = [block.sigma[:, :MODES].ravel() for block in model.blocks]
    return SameObject(
        card=model.card,
        preparation=Preparation((32, 32)),
        options=OptimalOptions(modes=None),
        folder="/data/bars",
        labels="/data/labels",
        rows=rows,
        sigma=np.concatenate(sigma),
        images=("0.png", "1.png"),
        image=np.tile([0, 1], (rows.count, 1)),
        score=np.ones(shape, dtype=np.float32),
        sign=np.ones(shape, dtype=np.int8),
        query_object=random.integers(1, 3, shape).astype(np.int32),
        key_object=random.integers(1, 3, shape).astype(np.int32),
        chance=random.uniform(0.4, 0.6, shape),
        measured=measured,
        one_object=("one.png",),
        left_out=LEFT,
        total=total,
    )
