"""Things and datastreams in SQLite, with a cache of what is known."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from sys import intern

from citylab.message import ThingUpdate
from citylab.observation import DatastreamKey, Provenance
from citylab.thing import Datastream, Thing
from stores.sqlite.database import Database, clean


class SqliteRegistry:
    """See `citylab.state.Registry`. Several processes may write; each sees what the others wrote."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._streams: dict[DatastreamKey, Datastream] = {}
        self._listed: list[Datastream] = []
        self._things: dict[str, Thing] = {}
        self._names: dict[str, str] = {}
        self._seen = -1

    def version(self) -> int:
        """A number that grows with every change, for caches."""
        return self._database.number("registry")

    def thing(self, name: str) -> Thing | None:
        """A thing by name or alias."""
        with self._database.lock:
            self._refresh()
            return self._find(name)

    def things(self) -> list[Thing]:
        """All things, by id."""
        with self._database.lock:
            self._refresh()
            return sorted(self._things.values(), key=lambda thing: thing.id)

    def datastreams(self) -> list[Datastream]:
        """All datastreams, by id."""
        with self._database.lock:
            last = self._listed[-1].id if self._listed else 0
            query = "SELECT id, thing, observed_property, channel FROM datastream WHERE id > ? ORDER BY id"
            more = [self._listing(row[0], row[1:]) for row in self._database.rows(query, (last,))]
            if self._database.inside():  # what is not committed may still go, and its ids with it
                return [*self._listed, *more]
            # They are only ever added, with growing ids: one object each spares every reader its own.
            self._listed += more
            return list(self._listed)

    def _listing(self, number: int, texts: Sequence[str]) -> Datastream:
        key = DatastreamKey(*map(intern, texts))
        known = self._streams.get(key)
        return known if known is not None and known.id == number else Datastream(number, key)

    def resolve(self, keys: Sequence[DatastreamKey]) -> list[Datastream]:
        """Datastreams of keys, in order; unknown ones and their things are registered.

        A key under an alias of a thing is that thing's datastream. Halves of surrogate pairs in a name are replaced.
        """
        known = self._streams
        try:
            return [known[key] for key in keys]
        except KeyError:
            unknown = list(dict.fromkeys(key for key in keys if key not in known))
        with self._database.lock:
            self._register(unknown)
            return [self._streams[key] for key in keys]

    def _register(self, keys: Sequence[DatastreamKey]) -> None:
        found: dict[DatastreamKey, Datastream] = {}
        changed = False
        with self._database.transaction():
            self._refresh()
            seen = self._seen
            for key in keys:
                name = clean(key.thing)
                thing = self._find(name)
                plain = DatastreamKey(
                    name if thing is None else thing.name, clean(key.observed_property), clean(key.channel)
                )
                if thing is None:
                    self._save(Thing(0, name))
                number, new = self._datastream(plain)
                changed = changed or new or thing is None
                found[key] = Datastream(number, plain)
            if changed:
                self._database.add("registry", 1)
        self._seen = seen + changed
        self._streams.update(found)

    def _datastream(self, key: DatastreamKey) -> tuple[int, bool]:
        columns = (key.thing, key.observed_property, key.channel)
        rows = self._database.rows(
            "SELECT id FROM datastream WHERE thing = ? AND observed_property = ? AND channel = ?", columns
        )
        if rows:
            return int(rows[0][0]), False
        cursor = self._database.run(
            "INSERT INTO datastream (thing, observed_property, channel) VALUES (?, ?, ?)", columns
        )
        return int(cursor.lastrowid or 0), True

    def update(self, updates: Iterable[ThingUpdate]) -> None:
        """Merge what messages say about things; empty fields leave what is there.

        Provenance only gets weaker. An alias that belongs to another thing stays there.
        """
        asked = list(updates)
        with self._database.lock:
            self._refresh()
            if all(self._merged(update) == self._find(clean(update.name)) for update in asked):
                return
            with self._database.transaction():
                self._refresh()
                seen = self._seen
                for update in asked:
                    merged = self._merged(update)
                    if merged != self._find(merged.name):
                        self._save(merged)
                self._database.add("registry", 1)
            self._seen = seen + 1

    def _merged(self, update: ThingUpdate) -> Thing:
        thing = self._find(clean(update.name)) or Thing(0, clean(update.name))
        others = [clean(alias) for alias in update.aliases]
        free = [alias for alias in others if alias != thing.name and self._owner(alias) in {None, thing.name}]
        properties = {**thing.properties, **update.properties}
        if update.online is not None:
            properties["online"] = update.online
        placed = update.latitude is not None and update.longitude is not None
        return replace(
            thing,
            profile=update.profile or thing.profile,
            sector=update.sector or thing.sector,
            kind=update.kind or thing.kind,
            aliases=tuple(dict.fromkeys([*thing.aliases, *free])),
            latitude=update.latitude if placed else thing.latitude,
            longitude=update.longitude if placed else thing.longitude,
            altitude=thing.altitude if update.altitude is None else update.altitude,
            provenance=max(thing.provenance, update.provenance),
            properties=properties,
        )

    def put(self, things: Sequence[Thing]) -> list[Thing]:
        """Add or replace things by name (an id of 0 means: give one, or keep the one it has).

        Raises
        ------
        ValueError
            If a name or alias belongs to another thing, or a name is known with another id.
        """
        with self._database.lock, self._database.transaction():
            self._refresh()
            seen = self._seen
            saved = [self._put(thing) for thing in things]
            self._database.add("registry", 1)
        self._seen = seen + 1
        return saved

    def _put(self, thing: Thing) -> Thing:
        name = clean(thing.name)
        known = self._things.get(name)
        for word in (name, *thing.aliases):
            if self._owner(word) not in {None, name}:
                raise ValueError(f'"{word}" belongs to thing "{self._owner(word)}"; expected a name of its own')
        if known is not None and thing.id not in {0, known.id}:
            raise ValueError(f'thing "{name}" has id {known.id}, not {thing.id}')
        taken = next((other.name for other in self._things.values() if other.id == thing.id), name)
        if taken != name:
            raise ValueError(f'thing id {thing.id} is "{taken}", not "{name}"')
        number = thing.id if known is None else known.id
        return self._save(replace(thing, id=number, name=name, aliases=tuple(map(clean, thing.aliases))))

    def _save(self, thing: Thing) -> Thing:
        """Write a thing inside a transaction; until that is committed, the cache is not trusted."""
        document = json.dumps(asdict(thing), default=str)
        if thing.id:
            self._database.run(
                "INSERT INTO thing VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET document = excluded.document",
                (thing.id, thing.name, document),
            )
        else:
            cursor = self._database.run("INSERT INTO thing (name, document) VALUES (?, ?)", (thing.name, document))
            thing = replace(thing, id=int(cursor.lastrowid or 0))
        self._database.run("DELETE FROM alias WHERE thing = ?", (thing.id,))
        for alias in thing.aliases:
            self._database.run("INSERT INTO alias VALUES (?, ?)", (alias, thing.id))
        self._seen = -1
        self._remember(thing)
        return thing

    def _find(self, name: str) -> Thing | None:
        owner = self._owner(name)
        return None if owner is None else self._things[owner]

    def _owner(self, name: str) -> str | None:
        return name if name in self._things else self._names.get(name)

    def _remember(self, thing: Thing) -> None:
        known = self._things.get(thing.name)
        for alias in () if known is None else known.aliases:
            self._names.pop(alias, None)
        self._things[thing.name] = thing
        for alias in thing.aliases:
            self._names[alias] = thing.name

    def _refresh(self) -> None:
        """Read the things again if anybody changed them."""
        version = self.version()
        if version == self._seen:
            return
        self._things, self._names = {}, {}
        for number, document in self._database.rows("SELECT id, document FROM thing"):
            fields = json.loads(document)
            fields.update(id=number, aliases=tuple(fields["aliases"]), provenance=Provenance(fields["provenance"]))
            for name in ("name", "profile", "sector", "kind", "district"):
                fields[name] = intern(fields[name])
            self._remember(Thing(**fields))
        self._seen = version
