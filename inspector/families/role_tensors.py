"""The tensors of a model by role, for a module that is to be filled with them."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from inspector.core.errors import CannotRun
from inspector.families.model import Model

_SHOWN = 4


class RoleTensors:
    """Reads tensors by role (as `ModelOutline.roles` names them) and knows which were not used."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._stored = model.outline.roles()
        self._used: set[str] = set()

    def __contains__(self, role: str) -> bool:
        return role in self._stored

    def shape(self, role: str) -> tuple[int, ...]:
        """The shape it is read with."""
        return tuple(self._model.read(self._stored[role]).shape)

    def read(self, role: str) -> Tensor:
        """A copy in float32 that does not depend on the file.

        Raises
        ------
        CannotRun
            When the model has no such role.
        """
        stored = self._stored.get(role)
        if stored is None:
            raise CannotRun(
                f"The file has no “{role}”, which its model needs to be run.",
                advice="Its weights can still be looked at.",
            )
        self._used.add(role)
        return torch.from_numpy(np.array(self._model.read(stored), np.float32))

    def set_aside(self, role: str) -> None:
        """Note that a role is knowingly not used (a mask token, a second classifier)."""
        self._used.add(role)

    def unused(self) -> tuple[str, ...]:
        """The roles neither read nor set aside."""
        return tuple(role for role in self._stored if role not in self._used)

    def refuse_unused(self, architecture: str) -> None:
        """Check that everything in the outline has found its place.

        Raises
        ------
        CannotRun
            When something was left over: the module would compute something else than the model.
        """
        left = self.unused()
        if left:
            more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
            named = ", ".join(f"“{role}”" for role in left[:_SHOWN])
            raise CannotRun(
                f"The model has parts that {architecture} has no place for: {named}{more}.",
                advice="Its weights can still be looked at.",
                details="\n".join(left),
            )


def filled(make: Callable[[], nn.Module], tensors: Mapping[str, Tensor], device: str) -> nn.Module:
    """Make a module that holds these tensors by parameter name, ready to run.

    It is made without memory for its weights, so nothing is drawn at random first. In evaluation
    mode, without gradients, on `device` with all its tables.

    Raises
    ------
    CannotRun
        When a parameter of the module is not given, does not fit, or there is none of that name.
    """
    with torch.device("meta"):
        module = make()
    wanted = {name: tuple(p.shape) for name, p in module.state_dict().items()}
    given = {name: tuple(t.shape) for name, t in tensors.items()}
    if wanted != given:
        raise CannotRun(_difference(wanted, given), advice="Its weights can still be looked at.")
    module.load_state_dict(tensors, assign=True)
    _compute_tables(module)
    return module.eval().requires_grad_(False).to(device)


def _compute_tables(module: nn.Module) -> None:
    """Give memory to what is computed and not stored, and compute it (timm's own methods do)."""
    for part in module.modules():
        empty = [name for name, table in part.named_buffers(recurse=False) if table.is_meta]
        for name in empty:
            setattr(part, name, torch.empty_like(getattr(part, name), device="cpu"))
        if empty:
            part.init_non_persistent_buffers()  # type: ignore[operator]


def _difference(wanted: Mapping[str, tuple[int, ...]], given: Mapping[str, tuple[int, ...]]) -> str:
    for name, shape in wanted.items():
        if name not in given:
            return f"The file has nothing for “{name}”, which the model needs to be run."
        if given[name] != shape:
            return (
                f"“{name}” was expected to be {_written(shape)}; the file has "
                f"{_written(given[name])}."
            )
    extra = next(name for name in given if name not in wanted)
    return f"The file has a “{extra}”, for which the model that would be run has no place."


def _written(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "a single number"
