"""What a job leaves each month in plain Chinese: what is known, a table, a small drawing, cliffs, what is missing."""

from fractions import Fraction

from matching.rules.decision import Lacking
from matching.rules.income import PARTS, Band, Curve, Open, Point, Stretch
from matching.rules.values import Lack

SHOWN_EVERY = 1000
BARS = 40
NOT_IN_CURVE = (
    "未计入：家庭其他收入（不随工资变化）、通勤等就业开支、随低保资格走的其他救助（医疗、住房、教育）。",
    "低保按测算用的形式计算（渐退期内按原额，之后按标准减收入），数额以民政部门核定为准。",
)


def income_lines(first: Curve, later: Curve) -> list[str]:
    """Return both curves in plain Chinese: what is known, a table, a small drawing, cliffs and what is missing."""
    lines = []
    for stage, curve in (("第1个月", first), ("渐退期后", later)):
        if curve.left_out:
            lines.append(f"{stage}的数没有计入：{'、'.join(PARTS[part] for part in curve.left_out)}（原因见后）")
    fuller = min(first, later, key=lambda curve: len(curve.left_out))
    lines.append(f"就业前每月（低保和补贴{'中已知的部分' if fuller.left_out else ''}）：{yuan(fuller.before)} 元")
    if later.is_before_computed:
        lines.append("  就业前领取的低保金没有填，按标准减收入算出，请核对")
    lines.append("月工资   第1个月到手   渐退期后到手   其中低保（渐退期后）")
    lines += [
        _row(one, two) for one, two in zip(first.points, later.points, strict=True) if one.wage % SHOWN_EVERY == 0
    ]
    lines += ["渐退期后每月到手（每格同宽，▒ 为说不准的部分）：", *_bars(later)]
    lines += said_of("第1个月", first) + said_of("渐退期后", later)
    if later.can_compare and later.points[0].income != later.before:
        lines.append("  就业前实际领取数与按标准算出的数不同，渐退期后的数可能偏离，请核对低保标准、人数与家庭收入")
    lines += open_lines(first, later)
    return [*lines, *NOT_IN_CURVE]


def left_out_of(first: Curve, later: Curve) -> tuple[str, ...]:
    """Return the parts that either curve leaves out, in their order."""
    return tuple(part for part in PARTS if part in first.left_out or part in later.left_out)


def yuan(band: Band | None) -> str:
    """Return a sum in words: one number where it is known, both ends where it is not."""
    if band is None:
        return "算不出"
    return f"{float(band.low):,.0f}" if band.is_known else f"{float(band.low):,.0f}～{float(band.high):,.0f}"


def _row(first: Point, later: Point) -> str:
    return f"{int(first.wage):>6}   {yuan(first.income):<12} {yuan(later.income):<12} {yuan(later.parts['dibao'])}"


def _bars(curve: Curve) -> list[str]:
    top = max((point.income.high for point in curve.points), default=Fraction(1)) or Fraction(1)
    lines = []
    for point in curve.points:
        if point.wage % SHOWN_EVERY == 0:
            low, high = (max(0, round(float(end / top) * BARS)) for end in (point.income.low, point.income.high))
            lines.append(f"{int(point.wage):>6} {'█' * low}{'▒' * (high - low)}")
    return lines


def said_of(stage: str, curve: Curve) -> list[str]:
    """Return what a curve says: where it falls or stands still, where 低保 ends, from which wage on it pays."""
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


def open_lines(first: Curve, later: Curve) -> list[str]:
    """Return which parts are left out or known between two ends, and what they wait for."""
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


def source_lines(sources: list[tuple[str, dict[str, str] | None, str | None]]) -> list[str]:
    """Return the grounds, each with whether it was held against the text."""
    lines = []
    for title, source, status in sources:
        if source is not None:
            check = "" if status == "confirmed" else "（未逐字核对，请核实）"
            lines.append(f"依据 {title}：{source['document']} {source['clause']}{check}")
    return lines
