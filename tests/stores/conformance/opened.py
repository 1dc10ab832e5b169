"""How the tests come to an open store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from citylab.store import Store
from tests.stores.conformance.sample import STREAMS


class Opened:
    """Opens stores by `open_store`."""

    durable = True
    """Whether a reopened store still has everything."""

    def open_store(self, folder: Path, retention: int | None = None) -> Store:
        """An open store over what earlier calls left in `folder`; its clock stands at `NOW`."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        opened = self.open_store(tmp_path)
        opened.register(STREAMS)
        yield opened
        opened.close()
