"""What can be asked of the registry, and set in it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any

from citylab.document import nearest
from citylab.kind import known_kinds, slip_of
from citylab.thing import Thing
from services.catalogue import Catalogue, shared_catalogue
from services.context import Context
from services.error import RequestError
from services.registry.district import district_of
from services.registry.schema import ThingChange
from services.registry.table import CellMistake, Row, TableMistakesError, read_table, write_csv, write_yaml

_PLAIN = ("label", "sector", "kind", "profile", "owner")


class RegistryService:
    """Answers for the registry."""

    def __init__(self, context: Context) -> None:
        self._registry = context.state.registry
        self._city = context.city
        self._catalogue = shared_catalogue(context)
        self._lock = Lock()

    def find(
        self, *, after: int = 0, limit: int = 100, placed: bool | None = None, text: str = "", **fields: str
    ) -> dict[str, Any]:
        """Things by id (shape: `schema.RegisteredThings`).

        Parameters
        ----------
        placed : bool | None
            Only those with, or without, a place.
        text : str
            Part of name, label or alias, in any case.
        **fields : str
            Equal to these: sector, kind, district, owner, profile.
        """
        catalogue = self._catalogue.current()
        things = list(catalogue.things.values())
        found = [t for t in things if _matches(t, placed, text.casefold(), fields)]
        page = [thing for thing in found if thing.id > after][:limit]
        more = bool(page) and page[-1].id < found[-1].id
        return {
            "count": len(found),
            "unplaced": sum(not thing.placed for thing in things),
            "after": page[-1].id if more else None,
            "things": [describe(thing, catalogue) for thing in page],
        }

    def get(self, name: str) -> dict[str, Any]:
        """One thing by name or alias (shape: `schema.RegisteredThing`).

        Raises
        ------
        RequestError
            If there is none.
        """
        thing = self._registry.thing(name)
        if thing is None:
            names = [t.name for t in self._registry.things()][:5000]
            raise RequestError(404, f'there is no thing "{name}"; {nearest(name, names)}'.rstrip("; "))
        return describe(thing, self._catalogue.current())

    def put(self, name: str, change: ThingChange) -> tuple[dict[str, Any], bool]:
        """Set fields of a thing, or register it (shape: `schema.ThingKept`); whether it is new.

        Raises
        ------
        RequestError
            If a field cannot be so.
        """
        with self._lock:
            known = self._registry.thing(name)
            thing = self._changed(known or Thing(0, name), change)
            if wrong := self._wrong(thing, {}):
                raise RequestError(400, "; ".join(f"{column}: {text}" for column, text in wrong))
            try:
                kept = self._registry.put([thing])[0] if thing != known else thing
            except ValueError as error:
                raise RequestError(409, str(error)) from None
        answer = {"thing": describe(kept, self._catalogue.current()), "warnings": self._warnings(kept)}
        return answer, known is None

    def load(self, content: bytes, file: str, *, whole: bool = False) -> dict[str, Any]:
        """Keep the things of a CSV or YAML file: all, or none (shape: `schema.TableResult`).

        Parameters
        ----------
        whole : bool
            A row is all that is to be known of its thing: what it does not say is taken away.

        Raises
        ------
        TableMistakesError
            With every mistake; nothing is kept then.
        """
        rows = read_table(content, file)
        with self._lock:
            pairs = [self._of_row(row, whole=whole) for row in rows]
            self._check(rows, [new for _, new in pairs])
            fresh = [new for old, new in pairs if new != old]
            try:
                if fresh:
                    self._registry.put(fresh)
            except ValueError as error:
                raise TableMistakesError([CellMistake(0, "", str(error))]) from None
        added = sum(old is None for old, _ in pairs)
        warnings = [f"{new.name}: {text}" for _, new in pairs for text in self._warnings(new)]
        return {
            "added": added,
            "changed": len(fresh) - added,
            "unchanged": len(pairs) - len(fresh),
            "mistakes": [],
            "warnings": warnings[:100],
        }

    def table(self, form: str) -> str:
        """All things as CSV or YAML."""
        things = self._registry.things()
        return write_yaml(things) if form == "yaml" else write_csv(things)

    def _of_row(self, row: Row, *, whole: bool) -> tuple[Thing | None, Thing]:
        known = self._registry.thing(row.name) or self._registry.thing(row.name.strip())
        bare = Thing(known.id, known.name, provenance=known.provenance) if known else Thing(0, row.name.strip())
        return known, self._changed(bare if whole or known is None else known, row.change)

    def _check(self, rows: Sequence[Row], things: Sequence[Thing]) -> None:
        """Refuse a table whose rows contradict the city, the registry or each other."""
        words: dict[str, int] = {}
        mistakes = []
        for row, thing in zip(rows, things, strict=True):
            for column, text in self._wrong(thing, words):
                mistakes.append(CellMistake(row.number, column, text))
            for word in (thing.name, *thing.aliases):
                words.setdefault(word, row.number)
        if mistakes:
            raise TableMistakesError(mistakes)

    def _changed(self, thing: Thing, change: ThingChange) -> Thing:
        given = change.model_fields_set
        fields: dict[str, Any] = {name: getattr(change, name) for name in _PLAIN if name in given}
        for name in ("latitude", "longitude", "altitude", "aliases"):
            if name in given:
                fields[name] = getattr(change, name)
        properties = {**thing.properties, **change.properties}
        if "calibration" in given:
            calibration = change.calibration
            properties["calibration"] = calibration.model_dump(exclude_defaults=True) if calibration else None
        fields["properties"] = {name: value for name, value in properties.items() if value is not None}
        moved = replace(thing, **fields)
        if change.district:
            return replace(moved, district=change.district)
        there = (moved.latitude, moved.longitude)
        if moved.placed and (not thing.district or "district" in given or there != (thing.latitude, thing.longitude)):
            return replace(moved, district=district_of(there[1] or 0.0, there[0] or 0.0, self._city.districts))
        return replace(moved, district="") if "district" in given else moved

    def _wrong(self, thing: Thing, rows: dict[str, int]) -> list[tuple[str, str]]:
        """Columns and mistakes of a thing; `rows` are the names taken by earlier rows."""
        found = []
        names = [d.name for d in self._city.districts]
        if thing.district and thing.district not in names:
            found.append(("district", f'found "{thing.district[:60]}"; {nearest(thing.district, names)}'))
        for word in thing.aliases:
            owner = self._registry.thing(word)
            if owner is not None and owner.name != thing.name:
                text = f'"{word[:60]}" is thing "{owner.name[:60]}" itself; expected a name of no other thing'
                found.append(("aliases", text))
        taken = [word for word in dict.fromkeys((thing.name, *thing.aliases)) if word in rows]
        places = {word: "name" if word == thing.name else "aliases" for word in taken}
        return found + [(places[word], f'"{word[:60]}" is in row {rows[word]} too') for word in taken]

    def _warnings(self, thing: Thing) -> list[str]:
        """What looks odd about a thing and may still be right."""
        found = []
        if thing.kind and thing.kind not in known_kinds():
            slip = slip_of(thing.kind)
            hint = f'did you mean "{slip}"?' if slip else "its readings are kept all the same"
            found.append(f'no indicator knows the kind "{thing.kind}"; {hint}')
        if thing.latitude is not None and thing.longitude is not None:
            there = district_of(thing.longitude, thing.latitude, self._city.districts)
            if not there:
                found.append(f"the place lies in no district of {self._city.label}")
            elif there != thing.district:
                found.append(f'the place lies in district "{there}", not in "{thing.district}"')
        return found


def _matches(thing: Thing, placed: bool | None, text: str, fields: dict[str, str]) -> bool:
    if placed is not None and thing.placed is not placed:
        return False
    if any(wanted and getattr(thing, name) != wanted for name, wanted in fields.items()):
        return False
    return not text or any(text in word.casefold() for word in (thing.name, thing.label, *thing.aliases))


def describe(thing: Thing, catalogue: Catalogue) -> dict[str, Any]:
    """A thing as JSON (shape: `schema.RegisteredThing`)."""
    streams: Iterable[int] = catalogue.by_thing.get(thing.id, [])
    keys = [catalogue.datastreams[number].key for number in streams]
    return {
        "id": thing.id,
        "name": thing.name,
        "label": thing.label,
        "sector": thing.sector,
        "kind": thing.kind,
        "profile": thing.profile,
        "owner": thing.owner,
        "district": thing.district,
        "location": [thing.longitude, thing.latitude] if thing.placed else None,
        "altitude": thing.altitude,
        "provenance": thing.provenance.label,
        "aliases": list(thing.aliases),
        "properties": thing.properties,
        "datastreams": [f"{key.observed_property}{'/' if key.channel else ''}{key.channel}" for key in keys],
    }
