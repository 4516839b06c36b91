"""Equal exposure at equal fit, as a dated rule: what is kept, how strictly, and who comes forward for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from matching.packaged import parsed


class ExposureRule(BaseModel):
    """One version of the rule (`data/exposure.yaml`)."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    since: date = Field(alias="from")
    is_on: bool
    attributes: tuple[str, ...]
    gap: float = Field(gt=0, lt=1)
    places: int = Field(gt=0)
    lines: int = Field(gt=0)
    most: float = Field(ge=0, le=1)
    least: int = Field(ge=10)
    people: int = Field(gt=0)
    posts: int = Field(gt=0)
    confidence: float = Field(gt=0, lt=1)


@cache
def _versions() -> tuple[ExposureRule, ...]:
    path = Path(__file__).parent / "data" / "exposure.yaml"
    loaded = parsed(path.read_text(encoding="utf-8"))
    return tuple(ExposureRule.model_validate(entry) for entry in loaded["versions"])


def exposure_rule(on: date) -> ExposureRule | None:
    """Return the rule in force on a day, switched on or not; None where none is."""
    held = [rule for rule in _versions() if rule.since <= on]
    return max(held, key=lambda rule: rule.since, default=None)


@dataclass(frozen=True, slots=True)
class Forward:
    """By how much people of which groups come forward in lists of people for a post; empty where nobody does."""

    lifts: Mapping[str, Mapping[str, float]]

    def of(self, groups: Mapping[str, str]) -> Mapping[str, float]:
        """Return by how much a person who said nothing would come forward, for each attribute that brings anything."""
        found = {attribute: of.get(groups[attribute], 0.0) for attribute, of in self.lifts.items()}
        return {attribute: lift for attribute, lift in found.items() if lift > 0}


NOBODY = Forward({})
