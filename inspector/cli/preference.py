"""``preference CKPT IMAGES --targets DIR --distractors DIR --out DIR``: what attention prefers."""

import argparse
from pathlib import Path

from inspector.cli.options import add_folder, pair_of
from inspector.cli.scanning import add_running, scan_and_tell
from inspector.core.errors import BadRequest
from inspector.core.measuring import MaskFolders
from inspector.export.preference_files import preference_files

NAME = "preference"
HELP = "Measure whether attention from a target, and a distractor, goes to its like."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_folder(parser, "a folder of images, volumes slice by slice")
    for word, what in (
        ("targets", "masks of the target"),
        ("distractors", "masks of the distractors"),
        ("background", "masks of the background (default: all that neither of the others covers)"),
        ("labels", "label maps, with --pair, in place of masks"),
    ):
        parser.add_argument(
            f"--{word}",
            type=Path,
            metavar="DIR",
            help=f"folder of {what}; files of the same names as the images",
        )
    parser.add_argument(
        "--pair",
        type=pair_of,
        metavar="A,B",
        help="the labels of target and distractor in the label maps, as 1,2",
    )
    add_running(parser)


def run(arguments: argparse.Namespace) -> None:
    """Run the model on every image that has masks and write what attention prefers."""
    masks = masks_of(arguments)
    scan_and_tell(arguments, lambda scan: preference_files(scan, masks))


def masks_of(arguments: argparse.Namespace) -> MaskFolders:
    """The masks, or label maps with a pair of labels, that were given.

    Raises
    ------
    BadRequest
        When neither or both were given, or in part.
    """
    masks = (arguments.targets, arguments.distractors, arguments.background)
    labels, pair = arguments.labels, arguments.pair
    if labels is None and pair is None and None in masks[:2]:
        raise BadRequest(
            "What is target and what is distractor was not given.",
            advice="Give --targets DIR and --distractors DIR, or --labels DIR and --pair A,B.",
        )
    if (labels is not None or pair is not None) and masks != (None, None, None):
        raise BadRequest(
            "Masks and label maps were given, but only one of them can be followed.",
            advice="Give --targets and --distractors, or --labels and --pair.",
        )
    if (labels is None) != (pair is None):
        missing = "--pair A,B" if pair is None else "--labels DIR"
        raise BadRequest(
            f"Of label maps, the folder and a pair of labels are needed: {missing} is missing.",
            advice="Give both, as --labels DIR --pair 1,2.",
        )
    return MaskFolders("preference", arguments.folder, *masks, labels, pair)
