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
        """Readings before it are refused [us since 1970, UTC]; None if there is no such bound.

        What is old but not removed yet is still taken: it is in the rollups before it goes.
        """
        if self.pruned is not None or self.keep is None:
            return self.pruned
        return self._clock() - self.keep

    def prune(self, before: int) -> int:
        """Note that everything before `before` is removed; the bound that holds now."""
        self.pruned = before if self.pruned is None else max(self.pruned, before)
        return self.pruned
