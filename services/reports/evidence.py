"""The evidence of a dossier: for each KPI its formula, figures, inputs with their sources, remarks and versions."""

from services.indicators.schema import EvidenceModel, FigureModel, HistoryModel, PointModel
from services.reports.block import Block, Cell, Heading, Section, Table, Text
from services.reports.language import Language
from services.reports.schema import Report, ResultRow

SIMULATED = "simulated"


def evidence_section(report: Report, words: Language) -> Section:
    """One part for each KPI."""
    rows = {(row.code, row.point): row for row in report.results}
    kept = {history.code: history for history in report.history}
    blocks: list[Block] = []
    for evidence in report.evidence:
        blocks += _kpi(evidence, rows, kept.get(evidence.code), words)
    return Section(words("section.evidence"), tuple(blocks), new_page=True)


def _kpi(
    evidence: EvidenceModel, rows: dict[tuple[str, str], ResultRow], history: HistoryModel | None, words: Language
) -> list[Block]:
    blocks: list[Block] = [Heading(f"{evidence.official_code} {evidence.name}", 3)]
    blocks.append(Table((22, 78), tuple(_facts(evidence, words))))
    blocks.append(_values(evidence, rows, words))
    if evidence.inputs:
        head = ("input", "value", "source", "quality")
        inputs = tuple(_input(figure, words) for figure in evidence.inputs)
        blocks.append(Table((24, 20, 34, 22), inputs, tuple(words(f"column.{key}") for key in head)))
    if history is not None:
        blocks += _versions(evidence, history, words)
    return blocks


def _facts(evidence: EvidenceModel, words: Language) -> list[tuple[Cell, ...]]:
    known = str(evidence.known["definition"])
    pages = evidence.known["pages"]
    basis = words.word("known", known)
    source = "\n".join(
        [words.joined((basis, words("evidence.first", edition=evidence.edition))), *map(words.say, pages)]
    )
    facts = [
        ("definition", evidence.definition),
        ("formula", "\n".join(evidence.formulas)),
        ("numerator", evidence.numerator_text),
        ("denominator", evidence.denominator_text),
        ("known", source),
        ("notes", "\n".join(evidence.notes)),
    ]
    tainted = evidence.provenance == SIMULATED
    found: list[tuple[Cell, ...]] = [
        (Cell(words(f"evidence.{key}"), bold=True), Cell(text)) for key, text in facts if text
    ]
    if evidence.warnings:
        text = Cell("\n".join(evidence.warnings), simulated=tainted)
        found.append((Cell(words("evidence.warnings"), bold=True), text))
    missing = {m.name: m for point in evidence.points for m in point.missing}
    if missing:
        lines = [words("colon", name=m.text, text=words.joined(m.reasons)) for m in missing.values()]
        found.append((Cell(words("evidence.missing"), bold=True), Cell("\n".join(lines))))
    return found


def _values(evidence: EvidenceModel, rows: dict[tuple[str, str], ResultRow], words: Language) -> Table:
    """One table of all values; those of data points each under its name."""
    found: list[tuple[Cell, ...]] = []
    for point in evidence.points:
        if point.name:
            found.append((Cell(point.label, bold=True),))
        found.append(_point(point, rows[evidence.code, point.name], words))
    keys = ("value", "numerator", "denominator", "coverage", "grade", "provenance", "status", "target")
    head = tuple(words(f"evidence.{key}") for key in keys)
    return Table((16, 12, 13, 11, 13, 11, 12, 12), tuple(found), head)


def _point(point: PointModel, row: ResultRow, words: Language) -> tuple[Cell, ...]:
    tainted = point.provenance == SIMULATED
    return (
        Cell(words.result(point.value, point.unit), simulated=tainted, bold=True),
        Cell(_number(point.numerator, words), simulated=tainted and point.numerator is not None),
        Cell(_number(point.denominator, words), simulated=tainted and point.denominator is not None),
        Cell(_percent(point.coverage, words), simulated=tainted and point.coverage is not None),
        Cell(words.word("grade", point.grade) if point.grade else "\u2013"),
        Cell(_provenance(point.provenance, words)),
        Cell(words.word("status", point.status)),
        Cell(_target(row, words), simulated=tainted and row.share is not None),
    )


def _number(value: float | None, words: Language) -> str:
    return words.number(value) if value is not None else "\u2013"


def _percent(share: float | None, words: Language) -> str:
    return f"{words.number(100 * share, 1)}\u00a0%" if share is not None else "\u2013"


def _provenance(provenance: str | None, words: Language) -> str:
    return words.word("provenance", provenance) if provenance else "\u2013"


def _target(row: ResultRow, words: Language) -> str:
    if row.target is None:
        return "\u2013"
    reached = f" ({words.number(row.share, 0)}\u00a0%)" if row.share is not None else ""
    return f"{words.number(row.target)}{reached}"


def _input(figure: FigureModel, words: Language) -> tuple[Cell, ...]:
    tainted = figure.provenance == SIMULATED
    source = figure.source
    if figure.things:
        source += f" ({words('evidence.things', count=len(figure.things))})"
    quality = [_provenance(figure.provenance, words), words.word("grade", figure.grade)]
    if figure.status != "complete":
        quality.append(words.word("status", figure.status))
    if figure.coverage is not None:
        quality.append(f"{words('evidence.coverage')} {_percent(figure.coverage, words)}")
    return (
        Cell(figure.text),
        Cell(words.quantity(figure.value, figure.unit), simulated=tainted),
        Cell(source),
        Cell(words.joined(quality)),
    )


def _versions(evidence: EvidenceModel, history: HistoryModel, words: Language) -> list[Block]:
    units = {point.name: point.unit for point in evidence.points}
    labels = {point.name: point.label for point in evidence.points}
    rows = tuple(
        (
            Cell(version.computed[:16].replace("T", " ")),
            Cell(labels.get(version.point, "")),
            Cell(
                words.result(version.value, units.get(version.point, "")),
                simulated=version.provenance == SIMULATED,
            ),
            Cell(version.why),
        )
        for version in history.versions
    )
    head = ("column.time", "column.kpi", "column.value", "column.why")
    return [Text(words("evidence.versions"), "small"), Table((20, 22, 26, 32), rows, tuple(map(words, head)))]
