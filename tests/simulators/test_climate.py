"""Weather, soil and crops of all shipped cities against published figures and against what cannot be."""

import numpy as np
import pytest

from citylab.city import city_names, load_city
from citylab.instant import parse_instant
from simulators.effect import Effect, Influence
from simulators.farm import SEASON, Farms
from simulators.models import soil, sun, weather
from simulators.section import read_section
from simulators.simulation import Simulation
from simulators.span import CHUNK, DAY_US, EPOCH_DAY, SLOTS
from simulators.surrounding import Surrounding
from tests.simulators.sample import with_devices

FROM = parse_instant("2025-01-01T00:00:00Z")
NUMBERS = range(FROM // DAY_US // CHUNK, FROM // DAY_US // CHUNK + 12)
MONTH = np.arange(NUMBERS[0] * CHUNK, (NUMBERS[-1] + 1) * CHUNK).astype("datetime64[D]").astype("datetime64[M]")
MONTH = MONTH.astype(int) % 12


class Sky:
    def __init__(self, name):
        self.city = load_city(name)
        self.section = read_section(self.city)
        self.surrounding = Surrounding(self.city, self.section, 1, Influence())
        self.weather = [self.surrounding.chunk(n) for n in NUMBERS]

    def all(self, name):
        return np.concatenate([getattr(w, name) for w in self.weather])

    def by_month(self, days):
        return np.array([days[m == MONTH].mean() for m in range(12)])


@pytest.fixture(scope="module", params=city_names())
def sky(request):
    return Sky(request.param)


SUN = {"kivuli": (1850, 2250), "tin-adar": (1900, 2350), "noakanda": (1550, 1850), "altyn-kala": (1350, 1650),
       "port-mereva": (1550, 1950)}  # fmt: skip
"""Global irradiation of a year [kW.h/m2]; bounds of ours, as the Global Solar Atlas shows such places."""


def test_sunshine_of_a_year_and_of_its_seasons(sky):
    """FAO-56 eq. 50 (Hargreaves): the clearness of a month follows from its range of temperature."""
    days = sky.all("irradiance").reshape(-1, SLOTS).sum(axis=1) / 4000.0
    low, high = SUN[sky.city.name]
    assert low <= days.mean() * 365.25 <= high
    climate = sky.section.climate
    middle = np.arange(12) * 30.44 + 15.0
    outside, _ = sun.day_irradiation(sky.city.latitude, middle, sky.city.altitude, climate.turbidity)
    expected = weather.clearness_index(np.array(climate.daily_range), sky.city.altitude < 50.0) * outside / 1000.0
    assert sky.by_month(days) == pytest.approx(expected, rel=0.3)
    if expected.std() > 0.08 * expected.mean():
        assert np.corrcoef(sky.by_month(days), expected)[0, 1] > 0.6
    assert (sky.all("irradiance") <= sky.all("clear_irradiance") * 1.06 + 1e-9).all()


def test_the_monsoon_is_darker_than_the_spring_before_it():
    """Rain takes the sun of the longest days (Islam et al. 2016, doi:10.4236/cweee.2016.52006); the tenth is ours."""
    sky = Sky("noakanda")
    month = sky.by_month(sky.all("irradiance").reshape(-1, SLOTS).mean(axis=1))
    assert month[[3, 4]].mean() > 1.1 * month[[6, 7]].mean()


def test_temperature_keeps_its_normals_month_by_month(sky):
    climate = sky.section.climate
    spread = 1.2 + 0.6 * climate.variability
    assert sky.by_month(sky.all("day_temperature")) == pytest.approx(np.array(climate.temperature), abs=spread)
    ranges = sky.by_month(sky.all("day_maximum") - sky.all("day_minimum"))
    assert ranges == pytest.approx(np.array(climate.daily_range), rel=0.25)
    hour = sky.all("hour")
    course = np.array([sky.all("temperature")[(hour >= h) & (hour < h + 1)].mean() for h in range(24)])
    assert 12 <= course.argmax() <= 17
    assert 3 <= course.argmin() <= 8


def test_air_never_holds_more_than_people_have_felt(sky):
    """Dew points over 30 Cel are hardly ever measured, and the heat index chart ends at 58 Cel; the bounds are ours."""
    temperature, humidity = sky.all("temperature"), sky.all("humidity")
    vapour = weather.saturation_pressure(temperature) * humidity / 100.0
    dew = 237.3 * np.log(vapour / 0.6108) / (17.27 - np.log(vapour / 0.6108))
    assert dew.max() < 31.0
    assert weather.heat_index(temperature, humidity).max() < 56.0
    assert humidity.min() >= 8.0
    assert humidity.max() <= 100.0


def test_wet_bulb_of_the_paper_and_rain_that_cools():
    """Stull 2011: 13.7 Cel at 20 Cel and 50 %; a squall cools hot dry air by ten degrees, humid air by little."""
    assert weather.wet_bulb(np.array(20.0), np.array(50.0)) == pytest.approx(13.7, abs=0.05)
    air, moist = weather.rain_cooled(np.array([39.0, 30.0]), np.array([22.0, 85.0]), np.ones(2), 200.0)
    assert 9.0 < 39.0 - air[0] < 18.0
    assert 30.0 - air[1] < 3.0
    assert (moist > 65.0).all()


def test_reference_evapotranspiration_of_months(sky):
    """1,900 to 2,400 mm a year in the Sahel, 1,150 to 1,650 in humid tropics, 800 to 1,150 on the steppe; ours."""
    farms = Farms(1, sky.surrounding, 4)
    daily = np.concatenate([farms.reference(w) for w in sky.weather])
    year = daily.mean() * 365.25
    low, high = {"tin-adar": (1900, 2400), "altyn-kala": (800, 1150)}.get(sky.city.name, (1150, 1650))
    assert low <= year <= high
    month = sky.by_month(daily)
    assert month.min() >= 0.0
    assert month.max() <= 9.5
    if sky.city.name == "altyn-kala":
        assert month[[11, 0, 1]].max() < 0.8
        assert month[[5, 6]].min() > 3.5


def test_rain_comes_in_its_season_and_storms_are_of_this_world(sky):
    rain, climate = sky.all("day_rain"), np.array(sky.section.climate.rain)
    assert 0.6 <= rain.mean() * 365.25 / climate.sum() <= 1.45
    wettest, driest = np.argsort(climate)[-4:], np.argsort(climate)[:4]
    assert rain[np.isin(MONTH, wettest)].mean() > 1.3 * rain[np.isin(MONTH, driest)].mean()
    assert rain.max() < 250.0
    assert sky.all("rain").max() < 45.0, "mm in 15 minutes: 180 mm/h is beyond once in a hundred years"


def test_crops_are_watered_in_their_season_and_no_more_than_they_need(sky):
    """Net irrigation of 100 to 1,300 mm a year, never more than the reference crop would take; the bounds are ours."""
    farms = Farms(1, sky.surrounding, 12)
    chunks = range(EPOCH_DAY // CHUNK, NUMBERS[-1] + 1)
    given = np.concatenate([farms.chunk(n)[1] for n in chunks])
    season = np.concatenate([farms.season(n) for n in chunks])
    assert (given[season > 0.85] == 0.0).all()
    yearly = given.sum(axis=0) * 365.25 / len(given)
    assert 100 <= yearly.mean() <= 1300
    demand = np.concatenate([farms.reference(sky.surrounding.chunk(n)) for n in chunks])
    assert yearly.mean() < demand.mean() * 365.25
    if sky.city.name == "altyn-kala":
        days = np.arange(chunks[0] * CHUNK, (chunks[-1] + 1) * CHUNK).astype("datetime64[D]").astype("datetime64[M]")
        cold = np.isin(days.astype(int) % 12, (0, 1, 10, 11))
        assert (given[cold] == 0.0).all(), "fields are not watered in winter"
    assert 105 <= SEASON <= 180


def test_crop_coefficients_of_the_four_stages():
    """FAO-56 fig. 34: low, rising, even, falling; after harvest bare soil."""
    part = np.array([0.0, 0.1, 0.3, 0.5, 0.7, 1.0, 1.1])
    found = soil.crop_coefficient(part, 1.2, False)
    assert found[0] == found[1] < found[2] < found[3] == found[4] == pytest.approx(1.2)
    assert found[5] == pytest.approx(0.6)
    assert found[6] == 0.25
    assert soil.crop_coefficient(np.array([0.05]), 1.2, True)[0] > 1.0, "rice stands in water"


def test_soil_is_warmed_slowly_and_hardly_freezes_deep():
    """Hillel 2004, ch. 12: the wave of a day falls and lags with the depth; by how much at 10 and 60 cm is ours."""
    one = Simulation(with_devices(load_city("altyn-kala"), {"soil_probe": 2, "feeder_meter": 2}), 1, FROM)
    probes = one.fleets[[f.kind for f in one.fleets].index("soil_probe")]
    start = one.world.surrounding.span.day_of(FROM)
    winter = [np.concatenate([probes.day(d)[3 + i][:, 0] for d in range(start, start + 60)]) for i in range(3)]
    summer = [np.concatenate([probes.day(d)[3 + i][:, 0] for d in range(start + 170, start + 200)]) for i in range(3)]
    spread = [np.ptp(x.reshape(-1, SLOTS), axis=1).mean() for x in summer]
    weather_ = [one.world.surrounding.day(d) for d in range(start + 170, start + 200)]
    air = np.concatenate(
        [w.of_day(w.temperature, d) for w, d in zip(weather_, range(start + 170, start + 200), strict=True)]
    )
    assert 0.3 <= spread[0] / np.ptp(air.reshape(-1, SLOTS), axis=1).mean() <= 0.55
    assert spread[0] > 3 * spread[1] > 6 * spread[2]
    assert winter[2].min() > -6.0
    assert np.abs(np.diff(summer[2])).max() < 0.1, "no jump at midnight"
    late = summer[0].reshape(-1, SLOTS).mean(axis=0).argmax() - air.reshape(-1, SLOTS).mean(axis=0).argmax()
    assert 8 <= late <= 18, "quarters of an hour"


def test_local_produce_has_a_season():
    """A harvest follows rain and warmth by some months; what is not local is brought."""
    one = Simulation(with_devices(load_city("altyn-kala"), {"market_scale": 2, "feeder_meter": 2}), 1, FROM)
    scales = one.fleets[[f.kind for f in one.fleets].index("market_scale")]

    def share(first):
        found = scales.happenings(FROM + first * DAY_US, FROM + (first + 30) * DAY_US)
        sums = [sum(h.result.sum() for h in found if h.output == i) for i in (0, 1)]
        return sums[0] / sum(sums)

    assert share(225) > share(80) + 0.15, "August against March"
    assert share(80) > 0.4


def test_a_dust_storm_is_coarse():
    """In dust PM2.5 is 0.2 to 0.45 of PM10 (Riyadh 0.29; https://doi.org/10.3390/su17010044)."""
    city = with_devices(load_city("tin-adar"), {"air_quality_station": 2, "feeder_meter": 2})
    storm = [Effect("pollution", FROM, FROM + DAY_US, add=250.0), Effect("pm10", FROM, FROM + DAY_US, add=750.0)]
    found = []
    for effects in ([], storm):
        chunks = list(Simulation(city, 1, FROM, effects=effects).history(FROM, FROM + DAY_US, 900_000_000))
        found.append([np.concatenate([c.result for c in chunks if len(c) and c.key[0] == i]).mean() for i in (0, 1)])
    rise = np.array(found[1]) - np.array(found[0])
    assert rise[0] == pytest.approx(250.0, rel=0.05)
    assert 0.2 <= rise[0] / rise[1] <= 0.45
