"""What came of the tests on lists that people were given (`pipelines.live_tests`).

A place given by lot shows each line of its pool with a known propensity. So what people would have done had a model
chosen for that place can be estimated without any assumption of who saw what: only lists count in which the lot fell on
the model's own choice, each for as many as there were in the pool (Horvitz and Thompson 1952; replay, Li, Chu, Langford
and Wang 2011). Where the challenger was asked beside the champion, both heads are dealt into one list (team draft).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from matching.entities import CandidateId, Interaction
from matching.vocabulary import InteractionKind
from models.metrics.intervals import mean_interval
from pipelines.casebook import Casebook
from pipelines.quarter.shadow import LEAST, MOST, Both, deal, winner, won
from pipelines.ranking_model import RankingModel
from pipelines.store.run_log import ShownList

_SEED = 20221104
_REFUSALS = (InteractionKind.DECLINED_BY_CANDIDATE, InteractionKind.DECLINED_BY_EMPLOYER)


class _Acts:
    """Who acted on what after a list."""

    def __init__(self, interactions: Iterable[Interaction], days: int) -> None:
        self._days, self._by_person = days, dict[str, list[tuple[date, str]]]()
        for act in interactions:
            if act.kind not in _REFUSALS:
                self._by_person.setdefault(act.candidate_id, []).append((act.at, act.vacancy_id))

    def after(self, request: ShownList) -> set[str]:
        """Return the vacancies that the person acted on in the days after a list."""
        end = request.on + timedelta(days=self._days)
        return {v for at, v in self._by_person.get(request.candidate_id, []) if request.on < at <= end}


def lot_estimates(
    casebook: Casebook,
    challenger: RankingModel,
    champion: RankingModel,
    requests: Sequence[ShownList],
    *,
    days: int,
) -> dict[str, Any]:
    """Return how often a line would be acted on at the place given by lot if a model chose it; None where too few.

    `ips` weighs each matching list by one over its propensity, over all lists that took part; `snips` over the sum of
    those weights. `n_matched` says on how many lists they rest.
    """
    drawn = [r for r in requests if r.by_lot is not None and CandidateId(r.candidate_id) in casebook.candidates]
    acts, by_day = _Acts(casebook.interactions, days), dict[date, Both]()
    rows: dict[str, list[tuple[float, float]]] = {"challenger": [], "champion": [], "by_lot": []}
    for request in drawn[-MOST:]:
        lot = request.by_lot or {}
        both = by_day.get(request.on)
        if both is None:
            by_day.clear()
            both = by_day[request.on] = Both(casebook, challenger, champion, request.on)
        place = int(lot["place"]) - 1
        shown = request.shown[place] if len(request.shown) > place else None
        if shown not in lot["pool"]:
            continue
        acted = float(shown in acts.after(request))
        weight = 1 / float(lot["propensity"])
        firsts = both.first_of(CandidateId(request.candidate_id), lot["pool"])
        for name, first in zip(("challenger", "champion"), firsts, strict=True):
            rows[name].append((weight if first == shown else 0.0, acted))
        rows["by_lot"].append((1.0, acted))
    found = {name: _estimate(pairs) for name, pairs in rows.items()}
    return {"n_lists": len(rows["by_lot"]), "days": days, **found}


def _estimate(pairs: Sequence[tuple[float, float]]) -> dict[str, Any]:
    matched = sum(weight > 0 for weight, _ in pairs)
    if matched < LEAST:
        return {"n_matched": matched, "because": f"抽中与该版本所选相同的名单不足 {LEAST} 份，不作估计"}
    weights = np.array([weight for weight, _ in pairs])
    acted = np.array([value for _, value in pairs])
    interval = mean_interval((weights * acted).tolist(), seed=_SEED)
    return {
        "n_matched": matched,
        "ips": round(float((weights * acted).mean()), 6),
        "interval": None if interval is None else [round(interval.low, 6), round(interval.high, 6)],
        "snips": round(float((weights * acted).sum() / weights.sum()), 6),
    }


def beside_report(
    interactions: Iterable[Interaction], requests: Sequence[ShownList], *, days: int, seed: int
) -> dict[str, Any]:
    """Return how the challenger compares with the champion on the requests for which both were asked.

    Only the champion's list was shown, which favours it: what people could see they could act on.
    """
    asked = [request for request in requests if request.beside is not None]
    acts, rng = _Acts(interactions, days), np.random.default_rng(seed)
    wins, same, versions = Counter[str](), list[float](), Counter[str]()
    for request in asked:
        beside = request.beside or {}
        ours, theirs = beside["challenger"], beside["champion"]
        versions[beside["version"]] += 1
        same.append(len(set(ours) & set(theirs)) / max(1, len(theirs)))
        first = winner(deal(ours, theirs, rng), acts.after(request))
        if first is not None:
            wins[first] += 1
    return {
        "n_requests": len(asked),
        "versions": sorted(versions),
        **won(wins),
        "overlap": round(float(np.mean(same)), 4) if len(same) >= LEAST else None,
        "days": days,
    }
