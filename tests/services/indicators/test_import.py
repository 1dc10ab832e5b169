"""Statistics from files: every mistake named by row and column, and nothing kept if there is one."""

import csv
import io

import pytest

from services.context import Context
from services.indicators.importer import ImportMistakesError
from services.indicators.service import IndicatorService
from stores.memory import MemoryStore
from tests.services.indicators.case import NOW, new_state, small_city

HEADING = "name,year,value,source,grade,note,area\n"


@pytest.fixture
def service():
    return IndicatorService(Context(MemoryStore(), new_state(), small_city(), clock=lambda: NOW))


def mistakes_of(service, content, file="statistics.csv"):
    with pytest.raises(ImportMistakesError) as caught:
        service.import_statistics(content if isinstance(content, bytes) else content.encode(), file)
    assert service.statistics() == [], "nothing is kept"
    return {(m.row, m.column): m.text for m in caught.value.mistakes}


def test_fifteen_kinds_of_mistake_in_one_file(service):
    rows = [
        "physicans,2025,10,Office,measured,,",  # 2 unknown name
        "physicians,25,10,Office,measured,,",  # 3 year of two digits
        "physicians,2031,10,Office,measured,,",  # 4 year to come
        "physicians,2025,,Office,measured,,",  # 5 no value
        "physicians,2025,ten,Office,measured,,",  # 6 no number
        '"physicians",2025,"1,200",Office,measured,,',  # 7 thousands
        "physicians,2025,12%,Office,measured,,",  # 8 unit in the number
        "physicians,2025,inf,Office,measured,,",  # 9 not finite
        "physicians,2025,-3,Office,measured,,",  # 10 below zero
        "physicians,2025,10,,measured,,",  # 11 no source
        "physicians,2025,10,Office,good,,",  # 12 unknown grade
        "physicians,2025,10,Office,measured,,west",  # 13 unknown area
        "plan_compact,2025,2,Office,measured,,",  # 14 neither yes nor no
        "live_births,2025,500,Office,measured,,",  # 15 right
        "live_births,2025,501,Office,measured,,",  # 16 twice
        "physicians,2025,10,Office,measured",  # 17 too few cells
    ]
    found = mistakes_of(service, HEADING + "\n".join(rows))
    assert set(found) == {
        (2, "name"), (3, "year"), (4, "year"), (5, "value"), (6, "value"), (7, "value"), (8, "value"), (9, "value"),
        (10, "value"), (11, "source"), (12, "grade"), (13, "area"), (14, "value"), (16, ""), (17, ""),
    }  # fmt: skip
    assert "physicians" in found[2, "name"]
    assert "1234.5" in found[7, "value"]
    assert "survey" in found[12, "grade"]
    assert "north" in found[13, "area"]
    assert "row 15" in found[16, ""]


@pytest.mark.parametrize(
    ("content", "place", "word"),
    [
        (b"", (0, ""), "no rows"),
        (b"\xff\xfe\x00", (1, ""), "UTF-8"),
        (b"name,year,value,source,grade\nphysicians,2025,1,Caf\xe9,measured\n", (2, ""), "UTF-8"),
        (b"name,year,value,origin,grade\n", (1, "origin"), "unknown"),
        (b"name,year,value,source,source,grade\n", (1, "source"), "twice"),
        (b"name,year,source,grade\n", (1, "value"), "missing"),
        (b"name,year,value,source,grade,unit\nphysicians,2025,1,x,measured,km\n", (2, "unit"), "count"),
        (b'name,year,value,source,grade\nphysicians,2025,1,"open,measured\n', (2, ""), "CSV"),
    ],
)
def test_files_that_are_wrong_as_a_whole(service, content, place, word):
    found = mistakes_of(service, content)
    assert word in found[place], found


def test_yaml_mistakes_are_named(service):
    found = mistakes_of(service, "- {name: physicians, year: 2025, value: 1, source: x, grde: measured}\n", "a.yaml")
    assert "grade" in found[1, "grde"]
    found = mistakes_of(service, "physicians: [\n", "a.yml")
    assert any("YAML" in text for text in found.values())
    assert mistakes_of(service, "- 7\n", "a.yaml")[1, ""].startswith("found int")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_right_files_are_kept_and_used(service, separator):
    text = HEADING + "physicians,2025,4,Office,measured,counted by hand,\nphysicians,2024,3,Office,survey,,\n"
    kept = service.import_statistics(("\ufeff" + text.replace(",", separator)).encode(), "s.csv")
    assert [(e.year, e.value) for e in kept.entries] == [(2025, 4.0), (2024, 3.0)]
    found = service.assess("sc-eh-h-3c", "2025")
    assert found.points[0].value == pytest.approx(400)
    assert "counted by hand" in found.inputs["physicians"].source
    assert service.assess("sc-eh-h-3c", "2024").points[0].value == pytest.approx(300)


def test_a_yaml_file_as_in_a_city_is_kept(service):
    service.import_statistics(b"physicians:\n- {year: 2025, value: 4, source: Office, grade: measured}\n", "s.yaml")
    assert service.assess("sc-eh-h-3c", "2025").points[0].value == pytest.approx(400)


def test_the_template_names_every_statistic_and_passes_when_filled(service):
    text = service.template()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {"physicians", "population", "waste_landfill_t"} <= {row["name"] for row in rows}
    for i, row in enumerate(rows):
        if i % 2:
            row.update(year="2025", value="1", source="Office", grade="survey")
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    found = service.import_statistics(out.getvalue().encode(), "t.csv")
    assert len(found.entries) == len(rows) // 2
    assert found.blank == tuple(row["name"] for i, row in enumerate(rows) if not i % 2)


def test_a_row_with_a_year_but_no_figure_is_a_mistake_that_says_what_to_do(service):
    text = mistakes_of(service, HEADING + "physicians,2025,,,,,\n")[2, "value"]
    assert "leave the row out" in text
    assert "indicators forget" in text


@pytest.mark.parametrize(
    ("year", "period", "value", "words"),
    [
        (2024, "2025", 400, "physicians is of 2024, the period is of 2025"),
        (2025, "2024", 400, "physicians is of 2025, the period is of 2024"),
        (2015, "2025", 400, "it is 10 years old"),
        (2014, "2025", None, "11 years before the period (2025); at most 10 are taken"),
        (2025, "2020", 400, "is of 2025"),
        (2025, "2019", None, "6 years after the period (2019); at most 5 are taken"),
    ],
)
def test_a_statistic_of_another_year_says_so_and_one_of_a_far_year_is_refused(service, year, period, value, words):
    service.import_statistics((HEADING + f"physicians,{year},4,Office,measured,,\n").encode(), "s.csv")
    found = service.assess("sc-eh-h-3c", period)
    assert found.points[0].value == (None if value is None else pytest.approx(value))
    if value is None:
        assert any(words in reason for m in found.points[0].missing for reason in m.reasons)
        assert found.years == ()
    else:
        assert any(words in w for w in found.warnings)
        assert found.years == (year,)


def test_the_nearest_year_stands_in(service):
    rows = [f"physicians,{year},{year},Office,measured,,\n" for year in (2010, 2020, 2024, 2026)]
    service.import_statistics((HEADING + "".join(rows)).encode(), "s.csv")
    used = {p: service.assess("sc-eh-h-3c", p).years for p in ("2026", "2025", "2022", "2020", "2019", "2005", "2001")}
    assert used == {
        "2026": (2026,),
        "2025": (2024,),
        "2022": (2020,),
        "2020": (2020,),
        "2019": (2010,),
        "2005": (2010,),
        "2001": (),
    }


def test_figures_of_the_profile_name_their_own_source_and_year(service):
    found = service.assess("sc-eh-h-3c", "2025")
    service.import_statistics((HEADING + "physicians,2025,4,Office,measured,,\n").encode(), "s.csv")
    found = service.assess("sc-eh-h-3c", "2025").inputs["population"]
    assert (found.source, found.grade, found.year) == ("population of the city's profile", "unknown", None)
    assert any("does not say its year" in w for w in found.warnings)
    counted = {"year": 2020, "source": "Census office", "grade": "survey"}
    city = service.context.city.model_validate(service.context.city.model_dump() | {"origin": counted})
    context = Context(service.context.store, service.context.state, city, clock=lambda: NOW)
    found = IndicatorService(context).assess("sc-eh-h-3c", "2025")
    figure = found.inputs["population"]
    assert figure.source == "population of the city's profile: Census office, 2020"
    assert (figure.grade, figure.year) == ("survey", 2020)
    assert "population of the city's profile is of 2020, the period is of 2025" in found.warnings
    assert found.years == (2020, 2025)
    far = IndicatorService(context).assess("sc-eh-h-3c", "2014")
    assert "6 years after the period" in str(far.points[0].missing)


def test_an_older_statistic_stands_in_and_says_so(service):
    service.import_statistics((HEADING + "physicians,2016,4,Office,measured,,\n").encode(), "s.csv")
    found = service.assess("sc-eh-h-3c", "2025")
    assert found.points[0].value == pytest.approx(400)
    assert any("9 years old" in w for w in found.warnings)
