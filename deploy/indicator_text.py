"""Answers about indicators as text for a terminal."""

from collections.abc import Iterable
from typing import Any

from deploy.table import counted, table

Answer = dict[str, Any]


def figure(value: float | None) -> str:
    """A figure for people: NR where it can't be said."""
    if value is None:
        return "NR"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def share(value: float | None) -> str:
    """A share of one in percent; nothing where there is none."""
    return "" if value is None else f"{value:.0%}"


def list_text(found: Answer) -> str:
    """All indicators in short."""
    rows = [
        [one["code"], _name(one, point), figure(point["value"]), point["unit"], point["status"], point["provenance"]]
        for one in found["indicators"]
        for point in one["points"]
    ]
    head = ["code", "indicator", "value", "unit", "status", "provenance"]
    return f"{table(head, rows, right=[2])}\n{found['reported']} of {found['count']} have a figure."


def assessment_text(found: Iterable[Answer]) -> str:
    """Figures with what they are made of."""
    rows = []
    for one in found:
        for point in one["points"]:
            parts = [figure(point[name]) for name in ("value", "numerator", "denominator")]
            known = [point["status"], share(point["coverage"]), ", ".join(map(str, one["statistic_years"]))]
            rows.append([one["code"], _name(one, point), *parts, point["unit"], *known])
    head = ["code", "indicator", "value", "numerator", "denominator", "unit", "status", "coverage", "statistics of"]
    return table(head, rows, right=[2, 3, 4, 7])


def _name(one: Answer, point: Answer) -> str:
    return one["name"] if len(one["points"]) == 1 else f"{one['name']}: {point['label']}"


def evidence_text(one: Answer) -> str:
    """One indicator with what it stands on."""
    code = one["official_code"] or one["code"]
    lines = [f"{one['name']}  ({code})", one["definition"], f"{one['area']}, {one['period']['label']}", ""]
    for point in one["points"]:
        said = [point["status"], point["provenance"], point["grade"]]
        said.append(f"coverage {share(point['coverage'])}" if point["coverage"] is not None else None)
        what = f"{point['label'] or 'value'}: {figure(point['value'])} {point['unit']}"
        lines.append(f"  {what}  ({', '.join(word for word in said if word)})")
        if point["value"] is not None and point["denominator"] is not None:
            lines.append(f"    {figure(point['numerator'])} of {figure(point['denominator'])}")
        for missing in point["missing"]:
            lines.append(f"    missing: {missing['text']}")
            lines += [f"      {reason}" for reason in missing["reasons"]]
    lines += ["", *(f"  formula  {formula}" for formula in one["formulas"])]
    if one["inputs"]:
        rows = [
            [i["name"], figure(i["value"]), i["unit"], i["provenance"], share(i["coverage"]), i["source"]]
            for i in one["inputs"]
        ]
        lines += ["", table(["input", "value", "unit", "provenance", "coverage", "source"], rows, right=[1, 4])]
    for title, texts in (("what must be said of it", one["warnings"]), ("notes", one["notes"])):
        lines += ["", f"{title}:", *(f"  {text}" for text in texts)] if texts else []
    if not one["definition_confirmed"]:
        lines += ["", "Definition not confirmed: left out of the roll-up."]
    return "\n".join(lines)


def history_text(code: str, found: list[Answer]) -> str:
    """Versions of kept figures."""
    rows = [
        [kept["period"], kept["area"], v["point"], figure(v["value"]), v["status"], v["computed"], v["why"]]
        for kept in found
        for v in kept["versions"]
    ]
    if not rows:
        return f"{code}: no period has closed yet, so nothing is kept."
    return table(["period", "area", "point", "value", "status", "computed", "why"], rows, right=[3])


def score_text(found: Answer) -> str:
    """Scores and their roll-up."""
    scored = [one for one in found["scores"] if one["points"] is not None]
    groups = [
        [f"{'  ' * _LEVELS.index(g['level'])}{g['name'] or 'all'}", figure(g["percent"]), g["band"],
         f"{g['scored']} of {g['items']}", "provisional" if g["provisional"] else ""]
        for g in found["groups"]
    ]  # fmt: skip
    rows = [
        [one["code"], one["name"], figure(one["value"]), figure(one["target"]), figure(one["share"]), one["points"],
         "provisional" if one["provisional"] else ""]
        for one in scored
    ]  # fmt: skip
    left_out: dict[str, int] = {}
    for one in found["scores"]:
        if one["left_out"]:
            left_out[one["left_out"]] = left_out.get(one["left_out"], 0) + 1
    return "\n".join(
        [
            f"{found['period']['label']}; targets: {found['targets']}",
            "",
            table(["group", "%", "band", "scored", ""], groups, right=[1, 3]),
            "",
            table(["code", "indicator", "value", "target", "% of target", "points", ""], rows, right=[2, 3, 4, 5]),
            "",
            "Left out: " + "; ".join(f"{number} {why}" for why, number in sorted(left_out.items())) + ".",
        ]
    )


_LEVELS = ("all", "dimension", "sub_dimension", "category")


def plan_text(found: Answer) -> str:
    """What is missing, and what would give it."""
    have, partly = len(found["reported"]), len(found["partial"])
    lines = [f"{have} have all their figures, {partly} some of them, {len(found['not_reported'])} none."]
    for lack in found["lacks"]:
        lines += ["", f"{lack['text']}  ({lack['name']}; for {', '.join(lack['codes'])})"]
        lines += [f"  {way}" for way in lack["ways"]]
    return "\n".join(lines)


def imported_text(name: str, found: Answer) -> str:
    """What became of a file of statistics."""
    if found["mistakes"]:
        lines = [
            f"{name}:{m['row']}: {m['column'] + ': ' if m['column'] else ''}{m['text']}" for m in found["mistakes"]
        ]
        return "\n".join([*lines, f"{name}: nothing was imported."])
    text = f"{name}: {counted(found['kept'], 'statistic')} kept."
    if found["blank"]:
        text += (
            f" {counted(len(found['blank']), 'row')} without a figure passed over; they change nothing"
            " (an earlier import is taken back by: citylab indicators forget)."
        )
    return text
