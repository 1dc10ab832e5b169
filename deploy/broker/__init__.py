"""Our own MQTT broker: Mosquitto as a child process, or amqtt inside this one."""

import shutil
from pathlib import Path
from typing import Protocol

from deploy.broker.mosquitto import MosquittoBroker


class Broker(Protocol):
    """A broker that this process starts and stops."""

    name: str

    async def start(self) -> None:
        """Start and wait until it accepts connections.

        Raises
        ------
        BrokerError
            With the cause and the remedy.
        """

    async def stop(self) -> None:
        """Stop it; what it keeps is on disk."""

    def health(self) -> dict[str, object]:
        """Whether it runs."""


def mosquitto_path() -> str | None:
    """Path of the Mosquitto program, None where it is not installed."""
    return shutil.which("mosquitto") or next(
        (p for p in ("/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", r"C:\Program Files\mosquitto\mosquitto.exe")
         if Path(p).exists()),
        None,
    )  # fmt: skip


def choose_broker(folder: Path, host: str, port: int, kind: str = "auto") -> Broker:
    """Mosquitto where it is installed, else amqtt; or the kind asked for (``mosquitto``, ``amqtt``).

    Raises
    ------
    ValueError
        If Mosquitto was asked for and is not installed.
    """
    program = mosquitto_path()
    if kind == "mosquitto" and program is None:
        raise ValueError("Mosquitto is not installed; install it (Debian: apt install mosquitto) or use --broker amqtt")
    if program is None or kind == "amqtt":
        from deploy.broker.amqtt import AmqttBroker  # hundreds of modules that Mosquitto's users need not hold

        return AmqttBroker(folder, host, port)
    return MosquittoBroker(program, folder, host, port)
