"""Targets: a city's own file, or the shipped ones, which are ours and name their source."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from citylab.document import Document, DocumentError, Mistake, load_document
from services.indicators.catalogue import Catalogue
from services.indicators.code import normal_code

SHIPPED_TARGETS = Path(__file__).with_name("target.yaml")


class Target(Document):
    """What a value is compared with.

    Attributes
    ----------
    value : float
        In the unit of the indicator.
    """

    value: float
    source: str = Field(min_length=1)
    note: str = ""


class Targets(Document):
    """All targets, by code, or by code and point as in ``en-en-aq-1c.pm10``.

    Attributes
    ----------
    label : str
        Whose targets they are; shown beside every score.
    """

    label: str
    targets: Mapping[str, Target]

    def find(self, code: str, point: str = "") -> Target | None:
        """The target of a point."""
        return self.targets.get(f"{code}.{point}" if point else code)


def load_targets(catalogue: Catalogue, path: Path = SHIPPED_TARGETS) -> Targets:
    """Targets of a file, every key checked against the cards and brought to its normal spelling.

    Raises
    ------
    DocumentError
        If the file has mistakes or names indicators or points there are not.
    """
    targets = load_document(Targets, path)
    found: dict[str, Target] = {}
    mistakes = []
    for key, target in targets.targets.items():
        code, _, point = key.partition(".")
        try:
            card = catalogue.find(normal_code(code))
        except (KeyError, ValueError) as error:
            mistakes.append(Mistake(str(path), 0, key, str(error.args[0])))
            continue
        names = [p.name for p in card.points]
        if point not in names:
            expected = ", ".join(f"{card.code}.{name}" if name else card.code for name in names)
            mistakes.append(Mistake(str(path), 0, key, f'no point "{point}"; expected one of: {expected}'))
            continue
        found[f"{card.code}.{point}" if point else card.code] = target
    if mistakes:
        raise DocumentError(mistakes)
    return targets.model_copy(update={"targets": found})
