"""The audit finds exactly what is lost, doubled, refused or unsure."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from citylab.observation import DatastreamKey, Observation, ObservationBatch, Provenance, Quality, TimeSource
from citylab.state import DeadLetter
from deploy.audit import SHOWN, audit
from deploy.audit_endpoint import describe, router
from deploy.cli import main
from deploy.fate import Audit, Fate
from deploy.settings import Settings
from deploy.wiring import open_parts
from simulators.ledger import Ledger
from simulators.native import Outgoing
from simulators.record import Entry, digest_of
from stores.memory import MemoryStore
from stores.sqlite import SqliteState

START = 1_772_359_200_000_000
MINUTE = 60_000_000


def entry(number: int, *, timed: bool = True, value: float | None = None, **given: Any) -> Entry:
    moment = START + number * MINUTE
    said = {("air_temperature", ""): float(number) if value is None else value}
    base = Entry(
        number, "hall" if timed else "plug", moment, moment if timed else None, number, said, (), 0, f"{number:016x}",
        b"", 1, True,
    )  # fmt: skip
    return replace(base, **given)


class City:
    """A store with readings of entries, and the audit over it."""

    def __init__(self) -> None:
        self.store, self.state = MemoryStore(), SqliteState(":memory:")

    def keep(self, one: Entry, *, later: int = 0, sequence: int = 0) -> None:
        streams = self.state.registry.resolve([DatastreamKey(one.device, *key) for key in one.said])
        self.store.register(streams)
        time, source = (
            (one.time, TimeSource.DEVICE) if one.time is not None else (one.moment + later, TimeSource.ARRIVAL)
        )
        rows = [
            Observation(stream.id, time, one.moment + 5, result, Quality.GOOD, Provenance.SIMULATED, source, sequence)
            for stream, result in zip(streams, one.said.values(), strict=True)
        ]
        self.store.write(ObservationBatch.from_rows(rows))

    def audit(self, *entries: Entry, shown: int | None = SHOWN) -> Audit:
        memory = self.state.memory("gateway")
        return audit(entries, self.store, self.state.registry, self.state.rejects, memory, shown)


@pytest.mark.parametrize("timed", [True, False])
def test_books_of_stored_messages_close(timed: bool) -> None:
    city = City()
    entries = [entry(n, timed=timed, value=20.5 if n % 2 else None) for n in range(1, 30)]
    for one in entries:
        city.keep(one, later=7)
    found = city.audit(*entries)
    assert found.fates == {Fate.STORED: 29}
    assert (found.closed, found.doubled, found.troubles) == (True, 0, [])


@pytest.mark.parametrize("timed", [True, False])
def test_a_lost_message_is_named(timed: bool) -> None:
    city = City()
    entries = [entry(n, timed=timed, faults=("late",) if n == 3 else ()) for n in range(1, 6)]
    for one in entries:
        if one.number != 3:
            city.keep(one)
    found = city.audit(*entries)
    assert found.fates == {Fate.STORED: 4, Fate.LOST: 1}
    assert [(t.number, t.device, t.faults) for t in found.troubles] == [(3, entries[0].device, "late")]
    assert found.by_fault["late"] == {Fate.LOST: 1}
    assert not found.closed


def test_all_are_counted_though_few_are_named() -> None:
    city = City()
    entries = [entry(n) for n in range(1, 2 * SHOWN + 1)]
    found = city.audit(*entries)
    assert (len(found.troubles), found.found) == (SHOWN, {"lost": 2 * SHOWN})
    named = city.audit(*entries, shown=None)
    assert [trouble.number for trouble in named.troubles] == [one.number for one in entries]
    assert [trouble["kind"] for trouble in describe(named)["troubles"]] == ["lost"] * 2 * SHOWN


def test_what_needs_a_look_is_written_as_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    books = Ledger(tmp_path / "ledger")
    said = {("air_temperature", ""): 20.5}
    sent = [Outgoing("a/b", b"%d" % n, "hall", START + n * MINUTE, n, said, stamp=START) for n in range(SHOWN + 9)]
    numbers = [number for number, _ in books.write(sent)]
    books.hand(numbers)
    books.confirm(numbers)
    books.close()
    open_parts(Settings(data=tmp_path)).close()
    words = ["audit", "--data", str(tmp_path)]
    assert main([*words, "--csv", str(tmp_path / "lost.csv"), "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["troubles"]) == SHOWN + 9
    rows = list(csv.DictReader((tmp_path / "lost.csv").read_text(encoding="utf-8").splitlines()))
    assert [int(row["number"]) for row in rows] == numbers
    assert {row["kind"] for row in rows} == {"lost"}
    assert main(words) == 1
    assert f"{SHOWN + 9} messages; {SHOWN} of them (--all names all)" in capsys.readouterr().out


def test_a_message_on_its_way_is_not_lost(tmp_path: Path) -> None:
    city = City()
    books = Ledger(tmp_path)
    sent = [Outgoing("a/b", b"1", "hall", START, 1, {("air_temperature", ""): 20.5}, stamp=START)]
    numbers = [number for number, _ in books.write(sent)]
    books.hand(numbers)
    books.confirm(numbers)
    books.close()
    app = FastAPI()
    app.include_router(router(city.store, city.state, tmp_path, settle=0.5))
    arrival = Timer(0.1, city.keep, [next(iter(Ledger(tmp_path).entries()))])
    with TestClient(app) as client:
        arrival.start()
        found = client.get("/api/v1/audit").json()
    arrival.join()
    assert (found["closed"], found["messages"]) == (True, {"stored": 1})


def test_a_doubled_reading_is_counted() -> None:
    city = City()
    timed, untimed = entry(1), entry(2, timed=False)
    city.keep(timed)
    city.keep(timed, sequence=1)
    city.keep(untimed)
    city.keep(untimed, later=9)
    assert city.audit(timed, untimed).doubled == 2
    assert city.audit(timed, replace(untimed, sendings=2)).doubled == 1


def test_what_was_not_confirmed_is_not_lost() -> None:
    city = City()
    found = city.audit(
        entry(1, confirmed=False),
        entry(2, sendings=0, confirmed=False),
        entry(3, digest="", sendings=0, confirmed=False),
    )
    assert found.fates == {Fate.UNSURE: 1, Fate.WAITING: 1, Fate.DROPPED: 1}
    assert found.closed


def test_refused_and_garbled_messages_are_told_apart() -> None:
    city = City()
    garbage = [
        entry(n, said={}, garbled=b"\xff%d" % n, digest=digest_of("tele/x", b"\xff%d" % n), faults=("garbage",))
        for n in (1, 2)
    ]
    city.state.rejects.put(
        [[DeadLetter(START, "local", "tele/x", b"\xff1", "not_json", "not valid JSON", simulated=True)]]
    )
    found = city.audit(*garbage)
    assert found.fates == {Fate.DEAD_LETTER: 1, Fate.GARBLED: 1}
    assert [t.number for t in found.troubles] == [2]


def test_what_the_gateway_shed_is_not_lost_silently() -> None:
    city = City()
    city.state.memory("gateway").put({"book/shed": [["hall", "rate", 2]]})
    found = city.audit(entry(1), entry(2))
    assert (found.fates[Fate.LOST], found.closed, found.shed) == (2, True, {"hall": 2})
    assert not city.audit(entry(1), entry(2), entry(3)).closed
