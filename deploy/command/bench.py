"""Measure this machine: store, ingest, simulated city, indicators.

  citylab bench store                     the embedded store against a bare append; with --influx-url (or
                                          CITYLAB_INFLUX_URL) InfluxDB against a bare writer too
  citylab bench ingest                    the gateway against a bare MQTT receive loop; needs Mosquitto; with
                                          --influx-url into InfluxDB in place of the embedded store
  citylab bench simulate                  the simulated city: a step of every fleet, a year into the store, devices
                                          that run live; needs Mosquitto
  citylab bench indicators                all indicators for a year of 2,000 devices

Medians of alternating runs are shown; docs/performance.md says how to read them.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from citylab.city import load_city
from deploy.broker import mosquitto_path
from deploy.error import UsageError
from deploy.option import add_settings, settings_of


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("action", choices=["store", "ingest", "simulate", "indicators"])
    parser.add_argument("--devices", dest="size", type=_number, default=2000, help="devices (default: 2000)")
    parser.add_argument("--days", type=_number, default=365, help="days of readings (default: 365)")
    parser.add_argument("--messages", type=_number, default=200_000, help="ingest: messages (default: 200000)")
    parser.add_argument("--steps", type=_number, default=100_000, help="simulate: devices of a step (default: 100000)")
    parser.add_argument("--live", type=int, default=10_000, help="simulate: live devices, 0 for none (default: 10000)")
    parser.add_argument("--live-seconds", type=_number, default=120, help="simulate: so long (default: 120)")
    parser.add_argument("--runs", type=_number, default=5, help="runs of which medians are taken (default: 5)")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where databases go, and stay (default: they go)")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_settings(
        parser, "city", "cities", "profiles", "influx-url", "influx-org", "influx-token-file", "influx-username",
        "influx-password-file",
    )  # fmt: skip


def _number(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def run(given: argparse.Namespace) -> int:
    """Measure, and print."""
    try:
        found, text = globals()[f"_{given.action}"](given)
    except ValueError as error:
        raise UsageError(str(error)) from None
    print(json.dumps(found) if given.json else text)
    return 0


def _say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


def _store(given: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from stores.bench import bench_store, bench_table

    found = bench_store(given.folder, devices=given.size, hours=24 * given.days, runs=given.runs, progress=_say)
    settings = settings_of(given)
    if "influx_url" in settings.model_fields_set:
        from deploy.wiring import secret
        from stores.bench_influx import bench_influx

        influx = bench_influx(
            settings.influx_url, token=secret(settings.influx_token_file), org=settings.influx_org,
            username=settings.influx_username, password=secret(settings.influx_password_file),
            devices=given.size, runs=given.runs, progress=_say,
        )  # fmt: skip
        found["ratios"] |= influx["ratios"]
    return found, bench_table(found)


def _ingest(given: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from deploy.ingest import EmbeddedParts, InfluxParts
    from gateway.bench import bench_ingest, table

    if mosquitto_path() is None:
        raise UsageError("mosquitto is not installed; the benchmark of ingest needs it as a broker")
    settings = settings_of(given)
    parts: EmbeddedParts | InfluxParts = EmbeddedParts()
    if "influx_url" in settings.model_fields_set:
        from deploy.wiring import secret

        parts = InfluxParts(
            settings.influx_url, secret(settings.influx_token_file), settings.influx_org, settings.influx_username,
            secret(settings.influx_password_file),
        )  # fmt: skip
    found = bench_ingest(parts, messages=given.messages, runs=given.runs, clear=parts.clear, say=_say)
    return {"store": parts.name, **found}, table(found)


def _simulate(given: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from deploy.bench_city import bench_city, city_table

    if given.live and mosquitto_path() is None:
        raise UsageError("mosquitto is not installed; the live part needs it as a broker, or leave it out: --live 0")
    settings = settings_of(given)
    found = bench_city(
        load_city(settings.city, settings.cities), settings.city, devices=given.size, days=given.days, runs=given.runs,
        steps=given.steps, live=given.live, live_seconds=given.live_seconds, say=_say,
    )  # fmt: skip
    return found, city_table(found)


def _indicators(given: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from deploy.bench import bench_indicators, indicator_table

    settings = settings_of(given)
    city = load_city(settings.city, settings.cities)
    found = bench_indicators(city, given.folder, devices=given.size, days=given.days, runs=given.runs, say=_say)
    return found, indicator_table(found)
