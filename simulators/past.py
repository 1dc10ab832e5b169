"""The past of a fleet as columns for a store: what its devices said at regular times and what happened in between."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citylab.observation import Float64, Int32, Int64, Text
from simulators.fault import Sending
from simulators.fleet import Column, Fleet, Happening


@dataclass(frozen=True, slots=True)
class HistoryChunk:
    """Readings in columns of m, ordered by time within each series.

    Attributes
    ----------
    key : int32[m]
        Index in `Simulation.keys`.
    time : int64[m]
        [us since 1970, UTC].
    result : float64[m]
        NaN where `text` holds the result.
    text : object[m] | None
        Positions as ``"longitude latitude"``.
    """

    key: Int32
    time: Int64
    result: Float64
    text: Text | None = None

    def __len__(self) -> int:
        return len(self.key)


def regular_chunks(
    fleet: Fleet, first: int, times: Int64, columns: Sequence[Column], bent: tuple[Sending, float] | None
) -> Iterator[HistoryChunk]:
    """Readings of all devices at times, one chunk for each output.

    Parameters
    ----------
    first : int
        Key of the fleet's first series.
    columns : list of [times, n]
        For each output that is not an event.
    bent : tuple of Sending and float, optional
        How each message is sent, time by time, and what a spoofer multiplies results by: what is dropped or garbled
        is not there, a wrong clock gives the wrong time, a stranger's message comes a second later.
    """
    moment = np.tile(times, fleet.number)
    arrives = np.ones(len(moment), dtype=np.bool_)
    if bent is not None:
        by_device = (len(times), fleet.number)
        arrives = (bent[0].sent & ~bent[0].garbage).reshape(by_device).T.ravel()
        moment = moment + bent[0].clock.reshape(by_device).T.ravel()
    for number, column in zip(fleet.regular, columns, strict=True):
        key = np.repeat(first + fleet.index * len(fleet.outputs) + number, len(times)).astype(np.int32)
        result = np.ascontiguousarray(column.T).ravel()
        if np.iscomplexobj(result):
            text = position_text(result[arrives].astype(np.complex128))
            yield HistoryChunk(key[arrives], moment[arrives], np.full(len(text), np.nan), text)
            continue
        said = result.astype(np.float64, copy=False)
        keep = arrives & ~np.isnan(said)
        yield HistoryChunk(key[keep], moment[keep], said[keep])
        if bent is not None and bent[0].spoofed.any():
            also = keep & bent[0].spoofed.reshape(len(times), fleet.number).T.ravel()
            yield HistoryChunk(key[also], moment[also] + 1_000_000, said[also] * bent[1])


def happened_chunk(fleet: Fleet, first: int, happenings: Sequence[Happening], regular: Int64) -> HistoryChunk:
    """Readings outside the rhythm, those left out that a regular time says already."""
    key = np.concatenate([first + h.device * len(fleet.outputs) + h.output for h in happenings])
    time = np.concatenate([h.time for h in happenings])
    result = np.concatenate([h.result for h in happenings])
    said = [number for number in range(len(fleet.outputs)) if fleet.outputs[number].mode != "event"]
    known = np.isin((key - first) % len(fleet.outputs), said) & np.isin(time, regular)
    return HistoryChunk(key[~known].astype(np.int32), time[~known], result[~known])


def position_text(positions: NDArray[np.complex128]) -> Text:
    """Positions as ``"longitude latitude"`` in degrees with six digits, object[m]."""
    longitude, latitude = np.round(positions.real, 6).tolist(), np.round(positions.imag, 6).tolist()
    text = np.empty(len(longitude), dtype=np.object_)
    text[:] = [f"{x} {y}" for x, y in zip(longitude, latitude, strict=True)]
    return text
