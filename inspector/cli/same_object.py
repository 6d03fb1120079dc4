"""``same-object CKPT IMAGES --labels DIR --out DIR``: do query and key lie on one object."""

import argparse
from pathlib import Path

from inspector.cli.options import (
    add_device,
    add_folder,
    add_heads,
    add_keeping,
    add_preparation,
    add_section,
    add_top,
)
from inspector.cli.scanning import scanning
from inspector.cli.terminal import tell
from inspector.core.measuring import MaskFolders
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
    add_preparation(parser)
    add_keeping(parser)
    add_heads(parser)
    add_section(parser)
    add_device(parser)


def run(arguments: argparse.Namespace) -> None:
    """Run the model on every image that has a label map and write the probabilities."""
    masks = MaskFolders("same-object", arguments.folder, labels=arguments.labels)
    with scanning(arguments) as scan:
        report = same_object_files(scan, masks, top=arguments.top)
    if report is not None:
        tell(report, arguments.out)
