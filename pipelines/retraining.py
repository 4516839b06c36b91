"""The gate before a new model answers: how far its lists are from those in use, and who brought what it learned.

What is found stands in the version's summary. A version that trips it is promoted only with a reason, by name.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from matching.entities import CandidateId, VacancyId
from matching.ranking import rank
from matching.retrieval import retrieve
from pipelines.casebook import Casebook
from pipelines.desk import Desk
from pipelines.influence import Pair, influence_settings, sources, within_influence
from pipelines.ranking_model import RankingModel

_HEAD, _SEED = 10, 20221104


@dataclass(frozen=True, slots=True)
class Gate:
    """What was found, and why a person has to look; no reason where none has to."""

    churn: float | None
    n_new_pairs: int
    shares: Mapping[str, float]
    left_out_share: float
    trips: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return it as it stands in the summary of a model."""
        return {
            "churn": None if self.churn is None else round(self.churn, 4),
            "n_new_pairs": self.n_new_pairs,
            "shares": {kind: round(share, 4) for kind, share in self.shares.items()},
            "left_out_share": round(self.left_out_share, 4),
            "trips": list(self.trips),
        }


def retraining_gate(casebook: Casebook, in_use: RankingModel, fresh: RankingModel, on: date) -> Gate:
    """Hold a fresh model against the one in use, over the stock of a day."""
    limits = influence_settings().gate
    people = some_people(casebook, limits.people)
    churn = moved(top_lists(casebook, in_use, on, people), top_lists(casebook, fresh, on, people))
    trips = [f"名单前十位平均有 {churn:.0%} 与现用模型不同"] if churn is not None and churn > limits.churn else []
    found = heard_sources(casebook, since=in_use.trained_until, until=on)
    return Gate(churn, found.n_new_pairs, found.shares, found.left_out_share, (*trips, *found.trips))


@dataclass(frozen=True, slots=True)
class HeardSources:
    """Who brought what is new, and why a person has to look; no reason where none has to."""

    n_new_pairs: int
    shares: Mapping[str, float]
    left_out_share: float
    trips: tuple[str, ...]


def heard_sources(casebook: Casebook, *, since: date, until: date) -> HeardSources:
    """Look who brought what is new since a day, before and after the caps of `pipelines.influence`."""
    limits = influence_settings().gate
    new = _new_pairs(casebook, since=since, until=until)
    shares = _largest_shares(casebook, new) if len(new) >= limits.new_pairs else {}
    left_out = within_influence(casebook, until).left_out_share
    trips: list[str] = []
    for kind, label in (("candidate", "一位求职者"), ("employer", "一个单位"), ("county", "一个县区")):
        share, limit = shares.get(kind, 0.0), float(getattr(limits, f"{kind}_share"))
        if share > limit:
            trips.append(f"新增互动的 {share:.0%} 来自{label}，上限 {limit:.0%}")
    if left_out > limits.left_out_share:
        trips.append(f"有 {left_out:.0%} 的互动超出单一来源的上限而未被学习")
    return HeardSources(len(new), shares, left_out, tuple(trips))


def some_people(casebook: Casebook, most: int) -> list[CandidateId]:
    """Return people to look at, the same ones for the same casebook."""
    everybody = sorted(casebook.candidates)
    if len(everybody) <= most:
        return everybody
    drawn = np.random.default_rng(_SEED).choice(len(everybody), size=most, replace=False)
    return [everybody[i] for i in np.sort(drawn)]


def top_lists(
    casebook: Casebook, model: RankingModel, on: date, people: Sequence[CandidateId]
) -> dict[CandidateId, list[VacancyId]]:
    """Return the first ten of each person's list under a model."""
    desk = Desk.open(casebook, model, "compared", on)
    return {candidate_id: _head(desk, candidate_id) for candidate_id in people}


def _head(desk: Desk, candidate_id: CandidateId) -> list[VacancyId]:
    asked, stock = desk.ask(candidate_id), desk.index.stock
    retrieval = retrieve(asked.candidate, stock, desk.rules)
    ranking = rank(asked, desk.index, retrieval, desk.rules, desk.model.weights, k=_HEAD)
    return [stock.items[row].vacancy.vacancy_id for row in retrieval.rows[ranking.order[:_HEAD]]]


def moved(
    before: Mapping[CandidateId, Sequence[VacancyId]], after: Mapping[CandidateId, Sequence[VacancyId]]
) -> float | None:
    """Return which share of the places changed, as the mean over people with a list; None where nobody has one."""
    shares = [1 - len(set(own) & set(after[i])) / len(own) for i, own in before.items() if own]
    return float(np.mean(shares)) if shares else None


def _new_pairs(casebook: Casebook, *, since: date, until: date) -> list[Pair]:
    return sorted({(i.candidate_id, i.vacancy_id) for i in casebook.interactions if since < i.at <= until})


def _largest_shares(casebook: Casebook, pairs: Sequence[Pair]) -> dict[str, float]:
    """Return the share of the largest source of each kind; a kind that nobody is known of is left out."""
    found: dict[str, float] = {}
    for kind, source_of in sources(casebook).items():
        counted = Counter(source for pair in pairs if (source := source_of(pair)) is not None)
        if counted:
            found[kind] = counted.most_common(1)[0][1] / len(pairs)
    return found
