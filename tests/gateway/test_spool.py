"""The spool: order, durability, torn tails, bounds."""

import os
from collections import deque

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citylab.message import Message
from citylab.observation import Observation, ObservationBatch, Provenance, Quality
from citylab.store import Arrivals
from gateway.record import Writing, pack, unpack
from gateway.spool import Spool, SpoolFullError

STEPS = st.lists(st.one_of(st.binary(max_size=60), st.just("advance"), st.just("reopen")), max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None)
@given(STEPS, st.integers(20, 300))
def test_is_a_queue_across_restarts(tmp_path_factory, steps, segment):
    directory = tmp_path_factory.mktemp("spool")
    spool, expected = Spool(directory, 100_000, segment), deque()
    for step in steps:
        if step == "advance":
            spool.advance()
            if expected:
                expected.popleft()
        elif step == "reopen":
            spool.close()
            spool = Spool(directory, 100_000, segment)
        else:
            spool.append(step)
            expected.append(step)
        assert len(spool) == len(expected)
        assert spool.peek() == (expected[0] if expected else None)
        assert list(spool) == list(expected)
    spool.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.integers(1, 40), st.booleans())
def test_torn_last_record_is_found_and_the_rest_kept(tmp_path_factory, cut, flip):
    directory = tmp_path_factory.mktemp("spool")
    spool = Spool(directory)
    for number in range(3):
        spool.append(b"%028d" % number)
    spool.close()
    (path,) = directory.glob("*.spool")
    data = bytearray(path.read_bytes())
    if flip:
        data[-cut] ^= 0x55
    else:
        del data[-min(cut, 39) :]
    path.write_bytes(bytes(data))
    again = Spool(directory)
    assert again.torn == 1
    assert list(again) == [b"%028d" % 0, b"%028d" % 1]
    again.append(b"next")
    assert list(again)[-1] == b"next"
    again.close()


def test_bound_is_kept_and_nothing_of_a_refused_record_stays(tmp_path):
    spool = Spool(tmp_path, 100)
    spool.append(b"x" * 50)
    with pytest.raises(SpoolFullError, match="62 of 100"):
        spool.append(b"y" * 50)
    assert list(spool) == [b"x" * 50]
    spool.advance()
    spool.append(b"y" * 50)
    assert list(spool) == [b"y" * 50]
    spool.close()


def test_disk_without_room_leaves_whole_records(tmp_path, monkeypatch):
    spool = Spool(tmp_path)
    spool.append(b"first")
    real = os.write

    def short(descriptor, data):
        real(descriptor, bytes(data)[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", short)
    with pytest.raises(SpoolFullError, match="No space left"):
        spool.append(b"second")
    monkeypatch.setattr(os, "write", real)
    spool.append(b"third")
    spool.close()
    again = Spool(tmp_path)
    assert list(again) == [b"first", b"third"]
    assert again.torn == 0
    again.close()


def test_fsync_comes_before_append_returns(tmp_path, monkeypatch):
    spool, calls = Spool(tmp_path), []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (calls.append(descriptor), real(descriptor)))
    spool.append(b"x")
    assert calls
    spool.close()


def test_record_keeps_a_batch():
    rows = [
        Observation(3, 10, 11, 1.5, Quality.GOOD, Provenance.MEASURED),
        Observation(4, 12, 13, "8.5 47.4", Quality.SUSPECT, Provenance.SIMULATED, sequence=7),
    ]

    class Origins:
        def origin(self, message):
            return Message(f"topic/{message}", bytes([message]), message, "local", True)

    arrivals = Arrivals("s", np.array([1], np.int32), np.array([-5], np.int64), np.array([11], np.int64))
    writing = Writing(ObservationBatch.from_rows(rows), np.array([0, 9]), arrivals, Origins())
    back = unpack(pack(writing))
    assert list(back.batch) == list(writing.batch)
    assert back.message.tolist() == [0, 9]
    assert back.origins.origin(9) == Message("topic/9", b"\x09", 9, "local", True)
    assert (back.arrivals.session, back.arrivals.digest.tolist()) == ("s", [-5])
