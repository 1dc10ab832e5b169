"""Answers about indicators as text for a terminal of 100 columns, in the words of reports."""

from collections.abc import Iterable
from typing import Any

from deploy.table import counted, paragraph, table
from services.reports.language import Language

Answer = dict[str, Any]
_LEVELS = ("all", "dimension", "sub_dimension", "category")


def figure(value: float | None, words: Language | None = None) -> str:
    """A figure for people: NR where it can't be said."""
    return "NR" if value is None else (words or Language("en")).number(value)


def share(value: float | None) -> str:
    """A share of one in percent; nothing where there is none."""
    return "" if value is None else f"{value:.0%}"


def list_text(found: Answer, words: Language) -> str:
    """All indicators in short."""
    head = ["", words("column.kpi"), words("evidence.value"), words("evidence.status"), words("evidence.provenance")]
    counts = words("score.of", scored=found["reported"], items=found["count"])
    said = words("colon", name=words("count.reported"), text=counts)
    tables = []
    for family in ("u4ssc", "operational"):
        rows = [
            [one["code"], _name(one, point), _quantity(point, words), *_known(point, words)]
            for one in found["indicators"]
            if one["family"] == family
            for point in one["points"]
        ]
        tables += [table(head, rows, right=[2], wrap=[1, 2, 3])] if rows else []
    return "\n\n".join([*tables, said])


def _known(point: Answer, words: Language) -> list[str]:
    provenance = words.word("provenance", point["provenance"]) if point["provenance"] else ""
    return [words.word("status", point["status"]), provenance]


def _quantity(point: Answer, words: Language) -> str:
    return "NR" if point["value"] is None else words.quantity(point["value"], point["unit"])


def assessment_text(found: Iterable[Answer], words: Language) -> str:
    """Figures with what they are made of."""
    tables: dict[str, list[list[object]]] = {}
    for one in found:
        for point in one["points"]:
            none = "NR" if point["value"] is None else "\u2013"
            parts = [
                none if point[name] is None else words.number(point[name]) for name in ("numerator", "denominator")
            ]
            status = [words.word("status", point["status"]), *map(str, one["statistic_years"])]
            known = [", ".join(status), share(point["coverage"])]
            rows = tables.setdefault(one["family"], [])
            rows.append([one["code"], _name(one, point), _quantity(point, words), *parts, *known])
    keys = ("value", "numerator", "denominator", "status", "coverage")
    head = ["", words("column.kpi"), *(words(f"evidence.{key}") for key in keys)]
    return "\n\n".join(table(head, rows, right=[2, 3, 4, 6], wrap=[1, 0, 2, 5]) for rows in tables.values())


def _name(one: Answer, point: Answer) -> str:
    return one["name"] if len(one["points"]) == 1 else f"{one['name']}: {point['label']}"


def evidence_text(one: Answer, words: Language) -> str:
    """One indicator with what it stands on, as a sheet."""
    code = one["official_code"] or one["code"]
    place = " / ".join(dict.fromkeys((one["dimension"], one["sub_dimension"], one["category"])))
    lines = [paragraph(f"{one['name']}  ({code})"), place, paragraph(one["definition"])]
    lines += [f"{one['area']}, {one['period']['label']}", ""]
    for point in one["points"]:
        lines += _point(point, words)
    facts = [("numerator", one["numerator_text"]), ("denominator", one["denominator_text"])]
    facts += [("formula", formula) for formula in one["formulas"]]
    lines += [
        "",
        *(paragraph(words("colon", name=words(f"evidence.{key}"), text=text), "  ") for key, text in facts if text),
    ]
    if one["inputs"]:
        lines += ["", f"{words('evidence.inputs')}:"]
        for each in one["inputs"]:
            lines += _input(each, words)
    for key, texts in (("warnings", one["warnings"]), ("notes", one["notes"])):
        lines += ["", f"{words(f'evidence.{key}')}:", *(paragraph(text, "  ") for text in texts)] if texts else []
    if not one["definition_confirmed"]:
        lines += ["", paragraph(words("method.unconfirmed"))]
    return "\n".join(lines)


def _point(point: Answer, words: Language) -> list[str]:
    known = [*_known(point, words), words.word("grade", point["grade"]) if point["grade"] else ""]
    if point["coverage"] is not None:
        known.append(f"{words('evidence.coverage').lower()} {share(point['coverage'])}")
    name = point["label"] or words("evidence.value")
    said = f"{_quantity(point, words)}  ({', '.join(word for word in known if word)})"
    lines = [paragraph(words("colon", name=name, text=said), "  ")]
    if point["value"] is not None and point["denominator"] is not None:
        lines.append(f"    {figure(point['numerator'], words)} / {figure(point['denominator'], words)}")
    for missing in point["missing"]:
        lines.append(paragraph(words("colon", name=words("evidence.missing"), text=missing["text"]), "    "))
        lines += [paragraph(reason, "      ") for reason in missing["reasons"]]
    return lines


def _input(given: Answer, words: Language) -> list[str]:
    known = [words.word("provenance", given["provenance"]), words.word("grade", given["grade"])]
    if given["coverage"] is not None:
        known.append(f"{words('evidence.coverage').lower()} {share(given['coverage'])}")
    value = words.quantity(given["value"], given["unit"])
    return [
        paragraph(f"{given['text']}  ({given['name']})", "  "),
        paragraph(f"{value}  ({', '.join(known)})", "    "),
        paragraph(given["source"], "    "),
    ]


def history_text(code: str, found: list[Answer], words: Language) -> str:
    """Versions of kept figures."""
    rows = [
        [kept["period"], kept["area"], v["point"], figure(v["value"], words), words.word("status", v["status"]),
         v["computed"][:16].replace("T", " "), v["why"]]
        for kept in found
        for v in kept["versions"]
    ]  # fmt: skip
    if not rows:
        return f"{code}: {words('none.versions')}"
    keys = ("period", "area", "column.kpi", "evidence.value", "evidence.status", "column.time", "column.why")
    return table([words(key) for key in keys], rows, right=[3], wrap=[0, 2, 4, 6])


def score_text(found: Answer, words: Language) -> str:
    """Scores and their roll-up."""
    scored = [one for one in found["scores"] if one["points"] is not None]
    groups = [
        [f"{'  ' * _LEVELS.index(g['level'])}{g['name'] or words('count.all')}",
         words.number(g["percent"], 2) if g["percent"] is not None else words("band.not_scored"), g["band"],
         words("score.of", scored=g["scored"], items=g["items"]), words("provisional") if g["provisional"] else ""]
        for g in found["groups"]
    ]  # fmt: skip
    rows = [
        [one["code"], one["name"], figure(one["value"], words), figure(one["target"], words),
         words.number(one["share"], 0), one["points"], words("provisional") if one["provisional"] else ""]
        for one in scored
    ]  # fmt: skip
    left_out: dict[str, int] = {}
    for one in found["scores"]:
        if one["left_out"]:
            left_out[one["left_out"]] = left_out.get(one["left_out"], 0) + 1
    head = [words(f"score.{key}") for key in ("group", "score", "band", "scored")]
    first, second = f"{words('evidence.target')}", f"{words('column.band')} %"
    return "\n".join(
        [
            paragraph(f"{found['period']['label']}; {found['targets']}"),
            "",
            table([*head, ""], groups, right=[1, 3], wrap=[0]),
            "",
            table(
                ["", words("column.kpi"), words("evidence.value"), first, second, words("score.points"), ""],
                rows, right=[2, 3, 4, 5], wrap=[1, 4],
            ),
            "",
            paragraph(
                f"{words('band.not_scored')}: "
                + "; ".join(f"{number} {why}" for why, number in sorted(left_out.items()))
            ),
        ]
    )  # fmt: skip


def plan_text(found: Answer, words: Language) -> str:
    """What is missing, and what would give it; what most indicators wait for first."""
    counts = [(key, len(found[name])) for key, name in _COUNTS]
    lines = ["  ".join(words("colon", name=words(f"count.{key}"), text=number) for key, number in counts)]
    if not found["lacks"]:
        return "\n".join([*lines, words("none.needs")])
    lines += ["", paragraph(words("needs.text"))]
    for number, lack in enumerate(found["lacks"], start=1):
        unit = f", {lack['unit_text']}" if lack["unit_text"] not in {"", "1", "count"} else ""
        lines += ["", paragraph(f"{number}. {lack['text']}  ({lack['name']}{unit})")]
        lines.append(paragraph(words("colon", name=words("needs.for"), text=", ".join(lack["codes"])), "   "))
        lines += [paragraph(f"{sign}) {way}", "   ") for sign, way in zip("abcdefgh", lack["ways"], strict=False)]
    return "\n".join(lines)


_COUNTS = (("reported", "reported"), ("partial", "partial"), ("missing", "not_reported"))


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
