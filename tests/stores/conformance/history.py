"""Random histories (late, doubled, out of order, corrected, pruned, reopened): a store answers as memory does."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from citylab.observation import Observation, ObservationBatch, Provenance, Quality, TimeSource
from citylab.store import Arrivals, Bucket, Function, Store
from stores.memory import MemoryStore
from tests.stores.conformance.sample import AGES, HOUR, MINUTE, NOW, STREAMS, T0
from tests.stores.conformance.series import same

MOMENTS = st.one_of(
    st.integers(0, 40).map(lambda k: k * 15 * MINUTE),
    st.integers(-2 * HOUR, 12 * HOUR),
    st.sampled_from([0, 1, HOUR - 1]),
)
RESULTS = st.one_of(st.integers(-3, 6).map(float), st.floats(-1e6, 1e6), st.sampled_from(["", "a b", "x,y=z\\"]))


@st.composite
def readings(draw: st.DrawFn) -> Observation:
    time = T0 + draw(MOMENTS)
    return Observation(
        draw(st.sampled_from([1, 2, 3, 9, 9, 9, 500])),
        time,
        time + draw(st.integers(-5, 3 * HOUR)),
        draw(RESULTS),
        draw(st.sampled_from([Quality.GOOD, Quality.GOOD, Quality.SUSPECT, Quality.BAD])),
        draw(st.sampled_from(list(Provenance))),
        draw(st.sampled_from(list(TimeSource))),
        draw(st.sampled_from([0, 0, 0, 1, 999])),
    )


class Machine(RuleBasedStateMachine):
    """Drives a store and the reference side by side."""

    make: Callable[[Path], Store]
    durable = True

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="citylab-test-"))
        self.mine = type(self).make(self.folder)
        self.reference = MemoryStore(clock=lambda: NOW)
        self.written: list[Observation] = []

    def teardown(self) -> None:
        self.mine.close()
        shutil.rmtree(self.folder)

    @initialize()
    def registered(self) -> None:
        for store in (self.mine, self.reference):
            store.register(STREAMS)

    def _write(self, rows: list[Observation], arrivals: Arrivals | None = None) -> None:
        batch = ObservationBatch.from_rows(rows)
        mine, right = self.mine.write(batch, arrivals), self.reference.write(batch, arrivals)
        assert (mine.stored, mine.duplicates) == (right.stored, right.duplicates)
        assert {i: r.code for i, r in mine.refused.items()} == {i: r.code for i, r in right.refused.items()}
        self.written += rows

    @rule(rows=st.lists(readings(), max_size=12))
    def write(self, rows: list[Observation]) -> None:
        self._write(rows)

    @rule(data=st.data())
    def write_again(self, data: st.DataObject) -> None:
        if self.written:
            self._write(data.draw(st.lists(st.sampled_from(self.written), max_size=6)))

    @rule(packet=st.integers(1, 3), digest=st.integers(-(2**63), 2**63 - 1), rows=st.lists(readings(), max_size=2))
    def write_with_arrival(self, packet: int, digest: int, rows: list[Observation]) -> None:
        columns = (np.array([packet], np.int32), np.array([digest], np.int64), np.array([T0], np.int64))
        self._write(rows, Arrivals("s", *columns))

    @rule(before=MOMENTS)
    def prune(self, before: int) -> None:
        assert self.mine.prune(T0 + before - 2 * HOUR) == self.reference.prune(T0 + before - 2 * HOUR)

    @rule()
    def reopen(self) -> None:
        if self.durable:
            self.mine.close()
            self.mine = type(self).make(self.folder)

    @rule(start=MOMENTS, end=MOMENTS, limit=st.one_of(st.none(), st.integers(0, 9)), offset=st.integers(0, 3),
          newest_first=st.booleans(), chosen=st.one_of(st.none(), st.lists(st.integers(1, 10))))  # fmt: skip
    def read(self, start: int, end: int, chosen: list[int] | None, **how: Any) -> None:
        numbers = None if chosen is None else np.array(chosen, dtype=np.int32)
        found = [list(s.read(numbers, T0 + start, T0 + end, **how)) for s in (self.mine, self.reference)]
        assert list(map(repr, found[0])) == list(map(repr, found[1]))
        counts = [s.count(numbers, T0 + start, T0 + end) for s in (self.mine, self.reference)]
        assert counts[0] == counts[1]

    @rule(
        start=MOMENTS,
        end=MOMENTS,
        bucket=st.sampled_from([Bucket.HOUR, Bucket.DAY, Bucket.MONTH, None, 20 * MINUTE, 7 * MINUTE + 1]),
        zone=st.sampled_from(["UTC", "Asia/Kathmandu", "Europe/Berlin"]),
        functions=st.lists(st.sampled_from(list(Function)), unique=True),
    )
    def aggregate(self, start: int, end: int, bucket: Any, zone: str, functions: list[Function]) -> None:
        numbers = np.array([1, 2, 3, 9], dtype=np.int32)
        mine, right = (
            s.aggregate(numbers, T0 + start, T0 + end, bucket, zone, functions) for s in (self.mine, self.reference)
        )
        same(mine, right)
        several = [function for function in functions if function not in {Function.FIRST, Function.LAST}]
        mine, right = (
            s.profile(numbers, T0 + start, T0 + end, bucket, zone, several) for s in (self.mine, self.reference)
        )
        same(mine, right)

    @invariant()
    def says_the_same(self) -> None:
        assert list(map(repr, self.mine.latest())) == list(map(repr, self.reference.latest()))
        assert self.mine.count() == self.reference.count()

    @rule()
    def export(self) -> None:
        found = [
            [repr(row) for part in s.export(None, *AGES, rows=7) for row in part] for s in (self.mine, self.reference)
        ]
        assert found[0] == found[1]
        kept = [s.arrivals("s") for s in (self.mine, self.reference)]
        assert kept[0].packet_id.tolist() == kept[1].packet_id.tolist()
        assert kept[0].digest.tolist() == kept[1].digest.tolist()


def equals_memory(make: Callable[[Path], Store], examples: int, steps: int) -> None:
    """Drive a store through random histories beside the reference.

    Parameters
    ----------
    make
        Opens the store over what earlier calls left in the folder; its clock stands at `NOW`.
    examples, steps : int
        Histories, and what happens in each.
    """
    machine = type("Machine", (Machine,), {"make": staticmethod(make)})
    how = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(machine, settings=how)
