"""Field names that mean the same nearly everywhere; see `names.yaml`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import Field

from citylab.document import Document, load_document
from citylab.table import Channel


class Names(Document):
    """Field names that mean the same nearly everywhere."""

    fields: Mapping[str, Channel] = Field(min_length=1)


@cache
def common_names() -> Mapping[str, Channel]:
    """The table of common field names, in small letters."""
    return load_document(Names, Path(__file__).with_name("names.yaml")).fields
