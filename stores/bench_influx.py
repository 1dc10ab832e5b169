"""Benchmark of InfluxDB as a store against a bare writer of line protocol to the same server in the same run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from secrets import token_hex
from typing import Any
from urllib.parse import urlencode

import numpy as np
import urllib3
from influxdb_client import InfluxDBClient

from citylab.machine import machine
from citylab.observation import ObservationBatch
from stores.bench import Load, Pair, alternate
from stores.influx import InfluxStore

_LINES = 10_000
"""Lines a request, as the store sends."""


class _BareWriter:
    """Formats lines in the plainest way and posts them."""

    def __init__(self, url: str, path: str, headers: dict[str, str], names: list[tuple[str, str]]) -> None:
        self._url = url + path
        self._headers = headers
        self._names = names
        self._pool = urllib3.PoolManager(maxsize=1, timeout=30.0)

    def write(self, batch: ObservationBatch) -> None:
        """Post a batch; raises if a request is refused."""
        rows = list(
            zip(
                batch.datastream.tolist(), batch.result.tolist(), batch.quality.tolist(), batch.provenance.tolist(),
                batch.time_source.tolist(), batch.received_time.tolist(), batch.phenomenon_time.tolist(), strict=True,
            )
        )  # fmt: skip
        for first in range(0, len(rows), _LINES):
            lines = [
                f"bare,property={self._names[d - 1][1]},thing={self._names[d - 1][0]} value={v!r},quality={q}i,"
                f"provenance={p}i,time_source={s}i,received={r}i {t}000"
                for d, v, q, p, s, r, t in rows[first : first + _LINES]
            ]
            answer = self._pool.request("POST", self._url, body="\n".join(lines).encode(), headers=self._headers)
            if answer.status != 204:
                raise ValueError(f"InfluxDB answers {answer.status} to the bare writer: {answer.data[:200]!r}")


def bench_influx(
    url: str,
    *,
    token: str = "",
    org: str = "citylab",
    username: str = "",
    password: str = "",
    devices: int = 2000,
    runs: int = 5,
    batches: int = 10,
    batch: int = 20_000,
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Measure writing in order to a database (1.x) or bucket (2.x, with a token) that is made and removed.

    Returns
    -------
    dict
        Ratios first, as `stores.bench.bench_store`.

    Raises
    ------
    ValueError
        If the server refuses.
    StoreUnavailableError
        If it cannot be reached.
    """
    load = Load(devices * 3, 8760)
    names = [(stream.key.thing, stream.key.observed_property) for stream in load.streams()]
    pair = Pair()
    with _opened(url.rstrip("/"), token, org, username, password, names) as (store, bare):
        store.register(load.streams())
        # Both sides make their series before the clock starts.
        first = load.batch(np.arange(load.datastreams, dtype=np.int64))
        store.write(first)
        bare.write(first)
        for run in range(runs):
            progress(f"InfluxDB: run {run + 1} of {runs}")
            start = load.datastreams + run * batches * batch
            parts = [load.batch(np.arange(start + i * batch, start + (i + 1) * batch)) for i in range(batches)]
            alternate(pair, [(batch, partial(bare.write, part), partial(store.write, part)) for part in parts])
        expected = load.datastreams + runs * batches * batch
        if (found := store.count()) != expected:
            raise AssertionError(f"InfluxDB holds {found} rows; expected {expected}")
    return {
        "ratios": {"influx_in_order": pair.report()},
        "rows": expected,
        "batch": batch,
        "machine": machine("influxdb-client", "numpy"),
    }


@contextmanager
def _opened(
    url: str, token: str, org: str, username: str, password: str, names: list[tuple[str, str]]
) -> Iterator[tuple[InfluxStore, _BareWriter]]:
    name = f"citylab-bench-{token_hex(4)}"
    if token:
        with InfluxDBClient(url=url, token=token, org=org) as client:
            buckets = client.buckets_api()
            made = buckets.create_bucket(bucket_name=f"{name}/raw", org=org)
            path = "/api/v2/write?" + urlencode({"org": org, "bucket": f"{name}/raw", "precision": "ns"})
            store = InfluxStore(url, token=token, org=org, bucket=f"{name}/raw", timeout=30.0)
            try:
                yield store, _BareWriter(url, path, {"Authorization": f"Token {token}"}, names)
            finally:
                store.close()
                buckets.delete_bucket(made)
        return
    headers = dict(urllib3.make_headers(basic_auth=f"{username}:{password}")) if username else {}
    store = InfluxStore(url, database=name, username=username, password=password, timeout=30.0)
    path = "/write?" + urlencode({"db": name, "precision": "ns"})
    try:
        yield store, _BareWriter(url, path, headers, names)
    finally:
        store.close()
        statement = urlencode({"q": f'DROP DATABASE "{name}"'})
        urllib3.PoolManager().request("POST", f"{url}/query?{statement}", headers=headers, timeout=30.0)
