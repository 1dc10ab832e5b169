"""Devices: how long a message is on the air, what that costs a battery, how far a crystal clock runs away."""

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


def time_on_air(payload: int, spreading_factor: Int64, bandwidth: float = 125_000.0) -> Float64:
    """Time a LoRa message is on the air [s], float64[n]; explicit header, coding rate 4/5, checksum, 8 symbols ahead.

    Parameters
    ----------
    payload : int
        Bytes of the physical payload: the application's and the 13 of LoRaWAN.
    spreading_factor : int64[n]
        7 to 12.
    bandwidth : float
        [Hz].

    References
    ----------
    Semtech 2013, SX1272/3/6/7/8 LoRa Modem Designer's Guide, AN1200.13.

    Examples
    --------
    >>> time_on_air(23, np.array([7, 12])).round(4).tolist()
    [0.0617, 1.4828]
    """
    symbol = 2.0**spreading_factor / bandwidth
    slow = (symbol > 0.016).astype(np.int64)  # low data rate optimisation
    bits = 8 * payload - 4 * spreading_factor + 28 + 16
    symbols = 8 + np.maximum(np.ceil(bits / (4 * (spreading_factor - 2 * slow))) * 5, 0)
    result: Float64 = (8 + 4.25 + symbols) * symbol
    return result


def battery_life(capacity: float, sleep: float, sending: float, seconds: Float64, per_day: float) -> Float64:
    """Days that a battery lasts, float64[n], at most three years: then it has aged.

    Parameters
    ----------
    capacity : float
        [mA h].
    sleep, sending : float
        Current asleep and while sending [mA].
    seconds : float64[n]
        On the air for each message [s].
    per_day : float
        Messages a day.
    """
    daily = sleep * 24.0 + sending * seconds * per_day / 3600.0
    return np.minimum(capacity / daily, 1096.0)


def battery_level(age: Float64, life: Float64) -> Float64:
    """What a device says of its battery [%] at an age of so many days: falls evenly to 5, when it is replaced."""
    result: Float64 = 100.0 - 95.0 * np.clip(age / life, 0.0, 1.0)
    return result


def clock_error(drift: Float64, since: Float64) -> Float64:
    """How far a clock is ahead [s], by its drift [1e-6] and the time since it was set [s]."""
    return drift * 1e-6 * since
