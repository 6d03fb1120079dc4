"""The pair of checkpoints and the images that come with the program."""

from importlib import resources
from pathlib import Path

from inspector.core.errors import BadRequest

ENDINGS = (".pth", ".pt", ".safetensors")
IMAGE_ENDINGS = (".dcm", ".nii", ".nii.gz")


def sample_paths() -> tuple[Path, ...]:
    """The pretrained sample, then what was fine-tuned from it.

    Raises
    ------
    BadRequest
        When this installation came without them.
    """
    found = sorted(path for path in _folder().glob("*") if path.suffix in ENDINGS)
    found.sort(key=lambda path: "pretrained" not in path.name)
    if len(found) < 2:
        raise BadRequest(
            "The sample checkpoints are not part of this installation.",
            advice="Open checkpoints of your own, or install the program again.",
        )
    return tuple(found)


def sample_images() -> tuple[Path, ...]:
    """The synthetic radiograph, then the synthetic CT; none where they are not installed."""
    found = sorted(path for path in _folder().glob("*") if path.name.endswith(IMAGE_ENDINGS))
    return tuple(sorted(found, key=lambda path: "radiograph" not in path.name))


def _folder() -> Path:
    return Path(str(resources.files("resources"))) / "samples"
