"""Samples, help pages and icons that come with the program."""

from pathlib import Path

HERE = Path(__file__).resolve().parent


def resource(name: str) -> Path:
    """Where something lies that comes with the program: ``help/keys.md``, ``icons``.

    Raises
    ------
    FileNotFoundError
        If this installation does not hold it.
    """
    path = HERE / name
    if not path.exists():
        raise FileNotFoundError(f"{name} is missing from this installation, in {HERE}")
    return path


def samples() -> tuple[Path, Path]:
    """The pair to try the program on: the pretrained model, and the same one fine-tuned."""
    return (
        resource("samples/swin_24_pretrained.pth"),
        resource("samples/swin_24_cxr_epoch_12.pth"),
    )


def help_pages() -> tuple[Path, ...]:
    """All help pages (Markdown), by name."""
    return tuple(sorted(resource("help").glob("*.md")))
