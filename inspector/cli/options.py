"""Options that several commands take, in the same words."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import cast, get_args

from inspector.core.address import Address
from inspector.core.errors import BadRequest
from inspector.core.images import Function, Plane, Window
from inspector.core.modes import ModeOptions, Product, TokenSpace
from inspector.core.optimal import MOST_TOP
from inspector.core.preparation import Interpolation
from inspector.export.computing import image_file
from inspector.export.sources import CheckpointFile, ImageFile, Wanted

FUNCTIONS: tuple[str, ...] = get_args(Function)


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


def add_at(parser: argparse.ArgumentParser) -> None:
    """``--at S0B7H2``: which head."""
    parser.add_argument(
        "--at",
        type=_head,
        required=True,
        metavar="S0B7H2",
        help="stage, block and head, counted from 0 as in the tree; B7H2 for a model of one stage",
    )


def add_space(parser: argparse.ArgumentParser) -> None:
    """``--space``: which tokens are projected."""
    parser.add_argument(
        "--space",
        type=TokenSpace,
        choices=tuple(TokenSpace),
        default=TokenSpace.ATTENTION_INPUT,
        help="which tokens are projected: what W_q and W_k are applied to (attention-input, the "
        "default), the residual in front of the norm, or the normalised residual with the norm "
        "folded into the weights (normed)",
    )


def add_product(parser: argparse.ArgumentParser) -> None:
    """``--product``: of query and key, or of value and output."""
    parser.add_argument(
        "--product",
        type=Product,
        choices=tuple(Product),
        default=Product.QK,
        help="the product that is split into modes: of query and key (qk, the default), or of "
        "value and output (ov)",
    )


def add_weights(parser: argparse.ArgumentParser) -> None:
    """Which weights the product is of."""
    parser.add_argument(
        "--fold-ln",
        action="store_true",
        help="count gain and offset of the norm in front of attention among the weights",
    )
    parser.add_argument(
        "--augment-bias",
        action="store_true",
        help="count the bias among the weights, as those of an input that is always 1",
    )


def add_folder(parser: argparse.ArgumentParser, which: str) -> None:
    """A checkpoint, a folder of pictures, and where to write."""
    parser.add_argument("checkpoint", type=Path, metavar="CKPT", help="a checkpoint")
    parser.add_argument(
        "folder",
        type=Path,
        metavar="IMAGES",
        help=f"{which}; folders in it are searched too",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")


def add_top(parser: argparse.ArgumentParser, default: int, what: str) -> None:
    """``--top K``: how many pictures are kept of every mode."""
    parser.add_argument(
        "--top",
        type=_top,
        default=default,
        metavar="K",
        help=f"{what}, 1 to {MOST_TOP} (default: {default})",
    )


def add_keeping(parser: argparse.ArgumentParser) -> None:
    """How many pictures at a time, and where what is found of each is kept."""
    parser.add_argument(
        "--batch",
        type=_positive,
        default=32,
        metavar="N",
        help="how many images are read ahead; no number depends on it (default: 32)",
    )
    kept = parser.add_mutually_exclusive_group()
    kept.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        help="where what is found of each image is kept, so that a run that is interrupted goes "
        "on and a second one is answered at once (default: the program's own folder; the command "
        "“cache” shows it)",
    )
    kept.add_argument("--no-cache", action="store_true", help="keep nothing of this run")


def add_slice(parser: argparse.ArgumentParser) -> None:
    """Which picture of an image, and how its values become grey."""
    parser.add_argument("image", type=Path, metavar="IMAGE", help="an image, or a folder of one")
    parser.add_argument(
        "--series",
        type=_count,
        metavar="N",
        help="which image of a folder, counted from 0 (default: the only one)",
    )
    parser.add_argument(
        "--slice",
        type=_count,
        metavar="N",
        help="slice, page or frame, counted from 0 (default: the middle of a volume, else 0)",
    )
    parser.add_argument(
        "--plane",
        type=Plane,
        choices=tuple(Plane),
        metavar="P",
        help="how a volume is cut: stored, axial, coronal or sagittal (default: its first)",
    )
    parser.add_argument(
        "--time", type=_count, default=0, metavar="N", help="point in time, counted from 0"
    )
    tone = parser.add_mutually_exclusive_group()
    tone.add_argument(
        "--window",
        type=_window,
        metavar="C,W",
        help="centre and width of the grey window, as 40,400 (--window=-600,1500 where the centre "
        "is negative), with linear or sigmoid after them where it is one of DICOM's functions; the "
        "file's own, else its range, by default",
    )
    tone.add_argument(
        "--preset", type=_count, metavar="N", help="a window or table of the file, counted from 0"
    )


def add_preparation(parser: argparse.ArgumentParser) -> None:
    """How the image is made into the model's input."""
    parser.add_argument(
        "--size",
        type=_size,
        default=Wanted(),
        metavar="N",
        help="side of the model's input in pixels, or rows and columns as 224x320, or native "
        "(default: as the checkpoint says)",
    )
    parser.add_argument(
        "--fit",
        choices=("squash", "crop", "pad"),
        help="how an image is fitted into that size (default: as the checkpoint says)",
    )
    parser.add_argument(
        "--crop-share",
        type=float,
        metavar="S",
        help="share of the shorter side that a crop keeps, above 0 to 1",
    )
    parser.add_argument(
        "--squash-share",
        type=float,
        metavar="S",
        help="share of both sides that a squash keeps of the centre, above 0 to 1",
    )
    parser.add_argument(
        "--interpolation", choices=get_args(Interpolation), help="of the resize to that size"
    )
    for word, meaning in (("mean", "what is taken off"), ("std", "what is then divided by")):
        parser.add_argument(
            f"--{word}",
            type=_triple,
            metavar="R,G,B",
            help=f"{meaning}, for each channel of values from 0 to 1",
        )


def checkpoint_of(arguments: argparse.Namespace) -> CheckpointFile:
    """The checkpoint, and how it is read."""
    return CheckpointFile(arguments.checkpoint, arguments.heads, arguments.section)


def image_of(arguments: argparse.Namespace) -> ImageFile:
    """The picture that was asked for; the image is opened to find its default slice."""
    found = image_file(
        arguments.image,
        place=arguments.series,
        plane=arguments.plane,
        index=arguments.slice,
        time=arguments.time,
    )
    tone = arguments.preset if arguments.window is None else arguments.window
    return replace(found, tone=tone, preparation=preparation_of(arguments))


def preparation_of(arguments: argparse.Namespace) -> Wanted:
    """How images are prepared otherwise than the model says."""
    size: Wanted = arguments.size
    return replace(
        size,
        fit=arguments.fit,
        crop_share=arguments.crop_share,
        squash_share=arguments.squash_share,
        mean=arguments.mean,
        std=arguments.std,
        interpolation=arguments.interpolation,
    )


def mode_options_of(arguments: argparse.Namespace) -> ModeOptions:
    """How modes are computed."""
    return replace(weights_of(arguments), product=arguments.product)


def weights_of(arguments: argparse.Namespace) -> ModeOptions:
    """Of query and key; the normalised residual belongs to weights with the norm."""
    folded = arguments.fold_ln or getattr(arguments, "space", None) is TokenSpace.NORMED
    return ModeOptions(fold_norm=folded, augment_bias=arguments.augment_bias)


def heads_of(text: str) -> tuple[Address, ...]:
    """The type of an option that takes several heads: ``S0B7H2,S0B8H0``."""
    return tuple(_head(part) for part in text.split(","))


def modes_count(text: str) -> int | None:
    """The type of ``--modes``: a number, or ``all``, which is None."""
    return None if text == "all" else _positive(text)


def pair_of(text: str) -> tuple[int, int]:
    """The type of ``--pair``: two labels as ``1,2``."""
    parts = text.split(",")
    if len(parts) != 2:
        raise argparse.ArgumentTypeError(f"expected two labels as 1,2, not {text}")
    first, second = (_count(part) for part in parts)
    if first == second:
        raise argparse.ArgumentTypeError(f"expected two different labels, not {text}")
    return (first, second)


def _top(text: str) -> int:
    number = _positive(text)
    if number > MOST_TOP:
        raise argparse.ArgumentTypeError(f"expected a number up to {MOST_TOP}, not {text}")
    return number


def _head(text: str) -> Address:
    try:
        address = Address.parse(text)
    except BadRequest as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if address.head is None:
        raise argparse.ArgumentTypeError(f"“{text}” names no head; write it as S0B7H2")
    return address


def _count(text: str) -> int:
    if not (text.isdecimal() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"expected a number of at least 0, not {text}")
    return int(text)


def _window(text: str) -> Window:
    numbers, function = text, "linear_exact"
    if text.count(",") == 2:
        numbers, _, function = text.rpartition(",")
    try:
        centre, width = (float(part) for part in numbers.split(","))
        if function not in FUNCTIONS:
            raise ValueError(function)
        return Window(centre, width, cast("Function", function))
    except BadRequest as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected centre and width as 40,400, not {text}"
        ) from None


def _triple(text: str) -> tuple[float, float, float]:
    try:
        red, green, blue = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected three numbers as 0.5,0.5,0.5, not {text}"
        ) from None
    return (red, green, blue)


def _size(text: str) -> Wanted:
    if text == "native":
        return Wanted(native=True)
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(part.isdecimal() and len(part) < 6 for part in parts):
        raise argparse.ArgumentTypeError(f"expected 224, 224x320 or native, not {text}")
    sides = [int(part) for part in parts]
    return Wanted(size=(sides[0], sides[-1]))
