"""What an employer sees of a person who has not agreed to more: how the asked tasks can be done, and nothing else.

Functions and accommodations only: nothing is made from name, category, grade, sex, birth date, certificate, household,
policy, schooling, work or place, so that two people who do the same things alike look alike to the byte. Levels of
limitation do not go out, only whether an asked function suffices. What the person agrees to tell comes item by item; of
the profile skills and certificates only where the vacancy asks for them, and the way only as a band between places,
since many exact distances would give an address away. Free text of the person is never shown.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from matching.accommodation import facts as accommodation_facts
from matching.entities import Candidate, Vacancy
from matching.explanation import needed_at
from matching.fit import FunctionFit, compare
from matching.reading import read_vacancy
from matching.regions import distance_km, point
from matching.stock import StockItem
from matching.vocabulary import AccommodationState, WorkMode
from pipelines.consent.words import DisclosedItem

_KM_BANDS = ((5.0, "5公里以内"), (15.0, "5—15公里"), (30.0, "15—30公里"), (60.0, "30—60公里"))
_ANSWERS = {
    "suffices": "能够胜任",
    "with_accommodation": "有所列便利即可",
    "to_discuss": "请与就业服务人员商量做法",
    "unknown": "尚未了解",
}


def employer_view(candidate: Candidate, vacancy: Vacancy) -> dict[str, Any]:
    """Return the view of one person for one vacancy, in functional terms only."""
    item = StockItem(vacancy, read_vacancy(vacancy))
    asked = {function for function, level in vacancy.demands.items() if level > 0}
    fit = compare(candidate.functions, item.demands, vacancy.accommodations, candidate.accommodations_needed)
    rows = [row for row in fit.functions if row.function in asked]
    return {
        "functions": [
            {"function": row.function.value, "label": row.function.label, "answer": a, "text": _ANSWERS[a]}
            for row, a in ((row, _answer(row)) for row in rows)
        ],
        "accommodations": _accommodations(candidate, item, rows),
        "reasons": _reasons(rows),
    }


def _profile(candidate: Candidate, vacancy: Vacancy) -> dict[str, Any]:
    """Return what speaks for a person beside the functions, as far as the vacancy asks."""
    hours = candidate.hours_per_day_max
    return {
        "skills": _shared(vacancy.skills, candidate.skills),
        "certificates": _shared(vacancy.certificates, candidate.certificates),
        "education": candidate.education.label if candidate.education else None,
        "experience_years": _years(candidate),
        "distance": _distance(candidate, vacancy),
        "availability": {
            "hours_per_day_max": None if hours is None else format(hours.normalize(), "f"),
            "work_modes": [mode.value for mode in WorkMode if mode in candidate.work_modes],
        },
    }


def _answer(row: FunctionFit) -> str:
    if row.limitation is None:
        return "unknown"
    if not row.gap:
        return "suffices"
    return "with_accommodation" if row.is_closable else "to_discuss"


def _accommodations(candidate: Candidate, item: StockItem, rows: Sequence[FunctionFit]) -> list[dict[str, Any]]:
    """Return what is needed in this place, with who arranges and pays; an employer is told no amount."""
    offered = item.vacancy.accommodations
    wanted = {a: offered.get(a, AccommodationState.TO_ARRANGE) for a in needed_at(candidate, item)}
    wanted |= {a: state for row in rows if row.gap for a, state in row.closed_by}
    return [
        {
            "name": accommodation.value,
            "label": accommodation.label,
            "state": wanted[accommodation].value,
            "who_arranges": accommodation_facts(accommodation).who_arranges,
        }
        for accommodation in sorted(wanted, key=lambda a: a.value)
    ]


def _shared(asked: Sequence[str], own: Sequence[str]) -> list[str]:
    held = {one.casefold() for one in own}
    return [one for one in dict.fromkeys(asked) if one.casefold() in held]


def _years(candidate: Candidate) -> str | None:
    years = candidate.experience_years
    if years is None:
        return None
    return "不足1年" if years < 1 else "1—3年" if years < 3 else "3—5年" if years < 5 else "5年以上"


def _distance(candidate: Candidate, vacancy: Vacancy) -> str | None:
    """Return the band between the seats of the two places; addresses and points of the person are not looked at."""
    if vacancy.work_mode is WorkMode.REMOTE:
        return "居家办公"
    if candidate.region is None or vacancy.region is None:
        return None
    home, work = point(candidate.region), point(vacancy.region)
    if home is None or work is None:
        return None
    km = distance_km(home, work)
    return next((band for most, band in _KM_BANDS if km <= most), "60公里以上")


def _reasons(rows: Sequence[FunctionFit]) -> list[str]:
    named: dict[str, list[str]] = {}
    for row in rows:
        named.setdefault(_answer(row), []).append(row.function.label)
    return [f"{'、'.join(named[answer])}：{text}" for answer, text in _ANSWERS.items() if answer in named]


def agreed_view(candidate: Candidate, vacancy: Vacancy, items: frozenset[DisclosedItem]) -> dict[str, Any]:
    """Return what the person agreed to tell this employer, item by item; unknown is null."""
    category, certificate = candidate.known_category, candidate.certificate
    values: Mapping[DisclosedItem, Any] = {
        DisclosedItem.NAME: candidate.name,
        DisclosedItem.PHONE: candidate.phone,
        DisclosedItem.CATEGORY: category.label if category else None,
        DisclosedItem.GRADE: certificate.grade if certificate else candidate.grade,
        DisclosedItem.CERTIFICATE_NUMBER: candidate.certificate_number,
        DisclosedItem.POLICY: {
            "hard_to_employ_until": None
            if candidate.hard_to_employ_until is None
            else candidate.hard_to_employ_until.isoformat(),
            "household_kinds": [kind.label for kind in candidate.household_kinds],
        },
        DisclosedItem.PROFILE: _profile(candidate, vacancy),
    }
    return {item.value: values[item] for item in DisclosedItem if item in items}
