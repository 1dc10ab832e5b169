"""Registry, dead letters and key-value spaces in plain memory, for tests of services and dashboards."""

from collections import Counter
from dataclasses import replace

from citylab.thing import Datastream, Thing


class SampleState:
    """A State that forgets."""

    def __init__(self) -> None:
        self.registry = SampleRegistry()
        self.rejects = SampleBox()
        self._spaces = {}

    def memory(self, owner):
        return self._spaces.setdefault(owner, SampleKeys())

    def close(self):
        pass


class SampleRegistry:
    def __init__(self) -> None:
        self._things, self._streams, self._version = {}, {}, 0

    def thing(self, name):
        return next((t for t in self._things.values() if name in (t.name, *t.aliases)), None)

    def things(self):
        return list(self._things.values())

    def datastreams(self):
        return list(self._streams.values())

    def resolve(self, keys):
        for key in keys:
            if self.thing(key.thing) is None:
                self.put([Thing(0, key.thing)])
            if key not in self._streams:
                self._streams[key] = Datastream(len(self._streams) + 1, key)
                self._version += 1
        return [self._streams[key] for key in keys]

    def put(self, things):
        kept = []
        for thing in things:
            known = self._things.get(thing.name)
            number = known.id if known else thing.id or len(self._things) + 1
            self._things[thing.name] = replace(thing, id=number)
            kept.append(self._things[thing.name])
            self._version += 1
        return kept

    def version(self):
        return self._version


class SampleBox:
    def __init__(self) -> None:
        self._letters = []

    def put(self, letters):
        for message in letters:
            parent = 0
            for letter in message:
                entry = replace(letter, id=len(self._letters) + 1, parent=parent)
                parent = parent or entry.id
                self._letters.append(entry)

    def find(self, *, code="", device="", text="", before=None, limit=100):
        found = [
            each
            for each in reversed(self._letters)
            if (not code or each.code == code)
            and (not device or each.device == device)
            and (text in each.topic or text in each.text)
            and (before is None or each.id < before)
        ]
        return found[:limit]

    def get(self, entry):
        return next((each for each in self._letters if each.id == entry), None)

    def count(self):
        return {**Counter(each.code for each in self._letters), "evicted": 0}

    def mark_replayed(self, entry, time):
        return self.get(entry) is not None and time > 0


class SampleKeys:
    def __init__(self) -> None:
        self._entries = {}

    def get(self, key):
        return self._entries.get(key)

    def put(self, entries):
        for key, value in entries.items():
            if value is None:
                self._entries.pop(key, None)
            else:
                self._entries[key] = value

    def items(self, prefix):
        return {key: value for key, value in self._entries.items() if key.startswith(prefix)}
