"""Licences that the law requires for a task, and whether a person's certificates contain them.

Only what a vacancy states counts: a licence is never derived. A wellness massage post (保健按摩) must not ask for the
medical qualification (盲人医疗按摩人员资格); such a demand is named as misplaced. Excluding anybody is left to
`matching.retrieval`.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from matching.entities import Vacancy
from matching.occupations import OccupationFamily, classify, families
from matching.packaged import parsed
from matching.source import Source

MassageKind = Literal["medical", "wellness"]

MEDICAL_MASSAGE = "medical_massage"
_MASSAGE_FAMILIES = ("massage_medical", "massage_wellness")


class _Licence(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    label: str = Field(min_length=1)
    words: tuple[str, ...] = Field(min_length=1)
    families: tuple[str, ...]
    document: str = Field(min_length=1)
    clause: str = Field(min_length=1)
    status: Literal["confirmed", "known-high"]


class _Massage(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    medical: tuple[str, ...]
    wellness: tuple[str, ...]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    licences: Mapping[str, _Licence]
    massage: _Massage


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence: the words that name it, the families whose task needs it, and the law that says so."""

    licence_id: str
    label: str
    words: tuple[str, ...]
    families: tuple[str, ...]
    document: str
    clause: str
    status: str

    @property
    def source(self) -> Source:
        """Document and clause, as a caseworker would cite them."""
        return Source(self.document, self.clause)


@cache
def _file() -> _File:
    path = Path(__file__).parent / "data" / "licences.yaml"
    loaded = _File.model_validate(parsed(path.read_text(encoding="utf-8")))
    for licence_id, licence in loaded.licences.items():
        unknown = [family for family in licence.families if family not in families()]
        if unknown:
            raise ValueError(f"{path.name}: {licence_id} names unknown families: {', '.join(unknown)}")
    return loaded


@cache
def licences() -> Mapping[str, Licence]:
    """Return every licence by its id, in the order of the data file.

    Raises
    ------
    ValueError
        When a licence names a family that does not exist.
    """
    return MappingProxyType(
        {
            licence_id: Licence(
                licence_id=licence_id,
                label=entry.label,
                words=tuple(_plain(word) for word in entry.words),
                families=entry.families,
                document=entry.document,
                clause=entry.clause,
                status=entry.status,
            )
            for licence_id, entry in _file().licences.items()
        }
    )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower().replace(" ", "")


def _names(licence: Licence, certificates: Iterable[str]) -> bool:
    return any(_names_one(licence, _plain(certificate)) for certificate in certificates)


def _names_one(licence: Licence, certificate: str) -> bool:
    # A code (C1, B2) counts only as the whole entry, else it would be found inside other words.
    return any(word == certificate or (not word.isascii() and word in certificate) for word in licence.words)


def required_licences(vacancy: Vacancy, family: OccupationFamily | None) -> tuple[Licence, ...]:
    """Return the licences that a vacancy states and the law requires for its task; none where none is stated.

    Where the family is unknown the statement alone counts. A medical qualification asked for by a post that is not
    medical massage is left out; see `misplaced_requirements`.
    """
    return tuple(
        licence
        for licence in licences().values()
        if _names(licence, vacancy.certificates) and _is_for(licence, vacancy, family)
    )


def _is_for(licence: Licence, vacancy: Vacancy, family: OccupationFamily | None) -> bool:
    if licence.licence_id == MEDICAL_MASSAGE:
        return massage_kind(vacancy) == "medical"
    return family is None or not licence.families or family.family_id in licence.families


def holds(candidate_certificates: tuple[str, ...], licence: Licence) -> bool:
    """Whether one of the certificates that a person stated is this licence."""
    return _names(licence, candidate_certificates)


def massage_kind(vacancy: Vacancy) -> MassageKind | None:
    """Return whether a post is medical or wellness massage, None where it is no massage post.

    Title and occupation decide where they say it; else the text; a massage post of which nothing is said counts as
    wellness, for that excludes nobody.
    """
    family = classify(vacancy.title) or (classify(vacancy.occupation) if vacancy.occupation else None)
    if family is None or family.family_id not in _MASSAGE_FAMILIES:
        return None
    for text in (f"{vacancy.title} {vacancy.occupation or ''}", vacancy.description or ""):
        kind = _massage_kind_of(_plain(text))
        if kind is not None:
            return kind
    return "medical" if family.family_id == "massage_medical" else "wellness"


def _massage_kind_of(text: str) -> MassageKind | None:
    massage = _file().massage
    if any(word in text for word in massage.medical):
        return "medical"
    return "wellness" if any(word in text for word in massage.wellness) else None


def misplaced_requirements(vacancy: Vacancy) -> tuple[str, ...]:
    """Return, in plain Chinese, what a vacancy must not ask for; none where all is in its place.

    Source: 盲人医疗按摩管理办法 (the qualification is for medical massage; wellness massage does not need it).
    """
    licence = licences()[MEDICAL_MASSAGE]
    if massage_kind(vacancy) == "wellness" and _names(licence, vacancy.certificates):
        return (f"保健按摩岗位不应要求{licence.label}（{licence.document}{licence.clause}）",)
    return ()
