"""How a cycle is run, as data: sizes, the search space, the seed."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from matching.packaged import parsed
from pipelines.train import TrainConfig


class Point(BaseModel):
    """One point of the search space."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    no_components: int = Field(gt=0)
    epochs: int = Field(gt=0)
    prior_strength: float = Field(gt=0)

    def config(self, *, seed: int, base: TrainConfig | None = None) -> TrainConfig:
        """Return the settings of training at this point."""
        held = base or TrainConfig()
        hybrid = replace(held.hybrid, no_components=self.no_components, epochs=self.epochs, random_state=seed)
        return replace(held, hybrid=hybrid, prior_strength=self.prior_strength, seed=seed)


class Search(BaseModel):
    """What is tried, on how many people."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    people: int = Field(gt=0)
    measured_people: int = Field(gt=0)
    choices: int = Field(gt=0)
    validation_share: float = Field(gt=0, lt=1)
    points: tuple[Point, ...] = Field(min_length=1)


class QuarterSettings(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    seed: int
    test_share: float = Field(gt=0, lt=1)
    measured_people: int = Field(gt=0)
    asked_people: int = Field(gt=0)
    asked_posts: int = Field(gt=0)
    search: Search
    timed_lists: int = Field(gt=0)
    shadow_days: int = Field(gt=0)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as they are kept with a run."""
        return self.model_dump(mode="json")


@cache
def quarter_settings() -> QuarterSettings:
    """Return the settings of the file."""
    path = Path(__file__).parents[1] / "data" / "quarter.yaml"
    return QuarterSettings.model_validate(parsed(path.read_text(encoding="utf-8")))
