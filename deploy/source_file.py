"""A city's existing MQTT brokers, as a YAML file."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from citylab.document import Document, DocumentError, Mistake, load_document
from gateway.setting import SourceSettings


class SourceEntry(Document):
    """One broker to read.

    Attributes
    ----------
    url : str
        ``mqtt://host:1883`` or ``mqtts://host:8883``.
    topics : list[str]
        Topic filters.
    password_file : Path | None
        File with the password; relative to the YAML file.
    ca : Path | None
        Certificate authority to trust instead of the system's; relative to the YAML file.
    """

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    url: str
    topics: tuple[str, ...] = ("#",)
    qos: int = Field(default=1, ge=0, le=1)
    client_id: str = ""
    username: str = ""
    password_file: Path | None = None
    ca: Path | None = None
    keepalive: int = Field(default=30, ge=5, le=3600)


class SourceFile(Document):
    """All of them."""

    sources: tuple[SourceEntry, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [entry.name for entry in self.sources]
        if len({*names, "local"}) < len(names) + 1:
            raise ValueError('two sources have the same name, or one is called "local", which is our own broker')
        return self


def load_sources(path: Path) -> list[SourceSettings]:
    """Sources of a file.

    Raises
    ------
    DocumentError
        With every mistake in it.
    """
    found, mistakes = [], []
    for number, entry in enumerate(load_document(SourceFile, path).sources):
        try:
            found.append(_settings(entry, path.parent))
        except (ValueError, OSError) as error:
            mistakes.append(Mistake(str(path), 0, f"sources.{number}", str(error)))
    if mistakes:
        raise DocumentError(mistakes)
    return found


def _settings(entry: SourceEntry, folder: Path) -> SourceSettings:
    password = "" if entry.password_file is None else (folder / entry.password_file).read_text("utf-8").strip()
    return SourceSettings(
        name=entry.name,
        url=entry.url,
        topics=entry.topics,
        qos=entry.qos,
        client_id=entry.client_id or f"citylab-gateway-{entry.name}",
        username=entry.username,
        password=password,
        ca=None if entry.ca is None else folder / entry.ca,
        keepalive=entry.keepalive,
    )
