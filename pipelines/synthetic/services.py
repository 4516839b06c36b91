"""What offices did around the invented history: services, placements as they are filed, courses.

The acts themselves are left to `history`.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from matching.entities import Course, Interaction, Placement, Service, Vacancy, VacancyId
from matching.vocabulary import (
    Accommodation,
    EmployerKind,
    InteractionKind,
    PlacementForm,
    ServiceKind,
    VacancyKind,
    YesNo,
)
from pipelines.synthetic.employers import Employers
from pipelines.synthetic.history import Act, History, Job
from pipelines.synthetic.people import HISTORY_DAYS, PERSONAS, People
from pipelines.synthetic.records import candidate_id
from pipelines.synthetic.vacancies import Vacancies
from pipelines.synthetic.words import counties, load

_BY_EMPLOYER = {
    EmployerKind.CONCENTRATED: PlacementForm.CONCENTRATED,
    EmployerKind.MASSAGE: PlacementForm.CONCENTRATED,
    EmployerKind.PLATFORM: PlacementForm.FLEXIBLE,
    EmployerKind.INDIVIDUAL_BUSINESS: PlacementForm.FLEXIBLE,
}
_BY_KIND = {
    VacancyKind.PUBLIC_WELFARE: PlacementForm.PUBLIC_WELFARE,
    VacancyKind.RURAL_PUBLIC_WELFARE: PlacementForm.PUBLIC_WELFARE,
    VacancyKind.AUXILIARY: PlacementForm.AUXILIARY,
}
_COURSES = 40


def interactions(acts: Sequence[Act], postings: Sequence[Vacancy]) -> tuple[Interaction, ...]:
    """Return the acts under outside ids, once per person, post, kind and day."""
    found: dict[tuple[int, int, InteractionKind, int], Interaction] = {}
    for act in acts:
        found.setdefault(
            (act.person, act.post, act.kind, act.day),
            Interaction(
                candidate_id=candidate_id(act.person),
                vacancy_id=VacancyId(postings[act.post].vacancy_id),
                kind=act.kind,
                at=date.fromordinal(act.day),
                reason=act.reason,
            ),
        )
    return tuple(found.values())


def placements(
    history: History,
    people: People,
    vacancies: Vacancies,
    employers: Employers,
    postings: Sequence[Vacancy],
    today: date,
    rng: np.random.Generator,
) -> tuple[Placement, ...]:
    """Return one placement per job of the history, and some people who work for themselves or on their land."""
    filed = [_from_job(job, vacancies, employers, postings[job.post], rng) for job in history.jobs]
    filed += _own_work(history, people, today, rng)
    return tuple(
        Placement(placement_id=f"demo-p-{number:05d}", **facts)
        for number, facts in enumerate(sorted(filed, key=lambda facts: (facts["starts_on"], facts["candidate_id"])), 1)
    )


def _from_job(
    job: Job, vacancies: Vacancies, employers: Employers, posting: Vacancy, rng: np.random.Generator
) -> dict[str, Any]:
    kind, nature = vacancies.kind[job.post], employers.kinds[vacancies.employer[job.post]]
    form = _BY_KIND.get(kind, _BY_EMPLOYER.get(nature, PlacementForm.QUOTA))
    formal = form in (PlacementForm.QUOTA, PlacementForm.CONCENTRATED)
    known = rng.random(6) < (0.95, 0.85, 0.7, 0.75, 0.6, 0.5)
    return {
        "candidate_id": candidate_id(job.person),
        "employer_id": posting.employer_id,
        "vacancy_id": posting.vacancy_id,
        "form": form if known[0] else None,
        "starts_on": date.fromordinal(job.starts),
        "ends_on": None if job.left is None else date.fromordinal(job.left),
        "monthly_wage": Decimal(int(job.wage)) if known[1] else None,
        "contract_months": posting.contract_months or (12 if formal else None) if known[2] else None,
        "social_insurance": _yes(rng.random() < (0.85 if formal else 0.15)) if known[3] else None,
        "wage_paid_by_bank": _yes(rng.random() < (0.93 if formal else 0.7)) if known[4] else None,
        "attendance_confirmed": _yes(rng.random() < 0.95) if known[5] else None,
    }


def _own_work(history: History, people: People, today: date, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Self-employment, odd jobs and farming of people without another job; no employer, no post."""
    employed = {job.person for job in history.jobs}
    found = []
    for person in np.flatnonzero(rng.random(len(people)) < 0.05).tolist():
        adult = today.toordinal() - people.born[person] > 18 * 366
        if person in employed or person < PERSONAS or not adult:
            continue
        rural = bool(people.rural[person])
        forms = (PlacementForm.FARMING, PlacementForm.SELF_EMPLOYED, PlacementForm.FLEXIBLE)
        form = forms[int(rng.choice(3, p=(0.6, 0.2, 0.2) if rural else (0.05, 0.5, 0.45)))]
        starts = today - timedelta(days=int(rng.integers(1, HISTORY_DAYS)))
        wage = Decimal(round(float(rng.lognormal(7.2, 0.4)) / 100) * 100) if rng.random() < 0.4 else None
        found.append({"candidate_id": candidate_id(person), "form": form, "starts_on": starts, "monthly_wage": wage})
    return found


def _yes(truth: bool) -> YesNo:
    return YesNo.YES if truth else YesNo.NO


def services(people: People, today: date, rng: np.random.Generator) -> tuple[Service, ...]:
    """Return what caseworkers did for part of the people; many were never visited at all."""
    shares = {
        ServiceKind.INFORMATION_CHECK: 0.6,
        ServiceKind.ABILITY_ASSESSMENT: 0.28,
        ServiceKind.NEED_REGISTRATION: 0.5,
        ServiceKind.EMPLOYMENT_SERVICE: 0.4,
        ServiceKind.GRADUATE_PLAN: 0.0,
        ServiceKind.TRAINING: 0.12,
        ServiceKind.OTHER: 0.08,
    }
    words = load("words")
    served = np.flatnonzero((rng.random(len(people)) < 0.7) & ~people.bare)
    found = []
    for person in served.tolist():
        if person < PERSONAS:
            continue
        graduate = people.education[person] >= 4 and today.toordinal() - people.born[person] < 30 * 365
        first = max(int(people.registered[person]), today.toordinal() - HISTORY_DAYS)
        for kind, share in shares.items():
            if rng.random() >= (0.6 if graduate and kind is ServiceKind.GRADUATE_PLAN else share):
                continue
            day = int(rng.integers(first, today.toordinal() + 1))
            outcomes = words["outcomes"][kind.value]
            officer = words["officers"][int(rng.integers(len(words["officers"])))]
            found.append(
                Service(
                    candidate_id=candidate_id(person),
                    kind=kind,
                    on=date.fromordinal(day),
                    by=officer if rng.random() < 0.85 else None,
                    outcome=str(outcomes[int(rng.integers(len(outcomes)))]) if rng.random() < 0.8 else None,
                )
            )
    return tuple(found)


def courses(today: date, rng: np.random.Generator) -> tuple[Course, ...]:
    """Return forty courses, from half a year ago to half a year ahead, where there are people enough."""
    weights = np.array([county.weight * (1.2 - county.rural_share) for county in counties()])
    offered = load("words")["courses"]
    found = []
    for number in range(_COURSES):
        title, class_, skills, certificate, accommodations = offered[number % len(offered)]
        place = counties()[int(rng.choice(len(weights), p=weights / weights.sum()))]
        starts = today + timedelta(days=int(rng.integers(-180, 180)))
        found.append(
            Course(
                course_id=f"demo-k-{number + 1:03d}",
                provider=f"{place.name}演示职业培训学校（演示）",
                title=title,
                description=f"面向残疾人的{title}，免费参加，地点在{place.name}。" if rng.random() < 0.8 else None,
                skills=tuple(skills),
                certificate=certificate,
                class_=class_,
                region=place.code,
                starts_on=starts,
                ends_on=starts + timedelta(days=int(rng.integers(6, 60))),
                places=int(rng.integers(10, 50)) if rng.random() < 0.9 else None,
                accommodations=tuple(Accommodation.parse(name) for name in accommodations),
            )
        )
    return tuple(found)
