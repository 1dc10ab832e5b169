"""Reports of chosen values and provenances, so that a test knows which figures are tainted."""

from citylab.instant import parse_instant
from citylab.observation import Provenance
from services.indicators.assessment import Assessment, Figure, Missing, PointValue, Status
from services.indicators.catalogue import shipped_catalogue
from services.indicators.check import Finding
from services.indicators.history import Kept, Version
from services.indicators.period import parse_period
from services.indicators.score import score
from services.indicators.target import load_targets
from services.reports.content import Material
from tests.services.indicators.case import small_city

NOW = parse_instant("2026-02-01T00:00:00Z")
PERIOD = parse_period("2025", NOW, "UTC")
CODES = ("ec-i-t-5a", "en-en-ws-2c", "en-en-aq-1c", "sc-eh-h-2c")
HOSTILE = '<img src=x onerror="alert(1)">'
POINTS = tuple((code, p.name) for code in CODES for p in shipped_catalogue().find(code).points)


def figure_of(number):
    """A value that occurs once in a report: value, numerator, denominator and input of a point differ."""
    return 10_000.0 + number


def assessments(provenances):
    """Assessments of `CODES`, one provenance for each of `POINTS`; None: cannot be said."""
    given = iter(enumerate(provenances))
    found = []
    for code in CODES:
        card = shipped_catalogue().find(code)
        inputs, points = {}, []
        for name, point in zip(card.inputs, card.points, strict=False):
            number, provenance = next(given)
            points.append(point_value(card, point, number, provenance, name))
            if provenance is not None:
                inputs[name] = Figure(
                    figure_of(4 * number + 3), "count", "statistic", f"Office {HOSTILE}", provenance, "measured"
                )
        found.append(Assessment(card, "case", PERIOD, NOW, tuple(points), inputs))
    return tuple(found)


def point_value(card, point, number, provenance, name):
    if provenance is None:
        lack = Missing(name, "what is missing", ("no statistic",))
        return PointValue(
            point.name, point.label, card.unit, None, None, None, Status.NOT_REPORTED, None, None, None, (), (lack,)
        )
    return PointValue(
        point.name, point.label, card.unit, figure_of(4 * number), figure_of(4 * number + 1),
        figure_of(4 * number + 2), Status.COMPLETE, None, provenance, "measured", (name,),
    )  # fmt: skip


def material(provenances, *, fictional=False, findings=(), kept=()):
    found = assessments(provenances)
    targets = load_targets(shipped_catalogue())
    return Material(
        city=small_city(fictional=fictional),
        area="case",
        period=PERIOD,
        computed_time=NOW,
        software="9.9",
        assessments=found,
        scorecard=score(found, targets),
        targets=targets.label,
        findings=tuple(findings),
        kept=tuple(kept),
    )


def version(value, provenance, why="first computed"):
    label = provenance.label if provenance is not None else None
    return Version("", value, None, None, "complete", label, None, NOW, why)


ALL_REPORTED = (Provenance.REPORTED,) * len(POINTS)
A_FINDING = Finding("plausibility", ("en-en-aq-1c",), "ask", "more than is plausible")
A_HISTORY = Kept(
    "en-en-ws-2c",
    "",
    "2025",
    (version(1234567.0, Provenance.REPORTED), version(7654321.0, Provenance.SIMULATED, "late")),
)
