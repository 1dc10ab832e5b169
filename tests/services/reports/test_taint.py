"""A simulated input marks every figure it reaches, in every format, and nothing else."""

import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from citylab.observation import Provenance
from services.reports.content import report_of
from services.reports.service import written
from tests.services.reports import sample

KINDS = st.sampled_from(["factsheet", "dossier"])
PROVENANCES = st.lists(
    st.sampled_from([None, Provenance.MEASURED, Provenance.REPORTED, Provenance.ESTIMATED, Provenance.SIMULATED]),
    min_size=len(sample.POINTS),
    max_size=len(sample.POINTS),
)


class Cells(HTMLParser):
    """Texts of table cells and of everything."""

    def __init__(self, text):
        super().__init__()
        self.cells, self.all, self._open, self._skip = [], [], False, False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self._skip = tag == "style"
        if tag in {"td", "th"}:
            self._open = True
            self.cells.append("")

    def handle_endtag(self, tag):
        self._skip = False
        if tag in {"td", "th"}:
            self._open = False

    def handle_data(self, data):
        if not self._skip:
            self.all.append(data)
        if self._open:
            self.cells[-1] += f" {data}"


def numbers(provenances):
    """Pairs of a number as written in English, and whether it is tainted, with the kind it occurs in."""
    for number, provenance in enumerate(provenances):
        if provenance is not None:
            for part in range(4):
                yield f"{sample.figure_of(4 * number + part):,.0f}", provenance is Provenance.SIMULATED, part


@settings(max_examples=40, deadline=None)
@given(PROVENANCES, KINDS)
def test_html_marks_every_tainted_figure_and_no_other(provenances, kind):
    report = report_of(sample.material(provenances), kind, "en")
    cells = Cells(written(report, "html").decode()).cells
    for text, tainted, part in numbers(provenances):
        found = [cell for cell in cells if text in cell]
        assert found or (kind == "factsheet" and part), f"{text} is not in the report"
        assert all(("simulated" in cell) is tainted for cell in found), (text, found)


@settings(max_examples=40, deadline=None)
@given(PROVENANCES, KINDS)
def test_csv_and_json_say_simulated_beside_every_tainted_figure_and_no_other(provenances, kind):
    report = report_of(sample.material(provenances), kind, "en")
    rows = list(csv.DictReader(io.StringIO(written(report, "csv").decode("utf-8-sig"))))
    said = {(row["code"], row["point"]): row["mark"] for row in rows if row["record"] == "result"}
    results = {(r["code"], r["point"]): r for r in json.loads(written(report, "json"))["results"]}
    for place, provenance in zip(sample.POINTS, provenances, strict=True):
        tainted = provenance is Provenance.SIMULATED
        assert (said[place] == "simulated") is tainted
        assert (results[place]["provenance"] == "simulated") is tainted
    inputs = [row for row in rows if row["record"] == "input"]
    assert len(inputs) == (sum(p is not None for p in provenances) if kind == "dossier" else 0)
    assert all((row["mark"] == "simulated") is (row["provenance"] == "simulated") for row in rows)


@settings(max_examples=40, deadline=None)
@given(PROVENANCES)
def test_a_roll_up_is_simulated_when_a_scored_value_in_it_is(provenances):
    material = sample.material(provenances)
    report = report_of(material, "factsheet", "en")
    by_place = dict(zip(sample.POINTS, provenances, strict=True))
    scored = [row for row in report.results if row.points is not None]
    for group in report.groups:
        inside = [
            row
            for row in scored
            if group.level == "all"
            or (group.level == "dimension" and row.dimension == group.name)
            or (group.level == "sub_dimension" and (row.dimension, row.sub_dimension) == (group.parent, group.name))
            or (group.level == "category" and row.category == group.name and group.parent.endswith(row.sub_dimension))
        ]
        tainted = any(by_place[row.code, row.point] is Provenance.SIMULATED for row in inside)
        assert (group.provenance == "simulated") is tainted
        assert (group.percent is None) is (not inside)


@settings(max_examples=4, deadline=None)
@given(PROVENANCES, KINDS)
def test_pdf_bears_the_watermark_on_every_page_and_marks_as_often_as_html(provenances, kind):
    report = report_of(sample.material(provenances), kind, "en")
    html = Cells(written(report, "html").decode())
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(written(report, "pdf"))).pages]
    tainted = Provenance.SIMULATED in provenances
    assert report.simulated is tainted
    assert all(("SIMULATED, NOT OFFICIAL" in page) is tainted for page in pages)
    words = sum(len(re.findall(r"\bsimulated\b", text)) for text in html.all)
    assert sum(len(re.findall(r"\bsimulated\b", page)) for page in pages) >= words - 1  # contents repeat no heading


def test_html_bears_the_watermark_in_every_section():
    report = report_of(sample.material((Provenance.SIMULATED, *sample.ALL_REPORTED[1:])), "dossier", "en")
    text = written(report, "html").decode()
    assert text.count('<p class="stamp">SIMULATED, NOT OFFICIAL</p>') == text.count("<section ")
    assert 'class="watermark"' in text


def test_a_city_with_nothing_but_its_own_statistics_is_not_tainted():
    report = report_of(sample.material(sample.ALL_REPORTED), "dossier", "en")
    assert not report.simulated
    assert report.mark == ""
    text = written(report, "html").decode()
    assert "SIMULATED" not in text
    assert 'class="mark"' not in text


def test_the_profile_of_a_fictional_city_is_simulated():
    report = report_of(sample.material(sample.ALL_REPORTED, fictional=True), "factsheet", "en")
    assert report.simulated
    cells = Cells(written(report, "html").decode()).cells
    assert any("1,000" in cell and "simulated" in cell for cell in cells)


@pytest.mark.parametrize("kind", ["factsheet", "dossier"])
def test_findings_and_versions_are_marked(kind):
    place = sample.POINTS.index(("en-en-aq-1c", "pm10"))
    provenances = [*sample.ALL_REPORTED]
    provenances[place] = Provenance.SIMULATED
    given_ = sample.material(provenances, findings=[sample.A_FINDING], kept=[sample.A_HISTORY])
    report = report_of(given_, kind, "en")
    cells = Cells(written(report, "html").decode()).cells
    assert any("more than is plausible" in cell and "simulated" in cell for cell in cells)
    rows = list(csv.DictReader(io.StringIO(written(report, "csv").decode("utf-8-sig"))))
    finding = next(row for row in rows if row["record"] == "finding")
    assert finding["mark"] == "simulated"
    if kind == "dossier":
        marks = {row["value"]: row["mark"] for row in rows if row["record"] == "version"}
        assert marks == {"1234567.0": "", "7654321.0": "simulated"}
        assert any("7,654,321" in cell and "simulated" in cell for cell in cells)
        assert all("simulated" not in cell for cell in cells if "1,234,567" in cell)
