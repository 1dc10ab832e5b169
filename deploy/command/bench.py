"""Measure this machine: store, ingest, simulated city, indicators.

  citylab bench store                     the embedded store against a bare append; with --influx-url (or
                                          CITYLAB_INFLUX_URL) InfluxDB against a bare writer too
  citylab bench ingest                    the gateway against a bare MQTT receive loop; needs Mosquitto
  citylab bench simulate                  the simulated devices
  citylab bench indicators                all indicators for a year of 2,000 devices

Medians of alternating runs are shown; docs/performance.md says how to read them.
"""

import argparse
import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from citylab.city import load_city
from citylab.instant import parse_instant
from citylab.machine import machine
from citylab.state import State
from citylab.store import Store
from deploy.error import UsageError
from deploy.option import add_settings, settings_of

_START = parse_instant("2026-01-01T00:00:00Z")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("action", choices=["store", "ingest", "simulate", "indicators"])
    parser.add_argument("--devices", dest="size", type=_number, default=2000, help="devices (default: 2000)")
    parser.add_argument("--days", type=_number, default=365, help="days of readings (default: 365)")
    parser.add_argument("--messages", type=_number, default=200_000, help="ingest: messages (default: 200000)")
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
    from gateway.bench import bench_ingest, table

    if shutil.which("mosquitto") is None:
        raise UsageError("mosquitto is not installed; the benchmark of ingest needs it as a broker")
    found = bench_ingest(open_embedded, messages=given.messages, runs=given.runs, say=_say)
    return found, table(found)


def open_embedded(folder: Path) -> tuple[Store, State]:
    """The embedded store and state in an empty folder."""
    from stores.duckdb import DuckDBStore
    from stores.sqlite import SqliteState

    return DuckDBStore(folder / "readings.duckdb"), SqliteState(folder / "state.sqlite")


def _simulate(given: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from deploy.wiring import profiles
    from simulators.bench import MINUTE, measure_history, measure_messages, measure_step

    settings = settings_of(given)
    city = load_city(settings.city, settings.cities)
    step = measure_step(city, given.size, _START, given.runs)
    days = min(given.days, 7)
    rows, seconds = measure_history(city, given.size, _START, days, 15 * MINUTE)
    messages, spent = measure_messages(city, profiles(settings), given.size, _START)
    found = {
        "ratio": round(step.ratio, 2),
        "step": asdict(step) | {"readings_per_second": round(step.rate)},
        "history": {"days": days, "readings": rows, "seconds": round(seconds, 3)},
        "messages": {"number": messages, "processor_seconds": round(spent, 3)},
        "machine": machine("numpy"),
    }
    text = "\n".join(
        [
            f"A minute of {given.size:,} devices: {step.step * 1000:.1f} ms for {step.readings:,} readings",
            f"  {step.ratio:.1f} times a bare numpy pass over as many; {step.rate:,.0f} readings/s",
            f"History of {days} days, not written: {rows:,} readings in {seconds:.1f} s ({rows / seconds:,.0f}/s)",
            f"Encoding: {messages:,} messages in {spent:.2f} s of processor time ({messages / spent:,.0f}/s)",
        ]
    )
    return found, text


def _indicators(given: argparse.Namespace) -> tuple[dict[str, Any], str]:
    from deploy.bench import bench_indicators, indicator_table

    settings = settings_of(given)
    city = load_city(settings.city, settings.cities)
    found = bench_indicators(city, given.folder, devices=given.size, days=given.days, runs=given.runs, say=_say)
    return found, indicator_table(found)
