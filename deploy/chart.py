"""Line charts as SVG text, for pages that must open without a network."""

from collections.abc import Sequence
from html import escape

import numpy as np

from citylab.observation import Float64

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 26, 34
STYLES = ("stroke:#7a7a7a;stroke-dasharray:5 3", "stroke:#005a9c")
"""Strokes of the lines; they differ in more than colour."""


Span = tuple[str, float, float]
"""Name, and hours from and to."""


def line_chart(title: str, unit: str, lines: Sequence[tuple[str, Float64, Float64]], spans: Sequence[Span] = ()) -> str:
    """SVG of some lines over hours.

    Parameters
    ----------
    lines : sequence of (name, hours, values)
        float64[n] each; NaN are gaps.
    spans : sequence of Span
        Times that are shaded.
    """
    x = np.concatenate([hours for _, hours, _ in lines])
    y = np.concatenate([values for _, _, values in lines])
    y = y[np.isfinite(y)]
    if not len(x) or not len(y):
        return ""
    low, high = float(y.min()), float(y.max())
    margin = 0.05 * (high - low) or max(abs(high) * 0.05, 0.5)
    low, high = (0.0 if 0.0 <= low < 0.3 * high else low - margin), high + margin
    last = max(float(x.max()), 1e-9)
    view = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
    parts = [
        f'<svg {view} font-family="sans-serif" font-size="11"><title>{escape(title)}</title>',
        f'<text x="{LEFT}" y="15" font-size="13">{escape(title)}{f" [{escape(unit)}]" if unit else ""}</text>',
    ]
    for name, start, end in spans:
        left, right = (LEFT + min(max(hour / last, 0.0), 1.0) * (WIDTH - LEFT - RIGHT) for hour in (start, end))
        parts.append(
            f'<path d="M{left:.1f} {TOP}H{right:.1f}V{HEIGHT - BOTTOM}H{left:.1f}Z" fill="#f2b600" fill-opacity=".14">'
            f"<title>{escape(name)}</title></path>"
        )
    for tick in _ticks(low, high):
        height = _y(np.array([tick]), low, high)[0]
        parts.append(f'<path d="M{LEFT} {height:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{height + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in _ticks(0.0, last, days=last > 60):
        at = LEFT + tick / last * (WIDTH - LEFT - RIGHT)
        label = f"{tick / 24:g} d" if last > 60 else f"{tick:g} h"
        parts.append(f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle">{label}</text>')
    for number, (name, hours, values) in enumerate(lines):
        style = STYLES[number % len(STYLES)]
        parts.append(f'<path d="{_path(hours / last, values, low, high)}" style="fill:none;stroke-width:1.6;{style}"/>')
        at = LEFT + 150 * number
        parts.append(f'<path d="M{at} {HEIGHT - 8}h24" style="stroke-width:1.6;{style}"/>')
        parts.append(f'<text x="{at + 30}" y="{HEIGHT - 4}">{escape(name)}</text>')
    if spans:
        at = LEFT + 150 * len(lines)
        parts.append(f'<path d="M{at} {HEIGHT - 14}h24v12h-24Z" fill="#f2b600" fill-opacity=".3"/>')
        names = ", ".join(dict.fromkeys(name.replace("_", " ") for name, *_ in spans))
        parts.append(f'<text x="{at + 30}" y="{HEIGHT - 4}">{escape(names[:60])}</text>')
    return "\n".join([*parts, "</svg>"])


def _y(values: Float64, low: float, high: float) -> Float64:
    result: Float64 = HEIGHT - BOTTOM - (values - low) / (high - low) * (HEIGHT - TOP - BOTTOM)
    return result


def _path(share: Float64, values: Float64, low: float, high: float) -> str:
    words, pen = [], "M"
    for x, y, there in zip(
        LEFT + share * (WIDTH - LEFT - RIGHT), _y(values, low, high), np.isfinite(values), strict=True
    ):
        if there:
            words.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L" if there else "M"
    return "".join(words)


def _ticks(low: float, high: float, *, days: bool = False) -> list[float]:
    """Round numbers between two bounds, about five."""
    if days:
        step = 24.0 * max(1, round((high - low) / 24.0 / 6.0))
    else:
        raw = (high - low) / 5.0
        power = 10.0 ** np.floor(np.log10(raw))
        step = float(power * next(k for k in (1.0, 2.0, 5.0, 10.0) if k * power >= raw))
    first = np.ceil(low / step)
    return [float(round(k * step, 9)) for k in np.arange(first, np.floor(high / step) + 1)]
