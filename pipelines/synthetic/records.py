"""What is on file about the invented people: their truth with the gaps that real records have.

Facts are missing more often for rural, older and severely limited people, and one in twelve is hardly more than a name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from stdnum.cn import ric

from matching.entities import Candidate, CandidateId
from matching.regions import prefecture
from matching.vocabulary import Accommodation, Function, HouseholdKind, Hukou, Sex, WorkMode, YesNo
from pipelines.synthetic.people import EDUCATIONS, TRANSPORTS, People
from pipelines.synthetic.words import (
    ACCOMMODATIONS,
    CATEGORIES,
    FUNCTIONS,
    Bools,
    counties,
    licences,
    load,
    trades,
)

_KEPT_WHEN_BARE = {"name"}
_COMMON_SKILLS = ("电脑操作", "打字", "普通话", "沟通", "驾驶", "种植", "养殖")


@dataclass(frozen=True, slots=True)
class _Clerk:
    """What every record is written from: the truth, what is missing, and the dice."""

    people: People
    missing: Mapping[str, Bools]
    today: date
    rng: np.random.Generator
    households: list[str]


def candidate_records(people: People, today: date, rng: np.random.Generator) -> tuple[Candidate, ...]:
    """Return one record per person, ids in order."""
    n = len(people)
    clerk = _Clerk(people, _missing(people, today, rng), today, rng, _households(people, rng))
    sequences: dict[tuple[str, int, bool], int] = {}
    return tuple(_record(row, clerk, sequences) for row in range(n))


def candidate_id(row: int) -> CandidateId:
    """Return the id of the person in this row: demo-c-00001 is row 0."""
    return CandidateId(f"demo-c-{row + 1:05d}")


def _missing(people: People, today: date, rng: np.random.Generator) -> dict[str, Bools]:
    """Which facts nobody supplied, by column."""
    n = len(people)
    old = (today.toordinal() - people.born) / 365.25 > 48
    severe = people.grade <= 2
    # Besides the group, every office and every person has its own care with records.
    care = rng.lognormal(0, 0.45, n) * rng.lognormal(0, 0.25, len(counties()))[people.county]
    factor = 0.72 * care * (1 + 0.35 * people.rural + 0.22 * old + 0.28 * severe)
    gaps = {}
    for column, share in load("people")["missing"].items():
        gaps[column] = rng.random(n) < np.clip(share * factor, 0, 0.97)
        if column not in _KEPT_WHEN_BARE:
            gaps[column] |= people.bare
    return gaps


def _households(people: People, rng: np.random.Generator) -> list[str]:
    """One household each, a few of them shared within a village."""
    numbers = np.arange(len(people))
    last_in: dict[int, int] = {}
    shared = rng.random(len(people)) < 0.06
    for row, village in enumerate(people.village):
        if shared[row] and int(village) in last_in:
            numbers[row] = numbers[last_in[int(village)]]
        last_in[int(village)] = row
    return [f"demo-h-{number + 1:05d}" for number in numbers]


def certificate_number(county: str, born: date, sequence: int, category_code: str, grade: int) -> str:
    """Return a certificate number with a right check digit, from an invented sequence of 900 and up.

    Source: FACTS id.cert_number (citizen number, category, grade); GB 11643-1999 for the check digit.
    """
    body = f"{county}{born:%Y%m%d}{sequence:03d}"
    return f"{body}{ric.calc_check_digit(body + '0')}{category_code}{grade}"


def _certificate(row: int, clerk: _Clerk, sequences: dict[tuple[str, int, bool], int]) -> str | None:
    people = clerk.people
    county, born, male = counties()[people.county[row]].code, int(people.born[row]), bool(people.male[row])
    used = sequences.get((county, born, male), 0)
    sequences[(county, born, male)] = used + 1
    if clerk.missing["certificate_number"][row] or used >= 49:
        return None
    category = CATEGORIES[people.category[row]]
    sequence = 900 + 2 * used + int(male)  # the last digit of the sequence is odd for men
    return certificate_number(county, date.fromordinal(born), sequence, category.code, int(people.grade[row]))


def _record(row: int, clerk: _Clerk, sequences: dict[tuple[str, int, bool], int]) -> Candidate:
    people = clerk.people
    number = _certificate(row, clerk, sequences)
    place = counties()[people.county[row]]
    facts: dict[str, Any] = {
        "name": _name(clerk.rng),
        **_person(row, clerk),
        **_work(row, clerk),
        **_wishes(row, clerk),
        **_abilities(row, clerk),
        **_situation(row, clerk),
    }
    for column, gaps in clerk.missing.items():
        if column != "certificate_number" and gaps[row]:
            facts.pop(column, None)
    if "longitude" not in facts:
        facts.pop("latitude", None)
    if "hard_to_employ_since" not in facts:
        facts.pop("hard_to_employ_until", None)
    if number is not None:  # the number says both
        facts.pop("category", None)
        facts.pop("grade", None)
    else:
        facts.pop("certificate_valid_until", None)
    return Candidate(candidate_id=candidate_id(row), region=place.code, certificate_number=number, **facts)


def _name(rng: np.random.Generator) -> str:
    given = load("words")["given"]
    first, second = rng.integers(0, len(given), 2)
    return f"演示{given[first]}{given[second]}"


def _person(row: int, clerk: _Clerk) -> dict[str, Any]:
    people, rng = clerk.people, clerk.rng
    place = counties()[people.county[row]]
    rural = bool(people.rural[row])
    lane = (
        f"演示镇演示{int(people.village[row]) % 40 + 1}村"
        if rural
        else f"演示街{int(people.village[row]) % 90 + 1}号院"
    )
    return {
        "certificate_valid_until": clerk.today + timedelta(days=int(rng.integers(-250, 3500))),
        "category": CATEGORIES[people.category[row]],
        "grade": int(people.grade[row]),
        "sex": Sex.MALE if people.male[row] else Sex.FEMALE,
        "birth_date": date.fromordinal(int(people.born[row])),
        "hukou": Hukou.RURAL if rural else Hukou.URBAN,
        "address": f"{place.name}{lane}（演示地址）",
        "longitude": float(people.longitude[row]),
        "latitude": float(people.latitude[row]),
        "phone": f"000-{row + 1:08d}",
        "education": EDUCATIONS[people.education[row]],
        **_graduation(row, clerk),
    }


def _graduation(row: int, clerk: _Clerk) -> dict[str, Any]:
    """Day of leaving school, for those who studied on and are young enough for it to matter."""
    people = clerk.people
    born = date.fromordinal(int(people.born[row]))
    left = born.year + {4: 19, 5: 22, 6: 23, 7: 26, 8: 30}.get(int(people.education[row]), 0)
    if left == born.year or clerk.today.year - born.year > 45:
        return {}
    graduated = date(left, 6, 30)
    return {"graduated_on": graduated} if graduated <= clerk.today else {}


def _work(row: int, clerk: _Clerk) -> dict[str, Any]:
    people, rng = clerk.people, clerk.rng
    words = load("words")
    past = int(people.worked_as[row])
    skills: list[str] = list(trades()[past].skills) if past >= 0 else []
    if people.education[row] >= 4 and rng.random() < 0.6:
        skills += ["电脑操作", "打字"]
    skills += [s for s in _COMMON_SKILLS if rng.random() < 0.05]
    if past >= 0:
        lines = words["experience_lines"]
        text = str(lines[int(rng.integers(len(lines)))]).format(
            place=counties()[people.county[row]].name,
            trade=trades()[past].titles[int(rng.integers(len(trades()[past].titles)))],
        )
    else:
        text = str(words["no_experience"][int(rng.integers(len(words["no_experience"])))])
    held = tuple(name for name, has in zip(licences(), people.licences[row], strict=True) if has)
    return {
        "skills": tuple(dict.fromkeys(skills)),
        "experience": text,
        "experience_years": Decimal(int(people.experience_years[row])),
        "certificates": held,
    }


def _wishes(row: int, clerk: _Clerk) -> dict[str, Any]:
    people, rng = clerk.people, clerk.rng
    home = counties()[people.county[row]].code
    regions = {0: (home,), 1: (prefecture(home),), 2: (home, "620100")}.get(
        int(rng.choice(4, p=[0.6, 0.22, 0.1, 0.08]))
    )
    modes: tuple[WorkMode, ...] = (WorkMode.ONSITE,)
    needs_home = bool(people.needs[row, ACCOMMODATIONS.index(Accommodation.REMOTE_WORK)])
    if needs_home or rng.random() < 0.25:
        modes = (WorkMode.REMOTE,) if needs_home and rng.random() < 0.4 else tuple(WorkMode)
    wage = float(people.reservation_wage[row]) * float(rng.lognormal(0.05, 0.1))
    reach = float(people.reach_km[row]) * float(rng.lognormal(0, 0.2))
    facts: dict[str, Any] = {
        "wished_occupations": _said(row, clerk),
        "wished_wage_min": Decimal(max(300, round(wage / 100) * 100)),
        "work_modes": modes,
        "max_commute_km": Decimal(max(1, round(reach))),
        "transport": TRANSPORTS[people.transport[row]],
        "hours_per_day_max": Decimal(int(people.hours_max[row])),
    }
    if regions is not None:
        facts["wished_regions"] = regions
    return facts


def _said(row: int, clerk: _Clerk) -> tuple[str, ...]:
    """Wished work as people say it: loose words, sometimes no more than a catch-all."""
    rng, catch_all = clerk.rng, load("words")["catch_all"]
    anything = str(catch_all[int(rng.integers(len(catch_all)))])
    draw = rng.random()
    if draw < 0.16:
        return (anything,)
    said = []
    for trade in clerk.people.wishes[row, : int(rng.integers(1, 4))]:
        options = (*trades()[trade].says, trades()[trade].occupation)
        said.append(options[int(rng.integers(len(options)))])
    return tuple(dict.fromkeys([*said, anything] if draw < 0.36 else said))


def _abilities(row: int, clerk: _Clerk) -> dict[str, Any]:
    """Functions and needs: a full assessment for half of those assessed, else only what limits."""
    people, rng = clerk.people, clerk.rng
    full = rng.random() < 0.55
    noticed = rng.random(len(FUNCTIONS)) < 0.85
    functions: dict[Function, int] = {
        f: int(level)
        for f, level, seen in zip(FUNCTIONS, people.limitations[row], noticed, strict=True)
        if full or (level > 0 and seen)
    }
    needs = tuple(
        a for a, needed in zip(ACCOMMODATIONS, people.needs[row], strict=True) if needed and rng.random() < 0.85
    )
    return {"functions": functions, "accommodations_needed": needs}


def _situation(row: int, clerk: _Clerk) -> dict[str, Any]:
    people, rng, today = clerk.people, clerk.rng, clerk.today
    registered = date.fromordinal(int(people.registered[row]))
    facts: dict[str, Any] = {"household_id": clerk.households[row], "household_kinds": _household_kinds(row, clerk)}
    if people.wish[row] != 2:
        facts["job_wish"] = YesNo.YES if people.wish[row] == 0 else YesNo.NO
    if rng.random() < 0.55:
        facts["unemployed_since"] = registered
    if rng.random() < 0.3:
        since = registered + timedelta(days=int(rng.integers(0, 200)))
        if since <= today:
            facts["hard_to_employ_since"] = since
            facts["hard_to_employ_until"] = since + timedelta(days=3 * 365)
    if rng.random() < 0.95:
        facts["consent_matching_on"] = registered
    if rng.random() < 0.85:
        facts["consent_disclosure"] = YesNo.YES if rng.random() < 0.76 else YesNo.NO
    return facts


def _household_kinds(row: int, clerk: _Clerk) -> tuple[HouseholdKind, ...]:
    rural = bool(clerk.people.rural[row])
    shares: Mapping[HouseholdKind, float] = {
        HouseholdKind.POVERTY_EXITED: 0.32 if rural else 0.02,
        HouseholdKind.MONITORED: 0.07 if rural else 0.0,
        HouseholdKind.DIBAO: 0.24,
        HouseholdKind.ZERO_EMPLOYMENT: 0.02 if rural else 0.06,
    }
    return tuple(kind for kind, share in shares.items() if clerk.rng.random() < share)
