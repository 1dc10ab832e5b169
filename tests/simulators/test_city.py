"""Every shipped city: complete, plausible, simulated for a week; adding one adds its test."""

from pathlib import Path

import numpy as np
import pytest

from citylab.city import SHIPPED, city_names, load_city
from citylab.document import DocumentError, read_yaml
from citylab.instant import parse_instant
from simulators.section import read_section
from simulators.simulation import Simulation
from simulators.site import centre, contains

START = parse_instant("2024-01-15T00:00:00Z")
DAY = 86_400_000_000
CARDS = Path(__file__).parents[2] / "services" / "indicators" / "cards"


@pytest.fixture(scope="module", params=city_names())
def shipped(request):
    return load_city(request.param)


def reported_inputs():
    """Names of indicator inputs that nothing but a statistic can give."""
    names, otherwise = set(), set()
    for path in sorted(CARDS.glob("*.yaml")):
        card, _ = read_yaml(path.read_text(encoding="utf-8"), path.name)
        for entry in card["inputs"].values():
            kinds = {kind for source in entry["sources"] for kind in source}
            given = {source["statistic"] for source in entry["sources"] if "statistic" in source}
            if kinds == {"statistic"}:
                names |= given
            else:
                otherwise |= given
    return names - otherwise


def test_five_kinds_of_cities():
    groups = {load_city(name).country_group.split(",")[0] for name in city_names()}
    assert len(city_names()) >= 5
    assert len(groups) >= 3


def test_parts_add_up(shipped):
    assert shipped.fictional
    assert sum(d.population for d in shipped.districts) == shipped.population
    assert sum(d.area for d in shipped.districts) == pytest.approx(shipped.area, rel=0.01)
    assert 2 < shipped.population / shipped.households < 8
    assert len(shipped.sources) >= 3
    assert all("https://" in s or "http://" in s for s in shipped.sources)
    for district in shipped.districts:
        ring = np.array(district.polygon)
        assert contains(ring, *centre(district))
        assert abs(ring[:, 0].mean() - shipped.longitude) < 0.3
        assert abs(ring[:, 1].mean() - shipped.latitude) < 0.3


def test_every_reported_input_has_a_statistic(shipped):
    missing = reported_inputs() - set(shipped.statistics)
    assert not missing


def test_statistics_are_consistent(shipped):
    value = {name: rows[0].value for name, rows in shipped.statistics.items()}
    parts = [
        ("households_safely_managed_water", "households_basic_water"),
        ("youth_unemployed_persons", "unemployed_persons"),
        ("sme_count", "enterprises_total"),
        ("students_with_ict_access", "students_total"),
        ("votes_cast", "eligible_voters"),
        ("area_covered_4g", "area_covered_3g"),
        ("public_building_area_bms_m2", "public_building_area_total_m2"),
        ("literate_adults", "adults_total"),
        ("other_renewable_energy", "other_energy"),
    ]
    for part, whole in parts:
        assert 0 <= value[part] <= value[whole], part
    modes = ("private_vehicle", "public_transport", "walking", "cycling", "para_transport")
    assert sum(value[f"commuters_{mode}"] for mode in modes) == pytest.approx(value["commuters_total"], rel=0.001)
    assert value["wireless_broadband_subscriptions"] < 2 * shipped.population
    deaths = value["traffic_fatalities"] / shipped.population * 1e5
    assert 8 <= deaths <= 30, "https://joomla.emro.who.int: 15 in the world, 18 to 27 in low and middle income"
    assert 0.2 < value["gini_coefficient"] < 0.65


def test_a_winter_week_and_the_shape_of_its_shares(shipped):
    section = read_section(shipped)
    assert sum(section.energy.source_mix.values()) == pytest.approx(1.0, abs=0.01)
    assert sum(section.water.sources.values()) == pytest.approx(1.0, abs=0.01)
    assert sum(section.waste.methods.values()) == pytest.approx(1.0, abs=0.01)
    simulation = Simulation(shipped, 3, START)
    assert 120 <= len(simulation.things) <= 260
    rows = sum(len(chunk) for chunk in simulation.history(START, START + 2 * DAY, 900_000_000))
    assert rows > 60_000
    weather = simulation.world.surrounding.day(simulation.world.surrounding.span.day_of(START))
    january = section.climate.temperature[0]
    assert weather.day_temperature.mean() == pytest.approx(january, abs=max(3.0, 1.5 * section.climate.variability))


def test_interruptions_of_each_grid(shipped):
    """Between 5 and 100 a year in developing countries, never below 1.

    https://systemschangelab.org/power/ensure-energy-access-and-just-and-equitable-transition-all/average-frequency-electricity
    """
    grid = Simulation(shipped, 1, START).world.grid
    outages = grid.outages(START - 365 * DAY, START)
    hours = (outages.end - outages.start) / 3.6e9
    counted = (hours > 5 / 60) & (outages.cause != 3)
    saifi = grid.customers[outages.feeder[counted]].sum() / grid.customers.sum()
    assert 5 <= saifi <= 100
    assert saifi == pytest.approx(read_section(shipped).energy.interruptions, rel=0.5)


MISTAKES = {
    "unknown field": (
        "cooling: 0.02",
        "coolng: 0.02",
        'energy.coolng: unknown field "coolng"; did you mean "cooling"?',
    ),
    "out of range": ("losses: 0.41", "losses: 1.41", "water.losses: found 1.41; input should be less than 0.9"),
    "no number": ("rain: [38,", "rain: [wet,", "climate.rain.0: found 'wet'; input should be a valid number"),
    "unknown weekday": ("weekend: [saturday", "weekend: [saturdy", "found 'saturdy'; did you mean \"saturday\"?"),
    "unknown kind": ("{water_inlet: 9}", "{water_inlt: 9}", 'did you mean "water_inlet"?'),
    "unknown kind of an interval": ("  intervals: {", "  intervals: {buss: 30 s, ", 'did you mean "bus"?'),
    "bad interval": ("  intervals: {", "  intervals: {bus: 30 x, ", 'found "30 x"; expected a length such as'),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_of_a_simulation_name_file_and_line(name, tmp_path):
    before, after, words = MISTAKES[name]
    text = (SHIPPED / "kivuli.yaml").read_text(encoding="utf-8")
    changed = text.replace(before, after, 1)
    assert changed != text
    path = tmp_path / "mine.yaml"
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        read_section(load_city(str(path)))
    said = str(caught.value)
    wrong = after.split("\n")[0].strip()
    line = next(i for i, found in enumerate(changed.splitlines(), 1) if wrong in found)
    assert f"{path}:{line}: simulation." in said
    assert words in said
