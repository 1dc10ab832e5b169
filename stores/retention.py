"""Until when raw readings are kept."""

from citylab.instant import Clock, system_clock


class Retention:
    """The oldest time raw readings are taken for.

    Parameters
    ----------
    keep : int | None
        How long raw readings are kept [us]; None for ever.
    pruned : int | None
        Before it everything was removed already [us since 1970, UTC].
    """

    def __init__(self, keep: int | None = None, clock: Clock = system_clock, pruned: int | None = None) -> None:
        if keep is not None and keep <= 0:
            raise ValueError(f"retention is {keep} us; expected more than 0, or none")
        self.keep = keep
        self.pruned = pruned
        self._clock = clock

    def oldest(self) -> int | None:
        """Readings before it are refused [us since 1970, UTC]; None if there is no such bound."""
        aged = None if self.keep is None else self._clock() - self.keep
        if self.pruned is None or aged is None:
            return aged if self.pruned is None else self.pruned
        return max(self.pruned, aged)

    def prune(self, before: int) -> int:
        """Note that everything before `before` is removed; the bound that holds now."""
        self.pruned = before if self.pruned is None else max(self.pruned, before)
        return self.pruned
