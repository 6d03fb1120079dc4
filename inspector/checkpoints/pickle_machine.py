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
from inspector.checkpoints.pickle_rebuild import Rebuild, set_state
from inspector.checkpoints.pickle_values import Global, Instance, Span
from inspector.core.errors import BadCheckpoint
from inspector.core.progress import Progress, silent

MOST_STEPS = 2_000_000
MOST_KEPT = 32 << 20
LONG_BYTES = 1024
LONG_TEXT = 4096
_MOST_LINE = 1 << 16
_MOST_DIGITS = 256
_MOST_NESTED_KEY = 16
_MARK = object()
_STOP, _BINGET, _LONG_BINGET, _LONG_BINPUT, _BININT1 = b".hjrK"
_CONSTANTS = {ord("("): _MARK, ord(")"): (), ord("N"): None, 0x88: True, 0x89: False}
_U2, _I4, _U4 = struct.Struct("<H"), struct.Struct("<i"), struct.Struct("<I")
_U8, _F8 = struct.Struct("<Q"), struct.Struct(">d")
_STEPS_PER_REPORT = 1 << 15
_PIECE = 1 << 18


class Opaque:
    """Stands for a value that is not kept: a giant integer, a key that could stall a dict."""

    __slots__ = ()


class PickleMachine:
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
        self._file, self._end = file, end
        self._start, self._at, self._piece = start, 0, b""
        self._rebuild = rebuild
        self._progress = progress
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._steps = self._kept = 0
        self._next_report = _STEPS_PER_REPORT

    @property
    def position(self) -> int:
        """Where in the file the next byte is read."""
        return self._start + self._at

    def read(self) -> Any:
        """Read one pickle; `position` is then behind it.

        Raises
        ------
        BadCheckpoint
            When it is not a pickle, was cut off, or holds too much.
        """
        self._stack, self._memo = [], {}
        actions = self._ACTIONS
        while True:
            self._run()
            code = self._byte()
            if code == _STOP:
                return self._pop()
            action = actions.get(code)
            if action is None:
                raise _damaged(f"opcode {code:#04x} is not one")
            action(self)
            self._steps += 1
            if self._steps >= self._next_report:
                self._report()

    def _run(self) -> None:
        """Do the opcodes that a checkpoint mostly consists of, without a call for each."""
        stack, memo, piece, at = self._stack, self._memo, self._piece, self._at
        last = len(piece) - 5
        steps = 0
        while at < last:
            code = piece[at]
            if code == _LONG_BINPUT:
                memo[_U4.unpack_from(piece, at + 1)[0]] = stack[-1]
                at += 5
            elif code == _BINGET:
                stack.append(memo[piece[at + 1]])
                at += 2
            elif code == _BININT1:
                stack.append(piece[at + 1])
                at += 2
            elif code == _LONG_BINGET:
                stack.append(memo[_U4.unpack_from(piece, at + 1)[0]])
                at += 5
            elif code in _CONSTANTS:
                stack.append(_CONSTANTS[code])
                at += 1
            else:
                break
            steps += 1
        self._at = at
        self._steps += steps

    def _report(self) -> None:
        self._next_report = self._steps + _STEPS_PER_REPORT
        if self._steps > MOST_STEPS:
            raise BadCheckpoint(
                f"The pickle in “{self._file.path.name}” holds more than {MOST_STEPS:,} values.",
                advice="Save the weights alone (the state dict), without what surrounds them.",
            )
        self._progress(self.position, self._end, "Reading the index")

    # Bytes

    def _take(self, count: int) -> bytes:
        at = self._at
        if at + count > len(self._piece):
            self._refill(count)
            at = self._at
        self._at = at + count
        return self._piece[at : at + count]

    def _byte(self) -> int:
        if self._at >= len(self._piece):
            self._refill(1)
        self._at += 1
        return self._piece[self._at - 1]

    def _refill(self, count: int) -> None:
        """Hold a piece of the file that starts here and has at least `count` bytes."""
        start = self.position
        if start + count > self._end:
            raise _damaged("it was cut off")
        self._start, self._at = start, 0
        self._piece = self._file.read(start, min(max(count, _PIECE), self._end - start))

    def _line(self) -> bytes:
        for most in (256, _MOST_LINE):
            line = self._take(min(most, self._end - self.position))
            length = line.find(b"\n")
            self._at -= len(line) - length - 1 if length >= 0 else len(line)
            if length >= 0:
                return line[:length]
        raise _damaged("a line does not end")

    def _number(self, form: struct.Struct) -> Any:
        return form.unpack(self._take(form.size))[0]

    def _bytes_of(self, count: int) -> bytes | Span:
        if count <= LONG_BYTES and self._keep(count):
            return self._take(count)
        return self._skip(count, text=False)

    def _text_of(self, count: int) -> str | Span:
        if count <= LONG_TEXT and self._keep(count):
            return self._take(count).decode("utf-8", "surrogatepass")
        return self._skip(count, text=True)

    def _keep(self, count: int) -> bool:
        if count < 0:
            raise _damaged("a length is negative")
        self._kept += count
        return self._kept <= MOST_KEPT

    def _skip(self, count: int, *, text: bool) -> Span:
        start = self.position
        if count < 0 or start + count > self._end:
            raise _damaged("it was cut off")
        self._start, self._at, self._piece = start + count, 0, b""
        return Span(self._file, start, count, text)

    # The stack

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _pop(self) -> Any:
        if not self._stack:
            raise _damaged("its stack is empty")
        value = self._stack.pop()
        if value is _MARK:
            raise _damaged("a mark is taken for a value")
        return value

    def _top(self) -> Any:
        if not self._stack or self._stack[-1] is _MARK:
            raise _damaged("its stack is empty")
        return self._stack[-1]

    def _to_mark(self) -> list[Any]:
        stack = self._stack
        at = len(stack) - 1
        while at >= 0 and stack[at] is not _MARK:
            at -= 1
        if at < 0:
            raise _damaged("a mark is missing")
        values = stack[at + 1 :]
        del stack[at:]
        return values

    def _put(self, index: int) -> None:
        self._memo[index] = self._top()

    def _get(self, index: int) -> None:
        if index not in self._memo:
            raise _damaged(f"value {index} is used before it is given")
        self._push(self._memo[index])

    # What opcodes do with values

    def _name(self, module: Any, name: Any) -> Global:
        if not (isinstance(module, str) and isinstance(name, str)):
            raise _damaged("a class is named by something that is no text")
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
            raise _damaged("something that is no dictionary is given items")
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
            raise _damaged("something that is no list is appended to")
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
            raise _damaged("an object has no class")
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
        values = [self._pop() for _ in range(count)]
        self._push(tuple(reversed(values)))

    def _integer(self, raw: bytes | Span) -> None:
        if isinstance(raw, Span) or len(raw) > _MOST_DIGITS:
            self._push(Opaque())
            return
        self._push(int.from_bytes(raw, "little", signed=True))

    def _digits(self) -> None:
        line = self._line().strip().rstrip(b"L")
        if len(line) > _MOST_DIGITS:
            self._push(Opaque())
            return None
        return self._push({b"00": False, b"01": True}.get(line, int(line or b"0")))

    def _quoted(self) -> None:
        line = self._line().strip()
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in b"'\"":
            raise _damaged("a text has no quotation marks")
        self._push(line[1:-1].decode("unicode_escape"))

    def _old_text(self, count: int) -> None:
        raw = self._bytes_of(count)
        self._push(raw if isinstance(raw, Span) else raw.decode("latin-1"))

    def _pop_one(self) -> None:
        if not self._stack:
            raise _damaged("its stack is empty")
        self._stack.pop()

    def _protocol(self) -> None:
        version = self._byte()
        if version > 5:
            raise _damaged(f"its protocol {version} is not known")

    def _refuse(self) -> None:
        raise BadCheckpoint(
            f"The pickle in “{self._file.path.name}” refers to things outside the file (extension "
            "codes or buffers), which no checkpoint does.",
            advice="Save the weights again, with torch.save or as safetensors.",
        )

    _ACTIONS: ClassVar[dict[int, Callable[["PickleMachine"], object]]] = {
        ord("("): lambda m: m._push(_MARK),
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
    if isinstance(key, str | bytes | bool | None | Global | Instance):
        return key
    if isinstance(key, int | float):
        return key if abs(key) < 1 << 32 else Opaque()
    if isinstance(key, tuple) and len(key) <= _MOST_NESTED_KEY:
        return key if all(isinstance(part, str | int) for part in key) else Opaque()
    return Opaque()


def _damaged(what: str) -> BadCheckpoint:
    return BadCheckpoint(f"The pickle in it cannot be read: {what}.")
