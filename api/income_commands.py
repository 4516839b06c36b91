"""`yougang benefits income`: what a job leaves a person's household each month, over wages; a table and a drawing."""

import json
from fractions import Fraction
from html import escape
from pathlib import Path
from typing import Annotated, Any

import typer

from api.session import answer, current_engine, session_of
from matching.rules.decision import Lacking
from matching.rules.evaluation import known_facts
from matching.rules.income import PARTS, Band, Curve, Open, Point, Stretch, citations, income_curve, wages_up_to
from matching.rules.rulebook import HOME, NOTICE, rulebook
from matching.rules.subjects import candidate_facts
from matching.rules.values import Lack, Value
from pipelines.access.audit import record
from pipelines.access.roles import Action, program_subject
from pipelines.casework import load_case
from pipelines.errors import PipelineError
from pipelines.store.rule_books import DecisionRepository

SHOWN_EVERY = 1000
BARS = 40
NOT_IN_CURVE = (
    "未计入：家庭其他收入（不随工资变化）、通勤等就业开支、随低保资格走的其他救助（医疗、住房、教育）。",
    "低保按测算用的形式计算（渐退期内按原额，之后按标准减收入），数额以民政部门核定为准。",
)


def income_command(
    context: typer.Context,
    candidate_id: Annotated[str, typer.Argument(help="求职者编号")],
    wage_max: Annotated[int, typer.Option("--wage-max", min=100, max=100_000, help="算到多少月工资（元）")] = 8000,
    facts: Annotated[str | None, typer.Option("--facts", help='补充事实的 JSON，如 {"household_size": 3}')] = None,
    svg: Annotated[Path | None, typer.Option("--svg", help="把曲线画到这个 SVG 文件")] = None,
) -> None:
    """找到工作后每月到手多少：工资、个税、低保渐退与两项补贴，随工资变化。"""
    book, on = rulebook(), session_of(context).settings.as_of
    given = known_facts(book, _given(facts))
    with current_engine(context).begin() as connection:
        case = load_case(connection, program_subject())
        person = case.candidate(candidate_id)
        own = [placement for placement in case.placements if placement.candidate_id == person.candidate_id]
        known: dict[str, Value] = {**candidate_facts(person, on, own), **given}
        wages = wages_up_to(wage_max)
        first = income_curve(book, known, on, wages, month=1)
        later = income_curve(book, known, on, wages)
        document: dict[str, Any] = {
            "candidate_id": candidate_id,
            "as_of": on.isoformat(),
            "rules_version": book.version,
            "first_month": first.as_dict(),
            "after_taper": later.as_dict(),
            "rules": [told.as_dict() for told in citations(book, known, on, wages[-1])],
            "not_in_curve": list(NOT_IN_CURVE),
            "notice": NOTICE,
        }
        by = program_subject().by
        record(connection, by, Action.READ_BENEFITS.value, object_kind="candidate", object_id=candidate_id)
        store = DecisionRepository(connection)
        store.keep_book(book, HOME)
        decision_id = store.save("candidate", candidate_id, "income", on, document)
    if svg is not None:
        svg.write_text(drawing(first, later), encoding="utf-8")
    sources = [(told["title"], told["source"], told["status"]) for told in document["rules"]]
    answer(
        context,
        {"decision_id": decision_id, **document},
        lambda: [f"{candidate_id}（{on.isoformat()}）", *income_lines(first, later), *_source_lines(sources), NOTICE],
    )


def _given(text: str | None) -> dict[str, object]:
    if text is None:
        return {}
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise PipelineError('--facts 应为一份 JSON，如 {"household_size": 3}') from error
    if not isinstance(found, dict):
        raise PipelineError('--facts 应为 JSON 对象，如 {"household_size": 3}')
    return found


# ---- in words ----------------------------------------------------------------------------------------------------


def income_lines(first: Curve, later: Curve) -> list[str]:
    """Return both curves in plain Chinese: what is known, a table, a small drawing, cliffs and what is missing."""
    lines = []
    for stage, curve in (("第1个月", first), ("渐退期后", later)):
        if curve.left_out:
            lines.append(f"{stage}的数没有计入：{'、'.join(PARTS[part] for part in curve.left_out)}（原因见后）")
    fuller = min(first, later, key=lambda curve: len(curve.left_out))
    lines.append(f"就业前每月（低保和补贴{'中已知的部分' if fuller.left_out else ''}）：{_yuan(fuller.before)} 元")
    if later.is_before_computed:
        lines.append("  就业前领取的低保金没有填，按标准减收入算出，请核对")
    lines.append("月工资   第1个月到手   渐退期后到手   其中低保（渐退期后）")
    lines += [
        _row(one, two) for one, two in zip(first.points, later.points, strict=True) if one.wage % SHOWN_EVERY == 0
    ]
    lines += ["渐退期后每月到手（每格同宽，▒ 为说不准的部分）：", *_bars(later)]
    lines += _said_of("第1个月", first) + _said_of("渐退期后", later)
    if later.can_compare and later.points[0].income != later.before:
        lines.append("  就业前实际领取数与按标准算出的数不同，渐退期后的数可能偏离，请核对低保标准、人数与家庭收入")
    lines += _open_lines(first, later)
    return [*lines, *NOT_IN_CURVE]


def _left_out(first: Curve, later: Curve) -> tuple[str, ...]:
    """Return the parts that either curve leaves out, in their order."""
    return tuple(part for part in PARTS if part in first.left_out or part in later.left_out)


def _yuan(band: Band | None) -> str:
    if band is None:
        return "算不出"
    return f"{float(band.low):,.0f}" if band.is_known else f"{float(band.low):,.0f}～{float(band.high):,.0f}"


def _row(first: Point, later: Point) -> str:
    return f"{int(first.wage):>6}   {_yuan(first.income):<12} {_yuan(later.income):<12} {_yuan(later.parts['dibao'])}"


def _bars(curve: Curve) -> list[str]:
    top = max((point.income.high for point in curve.points), default=Fraction(1)) or Fraction(1)
    lines = []
    for point in curve.points:
        if point.wage % SHOWN_EVERY == 0:
            low, high = (max(0, round(float(end / top) * BARS)) for end in (point.income.low, point.income.high))
            lines.append(f"{int(point.wage):>6} {'█' * low}{'▒' * (high - low)}")
    return lines


def _said_of(stage: str, curve: Curve) -> list[str]:
    lines = [f"{stage}：{_stretch_words(cliff)}" for cliff in curve.cliffs]
    for flat in curve.plateaus:
        sure = "" if flat.is_certain else "可能"
        lines.append(f"{stage}：工资从 {int(flat.from_wage)} 到 {int(flat.to_wage)} 元，到手{sure}不增加")
    if curve.dibao_ends_at is not None and curve.dibao_ends_at > 0:
        lines.append(f"{stage}：工资到约 {int(curve.dibao_ends_at)} 元不再领低保，生活补贴随之停止；护理补贴不受影响")
    if not curve.can_compare:
        lines.append(f"{stage}：低保金算不出，不能判断从多少工资起比不就业划算")
    elif curve.pays_from is None:
        lines.append(f"{stage}：在所算的工资范围内，不能确定比不就业到手更多")
    else:
        sure = "按已计入的部分，到手" if curve.left_out else "到手一定"
        lines.append(f"{stage}：工资从约 {int(curve.pays_from)} 元起，{sure}比不就业多（按100元一档测算）")
    return lines


def _stretch_words(cliff: Stretch) -> str:
    sure = "" if cliff.is_certain else "可能"
    return (
        f"注意：工资从 {int(cliff.from_wage)} 到 {int(cliff.to_wage)} 元，到手反而{sure}减少，"
        f"{'' if cliff.is_certain else '最多'}少 {float(cliff.loss):,.0f} 元"
    )


def _open_lines(first: Curve, later: Curve) -> list[str]:
    lines = []
    for part in PARTS:
        both = [entry for curve in (first, later) for entry in curve.open_parts if entry.part == part]
        if both:
            lines.append(_open_line(both))
    return lines


def _open_line(entries: list[Open]) -> str:
    items = dict.fromkeys(item for entry in entries for item in entry.lacking)
    how = "没有计入" if any(entry.is_left_out for entry in entries) else "只知道上下限"
    return f"{how}：{entries[0].label}；还缺 {'、'.join(_lack_words(item) for item in items) or '可核实的数值'}"


def _lack_words(item: Lacking) -> str:
    who = f"（问{item.who_can_supply}）" if item.who_can_supply and item.lack in (Lack.MISSING, Lack.COUNTY) else ""
    return f"{item.label}{who}"


def _source_lines(sources: list[tuple[str, dict[str, str] | None, str | None]]) -> list[str]:
    lines = []
    for title, source, status in sources:
        if source is not None:
            check = "" if status == "confirmed" else "（未逐字核对，请核实）"
            lines.append(f"依据 {title}：{source['document']} {source['clause']}{check}")
    return lines


# ---- drawn -------------------------------------------------------------------------------------------------------

WIDTH, HEIGHT = 760, 480
LEFT, RIGHT, TOP, BOTTOM = 84, 24, 64, 96
STYLE = "text{font-family:'Noto Sans CJK SC','Microsoft YaHei',sans-serif;font-size:15px;fill:#111}"


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


def drawing(first: Curve, later: Curve) -> str:
    """Return both curves as an SVG drawing, told apart by dashes and not by colour; bands are shaded."""
    plane = _Plane((first, later))
    body = [
        *_axes(plane),
        *_curve(plane, later, 'stroke="#111" stroke-width="3"'),
        *_curve(plane, first, 'stroke="#555" stroke-width="3" stroke-dasharray="10 6"'),
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{plane.y(later.before.high):.1f}" '
        f'y2="{plane.y(later.before.high):.1f}" stroke="#111" stroke-width="1.5" stroke-dasharray="2 4"/>',
        *(_cliff(plane, later, stretch) for stretch in later.cliffs),
        *_legend(),
    ]
    summary = "".join(f"{line}。" for line in [*_said_of("第1个月", first), *_said_of("渐退期后", later)])
    left_out = "、".join(PARTS[part] for part in _left_out(first, later))
    told = f"横轴为月工资，纵轴为每月到手，单位元。{summary}" + (f"没有计入：{left_out}。" if left_out else "")
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            'aria-labelledby="income-title income-desc" lang="zh-CN">',
            '<title id="income-title">就业后每月到手随工资的变化</title>',
            f'<desc id="income-desc">{escape(told)}</desc>',
            f"<style>{STYLE}</style>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
            *body,
            "</svg>\n",
        ]
    )


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
