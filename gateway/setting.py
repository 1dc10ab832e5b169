"""Where messages come from: the settings of an MQTT source, checked."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PORTS = {"mqtt": 1883, "mqtts": 8883}
"""Usual port by scheme."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """Where messages come from.

    Attributes
    ----------
    name : str
        Unique among the sources; kept with every message.
    url : str
        ``mqtt://host[:port]`` or ``mqtts://host[:port]``.
    topics : tuple[str, ...]
        Topic filters to subscribe.
    qos : int
        0 or 1. At 1 a message is acknowledged after its readings are durable.
    client_id : str
        Stable: the broker keeps the session under it. Two gateways never share one.
    ca : Path | None
        Certificates to trust instead of the system's.
    simulated_root : str
        Topic root that only simulators may publish under, such as ``sim/``; "" if there is none.
    skipped_root : str
        Topics under it are not device messages, such as ``citylab/``; "" if there are none.
    watch_drops : bool
        Whether the broker's own counter of dropped messages is watched (Mosquitto).
    keepalive : int
        [s]
    """

    name: str = "local"
    url: str = "mqtt://127.0.0.1:1883"
    topics: tuple[str, ...] = ("#",)
    qos: int = 1
    client_id: str = "citylab-gateway"
    username: str = ""
    password: str = field(default="", repr=False)
    ca: Path | None = None
    simulated_root: str = ""
    skipped_root: str = ""
    watch_drops: bool = False
    keepalive: int = 30

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        where = f"source {self.name}"
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError(f'{where}: url "{self.url}"; expected mqtt://host:port or mqtts://host:port')
        if parts.username or parts.password:
            raise ValueError(f"{where}: the url holds a login; use the fields username and password")
        if self.qos not in {0, 1}:
            raise ValueError(f"{where}: qos {self.qos}; expected 0 or 1 (readings are made unique by identity)")
        if not self.client_id or not self.name:
            raise ValueError(f"{where}: name and client_id must not be empty")
        if not self.topics:
            raise ValueError(f'{where}: no topics; "#" means all')
        for topic in self.topics:
            _check_filter(where, topic)

    @staticmethod
    def local(
        url: str, *, username: str = "", password: str = "", client_id: str = "citylab-gateway"
    ) -> "SourceSettings":
        """Our own broker: everything, simulators under their root, commands left out."""
        return SourceSettings(
            url=url,
            username=username,
            password=password,
            client_id=client_id,
            simulated_root="sim/",
            skipped_root="citylab/",
            watch_drops=True,
        )

    @property
    def session(self) -> str:
        """Name of the MQTT session that packet ids belong to."""
        return f"{self.name}/{self.client_id}"


def _check_filter(where: str, topic: str) -> None:
    levels = topic.split("/")
    bad = any(("#" in level or "+" in level) and len(level) > 1 for level in levels) or "#" in levels[:-1]
    if not topic or bad or "\0" in topic or len(topic.encode()) > 0xFFFF:
        raise ValueError(f'{where}: topic filter "{topic}"; + and # stand alone in a level, # only at the end')
