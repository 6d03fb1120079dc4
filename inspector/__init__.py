"""ViT Inspector: what is inside vision-transformer checkpoints, and what fine-tuning changed."""

__version__ = "0.1.0"
