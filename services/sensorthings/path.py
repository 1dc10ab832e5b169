"""Resource paths of SensorThings: text to steps."""

import re
from dataclasses import dataclass, field

from citylab.document import nearest
from services.error import RequestError
from services.sensorthings.model import PROPERTIES, RELATIONS, EntitySet, relation_of

MAX_STEPS = 20
"""Longest path in segments; deeper ones only go round in circles."""

_STEP = re.compile(r"(?P<name>[A-Za-z]+)(?:\((?P<id>[^()/]*)\))?")
_INTEGER = re.compile(r"-?[0-9]{1,40}")


@dataclass(frozen=True, slots=True)
class Step:
    """One segment that leads to entities.

    Attributes
    ----------
    many : bool
        Whether it leads to several entities; False as soon as an id is given.
    """

    name: str
    target: EntitySet
    many: bool
    id: int | None = None


@dataclass(frozen=True, slots=True)
class ResourcePath:
    """A parsed path.

    Attributes
    ----------
    steps : tuple[Step, ...]
        At least one.
    keys : tuple[str, ...]
        Property of the last entity, and keys within it.
    value : bool
        Ends in ``$value``: the bare value.
    ref : bool
        Ends in ``$ref``: links only.
    """

    steps: tuple[Step, ...]
    keys: tuple[str, ...] = field(default=())
    value: bool = False
    ref: bool = False

    @property
    def many(self) -> bool:
        """Whether the path leads to several entities."""
        return self.steps[-1].many


def _step(segment: str, steps: list[Step]) -> Step | None:
    """The step of a segment; None if it names no entities here."""
    match = _STEP.fullmatch(segment)
    if match is None:
        return None
    name, number = match["name"], match["id"]
    if not steps:
        if name not in set(EntitySet):
            raise RequestError(404, f'no entity set "{name}"; {nearest(name, EntitySet)}')
        target, many = EntitySet(name), True
    else:
        relation = relation_of(steps[-1].target, name)
        if relation is None:
            return None
        target, many = relation.target, relation.many
    if number is None:
        return Step(name, target, many)
    if not many:
        raise RequestError(400, f'"{segment}": {name} leads to one entity; leave out the id')
    if not _INTEGER.fullmatch(number):
        raise RequestError(400, f'"{segment}": found the id "{number}", expected an integer')
    return Step(name, target, many=False, id=int(number))


def parse_path(text: str) -> ResourcePath:
    """Steps of a path below the service root, such as ``Things(1)/Datastreams``.

    Raises
    ------
    RequestError
        404 if something on the way does not exist in the standard's model, 400 if the path makes no sense.
    """
    segments = text.strip("/").split("/")
    if len(segments) > MAX_STEPS:
        raise RequestError(400, f"the path has {len(segments)} segments; at most {MAX_STEPS} are answered")
    ending = segments.pop() if segments[-1].startswith("$") else ""
    if ending not in {"", "$value", "$ref"}:
        raise RequestError(501, f'"{ending}" at the end of a path is not built; $value and $ref are')
    steps: list[Step] = []
    keys: list[str] = []
    for segment in segments:
        step = None if keys or (steps and steps[-1].many) else _step(segment, steps)
        if step is not None:
            steps.append(step)
        elif steps and steps[-1].many:
            example = f"{steps[-1].name}(1)/{segment}"
            raise RequestError(400, f'"{segment}" follows several entities; choose one, such as {example}')
        elif steps and (keys or segment in PROPERTIES[steps[-1].target]):
            keys.append(segment)
        else:
            raise RequestError(404, _unknown(segment, steps))
    if not steps:
        raise RequestError(404, f'"{ending}" needs an entity before it')
    if ending == "$value" and not keys:
        raise RequestError(400, "$value needs a property before it, such as Things(1)/name/$value")
    if ending == "$ref" and keys:
        raise RequestError(400, "$ref needs entities before it, such as Things(1)/Datastreams/$ref")
    return ResourcePath(tuple(steps), tuple(keys), ending == "$value", ending == "$ref")


def _unknown(segment: str, steps: list[Step]) -> str:
    if not steps:
        return f'no entity set "{segment}"; {nearest(segment, EntitySet)}'
    target = steps[-1].target
    words = [*PROPERTIES[target], *(relation.name for relation in RELATIONS[target])]
    return f'{target} have no "{segment}"; {nearest(segment, words)}'
