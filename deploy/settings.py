"""Settings of a citylab process; the only place that reads the environment."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from citylab.document import Document, nearest

PREFIX = "CITYLAB_"
ELSEWHERE = {"REQUIRE"}
"""Variables with our prefix that are not settings: what a test run must have."""

LOOPBACK = "127.0.0.1"


class SettingError(ValueError):
    """A setting that cannot be used; the text names it, what was found and what was expected."""


class Settings(Document):
    """What a process needs to know; from ``CITYLAB_...`` variables, then from the command line.

    Attributes
    ----------
    data : Path
        Folder of everything durable: readings, state, secrets, spool, ledger.
    city : str
        Name of a city, or a YAML file.
    listen : str
        Address of the web page and API. Loopback unless asked.
    allowed_hosts : str
        Host names, separated by commas, that the web page answers to beside loopback; ``*`` for any.
    port, mqtt_port : int
        TCP ports of the web page and of our own broker.
    mqtt_host : str
        Where the broker is. Our own listens there.
    broker : str
        ``auto``, ``mosquitto``, ``amqtt``: our own; ``none``: somebody else runs it.
    sources : Path | None
        YAML file with brokers of the city to read besides our own.
    store : str
        ``duckdb`` (in `data`), ``memory``, or ``influx`` (with `influx_url`).
    influx_token_file, influx_username, influx_password_file
        2.x takes a token, 1.x a user and a password. Secrets come from files, never from the command line.
    profiles, cards, rules, scenarios, cities : Path | None
        Folders of your own that are read over the shipped ones.
    webhook : str
        Address that is told of alerts, such as ``https://hooks.example/alerts``; "" for none.
    seed : int
        Of the simulated city.
    play : str
        Name or file of a scenario that the city plays, with its city, seed, fleets, intervals and speed.
    speed : float
        City seconds in a second: above 1 the last day is played fast, until the present.
    devices : int
        Number of simulated devices; 0: as many as the city's file says.
    history_days : float
        How far back the simulated city is filled in at the first start [days].
    raw_days : float
        How long raw readings are kept [days].
    rate : float
        Messages a second that one device may send before it is shed [1/s].
    """

    data: Path = Path(".citylab")
    city: str = "kivuli"
    listen: str = LOOPBACK
    allowed_hosts: str = ""
    port: int = Field(default=8080, ge=1, le=65535)
    mqtt_host: str = LOOPBACK
    mqtt_port: int = Field(default=1883, ge=1, le=65535)
    broker: Literal["auto", "mosquitto", "amqtt", "none"] = "auto"
    sources: Path | None = None
    store: Literal["duckdb", "memory", "influx"] = "duckdb"
    store_memory_mb: int = Field(default=150, ge=50)
    influx_url: str = "http://127.0.0.1:8086"
    influx_org: str = "citylab"
    influx_bucket: str = "citylab/raw"
    influx_token_file: Path | None = None
    influx_username: str = ""
    influx_password_file: Path | None = None
    profiles: Path | None = None
    cards: Path | None = None
    rules: Path | None = None
    webhook: str = ""
    scenarios: Path | None = None
    cities: Path | None = None
    seed: int = 1
    play: str = ""
    speed: float = Field(default=1, ge=1, le=100_000)
    devices: int = Field(default=0, ge=0)
    history_days: float = Field(default=7, ge=0, le=3660)
    raw_days: float = Field(default=400, gt=0)
    rate: float = Field(default=50, gt=0)

    @model_validator(mode="after")
    def _folders_exist(self) -> Self:
        for name in ("profiles", "cards", "rules", "scenarios", "cities"):
            folder: Path | None = getattr(self, name)
            if folder is not None and not folder.is_dir():
                raise ValueError(f"{name}: {folder} is not a folder")
        return self


def read_settings(environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Settings of the environment, overridden by those given (None: not given).

    Raises
    ------
    SettingError
        For an unknown variable or a value that cannot be used.
    """
    environment = os.environ if environment is None else environment
    found: dict[str, Any] = {}
    for variable, value in environment.items():
        if variable.startswith(PREFIX) and variable.removeprefix(PREFIX) not in ELSEWHERE:
            name = variable.removeprefix(PREFIX).lower()
            if name not in Settings.model_fields:
                valid = [PREFIX + field.upper() for field in Settings.model_fields]
                raise SettingError(f"unknown environment variable {variable}; {nearest(variable, valid)}")
            found[name] = value
    found |= {name: value for name, value in given.items() if value is not None}
    try:
        return Settings.model_validate(found)
    except ValidationError as error:
        detail = error.errors()[0]
        name = ".".join(str(step) for step in detail["loc"])
        text = detail["msg"].removeprefix("Value error, ")
        if not name:
            raise SettingError(text) from None
        where = f"--{name.replace('_', '-')} ({PREFIX}{name.upper()})"
        raise SettingError(f"{where}: found {detail['input']!r}; {text[:1].lower()}{text[1:]}") from None
