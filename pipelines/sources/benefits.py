"""Tags and welfare lists (标签, 福利): which are skills, and what they declare of insurance, housing and working time.

What a posting says of itself is declared, never verified. Words come from `pipelines/data/benefits.yaml`; a statement
is read only where it is made, and a denial (不包住, 无社保) is not read as an offer.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from matching.packaged import parsed
from matching.vocabulary import Accommodation, YesNo
from pipelines.sources.words import Reading

_DATA = Path(__file__).resolve().parent.parent / "data" / "benefits.yaml"
_LONGEST_SKILL = 40

_DENIED = r"(?<![不无没非未免])"
_HOUSED = r"(?:食宿|吃住|住宿|宿舍|车住|车吃住)(?!补|费|自理|津贴|行业)"
_OFFERS: tuple[tuple[Accommodation, re.Pattern[str]], ...] = (
    (
        Accommodation.DORMITORY,
        re.compile(
            rf"{_DENIED}(?:包(?:食|吃)?住|包食宿|(?:提供|(?<!提)供|安排)[^，。；;\n无不]{{0,8}}?{_HOUSED})"
            rf"|员工宿舍|免费[^，。；;\n无不]{{0,6}}?{_HOUSED}|宿舍有空调|夫妻房|宿舍提供|{_DENIED}有(?:宿舍|住宿)"
            r"|[+＋](?:宿舍|住宿)(?!补|费|自理)|(?:^|[,;|])(?:宿舍|住宿)(?:$|[,;|])"
        ),
    ),
    (Accommodation.SHUTTLE, re.compile(rf"{_DENIED}班车(?!司机|驾驶|调度|管理|线路)|通勤车|{_DENIED}厂车接送")),
    (Accommodation.FLEXIBLE_HOURS, re.compile(rf"{_DENIED}(?<!一定的)弹性(?:工作|上班|上下班|时间|考勤|工时|打卡)")),
    (
        Accommodation.REMOTE_WORK,
        re.compile(r"(?<!不接受)(?<!不支持)(?<!不可)(?<!不能)(?<!非)(?<!无)(?:居家|在家|远程|线上)(?:办公|工作|上班)"),
    ),
)
_INSURED = re.compile(r"[五六七八]险|社保|社会保险")
_NOT_INSURED = re.compile(r"(?:无|不|没有|没)(?:缴纳?|交|买|购买|含|包含|提供)?(?:社保|[五六七]险|社会保险)")
# 负责社保办理 is a task of the post, not an offer of the employer.
_A_TASK = re.compile(r"(?:负责|协助|核算|申报|代理|计算|缴费|熟悉|了解|处理)[^。；;\n]{0,14}$")
_A_TASK_BEHIND = re.compile(
    r"^(?:一金)?(?:的|等)?(?:[^，。；;\n]{0,6})(?:办理|核算|申报|代理|缴费|政策|事务|专员|业务|手续|增减)"
)
_FIVE_DAYS = re.compile(r"(?<!单)双休|做五休二|五天(?:工作)?制|5天工作制|周末休息")
_SIX_DAYS = re.compile(r"单休|做六休一|六天(?:工作)?制|月休四天|月休4天")
_UNEVEN = re.compile(r"大小周|单双休|月休[6六]天|轮休")


@cache
def _words() -> dict[str, Any]:
    loaded: dict[str, Any] = parsed(_DATA.read_text(encoding="utf-8"))
    return loaded


@cache
def _no_skill() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in (*_words()["benefits"], *_words()["not_skills"])))


@cache
def _ending() -> re.Pattern[str]:
    return re.compile(_words()["skill_endings"])


@lru_cache(maxsize=65_536)
def skill_of(tag: str) -> str:
    """Return the skill that a tag names, or "" where it names a benefit, a degree or the employer's kind."""
    tidy = re.sub(r"\s+", " ", tag).strip(" ;；")
    if not tidy or len(tidy) > _LONGEST_SKILL or "�" in tidy or _no_skill().search(tidy):
        return ""
    return _ending().sub("", tidy).replace(";", " ").replace("；", " ").strip()


def skills_of(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the skills among the tags, each once whatever its capitals, in their order."""
    found: dict[str, str] = {}
    for tag in tags:
        skill = skill_of(tag)
        if skill:
            found.setdefault(skill.casefold(), skill)
    return tuple(found.values())


def read_offers(text: str) -> tuple[Accommodation, ...]:
    """Return the accommodations (合理便利) that the text offers: dormitory, shuttle, flexible hours, work at home."""
    return tuple(accommodation for accommodation, pattern in _OFFERS if pattern.search(text))


def read_social_insurance(text: str) -> Reading[YesNo]:
    """Read whether social insurance is paid, only where it is said."""
    if _NOT_INSURED.search(text):
        return Reading(YesNo.NO)
    for found in _INSURED.finditer(text):
        before, behind = text[max(0, found.start() - 18) : found.start()], text[found.end() : found.end() + 14]
        if not _A_TASK.search(before) and not _A_TASK_BEHIND.match(behind):
            return Reading(YesNo.YES)
    return Reading(stated=False)


def read_days_per_week(text: str) -> Reading[Decimal]:
    """Read the working days a week: 双休 is 5, 单休 is 6; 大小周 and contradictions stay unknown."""
    five, six = bool(_FIVE_DAYS.search(text)), bool(_SIX_DAYS.search(text))
    if _UNEVEN.search(text) or (five and six):
        return Reading()
    if not five and not six:
        return Reading(stated=False)
    return Reading(Decimal(5 if five else 6))
