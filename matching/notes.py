"""What a caseworker should know before reading a list: said once, at its head, of the person and of all its lines."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from matching.accommodation import facts as accommodation_facts
from matching.entities import Candidate
from matching.fit import Fit
from matching.lots import PLACE, Drawn
from matching.occupations import OccupationFamily, classify
from matching.retrieval import Retrieval
from matching.rules.dated import Rules
from matching.rules.person import age_on, is_past_retirement, is_under_working_age
from matching.settings import ranking_settings
from matching.source import Source
from matching.stock import FAMILIES, Stock
from matching.vocabulary import Accommodation, AccommodationState, Function, VacancyKind, YesNo

_ADULT = 18


LOT = "drawn_by_lot"
"""Code of the note that one line was drawn by lot."""


@dataclass(frozen=True, slots=True)
class PersonNote:
    """One sentence about the person or the whole list, with its source where it cites one.

    `covers` names the accommodations to be arranged and the missing facts that it says for all lines, which therefore
    need not say them again.
    """

    code: str
    text: str
    source: Source | None = None
    covers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Employment:
    """A placement that runs on the day."""

    where: str
    since: date | None


def person_notes(candidate: Candidate, rules: Rules, employment: Employment | None) -> tuple[PersonNote, ...]:
    """Return what to check first; nothing here changes the list."""
    return tuple(_notes(candidate, rules, employment))


def _notes(candidate: Candidate, rules: Rules, employment: Employment | None) -> Iterator[PersonNote]:
    if employment is not None:
        since = f"{employment.since.isoformat()}起" if employment.since else ""
        yield PersonNote("in_work", f"本人{since}在{employment.where}就业，请先核实是否仍在岗、是否要换工作")
    if candidate.job_wish is YesNo.NO:
        yield PersonNote("no_job_wish", "本人登记为暂无就业意愿：名单仅供参考，请先征求本人意见")
    if candidate.consent_matching_on is None:
        yield PersonNote(
            "consent_missing", "尚未登记本人同意参与匹配的日期，请先征得同意", Source("个人信息保护法", "第二十九条")
        )
    if candidate.consent_disclosure is YesNo.NO:
        kinds = f"{VacancyKind.DIRECTED.label}、{VacancyKind.RESERVED.label}"
        yield PersonNote("no_disclosure", f"本人不同意向单位告知残疾情况：应聘{kinds}即等于告知，请先说明")
    if is_past_retirement(candidate, rules):
        source = rules.find("retire.statutory_age").cited
        yield PersonNote("past_retirement", "已过法定退休年龄：用工形式和能否计入按比例就业需人工核实", source)
    age = age_on(candidate, rules.on)
    if age is not None and not is_under_working_age(candidate, rules) and age < _ADULT:
        yield PersonNote(
            "minor",
            "未满18周岁（未成年工）：不得安排法律禁止的劳动，用工须登记",
            Source("劳动法", "第五十八条、第六十四条"),
        )


def list_notes(candidate: Candidate, fits: Sequence[Fit]) -> tuple[PersonNote, ...]:
    """Return what nearly all lines of a list have in common; `fits` are those of its first lines."""
    settings = ranking_settings().said_once
    if len(fits) < settings.at_least:
        return ()
    least = settings.share * len(fits)
    return (
        *_function_notes(candidate, fits, least),
        *_accommodation_notes(candidate.accommodations_needed, fits, least),
        *_demand_notes(sum(fit.demands_derived or fit.demands_missing for fit in fits) >= least),
    )


def _function_notes(candidate: Candidate, fits: Sequence[Fit], least: float) -> Iterator[PersonNote]:
    lacking = Counter(function for fit in fits for function in fit.missing_limitations)
    unknown = [function for function in Function if function not in candidate.functions]
    if any(count >= least for count in lacking.values()):
        text = f"本人还有{len(unknown)}项功能的受限程度没有登记，下列各岗位不再逐一写出"
        yield PersonNote("functions_unknown", text, covers=tuple(f"functions.{f.value}" for f in unknown))


def _accommodation_notes(needed: Collection[Accommodation], fits: Sequence[Fit], least: float) -> Iterator[PersonNote]:
    to_arrange = Counter(
        accommodation
        for fit in fits
        for accommodation, state in fit.accommodations.items()
        if state is AccommodationState.TO_ARRANGE
    )
    if needed:
        named = "、".join(accommodation.label for accommodation in needed)
        text = f"本人登记需要{named}：下列岗位凡未另行写明的，都要先与单位商量"
        yield PersonNote("needed_accommodations", text, covers=tuple(a.value for a in needed))
    for accommodation in Accommodation:
        if to_arrange[accommodation] >= least and accommodation not in needed:
            facts = accommodation_facts(accommodation)
            text = f"下列岗位大多需要{accommodation.label}：由{facts.who_arranges}安排；费用：{facts.who_pays}"
            yield PersonNote("common_accommodation", text, facts.source, covers=(accommodation.value,))


def _demand_notes(is_common: bool) -> Iterator[PersonNote]:
    if is_common:
        text = "下列岗位大多没有写明功能要求，“推断”出自职业类别和岗位描述：推荐前请向单位核实"
        yield PersonNote("demands_not_stated", text, covers=("vacancy.demands",))


def wish_notes(candidate: Candidate, stock: Stock, retrieval: Retrieval) -> tuple[PersonNote, ...]:
    """Return which wished occupations the list holds no post of, and whether there are any that it leaves out."""
    return tuple(
        _wish_note(wish, family, stock, retrieval)
        for wish in candidate.wished_occupations
        if (family := classify(wish)) is not None and not _has_family(family, stock, retrieval)
    )


def _has_family(family: OccupationFamily, stock: Stock, retrieval: Retrieval) -> bool:
    rows = retrieval.rows[retrieval.listed]
    return bool((stock.family[rows] == FAMILIES.index(family.family_id)).any())


def _wish_note(wish: str, family: OccupationFamily, stock: Stock, retrieval: Retrieval) -> PersonNote:
    n_open = int(np.sum(stock.family[retrieval.rows] == FAMILIES.index(family.family_id)))
    why = f"有{n_open}个在招，但都在不列入之列（原因见末尾）" if n_open else "目前没有在招岗位"
    return PersonNote("wish_not_listed", f"意向职业“{wish}”（{family.label}）{why}，下列是其他工作")


def lot_notes(drawn: Drawn | None) -> tuple[PersonNote, ...]:
    """Say to who reads the list that one line was drawn by lot, and where it would stand otherwise."""
    if drawn is None:
        return ()
    place = f"按顺序它排在第{drawn.from_place}位" if drawn.from_place != PLACE else "抽中的正是按顺序排在这里的"
    text = (
        f"为检验排序是否得当，这份名单的第{PLACE}位是从同一档次、同样可以推荐的{len(drawn.pool)}个岗位中抽签决定的"
        f"（{place}）；不改变哪些岗位可以推荐，也不改变前{PLACE - 1}位。是否推荐仍由您与本人决定"
    )
    return (PersonNote(LOT, text),)
