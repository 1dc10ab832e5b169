"""Marks of the fields of models that are for people, and models said in a language.

Models are made in English. Codes (`code`, `unit`, `status`, `grade`, `provenance`) are the same in all languages.
"""

from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import BaseModel

from services.indicators.language import Speech

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A field that is for people.

    Attributes
    ----------
    groups : tuple[str, ...]
        It is a word of one of these; none: a text or a sentence.
    """

    groups: tuple[str, ...] = ()

    def say(self, text: str, speech: Speech) -> str:
        """The field in a language."""
        if not self.groups:
            return speech.say(text)
        return " / ".join(self._word(part, speech) for part in text.split(" / "))

    def _word(self, text: str, speech: Speech) -> str:
        return next((said for group in self.groups if (said := speech.word(group, text)) != text), text)


Said = Annotated[str, Spoken()]
SaidList = Annotated[list[str], Spoken()]
UnitText = Annotated[str, Spoken(("unit",))]
GROUP = Spoken(("dimension", "sub_dimension", "category"))
GroupText = Annotated[str, GROUP]
"""Name of a dimension, sub-dimension or category, or a path of them."""


def in_language(model: Model, language: Speech | str) -> Model:
    """A model with everything in it that is for people said in a language.

    Raises
    ------
    ValueError
        If there is no such language.
    """
    speech = language if isinstance(language, Speech) else Speech(language)
    update = {}
    for name, field in type(model).model_fields.items():
        mark = next((each for each in field.metadata if isinstance(each, Spoken)), None)
        update[name] = _spoken(getattr(model, name), mark, speech)
    return model.model_copy(update=update)


def _spoken(value: object, mark: Spoken | None, speech: Speech) -> object:
    match value:
        case BaseModel():
            return in_language(value, speech)
        case list():
            return [_spoken(each, mark, speech) for each in value]
        case str() if mark is not None:
            return mark.say(value, speech)
        case _:
            return value
