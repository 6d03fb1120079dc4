"""Which transformer a checkpoint holds, and where its stages, blocks, heads, q, k and v are."""

from dataclasses import replace
from pathlib import Path

from inspector.checkpoints import open_checkpoint
from inspector.checkpoints.checkpoint import Checkpoint
from inspector.core.outline import ModelOutline
from inspector.core.progress import Progress, silent
from inspector.families.choosing import outline_of
from inspector.families.model import Model
from inspector.families.namings import (
    facebook_dino,
    flax_vit,
    huggingface_clip,
    huggingface_pyramid,
    huggingface_swin,
    huggingface_vit,
    ijepa_predictor,
    mmdetection_swin,
    mmpretrain_vit,
    monai,
    openai_clip,
    timm_maxxvit,
    timm_pyramid,
    timm_swin,
    timm_swin_v2_cr,
    timm_vit,
    torch_encoder,
    torchvision_swin,
    torchvision_vit,
    vit_pytorch,
)
from inspector.families.preparation import preprocessor_beside

FAMILIES = (
    mmdetection_swin.NAMING,
    huggingface_swin.NAMING,
    torchvision_swin.NAMING,
    torchvision_swin.V2,
    timm_swin.NAMING,
    timm_swin.OFFICIAL,
    timm_swin_v2_cr.NAMING,
    timm_pyramid.PVT,
    timm_pyramid.TWINS,
    timm_maxxvit.NAMING,
    huggingface_pyramid.NAMING,
    huggingface_vit.NAMING,
    huggingface_clip.NAMING,
    openai_clip.NAMING,
    torchvision_vit.NAMING,
    mmpretrain_vit.NAMING,
    torch_encoder.NAMING,
    vit_pytorch.NAMING,
    flax_vit.NAMING,
    timm_vit.NAMING,
    monai.SWIN,
    monai.VIT,
    facebook_dino.DINOV3,
    facebook_dino.CHUNKED,
    ijepa_predictor.PREDICTOR,
)


def recognise(checkpoint: Checkpoint, *, heads: int | None = None) -> ModelOutline:
    """Tell which transformer a checkpoint holds, from names and shapes alone; nothing is read.

    Parameters
    ----------
    checkpoint
        An open file.
    heads
        The number of heads of the first stage, where the file does not tell it.

    Raises
    ------
    UnknownModel
        When no query, key and value matrices are found.
    BadCheckpoint
        When a block, or a part of its attention, is missing or of a shape that does not fit.
    BadRequest
        When `heads` does not fit the model, or contradicts what the file tells.
    """
    return outline_of(checkpoint, FAMILIES, heads=heads)


def open_model(
    path: Path,
    *,
    heads: int | None = None,
    section: str | None = None,
    progress: Progress = silent,
) -> Model:
    """Open a file or folder and tell which model it holds.

    Raises
    ------
    BadCheckpoint, UnknownModel, BadRequest
        As `inspector.checkpoints.open_checkpoint` and `recognise` do.
    """
    checkpoint = open_checkpoint(path, section=section, progress=progress)
    beside = preprocessor_beside(checkpoint)
    if beside is not None:
        # It says how images are prepared, so that its hash belongs to what is computed on them.
        checkpoint = replace(checkpoint, files=(*checkpoint.files, beside))
    try:
        return Model(checkpoint, recognise(checkpoint, heads=heads))
    except BaseException:
        checkpoint.close()
        raise
