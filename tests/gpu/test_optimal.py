"""Records of a scan on CUDA are those of the processor, up to how float32 rounds."""

import numpy as np
import pytest
import torch

from inspector.analysis.measurement import Seen, SeenPicture
from inspector.analysis.optimal import OptimalMeasurement
from inspector.analysis.precision import full_precision
from inspector.core.optimal import OptimalOptions
from inspector.families.capture import capture
from inspector.families.running import build_network
from tests.analysis.running import input_for, running

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(),
    reason="NOT TESTED ON A GRAPHICS PROCESSOR: this machine has no CUDA device",
)

GROUP = 16


@pytest.mark.parametrize("kind", ["vit", "registers", "detection swin"])
def test_that_scores_and_places_of_a_group_are_those_of_the_processor(kind):
    model, _ = running(kind)
    prepared = [input_for(kind, seed=seed) for seed in range(GROUP)]
    pixels = torch.from_numpy(np.stack([image.pixels for image in prepared]))
    made = []
    for device in ("cpu", "cuda"):
        network = build_network(model, device=device)
        measurement = OptimalMeasurement(model, network, OptimalOptions(None), top=1, device="cpu")
        with torch.inference_mode(), full_precision(network.device):
            found = capture(network, pixels, prepared[0].placement, taps=measurement.taps)
            pictures = [SeenPicture(image.placement) for image in prepared[:-3]]
            made.append(measurement.measure(Seen(network, found, pictures)))
    assert len(made[0]) == len(made[1]) == GROUP - 3
    for one, other in zip(*made, strict=True):
        np.testing.assert_allclose(one["score"], other["score"], rtol=1e-3, atol=1e-4)
        clear = one["score"] > 1e-2
        assert (one["place"] == other["place"]).all(axis=-1)[clear].mean() > 0.99
