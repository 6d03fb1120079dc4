"""``modes CKPT --out DIR``: the singular modes of every head."""

import argparse
from pathlib import Path

from inspector.cli.options import (
    add_device,
    add_heads,
    add_product,
    add_section,
    add_weights,
    checkpoint_of,
    mode_options_of,
)
from inspector.cli.terminal import TerminalProgress, tell
from inspector.export.modes_files import modes_files

NAME = "modes"
HELP = "Split the query-key (or value-output) product of every head into its singular modes."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("checkpoint", type=Path, metavar="CKPT", help="a checkpoint")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    add_product(parser)
    add_weights(parser)
    add_heads(parser)
    add_section(parser)
    add_device(parser)


def run(arguments: argparse.Namespace) -> None:
    """Compute, write everything, and say what was left out."""
    with TerminalProgress() as progress:
        report = modes_files(
            checkpoint_of(arguments),
            arguments.out,
            options=mode_options_of(arguments),
            device=arguments.device,
            progress=progress,
        )
    tell(report, arguments.out)
