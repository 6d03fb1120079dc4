"""``anisotropy CKPT FOLDER --out DIR``: how alike the tokens of different images are."""

import argparse

from inspector.cli.options import (
    add_device,
    add_folder,
    add_heads,
    add_keeping,
    add_preparation,
    add_product,
    add_section,
    add_space,
    add_weights,
    mode_options_of,
)
from inspector.cli.scanning import scanning
from inspector.cli.terminal import tell
from inspector.export.anisotropy_files import anisotropy_files

NAME = "anisotropy"
HELP = "Mean cosine between the centre patches of different images, over all blocks."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_folder(parser, "a folder of images; of volumes the middle slice is taken")
    add_space(parser)
    add_product(parser)
    add_weights(parser)
    add_preparation(parser)
    add_keeping(parser)
    add_heads(parser)
    add_section(parser)
    add_device(parser)


def run(arguments: argparse.Namespace) -> None:
    """Run the model on every image and write the curve."""
    options = mode_options_of(arguments)
    with scanning(arguments) as scan:
        report = anisotropy_files(scan, arguments.space, options)
    if report is not None:
        tell(report, arguments.out)
