"""float32 that is float32: graphics processors round the factors of products to ten bits else."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


@contextmanager
def full_precision(device: torch.device) -> Iterator[None]:
    """While it lasts, CUDA multiplies and convolves in float32 and not in TensorFloat-32.

    By default convolutions do not, and the patch embedding is one: the residuals would differ from
    the processor's in the fourth digit. The settings are torch's own and restored at the end; on
    other devices nothing is set.
    """
    if device.type != "cuda":
        yield
        return
    backends: Any = torch.backends
    settings = (backends.cuda.matmul, backends.cudnn.conv)
    before = [setting.fp32_precision for setting in settings]
    try:
        for setting in settings:
            setting.fp32_precision = "ieee"
        yield
    finally:
        for setting, precision in zip(settings, before, strict=True):
            setting.fp32_precision = precision
