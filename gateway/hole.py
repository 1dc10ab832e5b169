"""A message that a broker holds back: seen by the packet id that is left out, fetched by a new connection."""

from itertools import pairwise
from time import monotonic

_INTERVAL = 10.0
_MAX_INTERVAL = 600.0


class Hole:
    """Watches the packet ids of a session.

    Mosquitto 2.0 gives a session its ids in order, and after some reconnects holds the message behind its full window
    back until the next connection. Brokers that give ids in another order leave other holes.
    """

    def __init__(self) -> None:
        self.found = False
        """Whether the broker seems to keep a message of the session back."""
        self._last = 0
        self._since = 0.0
        self._looks = 0
        self._looked_at = -_MAX_INTERVAL

    def forget(self) -> None:
        """A new connection: ids begin anew."""
        self._last, self.found = 0, False

    def calm(self) -> None:
        """The connection ended by itself: the next hole is looked after at once."""
        self._looks = 0

    def see(self, packet_ids: list[int]) -> None:
        """Take ids in order of receipt, and see whether exactly one is left out."""
        first, last = packet_ids[0], packet_ids[-1]
        whole = last - first == len(packet_ids) - 1 and first - self._last != 2
        if not whole:
            before = [self._last or first, *packet_ids]
            self._since = monotonic()
            self.found = any(after - one == 2 for one, after in pairwise(before))
        self._last = last

    def due(self, *, waiting: bool) -> bool:
        """Whether to connect anew now; ever more rarely if that does not help.

        Parameters
        ----------
        waiting : bool
            Messages are not acknowledged yet: what is acknowledged first need not be sent again.
        """
        now = monotonic()
        if waiting and now - self._since < _INTERVAL:
            return False
        if self._looks and now - self._looked_at < min(_MAX_INTERVAL, _INTERVAL * 2.0**self._looks):
            return False
        self._looks = min(self._looks + 1, 10)
        self._looked_at = now
        return True
