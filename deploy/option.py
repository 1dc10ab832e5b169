"""Command-line options that are settings: declared once, shared by the commands."""

import argparse
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from deploy.settings import Settings, read_settings

HELP = {
    "data": "folder of readings, state and secrets",
    "city": "city by name, or a YAML file of your own",
    "listen": "address of the web page; 0.0.0.0 shows it to the network",
    "allowed-hosts": "host names the web page answers to, separated by commas",
    "port": "port of the web page",
    "mqtt-host": "host of the MQTT broker",
    "mqtt-port": "port of the MQTT broker",
    "broker": "which broker to run: auto, mosquitto, amqtt, or none if there is one",
    "sources": "YAML file with brokers of your city to read besides our own",
    "store": "where readings go",
    "store-memory-mb": "memory of the embedded database [MB]",
    "influx-url": "address of InfluxDB",
    "influx-org": "organisation (InfluxDB 2)",
    "influx-bucket": "bucket, or database/retention-policy",
    "influx-token-file": "file with the token (InfluxDB 2)",
    "influx-username": "user (InfluxDB 1)",
    "influx-password-file": "file with the password (InfluxDB 1)",
    "profiles": "folder of device profiles of your own",
    "cards": "folder of indicator cards of your own",
    "rules": "folder of alert rules of your own",
    "webhook": "http(s) address that is told of alerts",
    "scenarios": "folder of scenarios of your own",
    "cities": "folder of cities of your own",
    "seed": "seed of the simulated city",
    "play": "scenario to play from the start: its city, seed, fleets, intervals and speed",
    "speed": "city seconds in a second; above 1 the last day is played fast, until the present",
    "devices": "number of simulated devices; 0: as the city says",
    "history-days": "days of history the simulated city starts with",
    "raw-days": "days that raw readings are kept",
    "rate": "messages a second one device may send",
}
"""Help of each setting, by option name; a test keeps it complete."""

_FOLDERS = {"data", "profiles", "cards", "rules", "scenarios", "cities"}


def add_settings(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add options for settings; without names, for all."""
    for name in names or HELP:
        field = Settings.model_fields[name.replace("-", "_")]
        kind, choices = _kind(field.annotation)
        default = "" if field.default in {None, ""} else f" (default: {field.default})"
        parser.add_argument(
            f"--{name}",
            type=kind,
            choices=choices,
            metavar=None if choices else "DIR" if name in _FOLDERS else "X",
            help=HELP[name] + default,
        )


def settings_of(given: argparse.Namespace) -> Settings:
    """Settings of the environment and the command line."""
    names = Settings.model_fields.keys() & vars(given).keys()
    return read_settings(None, **{name: getattr(given, name) for name in names})


def _kind(annotation: Any) -> tuple[type, tuple[str, ...] | None]:
    if get_origin(annotation) is Literal:
        return str, get_args(annotation)
    kinds = [part for part in get_args(annotation) or (annotation,) if part is not NoneType]
    return (Path if kinds[0] is Path else kinds[0]), None
