"""Numbers in what trainers write: a yes or no is none."""

from typing import Annotated

from pydantic import BeforeValidator


def _no_answer(given: object) -> object:
    if isinstance(given, bool):
        raise ValueError(f"found {str(given).lower()}; expected a number")  # noqa: TRY004 - pydantic reports ValueErrors
    return given


Number = Annotated[float, BeforeValidator(_no_answer)]
Whole = Annotated[int, BeforeValidator(_no_answer)]
