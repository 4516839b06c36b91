"""The figures that order a list, from `data/ranking.yaml`, checked on reading."""

from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from matching.vocabulary import InteractionKind


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
    but_not: tuple[str, ...]


class RankingSettings(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    fit: FitSettings
    prior_weights: dict[str, float]
    not_negative: tuple[str, ...]
    lead: LeadSettings
    derived_gap_behind: int
    freshness_days: float
    licences_to_ask: tuple[str, ...]
    licences_of_any_kind: tuple[str, ...]
    trained_work: TrainedWork
    popularity_half_life_days: float
    reasons_max: int
    act_weights: dict[InteractionKind, float]


@cache
def ranking_settings() -> RankingSettings:
    """Return the settings of the data file."""
    path = Path(__file__).parent / "data" / "ranking.yaml"
    return RankingSettings.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
