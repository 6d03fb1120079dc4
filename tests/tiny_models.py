"""Small models for tests of what opens and shows them: outlines in memory, and files on disk."""

import json
import struct
from pathlib import Path

import numpy as np

from inspector.checkpoints.checkpoint import Checkpoint
from inspector.core.address import Address
from inspector.core.outline import BlockOutline, Matrix, ModelOutline, StageOutline, Stored
from inspector.families.model import Model


def outline(*, depths: tuple[int, ...] = (1, 2), heads: int = 2, head_dim: int = 4) -> ModelOutline:
    width, index, stages = heads * head_dim, 0, []
    for stage, depth in enumerate(depths):
        blocks = []
        for block in range(depth):
            name = f"blocks.{index}.attn"
            weights = {m: Stored(f"{name}.{m}.weight") for m in Matrix}
            address = Address(stage, block)
            blocks.append(BlockOutline(address, index, width, heads, head_dim, head_dim, weights))
            index += 1
        stages.append(StageOutline(stage, tuple(blocks)))
    return ModelOutline("ViT", "timm", tuple(stages))


def model(name: str = "a.pth", *, closed: list[str] | None = None, **shape) -> Model:
    """A model without tensors; `closed` notes when it is closed."""
    path = Path("/models") / name
    noted = closed if closed is not None else []
    checkpoint = Checkpoint(
        path, (path,), "safetensors", {}, close_files=lambda: noted.append(path.name)
    )
    return Model(checkpoint, outline(**shape))


def vit_weights(
    *, width: int = 24, depth: int = 3, seed: int = 0, change: float = 0.0
) -> dict[str, np.ndarray]:
    """A plain ViT in timm's naming; `change` adds noise of that share to every weight."""
    random = np.random.default_rng(seed)
    shapes = {
        "cls_token": (1, 1, width),
        "pos_embed": (1, 17, width),
        "patch_embed.proj.weight": (width, 3, 4, 4),
        "patch_embed.proj.bias": (width,),
        "norm.weight": (width,),
        "norm.bias": (width,),
        "head.weight": (10, width),
        "head.bias": (10,),
    }
    for n in range(depth):
        shapes |= {
            f"blocks.{n}.norm1.weight": (width,),
            f"blocks.{n}.norm1.bias": (width,),
            f"blocks.{n}.attn.qkv.weight": (3 * width, width),
            f"blocks.{n}.attn.qkv.bias": (3 * width,),
            f"blocks.{n}.attn.proj.weight": (width, width),
            f"blocks.{n}.attn.proj.bias": (width,),
            f"blocks.{n}.norm2.weight": (width,),
            f"blocks.{n}.norm2.bias": (width,),
            f"blocks.{n}.mlp.fc1.weight": (4 * width, width),
            f"blocks.{n}.mlp.fc1.bias": (4 * width,),
            f"blocks.{n}.mlp.fc2.weight": (width, 4 * width),
            f"blocks.{n}.mlp.fc2.bias": (width,),
        }
    weights = {name: random.normal(0, 0.2, shape) for name, shape in shapes.items()}
    noise = np.random.default_rng(seed + 1)
    return {
        name: (array + change * noise.normal(0, 0.2, array.shape)).astype(np.float32)
        for name, array in weights.items()
    }


def write_safetensors(path: Path, weights: dict[str, np.ndarray]) -> Path:
    """The format from its specification: header length, JSON header, raw little-endian data."""
    header, blobs, offset = {}, [], 0
    for name, array in weights.items():
        blob = np.ascontiguousarray(array, dtype="<f4").tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(blob)],
        }
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))
    return path
