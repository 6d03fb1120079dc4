"""Options that several commands take, in the same words."""

import argparse


def add_heads(parser: argparse.ArgumentParser) -> None:
    """``--heads N``: for checkpoints that do not say how many attention heads they have."""
    parser.add_argument(
        "--heads",
        type=_positive,
        metavar="N",
        help="number of attention heads, where the file does not tell it and the assumed number "
        "is wrong (in a model of several stages: of the first)",
    )


def add_section(parser: argparse.ArgumentParser) -> None:
    """``--section NAME``: which set of weights of a file that holds several."""
    parser.add_argument(
        "--section",
        metavar="NAME",
        help="which set of weights to read where a file holds several, as teacher or student",
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """``--device``: where to compute."""
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda", "mps"),
        default="auto",
        help="where to compute; auto takes a GPU where there is one (default: auto)",
    )


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() and len(text) < 10 else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, not {text}")
    return number
