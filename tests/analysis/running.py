"""Tiny random networks of several kinds with their open models, and inputs for them."""

from functools import lru_cache

import numpy as np
import torch

from inspector.core.preparation import Preparation, PreparedImage
from inspector.core.tokens import Box, Placement
from inspector.families.model import Model
from inspector.families.network import Network
from tests.families.running import plain, swins
from tests.families.running.test_against_timm import described, made
from tests.families.running.test_swin_v2 import timm_swin

# kind -> name of timm's, arguments
PLAIN = {
    "vit": ("vit_small_patch16_224", {}),
    "vit without bias": ("vit_small_patch16_224", {"qkv_bias": False}),
    "registers": ("vit_small_patch14_reg4_dinov2", {"num_classes": 5}),
    "distilled": ("deit_small_distilled_patch16_224", {}),
    "beit": ("beit_base_patch16_224", {"init_values": 0.1}),
    "eva02": ("eva02_tiny_patch14_224", {}),
    "query norm": ("vit_small_patch16_224", {"qk_norm": True}),
    "norm of values": ("eva02_base_patch14_224", {}),
    "norm after": ("vit_base_patch16_rpn_224", {}),
}
SWIN = ("detection swin", "swin v2")
KINDS = (*PLAIN, *SWIN)


@lru_cache
def running(kind: str) -> tuple[Model, Network]:
    """The model, open, and its network."""
    if kind in PLAIN:
        name, arguments = PLAIN[kind]
        model = swins.model_of(made(name, arguments), {"timm": described(name)})
    elif kind == "swin v2":
        model = swins.model_of(timm_swin())
    else:
        model = swins.model_of(swins.swin_in_mmdetections_names(), prefix="backbone.")
    return model, swins.network_of(model)


def input_for(kind: str, *, seed: int = 1) -> PreparedImage:
    """A picture that is no square; of the Swin of a detector no multiple of its windows."""
    rows, columns = {"detection swin": (44, 76), "swin v2": (64, 64)}.get(kind, (16, 12))
    random = np.random.default_rng(seed)
    return PreparedImage(
        random.normal(size=(3, rows, columns)).astype(np.float32),
        np.zeros((rows, columns, 3), np.uint8),
        Placement((rows, columns), (rows, columns), Box(0, 0, rows, columns)),
        Preparation(),
    )


def captured(kind: str, **how):
    """All taps of all blocks on the same input."""
    prepared = input_for(kind, **how)
    pixels = torch.from_numpy(prepared.pixels.copy())[None]
    return plain.capture(running(kind)[1], pixels, prepared.placement)
