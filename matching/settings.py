"""The figures that order a list, from `data/ranking.yaml`, checked on reading."""

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from matching.packaged import parsed
from matching.vocabulary import Function, InteractionKind


class FitSettings(BaseModel):
    """Weights of the parts of `fit`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    weights: dict[str, float]
    unknown_weight: float


class LeadSettings(BaseModel):
    """When a post of the policy order leads."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    reach_factor: float


class TrainedWork(BaseModel):
    """Groups of occupations that take professional training, and families among them that do not."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    groups: tuple[str, ...]
    also: tuple[str, ...]
    but_not: tuple[str, ...]


class SeniorTitles(BaseModel):
    """Words of a title that name a senior post, and the years of work derived from them."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    words: tuple[str, ...]
    years: float

    def word_in(self, title: str) -> str | None:
        """Return the first of the words that a title holds, or None."""
        return next((word for word in self.words if word in title), None)


class PlainWish(BaseModel):
    """A wish that names no trade: the words for it, and what such work demands at most or at least."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    words: tuple[str, ...]
    label: str
    at_most: dict[Function, int] = {}
    at_least: dict[Function, int] = {}
    is_remote: bool = False


class SaidOnce(BaseModel):
    """When something is said once at the head of a list and not on its lines."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    lines: int
    at_least: int
    share: float


class CrowdingSettings(BaseModel):
    """When a post counts as crowded over everybody's lists."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    bands: tuple[float, float, float, float]
    attention: float
    slack: float
    least_placements: float
    least_looks: float
    temperature: float
    lines: int
    people: int
    days: int


class RankingSettings(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    fit: FitSettings
    prior_weights: dict[str, float]
    not_negative: tuple[str, ...]
    not_below: dict[str, float]
    lead: LeadSettings
    derived_gap_behind: int
    unread_behind: float
    repeat_step: float
    repeats_within: int
    refusals_of_one_employer: int
    freshness_days: float
    licences_to_ask: tuple[str, ...]
    licences_of_any_kind: tuple[str, ...]
    trained_work: TrainedWork
    senior_titles: SeniorTitles
    plain_wishes: tuple[PlainWish, ...]
    said_once: SaidOnce
    crowding: CrowdingSettings
    popularity_half_life_days: float
    reasons_max: int
    act_weights: dict[InteractionKind, float]


@cache
def ranking_settings() -> RankingSettings:
    """Return the settings of the data file."""
    path = Path(__file__).parent / "data" / "ranking.yaml"
    return RankingSettings.model_validate(parsed(path.read_text(encoding="utf-8")))
