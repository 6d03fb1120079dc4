"""``anisotropy CKPT FOLDER --out DIR``: how alike the tokens of different images are."""

import argparse
from pathlib import Path

from inspector.cli.options import (
    add_device,
    add_heads,
    add_preparation,
    add_product,
    add_section,
    add_space,
    add_weights,
    checkpoint_of,
    mode_options_of,
    preparation_of,
)
from inspector.cli.terminal import TerminalProgress, tell
from inspector.export.anisotropy_files import anisotropy_files

NAME = "anisotropy"
HELP = "Mean cosine between the centre patches of different images, over all blocks."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("checkpoint", type=Path, metavar="CKPT", help="a checkpoint")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a folder of images")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    add_space(parser)
    add_product(parser)
    add_weights(parser)
    add_preparation(parser)
    add_heads(parser)
    add_section(parser)
    add_device(parser)


def run(arguments: argparse.Namespace) -> None:
    """Run the model on every image and write the curve."""
    with TerminalProgress() as progress:
        report = anisotropy_files(
            checkpoint_of(arguments),
            arguments.folder,
            arguments.out,
            space=arguments.space,
            options=mode_options_of(arguments),
            preparation=preparation_of(arguments),
            device=arguments.device,
            progress=progress,
        )
    tell(report, arguments.out)
