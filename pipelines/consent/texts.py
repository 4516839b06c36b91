"""What people are told, and the terms that hold: the packaged data files, checked when they are read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from matching.packaged import parsed
from pipelines.consent.words import ConsentPurpose

_DATA = Path(__file__).resolve().parent.parent / "data"
Term = Literal[
    "inactive_after_months",
    "warned_for_days",
    "placement_evidence_months",
    "request_working_days",
    "notice_read_months",
    "notice_unread_months",
]


# Lines of the file are folded with a space between them, which Chinese does not have.
_FOLD = re.compile(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])")


def _unfolded(text: str) -> str:
    return _FOLD.sub("", text)


_Words = Annotated[str, AfterValidator(_unfolded)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Text(_Strict):
    label: str
    law: tuple[str, ...] = Field(min_length=1)
    text: _Words


class _Source(_Strict):
    document: str
    clause: str
    status: str = "confirmed"


class _Notice(_Strict):
    version: str
    text: _Words
    explanation: _Words
    refusal: _Words
    review: _Words
    source: _Source


class _Guardian(_Strict):
    when: str
    source: _Source


class _Texts(_Strict):
    version: str
    texts: Mapping[ConsentPurpose, _Text]
    automated_decision: _Notice
    guardians: tuple[_Guardian, ...]


class Dated(_Strict):
    """One value of a number with the day from which it holds."""

    valid_from: date
    value: int = Field(ge=1)
    source: _Source
    why: str


@dataclass(frozen=True, slots=True)
class ToldText:
    """One text as it is read out: its version, label, words, and the articles it answers to."""

    version: str
    purpose: ConsentPurpose
    text: str
    law: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as it travels in JSON."""
        return {
            "version": self.version,
            "purpose": self.purpose.value,
            "label": self.purpose.label,
            "text": self.text,
            "source": {"document": "个人信息保护法", "clause": "、".join(self.law)},
        }


@cache
def _texts() -> _Texts:
    return _Texts.model_validate(parsed((_DATA / "consent_texts.yaml").read_text(encoding="utf-8")))


@cache
def _terms() -> Mapping[str, tuple[Dated, ...]]:
    loaded = parsed((_DATA / "retention.yaml").read_text(encoding="utf-8"))
    return {name: tuple(Dated.model_validate(version) for version in versions) for name, versions in loaded.items()}


def current_texts() -> list[ToldText]:
    """Return the texts to be read out now, one for each purpose."""
    told = _texts()
    return [
        ToldText(told.version, purpose, told.texts[purpose].text, told.texts[purpose].law) for purpose in ConsentPurpose
    ]


def is_current(version: str) -> bool:
    """True where a version of the texts is the one to be read out now."""
    return version == _texts().version


def automated_decision_notice() -> dict[str, Any]:
    """Return what every list says of itself (个人信息保护法 第二十四条)."""
    notice = _texts().automated_decision
    return {
        "version": notice.version,
        "text": notice.text,
        "explanation": notice.explanation,
        "refusal": notice.refusal,
        "review": notice.review,
        "source": {"document": notice.source.document, "clause": notice.source.clause},
    }


def term(name: Term, on: date) -> int:
    """Return a term as it holds on a day; before the first version the first one holds."""
    versions = sorted(_terms()[name], key=lambda version: version.valid_from)
    return next((v.value for v in reversed(versions) if v.valid_from <= on), versions[0].value)


def working_days_after(day: date, n: int) -> date:
    """Return the day n working days later; Monday to Friday, since the yearly table of holidays is not kept here."""
    for _ in range(n):
        day += timedelta(days=1)
        while day.weekday() >= 5:
            day += timedelta(days=1)
    return day
