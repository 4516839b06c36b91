"""What a job leaves each month as a drawing that is read without colour; with attributes alone, as pages need it."""

from fractions import Fraction
from html import escape

from api.income_words import left_out_of, said_of
from matching.rules.income import PARTS, Curve, Stretch

WIDTH, HEIGHT = 760, 480
LEFT, RIGHT, TOP, BOTTOM = 84, 24, 64, 96
FONT = 'font-family="Noto Sans CJK SC, Microsoft YaHei, sans-serif" font-size="15" fill="#111"'


class _Plane:
    """Places wages and sums on the drawing."""

    def __init__(self, curves: tuple[Curve, ...]) -> None:
        points = [point for curve in curves for point in curve.points]
        self.wage = float(max(point.wage for point in points)) or 1.0
        highest = float(max(curve.before.high for curve in curves))
        self.top = self._rounded(max([highest, *(float(point.income.high) for point in points), 1.0]))

    @staticmethod
    def _rounded(highest: float) -> int:
        return -(-int(highest) // 1000) * 1000 or 1000

    def x(self, wage: Fraction | float) -> float:
        return LEFT + float(wage) / self.wage * (WIDTH - LEFT - RIGHT)

    def y(self, sum_: Fraction | float) -> float:
        return HEIGHT - BOTTOM - float(sum_) / self.top * (HEIGHT - TOP - BOTTOM)

    def path(self, wages: list[Fraction], sums: list[Fraction]) -> str:
        return " ".join(f"{self.x(wage):.1f},{self.y(sum_):.1f}" for wage, sum_ in zip(wages, sums, strict=True))


def drawing(first: Curve, later: Curve, wages: tuple[Fraction, ...] = ()) -> str:
    """Return both curves as an SVG drawing, told apart by dashes and not by colour; bands are shaded.

    `wages` are those of a job at hand, from and to; they are marked.
    """
    plane = _Plane((first, later))
    body = [
        *_axes(plane),
        *_of_the_job(plane, wages),
        *_curve(plane, later, 'stroke="#111" stroke-width="3"'),
        *_curve(plane, first, 'stroke="#555" stroke-width="3" stroke-dasharray="10 6"'),
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{plane.y(later.before.high):.1f}" '
        f'y2="{plane.y(later.before.high):.1f}" stroke="#111" stroke-width="1.5" stroke-dasharray="2 4"/>',
        *(_cliff(plane, later, stretch) for stretch in later.cliffs),
        *_legend(),
    ]
    summary = "".join(f"{line}。" for line in [*said_of("第1个月", first), *said_of("渐退期后", later)])
    left_out = "、".join(PARTS[part] for part in left_out_of(first, later))
    told = f"横轴为月工资，纵轴为每月到手，单位元。{summary}" + (f"没有计入：{left_out}。" if left_out else "")
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-labelledby="income-title" aria-describedby="income-desc" lang="zh-CN" {FONT}>',
            '<title id="income-title">就业后每月到手随工资的变化</title>',
            f'<desc id="income-desc">{escape(told)}</desc>',
            f'<g aria-hidden="true"><rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            *body,
            "</g></svg>\n",
        ]
    )


def _of_the_job(plane: _Plane, wages: tuple[Fraction, ...]) -> list[str]:
    within = [min(float(wage), plane.wage) for wage in wages]
    if not within:
        return []
    left, right = plane.x(min(within)), plane.x(max(within))
    width = max(right - left, 2)
    return [
        f'<rect x="{left:.1f}" y="{TOP}" width="{width:.1f}" height="{HEIGHT - TOP - BOTTOM}" fill="#14486b" '
        'fill-opacity="0.12" stroke="#14486b" stroke-dasharray="3 3"/>',
        f'<text x="{left:.1f}" y="{TOP - 6}">这个岗位</text>',
    ]


def _curve(plane: _Plane, curve: Curve, stroke: str) -> list[str]:
    wages = [point.wage for point in curve.points]
    lows, highs = curve.ends()
    lines = [f'<polyline points="{plane.path(wages, lows)}" fill="none" {stroke}/>']
    if lows != highs:
        around = f"{plane.path(wages, lows)} {plane.path(wages[::-1], highs[::-1])}"
        lines.insert(0, f'<polygon points="{around}" fill="#000" fill-opacity="0.14"/>')
        lines.append(f'<polyline points="{plane.path(wages, highs)}" fill="none" {stroke}/>')
    return lines


def _axes(plane: _Plane) -> list[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    lines = [f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="#111" stroke-width="1.5"/>']
    for step in range(5):
        wage, sum_ = plane.wage * step / 4, plane.top * step / 4
        lines.append(f'<text x="{plane.x(wage):.1f}" y="{bottom + 22}" text-anchor="middle">{wage:,.0f}</text>')
        lines.append(f'<text x="{LEFT - 8}" y="{plane.y(sum_) + 5:.1f}" text-anchor="end">{sum_:,.0f}</text>')
        lines.append(f'<path d="M{LEFT} {plane.y(sum_):.1f}H{right}" stroke="#ccc" fill="none"/>')
    lines.append(f'<text x="{(LEFT + right) / 2:.0f}" y="{bottom + 44}" text-anchor="middle">月工资（元）</text>')
    lines.append(f'<text x="12" y="{TOP - 14}">每月到手（元）</text>')
    return lines


def _cliff(plane: _Plane, curve: Curve, stretch: Stretch) -> str:
    at = next(point for point in curve.points if point.wage == stretch.to_wage)
    x, y = plane.x(at.wage), plane.y(at.income.low)
    sure = "反而" if stretch.is_certain else "可能反而"
    anchor, beside = ("end", x - 12) if x > WIDTH * 0.7 else ("start", x + 12)  # the words stay on the drawing
    return (
        f'<path d="M{x:.1f} {y + 4:.1f}l-8 14h16z" fill="#111"/><text x="{beside:.1f}" y="{y + 20:.1f}" '
        f'text-anchor="{anchor}">多挣{sure}少得 {float(stretch.loss):,.0f} 元</text>'
    )


def _legend() -> list[str]:
    y = HEIGHT - 16
    entries = (
        (LEFT, "渐退期后", 'stroke-width="3"'),
        (LEFT + 180, "第1个月", 'stroke-width="3" stroke-dasharray="10 6"'),
        (LEFT + 360, "就业前", 'stroke-width="1.5" stroke-dasharray="2 4"'),
    )
    lines = []
    for x, label, stroke in entries:
        lines.append(
            f'<path d="M{x} {y - 5}h48" stroke="#111" {stroke} fill="none"/><text x="{x + 56}" y="{y}">{label}</text>'
        )
    lines.append(f'<rect x="{LEFT + 500}" y="{y - 13}" width="40" height="16" fill="#000" fill-opacity="0.14"/>')
    lines.append(f'<text x="{LEFT + 548}" y="{y}">说不准</text>')
    return lines
