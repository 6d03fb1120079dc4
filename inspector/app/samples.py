"""The pair of checkpoints that comes with the program."""

from importlib import resources
from pathlib import Path

from inspector.core.errors import BadRequest

ENDINGS = (".pth", ".pt", ".safetensors")


def sample_paths() -> tuple[Path, ...]:
    """The pretrained sample, then what was fine-tuned from it.

    Raises
    ------
    BadRequest
        When this installation came without them.
    """
    folder = Path(str(resources.files("resources"))) / "samples"
    found = sorted(path for path in folder.glob("*") if path.suffix in ENDINGS)
    found.sort(key=lambda path: "pretrained" not in path.name)
    if len(found) < 2:
        raise BadRequest(
            "The sample checkpoints are not part of this installation.",
            advice="Open checkpoints of your own, or install the program again.",
        )
    return tuple(found)
