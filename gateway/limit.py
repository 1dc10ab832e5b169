"""Flood limit: a token bucket per device, asked after the topic is read and before anything is decoded."""

from time import monotonic

OTHERS = "(others)"
"""Stands for all devices beyond the bounded number of names."""


class Bucket:
    """Tokens of one device; a message takes one.

    The pipeline takes tokens itself and asks `Limit.refill` only when none is left: that keeps the cost of
    a well-behaved device to one subtraction.
    """

    __slots__ = ("credited", "device", "filled", "tokens")

    def __init__(self, device: str, tokens: float, filled: float, credited: float) -> None:
        self.device = device
        self.tokens = tokens
        self.filled = filled
        self.credited = credited


class Limit:
    """Buckets of all devices.

    Parameters
    ----------
    rate : float
        Messages a device may send in the long run [1/s].
    burst : float
        Messages it may send at once.
    devices : int
        Devices with a bucket of their own; the others share one.

    Notes
    -----
    After an outage the broker delivers at once what a device sent over hours. That is no flood: `credit`
    gives every device the tokens of the time in which nothing could be delivered, beyond the burst.
    """

    def __init__(self, rate: float = 100.0, burst: float = 1000.0, devices: int = 20_000) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError(f"rate {rate}, burst {burst}; expected a positive rate and a burst of at least 1")
        self.rate = rate
        self.burst = burst
        self._devices = devices
        self._buckets: dict[str, Bucket] = {}
        self._credit = 0.0

    def bucket(self, device: str) -> Bucket:
        """The bucket of a device."""
        found = self._buckets.get(device)
        if found is None:
            if len(self._buckets) >= self._devices and device != OTHERS:
                return self.bucket(OTHERS)
            found = self._buckets[device] = Bucket(device, self.burst, monotonic(), 0.0)
        return found

    def credit(self, seconds: float) -> None:
        """Nothing could be delivered for this time; a backlog is to be expected."""
        self._credit += max(0.0, seconds)

    def refill(self, bucket: Bucket) -> bool:
        """Give a bucket what time has earned it; whether the message that found it empty may pass.

        The message's own token is taken already, so `bucket.tokens` is below zero on entry.
        """
        now = monotonic()
        earned = min(self.burst, (now - bucket.filled) * self.rate)
        earned += (self._credit - bucket.credited) * self.rate
        bucket.filled, bucket.credited = now, self._credit
        bucket.tokens += earned
        if bucket.tokens >= 0:
            return True
        bucket.tokens += 1  # a message that is shed costs nothing, else a flood would never be forgiven
        return False
