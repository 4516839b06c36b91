"""The cost that a claim of a benefit usually stands for: what a form begins with, never what is kept unasked."""

from functools import cache
from pathlib import Path

import matching
from matching.packaged import parsed

COSTS = ("wage", "social_insurance", "training", "equipment", "facility", "startup", "living", "tax", "other")


@cache
def _usual() -> dict[str, str]:
    path = Path(matching.__file__).parent / "data/claim_costs.yaml"
    loaded: dict[str, str] = parsed(path.read_text(encoding="utf-8"))
    return loaded


def usual_cost(rule_id: str) -> str | None:
    """Return the usual cost of a benefit; None where it has to be asked."""
    return _usual().get(rule_id)
