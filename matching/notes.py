"""What a caseworker should know of a person before reading the list: said once, at its head."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from matching.entities import Candidate
from matching.rules.dated import Rules
from matching.rules.person import age_on, is_past_retirement, is_under_working_age
from matching.source import Source
from matching.vocabulary import VacancyKind, YesNo

_ADULT = 18


@dataclass(frozen=True, slots=True)
class PersonNote:
    """One sentence about the person, with its source where it cites one."""

    code: str
    text: str
    source: Source | None = None


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
