"""What the explanations are worth: whether what a line says is what put it where it stands.

Three questions over the heads of many lists. **Deletion**: if what the reasons speak of counted for this line no more
than for the list on the mean, how many places would the line fall, against the same for what no reason speaks of?
**Prediction**: do lines ordered by what their reasons speak of alone stand as they do in the list? **Stability**: does
a line keep its reasons when one fact is forgotten that it does not speak of? A reason that only decorates fails the
first two; one that changes with the weather fails the third.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from matching.components import COMPONENTS, Asked
from matching.entities import CandidateId
from matching.line import Reason
from matching.matcher import explain_lines
from matching.ranking import Ranking, rank
from matching.retrieval import retrieve
from matching.vocabulary import ReasonKind
from models.metrics.intervals import Interval, mean_interval
from pipelines.desk import Desk

_SEED = 20221104
HEAD, AMONG = 10, 30
SPOKEN_OF: Mapping[ReasonKind, tuple[str, ...]] = {
    ReasonKind.SKILL: ("skills", "education_gap", "training_gap", "experience_gap"),
    ReasonKind.PLACE: (
        "nearness", "far", "remote", "same_county", "same_prefecture", "wished_region", "address_text", "area_uptake",
    ),
    ReasonKind.WAGE: ("wage_gap",),
    ReasonKind.FUNCTION: ("function_gap", "to_arrange", "strain"),
    ReasonKind.ACCOMMODATION: ("accommodation_offered", "to_arrange", "strain"),
    ReasonKind.HISTORY: (
        "history_text", "history_family", "direction", "collaborative", "popularity", "employer_uptake", "area_uptake",
    ),
    ReasonKind.PREFERENCE: ("occupation", "profile_text", "direction"),
    ReasonKind.POLICY: (),
}  # fmt: skip
"""What each kind of reason speaks of among the components; policy orders by bands and not by the score."""
FALLS_SHORT, FALLS_SHORT_WORD = "falls_short", "学历、经验、专业不足的提醒"
"""Reasons of skill that warn of what the person lacks, measured apart from those that tell of what the person has."""
_HAS_SKILL, _LACKS = ("skills", "profile_text"), ("education_gap", "training_gap", "experience_gap")
"""What either speaks of. Words of skills are part of the likeness of words, whatever the weight of `skills` itself."""
_FORGOTTEN = ("education", "skills", "wished_occupations", "wished_regions", "wished_wage_min", "max_commute_km")
_OF_FACT: Mapping[str, frozenset[ReasonKind]] = {
    "education": frozenset({ReasonKind.SKILL}),
    "skills": frozenset({ReasonKind.SKILL, ReasonKind.PREFERENCE, ReasonKind.HISTORY}),
    "wished_occupations": frozenset({ReasonKind.PREFERENCE, ReasonKind.HISTORY, ReasonKind.SKILL}),
    "wished_regions": frozenset({ReasonKind.PLACE}),
    "wished_wage_min": frozenset({ReasonKind.WAGE}),
    "max_commute_km": frozenset({ReasonKind.PLACE}),
}


@dataclass(frozen=True, slots=True)
class Worth:
    """The measures; an interval is over people, None where there is nobody to measure on.

    `said_lost` and `unsaid_lost` are places lost by deletion, `said_more` their difference by person; `predicted` is
    Kendall's tau within the band; `kept` the share of reasons that stay (Jaccard); `by_kind` the places that what a
    kind of reason speaks of is worth, over lines that say it, warnings of what the person lacks apart (`FALLS_SHORT`).
    """

    n_people: int
    said_lost: Interval | None
    unsaid_lost: Interval | None
    said_more: Interval | None
    predicted: Interval | None
    kept: Interval | None
    by_kind: Mapping[str, Interval | None]


def worth(desk: Desk, people: Sequence[CandidateId]) -> Worth:
    """Measure the reasons of the first ten lines of people's lists."""
    said, unsaid, predicted, kept = list[float](), list[float](), list[float](), list[float]()
    by_kind: dict[str, list[float]] = {}
    for candidate_id in people:
        asked = desk.ask(candidate_id)
        ranking, reasons = _head(desk, asked)
        if len(reasons) < 2:
            continue
        kinds = [frozenset(reason.kind for reason in own) for own in reasons]
        parts = _parts(ranking)
        lost = [_places_lost(parts, ranking, at, names) for at, names in enumerate(map(_spoken_of, kinds))]
        said.append(float(np.mean([own for own, _ in lost])))
        unsaid.append(float(np.mean([other for _, other in lost])))
        for at, line in enumerate(reasons):
            for kind, names in _by_kind(line).items():
                by_kind.setdefault(kind, []).append(_places_lost(parts, ranking, at, names)[0])
        tau = _predicted(parts, ranking, kinds)
        if tau is not None:
            predicted.append(tau)
        kept += _kept(desk, asked, ranking, kinds)
    return Worth(
        n_people=len(said),
        said_lost=_mean(said),
        unsaid_lost=_mean(unsaid),
        said_more=_mean([a - b for a, b in zip(said, unsaid, strict=True)]),
        predicted=_mean(predicted),
        kept=_mean(kept),
        by_kind={kind: _mean(by_kind.get(kind, [])) for kind in _kinds()},
    )


def _mean(values: Sequence[float]) -> Interval | None:
    return mean_interval(list(values), seed=_SEED)


def _kinds() -> list[str]:
    """Return the kinds that are measured, warnings of what the person lacks after what the person has."""
    found = [kind.value for kind in ReasonKind if SPOKEN_OF[kind]]
    found.insert(found.index(ReasonKind.SKILL.value) + 1, FALLS_SHORT)
    return found


def _by_kind(reasons: Sequence[Reason]) -> dict[str, set[str]]:
    """Return what the reasons of a line speak of among the components, by kind."""
    found: dict[str, set[str]] = {}
    for reason in reasons:
        if reason.kind is ReasonKind.SKILL:
            has = bool({"skills", "words"} & set(reason.facts))
            found[reason.kind.value if has else FALLS_SHORT] = set(_HAS_SKILL if has else _LACKS)
        elif SPOKEN_OF[reason.kind]:
            found[reason.kind.value] = set(SPOKEN_OF[reason.kind])
    return found


def _head(desk: Desk, asked: Asked) -> tuple[Ranking, list[Sequence[Reason]]]:
    """Return a list with the reasons that each of its first lines gives."""
    retrieval = retrieve(asked.candidate, desk.index.stock, desk.rules)
    ranking = rank(asked, desk.index, retrieval, desk.rules, desk.model.weights, k=AMONG)
    items = explain_lines(asked, desk.index, ranking, desk.rules, range(min(HEAD, len(ranking))))
    return ranking, [item.reasons for item in items]


def _parts(ranking: Ranking) -> NDArray[np.float64]:
    """Return what each component adds to the score of the first lines against their mean, (n, n_components)."""
    found = ranking.columns[: len(ranking.order)][:AMONG].astype(np.float64) * ranking.weights.values
    return np.asarray(found - found.mean(axis=0))


def _spoken_of(kinds: frozenset[ReasonKind]) -> set[str]:
    return {name for kind in kinds for name in SPOKEN_OF[kind]}


def _columns(names: set[str]) -> list[int]:
    return [at for at, name in enumerate(COMPONENTS) if name in names]


def _places_lost(parts: NDArray[np.float64], ranking: Ranking, line: int, names: set[str]) -> tuple[float, float]:
    """Return how many places of its band a line loses without what was spoken of, and without the rest."""
    whole = parts.sum(axis=1)
    peers = (ranking.band[: len(parts)] == ranking.band[line]) & (np.arange(len(parts)) != line)
    own = _columns(names)
    rest = [at for at in range(parts.shape[1]) if at not in own]

    def lost(columns: list[int]) -> float:
        left = whole[line] - parts[line, columns].sum()
        before = np.count_nonzero(whole[peers] > whole[line])
        return float(np.count_nonzero(whole[peers] > left) - before)

    return lost(own), lost(rest)


def _predicted(parts: NDArray[np.float64], ranking: Ranking, kinds: Sequence[frozenset[ReasonKind]]) -> float | None:
    """Return how far lines ordered by what their reasons speak of stand as they do, within the band of the first."""
    lines = [at for at in range(len(kinds)) if ranking.band[at] == ranking.band[0]]
    if len(lines) < 3:
        return None
    by_reasons = [parts[at, _columns(_spoken_of(kinds[at]))].sum() for at in lines]
    whole = [parts[at].sum() for at in lines]
    tau = stats.kendalltau(by_reasons, whole).statistic
    return None if np.isnan(tau) else float(tau)


def _kept(desk: Desk, asked: Asked, ranking: Ranking, kinds: Sequence[frozenset[ReasonKind]]) -> list[float]:
    """Return how alike the reasons of the first line are when a fact is forgotten that they do not speak of."""
    rows = ranking.retrieval.rows[ranking.order[:1]]
    for name in _FORGOTTEN:
        held = getattr(asked.candidate, name)
        if held in (None, ()) or kinds[0] & _OF_FACT[name]:
            continue
        forgotten: Any = {name: () if isinstance(held, tuple) else None}
        without = replace(asked.candidate, **forgotten)
        again = replace(desk.ask_for(without), past=asked.past)
        found = rank(again, desk.index, retrieve(without, desk.index.stock, desk.rules, rows=rows), desk.rules,
                     desk.model.weights)  # fmt: skip
        if not len(found):
            return [0.0]
        item = explain_lines(again, desk.index, found, desk.rules, range(1))[0]
        now = frozenset(reason.kind for reason in item.reasons)
        return [len(now & kinds[0]) / len(now | kinds[0])]
    return []


def as_rows(found: Worth) -> list[tuple[str, Any]]:
    """Return the measures with their names in plain Chinese."""
    return [
        ("去掉理由所说的，名次平均下降（位）", found.said_lost),
        ("去掉理由没说的，名次平均下降（位）", found.unsaid_lost),
        ("两者之差（位）", found.said_more),
        ("只按理由所说的排序，与名单次序的一致程度（Kendall τ）", found.predicted),
        ("忘掉一项理由未提到的事实后，理由不变的比例", found.kept),
    ]
