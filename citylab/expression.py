"""A small safe evaluator of Home Assistant's value templates: a path, a few filters, plain arithmetic."""

import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

from citylab.exact import fraction, linear
from citylab.number import FieldError, read_number
from citylab.path import MISSING

Step = Callable[[Any], Any]
_OUTER = re.compile(r"\s*\{\{-?(.*?)-?\}\}\s*", re.DOTALL)
_SOURCE = re.compile(r"value_json|value")
_ACCESS = re.compile(r"\s*(?:\.([A-Za-z_]\w*)|\[\s*(?:'([^']*)'|\"([^\"]*)\"|(\d+))\s*\])")
_FILTER = re.compile(r"\s*\|\s*(\w+)\s*(?:\(([^()]*)\))?")
_ARITHMETIC = re.compile(r"\s*([-+*/])\s*(\d+(?:\.\d+)?)")
MAX_LENGTH = 500


class TemplateError(ValueError):
    """A template outside the subset; the text names the part."""


def _float(value: Any) -> float:
    return read_number(value)[0]


def _rounder(argument: str) -> Step:
    digits = int(argument.strip() or "0") if re.fullmatch(r"\s*-?\d*\s*", argument) else 0
    return lambda value: round(_float(value), digits)


def _defaulted(argument: str) -> Step:
    del argument
    return lambda value: value


_FILTERS: dict[str, Callable[[str], Step]] = {
    "float": lambda _: _float,
    "int": lambda _: lambda value: int(_float(value)),
    "round": _rounder,
    "abs": lambda _: lambda value: abs(_float(value)),
    "trim": lambda _: lambda value: str(value).strip(),
    "lower": lambda _: lambda value: str(value).lower(),
    "upper": lambda _: lambda value: str(value).upper(),
    "default": _defaulted,
    "is_defined": _defaulted,
    "string": lambda _: str,
}


def _operator(sign: str, number: float) -> Step:
    if sign == "/" and number == 0:
        raise TemplateError("division by zero")
    exact, one = fraction(number), Fraction(1)
    factor = exact if sign == "*" else one / exact if sign == "/" else one
    shift = {"+": exact, "-": -exact}.get(sign, Fraction(0))
    apply = linear(factor, shift)
    return lambda value: apply(_float(value))


def _access(key: str | int) -> Step:
    def step(value: Any) -> Any:
        if isinstance(key, int) and isinstance(value, list):
            return value[key] if key < len(value) else MISSING
        return value.get(key, MISSING) if isinstance(value, dict) else MISSING

    return step


def _group(text: str) -> tuple[str, str]:
    """What stands in the brackets that a text begins with, and what follows them."""
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return text[1:at], text[at + 1 :]
    raise TemplateError(f"{text[:60]!r} has an open bracket")


def _steps(text: str) -> tuple[bool, list[Step]]:
    """Whether the source is JSON, and what is done to it."""
    if text.lstrip().startswith("("):
        inner, rest = _group(text.lstrip())
        as_json, steps = _steps(inner)
        return as_json, [*steps, *_tail(rest)]
    source = _SOURCE.match(text.lstrip())
    if source is None:
        raise TemplateError(f"{text.strip()[:60]!r} does not start with value or value_json")
    rest, steps = text.lstrip()[source.end() :], []
    while found := _ACCESS.match(rest):
        key = found[1] or found[2] or found[3] or int(found[4])
        steps.append(_access(key))
        rest = rest[found.end() :]
    return source[0] == "value_json", [*steps, *_tail(rest)]


def _tail(rest: str) -> list[Step]:
    steps: list[Step] = []
    while rest.strip():
        if found := _FILTER.match(rest):
            if found[1] not in _FILTERS:
                raise TemplateError(f'filter "{found[1]}" is not supported; known: {", ".join(_FILTERS)}')
            steps.append(_FILTERS[found[1]](found[2] or ""))
        elif found := _ARITHMETIC.match(rest):
            number, after = float(found[2]), found.end()
            while inner := _FILTER.match(rest, after):  # a filter binds tighter than an operator: it is the number's
                if inner[1] not in _FILTERS:
                    raise TemplateError(f'filter "{inner[1]}" is not supported; known: {", ".join(_FILTERS)}')
                number, after = float(_FILTERS[inner[1]](inner[2] or "")(number)), inner.end()
            steps.append(_operator(found[1], number))
            rest = rest[after:]
            continue
        else:
            raise TemplateError(f"{rest.strip()[:60]!r} is not supported")
        rest = rest[found.end() :]
    return steps


@lru_cache(maxsize=4096)
def compile_template(text: str) -> tuple[bool, tuple[Step, ...]]:
    """Whether a template reads JSON, and its steps.

    Raises
    ------
    TemplateError
        Naming what is not supported.
    """
    if len(text) > MAX_LENGTH:
        raise TemplateError(f"the template has {len(text)} characters, expected at most {MAX_LENGTH}")
    found = _OUTER.fullmatch(text)
    if found is None or "{{" in found[1] or "{%" in text:
        raise TemplateError("only one {{ ... }} is supported, without statements")
    as_json, steps = _steps(found[1])
    return as_json, tuple(steps)


def evaluate(text: str, value: str, content: Any) -> Any:
    """Value of a template; `MISSING` where the message has no such field.

    Parameters
    ----------
    text : str
        The template; "" gives the payload itself.
    value : str
        Payload as text.
    content : Any
        Payload as JSON; `MISSING` if it is none.

    Raises
    ------
    TemplateError
        If the template is outside the subset.
    FieldError
        If a filter cannot read the value.

    Examples
    --------
    >>> evaluate("{{ value_json.t / 10 | round(1) }}", "", {"t": 215})
    21.5
    """
    if not text:
        return value
    as_json, steps = compile_template(text)
    current: Any = content if as_json else value
    for step in steps:
        if current is MISSING or current is None:
            return MISSING
        current = step(current)
    return current


__all__ = ["FieldError", "TemplateError", "compile_template", "evaluate"]
