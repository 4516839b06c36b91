"""Whom a comparison is of: people at the end of a month, with facts known before it and what followed.

A person stands once: who received the measure in the month of the first receipt, everybody else in a month drawn by the
shares of those months. Both are looked at from the last day of the month, so that nobody counts as placed by a measure
that came after the work.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from matching.effects import EffectOutcome, EffectRule, StartingFrom
from matching.regions import prefecture, region_name
from matching.rules.functions import plus_months
from matching.vocabulary import Education, InteractionKind
from models.arrays import Floats
from pipelines.reports.bands import education_band
from pipelines.store.case_files import Birth
from pipelines.store.effect_rows import History

_YEAR = 12
_AGES = (25, 35, 45, 55)
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Compared:
    """One person of a comparison: in which month, whether the measure was received, facts as words, the outcome."""

    received: bool
    facts: Mapping[str, str]
    outcome: bool


FACTS: Mapping[str, str] = {
    "month": "月份",
    "age": "年龄段",
    "sex": "性别",
    "category": "残疾类别",
    "grade": "残疾等级",
    "education": "文化程度",
    "hukou": "户口",
    "place": "地区",
    "poverty": "脱贫户或监测对象",
    "recognised": "就业困难人员认定",
    "worked": "以前就业次数",
    "idle": "离开上一份工作多久",
    "services": "此前一年接受服务",
    "acts": "此前一年求职活动",
    "trained": "以前学完培训",
    "form": "现在的就业形式",
    "since": "现在这份工作多久",
}
"""The facts that people are made alike in, by name."""


def end_of(day: date) -> date:
    """Return the last day of the month of a day."""
    return plus_months(day.replace(day=1), 1) - timedelta(days=1)


def compared(
    history: History, birth: Birth, month_end: date, *, received: bool, without: str,
    outcome: EffectOutcome, start: StartingFrom, rule: EffectRule, narrow: bool,
) -> Compared | str:  # fmt: skip
    """Return a person at the end of a month, or why they are left out.

    `without` is a kind of service that is the measure itself, and is no fact known before; `narrow` tells places by
    county.
    """
    if any(begun is None for begun, _, _ in history.placements):
        return "undated"
    running = [one for one in history.placements if _runs(one, month_end)]
    if bool(running) is (start is StartingFrom.WITHOUT_WORK):
        return "other_start"
    first = month_end.replace(day=1)
    facts = _facts(history, birth, first, without, narrow=narrow)
    if start is StartingFrom.IN_WORK:
        begun, _, form = max(running, key=lambda one: one[0] or date.min)
        facts |= {"form": form or UNKNOWN, "since": _months(begun or first, first)}
    return Compared(received, facts, _reached(history, month_end, outcome, start, rule.within_months))


def _runs(placement: tuple[date | None, date | None, str | None], day: date) -> bool:
    begun, ended, _ = placement
    return begun is not None and begun <= day and (ended is None or ended > day)


def _reached(
    history: History, month_end: date, outcome: EffectOutcome, start: StartingFrom, within: int
) -> bool:  # fmt: skip
    if start is StartingFrom.IN_WORK:
        day = plus_months(month_end, outcome.months_kept)
        return any(_runs(one, day) for one in history.placements)
    last = plus_months(month_end, within)
    begun = [(one, ended) for one, ended, _ in history.placements if one is not None and month_end < one <= last]
    if outcome is EffectOutcome.PLACED:
        return bool(begun) or any(
            kind == InteractionKind.PLACED.value and month_end < on <= last for on, kind in history.acts
        )
    months = outcome.months_kept
    told = {InteractionKind.RETAINED_6M.value} | ({InteractionKind.RETAINED_3M.value} if months == 3 else set())
    kept = any(ended is None or ended >= plus_months(one, months) for one, ended in begun)
    until = plus_months(last, months)
    return kept or any(kind in told and plus_months(month_end, months) < on <= until for on, kind in history.acts)


def _facts(history: History, birth: Birth, first: date, without: str, *, narrow: bool) -> dict[str, str]:
    row = history.facts
    born, sex = birth
    a_year_ago = plus_months(first, -_YEAR)
    kinds = (row.household_kinds or "").split(";")
    ends = [ended for begun, ended, _ in history.placements if begun is not None and begun < first]
    last = max((ended for ended in ends if ended is not None), default=None)
    services = sum(a_year_ago <= on < first and kind != without for on, kind in history.services)
    since = row.hard_to_employ_since
    return {
        "month": f"{first:%Y-%m}",
        "age": UNKNOWN if born is None else _age(born, first),
        "sex": UNKNOWN if sex is None else sex.value,
        "category": row.category or UNKNOWN,
        "grade": UNKNOWN if row.grade is None else str(row.grade),
        "education": education_band(Education(row.education) if row.education else None) or UNKNOWN,
        "hukou": row.hukou or UNKNOWN,
        "place": UNKNOWN if row.region is None else row.region[:6] if narrow else prefecture(row.region),
        "poverty": str(bool({"poverty_exited", "monitored"} & set(kinds))) if row.household_kinds else UNKNOWN,
        "recognised": str(since is not None and since < first),
        "worked": str(min(len(ends), 2)),
        "idle": "never" if not ends else "now" if last is None else _months(last, first),
        "services": _few(services),
        "acts": _few(sum(a_year_ago <= on < first for on, _ in history.acts)),
        "trained": str(any(on < first for on in history.trainings)),
    }


def _age(born: date, on: date) -> str:
    years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return str(sum(years >= bound for bound in _AGES))


def _months(since: date, until: date) -> str:
    months = (until.year - since.year) * 12 + until.month - since.month
    return "under_6" if months < 6 else "under_12" if months < _YEAR else "longer"


def _few(n: int) -> str:
    return "0" if n == 0 else "1-2" if n < 3 else "3+"


def as_columns(people: Sequence[Compared], least: int) -> tuple[Floats, list[str]]:
    """Return the facts as columns of 0 and 1, shape (n_people, n_columns), with the fact of each column.

    A word that fewer than `least` people have is joined with the other rare ones of its fact; of each fact the most
    frequent word is what the others are held against.
    """
    columns, names = [], []
    for fact in FACTS:
        words = [one.facts.get(fact, "") for one in people]
        counts = Counter(words)
        words = [word if counts[word] >= least else "rare" for word in words]
        usual = [word for word, _ in Counter(words).most_common()]
        for word in sorted(usual[1:]):
            columns.append(np.array([one == word for one in words], dtype=np.float64))
            names.append(fact)
    if not columns:
        return np.zeros((len(people), 1)), ["month"]
    return np.column_stack(columns), names


def months_drawn(months: Iterable[date], n: int, rng: np.random.Generator) -> list[date]:
    """Return so many months drawn by the shares that they have among those given."""
    known = sorted(months)
    return [known[place] for place in rng.integers(0, len(known), n).tolist()]


def place_label(code: str) -> str:
    """Return the name of a place."""
    return region_name(code)
