"""State in SQLite: registry, dead letters, facts; with several threads and processes."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from citylab.message import ThingUpdate
from citylab.observation import DatastreamKey, Provenance
from citylab.state import DeadLetter, DeadLetterBox, KeyValue, Registry, State
from citylab.store import StoreUnavailableError
from citylab.thing import Thing
from stores.sqlite import SqliteState
from tests.stores.conformance import HOSTILE


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SqliteState]:
    opened = SqliteState(tmp_path / "state" / "city.sqlite")
    yield opened
    opened.close()


def test_keeps_the_contract(state: SqliteState) -> None:
    whole: State = state
    parts: tuple[Registry, DeadLetterBox, KeyValue] = (whole.registry, whole.rejects, whole.memory("gateway"))
    assert [type(part).__name__ for part in parts] == ["SqliteRegistry", "SqliteDeadLetterBox", "SqliteKeyValue"]


class TestRegistry:
    def test_resolve_registers_things_and_datastreams_once(self, state: SqliteState, tmp_path: Path) -> None:
        keys = [DatastreamKey("a", "voltage"), DatastreamKey("a", "current", "L1"), DatastreamKey("b", "voltage")]
        found = state.registry.resolve([*keys, keys[0]])
        assert [s.key for s in found] == [*keys, keys[0]]
        assert [s.id for s in found] == [1, 2, 3, 1]
        version = state.registry.version()
        assert state.registry.resolve(keys[::-1]) == found[2::-1]
        assert state.registry.version() == version
        assert [(t.id, t.name, t.placed) for t in state.registry.things()] == [(1, "a", False), (2, "b", False)]
        other = SqliteState(tmp_path / "state" / "city.sqlite")
        assert other.registry.resolve(keys) == found[:3]
        assert other.registry.datastreams() == found[:3]
        other.close()

    def test_hostile_names(self, state: SqliteState) -> None:
        names = [*HOSTILE, "", "nul\0name", "x" * 10_000, "half \ud800 pair"]
        keys = [DatastreamKey(name, "voltage", name) for name in names]
        found = state.registry.resolve(keys)
        assert len({s.id for s in found}) == len(names)
        assert [s.key for s in found][:-1] == keys[:-1]
        assert state.registry.resolve(keys) == found
        assert all(state.registry.thing(name) is not None for name in names[:-1])

    def test_update_merges_and_leaves_what_is_there(self, state: SqliteState) -> None:
        registry = state.registry
        first = ThingUpdate(
            "a", profile="p", sector="energy", kind="smart_meter", latitude=1.0, longitude=2.0, properties={"x": 1}
        )
        registry.update([first])
        registry.update([ThingUpdate("a", aliases=("other",), online=True, properties={"y": [2]})])
        thing = registry.thing("other")
        assert thing == Thing(
            1, "a", "p", "energy", "smart_meter", latitude=1.0, longitude=2.0, aliases=("other",),
            properties={"x": 1, "y": [2], "online": True},
        )  # fmt: skip
        version = registry.version()
        registry.update([first, ThingUpdate("other", online=True)])
        assert registry.version() == version, "nothing new is no change"
        registry.update([ThingUpdate("a", provenance=Provenance.SIMULATED)])
        registry.update([ThingUpdate("a", provenance=Provenance.MEASURED)])
        found = registry.thing("a")
        assert found is not None
        assert found.provenance is Provenance.SIMULATED

    def test_readings_under_an_alias_belong_to_the_thing(self, state: SqliteState) -> None:
        state.registry.update([ThingUpdate("a", aliases=("alias",))])
        one, two = state.registry.resolve([DatastreamKey("a", "voltage"), DatastreamKey("alias", "voltage")])
        assert one == two
        assert len(state.registry.things()) == 1

    def test_an_alias_cannot_be_taken_over(self, state: SqliteState) -> None:
        state.registry.update([ThingUpdate("a", aliases=("alias",)), ThingUpdate("b", aliases=("alias", "a"))])
        assert [(t.name, t.aliases) for t in state.registry.things()] == [("a", ("alias",)), ("b", ())]
        with pytest.raises(ValueError, match='belongs to thing "a"'):
            state.registry.put([Thing(0, "c", aliases=("alias",))])
        with pytest.raises(ValueError, match='belongs to thing "a"'):
            state.registry.put([Thing(0, "alias")])
        assert [t.name for t in state.registry.things()] == ["a", "b"]

    def test_put_adds_and_replaces(self, state: SqliteState) -> None:
        a, b = state.registry.put([Thing(0, "a", aliases=("x",)), Thing(7, "b")])
        assert (a.id, b.id) == (1, 7)
        assert state.registry.put([replace(a, id=0, label="A", aliases=())]) == [replace(a, label="A", aliases=())]
        assert state.registry.thing("x") is None
        with pytest.raises(ValueError, match="has id 1, not 5"):
            state.registry.put([Thing(5, "a")])
        with pytest.raises(ValueError, match='id 7 is "b"'):
            state.registry.put([Thing(7, "c")])
        assert [t.label for t in state.registry.things()] == ["A", ""]

    def test_two_processes_agree(self, tmp_path: Path) -> None:
        path = tmp_path / "city.sqlite"
        code = (
            "import sys; from stores.sqlite import SqliteState; from citylab.observation import DatastreamKey\n"
            "state = SqliteState(sys.argv[1])\n"
            "for i in range(60): state.registry.resolve([DatastreamKey(f't{(i * int(sys.argv[2])) % 61}', 'v')])\n"
            "print([(s.id, s.key.thing) for s in sorted(state.registry.datastreams(), key=lambda s: s.id)])\n"
        )
        command = [sys.executable, "-c", code, str(path)]
        children = [subprocess.Popen([*command, str(k)], stdout=subprocess.PIPE, text=True) for k in (1, 7)]
        answers = [child.communicate(timeout=60)[0] for child in children]
        assert all(child.returncode == 0 for child in children), answers
        state = SqliteState(path)
        streams = state.registry.datastreams()
        assert len({s.key.thing for s in streams}) == len(streams) == len(state.registry.things()) >= 60
        state.close()

    def test_sees_what_another_process_wrote(self, state: SqliteState, tmp_path: Path) -> None:
        assert state.registry.thing("a") is None
        other = SqliteState(tmp_path / "state" / "city.sqlite")
        other.registry.update([ThingUpdate("a", kind="bus")])
        other.close()
        found = state.registry.thing("a")
        assert found is not None
        assert found.kind == "bus"

    def test_threads(self, state: SqliteState) -> None:
        keys = [DatastreamKey(f"t{i}", "v") for i in range(50)]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda k: state.registry.resolve(keys[k:] + keys[:k]), range(0, 48, 3)))
        assert len({s.id for answer in answers for s in answer}) == 50


def letter(number: int, **fields: object) -> DeadLetter:
    base = DeadLetter(1000 + number, "local", f"a/{number}", f"bytes {number}".encode(), "not_json", "no JSON")
    return replace(base, **fields)  # type: ignore[arg-type] # fields of the dataclass


class TestDeadLetters:
    def test_comes_back_whole(self, state: SqliteState) -> None:
        first = letter(
            1, payload=bytes(range(256)), device="d", profile="p", simulated=True, topic="t\0/\U0001f68c",
            text="'; DROP TABLE letter; --",
        )  # fmt: skip
        field = letter(1, payload=first.payload, place="a.b", code="unit_unknown", received_time=first.received_time)
        state.rejects.put([[first, field], [letter(2)]])
        found = state.rejects.find()
        assert [entry.id for entry in found] == [3, 2, 1]
        assert found[2] == replace(first, id=1)
        assert found[1] == replace(field, id=2, parent=1)
        assert state.rejects.get(2) == found[1]
        assert state.rejects.get(9) is None

    def test_find(self, state: SqliteState) -> None:
        state.rejects.put([[letter(i, code=f"c{i % 2}", device=f"d{i % 3}")] for i in range(1, 13)])
        assert [e.id for e in state.rejects.find(code="c1", limit=3)] == [11, 9, 7]
        assert [e.id for e in state.rejects.find(device="d0", before=9)] == [6, 3]
        assert [e.id for e in state.rejects.find(text="A/1")] == [12, 11, 10, 1]
        assert state.rejects.find(text="%") == []
        assert len(state.rejects.find(text="NO json")) == 12

    def test_replayed_once(self, state: SqliteState) -> None:
        state.rejects.put([[letter(1)]])
        assert state.rejects.mark_replayed(1, 5)
        assert not state.rejects.mark_replayed(1, 6)
        assert not state.rejects.mark_replayed(2, 6)
        found = state.rejects.get(1)
        assert found is not None
        assert found.replayed_time == 5

    def test_bounded_by_entries_and_counts_evictions(self, tmp_path: Path) -> None:
        state = SqliteState(tmp_path / "s", dead_letter_limit=5)
        state.rejects.put([[letter(1), letter(1, place="x", code="unit_unknown")]])
        for i in range(2, 8):
            state.rejects.put([[letter(i)]])
        assert [e.id for e in state.rejects.find()] == [8, 7, 6, 5, 4]
        assert state.rejects.count() == {"not_json": 7, "unit_unknown": 1, "evicted": 3}
        state.close()
        state = SqliteState(tmp_path / "s", dead_letter_limit=5)
        assert state.rejects.count()["evicted"] == 3
        state.close()

    def test_bounded_by_bytes(self, tmp_path: Path) -> None:
        state = SqliteState(tmp_path / "s", dead_letter_bytes=1000)
        for i in range(10):
            state.rejects.put([[letter(i, payload=b"x" * 300)]])
        assert len(state.rejects.find()) == 3
        assert state.rejects.count()["evicted"] == 7
        state.close()


class TestKeyValue:
    def test_values_owners_and_prefixes(self, state: SqliteState, tmp_path: Path) -> None:
        gateway, services = state.memory("gateway"), state.memory("services")
        gateway.put({"a": {"x": [1, 2.5, None, "\ud800"]}, "ab": True, "b%": 0, "a%": ""})
        services.put({"a": 9})
        assert gateway.get("a") == {"x": [1, 2.5, None, "\ud800"]}
        assert gateway.get("missing") is None
        assert gateway.items("a") == {"a": gateway.get("a"), "a%": "", "ab": True}
        assert gateway.items("a%") == {"a%": ""}
        gateway.put({"a": None, "new": 1})
        assert sorted(gateway.items("")) == ["a%", "ab", "b%", "new"]
        other = SqliteState(tmp_path / "state" / "city.sqlite")
        assert other.memory("services").get("a") == 9
        other.close()

    def test_all_or_nothing(self, state: SqliteState) -> None:
        memory = state.memory("gateway")
        with pytest.raises(ValueError, match="JSON"):
            memory.put({"a": 1, "b": float("nan")})
        with pytest.raises(TypeError):
            memory.put({"a": 1, "b": object()})
        assert memory.items("") == {}


def test_a_transaction_keeps_all_or_nothing(state: SqliteState) -> None:
    memory = state.memory("gateway")

    def fail() -> None:
        with state.transaction():
            state.rejects.put([[letter(1)]])
            memory.put({"a": 1})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (state.rejects.find(), memory.get("a"), state.rejects.count()) == ([], None, {"evicted": 0})
    with state.transaction():
        state.rejects.put([[letter(1)]])
        memory.put({"a": 1})
    assert (len(state.rejects.find()), memory.get("a")) == (1, 1)


def test_in_memory() -> None:
    state = SqliteState(":memory:")
    state.registry.resolve([DatastreamKey("a", "v")])
    assert len(state.registry.things()) == 1
    state.close()


def test_foreign_and_later_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "no.sqlite"
    path.write_bytes(b"this is no database, but a text that is long enough to be one" * 20)
    with pytest.raises(StoreUnavailableError, match="restore it from a backup"):
        SqliteState(path)
    later = tmp_path / "later.sqlite"
    state = SqliteState(later)
    state._database.rows("PRAGMA user_version = 99")
    state.close()
    with pytest.raises(StoreUnavailableError, match="schema 99"):
        SqliteState(later)
