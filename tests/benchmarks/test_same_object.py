"""The same-object measurement against the forward pass it is made from.

Run explicitly, on one thread: ``OMP_NUM_THREADS=1 pytest tests/benchmarks/test_same_object.py -s``.
Prints one line a ratio: name, ours, reference, ratio, bar. The sides take turns, and what is
measured is the processor's time, which a busy machine does not change.

Most of it is the scores of all modes of all heads, those of `test_optimal`; beside them are the
areas of the objects on every grid, and the projection of one mean token of each object.
"""

import numpy as np
import pytest
import torch

from inspector.analysis.measurement import Seen, SeenPicture
from inspector.analysis.same_object import SameObjectMeasurement
from inspector.core.objects import ObjectMap
from inspector.core.optimal import OptimalOptions
from inspector.core.tokens import Box, Placement
from inspector.families.capture import capture
from inspector.families.torchvision_guard import prepare_torchvision
from tests.benchmarks.test_maps import one_thread, report  # noqa: F401
from tests.benchmarks.test_optimal import in_turns
from tests.families.running import swins

BARS = {"deit_tiny_patch16_224": 0.32, "swin_tiny_patch4_window7_224": 0.32}
PLACEMENT = Placement((480, 640), (224, 224), Box(0, 0, 480, 640))


def objects() -> ObjectMap:
    labels = np.zeros((480, 640), np.int32)
    labels[100:200, 300:400], labels[300:380, 100:200], labels[20:90, 40:200] = 1, 2, 3
    return ObjectMap(labels, "key")


@pytest.mark.parametrize("name", BARS)
def test_that_objects_cost_about_a_quarter_of_a_forward_pass(name: str):
    prepare_torchvision()
    import timm

    torch.manual_seed(0)
    model = swins.model_of(timm.create_model(name, pretrained=False))
    network = swins.network_of(model)
    measurement = SameObjectMeasurement(model, network, OptimalOptions(None), device="cpu")
    pixels, pictures = swins.picture(1, 3, 224, 224), [SeenPicture(PLACEMENT, objects())]
    with torch.inference_mode():
        found = capture(network, pixels, PLACEMENT, taps=measurement.taps)
        ours, forward, _ = in_turns(
            lambda: measurement.measure(Seen(network, found, pictures)),
            lambda: network.module(pixels),
            rounds=15,
        )
    report(f"{name}, same object of all modes", ours, forward, bar=BARS[name])
