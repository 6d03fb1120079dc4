"""The folder of a Hugging Face or timm model."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

from inspector.checkpoints.checkpoint import Checkpoint
from inspector.checkpoints.reader import Candidate, Reader, Request
from inspector.core.errors import BadCheckpoint

_NAMES = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.bin",
)
"""Names under which a hub keeps the weights, the one to take first."""

_SUFFIXES = (".safetensors", ".pth", ".pt", ".ckpt", ".bin", ".npz", ".pkl")
_MOST_ENTRIES = 10_000
_OTHERS = {
    "saved_model.pb": "a TensorFlow model",
    "tf_model.h5": "a TensorFlow model",
    "flax_model.msgpack": "a Flax model",
    ".metadata": "a distributed torch checkpoint",
    "data.pkl": "an unpacked torch checkpoint",
    "latest": "a DeepSpeed checkpoint, perhaps",
}


def matches(given: Candidate) -> bool:
    """Every folder: what is missing in it is said on opening."""
    return given.is_folder


def open_folder(request: Request) -> Checkpoint:
    """Open the one set of weights in the folder."""
    found = request.open_part(_weights(request.path))
    return replace(found, path=request.path, container=f"folder with {found.container}")


def holds_weights(folder: Path) -> bool:
    """Whether there is a file in the folder that is named like weights."""
    return any((folder / name).is_file() for name in _NAMES) or bool(_fitting(_listing(folder)))


def _fitting(names: list[str]) -> list[str]:
    return sorted(name for name in names if name.lower().endswith(_SUFFIXES))


def _weights(folder: Path) -> Path:
    for name in _NAMES:
        if (folder / name).is_file():
            return folder / name
    names = _listing(folder)
    fitting = _fitting(names)
    if len(fitting) == 1:
        return folder / fitting[0]
    if fitting:
        raise BadCheckpoint(
            f"The folder “{folder.name}” holds {len(fitting)} checkpoints: "
            f"{', '.join(fitting[:5])}{'…' if len(fitting) > 5 else ''}.",
            advice="Open one of them, or drop several of them together.",
        )
    what = next((what for name, what in _OTHERS.items() if name in names), "")
    raise BadCheckpoint(
        f"The folder “{folder.name}” holds {what or 'no checkpoint'}.",
        advice="Save the model's weights as safetensors, and open that file."
        if what
        else "Open a folder with model.safetensors or pytorch_model.bin in it.",
    )


def _listing(folder: Path) -> list[str]:
    try:
        names = [entry.name for entry in islice(folder.iterdir(), _MOST_ENTRIES)]
    except OSError as error:
        raise BadCheckpoint(
            f"The folder “{folder.name}” cannot be listed: {error.strerror}.",
            advice="Check that you may read it.",
        ) from error
    return names


READER = Reader("folder", matches, open_folder)
