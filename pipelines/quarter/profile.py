"""What the data looks like: counts by bin of each feature, so that a later look can tell what moved.

A profile holds counts alone and is kept with the model. Counts of those learned from, held against the roster, tell a
little of who is among them (Homer et al. 2008, "Resolving individuals contributing trace amounts of DNA"). So it is
kept sealed; for who can open it, bins of fewer than ten are joined and what it says of people is blurred.
"""

import json
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np

from matching.entities import Candidate, Vacancy
from matching.regions import prefecture, region_name
from matching.vocabulary import Education, InteractionKind, Term, Transport, VacancyKind, WorkMode
from models.metrics.intervals import Interval
from models.metrics.shift import population_shift
from pipelines.access.vault import Vault
from pipelines.casebook import Casebook
from pipelines.errors import PipelineError
from pipelines.names_in_models import Names

UNKNOWN, OTHERS = "unknown", "others"
LEAST = 10
"""Bins of fewer are joined in what is kept."""
BLUR = 3.0
"""Noise in what is kept of people, in units of the error that a count has anyway by who happens to be counted."""
_SEED = 20221104
_FORMAT, _USE = "p1", b"profile of a quarter"
Row = TypeVar("Row")
Binned = Mapping[str, Mapping[str, int]]
"""Feature, bin, count."""


def _term(value: Term | None) -> str:
    return UNKNOWN if value is None else value.value


def _band(value: Decimal | float | int | None, steps: tuple[int, ...]) -> str:
    if value is None:
        return UNKNOWN
    below = [step for step in steps if value >= step]
    return f"≥{below[-1]}" if below else f"<{steps[0]}"


def _place(region: str | None) -> str:
    return region_name(prefecture(region)) if region else UNKNOWN


_WAGES = (2000, 2500, 3000, 4000, 6000)
PEOPLE: Mapping[str, Callable[[Candidate], str]] = {
    "people.place": lambda c: _place(c.region),
    "people.education": lambda c: _term(c.education),
    "people.transport": lambda c: _term(c.transport),
    "people.wished_wage": lambda c: _band(c.wished_wage_min, _WAGES),
    "people.commute": lambda c: _band(c.max_commute_km, (5, 10, 20, 50)),
    "people.experience_years": lambda c: _band(c.experience_years, (1, 3, 5, 10)),
    "people.skills": lambda c: _band(len(c.skills) or None, (1, 2, 4)),
    "people.wishes": lambda c: _band(len(c.wished_occupations) or None, (1, 2, 3)),
    "people.functions": lambda c: _band(len(c.functions) or None, (1, 5, 10, 15)),
    "people.work_modes": lambda c: ";".join(sorted(m.value for m in c.work_modes)) or UNKNOWN,
}
VACANCIES: Mapping[str, Callable[[Vacancy], str]] = {
    "vacancies.place": lambda v: _place(v.region),
    "vacancies.kind": lambda v: _term(v.kind),
    "vacancies.work_mode": lambda v: _term(v.work_mode),
    "vacancies.education": lambda v: _term(v.education_min),
    "vacancies.wage": lambda v: _band(v.wage_max or v.wage_min, _WAGES),
    "vacancies.hours": lambda v: _band(v.hours_per_day, (4, 6, 8, 9)),
    "vacancies.openings": lambda v: _band(v.openings, (1, 2, 5, 10)),
    "vacancies.demands": lambda v: _band(len(v.demands) or None, (1, 3, 5)),
    "vacancies.employer": lambda v: UNKNOWN if v.employer_id is None else "known",
}
LABELS: Mapping[str, str] = {
    "people.place": "求职者所在市州",
    "people.education": "求职者学历",
    "people.transport": "求职者出行方式",
    "people.wished_wage": "求职者期望工资",
    "people.commute": "求职者可接受通勤",
    "people.experience_years": "求职者工作年限",
    "people.skills": "求职者技能条数",
    "people.wishes": "求职者意向工种数",
    "people.functions": "求职者已登记功能项数",
    "people.work_modes": "求职者可接受工作方式",
    "vacancies.place": "岗位所在市州",
    "vacancies.kind": "岗位类型",
    "vacancies.work_mode": "岗位工作方式",
    "vacancies.education": "岗位学历要求",
    "vacancies.wage": "岗位工资",
    "vacancies.hours": "岗位每日工时",
    "vacancies.openings": "岗位招聘人数",
    "vacancies.demands": "岗位写明的功能要求项数",
    "vacancies.employer": "岗位单位信用代码",
}


_TERMS: Mapping[str, type[Term]] = {
    "people.education": Education,
    "people.transport": Transport,
    "people.work_modes": WorkMode,
    "vacancies.kind": VacancyKind,
    "vacancies.work_mode": WorkMode,
    "vacancies.education": Education,
    "acts.kind": InteractionKind,
}
SCORES = "scores.acted"
"""Acts by the tenth of all scores in which the vacancy stood, 0 the lowest."""


def bin_word(feature: str, name: str) -> str:
    """Return what a bin of a feature is called in plain Chinese."""
    if name in (UNKNOWN, OTHERS, "known"):
        return {UNKNOWN: "未填写", OTHERS: "其他", "known": "已填写"}[name]
    if feature == SCORES:
        return f"得分由低到高的第{int(name) + 1}个十分之一"
    terms = {term.value: term.label for term in _TERMS.get(feature, ())}
    return "、".join(terms.get(part, part) for part in name.split(";"))


def in_order(feature: str, bins: Iterable[str]) -> list[str]:
    """Return the bins of a feature as one reads them: as in the vocabulary, bands from low to high, unknown last."""
    terms = [term.value for term in _TERMS.get(feature, ())]

    def place(name: str) -> tuple[int, float, str]:
        if name in (OTHERS, UNKNOWN):
            return (1 if name == OTHERS else 2, 0.0, name)
        if name in terms:
            return 0, float(terms.index(name)), name
        number = name.lstrip("<≥")
        # Below the first step stands before the first step itself.
        return 0, float(number) - (name[0] == "<") / 2 if number.isdecimal() else 0.0, name

    return sorted(bins, key=place)


def counted(rows: Iterable[Row], features: Mapping[str, Callable[[Row], str]]) -> dict[str, Counter[str]]:
    """Return how many rows fall into each bin of each feature."""
    found: dict[str, Counter[str]] = {name: Counter() for name in features}
    for row in rows:
        for name, of in features.items():
            found[name][of(row)] += 1
    return found


def profile_of(casebook: Casebook) -> Binned:
    """Return the profile of everybody and of every vacancy, bins of fewer than ten joined."""
    return {name: joined(counts) for name, counts in _counted(casebook).items()}


def kept_profile(casebook: Casebook) -> Binned:
    """Return the profile as it is kept with a model: what is said of people is blurred, what of vacancies is not."""
    names = casebook.names
    return {
        name: blurred(counts, names, name) if name in PEOPLE else joined(counts)
        for name, counts in _counted(casebook).items()
    }


def sealed_profile(profile: Binned, names: Names) -> str:
    """Return a profile as it lies in a run's folder and on a card: sealed, the same bytes for the same counts.

    Without a random nonce, so that a cycle repeated is byte-equal: AES-SIV makes its own from the content (RFC 5297).
    """
    content = json.dumps(profile, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return f"{_FORMAT}.{names.key_id}.{b64encode(names.seal(content, _USE)).decode()}"


def opened_profile(held: Any, vault: Vault) -> Binned:
    """Return a profile as it was kept; cards of earlier versions, which never change, hold it as it is.

    Raises
    ------
    PipelineError
        When it is no profile, was altered, or the key that sealed it is not there.
    """
    if isinstance(held, Mapping):
        return held
    parts = held.split(".") if isinstance(held, str) else []
    if len(parts) != 3 or parts[0] != _FORMAT:
        raise PipelineError("格式无法识别")
    try:
        raw = b64decode(parts[2], validate=True)
    except ValueError as error:
        raise PipelineError("格式无法识别") from error
    profile: Binned = json.loads(Names.under(vault, parts[1]).open(raw, _USE))
    return profile


def _counted(casebook: Casebook) -> dict[str, Counter[str]]:
    return counted(casebook.candidates.values(), PEOPLE) | counted(casebook.vacancies, VACANCIES)


def joined(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts with bins of fewer than ten joined; what is still fewer is left out."""
    large = {name: n for name, n in sorted(counts.items()) if n >= LEAST}
    rest = sum(n for name, n in counts.items() if name not in large)
    return large | ({OTHERS: rest} if rest >= LEAST else {})


def blurred(counts: Mapping[str, int], names: Names, feature: str) -> dict[str, int]:
    """Return counts with noise, as of so many fewer people as are as sure: n / (1 + `BLUR`²).

    So whoever holds two profiles against each other allows for the noise by the counts alone. Small bins are joined by
    what they look like with the noise, for whether a bin is there tells as well. The noise follows from the counts and
    the key: the same data give the same, and nobody without the key can take it out again.
    """
    n, bins = sum(counts.values()), sorted(counts)
    if not n:
        return {}
    rng = np.random.default_rng(names.seed("profile", feature, *(f"{name}={counts[name]}" for name in bins)))
    shares = np.array([counts[name] / n for name in bins])
    noisy = n * np.maximum(shares + BLUR * np.sqrt(shares * (1 - shares) / n) * rng.standard_normal(len(bins)), 0.0)
    large = {name: at for name, at in zip(bins, noisy.tolist(), strict=True) if at >= 2 * LEAST}
    small = float(noisy.sum()) - sum(large.values())
    told = large | ({OTHERS: small} if small >= 2 * LEAST else {})
    fewer = n / (1 + BLUR**2) / max(sum(told.values()), 1e-9)
    return {name: round(at * fewer) for name, at in told.items() if round(at * fewer)}


@dataclass(frozen=True, slots=True)
class Shift:
    """How far one feature moved, and which bin moved most (its share before and now)."""

    feature: str
    moved: Interval
    bin: str
    before: float
    now: float

    @property
    def text(self) -> str:
        """The shift in plain Chinese."""
        name = bin_word(self.feature, self.bin)
        return f"{LABELS.get(self.feature, self.feature)}：“{name}”由 {self.before:.0%} 变为 {self.now:.0%}"


def shifts(before: Binned, now: Binned, *, level: float = 0.95) -> list[Shift]:
    """Return how far each feature moved, the furthest first."""
    found = []
    for name in sorted(set(before) & set(now)):
        # Bins that one side joined are joined on the other as well.
        # What is kept of people stands for more of them, and was joined from twice as many on.
        least = 4 * LEAST / (1 + BLUR**2) if name in PEOPLE else 2 * LEAST
        left, right = _on_one_scale(before[name], now[name], least)
        moved = population_shift(left, right, level=level, seed=_SEED)
        if moved is not None:
            found.append(Shift(name, moved, *_most_moved(left, right)))
    return sorted(found, key=lambda shift: (-shift.moved.mean, shift.feature))


def _on_one_scale(
    left: Mapping[str, int], right: Mapping[str, int], least: float
) -> tuple[dict[str, int], dict[str, int]]:
    """Join small bins where a side joined its own, so that a joined bin is not taken for a vanished one."""
    names = set(left) | set(right)
    small = {n for n in names if max(left.get(n, 0), right.get(n, 0)) < least and OTHERS in (*left, *right)}

    def merged(counts: Mapping[str, int]) -> dict[str, int]:
        found = {name: n for name, n in counts.items() if name not in small and name != OTHERS}
        rest = sum(counts.values()) - sum(found.values())
        return found | ({OTHERS: rest} if rest else {})

    return merged(left), merged(right)


def _most_moved(left: Mapping[str, int], right: Mapping[str, int]) -> tuple[str, float, float]:
    n, m = sum(left.values()), sum(right.values())
    names = sorted(set(left) | set(right))
    name = max(names, key=lambda one: abs(left.get(one, 0) / n - right.get(one, 0) / m))
    return name, left.get(name, 0) / n, right.get(name, 0) / m
