"""What moves by month: people who act, vacancies that open, outcomes, and scores under the version in use.

Each month is held against the twelve before the first one looked at. An alert names month and feature, what moved most
in it, and the likely cause: read off where the shift comes from, and to be checked by a person.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from matching.components import VacancyIndex
from matching.entities import Candidate, CandidateId, Interaction, Vacancy, VacancyId
from matching.packaged import parsed
from matching.regions import prefecture, region_name
from matching.vocabulary import InteractionKind
from models.metrics.intervals import wilson_interval
from models.metrics.shift import population_shift
from pipelines.casebook import Casebook
from pipelines.choices import columns_at
from pipelines.quarter.profile import LABELS, PEOPLE, SCORES, UNKNOWN, VACANCIES, bin_word, counted, joined
from pipelines.ranking_model import RankingModel

_SEED = 20221104
_PLACES = 14
_RETAINED = ((InteractionKind.RETAINED_3M, 3, "稳岗三个月"), (InteractionKind.RETAINED_6M, 6, "稳岗六个月"))
_MORE_LABELS = {"acts.kind": "互动种类", SCORES: "有互动的岗位在现用版本下的得分"}
_OUTCOME_DAYS = 60


class Volume(BaseModel):
    """When the number of rows of a month is named."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    months: int
    low: float
    high: float
    deviations: float


class DriftSettings(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    reference_months: int
    limit: float
    level: float
    least: int
    volume: Volume
    scored: int


@cache
def drift_settings() -> DriftSettings:
    """Return the figures."""
    path = Path(__file__).parents[1] / "data" / "drift.yaml"
    return DriftSettings.model_validate(parsed(path.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Alert:
    """One feature that moved in one month."""

    month: str
    feature: str
    label: str
    text: str
    likely_cause: str


@dataclass(frozen=True, slots=True)
class _Series:
    """Rows of one kind by month, the features looked at, and where a row is from."""

    name: str
    label: str
    rows: Mapping[str, Sequence[Any]]
    features: Mapping[str, Callable[[Any], str]]
    place: Callable[[Any], str]


def months_before(on: date, n: int) -> list[str]:
    """Return the last n whole months before a day, the earliest first, as YYYY-MM."""
    found, first = [], on.replace(day=1)
    for _ in range(n):
        first = (first - timedelta(days=1)).replace(day=1)
        found.append(f"{first:%Y-%m}")
    return found[::-1]


def drift(casebook: Casebook, model: RankingModel | None, on: date, *, months: int = 6) -> dict[str, Any]:
    """Look at the last whole months; without a model no scores are looked at.

    Returns
    -------
    dict
        `months`, `features` (by feature and month the shift with its interval, or why there is none), `outcomes`,
        `alerts` (the latest month first).
    """
    settings = drift_settings()
    looked_at = months_before(on, months)
    before = months_before(date.fromisoformat(f"{looked_at[0]}-01"), settings.reference_months)
    features: dict[str, dict[str, Any]] = {}
    alerts: list[Alert] = []
    for series in _all_series(casebook, model, on, [*before, *looked_at]):
        alerts += _volume_alerts(series, before, looked_at, settings)
        for name in series.features:
            features[name] = {}
            reference = [row for month in before for row in series.rows.get(month, ())]
            for month in looked_at:
                told, alert = _moved(series, name, reference, series.rows.get(month, ()), month, settings)
                features[name][month] = told
                alerts += [alert] if alert else []
    return {
        "as_of": on.isoformat(),
        "months": looked_at,
        "reference": [before[0], before[-1]],
        "limit": settings.limit,
        "labels": {name: {**LABELS, **_MORE_LABELS}.get(name, name) for name in features},
        "features": features,
        "outcomes": _outcomes(casebook, on, [*before, *looked_at]),
        "alerts": [asdict(a) for a in sorted(alerts, key=lambda a: (a.month, a.feature), reverse=True)],
    }


# ---- rows by month --------------------------------------------------------------------------------------------------


def _all_series(casebook: Casebook, model: RankingModel | None, on: date, months: Sequence[str]) -> list[_Series]:
    acting: dict[str, dict[CandidateId, Candidate]] = {}
    acts: dict[str, list[Interaction]] = {}
    for act in casebook.interactions:
        month = f"{act.at:%Y-%m}"
        if month in months and act.candidate_id in casebook.candidates:
            acting.setdefault(month, {})[act.candidate_id] = casebook.candidates[act.candidate_id]
            acts.setdefault(month, []).append(act)
    opened: dict[str, list[Vacancy]] = {}
    for vacancy in casebook.vacancies:
        if vacancy.opens_on is not None:
            opened.setdefault(f"{vacancy.opens_on:%Y-%m}", []).append(vacancy)

    def home(act: Interaction) -> str:
        return _place(casebook.candidates[act.candidate_id].region)

    found = [
        _Series(
            "people",
            "有互动的求职者",
            {m: list(p.values()) for m, p in acting.items()},
            PEOPLE,
            lambda c: _place(c.region),
        ),
        _Series("vacancies", "新开岗位", opened, VACANCIES, lambda v: _place(v.region)),
        _Series("acts", "互动", acts, {"acts.kind": lambda a: a.kind.value}, home),
    ]
    if model is not None:
        scored = _scores(casebook, model, on, acts)
        found.append(_Series("scores", "得分", scored, {SCORES: lambda s: str(s[0])}, lambda s: str(s[1])))
    return found


def _place(region: str | None) -> str:
    return region_name(prefecture(region)) if region else UNKNOWN


def _scores(
    casebook: Casebook, model: RankingModel, on: date, acts: Mapping[str, Sequence[Interaction]]
) -> Mapping[str, Sequence[tuple[int, str]]]:
    """Return for some acts of each month in which tenth of all scores the vacancy stood, and where the person lives."""
    index = model.index(casebook.stock(on), casebook.texts)
    rng, most = np.random.default_rng(_SEED), drift_settings().scored
    drawn: list[tuple[str, Interaction]] = []
    for month in sorted(acts):
        rows = [a for a in acts[month] if a.vacancy_id in index.stock.position]
        picked = range(len(rows)) if len(rows) <= most else np.sort(rng.choice(len(rows), most, replace=False))
        drawn += [(month, rows[i]) for i in picked]
    if not drawn:
        return {}
    scores = np.array([_score(casebook, model, index, act) for _, act in drawn])
    tenths = np.searchsorted(np.quantile(scores, np.arange(0.1, 0.95, 0.1)), scores)
    found: dict[str, list[tuple[int, str]]] = {}
    for (month, act), tenth in zip(drawn, tenths.tolist(), strict=True):
        found.setdefault(month, []).append((tenth, _place(casebook.candidates[act.candidate_id].region)))
    return found


def _score(casebook: Casebook, model: RankingModel, index: VacancyIndex, act: Interaction) -> float:
    asked = model.ask(casebook.candidates[act.candidate_id], [], index)
    row = np.array([index.stock.position[VacancyId(act.vacancy_id)]], dtype=np.intp)
    return float(columns_at(asked, index, row, act.at)[0].astype(np.float64) @ model.weights.values)


# ---- what moved -----------------------------------------------------------------------------------------------------


def _moved(
    series: _Series, name: str, before: Sequence[Any], now: Sequence[Any], month: str, settings: DriftSettings
) -> tuple[dict[str, Any], Alert | None]:
    if len(before) < settings.least or len(now) < settings.least:
        return {"because": f"行数不足{settings.least}，不作判断"}, None
    one = {name: series.features[name]}
    left, right = counted(before, one)[name], counted(now, one)[name]
    moved = population_shift(left, right, level=settings.level, seed=_SEED)
    if moved is None:
        return {"because": "没有可以比较的行"}, None
    told = {key: round(value, 5) for key, value in asdict(moved).items()} | {"shares": _shares(right)}
    if moved.low <= settings.limit:
        return told, None
    bin_, was, is_ = _most_moved(left, right)
    label = {**LABELS, **_MORE_LABELS}.get(name, name)
    text = f"{month} {label}：“{bin_word(name, bin_)}”由 {was:.0%} 变为 {is_:.0%}（指数 {moved.mean:.2f}）"
    return told, Alert(month, name, label, text, _cause(series, name, before, now, (bin_, was, is_)))


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    whole = sum(counts.values())
    return {name: round(n / whole, 4) for name, n in joined(counts).items()}


def _most_moved(left: Mapping[str, int], right: Mapping[str, int]) -> tuple[str, float, float]:
    n, m = sum(left.values()), sum(right.values())
    name = max(sorted(set(left) | set(right)), key=lambda one: abs(left.get(one, 0) / n - right.get(one, 0) / m))
    return name, left.get(name, 0) / n, right.get(name, 0) / m


def _cause(
    series: _Series, name: str, before: Sequence[Any], now: Sequence[Any], moved: tuple[str, float, float]
) -> str:
    """Say where a shift comes from: one place, cells left empty, a word not seen before, or all over."""
    bin_, was, is_ = moved
    said = []
    place = _only_place(series, name, before, now)
    if place is not None:
        said.append(f"主要来自{place}：去掉它就看不出变化，先问当地的来源")
    if bin_ == UNKNOWN and is_ > was:
        said.append("未填写的增多：多半是导入时少了这一列，或登记时不再填写")
    elif was < 0.01 < is_:
        said.append("出现了以前没有的值：多半是编码、单位或对照表改变")
    elif is_ < 0.01 < was:
        said.append("以前常见的值不再出现：多半是来源停止报送或编码改变")
    if said:
        return "；".join(said)
    if name == SCORES:
        return _OF_SCORES
    return "各地都有，没有单一来源：多半是真实的变化（季节、政策或市场），请核对当月政策与来源"


_OF_SCORES = (
    "各地都有，没有单一来源。得分是按现用版本算的，它学过这些互动：求职者、岗位各项都没有变化时，"
    "可能只是这个版本对近几个月学得更多；同时有别的提示时，先查那一项"
)


def _only_place(series: _Series, name: str, before: Sequence[Any], now: Sequence[Any]) -> str | None:
    """Return the place without which the month is like those before; None where there is none such."""
    settings, one = drift_settings(), {name: series.features[name]}
    places = Counter(series.place(row) for row in now)
    if name.endswith(".place") or len(places) < 2:
        return None
    for place, n in places.most_common(_PLACES):
        rest = [row for row in now if series.place(row) != place]
        if n < settings.least // 3 or len(rest) < settings.least:
            continue
        others = [row for row in before if series.place(row) != place]
        left = population_shift(counted(others, one)[name], counted(rest, one)[name], seed=_SEED, level=settings.level)
        if left is not None and left.mean < settings.limit / 2:
            return "未登记地区的行" if place == UNKNOWN else place
    return None


def _volume_alerts(
    series: _Series, before: Sequence[str], looked_at: Sequence[str], settings: DriftSettings
) -> list[Alert]:
    if series.name == "scores":
        return []
    months = [*before, *looked_at]
    counts = np.array([len(series.rows.get(month, ())) for month in months], dtype=np.float64)
    found = []
    for at, month in enumerate(months[len(before) :], start=len(before)):
        lately, n = counts[max(0, at - settings.volume.months) : at], int(counts[at])
        mean, spread = float(lately.mean()), float(lately.std(ddof=1)) if len(lately) > 1 else 0.0
        far = abs(n - mean) > settings.volume.deviations * max(spread, mean**0.5)
        if mean < settings.least or not far:
            continue
        if settings.volume.low <= n / mean <= settings.volume.high:
            continue
        less = n < mean
        text = f"{month} {series.label}共 {n} 行，此前{len(lately)}个月平均 {mean:.0f} 行"
        cause = "多半是当月没有导入，或某个来源停止报送" if less else "多半是一次补录或重复导入，请核对导入记录"
        found.append(Alert(month, f"{series.name}.volume", f"{series.label}的数量", text, cause))
    return found


# ---- outcomes -------------------------------------------------------------------------------------------------------


def _outcomes(casebook: Casebook, on: date, months: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return by month how many proposals ended in a placement, and how many of those placed stayed.

    A month counts only once the endings of all its days have had their time: before that only the quick ones would be
    known, and its first days are not the month.
    """
    settled = on - timedelta(days=_OUTCOME_DAYS)
    proposals: dict[str, list[bool]] = {}
    for act, is_placed in casebook.outcomes(since=date.min, until=on, settled_before=settled):
        proposals.setdefault(f"{act.at:%Y-%m}", []).append(is_placed)
    kinds: dict[tuple[str, str], set[InteractionKind]] = {}
    placed: dict[tuple[str, str], date] = {}
    for act in casebook.interactions:
        pair = (act.candidate_id, act.vacancy_id)
        kinds.setdefault(pair, set()).add(act.kind)
        if act.kind is InteractionKind.PLACED:
            placed.setdefault(pair, act.at)
    series = {"推荐后入职": (proposals, settled)}
    for kind, n_months, label in _RETAINED:
        stayed: dict[str, list[bool]] = {}
        for who, at in placed.items():
            stayed.setdefault(f"{at:%Y-%m}", []).append(kind in kinds[who])
        series[label] = (stayed, on - timedelta(days=31 * n_months + 29))
    return {
        name: {
            month: _share(rows.get(month, [])) if _is_over(month, until) else {"because": "结果还没有都到期"}
            for month in months
        }
        for name, (rows, until) in series.items()
    }


def _is_over(month: str, settled: date) -> bool:
    """Return whether the last day of a month lies before a day."""
    return f"{settled:%Y-%m}" > month


def _share(ended: Sequence[bool]) -> dict[str, Any]:
    if len(ended) < 10:
        return {"because": "不足10件，不列出"}
    found = wilson_interval(sum(ended), len(ended), level=0.95)
    return {} if found is None else {name: round(value, 4) for name, value in asdict(found).items()}
