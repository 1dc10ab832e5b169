"""What every store must do.

Subclass `StoreConformance`, name it ``Test...`` and say how to open the store. A store that keeps rollups is tested by
`RollupConformance` too, and `equals_memory` compares random histories with the reference.
"""

from tests.stores.conformance.aggregating import Aggregating
from tests.stores.conformance.calendar import Calendar
from tests.stores.conformance.history import equals_memory
from tests.stores.conformance.keeping import Keeping
from tests.stores.conformance.reading import Reading
from tests.stores.conformance.refusing import Refusing
from tests.stores.conformance.registering import Registering
from tests.stores.conformance.rolling import RollupConformance
from tests.stores.conformance.sample import (
    AGES,
    DAY,
    HOSTILE,
    HOUR,
    MINUTE,
    NOW,
    STREAMS,
    T0,
    batch,
    ids,
    row,
    rows_of,
)
from tests.stores.conformance.together import Together
from tests.stores.conformance.writing import Writing

__all__ = [
    "AGES", "DAY", "HOSTILE", "HOUR", "MINUTE", "NOW", "STREAMS", "T0", "RollupConformance", "StoreConformance",
    "batch", "equals_memory", "ids", "row", "rows_of",
]  # fmt: skip


class StoreConformance(Registering, Writing, Refusing, Reading, Aggregating, Together, Calendar, Keeping):
    """Tests of the Store contract; each opens stores by `open_store`."""
