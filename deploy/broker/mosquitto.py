"""Mosquitto as a child process: its configuration, start, watch and end."""

import asyncio
import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from deploy.access import acl_text, credentials, password_line, write_private
from deploy.broker.error import BrokerError

IN_FLIGHT = 2_000
"""Unacknowledged messages a client may hold; Mosquitto's own default of 20 throttles a batching gateway."""

QUEUED_MESSAGES = 1_000_000
QUEUED_BYTES = 1_000_000_000
"""Room for an absent client. The default city sends about 10 messages a second of 300 bytes; an hour of a city of
10,000 devices at one message a minute is 600,000 messages."""

START_SECONDS = 10.0
STOP_SECONDS = 10.0


def configuration(folder: Path, host: str, port: int) -> str:
    """Text of ``mosquitto.conf``.

    Parameters
    ----------
    folder : Path
        Where passwords, rules and the persistent queue live, as the broker sees it.
    host : str
        Address to listen on; "" for all (inside a container).
    """
    lines = [
        "# Written by citylab at each start; change settings there, not here.",
        f"listener {port} {host}".rstrip(),
        "allow_anonymous false",
        f"password_file {folder.as_posix()}/passwords",
        f"acl_file {folder.as_posix()}/acl",
        f"max_inflight_messages {IN_FLIGHT}",
        f"max_queued_messages {QUEUED_MESSAGES}",
        f"max_queued_bytes {QUEUED_BYTES}",
        "queue_qos0_messages true",  # else what is sent at QoS 0 while the gateway reconnects is lost
        "persistence true",
        f"persistence_location {folder.as_posix()}/",
        "persistence_file queue.db",
        "autosave_interval 60",
        "persistent_client_expiration 30d",
        "max_packet_size 1048576",
        "sys_interval 10",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
        "connection_messages false",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0 and host:
        lines.append("user root")  # else Mosquitto gives up root and can't write its queue into our folder
    return "\n".join(lines) + "\n"


def write_configuration(
    folder: Path, host: str, port: int, passwords: dict[str, str], seen_as: Path | None = None
) -> Path:
    """Write configuration, passwords and rules for Mosquitto into a folder; the path of the configuration.

    Parameters
    ----------
    seen_as : Path | None
        The folder's path as the broker sees it, when that is another one (in a container).
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(password_line(user, word) for user, word in passwords.items() if user != "api")
    write_private(folder / "passwords", lines)
    write_private(folder / "acl", acl_text())
    path = folder / "mosquitto.conf"
    path.write_text(configuration(seen_as or folder, host, port), encoding="utf-8")
    return path


class MosquittoBroker:
    """Mosquitto as a child that ends with its parent; one left over by a killed parent is stopped first."""

    name = "mosquitto"

    def __init__(self, program: str, data: Path, host: str, port: int) -> None:
        self._program = program
        self._data = data
        self._folder = data / "mosquitto"
        self._host, self._port = host, port
        self._process: asyncio.subprocess.Process | None = None
        self._log: list[str] = []
        self._reader: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start and wait until it accepts connections."""
        await self._stop_leftover()
        path = write_configuration(self._folder.resolve(), self._host, self._port, credentials(self._data))
        if await _accepts(self._host, self._port):
            raise BrokerError(
                f"port {self._port} on {self._host} is taken by another program (another MQTT broker?); "
                f"stop it or choose another port with --mqtt-port"
            )
        self._process = await asyncio.create_subprocess_exec(
            self._program, "-c", str(path),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )  # fmt: skip
        self._reader = asyncio.create_task(self._read_log())
        (self._folder / "pid").write_text(str(self._process.pid))
        for _ in range(int(START_SECONDS / 0.02)):
            if self._process.returncode is not None:
                raise BrokerError(f"Mosquitto ended at its start: {self._last_words()}")
            if await _accepts(self._host, self._port):
                return
            await asyncio.sleep(0.02)
        await self.stop()
        raise BrokerError(f"Mosquitto did not accept connections within {START_SECONDS:.0f} s: {self._last_words()}")

    async def stop(self) -> None:
        """Stop it by SIGTERM, so that its queue is saved."""
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        if self._reader is not None:
            await self._reader
        (self._folder / "pid").unlink(missing_ok=True)
        self._process = None

    def health(self) -> dict[str, object]:
        """Whether the child runs."""
        running = self._process is not None and self._process.returncode is None
        report: dict[str, object] = {"ready": running, "name": self.name, "port": self._port}
        if not running:
            report["detail"] = f"Mosquitto is not running: {self._last_words()}"
        return report

    async def _read_log(self) -> None:
        if self._process is None or self._process.stderr is None:
            return
        while line := await self._process.stderr.readline():
            self._log = [*self._log[-19:], line.decode(errors="replace").strip()]

    def _last_words(self) -> str:
        return "; ".join(self._log[-3:]) or "it left no message"

    async def _stop_leftover(self) -> None:
        """End a broker of ours that outlived its parent (macOS and Windows have no death signal)."""
        try:
            pid = int((self._folder / "pid").read_text())
        except (OSError, ValueError):
            return
        if not await _accepts(self._host, self._port) or not _is_mosquitto(pid):
            return
        with suppress(OSError):
            os.kill(pid, signal.SIGTERM)
        for _ in range(int(STOP_SECONDS / 0.05)):
            if not await _accepts(self._host, self._port):
                return
            await asyncio.sleep(0.05)


def _is_mosquitto(pid: int) -> bool:
    """Whether a process is Mosquitto, where the system tells; a reused number must not be killed."""
    try:
        return "mosquitto" in Path(f"/proc/{pid}/comm").read_text(encoding="utf-8")
    except OSError:
        return not Path("/proc/self").exists()


async def _accepts(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


def _die_with_parent() -> None:
    """Ask Linux for a SIGTERM to this child when its parent dies."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
