"""Starts the program: looks before it leaps, shows the window, then opens what was given."""

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inspector import __version__
from inspector.app.startup import leave_a_core_for_the_window, refusal_here

if TYPE_CHECKING:
    from inspector.app.controller import Controller

OUR_FAULT, UNUSABLE = 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Open the window; without a display, compare and write figures instead.

    Returns
    -------
    int
        0 when done, 2 when what was given cannot be used, 1 for a fault of the program.
    """
    refused = refusal_here()
    if refused:
        sys.stderr.write(f"{refused}\n")
        return UNUSABLE
    arguments = parse(argv)
    leave_a_core_for_the_window()
    try:
        return _run(arguments)
    except Exception:  # noqa: BLE001 - around main: every fault ends in a sentence
        sys.stderr.write(
            "This is a fault of ViT Inspector, not of your files. Please report these lines:\n"
            f"{traceback.format_exc()}"
        )
        return OUR_FAULT


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="vit-inspector",
        description="Open vision-transformer checkpoints and images, and see what is inside.",
        epilog="For scripts, without a window: python -m inspector --help",
    )
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="checkpoints, images or folders: the reference A first, then what is compared with it",
    )
    parser.add_argument("--samples", action="store_true", help="open the samples that come with it")
    parser.add_argument(
        "--heads", type=_positive, metavar="N", help="attention heads, where the files do not tell"
    )
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda", "mps"), help="where to compute (default: cpu)"
    )
    parser.add_argument("--reset", action="store_true", help="forget the window's layout and files")
    parser.add_argument("--version", action="version", version=f"ViT Inspector {__version__}")
    return parser.parse_args(argv)


def open_window(arguments: argparse.Namespace) -> "Controller":
    """Show the window and ask the lane for what was given; nothing is awaited."""
    from inspector.app.controller import Controller
    from inspector.app.settings import Settings, load_settings, settings_path

    settings = Settings() if arguments.reset else load_settings(settings_path())
    controller = Controller(settings, device=arguments.device or settings.device)
    controller.commands.choose_theme(settings.theme)
    controller.show()
    if arguments.samples:
        controller.commands.open_samples()
    controller.open_paths(arguments.files, heads=arguments.heads)
    return controller


def _run(arguments: argparse.Namespace) -> int:
    from inspector.app.display import why_no_window

    reason = why_no_window(sys.platform, os.environ)
    if reason:
        from inspector.app.headless import run_headless

        return run_headless(
            reason, arguments.files, heads=arguments.heads, device=arguments.device or "cpu"
        )
    return _run_window(arguments)


def _run_window(arguments: argparse.Namespace) -> int:
    from inspector.app.application import Application
    from inspector.app.crash import faults_written_to
    from inspector.core.folders import log_folder

    application = Application(sys.argv[:1])
    controllers: list[Controller] = []

    def show_fault(trace: str) -> None:
        sys.stderr.write(trace)
        for controller in controllers:
            controller.fault_reported.emit(trace)

    with faults_written_to(log_folder(), show=show_fault):
        controllers.append(open_window(arguments))
        application.file_open_asked.connect(controllers[0].open_one)
        status = application.exec()
        controllers.pop().finish()
    return status


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, not {number}")
    return number
