"""Pickles that would each create a canary file, were anything in them executed."""

import pickle
import struct
from pathlib import Path

from tests.hostile.pickle_writing import (
    PROTO2,
    STOP,
    called,
    dictionary,
    name,
    row,
    stack_name,
    tensor,
    text,
)


class Reduced:
    """Pickles itself as a call."""

    def __init__(self, function, *args) -> None:
        self.call = function, args

    def __reduce__(self):
        return self.call


def executable(canary: Path) -> dict[str, bytes]:
    """Values, each of which runs something when it is unpickled by Python's own pickle."""
    shell = f"touch '{canary}'"
    python = f"open({str(canary)!r}, 'w').close()"
    system, evaluate = name("os", "system"), name("builtins", "eval")
    execute, attribute = name("builtins", "exec"), name("builtins", "getattr")
    imported = called(name("builtins", "__import__"), text("os"))
    return {
        "REDUCE os.system": called(system, text(shell)),
        "REDUCE posix.system": called(name("posix", "system"), text(shell)),
        "REDUCE eval": called(evaluate, text(python)),
        "REDUCE exec": called(execute, text(python)),
        "REDUCE subprocess": called(name("subprocess", "getoutput"), text(shell)),
        "REDUCE Popen": called(
            name("subprocess", "Popen"), b"(" + text("touch") + text(str(canary)) + b"l"
        ),
        "REDUCE pty.spawn": called(
            name("pty", "spawn"), b"(" + text("touch") + text(str(canary)) + b"l"
        ),
        "REDUCE runpy": called(name("runpy", "_run_code"), text(python), b"}"),
        "INST os.system": b"(" + text(shell) + b"ios\nsystem\n",
        "OBJ os.system": b"(" + system + text(shell) + b"o",
        "NEWOBJ Popen": name("subprocess", "Popen")
        + row(b"(" + text("touch") + text(str(canary)) + b"l")
        + b"R",
        "STACK_GLOBAL system": stack_name("os", "system") + row(text(shell)) + b"R",
        "STACK_GLOBAL dotted": stack_name("os", "path.os.system") + row(text(shell)) + b"R",
        "getattr chain": called(called(attribute, imported, text("system")), text(shell)),
        "map": called(
            name("builtins", "list"),
            called(name("builtins", "map"), evaluate, row(text(python))),
        ),
        "operator.methodcaller": called(
            called(name("operator", "methodcaller"), text("system"), text(shell)), imported
        ),
        "functools.partial": called(called(name("functools", "partial"), system, text(shell))),
        "BUILD __setstate__": called(name("types", "SimpleNamespace"))
        + dictionary(__reduce__=system)
        + b"b0"
        + called(system, text(shell)),
        "APPENDS to a call": b"(" + called(system, text(shell)) + b"l",
        "an item's key": b"}(" + called(system, text(shell)) + b"K\x01u",
        "an item's value": dictionary(x=called(evaluate, text(python))),
    }


def whole_pickles(canary: Path) -> dict[str, bytes]:
    """Complete pickles, of every protocol and every form."""
    import os

    made = {
        f"{form}, alone": PROTO2.replace(b"\x02", b"\x04") + body + STOP
        for form, body in executable(canary).items()
    }
    for protocol in range(6):
        value = {"weight": Reduced(os.system, f"touch '{canary}'")}
        made[f"__reduce__ in protocol {protocol}"] = pickle.dumps(value, protocol=protocol)
    return made


def beside_a_weight(canary: Path) -> dict[str, bytes]:
    """Pickles of a sound model with a payload in it."""
    made = {
        f"{form}, beside a weight": b"\x80\x04" + dictionary(weight=tensor(), extra=body) + STOP
        for form, body in executable(canary).items()
    }
    evil_hook = called(name("os", "system"), text(f"touch '{canary}'"))
    rebuild = name("torch._utils", "_rebuild_tensor_v2")
    return {
        **made,
        "payload as a storage": PROTO2
        + dictionary(weight=called(rebuild, evil_hook, b"K\x00", row(b"K\x01"), row(b"K\x01")))
        + STOP,
        "payload as a persistent id": PROTO2 + evil_hook + b"Q" + STOP,
        "payload as a hook": PROTO2 + dictionary(weight=tensor() + evil_hook + b"b") + STOP,
    }


def rewriting(canary: Path) -> dict[str, bytes]:
    """Pickles that try to change what the reader itself is made of."""
    targets = (
        ("torch._utils", "_rebuild_tensor_v2"),
        ("collections", "OrderedDict"),
        ("inspector.checkpoints.pickle_rebuild", "_MEANINGS"),
        ("inspector.checkpoints.pickle_machine", "PickleMachine"),
        ("builtins", "dict"),
    )
    state = dictionary(
        __defaults__=row(b"K\x01"),
        __code__=b"N",
        __dict__=dictionary(call=name("os", "system")),
    )
    return {
        f"BUILD on {module}.{attribute}": PROTO2
        + dictionary(weight=tensor(), extra=name(module, attribute) + state + b"b")
        + STOP
        for module, attribute in targets
    }


def refused_opcodes() -> dict[str, bytes]:
    """Opcodes that reach outside the file, and such as do not exist."""
    return {
        "EXT1": PROTO2 + b"\x82\x01" + STOP,
        "EXT2": PROTO2 + b"\x83\x01\x00" + STOP,
        "EXT4": PROTO2 + b"\x84" + struct.pack("<i", 1) + STOP,
        "NEXT_BUFFER": b"\x80\x05\x97" + STOP,
        "READONLY_BUFFER": b"\x80\x05N\x98" + STOP,
        "protocol 9": b"\x80\x09N" + STOP,
        "no opcode": PROTO2 + b"\xff" + STOP,
    }
