"""Random draws addressed by name, device and time: the same address gives the same draw, in any order."""

from hashlib import blake2b

import numpy as np
from numpy.typing import ArrayLike, NDArray

from citylab.observation import Float64

UInt64 = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def _mix(state: UInt64) -> UInt64:
    """Scramble 64-bit words (finaliser of SplitMix64); works in place on an array of its own."""
    state ^= state >> np.uint64(30)
    state *= _MIX_1
    state ^= state >> np.uint64(27)
    state *= _MIX_2
    state ^= state >> np.uint64(31)
    return state


class Draw:
    """Draws of one named part of the city.

    A `SeedSequence` with a child per name gives the key; the draws are counter-based: a hash of key,
    label and indices. Adding a fleet or asking in another order leaves all other draws unchanged, and any
    moment can be drawn without the ones before it.

    Parameters
    ----------
    seed : int
        Seed of the city, at least 0.
    name : str
        Name of the part, such as the fleet.

    References
    ----------
    Salmon et al. 2011, Parallel random numbers: as easy as 1, 2, 3, doi:10.1145/2063384.2063405.
    Steele, Lea and Flood 2014, Fast splittable pseudorandom number generators, doi:10.1145/2660193.2660195.
    """

    def __init__(self, seed: int, name: str) -> None:
        digest = blake2b(name.encode(), digest_size=8).digest()
        child = np.random.SeedSequence(seed, spawn_key=tuple(np.frombuffer(digest, np.uint32).tolist()))
        self._key = child.generate_state(1, np.uint64)
        self._labels: dict[str, UInt64] = {}

    def _words(self, label: str, index: tuple[ArrayLike, ...]) -> UInt64:
        key = self._labels.get(label)
        if key is None:
            digest = blake2b(label.encode(), digest_size=8).digest()
            key = _mix(self._key ^ np.frombuffer(digest, np.uint64))
            self._labels[label] = key
        state: UInt64 = key
        for part in index:
            counter = np.asarray(part, dtype=np.int64).astype(np.uint64) * _STEP
            state = _mix(np.atleast_1d(state + counter))
        return state if index else state.copy()

    def uniform(self, label: str, *index: ArrayLike) -> Float64:
        """Uniform draws in (0, 1), one per index; the indices are broadcast against each other."""
        words = self._words(label, index)
        return ((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53

    def normal(self, label: str, *index: ArrayLike) -> Float64:
        """Standard normal draws (Box and Muller 1958), one per index."""
        words = self._words(label, index)
        radius = ((words >> np.uint64(32)).astype(np.float64) + 0.5) * 2.0**-32
        angle = (words & np.uint64(0xFFFFFFFF)).astype(np.float64) * (2.0 * np.pi * 2.0**-32)
        result: Float64 = np.sqrt(-2.0 * np.log(radius)) * np.cos(angle)
        return result
