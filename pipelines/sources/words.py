"""Education, experience, headcounts and dates as foreign sheets write them, to our words.

Every reader answers with a `Reading`: what was stated and not understood is told apart from what was never stated.
"不限" is a statement (nothing is required), an empty cell is unknown; neither is turned into the other.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Generic, TypeVar

from matching.vocabulary import Education, WorkMode, YesNo

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """A value read from a cell; None with `understood` is unknown by the cell's own word (若干, 1970-01-01)."""

    value: T | None = None
    understood: bool = True
    stated: bool = True


_DEGREES: tuple[tuple[str, Education], ...] = (
    (r"博士", Education.DOCTOR),
    (r"硕士|研究生|MBA|EMBA|双证", Education.MASTER),
    (r"本科|学士|大学(?!专)", Education.BACHELOR),
    (r"大专|专科|高职|大学专科", Education.COLLEGE),
    (r"中专|中技|技校|职高|中职|技工学校|中等专业|职业高中", Education.VOCATIONAL),
    (r"(?<!职业)高中", Education.SENIOR),
    (r"初中", Education.JUNIOR),
    (r"小学", Education.PRIMARY),
)
_DEGREE_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), level) for pattern, level in _DEGREES)
_AT_MOST = re.compile(r"(?:及|或|和)?以下|及下")
_NO_DEGREE = re.compile(r"学历不限|不限学历|无学历要求|学历无要求|学历要求不限|不论学历|不要求学历")
_NOTHING_ASKED = re.compile(r"(?:均|都|一律)?不限(?:制)?|无要求|不要求|没有要求|无限制|均可|无")
_NOT_STATED = re.compile(r"-+|/+|\\N|null|none|nan|n/a|未填写|未说明|暂无|未知", re.IGNORECASE)

_NUMERALS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "十": 10, "半": 0}
_YEARS = r"((?<![\d.])\d{1,2}(?:\.\d)?|[一二两三四五六七八九十半])"
_YEAR_RANGE = re.compile(rf"{_YEARS}年?(?:-|至|到){_YEARS}年")
_YEAR = re.compile(rf"{_YEARS}(年半|年|载)")
_MONTHS = re.compile(r"((?<!\d)\d{1,2}|[一二两三四五六七八九十])个?月(?:及)?(?:以上|工作|经验)")
_UP_TO = re.compile(r"以下|以内|之内|内$")
_NO_EXPERIENCE = re.compile(
    r"(?:经验|年限)不限|不限(?:经验|年限)|(?:无|无需|不需要|不要求)(?:工作)?经验|无工作经历|应届|在校|毕业生|实习生|经验均可"
)

_NUMBER_OF = re.compile(r"^(?:约|招|招聘|招收)?(\d{1,9})(?:\s*[-至到]\s*\d+)?\s*(?:名|人|个|位)*(?:以上|左右)?$")
_SOME = re.compile(r"^(?:若干|数|多|不限|几|名|人|位|\s)+$|^报名人数[：:]?$|^招满为止$")
_LARGEST_INTAKE = 5_000

_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_COMPACT_DATE = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")
_OPEN_ENDED = re.compile(r"长期|不限|招满为止|招满即止|至今|常年")
_FIRST_BELIEVED_YEAR = 1990  # 1970-01-01 and the like are a missing time stamp


def _tidy(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).replace("~", "-").replace("—", "-")


@lru_cache(maxsize=65_536)
def read_education(text: str, *, is_own_column: bool = True) -> Reading[Education]:
    """Read the lowest degree that is asked for; of several, the lowest; 不限 and 初中及以下 ask for none.

    A cell of another column (`is_own_column=False`) is believed only where it names a degree: a bare 不限 there
    speaks of something else.
    """
    tidy = _tidy(text)
    if not tidy or _NOT_STATED.fullmatch(tidy):
        return Reading(stated=False)
    if _NO_DEGREE.search(tidy):
        return Reading(Education.NONE)
    found = [level for pattern, level in _DEGREE_PATTERNS if pattern.search(tidy)]
    if found:
        return Reading(Education.NONE if _AT_MOST.search(tidy) else min(found, key=lambda level: level.rank))
    if not is_own_column or _speaks_of_experience(tidy):
        return Reading(stated=False)
    if _NOTHING_ASKED.fullmatch(tidy):
        return Reading(Education.NONE)
    return Reading(understood=False)


def _speaks_of_experience(tidy: str) -> bool:
    return bool(_NO_EXPERIENCE.search(tidy) or re.search(r"\d\s*(?:个月|年|天/周)|经验", tidy))


@lru_cache(maxsize=65_536)
def read_experience(text: str, *, is_own_column: bool = True) -> Reading[Decimal]:
    """Read the years of experience that are asked for at least; 1年以下, 应届 and 不限 ask for 0."""
    tidy = _tidy(text)
    if not tidy or _NOT_STATED.fullmatch(tidy):
        return Reading(stated=False)
    between = _YEAR_RANGE.search(tidy)
    if between is not None:
        low, high = _years(between.group(1)), _years(between.group(2))
        return Reading(low) if low <= high and low <= 50 else Reading(understood=False)
    single = _YEAR.search(tidy)
    if single is not None:
        if _UP_TO.search(tidy[single.end() :]):
            return Reading(Decimal(0))
        years = _years(single.group(1)) + (
            Decimal("0.5") if single.group(2) == "年半" or single.group(1) == "半" else 0
        )
        return Reading(years) if years <= 50 else Reading(understood=False)
    months = _MONTHS.search(tidy)
    if months is not None:
        return Reading((_years(months.group(1)) / 12).quantize(Decimal("0.1")))
    if _NO_EXPERIENCE.search(tidy):
        return Reading(Decimal(0))
    if not is_own_column or _names_degree(tidy) or re.search(r"天/周|\d个月", tidy):
        return Reading(stated=False)
    return Reading(Decimal(0)) if _NOTHING_ASKED.fullmatch(tidy) else Reading(understood=False)


def _names_degree(tidy: str) -> bool:
    return bool(_NO_DEGREE.search(tidy)) or any(pattern.search(tidy) for pattern, _ in _DEGREE_PATTERNS)


def _years(text: str) -> Decimal:
    return Decimal(_NUMERALS[text]) if text in _NUMERALS else Decimal(text)


@lru_cache(maxsize=65_536)
def read_count(text: str) -> Reading[int]:
    """Read how many are wanted; 若干, 数名 and 不限 are unknown; of a range, the lower number."""
    tidy = _tidy(text)
    if not tidy or _NOT_STATED.fullmatch(tidy):
        return Reading(stated=False)
    if _SOME.match(tidy):
        return Reading()
    found = _NUMBER_OF.match(tidy)
    if found is None or not 0 < int(found.group(1)) <= _LARGEST_INTAKE:
        return Reading(understood=False)
    return Reading(int(found.group(1)))


@lru_cache(maxsize=65_536)
def read_date(text: str) -> Reading[date]:
    """Read a day, with or without a time; 1970-01-01 and 长期有效 are unknown."""
    tidy = unicodedata.normalize("NFKC", text).strip()
    if not tidy or _NOT_STATED.fullmatch(tidy):
        return Reading(stated=False)
    found = _DATE.match(tidy) or _COMPACT_DATE.match(tidy)
    if found is None:
        return Reading(understood=bool(_OPEN_ENDED.search(tidy)))
    year, month, day = (int(part) for part in found.groups())
    if year < _FIRST_BELIEVED_YEAR:
        return Reading()
    try:
        return Reading(date(year, month, day))
    except ValueError:
        return Reading(understood=False)


_AT_HOME = r"(?:居家|在家|远程|线上)(?:办公|工作|上班)"
_NOT_AT_HOME = re.compile(rf"(?:不接受|不支持|不可|不能|非|无)(?:完全)?{_AT_HOME}")
_PARTLY_AT_HOME = re.compile(rf"(?:接受|支持|可|允许|部分|混合|弹性|每周\S{{0,4}}){_AT_HOME}|{_AT_HOME}[与和/+]")
_WHOLLY_AT_HOME = re.compile(_AT_HOME)


@lru_cache(maxsize=65_536)
def read_work_mode(text: str) -> Reading[WorkMode]:
    """Read where the work is done, only where it is said: 不接受居家办公 onsite, 支持远程办公 hybrid."""
    tidy = _tidy(text)
    if _NOT_AT_HOME.search(tidy):
        return Reading(WorkMode.ONSITE)
    if _PARTLY_AT_HOME.search(tidy):
        return Reading(WorkMode.HYBRID)
    return Reading(WorkMode.REMOTE) if _WHOLLY_AT_HOME.search(tidy) else Reading(stated=False)


_YES = re.compile(r"^(?:是|有|yes|y|true|1|√|✓|愿意|同意)$", re.IGNORECASE)
_NO = re.compile(r"^(?:否|无|没有|no|n|false|0|×|不愿意|不同意)$", re.IGNORECASE)


def read_yes_no(text: str) -> Reading[YesNo]:
    """Read 是/否 and their common spellings (有, 无, √, ×, 1, 0)."""
    tidy = _tidy(text)
    if not tidy:
        return Reading(stated=False)
    if _YES.match(tidy):
        return Reading(YesNo.YES)
    return Reading(YesNo.NO) if _NO.match(tidy) else Reading(understood=False)
