"""``anisotropy CKPT FOLDER --out DIR``: how alike the tokens of different images are."""

import argparse

from inspector.cli.options import add_folder, add_product, add_space, add_weights, mode_options_of
from inspector.cli.scanning import add_running, scan_and_tell
from inspector.export.anisotropy_files import anisotropy_files

NAME = "anisotropy"
HELP = "Mean cosine between the centre patches of different images, over all blocks."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_folder(parser, "a folder of images; of volumes the middle slice is taken")
    add_space(parser)
    add_product(parser)
    add_weights(parser)
    add_running(parser)


def run(arguments: argparse.Namespace) -> None:
    """Run the model on every image and write the curve."""
    options = mode_options_of(arguments)
    scan_and_tell(arguments, lambda scan: anisotropy_files(scan, arguments.space, options))
