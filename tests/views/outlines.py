"""A model that exists only as an outline."""

from inspector.core.address import Address
from inspector.core.outline import BlockOutline, Matrix, ModelOutline, StageOutline, Stored


def outline(depths=(2, 2, 18, 2), width=24, heads=2) -> ModelOutline:
    stages, count = [], 0
    for stage, depth in enumerate(depths):
        d, h = width << stage, heads << stage
        blocks = tuple(
            BlockOutline(
                Address(stage, n),
                count + n,
                d,
                h,
                d // h,
                d // h,
                dict.fromkeys(Matrix, Stored("")),
            )
            for n in range(depth)
        )
        stages.append(StageOutline(stage, blocks))
        count += depth
    return ModelOutline("Swin", "timm", tuple(stages))
