"""``maps CKPT IMAGE --at S0B7H2 --mode 0 --out DIR``: query map and key map of one mode."""

import argparse
from dataclasses import replace
from pathlib import Path

from inspector.cli.options import (
    add_at,
    add_device,
    add_heads,
    add_preparation,
    add_product,
    add_section,
    add_slice,
    add_space,
    add_weights,
    checkpoint_of,
    image_of,
    mode_options_of,
)
from inspector.cli.terminal import TerminalProgress, tell
from inspector.export.maps_files import maps_files

NAME = "maps"
HELP = "Project the tokens of an image on one mode of a head: query map, key map and overlay."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("checkpoint", type=Path, metavar="CKPT", help="a checkpoint")
    add_slice(parser)
    add_at(parser)
    parser.add_argument(
        "--mode", type=int, metavar="M", help="mode of the head, counted from 0 (default: 0)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    add_space(parser)
    add_product(parser)
    add_weights(parser)
    add_preparation(parser)
    add_heads(parser)
    add_section(parser)
    add_device(parser)


def run(arguments: argparse.Namespace) -> None:
    """Run the model on the image and write the maps."""
    address = arguments.at
    mode = (address.mode or 0) if arguments.mode is None else arguments.mode
    with TerminalProgress() as progress:
        report = maps_files(
            checkpoint_of(arguments),
            image_of(arguments),
            replace(address, mode=mode),
            arguments.out,
            space=arguments.space,
            options=mode_options_of(arguments),
            device=arguments.device,
            progress=progress,
        )
    tell(report, arguments.out)
