"""What the names that torch and numpy write into a pickle mean; all other names stay inert."""

from collections.abc import Callable
from typing import Any

import numpy as np

from inspector.checkpoints.number_types import TYPES
from inspector.checkpoints.pickle_values import (
    ArrayRecord,
    DtypeRecord,
    Global,
    Instance,
    Span,
    Storage,
    TensorRecord,
    Unreadable,
)
from inspector.core.errors import BadCheckpoint

Args = tuple[Any, ...]
_MOST_FOREIGN = 1000
_MOST_COPIED = 32 << 20
_BYTES_OF_A_MEMBER = 128
_MOST_AXES = 64

_STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
    "UntypedStorage": "uint8",
    "_UntypedStorage": "uint8",
    "QInt8Storage": "qint8",
    "QUInt8Storage": "quint8",
    "QInt32Storage": "qint32",
    "QUInt4x2Storage": "quint4x2",
    "QUInt2x4Storage": "quint2x4",
}
_STORAGE_MODULES = ("torch", "torch.cuda", "torch.storage")
_WORDS = {
    "double": "float64",
    "float": "float32",
    "half": "float16",
    "long": "int64",
    "int": "int32",
    "short": "int16",
    "cdouble": "complex128",
    "cfloat": "complex64",
    "chalf": "complex32",
}
_NUMPY = (
    "numpy.core.multiarray",
    "numpy._core.multiarray",
    "numpy.core.numeric",
    "numpy._core.numeric",
)


class Rebuild:
    """Gives meaning to names, calls and persistent ids, and keeps the foreign names it met."""

    def __init__(self) -> None:
        self._foreign: dict[str, None] = {}
        self._names: dict[tuple[str, str], Global] = {}
        self._spent = 0
        self.storages: dict[str, Storage] = {}

    @property
    def foreign(self) -> tuple[str, ...]:
        """Names of classes and functions that stayed inert, sorted."""
        return tuple(sorted(self._foreign))

    def name(self, module: str, name: str) -> Global:
        """The inert stand-in of a class or function."""
        known = self._names.get((module, name))
        if known is not None:
            return known
        made = self._names[module, name] = Global(module, name)
        if not _is_known(made) and len(self._foreign) < _MOST_FOREIGN:
            self._foreign[str(made)[:200]] = None
        return made

    def call(self, function: Any, args: Args) -> Any:
        """What a call stands for: a record we understand, or an inert `Instance`."""
        if not isinstance(function, Global):
            return Instance(None, args)
        meaning = _MEANINGS.get((function.module, function.name))
        if meaning is not None:
            if meaning is not _tensor or list in map(type, args[2:4]):
                self._charge(args)
            return meaning(*args)
        if function.module == "torch._utils" and function.name.startswith("_rebuild_"):
            return Unreadable(f"written by {function.name}")
        return Instance(function, args)

    def _charge(self, args: Args) -> None:
        """Limit what calls may copy: a text that is stored once can be named a million times."""
        for arg in args:
            if isinstance(arg, str | bytes):
                self._spent += len(arg)
            elif isinstance(arg, list):
                self._spent += len(arg) * _BYTES_OF_A_MEMBER
        if self._spent > _MOST_COPIED:
            raise BadCheckpoint("The file's pickle unfolds to far more than it holds.")

    def persistent(self, pid: Any) -> Any:
        """Storage that a persistent id stands for."""
        if not isinstance(pid, tuple) or not pid:
            raise BadCheckpoint("The file refers to something outside it that is no storage.")
        if pid[0] == "module" and len(pid) > 1:
            return pid[1]
        if pid[0] != "storage" or len(pid) < 5:
            raise BadCheckpoint("The file refers to something outside it that is no storage.")
        storage = _storage(*pid[1:5], view=pid[5] if len(pid) > 5 else None)
        self.storages.setdefault(storage.key, storage)
        return storage


def set_state(target: Any, state: Any) -> None:
    """What BUILD does: only records that are ours, one per object of the file, take a state."""
    if isinstance(target, Instance):
        target.state = state
    elif isinstance(target, DtypeRecord) and isinstance(state, tuple) and len(state) > 1:
        target.order = state[1] if state[1] in ("<", ">", "|", "=") else "?"
    elif isinstance(target, ArrayRecord) and _is_array_state(state):
        _, target.shape, target.dtype, target.columns_first, target.data = (
            state[0],
            _sizes(state[1]),
            state[2] if isinstance(state[2], DtypeRecord) else None,
            bool(state[3]),
            state[4] if isinstance(state[4], bytes | str | Span) else None,
        )


def _is_array_state(state: Any) -> bool:
    return isinstance(state, tuple) and len(state) == 5 and isinstance(state[1], tuple)


def dtype_word(value: Any) -> str:
    """Word of torch for a dtype that the file names as ``torch.half`` or ``torch.float16``."""
    if isinstance(value, Global) and value.module == "torch":
        return _WORDS.get(value.name, value.name)
    raise BadCheckpoint("A tensor's number type is not one.")


def _is_known(name: Global) -> bool:
    if name.module in _STORAGE_MODULES and (name.name in _STORAGES or _is_dtype(name.name)):
        return True
    return (name.module, name.name) in _MEANINGS or name.module == "torch._utils"


def _is_dtype(name: str) -> bool:
    return name in TYPES or name in _WORDS or name in _STORAGES.values()


def _storage(kind: Any, key: Any, _place: Any, elements: Any, *, view: Any) -> Storage:
    if not (isinstance(kind, Global) and isinstance(key, str) and _is_count(elements)):
        raise BadCheckpoint("A storage of the file is described by something that is no storage.")
    dtype = _STORAGES.get(kind.name, "") if kind.module in _STORAGE_MODULES else ""
    if view is None:
        return Storage(key, dtype, elements)
    if not (isinstance(view, tuple) and len(view) == 3 and _is_count(view[1])):
        raise BadCheckpoint("A view of a storage is described by something that is no view.")
    if not _is_count(view[2]):
        raise BadCheckpoint("A view of a storage has no size.")
    return Storage(key, dtype, view[2], view[1])


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 60


def _sizes(value: Any) -> tuple[int, ...]:
    if not isinstance(value, tuple | list) or len(value) > _MOST_AXES:
        raise BadCheckpoint("A tensor's shape or stride is not a row of whole numbers.")
    if value and (set(map(type, value)) != {int} or min(value) < 0 or max(value) >= 1 << 60):
        raise BadCheckpoint("A tensor's shape or stride is not a row of whole numbers.")
    return tuple(value)


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_rest: Any) -> Any:
    if not isinstance(storage, Storage) or not _is_count(offset):
        raise BadCheckpoint("A tensor refers to something that is no storage.")
    return TensorRecord(storage, storage.dtype, offset, _sizes(shape), _sizes(strides))


def _typed_tensor(*args: Any) -> Any:
    """``_rebuild_tensor_v3``: the storage has no type, the tensor has."""
    record = _tensor(*args[:4])
    word = dtype_word(args[6])
    return TensorRecord(record.storage, word, record.offset, record.shape, record.strides)


def _first(value: Any = None, *_rest: Any) -> Any:
    return value


def _meta_tensor(_dtype: Any, shape: Any, *_rest: Any) -> Unreadable:
    return Unreadable("on the meta device, which has no numbers", _sizes(shape))


def _from_type(function: Any, _type: Any, args: Any, _state: Any = None) -> Any:
    meaning = _MEANINGS.get((function.module, function.name)) if _is_global(function) else None
    if meaning not in _TENSORS or not isinstance(args, tuple):
        return Unreadable("of a tensor class that is not known")
    return meaning(*args)


def _is_global(value: Any) -> bool:
    return isinstance(value, Global)


def _quantised(*args: Any) -> Unreadable:
    return Unreadable("quantised", _sizes(args[2]))


def _ordered_dict(pairs: Any = None) -> dict[Any, Any]:
    made: dict[Any, Any] = {}
    for pair in pairs if isinstance(pairs, list) else ():
        if isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str):
            made[pair[0]] = pair[1]
    return made


def _members(values: Any = ()) -> Any:
    return values if isinstance(values, list | tuple) else []


def _encoded(text: Any, *_encoding: Any) -> Any:
    return text.encode("latin-1") if isinstance(text, str) else text


def _bytearray(value: Any = b"", *_encoding: Any) -> Any:
    return value.encode("latin-1") if isinstance(value, str) else value


def _object(cls: Any, *_rest: Any) -> Instance:
    """``copyreg._reconstructor``: an object of a class, without its state."""
    return Instance(cls if isinstance(cls, Global) else None)


def _path(*parts: Any) -> str:
    return "/".join(part for part in parts if isinstance(part, str))


def _dtype(code: Any = "", *_rest: Any) -> DtypeRecord:
    name = code.name if isinstance(code, Global) else code
    return DtypeRecord(name if isinstance(name, str) else "")


def _scalar(dtype: Any, data: Any = None) -> Any:
    if isinstance(data, str):
        data = data.encode("latin-1")
    if not isinstance(dtype, DtypeRecord) or not isinstance(data, bytes):
        return None
    array = np.frombuffer(data, numpy_dtype(dtype), count=1)
    return array.item() if array.dtype.kind in "biufc" else None


def numpy_dtype(record: DtypeRecord) -> "np.dtype[Any]":
    """The numpy dtype of a record.

    Raises
    ------
    BadCheckpoint
        When it holds no plain numbers.
    """
    code = record.code.lstrip("<>|=")
    if len(code) > 3 or code[:1] not in "biufc" or not code[1:].isdigit():
        raise BadCheckpoint(f"An array holds “{record.code[:40]}”, which are no numbers.")
    return np.dtype(code).newbyteorder(">" if record.order == ">" else "<")


def _array_from_buffer(data: Any, dtype: Any, shape: Any, order: Any = "C") -> Any:
    if not isinstance(dtype, DtypeRecord) or not isinstance(data, bytes | Span):
        return Unreadable("an array without numbers")
    return ArrayRecord(_sizes(shape), dtype, order == "F", data)


_MEANINGS: dict[tuple[str, str], Callable[..., Any]] = {
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_tensor_v3"): _typed_tensor,
    ("torch._utils", "_rebuild_parameter"): _first,
    ("torch._utils", "_rebuild_parameter_with_state"): _first,
    ("torch.nn.parameter", "Parameter"): _first,
    ("torch.nn.parameter", "Buffer"): _first,
    ("torch._utils", "_rebuild_meta_tensor_no_storage"): _meta_tensor,
    ("torch._utils", "_rebuild_device_tensor_from_numpy"): _first,
    ("torch._utils", "_rebuild_device_tensor_from_cpu_tensor"): _first,
    ("torch._utils", "_rebuild_xla_tensor"): _first,
    ("torch._utils", "_rebuild_qtensor"): _quantised,
    ("torch._tensor", "_rebuild_from_type_v2"): _from_type,
    ("torch", "Size"): lambda sizes=(): _sizes(sizes),
    ("torch", "device"): lambda *parts: ":".join(str(p) for p in parts if isinstance(p, str | int)),
    ("collections", "OrderedDict"): _ordered_dict,
    ("collections", "defaultdict"): lambda *_factory: {},
    ("collections", "Counter"): lambda counts=None: counts if isinstance(counts, dict) else {},
    ("builtins", "dict"): lambda *_pairs: {},
    ("builtins", "bytes"): _bytearray,
    ("builtins", "set"): _members,
    ("builtins", "frozenset"): _members,
    ("builtins", "bytearray"): _bytearray,
    ("__builtin__", "bytes"): _bytearray,
    ("__builtin__", "set"): _members,
    ("__builtin__", "frozenset"): _members,
    ("__builtin__", "bytearray"): _bytearray,
    ("_codecs", "encode"): _encoded,
    ("copy_reg", "_reconstructor"): _object,
    ("copyreg", "_reconstructor"): _object,
    ("pathlib", "PosixPath"): _path,
    ("pathlib", "WindowsPath"): _path,
    ("pathlib._local", "PosixPath"): _path,
    ("pathlib._local", "WindowsPath"): _path,
    ("numpy", "dtype"): _dtype,
    ("numpy", "ndarray"): lambda *_shape: ArrayRecord(),
    **{(module, "_reconstruct"): lambda *_args: ArrayRecord() for module in _NUMPY},
    **{(module, "scalar"): _scalar for module in _NUMPY},
    **{(module, "_frombuffer"): _array_from_buffer for module in _NUMPY},
}
_TENSORS = (_tensor, _typed_tensor, _first, _meta_tensor, _quantised)
"""Calls whose result is a tensor, and that copy nothing."""
