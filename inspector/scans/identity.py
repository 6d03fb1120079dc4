"""What the records of a scan depend on besides the pictures, for machines and in words."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol

import torch

from inspector.analysis.measurement import Measurement
from inspector.core.measuring import MEASURE_WORDS
from inspector.core.outline import Matrix
from inspector.core.preparation import Preparation
from inspector.families.model import Model
from inspector.families.network import Network
from inspector.images.fingerprints import Fingerprints
from inspector.scans.store import About

FORMAT = 1
"""Raised whenever the program makes other records of the same things."""

_WORDS = {
    "optimal": "Optimal images",
    "anisotropy": "Anisotropy",
    **MEASURE_WORDS,
}
# Settings that no user has chosen.
_NOT_SAID = {"version", "modes version", "scores", "product"}


class Measures(Protocol):
    """The part of a `Measurement` that tells its records from others."""

    @property
    def name(self) -> str:
        """Of its files."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """What a record depends on."""
        ...

    @property
    def needs_objects(self) -> bool:
        """Whether records depend on objects too."""
        ...


def identity_of(
    model: Model,
    network: Network,
    preparation: Preparation,
    measurement: Measures,
    objects: Mapping[str, Any],
    fingerprints: Fingerprints,
) -> dict[str, Any]:
    """Plain JSON values, the same on every machine.

    Raises
    ------
    BadImage
        When a file of the checkpoint is gone.
    """
    prepared = asdict(preparation)
    del prepared["source"]
    return {
        "format": FORMAT,
        "checkpoint": [fingerprints.of(file) for file in model.checkpoint.files],
        "read as": _reading(model, network),
        "measurement": measurement.name,
        "settings": dict(measurement.settings),
        "objects": dict(objects) if measurement.needs_objects else {},
        "preparation": prepared,
    }


def environment_of(network: Network) -> dict[str, str]:
    """What the last bits of a record depend on."""
    import PIL
    import timm

    device = network.device
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return {
        "device": where,
        "processor": torch.backends.cpu.get_cpu_capability(),
        "torch": str(torch.__version__),
        "timm": timm.__version__,
        "Pillow": PIL.__version__,
    }


def about(
    model: Model, preparation: Preparation, measurement: Measurement, folder: str, device: str
) -> About:
    """The same in words: what is chosen, and not what is left as it is."""
    settings = [
        name.replace("_", " ") if value is True else f"{name} {value}"
        for name, value in measurement.settings.items()
        if isinstance(value, str | int) and value is not False and name not in _NOT_SAID
    ]
    return About(
        checkpoint=model.checkpoint.path.name,
        measurement=_WORDS.get(measurement.name, measurement.name.capitalize()),
        folder=folder,
        settings="; ".join([preparation.words, *settings, device.upper()]),
    )


def _reading(model: Model, network: Network) -> dict[str, Any]:
    """How a file was read: which of its weights, and which heads they are."""
    blocks = [
        [
            str(block.address),
            block.num_heads,
            [[block.weights[m].tensor, block.weights[m].ranges] for m in Matrix],
        ]
        for block in model.outline.blocks()
    ]
    return {
        "section": model.checkpoint.section,
        "architecture": network.architecture,
        "blocks": blocks,
    }
