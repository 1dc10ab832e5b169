"""Memory of the C library: few threads' worth of it."""

import ctypes
import platform
import sys

_ARENA_MAX = -8
"""M_ARENA_MAX of glibc's malloc.h."""
_ARENAS = 2


def bound_heap() -> bool:
    """Let all threads share two heaps of the C library, where that is glibc.

    Each thread has one of its own otherwise and keeps what it once took: a tenth of the memory of a large city.
    Threads started earlier keep theirs.

    Returns
    -------
    bool
        Whether the library took it.

    References
    ----------
    mallopt(3), Linux manual pages.
    """
    if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        return False
    return bool(ctypes.CDLL(None).mallopt(_ARENA_MAX, _ARENAS))
