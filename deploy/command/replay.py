"""Play a recording (CSV or JSON lines) again, re-based in time, with its gaps kept.

  citylab replay monday.jsonl                 messages, now, at the pace of the recording
  citylab replay monday.csv --speed 60        an hour in a minute
  citylab replay readings.csv --start 2026-03-02T08:00:00Z --straight
                                              readings, straight into the store of a stopped instance

Lines have time, topic and payload (or payload_hex); or time, thing, property, value and maybe channel. Made by

  mosquitto_sub -h HOST -t '#' -F '{"time": %U, "topic": "%t", "payload_hex": "%x"}' > monday.jsonl
  citylab store export readings.csv --kind vaccine_fridge

Messages go to the broker under the simulated root, since what is played again was not measured now: its readings count
as simulated. Those of citylab's own topics are left out.
Times inside of JSON payloads move with the recording; binary payloads are sent as they are.
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path

import aiomqtt

from citylab.instant import MICROSECONDS, format_instant, parse_instant
from citylab.message import ThingUpdate
from citylab.observation import DatastreamKey, Observation, ObservationBatch, Provenance, Quality, TimeSource
from deploy.error import UsageError
from deploy.option import add_settings, settings_of
from deploy.process import FolderLock
from deploy.settings import Settings
from deploy.table import counted
from deploy.wiring import login, open_parts
from simulators.clock import MQTT_LIMIT
from simulators.publisher import ROOT
from simulators.recording import Record, moved, read_recording

AT_ONCE = 100


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare arguments."""
    parser.add_argument("file", type=Path, help="recording: CSV with a head, or JSON lines")
    parser.add_argument(
        "--speed", dest="pace", metavar="X", type=float, default=1.0, help="recorded seconds in a second (default: 1)"
    )
    parser.add_argument("--start", default="", metavar="TIME", help="when the first record is, ISO 8601 (default: now)")
    parser.add_argument("--straight", action="store_true", help="readings straight into the store, all at once")
    add_settings(parser, "data", "city", "cities", "mqtt-host", "mqtt-port", "store")


def run(given: argparse.Namespace) -> int:
    """Read all of it, then play it."""
    settings = settings_of(given)
    if not 0 < given.pace < 1e6:
        raise UsageError(f"--speed: found {given.pace:g}; expected more than 0")
    records = read_recording(given.file)
    start = _start(given.start)
    length = (records[-1].time - records[0].time) / MICROSECONDS
    records = moved(records, start)
    if given.straight:
        return _straight(records, settings)
    if not records[0].topic:
        raise UsageError(f"{given.file} holds readings, not messages; they go into a stopped instance with --straight")
    most = _busiest(records) * given.pace
    if most > MQTT_LIMIT:
        raise UsageError(
            f"--speed {given.pace:g} makes {most:,.0f} messages/s, more than the {MQTT_LIMIT:,.0f} that MQTT carries "
            f"here; choose a speed up to {given.pace * MQTT_LIMIT / most:.3g}"
        )
    print(
        f"{counted(len(records), 'message')}, {length / given.pace:,.0f} s at {given.pace:g} times the pace.",
        flush=True,
    )
    try:
        sent = asyncio.run(_publish(records, settings, given.pace))
    except aiomqtt.MqttError as error:
        where = f"{settings.mqtt_host}:{settings.mqtt_port}"
        raise UsageError(
            f"the broker at {where} could not be used ({error}); does citylab up run there with this --data?"
        ) from None
    print(f"{counted(sent, 'message')} taken by the broker.")
    return 0


def _start(text: str) -> int:
    if not text:
        return time.time_ns() // 1000
    try:
        return parse_instant(text)
    except ValueError:
        raise UsageError(f'--start: found "{text}"; expected such as 2026-03-02T08:00:00Z') from None


def _busiest(records: list[Record]) -> float:
    """Messages a second in the busiest ten seconds of the recording."""
    most = first = 0
    for last, record in enumerate(records):
        while record.time - records[first].time > 10 * MICROSECONDS:
            first += 1
        most = max(most, last - first + 1)
    return most / 10.0


async def _publish(records: list[Record], settings: Settings, speed: float) -> int:
    origin, began, sent = records[0].time, time.monotonic(), 0
    async with login(settings, "simulator").client() as client:
        client.pending_calls_threshold = 2 * AT_ONCE
        while sent < len(records):
            wait = (records[sent].time - origin) / MICROSECONDS / speed - (time.monotonic() - began)
            if wait > 0:
                await asyncio.sleep(wait)
            upto = origin + (time.monotonic() - began) * speed * MICROSECONDS
            batch = [record for record in records[sent : sent + AT_ONCE] if record.time <= upto] or [records[sent]]
            await asyncio.gather(*(client.publish(ROOT + r.topic, r.payload, qos=1) for r in batch))
            sent += len(batch)
            if sys.stdout.isatty():
                print(f"\r{sent:,}", end="\r", flush=True)
    return sent


def _straight(records: list[Record], settings: Settings) -> int:
    """Readings into the store of an instance that does not run."""
    if records[0].topic:
        raise UsageError("these are messages; a gateway must decode them: leave --straight out while citylab up runs")
    with FolderLock(settings.data):
        parts = open_parts(settings)
        try:
            registry = parts.state.registry
            names = dict.fromkeys(record.thing for record in records)
            registry.update([ThingUpdate(name, provenance=Provenance.SIMULATED) for name in names])
            keys = [DatastreamKey(r.thing, r.observed_property, r.channel) for r in records]
            streams = {d.key: d for d in registry.resolve(list(dict.fromkeys(keys)))}
            parts.store.register(list(streams.values()))
            now = parts.clock()
            rows = [
                Observation(
                    streams[key].id, r.time, now, r.value, Quality.GOOD, Provenance.SIMULATED, TimeSource.DEVICE
                )
                for key, r in zip(keys, records, strict=True)
            ]
            written = parts.store.write(ObservationBatch.from_rows(rows))
        finally:
            parts.close()
    for refusal in dict.fromkeys(r.text for r in written.refused.values()):
        print(f"refused: {refusal}", file=sys.stderr)
    first, last = format_instant(records[0].time), format_instant(records[-1].time)
    print(
        f"{counted(written.stored, 'reading')} stored, {written.duplicates:,} were there already, "
        f"{len(written.refused):,} refused; from {first} to {last}."
    )
    return int(bool(written.refused))
