"""What wraps a device's message: one module an ecosystem, found by their file names."""

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from citylab.document import nearest

if TYPE_CHECKING:
    from citylab.uplink import Envelope  # at run time it would import profiles, which look envelopes up here


@cache
def envelope_names() -> tuple[str, ...]:
    """Names of all envelopes."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])))


@cache
def find_envelope(name: str) -> "Envelope":
    """An envelope by name.

    Raises
    ------
    ValueError
        If there is none.
    """
    if name not in envelope_names():
        raise ValueError(f'unknown envelope "{name}"; {nearest(name, envelope_names())}')
    return cast("Envelope", import_module(f"citylab.envelopes.{name}"))
