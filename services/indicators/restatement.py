"""Keeps the figures of closed years, and computes again what late readings touch; exactly one process does."""

import logging
from zoneinfo import ZoneInfo

from citylab.instant import to_datetime
from services.context import Context
from services.indicators.history import Kept
from services.indicators.late import LateMarks
from services.indicators.service import IndicatorService

LATE = "late"
"""Owner of the marks in the state."""
_EARLIEST = 1970

_log = logging.getLogger(__name__)


class Restatement:
    """Looks for what must be computed again.

    Parameters
    ----------
    service : IndicatorService
        The one that answers the API, so that its answers take the late readings in at once.
    """

    def __init__(self, context: Context, service: IndicatorService) -> None:
        self._context = context
        self._service = service
        self._marks = LateMarks(context.state.memory(LATE))

    def look(self) -> list[Kept]:
        """Restate what late readings touch, and keep years that have closed; the figures that are new or differ.

        Raises
        ------
        StoreUnavailableError
            If readings cannot be read; the next look does it then.
        """
        changed: list[Kept] = []
        if touched := self._marks.take():
            changed = self._service.restate_all(touched)
            self._marks.done()
            if changed:
                _log.info("%d indicators restated", len(changed))
        return changed + self._close()

    def _close(self) -> list[Kept]:
        """Keep the figures of closed years that are not kept yet."""
        first = self._context.store.info().first
        if first is None:
            return []
        zone = ZoneInfo(self._context.city.time_zone)
        this_year = to_datetime(self._context.clock()).astimezone(zone).year
        first_year = max(to_datetime(first).astimezone(zone).year, _EARLIEST)
        kept = set(self._service.history.periods())
        found: list[Kept] = []
        for year in range(first_year, this_year):
            if (str(year), "") not in kept:
                found += self._service.record(str(year))
                _log.info("the figures of %d are kept", year)
        return found
