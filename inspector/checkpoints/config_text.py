"""The text of an MMEngine configuration, read as literals; nothing in it is executed.

MMEngine and mmcv store the flattened configuration as ``name = value`` lines whose values are
literals and calls of ``dict``. Anything else is skipped and reported.
"""

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

_MOST_TEXT = 4 << 20
_MOST_DEPTH = 60
_MOST_NODES = 200_000
_MOST_NUMBER = 1 << 200
_MOST_KEY = 1 << 32

_SIGNS: dict[type, Callable[[Any], Any]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_SUMS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class _Unsupported(Exception):
    """A value that is no literal; its text says which."""


def parse_config_text(text: str) -> tuple[dict[str, Any], list[str]]:
    r"""Values by name, and a sentence for each thing that was skipped.

    Examples
    --------
    >>> parse_config_text("lr = 1e-4\nmodel = dict(type='ViT', depth=2 * 6)")
    ({'lr': 0.0001, 'model': {'type': 'ViT', 'depth': 12}}, [])
    """
    if len(text) > _MOST_TEXT:
        return {}, [f"The stored configuration was not read: it has {len(text):,} characters."]
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        return {}, [f"The stored configuration was not read: {_first_line(error)}."]
    values = _Values()
    notes: list[str] = []
    for statement in statements:
        try:
            values.assign(statement)
        except (_Unsupported, RecursionError, ArithmeticError, ValueError, TypeError) as error:
            line = getattr(statement, "lineno", 0)
            notes.append(f"Line {line} of the stored configuration was skipped: {error}.")
    return values.known, notes[:20]


class _Values:
    """Evaluates literals, with the names that were assigned before."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}
        self._sizes: dict[str, int] = {}
        self._left = _MOST_NODES

    def assign(self, statement: ast.stmt) -> None:
        """Take ``name = literal`` into `known`."""
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            return
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            raise _Unsupported(f"it is a statement of the kind {type(statement).__name__}")
        target = statement.targets[0]
        if not isinstance(target, ast.Name):
            raise _Unsupported("it does not assign to a name")
        before = self._left
        self.known[target.id] = self._value(statement.value, 0)
        self._sizes[target.id] = before - self._left

    def _value(self, node: ast.expr | None, depth: int) -> Any:
        self._left -= 1
        if depth > _MOST_DEPTH or self._left < 0:
            raise _Unsupported("it is nested too deeply or too long")
        make = _VALUES.get(type(node))
        if make is None:
            raise _Unsupported(f"{type(node).__name__} is not a literal")
        return make(self, node, depth + 1)

    def _constant(self, node: ast.Constant, _depth: int) -> Any:
        if isinstance(node.value, int) and abs(node.value) > _MOST_NUMBER:
            raise _Unsupported("a number in it is too large")
        return None if node.value is ... else node.value

    def _name(self, node: ast.Name, _depth: int) -> Any:
        if node.id not in self.known:
            raise _Unsupported(f"the name {node.id[:60]} is not known")
        self._left -= self._sizes[node.id]
        return self.known[node.id]

    def _row(self, node: ast.List | ast.Tuple | ast.Set, depth: int) -> list[Any]:
        return [self._value(part, depth) for part in node.elts]

    def _dict(self, node: ast.Dict, depth: int) -> dict[Any, Any]:
        made = {}
        for key, value in zip(node.keys, node.values, strict=True):
            made[_as_key(self._value(key, depth))] = self._value(value, depth)
        return made

    def _call(self, node: ast.Call, depth: int) -> Any:
        name = node.func.id if isinstance(node.func, ast.Name) else type(node.func).__name__
        if name == "dict":
            return self._keywords(node, depth)
        if len(node.args) > 1 or node.keywords:
            raise _Unsupported(f"it calls {name[:60]}")
        if name in ("tuple", "list", "set"):
            return self._value(node.args[0], depth) if node.args else []
        if name == "float" and node.args and isinstance(node.args[0], ast.Constant):
            return _special_float(node.args[0].value)
        raise _Unsupported(f"it calls {name[:60]}")

    def _keywords(self, node: ast.Call, depth: int) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for argument in node.args:
            first = self._value(argument, depth)
            if not isinstance(first, dict):
                raise _Unsupported("it makes a dict of something that is none")
            made.update(first)
        for keyword in node.keywords:
            if keyword.arg is None:
                raise _Unsupported("it unpacks a dict")
            made[keyword.arg] = self._value(keyword.value, depth)
        return made

    def _sign(self, node: ast.UnaryOp, depth: int) -> Any:
        value = self._value(node.operand, depth)
        if type(node.op) not in _SIGNS or not _is_number(value):
            raise _Unsupported("it holds an operation that is not plain arithmetic")
        return _SIGNS[type(node.op)](value)

    def _sum(self, node: ast.BinOp, depth: int) -> Any:
        left, right = self._value(node.left, depth), self._value(node.right, depth)
        if type(node.op) not in _SUMS or not (_is_number(left) and _is_number(right)):
            raise _Unsupported("it holds an operation that is not plain arithmetic")
        made = _SUMS[type(node.op)](left, right)
        if isinstance(made, int) and abs(made) > _MOST_NUMBER:
            raise _Unsupported("a number in it is too large")
        return made


_VALUES: dict[type, Callable[[_Values, Any, int], Any]] = {
    ast.Constant: _Values._constant,
    ast.Name: _Values._name,
    ast.List: _Values._row,
    ast.Tuple: _Values._row,
    ast.Set: _Values._row,
    ast.Dict: _Values._dict,
    ast.Call: _Values._call,
    ast.UnaryOp: _Values._sign,
    ast.BinOp: _Values._sum,
}


def _special_float(value: Any) -> float:
    if isinstance(value, str) and value.strip("+-").lower() in ("inf", "infinity", "nan"):
        return float(value)
    if _is_number(value) and math.isfinite(value):
        return float(value)
    raise _Unsupported("it calls float with something that is no number")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_key(value: Any) -> Any:
    if isinstance(value, int | float) and not abs(value) < _MOST_KEY:
        raise _Unsupported("a number in it is too large for a key")
    if not isinstance(value, str | int | float | None):
        raise _Unsupported("a key in it is no plain value")
    return value


def _first_line(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    return text.splitlines()[0][:120]
