"""The event loop of a gateway process: uvloop where it is installed."""

import asyncio
import sys
from collections.abc import Coroutine
from importlib.util import find_spec
from typing import Any, TypeVar

T = TypeVar("T")

_SWITCH = 0.001
"""The writer's thread waits for the decoding one at each step over an array, up to this long [s].

With Python's 5 ms the store stands idle for a tenth of the time under full load."""


def new_loop() -> asyncio.AbstractEventLoop:
    """A loop for a gateway; for `asyncio.Runner`."""
    if find_spec("uvloop") is None:
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on such a loop, in the process's main thread."""
    sys.setswitchinterval(_SWITCH)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(main)
