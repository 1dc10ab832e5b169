"""Arithmetic of formulas: names, numbers, + - * / and brackets; nothing else is possible in a card."""

import ast
import operator
from collections.abc import Callable, Mapping

_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_MOST = 500


class Expression:
    """A parsed formula.

    Parameters
    ----------
    text : str
        Such as ``(water_supplied - water_billed) / 1000``.

    Raises
    ------
    ValueError
        If the text is more than names, numbers, ``+ - * /`` and brackets.

    Examples
    --------
    >>> Expression("(a - b) / 2").evaluate({"a": 5.0, "b": 1.0})
    2.0
    """

    def __init__(self, text: str) -> None:
        self.text = text
        if len(text) > _MOST:
            raise ValueError(f"formula has {len(text)} characters; expected at most {_MOST}")
        try:
            self._body = ast.parse(text.strip(), mode="eval").body
        except SyntaxError:
            raise ValueError(f'formula "{text}" cannot be read; expected names, numbers, + - * / ( )') from None
        found: dict[str, None] = {}
        _check(self._body, text, found)
        self.names = tuple(found)

    def evaluate(self, values: Mapping[str, float]) -> float:
        """The result for the values of its names.

        Raises
        ------
        ZeroDivisionError
            If a divisor is zero.
        """
        return _value(self._body, values)


def _check(node: ast.expr, text: str, found: dict[str, None]) -> None:
    match node:
        case ast.Name(id=name):
            found[name] = None
        case ast.Constant(value=value) if isinstance(value, int | float) and not isinstance(value, bool):
            return
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _check(operand, text, found)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            _check(left, text, found)
            _check(right, text, found)
        case _:
            raise ValueError(f'formula "{text}" has more than names, numbers, + - * / ( )')


def _value(node: ast.expr, values: Mapping[str, float]) -> float:
    match node:
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(operand=operand):
            return -_value(operand, values)
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](_value(left, values), _value(right, values))
        case ast.Constant(value=int() | float() as value):
            return float(value)
    raise AssertionError(ast.dump(node))  # _check let nothing else through
