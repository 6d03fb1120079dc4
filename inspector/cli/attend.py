"""``attend CKPT IMAGE --at S0B7H2 --token R,C --out DIR``: what one token attends to."""

import argparse
from dataclasses import replace
from pathlib import Path

from inspector.cli.options import (
    add_at,
    add_device,
    add_heads,
    add_preparation,
    add_section,
    add_slice,
    checkpoint_of,
    image_of,
)
from inspector.cli.terminal import TerminalProgress, tell
from inspector.export.attend_files import attend_files

NAME = "attend"
HELP = "Show what a token of an image attends to, and which modes make the score of a pair."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("checkpoint", type=Path, metavar="CKPT", help="a checkpoint")
    add_slice(parser)
    add_at(parser)
    parser.add_argument(
        "--token",
        required=True,
        metavar="R,C",
        help="row and column of the attending patch, counted from 0, or a prefix token as CLS",
    )
    parser.add_argument(
        "--key", metavar="R,C", help="the attended token, in the same form: splits their score"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    add_preparation(parser)
    add_heads(parser)
    add_section(parser)
    add_device(parser)


def run(arguments: argparse.Namespace) -> None:
    """Run the model on the image and write the token's attention."""
    with TerminalProgress() as progress:
        report = attend_files(
            checkpoint_of(arguments),
            image_of(arguments),
            replace(arguments.at, mode=None),
            arguments.out,
            token=arguments.token,
            key=arguments.key,
            device=arguments.device,
            progress=progress,
        )
    tell(report, arguments.out)
