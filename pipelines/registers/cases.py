"""The case of one person or one employer: only the rows that its questions need, whatever else is stored.

The figures of an employer are those of the law, so they are worked out over everybody it employs; whose lines are
shown is another question. A company's own answer is worked out without any person's record: from a sum that counts a
severe grade twice the grade could be read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection

from matching.entities import Candidate, CandidateId, Placement
from matching.rules.benefits import Package
from matching.rules.rulebook import NOTICE, Rulebook
from matching.rules.what_if import smallest_change
from pipelines.access.audit import record_each
from pipelines.access.roles import Action, Subject, program_subject
from pipelines.access.scope import ScopedCandidates
from pipelines.case import Case
from pipelines.casework import benefits_of_candidate, benefits_of_employer, benefits_of_placement
from pipelines.income import Income, income_of
from pipelines.quota import Quota, quota
from pipelines.registers.errors import NoSuchEmployer, NoSuchRecord
from pipelines.registers.rows import require
from pipelines.store.person_marks import sharing_phones
from pipelines.store.selections import SomeEmployers, SomeVacancies, some


@dataclass(frozen=True, slots=True)
class EmployerCase:
    """An employer's case, and whose lines may be shown."""

    case: Case
    shown: frozenset[str]
    is_company: bool


def employer_case(connection: Connection, subject: Subject, employer_id: str, action: Action) -> EmployerCase:
    """Return the case of a visible employer.

    Raises
    ------
    NoSuchEmployer
        When there is none, or none that is visible.
    Forbidden
        When the role may not do this for the stated purpose.
    """
    employer = SomeEmployers(connection, subject).of(employer_id.replace("\x00", "\ufffd"))
    if employer is None:
        raise NoSuchEmployer("没有这个用人单位编号")
    require(subject, action)
    people, placements, _ = some(connection, program_subject("quota", subject.purpose))
    own = placements.of_employer(employer.employer_id)
    staff = {placement.candidate_id for placement in own}
    if subject.employer_id is not None:
        return EmployerCase(Case({}, {employer.employer_id: employer}, own), frozenset(), is_company=True)
    everybody = {one.candidate_id: one for one in people.of(staff)}
    elsewhere = [one for one in placements.of_candidates(staff) if one.employer_id != employer.employer_id]
    visible = frozenset(one.candidate_id for one in some(connection, subject)[0].of(staff))
    case = Case(everybody, {employer.employer_id: employer}, [*own, *elsewhere])
    return EmployerCase(case, visible, is_company=False)


def with_contracts_alike(connection: Connection, subject: Subject, case: Case, employer_id: str) -> Case:
    """Return an employer's case with the contracts of other employers that say the same, and the posts of both.

    Whether contracts are made by one hand is asked over everybody's, whoever sees their lines.
    """
    program = program_subject("quota", subject.purpose)
    own = {_contract(one): one for one in case.placements if one.employer_id == employer_id}
    own.pop(None, None)
    _, placements, __ = some(connection, program)
    days = {one.starts_on for one in own.values() if one.starts_on is not None}
    known = {one.placement_id for one in case.placements}
    alike = [one for one in placements.of_days(sorted(days)) if one.placement_id not in known and _contract(one) in own]
    held = [*case.placements, *alike]
    posts = SomeVacancies(connection, program).of(one.vacancy_id for one in held if one.vacancy_id is not None)
    return replace(case, placements=held, vacancies={one.vacancy_id: one for one in posts})


def review_case(connection: Connection, subject: Subject, employer_id: str, action: Action) -> EmployerCase:
    """Return the case of a visible employer as its hints are worked out on, wherever they are asked for.

    Raises
    ------
    NoSuchEmployer
        When there is none, or none that is visible.
    Forbidden
        When the role may not do this for the stated purpose.
    """
    found = employer_case(connection, subject, employer_id, action)
    if found.is_company:
        return found
    case = _with_phones_alike(connection, subject, found.case, employer_id)
    sharing = {other for shared in case.same_phone.values() for other in shared} - set(case.candidates)
    visible = {one.candidate_id for one in some(connection, subject)[0].of(sharing)} if sharing else set()
    case = with_contracts_alike(connection, subject, case, employer_id)
    return replace(found, case=case, shown=found.shown | visible)


def _with_phones_alike(connection: Connection, subject: Subject, case: Case, employer_id: str) -> Case:
    """Return an employer's case with who, of everybody, shares a telephone with its staff, and where these are placed.

    By marks alone: of somebody who is not marked yet nothing is found, and nobody's telephone is opened for it.
    """
    staff = [one.candidate_id for one in case.placements if one.employer_id == employer_id]
    found = sharing_phones(connection, staff)
    known = {one.placement_id for one in case.placements}
    _, placements, __ = some(connection, program_subject("quota", subject.purpose))
    others = placements.of_candidates(sorted({other for shared in found.values() for other in shared}))
    held = [*case.placements, *(one for one in others if one.placement_id not in known)]
    return replace(case, placements=held, same_phone={owner: frozenset(shared) for owner, shared in found.items()})


def _contract(placement: Placement) -> tuple[object, ...] | None:
    """Return what a contract says beside its post; None where a part is not stored."""
    terms = (placement.starts_on, placement.contract_months, placement.monthly_wage)
    return None if placement.vacancy_id is None or None in terms else terms


def candidate_case(connection: Connection, subject: Subject, candidate_id: str, year: int) -> Case:
    """Return the case of a person already found visible.

    Whether services were entered in the year at all is asked of everybody's, as it is for a whole store.
    """
    people, placements, services = some(connection, subject)
    _, __, of_anybody = some(connection, program_subject("benefits", subject.purpose))
    found: list[Candidate] = people.of([candidate_id])
    marks = of_anybody.any_in(year)
    return Case(
        {CandidateId(one.candidate_id): one for one in found},
        {},
        placements.of_candidates([candidate_id]),
        [*services.of_candidate(candidate_id), *(one for one in marks if one.candidate_id != candidate_id)],
    )


def quota_document(
    connection: Connection, subject: Subject, book: Rulebook, employer_id: str, year: int, as_of: date
) -> dict[str, Any]:
    """Return an employer's quota and levy; lines of people are shown to who sees the person, and recorded.

    Raises
    ------
    NoSuchEmployer
        When there is none, or none that is visible.
    Forbidden
        When the role may not do this for the stated purpose.
    """
    found = employer_case(connection, subject, employer_id, Action.READ_QUOTA)
    answered: Quota = quota(found.case, book, employer_id, year, as_of)
    document: dict[str, Any] = {"as_of": as_of.isoformat(), "notice": NOTICE, **answered.as_dict()}
    lines: list[dict[str, Any]] = document["persons"]
    shown = [line for line in lines if line["candidate_id"] in found.shown]
    document |= {"persons": shown, "persons_not_shown": len(lines) - len(shown)}
    people = list(dict.fromkeys(str(line["candidate_id"]) for line in shown))
    if people:
        record_each(connection, subject.by, Action.READ_QUOTA.value, object_kind="candidate", object_ids=people)
    return document


def candidate_benefits(
    connection: Connection, subject: Subject, book: Rulebook, candidate_id: str, as_of: date
) -> dict[str, Any]:
    """Return what a visible person may claim; recorded.

    Raises
    ------
    NoSuchPerson
        When there is nobody, or nobody visible.
    Forbidden
        When the role may not do this for the stated purpose.
    """
    scoped = ScopedCandidates(connection, subject)
    person = scoped.visible(candidate_id, Action.READ_BENEFITS)
    case = candidate_case(connection, subject, person, as_of.year)
    found = benefits_of_candidate(case, book, person, as_of)
    scoped.opened(person, Action.READ_BENEFITS)
    return {"candidate_id": person, **_document(found, book, as_of)}


def candidate_income(
    connection: Connection, subject: Subject, book: Rulebook, candidate_id: str, as_of: date, *, wage_max: int
) -> Income:
    """Return what a job would leave a visible person's household each month; recorded.

    Raises
    ------
    NoSuchPerson
        When there is nobody, or nobody visible.
    Forbidden
        When the role may not read benefits for the stated purpose.
    """
    scoped = ScopedCandidates(connection, subject)
    person = scoped.visible(candidate_id, Action.READ_BENEFITS)
    found = income_of(candidate_case(connection, subject, person, as_of.year), book, person, as_of, wage_max=wage_max)
    scoped.opened(person, Action.READ_BENEFITS)
    return found


def employer_benefits(
    connection: Connection, subject: Subject, book: Rulebook, employer_id: str, as_of: date
) -> dict[str, Any]:
    """Return what a visible employer may claim.

    Raises
    ------
    NoSuchEmployer
        When there is none, or none that is visible.
    Forbidden
        When the role may not do this for the stated purpose.
    """
    found = employer_case(connection, subject, employer_id, Action.READ_BENEFITS)
    return {
        "employer_id": employer_id,
        **_document(benefits_of_employer(found.case, book, employer_id, as_of), book, as_of),
    }


def placement_benefits(
    connection: Connection, subject: Subject, book: Rulebook, placement_id: str, as_of: date
) -> dict[str, Any]:
    """Return what can be claimed together for a visible placement; recorded under the person.

    Raises
    ------
    NoSuchRecord
        When there is none, or none that is visible.
    Forbidden
        When the role may not do this for the stated purpose.
    """
    _, placements, __ = some(connection, subject)
    placement = placements.of_id(placement_id.replace("\x00", "\ufffd"))
    if placement is None or not subject.sees_people:
        raise NoSuchRecord("没有这条记录")
    require(subject, Action.READ_BENEFITS)
    own = candidate_case(connection, subject, placement.candidate_id, as_of.year)
    employers = {}
    if placement.employer_id is not None:
        everything = program_subject("benefits", subject.purpose)
        employer = SomeEmployers(connection, everything).of(placement.employer_id)
        employers = {} if employer is None else {employer.employer_id: employer}
        of_employer = some(connection, everything)[1].of_employer(placement.employer_id)
        known = {one.placement_id for one in own.placements}
        others = [one for one in of_employer if one.placement_id not in known]
        own = Case(own.candidates, employers, [*own.placements, *others], own.services)
    found = benefits_of_placement(own, book, placement_id, as_of)
    scoped = ScopedCandidates(connection, subject)
    scoped.opened(scoped.visible(placement.candidate_id, Action.READ_BENEFITS), Action.READ_BENEFITS)
    return {"placement_id": placement_id, **_document(found, book, as_of)}


def _document(found: Package, book: Rulebook, as_of: date) -> dict[str, Any]:
    document: dict[str, Any] = found.as_dict()
    entries: list[dict[str, Any]] = document["benefits"]
    for entry, benefit in zip(entries, found.benefits, strict=True):
        changes = smallest_change(benefit.decision)
        entry["smallest_change"] = None if changes is None else [change.as_dict() for change in changes]
    head: Mapping[str, Any] = {"as_of": as_of.isoformat(), "rules_version": book.version}
    return {**head, **document, "notice": NOTICE}
