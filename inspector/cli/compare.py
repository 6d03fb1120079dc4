"""``compare A B [B2 ...] --out DIR``: what changed in Q, K and V, as tables and figures."""

import argparse
from pathlib import Path

from inspector.cli.options import add_device, add_heads, add_section
from inspector.cli.terminal import TerminalProgress, tell
from inspector.export.compare_files import compare_files

NAME = "compare"
HELP = "Compare the query, key and value matrices of a reference with one or more checkpoints."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("reference", type=Path, metavar="A", help="the reference checkpoint")
    parser.add_argument(
        "compared",
        type=Path,
        nargs="+",
        metavar="B",
        help="the checkpoints compared to it; several are a series, as the epochs of a training",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    parser.add_argument(
        "--axis",
        choices=("out", "in"),
        default="out",
        help="a vector is a row of the weight, one output feature (out, the default), or a "
        "column of each of Q, K and V, one input feature (in)",
    )
    add_heads(parser)
    add_section(parser)
    add_device(parser)


def run(arguments: argparse.Namespace) -> None:
    """Compare, write everything, and print what was found."""
    with TerminalProgress() as progress:
        report = compare_files(
            [arguments.reference, *arguments.compared],
            arguments.out,
            axis=arguments.axis,
            heads=arguments.heads,
            section=arguments.section,
            device=arguments.device,
            progress=progress,
        )
    tell(report, arguments.out)
