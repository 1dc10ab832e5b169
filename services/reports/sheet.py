"""CSV of a report: one table, its kinds of rows told apart by the first column; safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterator, Mapping

from citylab.cell import guard
from services.indicators.spoken import GROUP
from services.reports.language import Language
from services.reports.schema import Report, ResultRow

COLUMNS = (
    "record", "code", "official_code", "name", "point", "dimension", "sub_dimension", "category", "level",
    "value", "unit", "mark", "provenance", "status", "numerator", "denominator", "coverage", "grade", "band",
    "score_points", "share_of_target", "target", "target_source", "not_scored", "sdg", "definition", "formula",
    "source", "remarks", "time",
)  # fmt: skip
"""`mark` says ``simulated`` beside every tainted figure."""
_BOM = "\ufeff"


def csv_of(report: Report) -> str:
    """The CSV, with the mark that lets spreadsheets read it as UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in _rows(report):
        provenance = row.get("provenance")
        filled = {**row, "mark": "simulated" if provenance == "simulated" else ""}
        writer.writerow([_field(filled.get(column)) for column in COLUMNS])
    return _BOM + out.getvalue()


def _field(value: object) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else guard(str(value).replace("\0", ""))


def _rows(report: Report) -> Iterator[Mapping[str, object]]:
    words = Language(report.language)
    period = report.period.label
    for figure in report.city.figures:
        yield {"record": "profile", "name": figure.name, "value": figure.value, "unit": words.word("unit", figure.unit),
               "provenance": figure.provenance, "time": period}  # fmt: skip
    formulas = {each.code: " | ".join(each.formulas) for each in report.evidence}
    for row in report.results:
        yield _result(row, formulas.get(row.code, ""), period, words)
    for group in report.groups:
        yield {"record": f"score of {group.level}", "name": _group(group.name, words),
               "dimension": _group(group.parent, words), "value": group.percent, "unit": "%",
               "provenance": group.provenance, "band": group.band, "score_points": group.points,
               "status": "provisional" * group.provisional, "time": period}  # fmt: skip
    for each in report.evidence:
        for used in each.inputs:
            yield {"record": "input", "code": each.code, "official_code": each.official_code, "name": used.name,
                   "value": used.value, "unit": used.unit_text, "provenance": used.provenance, "status": used.status,
                   "coverage": used.coverage, "grade": used.grade, "source": used.source,
                   "remarks": " | ".join(used.warnings), "time": used.year or period}  # fmt: skip
    for kept in report.history:
        for version in kept.versions:
            yield {"record": "version", "code": kept.code, "point": version.point, "value": version.value,
                   "provenance": version.provenance, "status": version.status, "numerator": version.numerator,
                   "denominator": version.denominator, "coverage": version.coverage, "remarks": version.why,
                   "time": version.computed}  # fmt: skip
    for finding in report.findings:
        yield {"record": "finding", "code": " ".join(finding.codes), "name": finding.rule,
               "status": finding.severity, "provenance": finding.provenance, "remarks": finding.text}  # fmt: skip
    for need in report.needs:
        yield {"record": "need", "code": " ".join(need.codes), "name": need.name, "unit": need.unit_text,
               "source": " | ".join(need.ways), "remarks": need.text}  # fmt: skip


def _group(name: str, words: Language) -> str:
    """A dimension, sub-dimension or category, or a path of them, in words."""
    return GROUP.say(name, words)


def _result(row: ResultRow, formula: str, period: str, words: Language) -> Mapping[str, object]:
    return {
        **row.model_dump(include=set(COLUMNS) & set(ResultRow.model_fields)),
        "record": "result",
        **{key: _group(getattr(row, key), words) for key in ("dimension", "sub_dimension", "category")},
        "unit": row.unit_text,
        "score_points": row.points,
        "share_of_target": row.share,
        "not_scored": row.left_out,
        "sdg": " ".join(goal.target for goal in row.goals),
        "definition": "confirmed" if row.definition_confirmed else "not confirmed",
        "formula": formula,
        "remarks": " | ".join(row.remarks),
        "time": period,
    }
