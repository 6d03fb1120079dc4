"""The pickle machine: reads a pickle into plain values and inert records; calls nothing.

Every opcode of protocols 0 to 5 has one short method here. A class or function is only ever a
`Global`, a pair of names; what the pickle would have it called with is noted in an `Instance`.
Nothing is imported, no size in the file is believed before that many bytes are there, and the work
is limited, so that memory stays in proportion to the file.
"""

import struct
from collections.abc import Callable
from typing import Any, ClassVar

from inspector.checkpoints.mapped_file import MappedFile
from inspector.checkpoints.pickle_bytes import LONG_TEXT, PickleBytes, damaged
from inspector.checkpoints.pickle_rebuild import Rebuild, set_state
from inspector.checkpoints.pickle_values import Global, Instance, Span
from inspector.core.errors import BadCheckpoint
from inspector.core.progress import Progress, silent

MOST_STEPS = 2_000_000
_MOST_DIGITS = 256
_MOST_KEY_PARTS = 16
_MOST_KEY = 1 << 32
_TRUSTED_KEYS = (str, bytes, bool, type(None), Global, Instance)
_STEPS_PER_REPORT = 1 << 15
_STOP, _MARK, _TUPLE, _BINGET, _LONG_BINGET, _LONG_BINPUT, _BININT1, _BININT2 = b".(thjrKM"
_TUPLE1, _TUPLE2, _BINFLOAT, _BINUNICODE, _REDUCE, _BINPERSID, _EMPTY_DICT = b"\x85\x86GXRQ}"
_SETITEM, _SETITEMS = b"su"
_LONGEST = 9  # bytes of an opcode with its argument, texts apart
_CONSTANTS = {ord(")"): (), ord("N"): None, 0x88: True, 0x89: False}
_U2, _I4, _U4 = struct.Struct("<H"), struct.Struct("<i"), struct.Struct("<I")
_U8, _F8 = struct.Struct("<Q"), struct.Struct(">d")


class Opaque:
    """Stands for a value that is not kept: a giant integer, a key that could stall a dict."""

    __slots__ = ()


class PickleMachine(PickleBytes):
    """Reads consecutive pickles of one file.

    Parameters
    ----------
    file, start, end
        The bytes that may be read.
    rebuild
        What gives names and persistent ids a meaning.
    """

    def __init__(
        self,
        file: MappedFile,
        start: int,
        end: int,
        *,
        rebuild: Rebuild,
        progress: Progress = silent,
    ) -> None:
        super().__init__(file, start, end)
        self._rebuild = rebuild
        self._progress = progress
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._steps = 0
        self._next_report = _STEPS_PER_REPORT

    def read(self) -> Any:
        """Read one pickle; `position` is then behind it.

        Raises
        ------
        BadCheckpoint
            When it is not a pickle, was cut off, or holds too much.
        """
        self._stack, self._below, self._memo = [], [], {}
        actions = self._ACTIONS
        while True:
            self._run()
            code = self._byte()
            if code == _STOP:
                return self._pop()
            action = actions.get(code)
            if action is None:
                raise damaged(f"opcode {code:#04x} is not one")
            action(self)
            self._steps += 1
            if self._steps >= self._next_report:
                self._report()

    def _run(self) -> None:  # noqa: C901, PLR0912, PLR0915 - one branch an opcode, for speed
        """Do the opcodes that a checkpoint mostly consists of, without a call for each."""
        stack, memo, piece, at = self._stack, self._memo, self._piece, self._at
        rebuild, length = self._rebuild, len(self._piece)
        last = length - _LONGEST
        steps = 0
        while at < last:
            code = piece[at]
            if code == _LONG_BINPUT:
                memo[_U4.unpack_from(piece, at + 1)[0]] = stack[-1]
                at += 5
            elif code == _BINGET:
                stack.append(memo[piece[at + 1]])
                at += 2
            elif code == _LONG_BINGET:
                stack.append(memo[_U4.unpack_from(piece, at + 1)[0]])
                at += 5
            elif code == _BININT1:
                stack.append(piece[at + 1])
                at += 2
            elif code in _CONSTANTS:
                stack.append(_CONSTANTS[code])
                at += 1
            elif code == _MARK:
                self._below.append(stack)
                stack = []
                at += 1
            elif code == _BINFLOAT:
                stack.append(_F8.unpack_from(piece, at + 1)[0])
                at += 9
            elif code == _TUPLE:
                values, stack = stack, self._below.pop()
                stack.append(tuple(values))
                at += 1
            elif code == _REDUCE:
                args = stack.pop()
                stack[-1] = rebuild.call(stack[-1], args if isinstance(args, tuple) else ())
                at += 1
            elif code == _BINUNICODE:
                end = at + 5 + _U4.unpack_from(piece, at + 1)[0]
                if end > length or end - at > LONG_TEXT or not self._keep(end - at - 5):
                    break
                stack.append(piece[at + 5 : end].decode("utf-8", "surrogatepass"))
                at = end
            elif code == _BININT2:
                stack.append(piece[at + 1] | piece[at + 2] << 8)
                at += 3
            elif code == _BINPERSID:
                stack[-1] = rebuild.persistent(stack[-1])
                at += 1
            elif code == _TUPLE1:
                stack[-1] = (stack[-1],)
                at += 1
            elif code == _EMPTY_DICT:
                stack.append({})
                at += 1
            elif code == _TUPLE2:
                second = stack.pop()
                stack[-1] = (stack[-1], second)
                at += 1
            elif code == _SETITEMS:
                values, stack = stack, self._below.pop()
                self._stack = stack
                self._set_items(values)
                at += 1
            elif code == _SETITEM:
                value, key = stack.pop(), stack.pop()
                self._stack = stack
                self._set_items([key, value])
                at += 1
            else:
                break
            steps += 1
        self._stack, self._at = stack, at
        self._steps += steps

    def _report(self) -> None:
        self._next_report = self._steps + _STEPS_PER_REPORT
        if self._steps > MOST_STEPS:
            raise BadCheckpoint(
                f"The pickle in “{self._file.path.name}” holds more than {MOST_STEPS:,} values.",
                advice="Save the weights alone (the state dict), without what surrounds them.",
            )
        self._progress(self.position, self._end, "Reading the index")

    # The stack

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _pop(self) -> Any:
        if not self._stack:
            raise damaged("its stack is empty")
        return self._stack.pop()

    def _top(self) -> Any:
        if not self._stack:
            raise damaged("its stack is empty")
        return self._stack[-1]

    def _mark(self) -> None:
        self._below.append(self._stack)
        self._stack = []

    def _to_mark(self) -> list[Any]:
        if not self._below:
            raise damaged("a mark is missing")
        values, self._stack = self._stack, self._below.pop()
        return values

    def _put(self, index: int) -> None:
        self._memo[index] = self._top()

    def _get(self, index: int) -> None:
        if index not in self._memo:
            raise damaged(f"value {index} is used before it is given")
        self._stack.append(self._memo[index])

    # What opcodes do with values

    def _name(self, module: Any, name: Any) -> Global:
        if not (isinstance(module, str) and isinstance(name, str)):
            raise damaged("a class is named by something that is no text")
        return self._rebuild.name(module, name)

    def _call(self, function: Any, args: Any) -> None:
        self._push(self._rebuild.call(function, args if isinstance(args, tuple) else ()))

    def _set_items(self, pairs: list[Any]) -> None:
        target = self._top()
        if isinstance(target, Instance):
            target.items = {} if target.items is None else target.items
            items: Any = target.items
        else:
            items = target
        if not isinstance(items, dict) or len(pairs) % 2:
            raise damaged("something that is no dictionary is given items")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            items[_key(key)] = value

    def _append(self, values: list[Any]) -> None:
        target = self._top()
        if isinstance(target, Instance):
            target.members = [] if target.members is None else target.members
            members: Any = target.members
        else:
            members = target
        if not isinstance(members, list):
            raise damaged("something that is no list is appended to")
        members.extend(values)

    def _new_dict(self) -> None:
        pairs = self._to_mark()
        self._push({})
        self._set_items(pairs)

    def _instance(self) -> None:
        name = self._name(self._line().decode("utf-8"), self._line().decode("utf-8"))
        self._call(name, tuple(self._to_mark()))

    def _object(self) -> None:
        values = self._to_mark()
        if not values:
            raise damaged("an object has no class")
        self._call(values[0], tuple(values[1:]))

    def _reduce(self) -> None:
        args = self._pop()
        self._call(self._pop(), args)

    def _new_with_keywords(self) -> None:
        self._pop()
        self._reduce()

    def _build(self) -> None:
        state = self._pop()
        set_state(self._top(), state)

    def _global(self) -> None:
        self._push(self._name(self._line().decode("utf-8"), self._line().decode("utf-8")))

    def _stack_global(self) -> None:
        name = self._pop()
        self._push(self._name(self._pop(), name))

    def _persistent(self) -> None:
        self._push(self._rebuild.persistent(self._pop()))

    def _tuple(self, count: int) -> None:
        if len(self._stack) < count:
            raise damaged("its stack is empty")
        values = tuple(self._stack[-count:])
        del self._stack[-count:]
        self._stack.append(values)

    def _integer(self, raw: bytes | Span) -> None:
        if isinstance(raw, Span) or len(raw) > _MOST_DIGITS:
            self._push(Opaque())
            return
        self._push(int.from_bytes(raw, "little", signed=True))

    def _digits(self) -> None:
        line = self._line().strip().rstrip(b"L")
        if len(line) > _MOST_DIGITS:
            self._push(Opaque())
            return
        self._push({b"00": False, b"01": True}.get(line, int(line or b"0")))

    def _quoted(self) -> None:
        line = self._line().strip()
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in b"'\"":
            raise damaged("a text has no quotation marks")
        self._push(line[1:-1].decode("unicode_escape"))

    def _old_text(self, count: int) -> None:
        raw = self._bytes_of(count)
        self._push(raw if isinstance(raw, Span) else raw.decode("latin-1"))

    def _pop_one(self) -> None:
        if self._stack:
            self._stack.pop()
        else:
            self._to_mark()

    def _protocol(self) -> None:
        version = self._byte()
        if version > 5:
            raise damaged(f"its protocol {version} is not known")

    def _refuse(self) -> None:
        raise BadCheckpoint(
            f"The pickle in “{self._file.path.name}” refers to things outside the file (extension "
            "codes or buffers), which no checkpoint does.",
            advice="Save the weights again, with torch.save or as safetensors.",
        )

    _ACTIONS: ClassVar[dict[int, Callable[["PickleMachine"], object]]] = {
        ord("("): _mark,
        ord("0"): _pop_one,
        ord("1"): _to_mark,
        ord("2"): lambda m: m._push(m._top()),
        ord("F"): lambda m: m._push(float(m._line())),
        ord("I"): _digits,
        ord("L"): _digits,
        ord("J"): lambda m: m._push(m._number(_I4)),
        ord("K"): lambda m: m._push(m._byte()),
        ord("M"): lambda m: m._push(m._number(_U2)),
        ord("N"): lambda m: m._push(None),
        ord("P"): lambda m: m._push(m._rebuild.persistent(m._line().decode("utf-8"))),
        ord("Q"): _persistent,
        ord("R"): _reduce,
        ord("S"): _quoted,
        ord("T"): lambda m: m._old_text(m._number(_I4)),
        ord("U"): lambda m: m._old_text(m._byte()),
        ord("V"): lambda m: m._push(m._line().decode("raw_unicode_escape")),
        ord("X"): lambda m: m._push(m._text_of(m._number(_U4))),
        ord("a"): lambda m: m._append([m._pop()]),
        ord("b"): _build,
        ord("c"): _global,
        ord("d"): _new_dict,
        ord("}"): lambda m: m._push({}),
        ord("e"): lambda m: m._append(m._to_mark()),
        ord("g"): lambda m: m._get(int(m._line()[:_MOST_DIGITS])),
        ord("h"): lambda m: m._get(m._byte()),
        ord("i"): _instance,
        ord("j"): lambda m: m._get(m._number(_U4)),
        ord("l"): lambda m: m._push(m._to_mark()),
        ord("]"): lambda m: m._push([]),
        ord("o"): _object,
        ord("p"): lambda m: m._put(int(m._line()[:_MOST_DIGITS])),
        ord("q"): lambda m: m._put(m._byte()),
        ord("r"): lambda m: m._put(m._number(_U4)),
        ord("s"): lambda m: m._set_items([m._pop(), m._pop()][::-1]),
        ord("t"): lambda m: m._push(tuple(m._to_mark())),
        ord(")"): lambda m: m._push(()),
        ord("u"): lambda m: m._set_items(m._to_mark()),
        ord("G"): lambda m: m._push(m._number(_F8)),
        ord("B"): lambda m: m._push(m._bytes_of(m._number(_U4))),
        ord("C"): lambda m: m._push(m._bytes_of(m._byte())),
        0x80: _protocol,
        0x81: _reduce,
        0x82: _refuse,
        0x83: _refuse,
        0x84: _refuse,
        0x85: lambda m: m._tuple(1),
        0x86: lambda m: m._tuple(2),
        0x87: lambda m: m._tuple(3),
        0x88: lambda m: m._push(True),
        0x89: lambda m: m._push(False),
        0x8A: lambda m: m._integer(m._bytes_of(m._byte())),
        0x8B: lambda m: m._integer(m._bytes_of(m._number(_I4))),
        0x8C: lambda m: m._push(m._text_of(m._byte())),
        0x8D: lambda m: m._push(m._text_of(m._number(_U8))),
        0x8E: lambda m: m._push(m._bytes_of(m._number(_U8))),
        0x8F: lambda m: m._push([]),
        0x90: lambda m: m._append(m._to_mark()),
        0x91: lambda m: m._push(tuple(m._to_mark())),
        0x92: _new_with_keywords,
        0x93: _stack_global,
        0x94: lambda m: m._put(len(m._memo)),
        0x95: lambda m: m._take(8),
        0x96: lambda m: m._push(m._bytes_of(m._number(_U8))),
        0x97: _refuse,
        0x98: _refuse,
    }


def _key(key: Any) -> Any:
    """The key itself where a dict may be trusted with it; else something that equals nothing.

    Chosen integers can make every look-up in a dict slow, and hashing deeply nested tuples
    overflows the stack of the interpreter.
    """
    if type(key) is str or isinstance(key, _TRUSTED_KEYS):
        return key
    if isinstance(key, int | float):
        return key if abs(key) < _MOST_KEY else Opaque()
    if isinstance(key, tuple) and len(key) <= _MOST_KEY_PARTS:
        return key if all(map(_is_simple, key)) else Opaque()
    return Opaque()


def _is_simple(part: Any) -> bool:
    return isinstance(part, str) or (isinstance(part, int) and abs(part) < _MOST_KEY)
