"""What figures were measured on: processor, system, versions, and the largest memory of this process."""

import os
import platform
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any


def machine(*packages: str) -> dict[str, Any]:
    """The machine of a measurement, to be printed and kept beside its figures.

    Parameters
    ----------
    *packages : str
        Installed packages whose versions matter to the figures.

    Returns
    -------
    dict
        ``cpu``, ``cores``, ``system``, ``python``, ``load`` (mean of runnable processes over a minute, None where the
        system does not tell), and one entry for each package that is installed.

    Examples
    --------
    >>> sorted(machine("numpy"))
    ['cores', 'cpu', 'load', 'numpy', 'python', 'system']
    """
    found: dict[str, Any] = {
        "cpu": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }
    for name in packages:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _processor() -> str:
    """Name of the processor; its family where the system does not tell more."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def peak_memory() -> int | None:
    """Largest resident memory of this process so far [bytes]; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
