"""Buses: dwell at stops, how delays grow from bus to bus, who boards and alights, riders by time on the way."""

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

BOARDING = 2.5
"""Time of a passenger who boards and has paid or pays a conductor [s] (TCQM 2003, exhibit 4-2: 2.25 to 2.75)."""
ALIGHTING = 2.1
"""Time of a passenger who alights by the rear door [s] (TCQM 2003, exhibit 4-2: 1.4 to 2.7)."""
DOORS = 4.0
"""Time to open and close doors [s] (TCQM 2003: 2 to 5)."""
PLACES = 90.0
"""Passengers that a standard bus takes, seated and standing."""


def dwell_time(boarding: Float64, alighting: Float64) -> Float64:
    """Time that a bus stands at a stop [s]: doors, and boarding in front while people alight behind.

    Parameters
    ----------
    boarding, alighting : float64[...]
        Passengers; a part of one is the chance that there is one.

    References
    ----------
    TCRP Report 100 (2003), Transit capacity and quality of service manual, 2nd edition, part 4.
    """
    result: Float64 = np.maximum(boarding * BOARDING, alighting * ALIGHTING)
    result += DOORS * np.minimum(boarding + alighting, 1.0)
    return result


def boarded(waiting: Float64, on_board: Float64) -> Float64:
    """Passengers who find room [1], of those who wait, on a bus with some still on board."""
    result: Float64 = np.minimum(waiting, np.maximum(PLACES - on_board, 0.0))
    return result


def staying(stops: int, centre: int) -> Float64:
    """Part of the passengers that stay on board at each stop, float64[stops].

    Passengers ride a third of a line on average; many alight at the stop of the centre, all at the last one.

    Notes
    -----
    With uniform boarding ``((1 - x) / (1 - x0)) ** 0.5`` is the part of those from ``x0`` still on board at ``x``.
    The exponent and the share of the centre are ours.
    """
    left = np.arange(stops, dtype=np.float64)[::-1]
    part = np.ones(stops)
    part[1:] = np.sqrt(left[1:] / (left[1:] + 1.0))
    part[centre] *= 0.6
    part[0] = 1.0
    return part


def next_headway(ahead: Float64, headway: Float64, demand: Float64) -> Float64:
    """Headway at the next stop [s] after that of a bus and that of the bus ahead of it, without noise and control.

    Parameters
    ----------
    ahead, headway : float64[...]
        Of the bus ahead and of this bus, at a stop [s].
    demand : float64[...]
        Passengers that come in the time in which one boards [1].

    References
    ----------
    Newell and Potts 1964, Maintaining a bus schedule; Daganzo 2009, A headway-based approach to eliminate bus
    bunching, doi:10.1016/j.trb.2009.06.002: a bus takes up who came since the one ahead, so what it is late grows by
    the demand at each stop, and what follows it is early.
    """
    result: Float64 = (1.0 + demand) * headway - demand * ahead
    return result


def riders(usual: Float64, time: Float64) -> Float64:
    """People who take a bus when its way takes another time than usual (ratio).

    References
    ----------
    Balcombe et al. 2004, The demand for public transport: a practical guide, TRL593, ch. 7: the elasticity of bus
    demand by time in the vehicle lies between -0.4 and -0.6.
    """
    result: Float64 = usual * np.maximum(time, 0.2) ** -0.5
    return result


def stop_and_go(part: Float64, moving: Float64, where: Float64) -> tuple[Float64, NDArray[np.bool_]]:
    """Part of a stretch that is made when part of its time is gone, and whether the vehicle moves just then.

    A vehicle drives at an even speed and stands once, at a signal or in a queue.

    Parameters
    ----------
    part : float64[...]
        Of the time of the stretch, 0 to 1.
    moving : float64[...]
        Part of the time in which it moves, above 0, to 1.
    where : float64[...]
        Part of the stretch at which it stands.
    """
    begin = where * moving
    stands = (part >= begin) & (part < begin + 1.0 - moving)
    driven = np.where(part < begin, part, np.where(stands, begin, part - (1.0 - moving)))
    return driven / moving, ~stands
