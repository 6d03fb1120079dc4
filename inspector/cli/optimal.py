"""``optimal CKPT FOLDER --out DIR``: which images excite the modes most."""

import argparse

from inspector.cli.options import (
    add_folder,
    add_top,
    add_weights,
    heads_of,
    modes_count,
    weights_of,
)
from inspector.cli.scanning import add_running, scan_and_tell
from inspector.core.errors import BadRequest
from inspector.core.modes import TokenSpace
from inspector.core.optimal import DEFAULT_MODES, DEFAULT_TOP, OptimalOptions
from inspector.export.optimal_files import optimal_files

NAME = "optimal"
HELP = "Find the images of a folder that excite every mode of every head most."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_folder(parser, "a folder of images, volumes slice by slice")
    add_top(parser, DEFAULT_TOP, "how many images are found for each mode and sign")
    parser.add_argument(
        "--modes",
        type=modes_count,
        default=DEFAULT_MODES,
        metavar="N",
        help=f"the first so many modes of every head, or all (default: {DEFAULT_MODES})",
    )
    parser.add_argument(
        "--compat",
        action="store_true",
        help="score as the published code does: the residual is projected, and two negative maxima "
        "make a positive score",
    )
    parser.add_argument(
        "--figures",
        type=heads_of,
        action="append",
        default=[],
        metavar="S0B7H2,...",
        help="draw the galleries of these heads, both signs; may be given more than once",
    )
    parser.add_argument(
        "--space",
        type=TokenSpace,
        choices=tuple(TokenSpace),
        help="which tokens are projected (default: attention-input; with --compat: residual)",
    )
    add_weights(parser)
    add_running(parser)


def run(arguments: argparse.Namespace) -> None:
    """Run the model on every image and write what was found."""
    options = options_of(arguments)
    heads = tuple(dict.fromkeys(head for given in arguments.figures for head in given))
    scan_and_tell(
        arguments, lambda scan: optimal_files(scan, options, top=arguments.top, heads=heads)
    )


def options_of(arguments: argparse.Namespace) -> OptimalOptions:
    """How optimal images are found.

    Raises
    ------
    BadRequest
        When the published scoring is asked for on other tokens than it takes.
    """
    space = arguments.space
    if arguments.compat and space not in (None, TokenSpace.RESIDUAL):
        raise BadRequest(
            f"The published scoring projects the residual, not {space}.",
            advice="Leave --space out, or --compat.",
        )
    if space is None:
        space = TokenSpace.RESIDUAL if arguments.compat else TokenSpace.ATTENTION_INPUT
    return OptimalOptions(arguments.modes, weights_of(arguments), space, arguments.compat)
