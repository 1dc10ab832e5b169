"""What reports say and how: order, gaps, wheel, languages, CSV that runs nothing, addresses."""

import csv
import io
import json
from dataclasses import replace

import pytest
from pypdf import PdfReader

from citylab.city import load_city
from citylab.observation import Provenance
from services.indicators.language import language_names
from services.reports.compose import compose
from services.reports.content import report_of
from services.reports.drawing import NEUTRAL, Shape, block, colour_of
from services.reports.language import FOLDER, Language
from services.reports.page import POLICY
from services.reports.pdf.flow import pdf_of
from services.reports.pdf.paper import chinese_font
from services.reports.radar import radar
from services.reports.schema import GroupRow
from services.reports.service import ReportService, written
from services.reports.wheel import ordered, wheel
from tests.services.reports import sample

NEEDS_A_FONT = pytest.mark.skipif(chinese_font() is None, reason="the extra cjk is not installed")


@pytest.fixture(scope="module")
def shipped(context):
    """The service of a shipped city that has statistics alone."""
    return ReportService(replace(context, city=load_city("kivuli")))


def group(name, percent, points):
    return GroupRow(
        level="category", name=name, parent="Economy / ICT", percent=percent, band="", points=points,
        scored=int(points is not None), items=1, provisional=False, provenance=None,
    )  # fmt: skip


def test_a_report_counts_what_there_is():
    provenances = [
        None if code == "ec-i-t-5a" or point == "o3" else Provenance.REPORTED for code, point in sample.POINTS
    ]
    report = report_of(sample.material(provenances), "factsheet", "en")
    everything = report.counts[0]
    assert (everything.total, everything.reported, everything.partial, everything.not_reported) == (4, 2, 1, 1)
    assert (everything.points, everything.points_reported, everything.simulated) == (8, 6, 0)
    gaps = {gap.code: (gap.partial, gap.points) for gap in report.gaps}
    assert gaps == {"ec-i-t-5a": (False, []), "en-en-aq-1c": (True, ["o3"])}
    assert {need.name for need in report.needs} >= {"o3_annual_mean"}


def test_what_is_not_reported_is_never_zero():
    report = report_of(sample.material([None] * len(sample.POINTS)), "dossier", "en")
    assert all(row.value is None and row.status == "NR" and row.points is None for row in report.results)
    assert all(row.percent is None and row.points is None for row in report.groups)
    rows = csv.DictReader(io.StringIO(written(report, "csv").decode("utf-8-sig")))
    assert {row["value"] for row in rows if row["record"].startswith(("result", "score"))} == {""}


def test_tables_follow_dimension_and_category(shipped):
    rows = shipped.report("factsheet", "2025").results
    assert len({row.code for row in rows}) == 91
    assert list(dict.fromkeys(row.dimension for row in rows)) == ["Economy", "Environment", "Society and Culture"]
    runs = [
        (a.dimension, a.category)
        for a, b in zip(rows, [*rows[1:], None], strict=True)
        if b is None or a.category != b.category
    ]
    assert len(runs) == len(set(runs)), "a category is torn apart"


def test_the_numbers_are_those_of_the_indicator_service(shipped):
    from services.indicators.service import IndicatorService

    service = IndicatorService(shipped.context)
    said = {(r.code, r.point): (r.value, r.points) for r in shipped.report("dossier", "2025").results}
    points = {(s.code, s.point): s.points for s in service.score("2025").points}
    for assessment in service.assess_all("2025"):
        for point in assessment.points:
            place = assessment.card.code, point.name
            assert said[place] == (point.value, points[place])


def test_the_dossier_has_evidence_for_each_kpi(shipped):
    report = shipped.report("dossier", "2025")
    assert len(report.evidence) == 91
    text = written(report, "html").decode()
    for evidence in report.evidence:
        assert evidence.official_code in text
        for formula in evidence.formulas:
            assert formula in text.replace("&lt;", "<")
    assert "definition not confirmed" in text
    assert shipped.report("factsheet", "2025").evidence == []


def test_not_scored_has_a_look_of_its_own():
    assert colour_of(None) == NEUTRAL
    assert len({colour_of(points) for points in (None, 1, 2, 3, 4)}) == 5
    neutral = block(None)
    assert len(neutral) == 1
    assert neutral[0].dashed
    assert [sum(s.fill == colour_of(p) for s in block(p)) for p in (1, 2, 3, 4)] == [1, 2, 3, 4]


def test_the_radar_draws_no_point_where_nothing_is_scored():
    words = Language("en")
    scored, none = group("Transport", 75.0, 3), group("Waste", None, None)
    dots = [s for s in radar([scored, none, scored], words).shapes if isinstance(s, Shape) and s.fill]
    assert len(dots) == 2
    assert not [s for s in radar([none, none], words).shapes if isinstance(s, Shape) and s.fill]


def test_the_wheel_has_a_part_for_each_group(shipped):
    groups = shipped.report("factsheet", "2025").groups
    drawing = wheel(groups, Language("en"))
    parts = [s for s in drawing.shapes if isinstance(s, Shape)]
    rows = ordered(groups)
    assert len(parts) == len(rows) == len(groups) - 1
    assert sum(s.dashed for s in parts) == sum(g.points is None for g in rows)


def test_remarks_are_numbered_footnotes(shipped):
    document = compose(shipped.report("factsheet", "2026"))
    tables = [b for s in document.sections for b in s.blocks if getattr(b, "notes", ())]
    assert [t.first for t in tables] == [
        1,
        *[sum(len(x.notes) for x in tables[: i + 1]) + 1 for i in range(len(tables) - 1)],
    ]
    for table in tables:
        used = {number for row in table.rows for cell in row for number in cell.notes}
        assert used == set(range(table.first, table.first + len(table.notes)))


@pytest.mark.parametrize("language", ["ar", "ru"])
def test_no_glyph_of_a_factsheet_is_missing(shipped, language):
    assert pdf_of(compose(shipped.report("factsheet", "2025", language=language)))[1] == set()


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fr", "es", "ar", "ru", "pt", pytest.param("zh", marks=NEEDS_A_FONT)])
def test_no_glyph_of_a_dossier_is_missing(shipped, language):
    pdf, missing = pdf_of(compose(shipped.report("dossier", "2025", language=language)))
    assert missing == set()
    reader = PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) > 20
    for page in reader.pages:
        for font in page["/Resources"]["/Font"].values():
            assert "/DescendantFonts" in font.get_object(), "a font is not embedded"


def test_arabic_is_shaped_and_mirrored(shipped):
    text = written(shipped.report("factsheet", "2025", language="ar"), "html").decode()
    assert '<html lang="ar" dir="rtl">' in text
    assert "محاكاة" in text


def test_every_language_has_every_text():
    english = json.loads((FOLDER / "en.json").read_text(encoding="utf-8"))
    for language in language_names():
        texts = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
        assert texts.keys() == english.keys(), language
        for key, text in texts.items():
            assert sorted(_fields(text)) == sorted(_fields(english[key])), (language, key)
    assert set(language_names()) == {"ar", "en", "es", "fr", "pt", "ru", "zh"}


def _fields(text):
    import string

    return [name for _, name, _, _ in string.Formatter().parse(text) if name]


@pytest.mark.parametrize("language", ["fr", "ar", "zh"])
def test_nothing_of_a_dossier_stays_in_english(shipped, language):
    report = shipped.report("dossier", "2025", language=language)
    assert report.untranslated == 0
    english = {each.definition for each in shipped.report("dossier", "2025").evidence}
    assert not english & {each.definition for each in report.evidence}
    rows = list(csv.DictReader(io.StringIO(written(report, "csv").decode("utf-8-sig"))))
    assert not {row["category"] for row in rows} & {"Transport", "Buildings", "Safety"}


def test_own_texts_of_a_city_are_said_to_be_so():
    material = sample.material(sample.ALL_REPORTED)
    city = material.city.model_copy(update={"summary": "A town of ours, in our own words."})
    report = report_of(replace(material, city=city), "factsheet", "fr")
    assert report.untranslated == 1
    assert "tels qu&#x27;ils ont été écrits" in written(report, "html").decode()


def test_hostile_texts_stay_texts():
    report = report_of(sample.material(sample.ALL_REPORTED), "dossier", "en")
    report = report.model_copy(
        update={"city": report.city.model_copy(update={"label": sample.HOSTILE, "summary": "=cmd()"})}
    )
    html = written(report, "html").decode()
    assert "<img" not in html
    assert "&lt;img src=x" in html
    assert "<script" not in html
    assert PdfReader(io.BytesIO(written(report, "pdf"))).metadata.title.startswith("Verification dossier: <img")


@pytest.mark.parametrize(
    "kind_of_file, media",
    [("html", "text/html"), ("pdf", "application/pdf"), ("csv", "text/csv"), ("json", "application/json")],
)
def test_reports_over_http(client, kind_of_file, media):
    answer = client.get(f"/api/v1/reports/factsheet?format={kind_of_file}&language=fr&period=2026")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(media)
    assert f'filename="sample-factsheet-2026-fr.{kind_of_file}"' in answer.headers["content-disposition"]
    if kind_of_file == "html":
        assert answer.headers["content-security-policy"].startswith(POLICY)
    if kind_of_file == "json":
        assert answer.json()["simulated"] is True


@pytest.mark.parametrize(
    "query, said",
    [("language=xx", "expected one of: ar, en"), ("period=soon", "rolling"), ("area=moon", "north, south")],
)
def test_mistakes_are_named(client, query, said):
    answer = client.get(f"/api/v1/reports/dossier?{query}")
    assert answer.status_code == 400
    assert said in answer.json()["message"]


def test_a_chinese_pdf_without_its_font_is_refused_with_the_remedy(client, monkeypatch):
    from services.reports.pdf import flow

    module = __import__(flow.__name__.rpartition(".")[0] + ".paper", fromlist=["chinese_font"])
    monkeypatch.setattr(module, "CJK_PACKAGE", "no_such_package")
    answer = client.get("/api/v1/reports/factsheet?format=pdf&language=zh")
    assert answer.status_code == 400
    assert "html" in answer.json()["message"]
    assert client.get("/api/v1/reports/factsheet?format=html&language=zh").status_code == 200
