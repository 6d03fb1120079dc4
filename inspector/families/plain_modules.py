"""Small modules that published plain transformers have and timm's classes lack."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class GreyInput(nn.Module):
    """The one channel of a model for grey pictures, from the three channels of a prepared image."""

    def forward(self, pixels: Tensor) -> Tensor:
        """(batch, 3, rows, columns) -> (batch, 1, rows, columns)."""
        return pixels.mean(dim=1, keepdim=True)


class NormedPatchEmbedding(nn.Module):
    """Norm of the flat patch, linear layer, norm of the token (vit-pytorch).

    The patches are flattened with their colours first, as the kernel is; the norm's own weights are
    brought into that order when it is filled.
    """

    def __init__(
        self, kernel: tuple[int, int, int, int], grid: tuple[int, int], eps: float
    ) -> None:
        super().__init__()
        width, channels, rows, columns = kernel
        self.grid_size = grid
        self.patch_size = (rows, columns)
        self.proj = nn.Conv2d(channels, width, (rows, columns))
        self.flat_norm = nn.LayerNorm(channels * rows * columns, eps=eps)
        self.norm = nn.LayerNorm(width, eps=eps)

    def forward(self, pixels: Tensor) -> Tensor:
        """(batch, channels, rows, columns) -> (batch, rows, columns, d) of patches."""
        high, wide = self.patch_size
        batch, channels, rows, columns = pixels.shape
        cut = pixels.reshape(batch, channels, rows // high, high, columns // wide, wide)
        flat = self.flat_norm(cut.permute(0, 2, 4, 1, 3, 5).flatten(3))
        token: Tensor = self.norm(
            functional.linear(flat, self.proj.weight.flatten(1), self.proj.bias)
        )
        return token


class ClassAndMean(nn.Module):
    """The class token beside the mean of the others (the classifiers of DINOv2)."""

    def __init__(self, left_out: int) -> None:
        super().__init__()
        self.left_out = left_out

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, tokens, d) -> (batch, 2 d); the first `left_out` tokens are not averaged."""
        return torch.cat([tokens[:, 0], tokens[:, self.left_out :].mean(dim=1)], dim=-1)


class FirstTokens(nn.Module):
    """The class token and the distillation token."""

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, tokens, d) -> (batch, 2, d)."""
        return tokens[:, :2]


class DistilledHeads(nn.Module):
    """The mean of two classifiers, of the class token and of the distillation token."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.of_class = nn.Linear(width, classes)
        self.of_distillation = nn.Linear(width, classes)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, 2, d) -> (batch, classes)."""
        both: Tensor = self.of_class(tokens[:, 0]) + self.of_distillation(tokens[:, 1])
        return both / 2
