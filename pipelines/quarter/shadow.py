"""Looking at a challenger without showing it: stored requests asked again, and estimates that know what was shown.

People can act on nothing but what they got to see, so plain figures favour whatever the office used to show. The
propensity of a vacancy to have been seen is taken from how many acted on it before the split day (Yang, Cui, Xuan,
Wang, Belongie and Estrin 2018, "Unbiased offline recommender evaluation for missing-not-at-random implicit feedback"):
p ~ n ** POWER, kept above a floor. That is a model of exposure and not a record of it; where lists were stored, the
places in them are known.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from scipy import stats

from matching.entities import CandidateId, VacancyId
from matching.ranking import rank
from matching.retrieval import retrieve
from matching.rules.dated import rules_on
from models.metrics.intervals import Interval, mean_interval, paired_difference
from pipelines.casebook import Casebook
from pipelines.evaluate import MeasuredPerson
from pipelines.quarter.measure import InTime
from pipelines.ranking_model import RankingModel
from pipelines.store.run_log import ShownList

POWER, FLOOR = 0.5, 0.1
HEAD, MOST = 10, 2000
MOST_DAYS = 12
"""Of so many days at most: each day's stock has to be put under both models."""
LEAST = 10
"""Fewer requests with an act than this decide nothing between two models."""


# ---- what was shown, and what was not -------------------------------------------------------------------------------


def off_policy(casebook: Casebook, in_time: InTime, split: date) -> dict[str, Any]:
    """Return recall of both models as it is, and weighted by how likely each right vacancy was to be seen.

    `snips` divides by the sum of the weights: propensities that are known up to a factor alone leave no other divisor.
    `by_person` is the mean of it person by person, with its interval. `largest_weight_share` says on how few vacancies
    the weighted figure rests.
    """
    counts = Counter(act.vacancy_id for act in casebook.interactions if act.at <= split)
    most = max(counts.values(), default=1)

    def weight(vacancy_id: str) -> float:
        share = (counts[VacancyId(vacancy_id)] + 1) / (most + 1)
        return 1 / max(FLOOR, float(share**POWER))

    k = int(in_time.document["k"])
    found: dict[str, Any] = {}
    own: dict[str, list[float | None]] = {}
    for name, people in (("challenger", in_time.challenger), ("champion", in_time.champion)):
        own[name] = [_own(p, weight, k) for p in people]
        found[name] = {**_weighted(people, weight, k), "by_person": _told(mean_interval(own[name], seed=1))}
    found["snips_difference_by_person"] = _told(paired_difference(own["challenger"], own["champion"], seed=1))
    found["assumption"] = f"被看到的可能性 ∝（划分日前互动人数 + 1）的 {POWER} 次方，不低于 {FLOOR}"
    return found


def _told(found: Interval | None) -> dict[str, float] | None:
    return None if found is None else {name: round(getattr(found, name), 6) for name in ("mean", "low", "high")}


def _hits(person: MeasuredPerson, weight: Callable[[str], float], k: int) -> list[tuple[float, bool]]:
    head = set(person.lists["shortlist"][:k])
    return [(weight(vacancy_id), vacancy_id in head) for vacancy_id in sorted(person.relevant)]


def _own(person: MeasuredPerson, weight: Callable[[str], float], k: int) -> float | None:
    hits = _hits(person, weight, k)
    whole = sum(w for w, _ in hits)
    return sum(w for w, hit in hits if hit) / whole if whole else None


def _weighted(people: Sequence[MeasuredPerson], weight: Callable[[str], float], k: int) -> dict[str, Any]:
    pairs = [pair for person in people for pair in _hits(person, weight, k)]
    if not pairs:
        return {"n_pairs": 0, "plain": None, "snips": None, "largest_weight_share": None}
    weights = np.array([w for w, _ in pairs])
    hit = np.array([h for _, h in pairs], dtype=np.float64)
    return {
        "n_pairs": len(pairs),
        "plain": round(float(hit.mean()), 6),
        "snips": round(float((weights * hit).sum() / weights.sum()), 6),
        "largest_weight_share": round(float(weights.max() / weights.sum()), 6),
    }


# ---- stored requests asked again ------------------------------------------------------------------------------------


def shadow(
    casebook: Casebook,
    challenger: RankingModel,
    champion: RankingModel,
    requests: Sequence[ShownList],
    *,
    days: int,
    seed: int,
) -> dict[str, Any]:
    """Ask both models for the lists that were asked for, deal them into one, and see whose lines were acted on.

    Team-draft interleaving (Radlinski, Kurup and Joachims 2008), offline: a line counts for the model that dealt it
    where the person acted on it within `days` after the list. Both models know what came later, so this compares them
    with each other and says nothing of how good either is.
    """
    rng = np.random.default_rng(seed)
    days_of = sorted({request.on for request in requests})
    if len(days_of) > MOST_DAYS:
        days_of = [days_of[at] for at in np.sort(rng.choice(len(days_of), size=MOST_DAYS, replace=False))]
    looked_at = set(days_of)
    known = [r for r in requests if CandidateId(r.candidate_id) in casebook.candidates and r.on in looked_at]
    if len(known) > MOST:
        known = [known[i] for i in np.sort(rng.choice(len(known), size=MOST, replace=False))]
    later: dict[str, list[tuple[date, str]]] = {}
    for act in casebook.interactions:
        later.setdefault(act.candidate_id, []).append((act.at, act.vacancy_id))
    by_day: dict[date, Both] = {}
    wins = Counter[str]()
    same, at_rank = [], Counter[int]()
    for request in known:
        both = by_day.get(request.on)
        if both is None:
            by_day.clear()  # requests come by day; one day's stock is enough at a time
            both = by_day[request.on] = Both(casebook, challenger, champion, request.on)
        ours, theirs = both.heads(CandidateId(request.candidate_id))
        same.append(len(set(ours) & set(theirs)) / max(1, len(theirs)))
        end = request.on + timedelta(days=days)
        acted = {v for at, v in later.get(request.candidate_id, []) if request.on < at <= end}
        for place, vacancy_id in enumerate(request.shown[:HEAD], start=1):
            at_rank[place] += vacancy_id in acted
        dealt = deal(ours, theirs, rng)
        first = winner(dealt, acted)
        if first is not None:
            wins[first] += 1
    return {
        "n_requests": len(known),
        "n_days": len(looked_at),
        **won(wins),
        "overlap": round(float(np.mean(same)), 4) if same else None,
        "acted_by_place": {str(place): at_rank[place] for place in range(1, HEAD + 1)} if known else {},
        "days": days,
    }


def won(wins: Mapping[str, int]) -> dict[str, Any]:
    """Return how often which model won, with the share of the challenger where enough lists told the two apart."""
    ours, theirs = wins.get("challenger", 0), wins.get("champion", 0)
    decided = ours + theirs
    share: float | None = None
    interval: list[float] | None = None
    if decided >= LEAST:
        bounds = stats.binomtest(ours, decided).proportion_ci(0.95, method="wilson")
        share, interval = round(ours / decided, 4), [round(float(bounds.low), 4), round(float(bounds.high), 4)]
    counted = {"n_decided": decided, "challenger_wins": ours, "champion_wins": theirs}
    return {**counted, "says": _says(decided), "share": share, "interval": interval}


def winner(dealt: Mapping[str, str], acted: Iterable[str]) -> str | None:
    """Return whose lines were acted on more often; None where neither."""
    score = Counter(dealt[v] for v in acted if v in dealt)
    if score["challenger"] == score["champion"]:
        return None
    return max(score, key=lambda team: score[team])


def _says(decided: int) -> str:
    return "" if decided >= LEAST else f"有先后之分的名单只有 {decided} 份，不足 {LEAST} 份，不作比较"


class Both:
    """The stock of one day under two models."""

    def __init__(self, casebook: Casebook, challenger: RankingModel, champion: RankingModel, on: date) -> None:
        stock = casebook.stock(on)
        self._casebook, self._rules, self._history = casebook, rules_on(on), casebook.history(on)
        self._indices = [(model, model.index(stock, casebook.texts)) for model in (challenger, champion)]

    def heads(self, candidate_id: CandidateId) -> tuple[list[str], list[str]]:
        """Return the first ten of both."""
        ours, theirs = (self._head(candidate_id, model, index, HEAD) for model, index in self._indices)
        return ours, theirs

    def first_of(self, candidate_id: CandidateId, vacancy_ids: Sequence[str]) -> tuple[str | None, str | None]:
        """Return which of some vacancies stands first in the whole list of each model."""
        wanted = set(vacancy_ids)
        ours, theirs = (
            next((i for i in self._head(candidate_id, model, index, None) if i in wanted), None)
            for model, index in self._indices
        )
        return ours, theirs

    def _head(self, candidate_id: CandidateId, model: RankingModel, index: Any, k: int | None) -> list[str]:
        rules = self._rules
        asked = model.ask(self._casebook.candidates[candidate_id], self._history.get(candidate_id, []), index)
        found = retrieve(asked.candidate, index.stock, rules)
        ranking = rank(asked, index, found, rules, model.weights, k=k)
        return [index.stock.items[row].vacancy.vacancy_id for row in found.rows[ranking.order[:k]]]


def deal(ours: Sequence[str], theirs: Sequence[str], rng: np.random.Generator) -> Mapping[str, str]:
    """Deal two lists into one of ten as two captains choose their teams; return which model dealt each line."""
    dealt: dict[str, str] = {}
    sides = {"challenger": list(ours), "champion": list(theirs)}
    while len(dealt) < HEAD:
        first = "challenger" if rng.random() < 0.5 else "champion"
        before = len(dealt)
        for side in (first, "champion" if first == "challenger" else "challenger"):
            pick = next((v for v in sides[side] if v not in dealt), None)
            if pick is not None and len(dealt) < HEAD:
                dealt[pick] = side
        if len(dealt) == before:
            break
    return dealt
