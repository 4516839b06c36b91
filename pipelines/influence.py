"""How much one source may say in training: of each person and each employer only so many pairs count.

Who floods the record with clicks or refusals is heard as loudly as the loudest honest source, and not more. A
person's own history still orders the person's own list; what is bounded is what others' lists learn from it.
Left to others: who entered an act is not recorded with it, so that a caseworker who enters acts of many people on many
employers is bounded by neither; the gate (`pipelines.retraining`) looks at counties.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from matching.entities import CandidateId, Interaction, VacancyId
from matching.packaged import parsed
from matching.settings import ranking_settings
from pipelines.casebook import Casebook

Pair = tuple[CandidateId, VacancyId]
SourceOf = Callable[[Pair], str | None]


class Bound(BaseModel):
    """How much one source of a kind may say: a share of what the others say, or the floor where that is more."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    share: float
    floor: int
    floor_in_all: int


class GateSettings(BaseModel):
    """When a new model needs a person to look."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    churn: float
    people: int
    candidate_share: float
    employer_share: float
    county_share: float
    new_pairs: int
    left_out_share: float


class InfluenceSettings(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    window_days: int
    candidate: Bound
    employer: Bound
    moved_by_one_source: float
    gate: GateSettings


@cache
def influence_settings() -> InfluenceSettings:
    """Return the figures."""
    path = Path(__file__).parent / "data" / "influence.yaml"
    return InfluenceSettings.model_validate(parsed(path.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Bounded:
    """A casebook in which no source says more than it may, and how many pairs were left out for which kind."""

    casebook: Casebook
    n_pairs: int
    left_out: Mapping[str, int]

    @property
    def left_out_share(self) -> float:
        """Return the share of all pairs that was left out; 0 where there is none."""
        return sum(self.left_out.values()) / self.n_pairs if self.n_pairs else 0.0

    def as_dict(self) -> dict[str, object]:
        """Return it as it stands in the summary of a model."""
        return {"n_pairs": self.n_pairs, "left_out": dict(self.left_out)}


def within_influence(casebook: Casebook, until: date) -> Bounded:
    """Return a casebook in which no person and no employer says more than it may.

    A pair that is left out goes whole, with its refusals and whatever came of it.
    """
    settings = influence_settings()
    strongest = _pairs(casebook, until)
    left_out: dict[str, int] = {}
    for kind, source_of in sources(casebook).items():
        bound: Bound | None = getattr(settings, kind, None)
        if bound is None:
            continue
        kept = _kept(strongest, source_of, bound, settings.window_days)
        left_out[kind] = len(strongest) - len(kept)
        strongest = kept
    n_pairs = len(strongest) + sum(left_out.values())
    if not any(left_out.values()):
        return Bounded(casebook, n_pairs, left_out)
    acts = [i for i in casebook.interactions if i.at > until or (i.candidate_id, i.vacancy_id) in strongest]
    return Bounded(replace(casebook, interactions=acts), n_pairs, left_out)


def sources(casebook: Casebook) -> Mapping[str, SourceOf]:
    """Return how to tell who speaks in a pair, by kind; None where nobody knows."""
    employer_of = {v.vacancy_id: v.employer_id for v in casebook.vacancies}
    region_of = {i: c.region for i, c in casebook.candidates.items()}
    return {
        "candidate": lambda pair: pair[0],
        "employer": lambda pair: employer_of.get(pair[1]),
        "county": lambda pair: region_of.get(pair[0]),
    }


def _pairs(casebook: Casebook, until: date) -> dict[Pair, Interaction]:
    """Return each pair with its strongest act up to a day; a refusal says least."""
    weights = ranking_settings().act_weights
    found: dict[Pair, Interaction] = {}
    for act in sorted(casebook.interactions, key=lambda i: (-weights.get(i.kind, 0.0), i.at, i.candidate_id)):
        if act.at <= until:
            found.setdefault((act.candidate_id, act.vacancy_id), act)
    return found


def _kept(
    pairs: Mapping[Pair, Interaction], source_of: SourceOf, bound: Bound, window_days: int
) -> dict[Pair, Interaction]:
    """Return the pairs that are kept, the strongest of each source first; who is not known is not bounded."""
    windows = {pair: act.at.toordinal() // window_days for pair, act in pairs.items()}
    said_in = Counter((windows[pair], source_of(pair)) for pair in pairs)
    said = Counter(source_of(pair) for pair in pairs)
    all_in = Counter(windows.values())
    taken_in, taken = Counter[tuple[int, str | None]](), Counter[str | None]()
    kept: dict[Pair, Interaction] = {}
    for pair, act in pairs.items():  # the strongest first, as they were put in
        source, window = source_of(pair), windows[pair]
        place = (window, source)
        most_in = max(bound.floor, bound.share * (all_in[window] - said_in[place]))
        most = max(bound.floor_in_all, bound.share * (len(pairs) - said[source]))
        if source is None or (taken_in[place] < most_in and taken[source] < most):
            kept[pair] = act
            taken_in[place] += 1
            taken[source] += 1
    return kept
