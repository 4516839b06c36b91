"""What a cycle learns from: cases without identity, sealed in one file, with the hash of their content.

Who refused learning is not in it. No name, number, phone, address, household, free text or record of who supplied what
goes in; days of a person's life are months, places on the map two decimals. Certificate facts are there for measuring
and for announced posts alone: no feature is made of them (`matching.features`). The days of acts stay, since a model is
tested in time; so the file is sealed with the vault's keys, for the program alone. What analysts get to read is
`pipelines.reports.extract`.
"""

import hashlib
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from matching.entities import Candidate, EmployerId, Interaction, Placement, Vacancy, VacancyId
from matching.features import candidate_words
from pipelines.access.vault import Place, Vault
from pipelines.casebook import Casebook
from pipelines.errors import PipelineError
from pipelines.names_in_models import UNKEYED, Names
from pipelines.quarter.files import write_whole
from pipelines.readings import ReadText, pack, unpack
from pipelines.schema import TABLES, TableSpec

FORMAT = 2
LEFT_OUT: Mapping[str, frozenset[str]] = {
    "candidates": frozenset(
        {
            "name", "certificate_number", "certificate_valid_until", "address", "phone", "household_id",
            "consent_matching_on", "consent_disclosure",
        }
    ),
    "employers": frozenset({"contact"}),
    "interactions": frozenset({"reason"}),
    "placements": frozenset(
        {
            "monthly_wage", "contract_months", "wage_paid_by_bank", "attendance_confirmed", "insurance_base",
            "insurance_base_limit", "insured_by", "remote_agreement", "is_dispatch", "dispatch_agency",
            "dispatch_host", "counted",
        }
    ),
}  # fmt: skip
"""Columns that no extract holds."""


class ExtractChanged(PipelineError):
    """The file is not the one that was written."""


@dataclass(frozen=True, slots=True)
class Extract:
    """A casebook without identity, and the hash of everything in it."""

    casebook: Casebook
    data_hash: str


def pseudonymised(casebook: Casebook) -> Casebook:
    """Return the cases that may be learned from, without identity."""
    held, names = casebook.learnable(), casebook.names
    public = frozenset(word for read in held.texts.values() for word in read.words)
    people = sorted((_person(c, public, names) for c in held.candidates.values()), key=lambda c: c.candidate_id)
    acts = [
        replace(i, candidate_id=names.stand_in(i.candidate_id), reason=None)
        for i in held.interactions
        if i.candidate_id in held.candidates
    ]
    placements = [
        _placement(p, names) for p in held.placements if p.candidate_id in held.candidates or p.vacancy_id is not None
    ]
    return Casebook(
        candidates={c.candidate_id: c for c in people},
        vacancies=held.vacancies,
        employers={i: replace(e, contact=None) for i, e in held.employers.items()},
        interactions=sorted(acts, key=lambda i: (i.at, i.candidate_id, i.vacancy_id, i.kind)),
        placements=sorted(placements, key=_order_of_placement),
        courses=(),
        texts=held.texts,
        names=names,
    )


def _person(candidate: Candidate, public: frozenset[str], names: Names) -> Candidate:
    """Return one person without identity; of what they wrote only words that vacancies use as well."""
    born = candidate.known_birth_date
    certificate = candidate.certificate
    words = dict.fromkeys(word for word in candidate_words(_experience_alone(candidate)) if word in public)
    return replace(
        candidate,
        candidate_id=names.stand_in(candidate.candidate_id),
        name=None,
        certificate_number=None,
        certificate_valid_until=None,
        category=candidate.known_category,
        grade=certificate.grade if certificate else candidate.grade,
        sex=candidate.known_sex,
        birth_date=born.replace(day=1) if born else None,
        graduated_on=_month(candidate.graduated_on),
        unemployed_since=_month(candidate.unemployed_since),
        hard_to_employ_since=_month(candidate.hard_to_employ_since),
        hard_to_employ_until=_month_end(candidate.hard_to_employ_until),
        experience=" ".join(words) or None,
        address=None,
        phone=None,
        household_id=None,
        consent_matching_on=None,
        consent_disclosure=None,
        longitude=None if candidate.longitude is None else round(candidate.longitude, 2),
        latitude=None if candidate.latitude is None else round(candidate.latitude, 2),
        sources={},
    )


def _experience_alone(candidate: Candidate) -> Candidate:
    """Return the person with nothing but what they wrote of their experience."""
    return Candidate(candidate_id=candidate.candidate_id, experience=candidate.experience)


def _month(day: date | None) -> date | None:
    return None if day is None else day.replace(day=1)


def _month_end(day: date | None) -> date | None:
    return None if day is None else (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _placement(placement: Placement, names: Names) -> Placement:
    own = names.stand_in(placement.candidate_id)
    unsaid: dict[str, Any] = dict.fromkeys(LEFT_OUT["placements"])
    held = replace(placement, candidate_id=own, **unsaid)
    return replace(held, placement_id=hashlib.sha256(repr(_order_of_placement(held)).encode()).hexdigest()[:16])


def _order_of_placement(placement: Placement) -> tuple[str, ...]:
    days = (placement.starts_on, placement.ends_on)
    return (placement.candidate_id, placement.vacancy_id or "", *(day.isoformat() if day else "" for day in days))


# ---- to bytes and back ----------------------------------------------------------------------------------------------


def to_text(casebook: Casebook) -> str:
    """Write a casebook as one text, the same for the same cases."""
    tables: dict[str, Iterable[Any]] = {
        "employers": sorted(casebook.employers.values(), key=lambda e: e.employer_id),
        "vacancies": sorted(casebook.vacancies, key=lambda v: v.vacancy_id),
        "candidates": casebook.candidates.values(),
        "interactions": casebook.interactions,
        "placements": casebook.placements,
    }
    document = {
        "format": FORMAT,
        "names_key": casebook.names.key_id,
        "tables": {name: list(_cells(TABLES[name], rows)) for name, rows in tables.items()},
        "readings": {i: pack(casebook.texts[i]) for i in sorted(casebook.texts)},
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _columns(spec: TableSpec) -> Sequence[Any]:
    return [column for column in spec.columns if column.name not in LEFT_OUT.get(spec.name, ())]


def _cells(spec: TableSpec, rows: Iterable[Any]) -> Iterable[list[str]]:
    columns = _columns(spec)
    for row in rows:
        yield [column.format(getattr(row, column.attribute)) for column in columns]


def from_text(text: str, vault: Vault) -> Casebook:
    """Read a casebook back.

    Raises
    ------
    ExtractChanged
        When it was written by another version of the program.
    KeysMissing
        When the key that its names were made with is not in the vault.
    """
    document = json.loads(text)
    if document.get("format") != FORMAT:
        raise ExtractChanged("摘录的格式不是本程序所写")
    held = {name: _read(TABLES[name], rows) for name, rows in document["tables"].items()}
    texts: dict[VacancyId, ReadText] = {VacancyId(i): unpack(read) for i, read in document["readings"].items()}
    vacancies: list[Vacancy] = held["vacancies"]
    acts: list[Interaction] = held["interactions"]
    return Casebook(
        candidates={c.candidate_id: c for c in held["candidates"]},
        vacancies=vacancies,
        employers={EmployerId(e.employer_id): e for e in held["employers"]},
        interactions=acts,
        placements=held["placements"],
        courses=(),
        texts=texts,
        names=Names.under(vault, document["names_key"]) if document["names_key"] else UNKEYED,
    )


def _read(spec: TableSpec, rows: Sequence[Sequence[str]]) -> list[Any]:
    columns = _columns(spec)
    seen: list[dict[str, Any]] = [{} for _ in columns]
    found = []
    for row in rows:
        values: dict[str, Any] = {}
        for column, cell, known in zip(columns, row, seen, strict=True):
            if cell:
                if cell not in known:  # a province repeats its words
                    known[cell] = column.parse(cell)
                values[column.name] = known[cell]
        found.append(spec.build(values))
    return found


def save_extract(casebook: Casebook, file: Path, vault: Vault) -> str:
    """Seal a casebook that has no identity in it into a file, and return the hash of its content.

    Raises
    ------
    KeysMissing
        When there is no key to seal with.
    """
    text = to_text(casebook)
    data_hash = hashlib.sha256(text.encode()).hexdigest()
    packed = b64encode(zlib.compress(text.encode(), 6)).decode()
    write_whole(file, f"{data_hash}\n{vault.seal(packed, _place(data_hash))}")
    return data_hash


def load_extract(file: Path, vault: Vault) -> Extract:
    """Open an extract.

    Raises
    ------
    ExtractChanged
        When the file is not the one that was written.
    KeysMissing
        When the key that sealed it is not there.
    """
    data_hash, _, sealed = file.read_text(encoding="ascii").partition("\n")
    text = zlib.decompress(b64decode(vault.open(sealed, _place(data_hash)))).decode()
    if hashlib.sha256(text.encode()).hexdigest() != data_hash:
        raise ExtractChanged("摘录的内容与记录的哈希不符")
    return Extract(from_text(text, vault), data_hash)


def _place(data_hash: str) -> Place:
    return Place("quarter", "extract", data_hash)
