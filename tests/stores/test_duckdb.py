"""The embedded store keeps the contract, and what is special to a file of one process."""

import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from citylab.observation import ObservationBatch
from citylab.store import Function, Store, StoreUnavailableError
from stores.duckdb import DuckDBStore
from stores.duckdb.writer import FEW
from tests.stores.conformance import AGES, DAY, HOUR, NOW, STREAMS, T0, StoreConformance, batch, ids, row


class TestDuckDBStore(StoreConformance):
    def open_store(self, folder: Path, retention: int | None = None) -> Store:
        return DuckDBStore(folder / "city.duckdb", retention=retention, clock=lambda: NOW)


def test_a_second_process_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "city.duckdb"
    store = DuckDBStore(path)
    code = "import sys; from stores.duckdb import DuckDBStore; DuckDBStore(sys.argv[1])"
    child = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert child.returncode == 1
    assert "in use by another process" in child.stderr
    assert "through its API" in child.stderr
    with pytest.raises(StoreUnavailableError, match="open in this process already"):
        DuckDBStore(path)
    store.close()
    DuckDBStore(path).close()


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "city.duckdb"
    path.write_bytes(b"no database, but long enough to be one " * 500)
    with pytest.raises(StoreUnavailableError, match="restore it from a backup"):
        DuckDBStore(path)
    import duckdb

    other = tmp_path / "other.duckdb"
    with duckdb.connect(str(other)) as connection:
        connection.execute("CREATE TABLE mine (a INTEGER)")
    with pytest.raises(StoreUnavailableError, match="no schema of citylab"):
        DuckDBStore(other)
    later = tmp_path / "later.duckdb"
    DuckDBStore(later).close()
    with duckdb.connect(str(later)) as connection:
        connection.execute("UPDATE meta SET number = 99 WHERE name = 'schema'")
    with pytest.raises(StoreUnavailableError, match="schema 99"):
        DuckDBStore(later)


def test_closed_store_says_so(tmp_path: Path) -> None:
    store = DuckDBStore(tmp_path / "city.duckdb")
    store.close()
    with pytest.raises(StoreUnavailableError, match="closed"):
        store.read(None, *AGES)


def test_threads_write_and_read_at_once(tmp_path: Path) -> None:
    store = DuckDBStore(tmp_path / "city.duckdb")
    store.register(STREAMS)

    def write(k: int) -> int:
        rows = [row(d, (k * 50 + i) * 1000, float(i)) for i in range(50) for d in (1, 2)]
        return store.write(batch(*rows)).stored

    def look(_: int) -> int:
        store.latest()
        store.aggregate(ids(1, 2), T0, T0 + DAY, HOUR, "UTC", (Function.MEAN, Function.INCREASE))
        return len(store.read(None, *AGES))

    with ThreadPoolExecutor(6) as pool:
        looks = pool.map(look, range(30))
        stored = sum(pool.map(write, random.Random(1).sample(range(30), 30)))
        assert all(number % 100 == 0 for number in looks), "a batch is seen whole or not at all"
    assert stored == store.count() == 3000
    store.close()


def test_large_late_batches_with_repeats(tmp_path: Path) -> None:
    store = DuckDBStore(tmp_path / "city.duckdb")
    store.register(STREAMS)
    n = 40_000
    draw = np.random.default_rng(3)

    def cells(numbers: np.ndarray, shift: float = 0.0) -> ObservationBatch:
        empty = np.zeros(len(numbers), dtype=np.uint8)
        times = T0 + numbers // 2 * 60_000_000
        return ObservationBatch(
            (numbers % 2 + 1).astype(np.int32), times, times + 5, numbers + shift, empty, empty, empty,
            np.zeros(len(numbers), dtype=np.int16),
        )  # fmt: skip

    everything = draw.permutation(n)
    early, late = np.sort(everything[: n // 2]), everything[n // 2 :]
    assert store.write(cells(early)).stored == n // 2
    for part in np.split(late, 5):
        known = draw.choice(early, 40, replace=False)
        changed = draw.choice(np.setdiff1d(early, known), 20, replace=False)
        mixed = ObservationBatch.concatenate([cells(part), cells(known), cells(changed, 0.25)])
        result = store.write(mixed.take(draw.permutation(len(mixed))))
        assert (result.stored, result.duplicates) == (len(part) + 20, 40)
        assert store.write(cells(changed)).stored == 20
    assert store.count() == n
    found = store.read(None, *AGES)
    assert found.result.tolist() == list(range(n))
    store.close()


def test_look_ups_know_how_many_keys_go_to_the_zone_maps(tmp_path: Path) -> None:
    """A setting of one connection alone does not hold for the cursors that look up."""
    store = DuckDBStore(tmp_path / "db")
    with store.database.cursor() as cursor:
        found = cursor.execute("SELECT current_setting('dynamic_or_filter_threshold')").fetchall()
    assert found == [(FEW,)]
    store.close()


def test_arrivals_stay_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from citylab.store import Arrivals

    monkeypatch.setattr("stores.duckdb.writer._SPARE_ARRIVALS", 100)
    store = DuckDBStore(tmp_path / "city.duckdb")
    for k in range(20):
        packets = np.arange(10, dtype=np.int32)
        store.write(ObservationBatch.empty(), Arrivals("s", packets, np.arange(10) + k * 100, np.arange(10) + T0))
    with store.database.cursor() as cursor:
        rows = cursor.execute("SELECT count(*) FROM arrival").fetchone()
    assert rows is not None
    assert rows[0] <= 110
    assert store.arrivals("s").digest.tolist() == [1900 + i for i in range(10)]
    store.close()


_WRITER = """
import sys
from citylab.observation import Observation, ObservationBatch, Provenance, Quality
from stores.duckdb import DuckDBStore
from stores.duckdb.writer import FEW
from tests.stores.conformance import STREAMS, T0, batch, row
import random

store = DuckDBStore(sys.argv[1])
store.register(STREAMS)
draw = random.Random(int(sys.argv[2]))
number = int(sys.argv[3])
while True:
    # Every third batch lies before all others, so that late rows are killed too.
    times = [number * 1000 + i for i in range(200)]
    shift = -10**12 if number % 3 == 0 else 0
    store.write(batch(*(row(1, shift + t, float(t)) for t in times)))
    print(number, flush=True)
    number += 1
"""


def kill_often(folder: Path, kills: int) -> None:
    """Kill a writing process again and again; every batch it acknowledged must be there, whole."""
    path, number = folder / "city.duckdb", 1
    draw = random.Random(kills)
    for _ in range(kills):
        command = [sys.executable, "-c", _WRITER, str(path), "1", str(number)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        said = [int(child.stdout.readline())]
        time.sleep(draw.uniform(0, 0.4))
        child.kill()
        said += [int(line) for line in child.stdout.read().split("\n")[:-1]]
        child.wait()
        child.stdout.close()
        store = DuckDBStore(path)
        acknowledged = said[-1]
        results = np.sort(store.read(ids(1), *AGES).result)
        assert len(results) % 200 == 0, "a batch is there whole or not at all"
        assert len(results) // 200 in {acknowledged, acknowledged + 1}
        assert results.tolist() == [b * 1000.0 + i for b in range(1, len(results) // 200 + 1) for i in range(200)]
        number = len(results) // 200 + 1
        store.close()


def test_three_kills_while_writing(tmp_path: Path) -> None:
    kill_often(tmp_path, 3)


@pytest.mark.slow
def test_fifty_kills_while_writing(tmp_path: Path) -> None:
    kill_often(tmp_path, 50)


def test_rewrite_changes_no_reading(tmp_path: Path) -> None:
    store = DuckDBStore(tmp_path / "city.duckdb")
    store.register(STREAMS)
    order = random.Random(2).sample(range(300), 300)
    for first in range(0, 300, 10):
        part = order[first : first + 10]
        store.write(batch(*(r for t in part for r in (row(1, t * HOUR, float(t)), row(3, t, str(t))))))
    before = list(map(repr, store.read(None, *AGES)))
    store.rewrite()
    assert list(map(repr, store.read(None, *AGES))) == before
    assert store.write(batch(row(1, HOUR, 1.0), row(1, HOUR + 1, 2.0))).stored == 1
    assert store.write(batch(row(1, HOUR, 5.0))).stored == 1
    assert store.count() == 601
    store.close()


_FILLER = """
import resource, signal, sys
from citylab.store import StoreFullError
from stores.duckdb import DuckDBStore
from stores.duckdb.writer import FEW
from tests.stores.conformance import STREAMS, batch, row

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = DuckDBStore(sys.argv[1])
store.register(STREAMS)
limits = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, limits[1]))
def write(number):
    return store.write(batch(*(row(1, number * 5000 + i, i / 7) for i in range(5000)))).stored
number = 0
try:
    while number < 100:
        write(number)
        number += 1
except StoreFullError as error:
    print(error)
assert store.count() == number * 5000 and store.info().ready
resource.setrlimit(resource.RLIMIT_FSIZE, limits)
assert write(number) == 5000
store.close()
print(number)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_full_disk_is_said_and_survived(tmp_path: Path) -> None:
    path = tmp_path / "city.duckdb"
    child = subprocess.run([sys.executable, "-c", _FILLER, str(path)], capture_output=True, text=True, check=False)
    assert child.returncode == 0, child.stderr
    said, number = child.stdout.splitlines()[0], int(child.stdout.splitlines()[-1])
    assert "free some space on its disk" in said
    assert 0 < number < 100
    store = DuckDBStore(path)
    assert store.count() == (number + 1) * 5000
    store.close()
