"""The command line: reads the arguments, runs a command, turns errors into sentences."""

import argparse
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from inspector import __version__
from inspector.cli import (
    anisotropy,
    attend,
    cache,
    compare,
    maps,
    modes,
    optimal,
    preference,
    same_object,
    tree,
)
from inspector.cli.telling import say
from inspector.core.errors import Cancelled, InspectorError

COMMANDS = (
    *(tree, compare, modes, maps, attend),
    *(optimal, preference, same_object, anisotropy, cache),
)

DONE = 0
OUR_FAULT = 1
UNUSABLE = 2
INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one sentence."""

    def error(self, message: str) -> NoReturn:
        sentence = message[:1].upper() + message[1:].rstrip(".")
        self.exit(_tell(f"{sentence}. Try “{self.prog} --help”.", UNUSABLE))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        0 when done, 2 when what was given cannot be used (one sentence on standard error), 1 for
        a fault of the program, 130 when interrupted.
    """
    arguments = _parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except InspectorError as error:
        return _tell(str(error), UNUSABLE)
    except (KeyboardInterrupt, Cancelled) as error:
        return _tell(str(error) or "Interrupted; files written before are whole.", INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        return DONE
    except Exception:  # noqa: BLE001 - the boundary: every fault ends in a sentence
        return _tell(
            "This is a fault of ViT Inspector, not of your files. Please report these lines:\n"
            + traceback.format_exc(),
            OUR_FAULT,
        )
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m inspector",
        description="Look inside vision-transformer checkpoints. Nothing in a file is executed.",
    )
    parser.add_argument("--version", action="version", version=f"ViT Inspector {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        sub = commands.add_parser(command.NAME, help=command.HELP, description=command.HELP)
        command.add_arguments(sub)
        sub.set_defaults(run=command.run)
    return parser


def _tell(sentence: str, status: int) -> int:
    say(sentence.rstrip())
    return status
