"""Datastreams are registered before their first reading."""

from pathlib import Path

import pytest

from citylab.observation import DatastreamKey
from citylab.store import Store
from citylab.thing import Datastream
from tests.stores.conformance.opened import Opened
from tests.stores.conformance.sample import AGES, HOSTILE, STREAMS, batch, ids, row


class Registering(Opened):
    """Ids and names."""

    def test_is_a_store(self, store: Store) -> None:
        assert isinstance(store, Store)

    def test_registers_once_and_lists_by_id(self, store: Store) -> None:
        store.register(STREAMS)
        assert store.datastreams() == STREAMS

    def test_refuses_contradicting_registrations(self, store: Store) -> None:
        with pytest.raises(ValueError, match="meter-1"):
            store.register([Datastream(1, DatastreamKey("other", "voltage"))])
        with pytest.raises(ValueError, match="meter-1"):
            store.register([Datastream(50, STREAMS[0].key)])
        with pytest.raises(ValueError, match="expected 1"):
            store.register([Datastream(0, DatastreamKey("zero", "voltage"))])
        same = DatastreamKey("twice", "voltage")
        with pytest.raises(ValueError, match="twice"):
            store.register([Datastream(60, same), Datastream(61, same)])
        assert store.datastreams() == STREAMS

    def test_hostile_names_come_back(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path)
        streams = [Datastream(i + 1, DatastreamKey(name, "voltage", name)) for i, name in enumerate(HOSTILE)]
        store.register(streams)
        written = store.write(batch(*(row(s.id, 0, float(s.id)) for s in streams)))
        assert (written.stored, written.refused) == (len(HOSTILE), {})
        assert [o.result for o in store.read(None, *AGES)] == [float(s.id) for s in streams]
        assert [o.result for o in store.latest(ids(*(s.id for s in streams)))] == [float(s.id) for s in streams]
        for stream in streams:
            assert [o.result for o in store.read(ids(stream.id), *AGES)] == [float(stream.id)]
        if self.durable:
            store.close()
            store = self.open_store(tmp_path)
            assert store.datastreams() == streams
            assert [o.result for o in store.read(None, *AGES)] == [float(s.id) for s in streams]
        store.close()
