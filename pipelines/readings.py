"""What was read from each vacancy's text, kept beside it, so that a text is read once and not at every start.

A reading is made anew when the text changed or when the word lists did (`READING_VERSION`).
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from matching.entities import Vacancy, VacancyId
from matching.features import vacancy_words
from matching.reading import READING_VERSION, VacancyReading, from_payload, read_vacancy, to_payload
from pipelines.access.roles import program_subject
from pipelines.store.repositories import ReadingRepository, StoredReading, VacancyRepository

BLOCK = 2000
_WORDS_VERSION = "1"
VERSION = f"{READING_VERSION}.{_WORDS_VERSION}"


@dataclass(frozen=True, slots=True)
class ReadText:
    """The reading of one vacancy and its words."""

    reading: VacancyReading
    words: tuple[str, ...]


def read_text(vacancy: Vacancy) -> ReadText:
    """Read one vacancy's text."""
    return ReadText(read_vacancy(vacancy), tuple(vacancy_words(vacancy)))


def text_hash(vacancy: Vacancy) -> str:
    """Return a hash over everything that a reading is made from."""
    parts = (
        vacancy.title,
        vacancy.occupation or "",
        vacancy.description or "",
        *vacancy.skills,
        "\x1e",
        *vacancy.certificates,
        vacancy.work_mode or "",
    )
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def read_texts(connection: Connection, vacancies: Sequence[Vacancy]) -> Mapping[VacancyId, ReadText]:
    """Return the reading of every vacancy, taking the kept ones that are still right and keeping the new ones."""
    repository = ReadingRepository(connection)
    found: dict[VacancyId, ReadText] = {}
    for start in range(0, len(vacancies), BLOCK):
        found |= _read_block(repository, vacancies[start : start + BLOCK])
    return found


def refresh_texts(connection: Connection, *, progress: Callable[[int], None] | None = None) -> int:
    """Read what is new or changed, a block at a time so that memory stays bounded; return the number of vacancies."""
    repository, done = ReadingRepository(connection), 0
    for block in VacancyRepository(connection, program_subject("readings")).blocks(BLOCK):
        _read_block(repository, block)
        done += len(block)
        if progress is not None:
            progress(done)
    return done


def _read_block(repository: ReadingRepository, vacancies: Sequence[Vacancy]) -> dict[VacancyId, ReadText]:
    kept = repository.find([vacancy.vacancy_id for vacancy in vacancies])
    found: dict[VacancyId, ReadText] = {}
    fresh: list[StoredReading] = []
    for vacancy in vacancies:
        digest = text_hash(vacancy)
        stored = kept.get(vacancy.vacancy_id)
        if stored is not None and stored.version == VERSION and stored.text_hash == digest:
            found[vacancy.vacancy_id] = unpack(stored.payload)
            continue
        read = found[vacancy.vacancy_id] = read_text(vacancy)
        fresh.append(StoredReading(vacancy.vacancy_id, VERSION, digest, pack(read)))
    repository.upsert(fresh)
    return found


def read_all(vacancies: Iterable[Vacancy]) -> Mapping[VacancyId, ReadText]:
    """Read texts without a store."""
    return {vacancy.vacancy_id: read_text(vacancy) for vacancy in vacancies}


def pack(read: ReadText) -> str:
    """Return a reading as it is kept."""
    return json.dumps({"reading": to_payload(read.reading), "words": " ".join(read.words)}, ensure_ascii=False)


def unpack(payload: str) -> ReadText:
    """Return the reading that `pack` wrote."""
    loaded = json.loads(payload)
    return ReadText(from_payload(loaded["reading"]), tuple(loaded["words"].split(" ")) if loaded["words"] else ())
