"""Threads of a citylab process share few heaps."""

import platform
import subprocess
import sys

import pytest

THREADS = """
import ctypes, sys, threading
from deploy.heap import bound_heap
print("taken" if sys.argv[1] == "bound" and bound_heap() else "", flush=True)
together = threading.Barrier(9)
def work():
    block = [bytes(60_000) for _ in range(200)]
    together.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
together.wait()
for thread in threads: thread.join()
library = ctypes.CDLL(None)
library.fdopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(library.fdopen(1, b"w"))
library.malloc_info(0, out)
library.fflush(out)
"""

glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is another one")


def said(how):
    return subprocess.run([sys.executable, "-c", THREADS, how], capture_output=True, text=True, check=True).stdout


@glibc
def test_threads_share_two_heaps():
    bound, free = said("bound"), said("free")
    assert "taken" in bound
    assert bound.count("<heap nr=") <= 2 < free.count("<heap nr=")
