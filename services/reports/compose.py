"""A report in words: its sections in the order of published U4SSC reports."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from citylab.instant import parse_instant, to_datetime
from services.reports.block import Block, Cell, Document, Heading, Section, Table, Text
from services.reports.drawing import Drawing
from services.reports.evidence import evidence_section
from services.reports.language import Language
from services.reports.radar import radar
from services.reports.schema import CountRow, GapRow, GroupRow, Report, ResultRow
from services.reports.wheel import numbers_of, ordered, wheel

SIMULATED = "simulated"


def compose(report: Report) -> Document:
    """The document of a report, the same for HTML and PDF."""
    words = Language(report.language)
    sections = [
        _profile(report, words),
        _summary(report, words),
        _performance(report, words),
        _method(report, words),
        *_results(report, words),
        _gaps(report, words),
        _needs(report, words),
        _findings(report, words),
    ]
    if report.kind == "dossier":
        sections.append(evidence_section(report, words))
    else:
        steps = tuple(Text(f"{i}. {words(f'next.{key}')}") for i, key in enumerate(_STEPS, start=1))
        sections.append(Section(words("section.next"), steps))
    zone = report.period.zone
    span = f"{_day(report.period.start, zone, words)} / {_day(report.period.end, zone, words)}"
    computed = words.day(report.computed[:16].replace("T", " "))
    area = "" if report.area == report.city.name else f", {report.area}"
    return Document(
        title=words(
            "colon", name=words(f"kind.{report.kind}"), text=f"{report.city.label}{area} · {_period(report, words)}"
        ),
        subtitle=" · ".join(
            (
                words("colon", name=words("period"), text=f"{span} ({zone})"),
                words("colon", name=words("computed"), text=f"{computed} UTC"),
                f"citylab {report.software}",
            )
        ),
        language=words.code,
        rtl=words.rtl,
        sections=tuple(sections),
        mark=words("simulated"),
        watermark=words("watermark") if report.simulated else "",
        page=words("page", page="{page}", pages="{pages}"),
    )


def _period(report: Report, words: Language) -> str:
    """The period as people of the language call it."""
    period = report.period
    if period.kind == "rolling":
        return words("period.rolling", day=words.day(period.label[-10:]))
    if period.kind == "year":
        return period.label
    return f"{_day(period.start, period.zone, words)} / {_day(period.end, period.zone, words)}"


def _day(instant: str, zone: str, words: Language) -> str:
    """Day and minute of an instant by the city's clock."""
    return words.day(f"{to_datetime(parse_instant(instant)).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}")


_STEPS = ("low", "collect", "keep", "verify")


def _profile(report: Report, words: Language) -> Section:
    city = report.city
    rows = [
        (
            Cell(words(f"profile.{figure.name}")),
            Cell(words.result(figure.value, figure.unit), simulated=figure.provenance == SIMULATED),
        )
        for figure in city.figures
    ]
    facts = [
        ("profile.districts", str(city.districts)),
        ("profile.zone", city.time_zone),
        ("profile.fictional", words.word("answer", "yes" if city.fictional else "no")),
    ]
    rows += [(Cell(words(key)), Cell(text)) for key, text in facts]
    rows += [(Cell(words("profile.sources")), Cell("; ".join(city.sources)))] if city.sources else []
    blocks: list[Block] = [Text(words("notice.simulated"), "notice")] if report.simulated else []
    blocks += [Text(words("notice.ours"), "small"), Text(city.summary), Table((35, 65), tuple(rows))]
    if report.untranslated and report.language != "en":
        blocks.append(Text(words("notice.own", count=report.untranslated), "small"))
    return Section(words("section.profile"), tuple(blocks))


def _summary(report: Report, words: Language) -> Section:
    head = ("group", "total", "reported", "partial", "missing", "simulated", "points")
    rows = tuple(_count(row, words) for row in report.counts)
    table = Table((22, 13, 13, 11, 13, 12, 16), rows, tuple(words(f"count.{key}") for key in head))
    return Section(words("section.summary"), (table,))


def _count(row: CountRow, words: Language) -> tuple[Cell, ...]:
    name = {"all": words("count.all"), "level": words.word("level", row.name)}.get(
        row.level, words.word("dimension", row.name)
    )
    tainted = row.simulated > 0
    numbers = [
        Cell(str(row.total), number=True),
        Cell(str(row.reported), number=True, simulated=tainted and row.reported > 0),
        Cell(str(row.partial), number=True, simulated=tainted and row.partial > 0),
        Cell(str(row.not_reported), number=True),
        Cell(str(row.simulated), number=True),
        Cell(words("score.of", scored=row.points_reported, items=row.points), number=True, simulated=tainted),
    ]
    return (Cell(name, bold=row.level == "all"), *numbers)


def _performance(report: Report, words: Language) -> Section:
    numbers = numbers_of(report.groups)
    everything = [g for g in report.groups if g.level == "all"]
    rows = tuple(_score(row, numbers, words) for row in (*everything, *ordered(report.groups)))
    head = tuple(words(f"score.{key}") for key in ("group", "score", "band", "scored"))
    legend = tuple(Cell(words(f"legend.{points or 'none'}"), band=True, points=points) for points in (1, 2, 3, 4, None))
    return Section(
        words("section.performance"),
        (wheel(report.groups, words), Text(words("wheel.caption"), "small", _scored_simulated(report)),
         Table((1, 1, 1, 1, 1), (legend,)), Table((46, 20, 24, 10), rows, head)),
        new_page=True,
    )  # fmt: skip


def _scored_simulated(report: Report) -> bool:
    return any(group.provenance == SIMULATED for group in report.groups)


def _score(row: GroupRow, numbers: dict[tuple[str, str, str], str], words: Language) -> tuple[Cell, ...]:
    group = {"dimension": "dimension", "sub_dimension": "sub_dimension", "category": "category"}.get(row.level)
    name = words.word(group, row.name) if group else words("count.all")
    number = numbers.get((row.level, row.parent, row.name), "\u2003" if row.level == "category" else "")
    score = f"{words.number(row.percent, 2)}\u00a0%" if row.percent is not None else words("band.not_scored")
    score += f" ({words('provisional')})" if row.percent is not None and row.provisional else ""
    return (
        Cell(f"{number} {name}".strip(" "), bold=row.level in {"all", "dimension"}),
        Cell(score, simulated=row.percent is not None and row.provenance == SIMULATED),
        Cell(words(f"legend.{row.points or 'none'}"), band=True, points=row.points),
        Cell(words("score.of", scored=row.scored, items=row.items), number=True),
    )


def _method(report: Report, words: Language) -> Section:
    texts = [
        Text(words("method.ours", targets=report.targets) if key == "ours" else words(f"method.{key}"))
        for key in ("bands", "rollup", "ours", "unconfirmed", "provisional", "read")
    ]
    return Section(words("section.method"), tuple(texts))


def _results(report: Report, words: Language) -> Iterator[Section]:
    """One section for each dimension: its radar, then the table with numbered remarks."""
    first = 1
    for dimension in dict.fromkeys(row.dimension for row in report.results):
        chosen = [row for row in report.results if row.dimension == dimension]
        notes = list(dict.fromkeys(note for row in chosen for note in row.remarks))
        categories = [g for g in report.groups if g.level == "category" and g.parent.startswith(f"{dimension} / ")]
        head = tuple(words(f"column.{key}") for key in ("category", "kpi", "result", "band", "sdg"))
        rows = tuple(_result_rows(chosen, {note: first + i for i, note in enumerate(notes)}, words))
        drawing: Drawing = radar(categories, words)
        yield Section(
            words("colon", name=words("section.results"), text=words.word("dimension", dimension)),
            (drawing, Text(words("radar.caption"), "small", drawing.simulated),
             Table((17, 29, 27, 18, 9), rows, head, tuple(notes), first)),
        )  # fmt: skip
        first += len(notes)


def _result_rows(rows: list[ResultRow], notes: dict[str, int], words: Language) -> Iterator[tuple[Cell, ...]]:
    """Rows by category; an indicator with several values has a line of its own above them."""
    category = code = ""
    for row in rows:
        named = words.word("category", row.category) if row.category != category else ""
        category = row.category
        goals = ", ".join(goal.target for goal in row.goals)
        if row.point and row.code != code:
            yield (Cell(named, bold=True), Cell(f"{row.name} ({_code(row)})"), Cell(), Cell(), Cell(goals))
            named = ""
        label = f"\u2013 {row.label}" if row.point else f"{row.name} ({_code(row)})"
        numbers = tuple(notes[note] for note in row.remarks)
        result = Cell(words.result(row.value, row.unit), simulated=row.simulated, notes=numbers)
        yield (Cell(named, bold=True), Cell(label), result, band_cell(row, words), Cell("" if row.point else goals))
        code = row.code


def _code(row: ResultRow | GapRow) -> str:
    """The code, which no line break parts."""
    return row.official_code.replace(" ", "\u00a0")


def band_cell(row: ResultRow, words: Language) -> Cell:
    """The band of a value, or why it has none."""
    if row.points is not None:
        return Cell(words(f"legend.{row.points}"), band=True, points=row.points, simulated=row.simulated)
    return Cell(words(f"band.{row.unscored}"), band=True)


def _gaps(report: Report, words: Language) -> Section:
    blocks: list[Block] = [Text(words("gaps.text"))]
    rows = []
    labels = {(row.code, row.point): row.label for row in report.results}
    for gap in report.gaps:
        named = ", ".join(labels[gap.code, point] for point in gap.points)
        parts = [words("gaps.points", points=named)] if named else []
        parts += [missing.text for missing in gap.missing]
        status = words("partly" if gap.partial else "not_reported")
        rows.append((Cell(f"{gap.name} ({_code(gap)})"), Cell(status), Cell(words.joined(parts))))
    head = (words("column.kpi"), words("evidence.status"), words("column.missing"))
    blocks.append(Table((40, 16, 44), tuple(rows), head) if rows else Text(words("none.gaps")))
    return Section(words("section.gaps"), tuple(blocks), new_page=True)


def _needs(report: Report, words: Language) -> Section:
    blocks: list[Block] = [Text(words("needs.text"))]
    rows = tuple(
        (Cell(need.text), Cell("\n".join(f"{i}. {way}" for i, way in enumerate(need.ways, start=1))),
         Cell(str(len(need.codes)), number=True))
        for need in report.needs
    )  # fmt: skip
    head = (words("column.missing"), words("column.way"), words("column.count"))
    blocks.append(Table((35, 53, 12), rows, head) if rows else Text(words("none.needs")))
    return Section(words("section.needs"), tuple(blocks))


def _findings(report: Report, words: Language) -> Section:
    blocks: list[Block] = [Text(words("findings.text"))]
    official = {row.code: row.official_code for row in report.results}
    rows = tuple(
        (
            Cell(words.word("severity", finding.severity)),
            Cell(", ".join(official.get(code, code) for code in finding.codes)),
            Cell(finding.text, simulated=finding.provenance == SIMULATED),
        )
        for finding in report.findings
    )
    head = (words("column.rule"), words("column.kpi"), words("column.finding"))
    blocks.append(Table((15, 30, 55), rows, head) if rows else Text(words("none.findings")))
    return Section(words("section.findings"), (*blocks, *_heading_if(report, words)))


def _heading_if(report: Report, words: Language) -> list[Block]:
    """The dossier closes its findings with the next steps, since evidence follows."""
    if report.kind != "dossier":
        return []
    steps = [Text(f"{i}. {words(f'next.{key}')}") for i, key in enumerate(_STEPS, start=1)]
    return [Heading(words("section.next")), *steps]
