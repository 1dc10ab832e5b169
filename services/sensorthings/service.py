"""Answers of the SensorThings API from the registry and the store."""

from collections.abc import Iterable
from threading import Lock
from typing import Any
from urllib.parse import quote

from citylab.observation import Observation
from services.catalogue import UNKNOWN_PROFILE, Catalogue, id_array, shared_catalogue, stable_id
from services.context import Context
from services.error import RequestError
from services.sensorthings.entity import Writer, observation_id
from services.sensorthings.identifier import from_id
from services.sensorthings.model import EntitySet, Selection
from services.sensorthings.option import Options, parse_options
from services.sensorthings.path import ResourcePath, Step, parse_path

EARLIEST = -62_135_596_800_000_000
"""The year 1 [us]."""
LATEST = 253_402_300_800_000_000
"""The end of the year 9999 [us]."""

CONFORMANCE = tuple(
    "http://www.opengis.net/spec/iot_sensing/1.1/req/" + part
    for part in (
        "datamodel",
        "resource-path/resource-path-to-entities",
        "request-data/status-code",
        "request-data/top",
        "request-data/skip",
        "request-data/count",
        "request-data/pagination",
    )
)

_SINCE_AGE = 60_000_000
"""How long the time of the first reading is kept [us]: asking the store for it may take a while."""


class SensorThings:
    """The data API; one object for all requests, safe from several threads."""

    def __init__(self, context: Context) -> None:
        self._store = context.store
        self._city = context.city
        self._clock = context.clock
        self._cache = shared_catalogue(context)
        self._lock = Lock()
        self._since: tuple[int, int] | None = None

    @staticmethod
    def root(address: str) -> dict[str, Any]:
        """The service root: its entity sets and what is conformed to."""
        return {
            "value": [{"name": each.value, "url": f"{address}/{each.value}"} for each in EntitySet],
            "serverSettings": {"conformance": list(CONFORMANCE)},
        }

    def answer(self, address: str, path: str, query: Iterable[tuple[str, str]]) -> Any:
        """Content at a path below the root.

        Parameters
        ----------
        address : str
            Address of the service root, without a final slash.

        Returns
        -------
        Any
            JSON content; for ``$value`` the bare value.

        Raises
        ------
        RequestError
            If there is nothing, or the request makes no sense.
        """
        resource = parse_path(path)
        options = parse_options(query, collection=resource.many)
        catalogue = self._cache.current()
        writer = Writer(address, catalogue, self._city, self._first_reading())
        selection, observation = self._follow(catalogue, resource.steps)
        if resource.many:
            return self._page(writer, selection, resource, options, f"{address}/{quote(path, safe='/()$')}")
        if observation is not None:
            link = writer.link(EntitySet.OBSERVATIONS, observation_id(observation))
            entity = {} if resource.ref else writer.observation(observation)
        else:
            link = writer.link(selection.target, selection.ids[0])
            entity = {} if resource.ref else writer.entity(selection.target, selection.ids[0])
        return {"@iot.selfLink": link} if resource.ref else _property(entity, resource)

    def _first_reading(self) -> int:
        with self._lock:
            now = self._clock()
            if self._since is None or not 0 <= now - self._since[0] < _SINCE_AGE:
                first = self._store.info().first
                self._since = (now, now if first is None else first)
            return self._since[1]

    def _follow(self, catalogue: Catalogue, steps: tuple[Step, ...]) -> tuple[Selection, Observation | None]:
        """Where a path leads: the selection, or in place of it a single observation."""
        selection = _everything(catalogue, steps[0].target)
        observation: Observation | None = None
        for number, step in enumerate(steps):
            if number:
                selection = _related(catalogue, selection, observation, step)
                observation = None
            if step.id is not None and step.target is EntitySet.OBSERVATIONS:
                observation = self._observation(selection, step.id)
            elif step.id is not None:
                if step.id not in selection.ids:
                    raise RequestError(404, f"there is no {step.name}({step.id}) here")
                selection = Selection(step.target, (step.id,))
            elif not step.many and not selection.ids:
                raise RequestError(404, f"there is no {step.name} here")
        return selection, observation

    def _observation(self, selection: Selection, number: int) -> Observation:
        identity = from_id(number)
        if (
            identity is not None
            and identity.datastream in selection.ids
            and EARLIEST <= identity.phenomenon_time < LATEST
        ):
            time = identity.phenomenon_time
            for row in self._store.read(id_array([identity.datastream]), time, time + 1):
                if row.sequence == identity.sequence:
                    return row
        raise RequestError(404, f"there is no Observations({number}) here")

    def _page(
        self, writer: Writer, selection: Selection, resource: ResourcePath, options: Options, address: str
    ) -> dict[str, Any]:
        if selection.target is EntitySet.OBSERVATIONS:
            rows, mark = self._observations(selection, options)
            if resource.ref:
                links = [writer.link(EntitySet.OBSERVATIONS, observation_id(row)) for row in rows]
                entities = [{"@iot.selfLink": link} for link in links]
            else:
                entities = [writer.observation(row) for row in rows]
        else:
            chosen = selection.ids[options.skip : options.skip + options.size]
            end = options.skip + len(chosen)
            mark = f"$skip={end}" if chosen and end < len(selection.ids) else ""
            if resource.ref:
                entities = [{"@iot.selfLink": writer.link(selection.target, each)} for each in chosen]
            else:
                entities = [writer.entity(selection.target, each) for each in chosen]
        page: dict[str, Any] = {}
        if options.count:
            page["@iot.count"] = self._count(selection)
        if mark:
            given = [] if options.top is None else [f"$top={options.top}"]
            counted = ["$count=true"] if options.count else []
            page["@iot.nextLink"] = f"{address}?{'&'.join([*given, *counted, mark])}"
        return {**page, "value": entities}

    def _observations(self, selection: Selection, options: Options) -> tuple[list[Observation], str]:
        """One page of observations by time, and where the next one goes on ("" if there is none)."""
        if not selection.ids or options.size == 0:
            return [], ""
        start = EARLIEST if options.start is None else max(options.start, EARLIEST)
        offset = options.skip + options.started
        batch = self._store.read(id_array(selection.ids), start, LATEST, limit=options.size + 1, offset=offset)
        rows = list(batch)[: options.size]
        if len(batch) <= options.size:
            return rows, ""
        last = rows[-1].phenomenon_time
        passed = sum(row.phenomenon_time == last for row in rows)
        if passed == options.size and offset:  # readings at this time may have been passed over before this page
            passed += offset - self._store.count(id_array(selection.ids), start, last)
        return rows, f"$skiptoken={last}.{passed}"

    def _count(self, selection: Selection) -> int:
        if selection.target is not EntitySet.OBSERVATIONS:
            return len(selection.ids)
        return self._store.count(id_array(selection.ids)) if selection.ids else 0


def _property(entity: dict[str, Any], resource: ResourcePath) -> Any:
    content: Any = entity
    for key in resource.keys:
        if not isinstance(content, dict) or key not in content:
            raise RequestError(404, f'there is no "{key}" in "{"/".join(resource.keys)}"')
        content = content[key]
    return content if resource.value or not resource.keys else {resource.keys[-1]: content}


def _everything(catalogue: Catalogue, target: EntitySet) -> Selection:
    match target:
        case EntitySet.THINGS:
            ids = tuple(catalogue.things)
        case EntitySet.LOCATIONS | EntitySet.HISTORICAL_LOCATIONS:
            ids = tuple(catalogue.placed)
        case EntitySet.DATASTREAMS | EntitySet.OBSERVATIONS:
            ids = tuple(catalogue.datastreams)
        case EntitySet.SENSORS:
            ids = tuple(catalogue.profiles)
        case EntitySet.OBSERVED_PROPERTIES:
            ids = tuple(catalogue.properties)
        case EntitySet.FEATURES_OF_INTEREST:
            ids = tuple(catalogue.by_thing)
    return Selection(target, ids)


def _related(catalogue: Catalogue, from_: Selection, observation: Observation | None, step: Step) -> Selection:
    """Entities that hang together with one entity by the relation of a step."""
    source = observation.datastream if observation is not None else from_.ids[0]
    ids: tuple[int, ...]
    match from_.target, step.target:
        case (EntitySet.OBSERVATIONS, EntitySet.DATASTREAMS) | (EntitySet.DATASTREAMS, EntitySet.OBSERVATIONS):
            ids = (source,)
        case ((EntitySet.DATASTREAMS | EntitySet.OBSERVATIONS), (EntitySet.THINGS | EntitySet.FEATURES_OF_INTEREST)):
            ids = (catalogue.thing_of[source].id,)
        case EntitySet.DATASTREAMS, EntitySet.SENSORS:
            ids = (stable_id(catalogue.thing_of[source].profile or UNKNOWN_PROFILE),)
        case EntitySet.DATASTREAMS, EntitySet.OBSERVED_PROPERTIES:
            ids = (stable_id(catalogue.datastreams[source].key.observed_property),)
        case EntitySet.SENSORS, _:
            ids = tuple(catalogue.by_profile[catalogue.profiles[source]])
        case EntitySet.OBSERVED_PROPERTIES, _:
            ids = tuple(catalogue.by_property[catalogue.properties[source]])
        case _, (EntitySet.DATASTREAMS | EntitySet.OBSERVATIONS):
            ids = tuple(catalogue.by_thing.get(source, ()))
        case _, (EntitySet.LOCATIONS | EntitySet.HISTORICAL_LOCATIONS):
            ids = (source,) if catalogue.things[source].placed else ()
        case _:
            ids = (source,)  # a thing, its place and its history of places share their id
    return Selection(step.target, ids)
