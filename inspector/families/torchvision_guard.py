"""Let timm import where torchvision's compiled operators cannot be loaded.

timm imports torchvision and uses none of its operators. A torchvision whose compiled part does not
fit the installed torch (one built for CUDA beside a torch for the CPU) still imports once the two
operators that it describes unguarded are declared. A torchvision that imports is left alone.
"""

import importlib
import re
import sys

from inspector.core.errors import CannotRun

_MISSING = re.compile(r"operator torchvision::(q?nms) does not exist")
_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_MOST_TRIES = 4
_ADVICE = "Install the torchvision that belongs to the installed torch, then start again."

# torch forgets what a library declared once the library is collected.
_DECLARED: list[object] = []


def prepare_torchvision() -> None:
    """Import torchvision, declaring what is missing; call it before importing timm.

    The declared operators are names only: calling one is an error, and nothing here calls one.

    Raises
    ------
    CannotRun
        When torchvision is not installed, or does not import for another reason.
    """
    declared: set[str] = set()
    for _ in range(_MOST_TRIES):
        try:
            importlib.import_module("torchvision")
        except (ImportError, RuntimeError, OSError) as error:
            found = _MISSING.search(str(error))
            if found is None or found[1] in declared:
                raise _refusal(error) from error
            _forget_half_imported()
            _declare(found[1])
            declared.add(found[1])
        else:
            return
    raise _refusal(None)


def _declare(operator: str) -> None:
    from torch.library import Library

    library = Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    library.define(operator + _SCHEMA)  # type: ignore[no-untyped-call]
    _DECLARED.append(library)


def _forget_half_imported() -> None:
    """A failed import leaves submodules behind that would be taken for whole ones."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]


def _refusal(error: BaseException | None) -> CannotRun:
    reason = f": {error}" if error else ""
    return CannotRun(
        "torchvision, which running a model needs, cannot be imported"
        + (f"{reason}." if not reason.endswith(".") else reason),
        advice=_ADVICE,
        details=repr(error),
    )
