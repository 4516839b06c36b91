"""What of a person's sensitive facts is shown to who works with them, and what only for a stated purpose.

A mask says that something is known, and enough of it to tell two people apart; it never says all of it.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pipelines.schema import CANDIDATES

MASK = "*"
SENSITIVE = tuple(column.name for column in CANDIDATES.columns if column.sensitive)
_HIDDEN = "***"
_CITIZEN_DIGITS, _CERTIFICATE_DIGITS = 18, 20
_PHONE_SHOWN = 4


def masked(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a person's document with the sensitive facts masked, and under `masked` which ones are."""
    held = [name for name in SENSITIVE if document.get(name) is not None]
    return {**document, **{name: _mask(name, document[name]) for name in held}, "masked": held}


def in_full(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return only the sensitive facts of a person, in full, beside the id."""
    return {"candidate_id": document["candidate_id"], **{name: document[name] for name in SENSITIVE}}


def _mask(name: str, value: Any) -> Any:
    if name == "name":
        return value[:1] + MASK * max(len(value) - 1, 1)
    if name == "phone":
        shown = min(_PHONE_SHOWN, len(value) // 3)
        return MASK * (len(value) - shown) + (value[-shown:] if shown else "")
    if name == "certificate_number":
        # The category and the grade, which the record states anyway; of the citizen number nothing.
        return MASK * _CITIZEN_DIGITS + value[_CITIZEN_DIGITS:_CERTIFICATE_DIGITS]
    if name == "birth_date":
        return (value.isoformat() if isinstance(value, date) else value)[:4]
    return _HIDDEN if isinstance(value, str) else None


def looks_masked(cells: Mapping[str, str]) -> list[str]:
    """Return the columns whose cell is a mask that came back, or the year that stands for a birth date."""
    return [name for name in SENSITIVE if MASK in cells.get(name, "")]
