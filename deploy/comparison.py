"""The page of a comparison: what happens, a table of both runs, and a chart of each thing that is looked at."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from citylab.vocabulary import vocabulary
from deploy.chart import Span, line_chart
from deploy.indicator_text import figure
from deploy.outcome import Run
from deploy.run import HOUR, series
from simulators.expectation import Expectation
from simulators.length import parse_length
from simulators.scenario import Scenario

COLUMNS = ("what", "baseline", "scenario", "change", "unit", "expected")
STYLE = """\
:root{color-scheme:light dark}body{font:1rem/1.5 sans-serif;max-width:60rem;margin:1rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}td,th{padding:.2rem .6rem;border-bottom:1px solid #8886;text-align:start}
td:nth-child(n+2):nth-child(-n+4),th:nth-child(n+2):nth-child(-n+4){text-align:end;white-space:nowrap}
div{overflow-x:auto}figure{margin:1rem 0;background:#fff;color:#000}.no{font-weight:bold;color:#b00020}
@media(prefers-color-scheme:dark){.no{color:#ff8a80}}"""


def comparison_page(before: Run, after: Run, rows: Sequence[dict[str, Any]], against: str) -> str:
    """HTML that needs nothing beside itself.

    Parameters
    ----------
    before, after : Run
        The baseline, and the scenario.
    rows : sequence of dict
        What was looked at: what, baseline, scenario, unit, expected, ok.
    against : str
        What the baseline is, for people.
    """
    scenario = after.scenario
    title = escape(scenario.label or scenario.name)
    head = "".join(f"<th scope=col>{name}</th>" for name in COLUMNS)
    body = "\n".join(_row(row) for row in rows)
    told = "\n".join(f"<li>{escape(line)}</li>" for line in _told(scenario))
    figures = "\n".join(f"<figure>{chart}</figure>" for chart in _charts(before, after))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{STYLE}</style></head><body>
<h1 dir="auto">{title}</h1>
<p dir="auto">{escape(scenario.summary)}</p>
<p>{escape(scenario.duration)} of <bdi>{escape(after.city.label)}</bdi>, simulated. Baseline: {escape(against)}.</p>
<ul>{told}</ul>
<div><table><thead><tr>{head}</tr></thead><tbody>
{body}</tbody></table></div>
{figures}</body></html>
"""


def cells_of(row: dict[str, Any]) -> list[str]:
    """Texts of a row, in the order of `COLUMNS`."""
    low, high, unit = row["baseline"], row["scenario"], row["unit"]
    wanted = f"{row['expected']}: {'ok' if row['ok'] else 'FAIL'}" if row["expected"] else ""
    return [row["what"], _cell(low), _cell(high), _change(low, high, unit), "" if unit == "1" else unit, wanted]


def _cell(value: float | None) -> str:
    return "nothing" if value is None else figure(value)


def _change(low: float | None, high: float | None, unit: str) -> str:
    """By how much a figure changes: of itself, or in its unit where that says more."""
    if low is None or high is None:
        return ""
    if unit == "%":
        return f"{high - low:+.4g} points"
    return f"{(high / low - 1.0) * 100.0:+.1f} %" if low > 0.0 else f"{high - low:+.4g}"


def _row(row: dict[str, Any]) -> str:
    *cells, wanted = cells_of(row)
    mark = ' class="no"' if row["ok"] is False else ""
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + f"<td{mark}>{escape(wanted)}</td></tr>"


def _told(scenario: Scenario) -> Iterator[str]:
    """What happens in a scenario, a line each."""
    for happens in scenario.events:
        yield _line(happens.event or happens.driver, happens.where, f"after {happens.at}, for {happens.duration}"
                    + (f", every {happens.every}" if happens.every else ""))  # fmt: skip
    for plan in scenario.interventions:
        yield _line(plan.intervention, plan.where, f"after {plan.at}, to the end")
    for fault in scenario.faults:
        long = f"for {fault.duration}" if fault.duration else "to the end"
        whom = fault.device or fault.kind or "all devices"
        yield _line(f"{fault.fault} of {whom}", fault.where, f"after {fault.at}, {long}")


def _line(name: str, where: str, when: str) -> str:
    return f"{name.replace('_', ' ')}{f' in {where}' if where else ''}: {when}"


def spans_of(scenario: Scenario) -> list[Span]:
    """When what a scenario says happens, in hours since the start."""
    length, found = scenario.length, []
    for happens in scenario.events:
        first, long = parse_length(happens.at), parse_length(happens.duration)
        again = parse_length(happens.every) if happens.every else 0
        starts = [first + n * again for n in range(happens.starts(length))]
        found += [(happens.event or happens.driver, start / HOUR, min(start + long, length) / HOUR) for start in starts]
    for plan in scenario.interventions:
        found.append((plan.intervention, parse_length(plan.at) / HOUR, length / HOUR))
    for fault in scenario.faults:
        first = parse_length(fault.at)
        last = first + parse_length(fault.duration) if fault.duration else length
        found.append((fault.fault, first / HOUR, last / HOUR))
    return found


def _charts(before: Run, after: Run) -> list[str]:
    """A chart of each property that the scenario looks at."""
    charts: dict[tuple[str, ...], str] = {}
    for expected in after.scenario.expect:
        key = (expected.reading, expected.kind, expected.where, expected.channel)
        if expected.reading and key not in charts:
            charts[key] = _chart(expected, before, after)
    return [chart for chart in charts.values() if chart]


def _chart(expected: Expectation, before: Run, after: Run) -> str:
    entry = vocabulary()[expected.reading]
    title = (
        f"{entry.label}, {expected.kind.replace('_', ' ') or 'all'}{f' {expected.channel}' if expected.channel else ''}"
    )
    title += f" in {expected.where}" if expected.where else ""
    title += " (mean register)" if entry.kind == "total_increasing" else ""
    courses = zip(("baseline", "scenario"), series([before, after], expected), strict=True)
    return line_chart(title, entry.unit or "", [(name, *course) for name, course in courses], spans_of(after.scenario))
