"""Runs the examples of a rule, which are its tests."""

import numpy as np

from citylab.length import parse_length
from citylab.observation import Float64, Int64, Quality, UInt8
from services.alerts.evaluate import evaluate, readings_of
from services.alerts.rule import Example, Rule


def check_rule(rule: Rule) -> list[str]:
    """What the examples of a rule give that they should not; nothing if all is as it should be."""
    problems = []
    for number, example in enumerate(rule.examples, 1):
        raised, cleared = run_example(rule, example)
        for word, found, expected in (("raised", raised, example.raised), ("cleared", cleared, example.cleared)):
            wanted = [parse_length(text) for text in expected]
            if found != wanted:
                shown = ", ".join(f"{time / 60e6:g} min" for time in found) or "never"
                problems.append(f"example {number}: {word} at {shown}; expected {', '.join(expected) or 'never'}")
    return problems


def run_example(rule: Rule, example: Example) -> tuple[list[int], list[int]]:
    """When an example raises and clears the alert, after its first reading [us]."""
    every = parse_length(example.every)
    times, results, marks = _readings(example, every)
    end = parse_length(example.until) if example.until else every * (len(example.values) - 1)
    scale = np.array([example.properties.get(rule.when.share_of, np.nan) if rule.when.share_of else 1.0])
    readings = readings_of(np.zeros(len(times), np.int64), times, results, marks)
    found = evaluate(rule.when, readings, scale, 0, end, every)
    return [t.time for t in found if t.raised], [t.time for t in found if not t.raised]


def _readings(example: Example, every: int) -> tuple[Int64, Float64, UInt8]:
    there = [(i * every, value) for i, value in enumerate(example.values) if value is not None]
    return (
        np.array([time for time, _ in there], np.int64),
        np.array([0.0 if isinstance(value, str) else value for _, value in there], np.float64),
        np.array([Quality.SUSPECT if isinstance(value, str) else Quality.GOOD for _, value in there], np.uint8),
    )
