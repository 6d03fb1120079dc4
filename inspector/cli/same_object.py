"""``same-object CKPT IMAGES --labels DIR --out DIR``: do query and key lie on one object."""

import argparse
from pathlib import Path

from inspector.cli.options import add_folder, add_space, add_top, add_weights, weights_of
from inspector.cli.scanning import add_running, scan_and_tell
from inspector.core.measuring import MaskFolders
from inspector.core.optimal import OptimalOptions
from inspector.core.same_object import DEFAULT_TOP
from inspector.export.same_object_files import same_object_files

NAME = "same-object"
HELP = "Measure how often the query map and the key map of a mode favour the same object."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_folder(parser, "a folder of images, volumes slice by slice")
    parser.add_argument(
        "--labels",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder of label maps: files of the same names as the images, in which 0 is no object "
        "and every other value is one",
    )
    add_top(parser, DEFAULT_TOP, "how many images a mode's probability is the mean of")
    add_space(parser)
    add_weights(parser)
    add_running(parser)


def run(arguments: argparse.Namespace) -> None:
    """Run the model on every image that has a label map and write the probabilities."""
    masks = MaskFolders("same-object", arguments.folder, labels=arguments.labels)
    options = OptimalOptions(None, weights_of(arguments), arguments.space)
    scan_and_tell(
        arguments, lambda scan: same_object_files(scan, masks, options, top=arguments.top)
    )
