"""Exact straight-line conversion: a figure as it was written, times a fraction, plus a fraction, rounded once."""

from collections.abc import Callable
from decimal import Context, Decimal
from fractions import Fraction
from math import lcm

Number = int | float
_CONTEXT = Context(prec=60, traps=[])


def fraction(number: Number) -> Fraction:
    """A number as the fraction that its shortest decimal writes: 0.1 is one tenth.

    Raises
    ------
    ValueError
        If it is not finite.
    """
    return Fraction(number) if isinstance(number, int) else Fraction(float.__repr__(number))


def linear(factor: Fraction, offset: Fraction = Fraction(0)) -> Callable[[Number], float]:
    """A function that gives ``number * factor + offset``, rounded once.

    The number is taken as its shortest decimal writes it, since that is what a device sent. All is computed exactly
    and rounded to the nearest float, so a conversion adds no digits of noise and loses none.

    Parameters
    ----------
    factor, offset : Fraction

    Returns
    -------
    callable
        Raises OverflowError if an integer is too large for a float.

    Examples
    --------
    >>> fahrenheit = linear(Fraction(5, 9), Fraction(-160, 9))
    >>> fahrenheit(50), fahrenheit(98.6), linear(Fraction(100))(0.57)
    (10.0, 37.0, 57.0)
    """
    if factor == 1 and offset == 0:
        return float
    below = lcm(factor.denominator, offset.denominator)
    times, plus = int(factor * below), int(offset * below)
    exact_times, exact_plus, exact_below = Decimal(times), Decimal(plus), Decimal(below)
    fma, divide, text = _CONTEXT.fma, _CONTEXT.divide, float.__repr__

    def convert(number: Number) -> float:
        if isinstance(number, int):
            return (number * times + plus) / below
        return float(divide(fma(Decimal(text(number)), exact_times, exact_plus), exact_below))

    return convert
