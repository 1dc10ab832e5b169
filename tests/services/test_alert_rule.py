"""Rules of alerts: the shipped ones do what they say and can be raised; mistakes in a rule are named."""

import pytest

from citylab.document import DocumentError, parse_document
from citylab.observation import Quality
from citylab.thing import Thing
from citylab.vocabulary import vocabulary
from services.alerts.example import check_rule
from services.alerts.indicator import indicator_values
from services.alerts.rule import Rule
from services.indicators.catalogue import shipped_catalogue
from services.indicators.service import IndicatorService
from tests.sample_city import NOW
from tests.services.test_alerts import MINUTE, RULES, world, write


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_shipped_rule_does_what_its_examples_say(rule):
    assert check_rule(rule) == []
    assert any(example.raised for example in rule.examples)
    assert any(example.cleared for example in rule.examples)


def test_rules_for_every_sector_and_for_sensors():
    sectors = {rule.sector for rule in RULES.values()}
    assert sectors == {"energy", "transport", "agriculture", "health", "environment", "water", "waste", ""}
    kinds = {name for rule in RULES.values() for name in ("silent", "stuck", "suspect") if getattr(rule.when, name)}
    assert kinds == {"silent", "stuck", "suspect"}


def limits(watched):
    """Limits of a rule on values, and 1 for above, -1 for below."""
    when = watched.when
    sign = 1 if when.above is not None else -1
    return [limit for limit in (when.above, when.below, when.clear) if limit is not None], sign


def ranges(names):
    for name in (names,) if isinstance(names, str) else names:
        known = vocabulary()[name]
        yield (0.0, 1.0) if known.result_type == "boolean" else (known.low, known.high)


@pytest.mark.parametrize("rule", [r for r in RULES.values() if r.on], ids=lambda rule: rule.name)
def test_every_shipped_rule_on_readings_is_about_values_that_can_be(rule):
    numbers, sign = limits(rule)
    change = rule.when.rises or rule.when.falls or 0.0
    scales = {value for e in rule.examples for name, value in e.properties.items() if name == rule.when.share_of}
    assert bool(scales) is bool(rule.when.share_of)
    for low, high in ranges(rule.on.property):
        if change:
            assert change < high - low
        for limit in numbers:
            for scale in scales or {1.0}:
                assert low < limit * scale < high or (limit * scale == low and sign > 0)


@pytest.mark.parametrize("rule", [r for r in RULES.values() if r.indicator], ids=lambda rule: rule.name)
def test_every_shipped_rule_on_an_indicator_can_be_raised_and_cleared(rule):
    card = shipped_catalogue().find(rule.indicator.code)
    streams = [(s.stream.kinds[0], s.stream.observed_property) for i in card.inputs.values() for s in i.sources]
    sign, seen = limits(rule)[1], []
    for extreme in (sign, -sign):
        context, _ = world([Thing(0, kind, kind=kind) for kind, _ in streams])
        for kind, name in streams:
            ((low, high),) = ranges(name)
            value = high if extreme > 0 else low
            write(context, kind, name, [(NOW - h * 60 * MINUTE, value, Quality.GOOD) for h in range(24)])
        ((_, (value,), _),) = [indicator_values(rule.indicator, IndicatorService(context))]
        seen.append(value)
        context.state.close()
    for limit in limits(rule)[0]:
        assert sign * seen[1] < sign * limit < sign * seen[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("when: {above: 1, below: 2}", "exactly one of"),
        ("when: {above: 1, clear: 2}", "clear 2 is above"),
        ("when: {silent: long}", "expected a length"),
        ("when: {abov: 1}", 'did you mean "above"'),
        ("on: {property: air_temprature}\nwhen: {above: 1}", 'did you mean "air_temperature"'),
        ("indicator: {code: en-e-e-2c}\non: {kind: bus}\nwhen: {above: 1}", "exactly one of on, indicator"),
    ],
)
def test_mistakes_in_a_rule_are_named(text, message):
    head = "name: x\nlabel: X\nseverity: info\nexamples: [{every: 1 h, values: [1]}]\n"
    if "on:" not in text and "indicator" not in text:
        head += "on: {kind: bus}\n"
    with pytest.raises(DocumentError, match=message):
        parse_document(Rule, head + text, "x.yaml")
