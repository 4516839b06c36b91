"""Why this vacancy: at most five reasons that a caseworker can read out, each true of the stored facts.

A reason carries the facts it was made from, so that it can be checked and made again. Wording only; nothing here
changes an order. Employers' and persons' renderings are left to the doors.
"""

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np

from matching.accommodation import facts as accommodation_facts
from matching.body_conditions import BodyCondition, joined_clauses
from matching.components import is_of_kind, plain_wishes
from matching.entities import Candidate
from matching.fit import Fit
from matching.line import Line, Reason
from matching.occupations import classify, families, group_label
from matching.plan_actions import UNIT_RECORDS, RecordKind, named
from matching.ranking import Band, priority_ground
from matching.reach import MUNICIPALITIES, comfortable_km
from matching.regions import is_prefecture_wide, prefecture, region_name
from matching.retrieval import in_regions
from matching.rules.wage import minimum_wage
from matching.settings import ranking_settings
from matching.source import Source
from matching.stock import StockItem
from matching.vocabulary import (
    Accommodation,
    AccommodationState,
    Function,
    InteractionKind,
    Outcome,
    ReasonKind,
    Transport,
    VacancyKind,
    WorkMode,
)

_HEAVY = 7.0
"""What weighs so much against a vacancy that a list without it would mislead: a doubt of function, a day's way."""


def explain(line: Line) -> tuple[Reason, ...]:
    """Return the reasons of one line, most important first, never none and at most `reasons_max`.

    Places are kept for what weighs heavily against it, at least one for any warning and two for good words, so that
    these never crowd out a doubt, nor a long way crowd out another.
    """
    most = ranking_settings().reasons_max
    for_it = sorted(_for(line), key=lambda reason: -reason.weight)
    against = sorted(_against(line), key=lambda reason: -reason.weight)
    n_heavy = sum(reason.weight >= _HEAVY for reason in against)
    n_against = min(len(against), max(1, min(n_heavy, most - 2), most - len(for_it)))
    chosen = [*for_it[: most - n_against], *against[:n_against]]
    return tuple(chosen) if chosen else (_only_order(line),)


def _for(line: Line) -> Iterator[Reason]:
    yield from _policy(line)
    yield from _functions(line)
    yield from _occupation(line)
    yield from _skills(line)
    yield from _place(line)
    yield from _wage(line)
    yield from _history(line)
    yield from _uptake(line)
    yield from _learned(line, is_forward=True)
    yield from _mode(line)
    yield from _concessions(line)


def _against(line: Line) -> Iterator[Reason]:
    yield from _past(line)
    yield from _doubts_of_function(line)
    yield from _unread(line)
    yield from _certificates(line)
    yield from _requirements_not_met(line)
    yield from _untrained(line)
    yield from _passed_over(line)
    yield from _learned(line, is_forward=False)
    yield from _body_conditions(line)


def _policy(line: Line) -> Iterator[Reason]:
    code = line.ranking.band_reason[line.place]
    ground = priority_ground(code, line.rules) if code else None
    if ground is None:
        return
    leads = bool(line.ranking.band[line.place] < Band.GENERAL)
    text = ground.text + ("（所引方案期限已满，继任条款待核实）" if ground.is_ended else "")
    if not leads:
        text += f"；但{_why_not_first(line)}，未列前"
    yield Reason(ReasonKind.POLICY, text, {"ground": code, "leads": leads}, ground.source, 10.0 if leads else 2.0)


def _why_not_first(line: Line) -> str:
    if line.ranking.band[line.place] == Band.ASK_FIRST:
        return "要先核实"
    falls_short = line.candidate.education is not None and line.component("education_gap") < 0
    return "学历低于要求" if falls_short else "路程较远"


def _functions(line: Line) -> Iterator[Reason]:
    fit = line.fit
    if fit.demands_derived or fit.demands_missing:
        yield from _derived_functions(line)
        return
    met = [f for f in fit.functions if f.limitation and f.demand and f.gap == 0]
    if fit.outcome is Outcome.FITS or (fit.outcome is Outcome.FITS_WITH_ACCOMMODATION and met):
        named = "、".join(f.function.label for f in met) or "全部功能"
        facts = {f.function.value: {"limitation": f.limitation, "demand": f.demand} for f in met}
        yield Reason(ReasonKind.FUNCTION, f"岗位任务对{named}的要求在本人能力之内", facts, _STATED, 6.0)
    if fit.outcome is Outcome.FITS_WITH_ACCOMMODATION:
        yield from _accommodations(line)


def _derived_functions(line: Line) -> Iterator[Reason]:
    """Say what derived demands suggest, never more; nothing where no limitation of the person is known."""
    fit = line.fit
    limited = {f.function for f in fit.functions if f.limitation}
    if fit.deciding or not limited or fit.demands_missing:
        return
    gaps = [f for f in fit.functions if f.gap > 0]
    if not gaps and _unread_functions(fit):
        return
    closing = {accommodation: state for f in gaps for accommodation, state in f.closed_by}
    outlook = Outcome.FITS_WITH_ACCOMMODATION if gaps else Outcome.FITS
    facts = {
        "derived": True,
        "outlook": outlook.value,
        "basis": _basis(line.item, {f.function for f in gaps} or limited),
        "functions": [f.function.value for f in gaps],
        "needs": {accommodation.value: state.value for accommodation, state in closing.items()},
    }
    yield Reason(ReasonKind.FUNCTION, derived_text(facts), facts, None, 3.0)


def derived_text(facts: Mapping[str, Any], said: Collection[str] = ()) -> str:
    """Return the sentence on derived demands from its facts, without what the head of a list says for all its lines.

    `said` holds names of accommodations and missing facts, as `PersonNote.covers`.
    """
    is_asked = "vacancy.demands" in said
    if not facts["functions"]:
        return f"按{facts['basis']}推断，已知的受限情况未见障碍" + ("" if is_asked else "；岗位要求尚待单位核实")
    named = "、".join(Function(function).label for function in facts["functions"])
    needs = {Accommodation(name): AccommodationState(state) for name, state in facts["needs"].items()}
    unsaid = "、".join(
        a.label if state is AccommodationState.TO_ARRANGE else f"{a.label}（{state.label}）"
        for a, state in needs.items()
        if state is not AccommodationState.TO_ARRANGE or a.value not in said
    )
    helps = f"需要{unsaid}" if unsaid else "有上述便利即可" if facts["needs"] else "需要改在电脑上做"
    return f"按{facts['basis']}推断要用到{named}，{helps}" + ("" if is_asked else "；请先向单位核实")


def _unread_functions(fit: Fit) -> list[Function]:
    """Return the functions in which the person is limited and of which nobody knows what the work demands."""
    return [f.function for f in fit.functions if f.limitation and f.demand is None]


def _unread(line: Line) -> Iterator[Reason]:
    unread = _unread_functions(line.fit)
    if not unread:
        return
    named = "、".join(function.label for function in unread[:4]) + ("等" if len(unread) > 4 else "")
    known = "招聘信息看不出做什么" if line.fit.demands_missing else "招聘信息说得不全"
    text = f"{known}，是否要用到本人受限的{named}未知：请先向单位问清具体工作"
    yield Reason(ReasonKind.FUNCTION, text, {"unread": [function.value for function in unread]}, None, 8.0)


def _accommodations(line: Line) -> Iterator[Reason]:
    by_function: dict[str, list[str]] = {}
    facts: dict[str, Any] = {}
    sources: list[Source] = []
    for f in line.fit.functions:
        for accommodation, state in f.closed_by:
            facts[accommodation.value] = state.value
            sources.append(accommodation_facts(accommodation).source)
            by_function.setdefault(f"{accommodation.label}（{state.label}）", []).append(f.function.label)
    if not by_function:
        return
    text = "；".join(f"{'、'.join(functions)}不便，可由{name}解决" for name, functions in by_function.items())
    sure = 6.5 if AccommodationState.TO_ARRANGE.value not in facts.values() else 5.5
    yield Reason(ReasonKind.ACCOMMODATION, text, facts, sources[0], sure)


_WITHIN_A_DAY_KM = 30.0
_OFFERED = Source("岗位信息", "提供的便利")
_STATED = Source("岗位信息", "岗位功能要求")
_LIST_NUMBER = re.compile(r"^\s*[（(]?(?:\d{1,2}|[一二三四五六七八九十]{1,2})[、.．)）]\s*")


def _basis(item: StockItem, functions: Collection[Function]) -> str:
    """Say what a derived demand rests on, for the functions that matter to this person."""
    family = families().get(item.reading.family_id or "")
    derived = [d for function, d in item.reading.demands.items() if function in functions and d.basis == "text"]
    words = dict.fromkeys(_LIST_NUMBER.sub("", word) for d in derived for word in d.evidence)
    if words:
        return "岗位描述中的“" + "”“".join(list(words)[:2]) + "”"
    return f"职业类别“{family.label}”" if family else "岗位名称"


def _occupation(line: Line) -> Iterator[Reason]:
    match = line.component("occupation")
    if match <= 0:
        return
    yield from _kind_of_work(line)
    own = line.item.reading.family_id
    label = families()[own].label if own else ""
    group = families()[own].group if own else ""
    for wish, family in zip(line.candidate.wished_occupations, _families_of_wishes(line.candidate), strict=True):
        if family is None:
            continue
        facts = {"wish": wish, "family": own}
        if family == own:
            yield Reason(ReasonKind.PREFERENCE, f"与意向职业“{wish}”一致（{label}）", facts, None, 7.0)
            return
        if families()[family].group == group and match < 1.0:
            kind = group_label(group)
            text = f"与意向职业“{wish}”同属{kind}，具体工作不同（{label}）"
            yield Reason(ReasonKind.PREFERENCE, text, facts, None, 3.0)
            return


def _kind_of_work(line: Line) -> Iterator[Reason]:
    for wish in line.candidate.wished_occupations:
        for plain in plain_wishes(wish):
            if not plain.is_remote and is_of_kind(plain, line.index.stock, np.array([line.row]))[0]:
                functions = {*plain.at_most, *plain.at_least}
                basis = "岗位功能要求" if line.item.demands.is_stated else _basis(line.item, functions)
                text = f"按{basis}，是{plain.label}工作，合本人“{wish}”的意向"
                yield Reason(ReasonKind.PREFERENCE, text, {"wish": wish, "kind": plain.label}, None, 5.4)
                return


def _families_of_wishes(candidate: Candidate) -> list[str | None]:
    found = [classify(wish) for wish in candidate.wished_occupations]
    return [family.family_id if family else None for family in found]


def _skills(line: Line) -> Iterator[Reason]:
    own = {skill.casefold() for skill in line.candidate.skills}
    shared = [skill for skill in line.item.vacancy.skills if skill.casefold() in own]
    if shared:
        text = f"本人会{'、'.join(shared[:4])}，正是岗位要求的技能"
        # Where acts have taught that skills as such tell nothing, they count as words do, and are said as late.
        weight = 5.0 + line.component("skills") if line.counts("skills") else 2.5
        yield Reason(ReasonKind.SKILL, text, {"skills": shared}, None, weight)
        return
    words = _shared_words(line)
    if words:
        text = f"岗位与本人的意向或经历都提到：{'、'.join(words)}"
        yield Reason(ReasonKind.SKILL, text, {"words": words}, None, 2.5)


def _shared_words(line: Line) -> list[str]:
    if _naming_words().isdisjoint(line.asked.words):
        return []
    text = line.index.text
    own = slice(text.rows.indptr[line.row], text.rows.indptr[line.row + 1])
    columns = text.rows.indices[own]
    found = sorted(zip(text.rows.data[own] * line.words[columns], columns, strict=True), reverse=True)
    names = text.space.words_
    words = [names[column] for value, column in found if value > 0.01]
    words = [word for word in words if len(word) > 1 and word in _naming_words()]
    return words[:3]


@cache
def _naming_words() -> frozenset[str]:
    """Words that name one occupation by themselves; 管理 or 操作 do not."""
    return frozenset(word for family in families().values() for word in family.words)


def _place(line: Line) -> Iterator[Reason]:
    vacancy, candidate = line.item.vacancy, line.candidate
    if vacancy.work_mode is WorkMode.REMOTE:
        yield Reason(ReasonKind.PLACE, "可居家办公，不需要通勤", {"work_mode": "remote"}, None, 5.0)
        return
    if vacancy.region is None:
        return
    name = region_name(vacancy.region)
    km = line.km
    if _in_the_same_wide_region(line):
        text = f"同在{region_name(_shared_region(line))}，具体路程未知，请问清地址"
        yield Reason(ReasonKind.PLACE, text, {"region": vacancy.region}, None, 5.0)
    elif km is not None and km <= _daily_km(candidate):
        means = f"，{_MEANS[candidate.transport]}" if candidate.transport else ""
        seat = "市驻地" if is_prefecture_wide(vacancy.region) else "县区驻地"
        about = "" if line.is_exact_place else f"（按{seat}估算）"
        text = (
            f"在{name}，距居住地直线约{km:.0f}公里{about}{means}" if km >= 1 else f"在{name}，离居住地不到1公里{means}"
        )
        yield Reason(ReasonKind.PLACE, text, {"km": round(km, 1), "region": vacancy.region}, None, 5.0)
    elif _lies_in(vacancy.region, candidate.wished_regions):
        yield Reason(ReasonKind.PLACE, f"在意向地区：{name}", {"region": vacancy.region}, None, 4.5)


def _in_the_same_wide_region(line: Line) -> bool:
    """True where both places are known only as one region, or one as the prefecture of the other: no way to measure."""
    if line.is_exact_place:
        return False
    home, work = line.candidate.region, line.item.vacancy.region
    if home is None or work is None or line.candidate.longitude is not None:
        return home is not None and home == work
    is_wide = is_prefecture_wide(home) or is_prefecture_wide(work)
    return home == work or (is_wide and _city(home) == _city(work))


def _city(region: str) -> str:
    return region[:2] if region[:2] in MUNICIPALITIES else prefecture(region)


def _shared_region(line: Line) -> str:
    home, work = str(line.candidate.region), str(line.item.vacancy.region)
    return work if home == work or is_prefecture_wide(work) else home


def _daily_km(candidate: Candidate) -> float:
    """Return the way that speaks for a place: twice the comfortable one, but never beyond the person's own limit."""
    daily = 2 * max(1.0, comfortable_km(candidate))
    return daily if candidate.max_commute_km is None else min(daily, float(candidate.max_commute_km))


_MEANS = {
    Transport.WALK: "步行",
    Transport.WHEELCHAIR: "坐轮椅",
    Transport.TRICYCLE: "骑三轮车或代步车",
    Transport.BUS: "乘公交",
    Transport.CAR: "开车或乘车",
    Transport.ACCOMPANIED: "需人陪同",
    Transport.NONE: "本人无法出行",
}


def _lies_in(region: str, regions: Sequence[str]) -> bool:
    return bool(in_regions(np.array([int(region)], dtype=np.int32), tuple(regions))[0])


def _wage(line: Line) -> Iterator[Reason]:
    vacancy, wished = line.item.vacancy, line.candidate.wished_wage_min
    stated = wage_text(vacancy.wage_min, vacancy.wage_max)
    if stated is None or not wished:
        return
    facts = {"wage_min": _number(vacancy.wage_min), "wage_max": _number(vacancy.wage_max), "wished": _number(wished)}
    if vacancy.wage_min is not None and vacancy.wage_min >= wished:
        yield Reason(ReasonKind.WAGE, f"月工资{stated}，不低于期望的{_number(wished)}元", facts, None, 4.0)
    elif vacancy.wage_max is not None and vacancy.wage_max >= wished:
        yield Reason(ReasonKind.WAGE, f"月工资{stated}，最高可达期望的{_number(wished)}元", facts, None, 3.0)


def wage_text(least: Decimal | None, most: Decimal | None) -> str | None:
    """Return a stated wage in words, or None where none is stated."""
    if least is None and most is None:
        return None
    if least is None:
        return f"{_number(most)}元以下"
    if most is None:
        return f"{_number(least)}元起"
    return f"{_number(least)}元" if least == most else f"{_number(least)}—{_number(most)}元"


def _number(value: Decimal | None) -> str | None:
    """Write a number as people do: no needless decimals, never rounded to another whole number."""
    return None if value is None else format(value.quantize(Decimal("0.1")).normalize(), "f")


def _history(line: Line) -> Iterator[Reason]:
    if line.component("history_family") >= 0.2 and line.item.reading.family_id:
        label = families()[line.item.reading.family_id].label
        facts = {"share": round(line.component("history_family"), 2)}
        yield Reason(ReasonKind.HISTORY, f"此前接触过同类岗位（{label}）", facts, None, 3.5)
    elif line.component("history_text") >= 0.25:
        facts = {"likeness": round(line.component("history_text"), 2)}
        yield Reason(ReasonKind.HISTORY, "与此前浏览或应聘过的岗位内容相近", facts, None, 3.0)


def _uptake(line: Line) -> Iterator[Reason]:
    """Say where people of the person's own area turn to the employer more than its time on offer lets expect.

    Of fewer than several different people nothing is said: it would be known who they are.
    """
    times, uptake, region = math.exp(line.component("area_uptake")), line.index.uptake, line.candidate.region
    if uptake is None or region is None or times < _OFTEN or uptake.people_of(region, line.row) < _SEVERAL:
        return
    if line.index.stock.employer[line.row] in line.index.stock.employer[line.asked.history.rows]:
        return  # the person's own acts are among those counted
    text = f"{region_name(region)}的求职者近来与该单位接触较多"
    yield Reason(ReasonKind.HISTORY, text, {"times_expected": round(times, 1)}, None, 2.5)


def _passed_over(line: Line) -> Iterator[Reason]:
    """Say where a vacancy stands lower because people of the person's own area seldom turn to the employer."""
    times, region = math.exp(line.component("area_uptake")), line.candidate.region
    if region is None or times > _SELDOM or not line.counts("area_uptake"):
        return
    text = f"{region_name(region)}的求职者近来很少与该单位接触，排序因此靠后些"
    yield Reason(ReasonKind.HISTORY, text, {"times_expected": round(times, 1)}, None, 2.0)


_OFTEN, _SELDOM, _SEVERAL, _TELLS = 2.0, 0.5, 5, 0.5


def _learned(line: Line, *, is_forward: bool) -> Iterator[Reason]:
    """Say where what acts taught beyond all that is stated moves a line in sight (in the score's unit)."""
    points = line.points("collaborative")
    if (points if is_forward else -points) < _TELLS:
        return
    text = f"按以往推荐和应聘中学到的规律，排序因此靠{'前' if is_forward else '后'}些"
    yield Reason(ReasonKind.HISTORY, text, {"points": round(points, 1)}, None, 1.5)


def _untrained(line: Line) -> Iterator[Reason]:
    """Say where a vacancy stands lower because its work takes training of which the person stated no sign."""
    family_id = line.item.reading.family_id
    if line.component("training_gap") > -1.0 or family_id is None or not line.counts("training_gap"):
        return
    text = f"“{families()[family_id].label}”一般要经过专门学习，本人登记的意向、技能、证书和经历中没有看到：请先问清"
    yield Reason(ReasonKind.SKILL, text, {"family": family_id}, None, 7.5)


def needed_at(candidate: Candidate, item: StockItem) -> tuple[Accommodation, ...]:
    """Return what the person stated as needed that matters in this place: a ramp at work means nothing at home."""
    if item.vacancy.work_mode is WorkMode.REMOTE:
        return tuple(a for a in candidate.accommodations_needed if a not in _OF_THE_WORKPLACE)
    return candidate.accommodations_needed


_OF_THE_WORKPLACE = frozenset(
    {
        Accommodation.RAMP,
        Accommodation.LIFT,
        Accommodation.ACCESSIBLE_TOILET,
        Accommodation.SEAT,
        Accommodation.SHUTTLE,
        Accommodation.DORMITORY,
        Accommodation.QUIET_SPACE,
    }
)


def _mode(line: Line) -> Iterator[Reason]:
    needed = [a for a in needed_at(line.candidate, line.item) if a in line.item.offered]
    if needed:
        text = "单位提供本人需要的便利：" + "、".join(f"{a.label}（{line.item.offered[a].label}）" for a in needed)
        facts = {a.value: line.item.offered[a].value for a in needed}
        yield Reason(ReasonKind.ACCOMMODATION, text, facts, _OFFERED, 5.2)


def _concessions(line: Line) -> Iterator[Reason]:
    """Say what the platform waives or gives; it is its own promise, and no duty."""
    found = line.item.vacancy.concessions
    ground = named(UNIT_RECORDS, line.rules.on).get(RecordKind.CONCESSION.value)
    if not found or ground is None:
        return
    ended = "（所引方案期限已满，继任条款待核实）" if ground.is_ended else ""
    text = f"平台承诺给残疾人：{'、'.join(one.label for one in found)}，上岗前请核实{ended}"
    facts = {"concessions": [one.value for one in found]}
    yield Reason(ReasonKind.POLICY, text, facts, ground.ground.source, 4.9)


def _doubts_of_function(line: Line) -> Iterator[Reason]:
    deciding = line.fit.deciding
    if line.fit.outcome is not Outcome.UNKNOWN or not deciding or not line.fit.demands_derived:
        return
    named = "、".join(f.function.label for f in deciding)
    facts = {f.function.value: {"limitation": f.limitation, "demand": f.demand} for f in deciding}
    basis = _basis(line.item, {f.function for f in deciding})
    text = f"按{basis}推断可能要求{named}，超出本人目前能力：请先向单位核实实际任务"
    yield Reason(ReasonKind.FUNCTION, text, facts, None, 9.0)


def _requirements_not_met(line: Line) -> Iterator[Reason]:
    vacancy, candidate = line.item.vacancy, line.candidate
    if line.component("education_gap") < 0 and vacancy.education_min and candidate.education:
        text = f"岗位要求{vacancy.education_min.label}，本人为{candidate.education.label}：需与单位沟通"
        yield Reason(
            ReasonKind.SKILL, text, {"asked": vacancy.education_min.value, "own": candidate.education.value}, None, 8.0
        )
    if line.component("experience_gap") < 0 and not vacancy.experience_years_min:
        word = ranking_settings().senior_titles.word_in(vacancy.title)
        text = f"岗位名称写明“{word}”，没有要求年限，本人工作{_number(candidate.experience_years)}年：请先问清"
        yield Reason(ReasonKind.SKILL, text, {"title_word": word}, None, 4.0)
    elif line.component("experience_gap") < 0:
        text = f"岗位要求工作{_number(vacancy.experience_years_min)}年，本人{_number(candidate.experience_years)}年"
        yield Reason(ReasonKind.SKILL, text, {"asked": _number(vacancy.experience_years_min)}, None, 4.0)
    wished = candidate.wished_wage_min
    most = vacancy.wage_max
    if wished and most is not None and most < wished:
        text = f"月工资最高{_number(most)}元，低于期望的{_number(wished)}元"
        yield Reason(ReasonKind.WAGE, text, {"wage_max": _number(most), "wished": _number(wished)}, None, 6.0)
    yield from _below_minimum_wage(line, most)
    yield from _far_away(line)


def _far_away(line: Line) -> Iterator[Reason]:
    """Warn of a way that surely is long, or that breaks the person's own limit by the estimate."""
    vacancy, candidate, km = line.item.vacancy, line.candidate, line.km
    if km is None or vacancy.work_mode is WorkMode.REMOTE or _in_the_same_wide_region(line):
        return
    about = "" if line.is_exact_place else "（按驻地估算）"
    if km > 2 * max(1.0, comfortable_km(candidate)):
        text = f"距居住地直线约{km:.0f}公里{about}，超出日常通勤，{_how_to_bridge(line.item, km)}"
        yield Reason(ReasonKind.PLACE, text, {"km": round(km, 1)}, None, 7.0)
    elif candidate.max_commute_km is not None and km > candidate.max_commute_km:
        text = f"直线约{km:.0f}公里{about}，可能超出本人{_number(candidate.max_commute_km)}公里的上限，请核实地址"
        yield Reason(ReasonKind.PLACE, text, {"km": round(km, 1)}, None, 6.0)


def _how_to_bridge(item: StockItem, km: float) -> str:
    if _has_dormitory(item):
        return "单位提供宿舍"
    return "需考虑住宿" if km > _WITHIN_A_DAY_KM else "请与本人商量怎样往返"


def _has_dormitory(item: StockItem) -> bool:
    return any(accommodation.value == "dormitory" for accommodation in item.offered)


def _below_minimum_wage(line: Line, most: Decimal | None) -> Iterator[Reason]:
    minimum = minimum_wage(line.item.vacancy.region, line.rules)
    hours = line.item.vacancy.hours_per_day
    if minimum is None or most is None or most >= minimum.amount or (hours is not None and hours < 8):
        return
    if line.item.vacancy.kind is VacancyKind.AUXILIARY:
        return  # sheltered work is paid by what is made; the monthly minimum is not its measure
    confirm = "（2023年11月起的标准，现行数值需人工核实）" if minimum.to_confirm else ""
    full_time = "如为全日制，" if hours is None else ""
    text = f"月工资最高{_number(most)}元，{full_time}低于当地月最低工资{_number(minimum.amount)}元{confirm}：请核实"
    facts = {"wage_max": _number(most), "minimum_wage": _number(minimum.amount)}
    yield Reason(ReasonKind.WAGE, text, facts, minimum.source, 6.5)


def _certificates(line: Line) -> Iterator[Reason]:
    """Name stated certificates that the person's registered ones do not show."""
    own = line.candidate.certificates
    lacking = [c for c in line.item.vacancy.certificates if not any(c in held or held in c for held in own)]
    if own and lacking:
        text = f"岗位要求{'、'.join(lacking)}，本人登记的证书中没有：请先核实或办理"
        yield Reason(ReasonKind.SKILL, text, {"certificates": lacking}, None, 8.5)


def _past(line: Line) -> Iterator[Reason]:
    """Say what happened with this very vacancy before."""
    act = line.asked.past.get(line.row)
    if act is None or act.kind is InteractionKind.VIEWED:
        return
    why = f"：{act.reason}" if act.reason else ""
    text = f"{act.at.isoformat()} {_PAST_WORDS.get(act.kind, act.kind.label)}{why}"
    yield Reason(ReasonKind.HISTORY, text, {"kind": act.kind.value, "at": act.at.isoformat()}, None, 12.0)


_PAST_WORDS = {
    InteractionKind.REFERRED: "已向单位推荐过本人",
    InteractionKind.APPLIED: "本人已应聘过",
    InteractionKind.INTERVIEWED: "本人已面试过",
    InteractionKind.OFFERED: "单位已有录用意向",
    InteractionKind.PLACED: "本人已在此岗位入职",
    InteractionKind.RETAINED_3M: "本人已在此岗位稳岗三个月",
    InteractionKind.RETAINED_6M: "本人已在此岗位稳岗六个月",
    InteractionKind.DECLINED_BY_CANDIDATE: "本人已婉拒过这个岗位",
    InteractionKind.DECLINED_BY_EMPLOYER: "单位未录用过本人",
}


def _body_conditions(line: Line) -> Iterator[Reason]:
    """Flag conditions that no task explains: of each kind the fullest quote, all kinds in the facts."""
    fullest: dict[str, BodyCondition] = {}
    for condition in line.item.reading.body_conditions:
        known = fullest.get(condition.kind)
        if condition.task is None and (known is None or len(condition.quote) > len(known.quote)):
            fullest[condition.kind] = condition
    if not fullest:
        return
    shown = list(fullest.values())[:3]
    quotes = "”“".join(condition.quote.removeprefix("原文") for condition in shown)
    text = f"招聘信息含与任务无关的条件“{quotes}”：不作为筛选依据，可请单位更正"
    source = Source("就业促进法", joined_clauses([condition.kind for condition in shown]))
    yield Reason(ReasonKind.POLICY, text, {"conditions": list(fullest)}, source, 5.0)


def _only_order(line: Line) -> Reason:
    item = line.item
    name = f"在{region_name(item.vacancy.region)}" if item.vacancy.region else "工作地区未提供"
    text = f"目前掌握的信息不足以判断，{name}；先补充所缺信息"
    return Reason(ReasonKind.PREFERENCE, text, {"popularity": round(line.component("popularity"), 2)})
