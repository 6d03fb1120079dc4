"""The predictor of I-JEPA and the decoder of MAE, where a file holds nothing else."""

from dataclasses import replace

from inspector.families.naming import Kind
from inspector.families.namings import timm_vit

PREDICTOR = replace(
    timm_vit.NAMING,
    source="I-JEPA",
    blocks=("predictor_blocks.{b}.",),
    outside={
        "predictor_embed.*": "embed.*",
        "predictor_pos_embed": "pos_embed",
        "mask_token": "mask_token",
        "predictor_norm.*": "norm.*",
        "predictor_proj.*": "projection.*",
    },
    above={},
    kinds=(Kind("I-JEPA predictor"),),
)
