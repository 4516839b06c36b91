"""How many lines of a list are good matches: what moves a person forward among those to be served."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from matching.duties.terms import terms_on
from matching.vocabulary import Outcome

_FITTING = frozenset({Outcome.FITS.value, Outcome.FITS_WITH_ACCOMMODATION.value})


def strong_lines(document: Mapping[str, Any]) -> int:
    """Return how many lines of a shortlist document fit for certain and at least as well as the day's number says."""
    least = terms_on(date.fromisoformat(document["as_of"])).strong_fit
    return sum(line["outcome"] in _FITTING and Decimal(str(line["fit"])) >= least for line in document.get("items", ()))
