"""Models that run, built once and kept; used in the lane's thread only."""

from collections import OrderedDict
from collections.abc import Collection
from typing import TYPE_CHECKING

from inspector.core.errors import CannotRun
from inspector.families.model import Model

if TYPE_CHECKING:
    from inspector.families.network import Network

KEPT = 2


class NeverRuns(CannotRun):
    """The model cannot be run on any image."""


class Networks:
    """The networks used last; that a model cannot run is remembered too."""

    def __init__(self) -> None:
        self._built: OrderedDict[tuple[int, str], Network] = OrderedDict()
        self._refused: dict[tuple[int, str], NeverRuns] = {}

    def of(self, model: Model, device: str) -> "Network":
        """Build the network of a model, or take the one there is.

        Raises
        ------
        NeverRuns
            When the model in the checkpoint cannot be run.
        """
        from inspector.families.running import build_network

        key = (id(model), device)
        if key in self._refused:
            known = self._refused[key]
            raise NeverRuns(known.message, advice=known.advice, details=known.details)
        if key not in self._built:
            try:
                self._built[key] = build_network(model, device=device)
            except CannotRun as error:
                told = {"advice": error.advice, "details": error.details}
                self._refused[key] = NeverRuns(error.message, **told)
                raise NeverRuns(error.message, **told) from error
        self._built.move_to_end(key)
        while len(self._built) > KEPT:
            self._built.popitem(last=False)
        return self._built[key]

    def keep(self, models: Collection[int]) -> None:
        """Let go of those whose model, by its `id`, is open no more."""
        for known in (self._built, self._refused):
            for key in [key for key in known if key[0] not in models]:
                del known[key]
