"""Health: vaccine fridges, the queue of a clinic, ambulances."""

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]


def warming_constant(holdover: Float64, room: float = 43.0) -> Float64:
    """Time constant of the warming without supply [h], float64[n], from a hold-over time [h].

    Parameters
    ----------
    holdover : float64[n]
        Time from 5 to 10 Cel without supply, in a room of a temperature [Cel].

    References
    ----------
    WHO/PQS/E003/RF03, Refrigerator, ice-lined: hold-over time is measured at the warmest room to 10 Cel, and is 20 h or
    more; Newton's law of cooling turns it into a constant.
    """
    result: Float64 = holdover / np.log((room - 5.0) / (room - 10.0))
    return result


def fridge_temperature(
    start: Float64, room: Float64, powered: Float64, opened: Float64, setpoint: Float64, hold: Float64,
    reach: Float64, step_hours: float,
) -> Float64:  # fmt: skip
    """Temperature in vaccine fridges [Cel], float64[k, n].

    Parameters
    ----------
    start : float64[n]
        Before the first step [Cel].
    room : float64[k, n]
        [Cel].
    powered : float64[k, n]
        Part of each step with supply.
    opened : float64[k, n]
        Part of each step with the door open.
    setpoint : float64[n]
        [Cel].
    hold : float64[n]
        Time constant of the warming without supply [h].
    reach : float64[n]
        How far below the room the compressor brings it when it never stops [K].
    step_hours : float
        [h].

    References
    ----------
    Newton's law of cooling with one heat capacity. A compressor of constant power holds a constant difference to the
    room; IEC 62552-1:2015 names the warmest room of each climate class. The pace of cooling is ours.
    """
    result = np.empty_like(room)
    state = start.copy()
    cool, door = np.exp(-step_hours / 0.45), 0.9
    warm = np.exp(-step_hours / hold)
    for k in range(len(room)):
        free = room[k] + (state - room[k]) * warm
        goal = np.maximum(setpoint, room[k] - reach)
        cooled = goal + (state - goal) * cool
        state = np.where(powered[k] > 0.0, powered[k] * cooled + (1.0 - powered[k]) * free, free)
        state = state + door * opened[k] * (room[k] - state) * step_hours
        result[k] = state
    return result


def queue(arrivals: Float64, capacity: Float64) -> Float64:
    """People waiting after each step, float64[k, n]: a fluid queue.

    Parameters
    ----------
    arrivals, capacity : float64[k, n]
        People that come; people that can be seen in each step.

    References
    ----------
    Newell 1982, Applications of Queueing Theory, ch. 2: cumulative arrivals against a server's capacity.
    """
    result = np.empty_like(arrivals)
    waiting = np.zeros(arrivals.shape[1])
    for k in range(len(arrivals)):
        waiting = np.maximum(waiting + arrivals[k] - capacity[k], 0.0)
        result[k] = waiting
    return result


def clinic_arrivals(hour: Float64) -> Float64:
    """Arrivals over the day's total by local hour: a morning rush, closed at night.

    Parameters
    ----------
    hour : float64[n]
        [h]; a whole day, over which the result sums to 1.

    References
    ----------
    Wagenaar et al. 2016, Wait and consult times for primary healthcare services in central Mozambique,
    doi:10.3402/gha.v9.31980: over 70 % come before 10:30.
    """
    rush = np.exp(-0.5 * ((hour - 8.7) / 1.1) ** 2) + 0.25 * np.exp(-0.5 * ((hour - 13.5) / 1.6) ** 2)
    open_ = (hour >= 7.0) & (hour < 17.0)
    weight = rush * open_
    result: Float64 = weight / weight.sum()
    return result


def visits_of_day(working: NDArray[np.bool_]) -> float:
    """Patients of the last of some days over an ordinary working day, by which of the days are working days.

    Notes
    -----
    The first working day after rest is the fullest and the last the emptiest, a tenth and a fourteenth off the mean; on
    days of rest a third comes, to emergency service. The numbers are ours.
    """
    if not working[-1]:
        return 0.35
    rest = np.flatnonzero(~working)
    order = len(working) - 1 - int(rest[-1]) if len(rest) else 5
    return (1.1, 1.02, 0.99, 0.96, 0.93)[min(order, 5) - 1]


CALLS = np.array([
    2.9, 2.5, 2.2, 2.0, 1.9, 2.1, 2.7, 3.6, 4.5, 5.2, 5.5, 5.5,
    5.3, 5.2, 5.2, 5.1, 5.2, 5.4, 5.5, 5.5, 5.3, 4.8, 4.2, 3.5,
])  # fmt: skip


def hour_of_call(draws: Float64) -> Float64:
    """Hour of emergency calls [h], float64[...], by uniform draws: few before dawn, many from ten to eight.

    References
    ----------
    Sariyer et al. 2017, An analysis of Emergency Medical Services demand, Turkish Journal of Emergency Medicine 17:42,
    and 312 million calls of NEMSIS 2010-2022 (doi:10.1177/07487304231193876): a robust course over the day. The numbers
    are ours.
    """
    edges = np.concatenate([[0.0], np.cumsum(CALLS) / CALLS.sum()])
    result: Float64 = np.interp(draws, edges, np.arange(25.0))
    return result


def response_time(median: float, congestion: Float64, draws: Float64) -> Float64:
    """Minutes from call to arrival: log-normal, longer in traffic.

    Parameters
    ----------
    median : float
        In free traffic [min].
    congestion : float64[n]
        Travel time over free-flow travel time.
    draws : float64[n]
        Standard normal.

    References
    ----------
    Westgate et al. 2013, Travel time estimation for ambulances using Bayesian data augmentation,
    doi:10.1214/13-AOAS626: log-normal travel times. The spread is ours.
    """
    result: Float64 = median * (0.35 + 0.65 * congestion) * np.exp(0.35 * draws)
    return result
