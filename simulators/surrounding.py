"""Weather and calendar that all sectors share, for chunks of days, every 15 minutes."""

from dataclasses import dataclass

import numpy as np

from citylab.city import City
from citylab.observation import Float64, Int64
from simulators.draw import Draw
from simulators.effect import Influence
from simulators.models import sun, weather
from simulators.recent import Recent
from simulators.section import Climate, Section
from simulators.span import CHUNK, DAY_US, SLOT_US, SLOTS, Days, Span

MEMORY = 0.7
"""Correlation of the weather from one day to the next."""
COAST = 50.0
"""Altitude below which a city counts as coastal where radiation is estimated [m]; ours."""


@dataclass(frozen=True)
class Weather:
    """Weather and calendar of a chunk of days; columns of 32 days (``day_*``, calendar) or 3,072 knots.

    Attributes
    ----------
    times : int64[3072]
        [us since 1970, UTC].
    hour : float64[3072]
        By the clock on the wall [h].
    temperature, humidity, irradiance, clear_irradiance, wind, pressure, rain : float64[3072]
        [Cel], [%], [W/m2], [W/m2], [m/s], [hPa], [mm in the 15 minutes].
    zenith, azimuth : float64[3072]
        Of the sun [deg].
    day_temperature, day_rain, day_wind : float64[32]
        Means, and the sum of rain [mm].
    """

    first_day: int
    days: Days
    times: Int64
    hour: Float64
    temperature: Float64
    humidity: Float64
    irradiance: Float64
    clear_irradiance: Float64
    wind: Float64
    pressure: Float64
    rain: Float64
    zenith: Float64
    azimuth: Float64
    day_temperature: Float64
    day_minimum: Float64
    day_maximum: Float64
    day_humidity: Float64
    day_wind: Float64
    day_rain: Float64

    def by_day(self, column: Float64) -> Float64:
        """A column of knots as float64[32, 96]."""
        return column.reshape(CHUNK, SLOTS)

    def of_day(self, column: Float64, day: int) -> Float64:
        """Knots of one day, float64[96]."""
        at = (day - self.first_day) * SLOTS
        return column[at : at + SLOTS]


class Surrounding:
    """The shared state of a city: pure functions of seed and time, kept for the last chunks.

    Parameters
    ----------
    influence : Influence
        Effects of a scenario.
    """

    def __init__(self, city: City, section: Section, seed: int, influence: Influence) -> None:
        self.city, self.section, self.influence = city, section, influence
        self.span = Span(city.time_zone, section.calendar)
        self._climate = section.climate
        self._draw = Draw(seed, f"weather {city.name}")
        self.chunk: Recent[Weather] = Recent(lambda number: self._compute(number * CHUNK), 6)
        """Weather of a chunk of days (day // 32)."""

    def day(self, day: int) -> Weather:
        """The chunk that holds a day."""
        return self.chunk(day // CHUNK)

    def recent_temperature(self, day: int, memory: float, frost: float = 1.0) -> float:
        """Mean of the air over a day and those before [Cel], each weighing less the longer ago it was.

        Parameters
        ----------
        memory : float
            Days after which a day weighs a third.
        frost : float
            Part of what is below freezing that counts.
        """
        before = self.chunk(day // CHUNK - 1).day_temperature
        row = day % CHUNK
        past = np.concatenate([before, self.chunk(day // CHUNK).day_temperature])[row + 1 : row + CHUNK + 1]
        weight = np.exp(-np.arange(CHUNK - 1, -1, -1) / memory)
        felt = np.where(past < 0.0, frost * past, past)
        return float((felt * weight).sum() / weight.sum())

    def _noise(self, label: str, first: int, number: int, memory: float) -> Float64:
        past = weather.persistent_past(memory)
        return weather.persistent(self._draw.normal(label, np.arange(first - past, first + number)), memory)

    def _daily(self, first: int, number: int) -> dict[str, Float64]:
        """Weather of days, columns of `number`."""
        days = self.span.days(first, number)
        normals = _normals(self._climate, days.year_day)
        noon = np.array([self.span.start_of(first + i) + DAY_US // 2 for i in range(number)], dtype=np.int64)
        sky = self._noise("sky", first, number, 0.35)
        chance = np.clip(normals["wet_days"] / 30.4, 0.0, 0.97)
        wet = sky > _quantile(1.0 - chance)
        mean_rain = normals["rain"] / np.maximum(normals["wet_days"], 0.2)
        rain = np.where(wet, -np.log(self._draw.uniform("rain", days.number)) * mean_rain, 0.0)
        rain = np.maximum(rain * self.influence.factor("rain", noon) + self.influence.add("rain", noon), 0.0)
        usual = self._usual_clearness(normals, days.year_day)
        dark = chance * np.exp(-1.0 / np.maximum(mean_rain, 0.1))  # days with more than a millimetre
        base = usual + 0.25 * dark + 0.06 * chance
        swing = 0.14 * np.clip((1.04 - base) / 0.2, 0.25, 1.0)
        clear = np.clip(base - swing * sky - 0.25 * (rain > 1.0), 0.15, 1.0)
        clear = np.clip(clear * self.influence.factor("sunshine", noon), 0.05, 1.0)
        anomaly = self._noise("temperature", first, number, MEMORY) * self._climate.variability
        mean = normals["temperature"] + anomaly + 2.0 * (clear - usual)
        daily_range = normals["daily_range"] * (1.02 + 0.7 * (clear - usual))
        humidity = normals["humidity"] + 14.0 * (usual - clear) - 1.2 * anomaly
        humidity = humidity * self.influence.factor("humidity", noon) + self.influence.add("humidity", noon)
        wind = normals["wind"] * np.exp(0.3 * self._noise("wind", first, number, 0.5) - 0.045)
        wind = wind * self.influence.factor("wind", noon) + self.influence.add("wind", noon)
        return {
            "mean": mean,
            "range": daily_range,
            "humidity": np.clip(humidity, 10.0, 98.0),
            "rain": rain,
            "clear": clear,
            "wind": wind,
            "pressure": 3.0 * self._noise("pressure", first, number, 0.8),
        }

    def _usual_clearness(self, normals: dict[str, Float64], year_day: Float64) -> Float64:
        """Part of the clear sky's irradiance that reaches the ground on an ordinary day, float64[n]."""
        city = self.city
        index = weather.clearness_index(normals["daily_range"], city.altitude < COAST)
        outside, below = sun.day_irradiation(city.latitude, year_day, city.altitude, self._climate.turbidity)
        return np.clip(index * outside / np.maximum(below, 1.0), 0.3, 0.98)

    def _compute(self, first: int) -> Weather:
        days = self.span.days(first, CHUNK)
        times = self.span.times(first, CHUNK)
        daily = self._daily(first - 1, CHUNK + 2)
        clock = np.tile(np.arange(SLOTS) / 4.0, CHUNK)
        hour = (clock + np.repeat(days.clock_shift, SLOTS)) % 24.0
        year_day = np.repeat(days.year_day, SLOTS)
        hour_utc = clock - self.span.offset / DAY_US * 24.0
        solar_hour = hour_utc + self.city.longitude / 15.0
        zenith, azimuth = sun.position(year_day, hour_utc, self.city.latitude, self.city.longitude)
        clear_sky = sun.clear_sky(zenith, year_day, self.city.altitude, self._climate.turbidity)
        smooth = {name: _between_noons(column) for name, column in daily.items()}
        wet = self._rain(np.arange(first - 1, first + CHUNK), daily["rain"][:-1])
        rain = wet[SLOTS:]
        temperature = smooth["mean"] + smooth["range"] * weather.daily_course(solar_hour)
        temperature += 0.25 * self._wander("gust", times, 2) + self.influence.add("temperature", times)
        humidity = weather.humidity_course(temperature, smooth["mean"], smooth["humidity"])
        after = weather.after_rain(wet, 0.25)[SLOTS:]
        temperature, humidity = weather.rain_cooled(temperature, humidity, after, self.city.altitude)
        clearness = smooth["clear"] + 0.35 * (1.0 - smooth["clear"]) * self._wander("cloud", times, 1)
        irradiance = clear_sky * np.clip(clearness, 0.08, 1.05) * np.where(rain > 0.05, 0.35, 1.0)
        wind = smooth["wind"] * (0.75 + 0.5 * np.clip(np.sin((solar_hour - 9.0) / 12.0 * np.pi), 0.0, 1.0))
        wind *= np.exp(0.2 * self._wander("wind", times, 3))
        tide = 1.0 * np.cos((solar_hour - 10.0) / 6.0 * np.pi)
        pressure = weather.air_pressure(self.city.altitude, smooth["mean"], smooth["pressure"]) + tide
        by_day = temperature.reshape(CHUNK, SLOTS)
        return Weather(
            first, days, times, hour, temperature, humidity, irradiance, clear_sky, wind, pressure, rain, zenith,
            azimuth, by_day.mean(axis=1), by_day.min(axis=1), by_day.max(axis=1),
            humidity.reshape(CHUNK, SLOTS).mean(axis=1), wind.reshape(CHUNK, SLOTS).mean(axis=1),
            rain.reshape(CHUNK, SLOTS).sum(axis=1),
        )  # fmt: skip

    def _wander(self, label: str, times: Int64, hours: int) -> Float64:
        """Smooth noise of about unit variance that forgets within some hours."""
        width = hours * 3_600_000_000
        at = times // width
        share = (times - at * width) / width
        low, high = self._draw.normal(label, at), self._draw.normal(label, at + 1)
        result: Float64 = (low * (1.0 - share) + high * share) * 1.2
        return result

    def _rain(self, days: Int64, amounts: Float64) -> Float64:
        """Rain of each 15 minutes [mm]: one storm a day, mostly in the afternoon."""
        hour = 15.0 + 3.5 * self._draw.normal("storm", days)
        length = 0.5 + 2.5 * self._draw.uniform("storm length", days) + 0.02 * amounts
        slot = np.arange(SLOTS) / 4.0
        start = np.clip(hour, 0.0, 23.0 - length)[:, None]
        shape = np.clip(1.0 - np.abs(slot - start - length[:, None] / 2) / (length[:, None] / 2 + 0.13), 0.0, None)
        total = np.maximum(shape.sum(axis=1, keepdims=True), 1e-9)
        result: Float64 = (shape / total * amounts[:, None]).ravel()
        return result


def _normals(climate: Climate, year_day: Float64) -> dict[str, Float64]:
    names = ("temperature", "daily_range", "humidity", "rain", "wet_days", "wind")
    return {name: weather.seasonal(np.array(getattr(climate, name)), year_day) for name in names}


def _between_noons(column: Float64) -> Float64:
    """Daily values, one more on each side, as a smooth course through the noons, float64[(n - 2) * 96]."""
    number = len(column) - 2
    knots = np.arange(number * SLOTS) / SLOTS
    return np.interp(knots, np.arange(-1, number + 1) + 0.5, column)


def _quantile(probability: Float64) -> Float64:
    """Normal quantile (Abramowitz and Stegun 1964, 26.2.23; error under 4.5e-4)."""
    tail = np.clip(np.minimum(probability, 1.0 - probability), 1e-9, 0.5)
    t = np.sqrt(-2.0 * np.log(tail))
    top = 2.515517 + 0.802853 * t + 0.010328 * t**2
    value = t - top / (1.0 + 1.432788 * t + 0.189269 * t**2 + 0.001308 * t**3)
    result: Float64 = np.where(probability < 0.5, -value, value)
    return result


def slot_of(times: Int64, start: int) -> Int64:
    """Number of the 15 minutes that holds each time, from `start` [us]."""
    return (times - start) // SLOT_US
