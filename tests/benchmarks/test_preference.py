"""Attention preference of all heads against the forward pass it is made from.

Run explicitly, on one thread: ``OMP_NUM_THREADS=1 pytest tests/benchmarks/test_preference.py -s``.
Prints one line a ratio: name, ours, reference, ratio, bar. The sides take turns, and what is
measured is the processor's time, which a busy machine does not change.

What it costs is the projection of all tokens to keys again, a twelfth of the products of a block;
in a Swin only that of the two windows the queries lie in. The rest, two rows of attention a head
and the areas of the objects, is a few hundredths; with the stages of a Swin the areas are formed
four times.
"""

import numpy as np
import pytest
import torch

from inspector.analysis.measurement import Seen, SeenPicture
from inspector.analysis.preference import PreferenceMeasurement
from inspector.core.objects import BACKGROUND, DISTRACTOR, TARGET, ObjectMap
from inspector.core.tokens import Box, Placement
from inspector.families.capture import Tap, capture
from inspector.families.torchvision_guard import prepare_torchvision
from tests.benchmarks.test_maps import medians, one_thread, report  # noqa: F401
from tests.families.running import swins

BARS = {"vit_base_patch16_224": 0.14, "swin_tiny_patch4_window7_224": 0.24}
PLACEMENT = Placement((480, 640), (224, 224), Box(0, 0, 480, 640))


def objects() -> ObjectMap:
    labels = np.full((480, 640), BACKGROUND, np.int32)
    labels[100:200, 300:400], labels[300:380, 100:200] = TARGET, DISTRACTOR
    return ObjectMap(labels, "key")


@pytest.mark.parametrize("name", BARS)
def test_that_preference_costs_about_a_seventh_of_a_forward_pass(name: str):
    prepare_torchvision()
    import timm

    torch.manual_seed(0)
    model = swins.model_of(timm.create_model(name, pretrained=False))
    network = swins.network_of(model)
    measurement = PreferenceMeasurement(model, network)
    pixels, pictures = swins.picture(1, 3, 224, 224), [SeenPicture(PLACEMENT, objects())]
    with torch.inference_mode():
        found = capture(network, pixels, PLACEMENT, taps=[Tap.ATTN_INPUT])
        ours, forward = medians(
            lambda: measurement.measure(Seen(network, found, pictures)),
            lambda: network.module(pixels),
        )
    report(f"{name}, attention preference of all heads", ours, forward, bar=BARS[name])
