"""Life of a process: waiting for the word to stop, and one process a data folder."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from deploy.settings import SettingError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


async def until_stopped(*tasks: "asyncio.Task[None]") -> None:
    """Wait for Ctrl-C or SIGTERM, or for one of the tasks to end; raises what the task raised."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    waiting = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({waiting, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    for task in done - {waiting}:
        task.result()


async def end(task: "asyncio.Task[None]") -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class FolderLock:
    """A data folder serves one process; the lock goes with the process, however it ends.

    Parameters
    ----------
    part : str
        Of the folder's city: a ``gateway`` or ``simulators`` in a process of its own; "" is the whole folder.

    Raises
    ------
    SettingError
        If another process uses the folder, or runs this part of it.
    """

    def __init__(self, folder: Path, part: str = "") -> None:
        self._data = folder
        self._part = part
        self._folder = folder / part if part else folder
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = (self._folder / "lock").open("a+", encoding="ascii")
        except OSError as error:
            raise SettingError(f"the data folder {self._folder} cannot be written: {error.strerror}") from None
        try:
            if sys.platform == "win32":
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            owner = file.read().strip() or "unknown"
            file.close()
            does = f"runs the {self._part} of" if self._part else "uses"
            raise SettingError(
                f"another citylab (process {owner}) {does} the data folder {self._data}; "
                f"stop it, or choose another folder with --data"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
