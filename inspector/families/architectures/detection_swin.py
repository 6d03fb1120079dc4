"""The Swin of a detector or segmenter: padded, then rolled, always; images of any size.

The blocks are those of the classifier; `inspector.families.swin_rules` tells which is which.
"""

from inspector.families.architecture import Architecture
from inspector.families.architectures.swin import build_first_swin, is_first_swin
from inspector.families.swin_rules import is_backbone

ARCHITECTURE = Architecture(
    name="detection Swin",
    matches=lambda model: is_first_swin(model) and is_backbone(model),
    build=build_first_swin,
)
