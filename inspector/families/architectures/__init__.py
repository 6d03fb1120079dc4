"""One kind of model that can be run a file; the first that matches builds it."""

from inspector.families.architecture import Architecture
from inspector.families.architectures import (
    beit,
    detection_swin,
    eva,
    swin,
    swin_v2,
    vision_transformer,
)

ARCHITECTURES: tuple[Architecture, ...] = (
    detection_swin.ARCHITECTURE,
    swin_v2.ARCHITECTURE,
    swin.ARCHITECTURE,
    beit.ARCHITECTURE,
    eva.ARCHITECTURE,
    vision_transformer.ARCHITECTURE,
)
