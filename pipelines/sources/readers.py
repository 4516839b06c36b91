"""Readers (读法): how one foreign cell of text becomes one cell of ours, by name, for the mapping files.

A reader answers with the cell as `pipelines.schema` takes it, with codes of what is to be noted, and with whether
anything was found; each is a pure function of its text and answers repeated texts from memory.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from matching.vocabulary import Term
from pipelines.sources import quality
from pipelines.sources.benefits import read_days_per_week, read_offers, read_social_insurance, skills_of
from pipelines.sources.places import ABROAD, CONTRADICTORY, NATIONWIDE, read_place
from pipelines.sources.places import BROKEN as BROKEN_PLACE
from pipelines.sources.wages import BROKEN, CURRENCY, IMPOSSIBLE, PER_PIECE, Wage, read_wage
from pipelines.sources.words import (
    Reading,
    read_count,
    read_date,
    read_education,
    read_experience,
    read_work_mode,
    read_yes_no,
)


@dataclass(frozen=True, slots=True)
class Cell:
    """What a reader found: the cell, codes to note, and whether the source settled the matter.

    `settled` is false where nothing was stated or it was not understood: then another source may be asked.
    """

    text: str = ""
    codes: tuple[str, ...] = ()
    settled: bool = False


Reader = Callable[[str], Cell]

_WAGE_CODES = {
    BROKEN: "broken_characters",
    CURRENCY: "wage_currency",
    PER_PIECE: "wage_per_piece",
    IMPOSSIBLE: "wage_impossible",
}
_PLACE_CODES = {
    ABROAD: "place_abroad",
    NATIONWIDE: "place_nationwide",
    CONTRADICTORY: "place_contradictory",
    BROKEN_PLACE: "broken_characters",
}


def _text(text: str) -> Cell:
    clean = quality.clean_text(text)
    return Cell(clean, settled=bool(clean))


def _title(text: str) -> Cell:
    title, codes = quality.clean_title(text)
    return Cell(title, codes, bool(title))


def _description(text: str) -> Cell:
    clean = quality.clean_text(text)
    return Cell(clean, quality.description_codes(clean), bool(clean))


def _employer(text: str) -> Cell:
    name = " ".join(quality.clean_text(text).split())
    if not name:
        return Cell()
    if not quality.is_employer_name(name):
        return Cell(codes=("employer_not_understood",))
    return Cell(name, ("broken_characters",) if "�" in name else (), settled=True)


def _wage(which: str) -> Reader:
    def read(text: str) -> Cell:
        wage: Wage = read_wage(text)
        amount = getattr(wage, which)
        if not wage.understood:
            return Cell(codes=(_WAGE_CODES.get(wage.problem, "wage_not_understood"),))
        codes = ("wage_doubtful",) if wage.doubtful else ()
        return Cell("" if amount is None else str(amount), codes, settled=wage.stated)

    return read


def _place(text: str) -> Cell:
    place = read_place(text)
    if not place.understood:
        return Cell(codes=(_PLACE_CODES.get(place.problem, "place_not_understood"),))
    return Cell(place.code or "", settled=place.stated)


def _place_rest(text: str) -> Cell:
    place = read_place(text)
    # Settled with the place itself: another source would describe another place.
    return Cell(place.rest, settled=place.stated and (place.understood or bool(place.rest)))


def _reading(read: Callable[[str], Reading[Any]], code: str) -> Reader:
    def answer(text: str) -> Cell:
        reading = read(text)
        if not reading.understood:
            return Cell(codes=(code,))
        if reading.value is None:
            return Cell(settled=reading.stated)
        value = reading.value.value if isinstance(reading.value, Term) else str(reading.value)
        return Cell(value, settled=True)

    return answer


def _offers(text: str) -> Cell:
    found = read_offers(text)
    return Cell(";".join(f"{accommodation.value}=declared" for accommodation in found), settled=bool(found))


def skill_cell(parts: list[str]) -> str:
    """Write the skills among the parts of a list cell."""
    return ";".join(skills_of(parts))


def _remembered(reader: Reader) -> Reader:
    return lru_cache(maxsize=65_536)(reader)


READERS: Mapping[str, Reader] = {
    "text": _text,
    "title": _remembered(_title),
    "description": _description,
    "employer": _remembered(_employer),
    "wage_min": _remembered(_wage("minimum")),
    "wage_max": _remembered(_wage("maximum")),
    "education": _remembered(_reading(read_education, "education_not_understood")),
    "education_elsewhere": _remembered(
        _reading(lambda text: read_education(text, is_own_column=False), "education_not_understood")
    ),
    "experience": _remembered(_reading(read_experience, "experience_not_understood")),
    "experience_elsewhere": _remembered(
        _reading(lambda text: read_experience(text, is_own_column=False), "experience_not_understood")
    ),
    "place": _remembered(_place),
    "place_rest": _remembered(_place_rest),
    "date": _remembered(_reading(read_date, "date_not_understood")),
    "count": _remembered(_reading(read_count, "count_not_understood")),
    "yes_no": _remembered(_reading(read_yes_no, "word_not_understood")),
    "work_mode": _remembered(_reading(read_work_mode, "word_not_understood")),
    "social_insurance": _reading(read_social_insurance, "word_not_understood"),
    "days_per_week": _reading(read_days_per_week, "word_not_understood"),
    "accommodations": _offers,
    "list": _text,  # cut up by the column's `parts`
    "skills": _text,  # cut up likewise, benefits and degrees left out
}
"""Every reader by the name that a mapping file uses."""
