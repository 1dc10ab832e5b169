"""Air quality and noise."""

from collections.abc import Sequence

import numpy as np

from citylab.observation import Float64
from simulators.fleet import Column, Device, Fleet, Output
from simulators.models import air
from simulators.models import weather as weather_model
from simulators.naming import eui, serial
from simulators.site import sites
from simulators.span import CHUNK, SLOTS, rows_of


class AirQualityStation(Fleet):
    """Stations for particles and gases."""

    kind = "air_quality_station"
    sector = "environment"
    profile = "air_quality_station"
    outputs = (
        Output("pm2_5", noise=0.04, relative=True, step=0.1, low=0.0),
        Output("pm10", noise=0.04, relative=True, step=0.1, low=0.0),
        Output("no2", noise=0.5, step=0.1, low=0.0),
        Output("so2", noise=0.2, step=0.1, low=0.0),
        Output("o3", noise=0.8, step=0.1, low=0.0),
        Output("air_temperature", noise=0.1, step=0.1),
        Output("relative_humidity", noise=0.8, step=0.1, low=0.0, high=100.0),
    )

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        self.level = np.exp(0.15 * self.draw.normal("level", self.index))
        self.level /= self.level.mean() if self.number else 1.0
        climate, season = self.world.section.climate, np.array(self.world.section.air.season)
        self.washed = float((season * (1.0 - 0.27 * np.minimum(np.array(climate.wet_days) / 30.4, 1.0))).mean())
        """What season and rain leave of the particles in an ordinary year."""
        return [
            Device(f"airquality-{serial(self.draw, i)}", s, {}, f"Air quality {s.district}")
            for i, s in enumerate(sites(self.world.city, self.draw, self.number))
        ]

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        surrounding, section = self.world.surrounding, self.world.section.air
        weather = surrounding.day(day)
        rows = rows_of(day)
        hour, wind = weather.hour[rows], weather.wind[rows]
        traffic = self.world.roads.city_demand(day // CHUNK)[rows]
        dilution = air.mixing(hour, wind, weather.irradiance[rows])
        emitted = air.emission(hour, traffic)
        season = weather_model.seasonal(np.array(section.season), weather.days.year_day[day % CHUNK : day % CHUNK + 1])
        past = self._remembered("stagnation", day)
        course = np.exp(0.42 * np.interp(np.arange(SLOTS) / SLOTS, [-0.5, 0.5, 1.5], past) - 0.09)
        before = surrounding.day(day - 1)
        rain = np.concatenate([before.of_day(before.rain, day - 1), weather.rain[rows]]).cumsum()
        recent = rain[SLOTS:] - rain[:SLOTS]
        clean = air.washout(recent)
        fine = air.fine_particles(emitted, dilution) * season * course * clean / self.washed
        fine = fine[:, None] * self.level
        places = [(device.site.district,) for device in self.devices]
        extra = surrounding.influence.adds("pollution", weather.times[rows], places)
        factor = surrounding.influence.factors("pollution", weather.times[rows], places)
        slot = np.arange(day * SLOTS, (day + 1) * SLOTS)[:, None] // 4
        local = np.exp(0.12 * self.draw.normal("local", slot, self.index[None, :]))
        own = (section.pm2_5 * fine * local) * factor
        dust = 1.0 + 0.25 * (wind / max(float(wind.mean()), 0.1) - 1.0)
        coarse = own * (section.pm10 / section.pm2_5) * np.clip(dust * np.sqrt(clean), 0.6, 1.8)[:, None]
        gas = 0.85 * (0.3 + 0.9 * traffic) / dilution * course
        stoves = self._stoves(day)
        no2 = section.no2 * (gas * (0.7 + 0.3 * stoves))[:, None] * self.level * 1.2
        so2 = section.so2 * (0.85 * emitted / dilution * course * stoves)[:, None] * np.sqrt(self.level)
        other = np.exp(0.22 * np.interp(np.arange(SLOTS) / SLOTS, [-0.5, 0.5, 1.5], self._remembered("ozone", day)))
        o3 = (air.ozone(section.o3, weather.irradiance[rows], gas, hour) * other)[:, None] / np.sqrt(self.level)
        temperature = weather.temperature[rows][:, None] + 0.4 * (self.level - 1.0)
        humidity = np.repeat(weather.humidity[rows][:, None], self.number, axis=1)
        return own + extra, np.maximum(coarse, own) + extra, no2, so2, o3, temperature, humidity

    def _remembered(self, label: str, day: int) -> Float64:
        """Noise of the day before, the day and the next, that remembers, float64[3]."""
        return weather_model.persistent(self.draw.normal(label, np.arange(day - 19, day + 2)), 0.5)[-3:]

    def _stoves(self, day: int) -> float:
        """Emission of heating on a day over its mean of the year."""
        usual = air.heating(np.array(self.world.section.climate.temperature)).mean()
        felt = np.array([self.world.surrounding.recent_temperature(day, 1.0)])
        return float(air.heating(felt)[0] / usual)


SETTINGS = (
    # where, part of the main road's traffic, distance [m], what buildings and trees take away [dB], its own sounds [dB]
    ("main road", 1.0, 9.0, 0.0, 44.0),
    ("residential street", 0.02, 6.0, 5.0, 51.0),
    ("main road", 1.0, 16.0, 0.0, 44.0),
    ("park", 1.0, 140.0, 9.0, 43.0),
    ("market", 0.15, 10.0, 0.0, 64.0),
    ("residential street", 0.012, 7.0, 5.0, 49.0),
)
"""Where noise sensors stand, in turn; the numbers are ours."""


class NoiseSensor(Fleet):
    """Sound level beside roads, in quiet streets, in parks and at markets."""

    kind = "noise_sensor"
    sector = "environment"
    profile = "sim_noise_sensor"
    outputs = (Output("sound_level", noise=0.8, step=0.1, low=25.0, high=130.0),)

    def install(self) -> list[Device]:
        """The devices of the fleet."""
        self.road = self.index % len(self.world.roads.lines)
        table = [SETTINGS[i % len(SETTINGS)] for i in range(self.number)]
        self.part, self.distance, self.screen, self.own = np.array([row[1:] for row in table]).reshape(-1, 4).T
        self.distance = self.distance * (0.7 + 0.6 * self.draw.uniform("distance", self.index))
        return [
            Device(f"noise-{eui(self.draw, i)[8:]}", s,
                   {"road": self.world.roads.lines[self.road[i]].name, "setting": table[i][0]})
            for i, s in enumerate(sites(self.world.city, self.draw, self.number))
        ]  # fmt: skip

    def compute(self, day: int) -> Sequence[Column]:
        """Results at the 96 knots of a day."""
        flow, speed, _ = (x[rows_of(day)][:, self.road] for x in self.world.roads.state(day // CHUNK))
        level: Float64 = air.traffic_noise(flow * self.part, speed, self.distance) - self.screen
        awake = np.clip(1.4 * self.world.roads.city_demand(day // CHUNK)[rows_of(day)], 0.0, 1.0)[:, None]
        background = self.own - 10.0 + 10.0 * awake
        return (10.0 * np.log10(10.0 ** (level / 10.0) + 10.0 ** (background / 10.0)),)
