"""Benchmark of the simulated city: a step of every fleet, a year into the store, devices that run live."""

from collections.abc import Callable
from dataclasses import asdict
from statistics import median
from typing import Any

from citylab.city import City
from citylab.instant import parse_instant
from citylab.machine import machine
from deploy.load import measure_live
from deploy.measure import measure_filling
from simulators.bench import measure_step

START = parse_instant("2026-01-01T00:00:00Z")
STEP_DEVICES, LIVE_DEVICES = 100_000, 10_000

Say = Callable[[str], None]


def bench_city(
    city: City,
    name: str,
    *,
    devices: int = 2000,
    days: int = 365,
    runs: int = 5,
    steps: int = STEP_DEVICES,
    live: int = LIVE_DEVICES,
    live_seconds: float = 120.0,
    say: Say = lambda _: None,
) -> dict[str, Any]:
    """Measure the simulators.

    Parameters
    ----------
    name : str
        Of the city, or its file, for the live run.
    devices, days : int
        Of the hourly history that is written into the embedded store.
    runs : int
        Of which medians are taken; the history is filled in at most three times, the live city runs once.
    steps, live : int
        Devices of the step and of the live city; `live` 0 leaves it out.

    Returns
    -------
    dict
        All can be said in JSON; `ratio` is that of the step to a bare numpy pass.
    """
    step = measure_step(city, steps, START, runs)
    say(f"step: {step.step * 1000:.0f} ms, {step.ratio:.1f} times a bare pass")
    fillings = []
    for number in range(1, min(runs, 3) + 1):
        fillings.append(measure_filling(city, devices, days))
        say(f"history {number}: {fillings[-1].seconds:.1f} s for {fillings[-1].rows:,} readings")
    seconds = [filling.seconds for filling in fillings]
    found: dict[str, Any] = {
        "ratio": round(step.ratio, 2),
        "step": asdict(step) | {"readings_per_second": round(step.rate)},
        "history": asdict(fillings[0])
        | {
            "days": days, "runs": len(fillings), "seconds": round(median(seconds), 2),
            "spread": [round(min(seconds), 2), round(max(seconds), 2)],
            "registering": round(median(filling.registering for filling in fillings), 2),
        },
        "runs": runs,
        "machine": machine("numpy", "duckdb"),
    }  # fmt: skip
    if live:
        ran = measure_live(name, live, live_seconds, say)
        found["live"] = asdict(ran) | {"share": round(ran.share, 3), "runs": 1}
    return found


def city_table(found: dict[str, Any]) -> str:
    """The figures for people."""
    step, history, host = found["step"], found["history"], found["machine"]
    low, high = (1000 * value for value in step["spread"])
    apart = "registering the devices is apart, rolled-up values are made later by the running services"
    lines = [
        f"A step of all fleets, {step['devices']:,} devices, {step['readings']:,} readings, median of {found['runs']}:",
        (f"  {step['step'] * 1000:.1f} ms ({low:.1f} to {high:.1f}), {found['ratio']:.1f} times a bare numpy pass "
         f"over arrays of the same size ({step['bare'] * 1000:.2f} ms)"),
        f"  {step['readings_per_second']:,} device-readings/s on one core",
        (f"{history['days']} days of hourly history of {history['devices']:,} devices, {history['datastreams']:,} "
         f"datastreams, into DuckDB, median of {history['runs']}:"),
        (f"  {history['seconds']:.1f} s ({history['spread'][0]:.1f} to {history['spread'][1]:.1f}) for "
         f"{history['rows']:,} readings, {history['size'] / history['rows']:.1f} bytes each"),
        f"  {apart} ({history['registering']:.1f} s)",
    ]  # fmt: skip
    if ran := found.get("live"):
        lines += [
            (f"{ran['devices']:,} live devices at one message a minute through Mosquitto, one run of "
             f"{ran['seconds']:.0f} s, simulators, broker, gateway, store, page together:"),
            (f"  {ran['share']:.2f} cores, {ran['memory'] / 1e6:.0f} MB; {ran['published'] / ran['seconds']:.0f} "
             f"messages/s published, {ran['stored'] / ran['seconds']:.0f} stored"),
        ]  # fmt: skip
    lines.append("Measured on " + ", ".join(f"{name} {value}" for name, value in host.items()))
    return "\n".join(lines)
