"""What became of the messages of the simulated devices: fates, troubles, and the closed books."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum


class Fate(StrEnum):
    """What became of a message that was meant; each has exactly one."""

    DROPPED = "dropped"
    """A fault of the device kept it from being sent."""
    WAITING = "waiting"
    """Not handed to the broker yet."""
    UNSURE = "unsure"
    """Handed over, never confirmed, and not stored: it may never have reached the broker."""
    STORED = "stored"
    DEAD_LETTER = "dead-letter"
    """Its bytes are in the dead-letter box."""
    GARBLED = "garbled"
    """Garbage that is not in the box: it was decoded, ignored, shed or evicted."""
    LOST = "lost"
    """Confirmed by the broker, and neither stored nor refused."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One message that needs a look.

    Attributes
    ----------
    kind : str
        ``lost``, ``garbled`` or ``copied``.
    """

    kind: str
    number: int
    device: str
    moment: str
    faults: str
    text: str


@dataclass(slots=True)
class Audit:
    """The closed books.

    Attributes
    ----------
    fates : Counter[Fate]
        Messages by what became of them; their sum is `meant`.
    by_device, by_fault : dict[str, Counter[Fate]]
        The same for each device, and for each fault ("none": untouched).
    doubled : int
        Rows of the store beyond one for each reading and sending.
    again : int
        Sendings beyond the first: a message without a time of its own counts again each time.
    shed : dict[str, int]
        Messages the gateway did not look at, by device; by the gateway's own durable count.
    evicted : int
        Entries that the dead-letter box had no room for; by its own durable count.
    copied : int
        Messages that a fault sent a second time and that have no time of their own: nobody can tell them from new ones,
        so their readings stand twice.
    decoded : int
        Garbled messages that were decoded into readings.
    shown : int | None
        So many troubles of each kind are named; None: all.
    found : Counter[str]
        All troubles by kind, whether they are named or not.
    troubles : list[Trouble]
        Those that are named, in order of their number.
    """

    meant: int = 0
    fates: Counter[Fate] = field(default_factory=Counter)
    by_device: dict[str, Counter[Fate]] = field(default_factory=lambda: defaultdict(Counter))
    by_fault: dict[str, Counter[Fate]] = field(default_factory=lambda: defaultdict(Counter))
    doubled: int = 0
    again: int = 0
    shed: dict[str, int] = field(default_factory=dict)
    evicted: int = 0
    copied: int = 0
    decoded: int = 0
    shown: int | None = None
    found: Counter[str] = field(default_factory=Counter)
    troubles: list[Trouble] = field(default_factory=list)

    @property
    def closed(self) -> bool:
        """Whether nothing is lost beyond what was shed and counted, and nothing is doubled."""
        lost = {name: fates[Fate.LOST] for name, fates in self.by_device.items() if fates[Fate.LOST]}
        return not self.doubled and all(n <= self.shed.get(name, 0) for name, n in lost.items())
