"""An open checkpoint: what it lists, and how a tensor of it is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from inspector.checkpoints.damage import refused_as_damaged

Array = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class LazyTensor:
    """A tensor that is listed but not read.

    Parameters
    ----------
    name, shape
        As the file has them.
    dtype
        torch's word for it: ``float32``, ``bfloat16``, ``float8_e4m3fn``, ``int64``...
    read
        Reads it. Types that numpy has come as a read-only view of the mapped file (nothing is
        copied); bfloat16 and float8 are decoded to float32, exactly.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], Array] = field(repr=False)

    @property
    def size(self) -> int:
        """Number of elements; 1 for a scalar."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def is_floating(self) -> bool:
        """Whether it holds real numbers: a weight, not an index or a counter."""
        return self.dtype.startswith(("float", "bfloat"))

    def numpy(self) -> Array:
        """Read it: an array of `shape`, read-only.

        Raises
        ------
        BadCheckpoint
            When the file has changed or was closed, or the numbers cannot be unpacked.
        """
        with refused_as_damaged(self.name):
            return self.read()


@dataclass(frozen=True, slots=True)
class Section:
    """One set of weights in a file: ``state_dict``, ``teacher``, ``student``, ``ema_state_dict``.

    `name` is the path of keys that leads there, joined by dots; empty for the file's top level.
    """

    name: str
    tensors: int
    elements: int


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a file holds; close it, or use it in a ``with`` statement, to unmap the file.

    Parameters
    ----------
    path
        The file or folder that was opened.
    files
        Every file that was read (shards, index, configuration), for hashes.
    container
        In words: ``torch zip``, ``legacy torch pickle``, ``safetensors``, ``sharded
        safetensors``, ``Hugging Face folder``, ``npz``...
    tensors
        The tensors of the chosen section, in file order, by their name below it.
    section, sections
        The section that is listed, and all that the file has.
    config
        Plain values by where they were found: ``mmengine`` (the parsed ``meta.cfg``),
        ``huggingface`` (``config.json``), ``timm``, ``args``, ``module`` (of a whole pickled one).
    meta
        Plain values beside the weights: ``epoch``, ``iter``, ``mmengine_version``...
    foreign
        Classes and functions that the file named and that were replaced by inert stand-ins.
    notes
        Sentences on what was seen through, skipped or left unread.
    close_files
        Unmaps and closes everything.
    """

    path: Path
    files: tuple[Path, ...]
    container: str
    tensors: Mapping[str, LazyTensor]
    section: str = ""
    sections: tuple[Section, ...] = ()
    config: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    meta: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    foreign: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    close_files: Callable[[], None] = field(default=lambda: None, repr=False)

    def close(self) -> None:
        """Unmap the file; arrays already read as views keep their own hold on the map."""
        self.close_files()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
