"""People and vacancies as named features and as words; the one place for training and for a request alike.

Left out on purpose: category, grade, certificate, sex, age, hukou, name, address, phone and every person's id.
A missing fact is a feature of its own (`missing:…`), never a zero.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache

from matching.entities import Candidate, Vacancy
from matching.occupations import classify, families, lexicon_words
from matching.regions import prefecture
from matching.stock import StockItem
from models.text import Tokenizer

Features = dict[str, float]

_ASKED_OF_CANDIDATE = (
    "education",
    "skills",
    "experience",
    "wished_occupations",
    "wished_regions",
    "wished_wage_min",
    "max_commute_km",
    "transport",
    "functions",
    "region",
)
_ASKED_OF_VACANCY = ("wage_min", "education_min", "demands", "region", "work_mode", "hours_per_day")
_WAGE_STEPS = (1500, 2000, 2500, 3000, 4000, 5000, 7000, 10_000, 15_000, 25_000)
_MAX_WORDS = 400
# What people write of themselves can name category and grade, which no model may see.
_TELLS_DISABILITY = re.compile(r"残|聋|^盲人$|哑|听力|视力|肢体|言语|智力|精神|多重|[一二三四]级|重度|轻度")


@cache
def tokenizer() -> Tokenizer:
    """Return the tokenizer that knows the project's occupation words."""
    return Tokenizer(lexicon_words())


@cache
def occupation_words() -> frozenset[str]:
    """Return the words that name occupations."""
    return frozenset(lexicon_words())


def candidate_words(candidate: Candidate) -> list[str]:
    """Return the words of wishes (twice: they say most), skills, certificates and experience."""
    wishes = " ".join(candidate.wished_occupations)
    known = (*candidate.skills, *candidate.certificates, candidate.experience or "")
    words = tokenizer().tokens(f"{wishes} {wishes} {' '.join(known)}")[:_MAX_WORDS]
    return [word for word in words if not _TELLS_DISABILITY.search(word)]


def vacancy_words(vacancy: Vacancy) -> list[str]:
    """Return the words of title and occupation (twice: they say most), skills and description."""
    title = f"{vacancy.title} {vacancy.occupation or ''}"
    text = f"{title} {title} {' '.join((*vacancy.skills, *vacancy.certificates))} {vacancy.description or ''}"
    return tokenizer().tokens(text)[:_MAX_WORDS]


def provider_key(vacancy: Vacancy) -> str:
    """Return whose vacancy it is: the employer's id, else its stated name, else the vacancy stands for itself."""
    return str(vacancy.employer_id or vacancy.employer_name or vacancy.vacancy_id)


def address_words(*addresses: str | None) -> list[str]:
    """Return the words of addresses; held side by side at a request, never learned from people's addresses."""
    return tokenizer().tokens(" ".join(address for address in addresses if address))


def _wage_band(wage: Decimal | None) -> str | None:
    return None if wage is None else str(sum(wage >= step for step in _WAGE_STEPS))


def _missing(row: object, names: Iterable[str]) -> Features:
    return {f"missing:{name}": 1.0 for name in names if getattr(row, name) in (None, (), {})}


def _words(words: Sequence[str]) -> Features:
    return {f"word:{word}": 1.0 for word in words}


def _places(prefix: str, regions: Iterable[str]) -> Features:
    found: Features = {}
    for region in regions:
        found[f"{prefix}county:{region}"] = 1.0
        found[f"{prefix}prefecture:{prefecture(region)}"] = 1.0
    return found


def candidate_features(candidate: Candidate, words: Sequence[str]) -> Features:
    """Return one person's features; `words` are `candidate_words(candidate)`.

    Of the words only those of occupations become features: others (a name in a reference, a village) would be learned.
    """
    found = _words([word for word in words if word in occupation_words()]) | _missing(candidate, _ASKED_OF_CANDIDATE)
    for wish in candidate.wished_occupations:
        if family := classify(wish):
            found[f"wish:{family.family_id}"] = 1.0
            found[f"wish_group:{family.group}"] = 1.0
    found |= {f"skill:{skill.casefold()}": 1.0 for skill in candidate.skills}
    found |= {f"certificate:{c}": 1.0 for c in candidate.certificates if not _TELLS_DISABILITY.search(c)}
    found |= _places("home_", [candidate.region] if candidate.region else [])
    found |= _places("wished_", candidate.wished_regions)
    found |= {f"function:{f.value}={level}": 1.0 for f, level in candidate.functions.items() if level > 0}
    found |= {f"needs:{a.value}": 1.0 for a in candidate.accommodations_needed}
    found |= {f"mode:{m.value}": 1.0 for m in candidate.work_modes}
    if candidate.education is not None:
        found[f"education:{candidate.education.value}"] = 1.0
    if candidate.transport is not None:
        found[f"transport:{candidate.transport.value}"] = 1.0
    if band := _wage_band(candidate.wished_wage_min):
        found[f"wage:{band}"] = 1.0
    return found


def profile_features(candidate: Candidate, words: Sequence[str]) -> Features:
    """Return the vacancy that the person would like, in the names of `vacancy_features`.

    Words of the person's address are held against those of vacancies here and are never learned from.
    """
    found = _words(words)
    for wish in candidate.wished_occupations:
        if family := classify(wish):
            found[f"family:{family.family_id}"] = 1.0
            found[f"group:{family.group}"] = 1.0
    found |= {f"skill:{skill.casefold()}": 1.0 for skill in candidate.skills}
    found |= {f"certificate:{certificate}": 1.0 for certificate in candidate.certificates}
    found |= _places("", [*([candidate.region] if candidate.region else []), *candidate.wished_regions])
    found |= {f"place:{word}": 1.0 for word in address_words(candidate.address)}
    found |= {f"offers:{a.value}": 1.0 for a in candidate.accommodations_needed}
    found |= {f"mode:{m.value}": 1.0 for m in candidate.work_modes}
    if band := _wage_band(candidate.wished_wage_min):
        found[f"wage:{band}"] = 1.0
    return found


def vacancy_features(item: StockItem, words: Sequence[str]) -> Features:
    """Return one vacancy's features; `words` are `vacancy_words(item.vacancy)`."""
    vacancy, reading = item.vacancy, item.reading
    found = _words(words) | _missing(vacancy, _ASKED_OF_VACANCY)
    if reading.family_id:
        found[f"family:{reading.family_id}"] = 1.0
        found[f"group:{families()[reading.family_id].group}"] = 1.0
    found |= {f"skill:{skill.casefold()}": 1.0 for skill in vacancy.skills}
    found |= {f"certificate:{certificate}": 1.0 for certificate in vacancy.certificates}
    found |= _places("", [vacancy.region] if vacancy.region else [])
    found |= {f"place:{word}": 1.0 for word in address_words(vacancy.address)}
    found |= {f"demand:{f.value}={level}": 1.0 for f, level in item.demands.levels.items() if level > 0}
    found |= {f"offers:{a.value}": 1.0 for a in item.offered}
    found |= {f"concession:{c.value}": 1.0 for c in vacancy.concessions}
    named = {
        "kind": vacancy.kind,
        "mode": vacancy.work_mode,
        "education": vacancy.education_min,
        "night": vacancy.night_shift,
        "employer_kind": item.employer.kind if item.employer else None,
    }
    found |= {f"{name}:{term.value}": 1.0 for name, term in named.items() if term is not None}
    if band := _wage_band(vacancy.wage_max or vacancy.wage_min):
        found[f"wage:{band}"] = 1.0
    if vacancy.employer_id or vacancy.employer_name:
        found[f"employer:{vacancy.employer_id or vacancy.employer_name}"] = 1.0
    return found
