"""A short program, written beside a figure, that draws it again through the public functions."""

from collections.abc import Iterable

from inspector import __version__
from inspector.core.address import Address
from inspector.core.figures import FigureKind, FigureStyle
from inspector.core.map_style import MapStyle
from inspector.core.modes import ModeOptions
from inspector.core.optimal import OptimalOptions

_ALWAYS = (
    "from inspector.core.figures import FigureFormat, FigureKind, FigureStyle",
    "from inspector.export.figure import draw_figure, save_figure",
)


def script_text(
    name: str, kind: FigureKind, style: FigureStyle, imports: Iterable[str], body: Iterable[str]
) -> str:
    """The text of ``name.py``.

    The same files give the same bytes on the same device with the same versions, which stand in
    the provenance beside it; on another device the numbers agree to rounding.

    Parameters
    ----------
    imports
        Lines that `body` needs.
    body
        Lines that compute ``content``.
    """
    ending = style.format.value
    lines = [
        f'"""Draws {name}.{ending} again from its files. Written by ViT Inspector {__version__}.',
        "",
        f"Hashes of files and versions are in the JSON beside it. Usage: python {name}.py [FILE]",
        '"""',
        "",
        "import sys",
        "from pathlib import Path",
        "",
        *sorted({*imports, *_ALWAYS}),
        "",
        *body,
        f"style = {style_text(style)}",
        f"figure = draw_figure(FigureKind.{kind.name}, content, style=style)",
        f"path = Path(sys.argv[1] if len(sys.argv) > 1 else {f'{name}-again.{ending}'!r})",
        "save_figure(figure, path, style=style)",
        'print(f"{path} written")',
    ]
    return "\n".join(lines) + "\n"


def style_text(style: FigureStyle) -> str:
    """As Python."""
    parts = [
        f"width_mm={style.width_mm!r}",
        f"format=FigureFormat.{style.format.name}",
        f"dpi={style.dpi}",
        f"modes={style.modes}",
    ]
    return f"FigureStyle({', '.join(parts)})"


def device_text(device: str) -> str:
    """The call that resolves a device: the processor where that was taken, else what is best."""
    chosen = "cpu" if device.lower().startswith("cpu") else "auto"
    return f"resolve_device({chosen!r})"


def map_style_text(style: MapStyle) -> str:
    """As Python."""
    parts = [
        f"pair=ColourPair.{style.pair.name}",
        *(
            f"{name}={getattr(style, name)!r}"
            for name in ("opacity", "dim", "limits", "smooth", "grid", "flipped", "seen")
        ),
    ]
    return f"MapStyle({', '.join(parts)})"


def mode_options_text(options: ModeOptions) -> str:
    """As Python."""
    parts = [f"Product.{options.product.name}"]
    parts += [f"fold_norm={options.fold_norm}", f"augment_bias={options.augment_bias}"]
    return f"ModeOptions({', '.join(parts)})"


def optimal_options_text(options: OptimalOptions) -> str:
    """As Python."""
    parts = [f"modes={options.modes}", f"options={mode_options_text(options.options)}"]
    parts += [f"space=TokenSpace.{options.space.name}", f"compat={options.compat}"]
    return f"OptimalOptions({', '.join(parts)})"


def address_text(address: Address) -> str:
    """As Python."""
    found = (address.stage, address.block, address.head, address.mode)
    parts = [str(part) for part in found if part is not None]
    return f"Address({', '.join(parts)})"
