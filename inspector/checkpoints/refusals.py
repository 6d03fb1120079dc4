"""What a file is that is not a checkpoint we read, and what to do about it."""

from dataclasses import dataclass
from pathlib import Path

from inspector.core.errors import BadCheckpoint

_CONVERT = "Convert it to safetensors with the library that wrote it."
_UNPACK = "Unpack it, and open the checkpoint inside."
_OTHER = (
    "Open a checkpoint: .pth, .pt, .ckpt, .bin, .safetensors, .npz, or the folder of a "
    "Hugging Face model."
)
_FETCH = "Fetch the file itself with “git lfs pull”, or download it from the web page again."


@dataclass(frozen=True, slots=True)
class _Known:
    """A kind of file: bytes that stand at a place in it, what it is, what to do."""

    mark: bytes
    what: str
    advice: str
    at: int = 0


_KINDS = (
    _Known(b"version https://git-lfs", "a Git LFS pointer, not the file it points to", _FETCH),
    _Known(
        b"\x89HDF\r\n\x1a\n",
        "an HDF5 file (Keras or MATLAB), which is not read",
        "Save the weights as safetensors or .npz.",
    ),
    _Known(b"GGUF", "a GGUF file, made for running language models", _CONVERT),
    _Known(b"ggjt", "a GGML file, made for running language models", _CONVERT),
    _Known(
        b"ustar",
        "a tar archive; if it is a checkpoint, torch wrote it before version 0.1.11",
        "Load it with torch and save it again with torch.save, or unpack it.",
        257,
    ),
    _Known(b"TFL3", "a TensorFlow Lite model", _CONVERT, 4),
    _Known(b"\x93NUMPY", "a single numpy array, without names", "Save the weights as .npz."),
    _Known(b"\x1f\x8b", "a gzip archive", _UNPACK),
    _Known(b"BZh", "a bzip2 archive", _UNPACK),
    _Known(b"\xfd7zXZ", "an xz archive", _UNPACK),
    _Known(b"\x28\xb5\x2f\xfd", "a zstandard archive", _UNPACK),
    _Known(b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    _Known(b"Rar!", "a rar archive", _UNPACK),
    _Known(b"\x89PNG", "a PNG image, not a checkpoint", _OTHER),
    _Known(b"\xff\xd8\xff", "a JPEG image, not a checkpoint", _OTHER),
    _Known(b"GIF8", "a GIF image, not a checkpoint", _OTHER),
    _Known(b"II*\0", "a TIFF image, not a checkpoint", _OTHER),
    _Known(b"MM\0*", "a TIFF image, not a checkpoint", _OTHER),
    _Known(b"DICM", "a DICOM image, not a checkpoint", _OTHER, 128),
    _Known(b"%PDF", "a PDF document, not a checkpoint", _OTHER),
    _Known(b"\x7fELF", "a program, not a checkpoint", _OTHER),
    _Known(b"MZ", "a program, not a checkpoint", _OTHER),
)


def describe(path: Path, head: bytes) -> BadCheckpoint:
    """Say what a file is, by its first bytes."""
    if not head:
        return _refusal(path, "empty: it holds not a single byte", "Copy or download it again.")
    for kind in _KINDS:
        if head[kind.at : kind.at + len(kind.mark)] == kind.mark:
            return _refusal(path, kind.what, kind.advice)
    if path.suffix.lower() == ".onnx" or (head[:1] == b"\x08" and b"pytorch" in head[:64]):
        return _refusal(
            path,
            "an ONNX graph, which no longer names the weights as the model does",
            "Open the checkpoint that it was exported from.",
        )
    return _describe_text(path, head)


def describe_zip(path: Path, names: tuple[str, ...]) -> BadCheckpoint:
    """Say what a zip file is that holds no torch pickle of ours."""
    if any(name.endswith("/constants.pkl") for name in names):
        return _refusal(
            path,
            "a TorchScript program, which holds code beside the weights",
            "Open the state dict it was made from, or save “torch.jit.load(file).state_dict()” "
            "with torch.save.",
        )
    if any(name.endswith("model.weights.h5") for name in names):
        return _refusal(path, "a Keras model (HDF5 in a zip file)", "Save the weights as .npz.")
    if any(name.endswith(("/data.pkl", ".data/extern_modules")) for name in names):
        return _refusal(
            path,
            "a zip file with several pickles (a torch.package, perhaps)",
            "Save the state dict of the model with torch.save.",
        )
    inside = [name for name in names if name.endswith((".pth", ".pt", ".safetensors", ".bin"))]
    if inside:
        return _refusal(path, f"a zip file with “{inside[0][:80]}” in it", _UNPACK)
    return _refusal(path, "a zip file without a checkpoint in it", _OTHER)


def _describe_text(path: Path, head: bytes) -> BadCheckpoint:
    start = head.lstrip()[:32].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return _refusal(
            path, "a web page: the download went wrong", "Download the checkpoint again."
        )
    if not head.strip(b"\0"):
        return _refusal(
            path,
            "filled with zeros: its download or copy was never finished",
            "Copy or download the file again.",
        )
    if start.startswith((b"{", b"[")):
        return _refusal(path, "a JSON text, not a checkpoint", _OTHER)
    if _is_text(head):
        return _refusal(path, "a text, not a checkpoint", _OTHER)
    return _refusal(
        path, "of a kind that is not known: its first bytes are no checkpoint's", _OTHER
    )


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return False
        text = head[: error.start].decode("utf-8")
    return all(letter.isprintable() or letter in "\r\n\t\f" for letter in text)


def _refusal(path: Path, what: str, advice: str) -> BadCheckpoint:
    return BadCheckpoint(f"“{path.name}” is {what}.", advice=advice)
