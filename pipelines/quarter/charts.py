"""Charts as SVG drawings, each to stand with its table: told apart by form and words, never by colour alone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, LEFT, RIGHT, ROW = 760, 260, 40, 26
_STYLE = "text{font:14px 'Noto Sans CJK SC','Microsoft YaHei',sans-serif;fill:#111}"
_DASHES = ("", "8 5", "2 4", "12 4 2 4")
_MOST_STEPS = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """A value with its interval under a label; None where it is not known."""

    label: str
    mean: float | None
    low: float | None = None
    high: float | None = None


def forest(name: str, title: str, bars: Sequence[Bar], *, mark: float | None = None, unit: str = "") -> str:
    """Return values with their intervals below one another; `mark` draws a line that they are held against."""
    known = [v for bar in bars for v in (bar.mean, bar.low, bar.high) if v is not None]
    if not known:
        return ""
    low, high = min([*known, *([] if mark is None else [mark])]), max([*known, *([] if mark is None else [mark])])
    steps = round_steps(low, high)
    low, high = min(low, steps[0]), max(high, steps[-1])
    pad = (high - low) * 0.04
    low, high = low - pad, high + pad
    height = ROW * len(bars) + 56

    def x(value: float) -> float:
        return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    body = [f'<path d="M{LEFT} {height - 34}H{WIDTH - RIGHT}" stroke="#111" fill="none"/>']
    for value in steps:
        body.append(f'<path d="M{x(value):.1f} {height - 34}v5" stroke="#111" fill="none"/>')
        body.append(f'<text x="{x(value):.1f}" y="{height - 12}" text-anchor="middle">{value:.4g}{unit}</text>')
    if mark is not None:
        body.append(f'<path d="M{x(mark):.1f} 8V{height - 34}" stroke="#555" stroke-dasharray="6 4" fill="none"/>')
    for at, bar in enumerate(bars):
        y = 22 + ROW * at
        body.append(f'<text x="{LEFT - 12}" y="{y + 5}" text-anchor="end">{escape(bar.label)}</text>')
        if bar.mean is None:
            body.append(f'<text x="{LEFT + 8}" y="{y + 5}">没有测量</text>')
            continue
        if bar.low is not None and bar.high is not None:
            body.append(f'<path d="M{x(bar.low):.1f} {y}H{x(bar.high):.1f}" stroke="#111" stroke-width="2"/>')
        body.append(f'<circle cx="{x(bar.mean):.1f}" cy="{y}" r="5" fill="#111"/>')
    told = "；".join(
        f"{bar.label} 没有测量" if bar.mean is None else f"{bar.label} {bar.mean:.3g}{unit}" for bar in bars
    )
    return _svg(name, title, told, height, body)


@dataclass(frozen=True, slots=True)
class Line:
    """Values over the same steps, None where one is not known."""

    label: str
    values: Sequence[float | None]


def lines(name: str, title: str, steps: Sequence[str], drawn: Sequence[Line], *, mark: float | None = None) -> str:
    """Return lines over steps (months), told apart by dashes and by their names at the end."""
    known = [value for line in drawn for value in line.values if value is not None]
    if not known or len(steps) < 2:
        return ""
    ticks = round_steps(0.0, max([*known, *([] if mark is None else [mark])]))
    high = ticks[-1]
    height, left, right = 300, 60, 250

    def x(at: int) -> float:
        return left + at / (len(steps) - 1) * (WIDTH - left - right)

    def y(value: float) -> float:
        return height - 46 - value / high * (height - 76)

    body = [f'<path d="M{left} 20V{height - 46}H{WIDTH - right}" stroke="#111" fill="none"/>']
    body += [f'<text x="{left - 8}" y="{y(value) + 5:.1f}" text-anchor="end">{value:.4g}</text>' for value in ticks]
    every = max(1, len(steps) // 6)
    body += [
        f'<text x="{x(at):.1f}" y="{height - 24}" text-anchor="middle">{escape(step)}</text>'
        for at, step in enumerate(steps)
        if at % every == 0
    ]
    if mark is not None:
        at_y = f"{y(mark):.1f}"
        body.append(f'<path d="M{left} {at_y}H{WIDTH - right}" stroke="#777" stroke-dasharray="3 3" fill="none"/>')
    ends: list[tuple[float, str]] = []
    for number, line in enumerate(drawn):
        points = [f"{x(at):.1f},{y(value):.1f}" for at, value in enumerate(line.values) if value is not None]
        if not points:
            continue
        dash = _DASHES[number % len(_DASHES)]
        body.append(
            f'<polyline points="{" ".join(points)}" fill="none" stroke="#111" stroke-width="2" '
            f'stroke-dasharray="{dash}"/>'
        )
        ends.append((float(points[-1].split(",")[1]) + 5, line.label))
    body += [f'<text x="{WIDTH - right + 8}" y="{at:.1f}">{escape(label)}</text>' for at, label in apart(ends)]
    last = "；".join(
        f"{line.label}最后为 {line.values[-1]:.3g}" for line in drawn if line.values and line.values[-1] is not None
    )
    return _svg(name, title, last, height, body)


def apart(ends: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return names at the heights of their lines' ends, those too near moved up: in the order of the ends."""
    found: list[tuple[float, str]] = []
    for height, label in sorted(ends, key=lambda one: -one[0]):
        found.append((min(height, found[-1][0] - _APART) if found else height, label))
    return found


_APART = 18
"""So far from each other names can be read."""


def round_steps(low: float, high: float) -> list[float]:
    """Return three to seven round values around those given: whole multiples of 1, 2 or 5 of some power of ten."""
    span = high - low if high > low else abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span))
    width = next(w for scale in (0.1, 1.0) for step in (1, 2, 5) if span / (w := step * scale * power) <= _MOST_STEPS)
    first, last = math.floor(low / width + 1e-9), math.ceil(high / width - 1e-9)
    return [round(at * width, 10) + 0.0 for at in range(first, max(last, first + 1) + 1)]


def _svg(name: str, title: str, told: str, height: float, body: Sequence[str]) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
            f'aria-labelledby="{name}-title {name}-desc" lang="zh-CN">',
            f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(told)}</desc>',
            f'<style>{_STYLE}</style><rect width="{WIDTH}" height="{height:.0f}" fill="#fff"/>',
            *body,
            "</svg>",
        ]
    )
