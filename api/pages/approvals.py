"""Vacancies that wait for a second person: the queue, what the check found with its clause, approving, sending back.

Who may approve is decided by the way of vacancies itself: nobody what they wrote, an office only where the company has
nobody else.
"""

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.access import AccessDep, SubjectDep, declare, page_for
from api.clock import moment
from api.cursors import PageDep
from api.errors import problem_title
from api.forms import form_sent
from api.pages.render import ROW_VERSION, page, see_other
from api.pages.shown import shown
from api.pages.tabs import tabs_of
from api.pages.words import words
from api.settings import today
from api.vacancy_models import check_document, id_of
from pipelines.access.names import actor_names
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.desk import NoSuchVacancy
from pipelines.registers.errors import Fault, RowRefused
from pipelines.registers.names import employer_names
from pipelines.schema import VACANCIES
from pipelines.vacancy_workflow.check import Weight
from pipelines.vacancy_workflow.errors import NotPossible, OfficeNotNeeded, OwnWork
from pipelines.vacancy_workflow.listing import Filters, page_of_vacancies
from pipelines.vacancy_workflow.service import Published, VacancyWork, Work
from pipelines.vacancy_workflow.states import Act, State

router = APIRouter(prefix="/supervision/vacancies", include_in_schema=False)
_APPROVE = page_for(Action.APPROVE_VACANCIES, Purpose.JOB_MATCHING)
_HERE = "/supervision/vacancies"
_MOST_NOTE = 1000
_REFUSALS = (OwnWork, OfficeNotNeeded, NotPossible)
_ORDER = {Weight.BLOCKING.value: 0, Weight.QUESTION.value: 1, Weight.ADVICE.value: 2}


def _work(connection: Connection, subject: Subject) -> VacancyWork:
    return VacancyWork(connection, subject, on=today(), now=moment())


def _on_its_way(work: VacancyWork, vacancy_id: str) -> Work:
    """Return a vacancy that the subject works on; what is merely published elsewhere is none that waits here."""
    seen = work.get(vacancy_id)
    if isinstance(seen, Published):
        raise NoSuchVacancy("没有这个岗位编号")
    return seen


@router.get("")
@declare(_APPROVE)
def queue(request: Request, access: AccessDep, subject: SubjectDep, part: PageDep) -> Response:
    """Show what passed the check and waits for another person."""
    filters: dict[str, Any] = {}
    after = part.after(subject, filters)
    with access.engine.begin() as connection:
        found, has_more = page_of_vacancies(
            _work(connection, subject),
            Filters(state=State.CHECKED.value),
            after=None if after is None else after[0],
            limit=part.limit,
        )
        waiting = [one for one in found if isinstance(one, Work)]
        names = employer_names(connection, subject, [one.standing.employer_id for one in waiting])
        authors = actor_names(connection, [one.standing.author for one in waiting])
    return page(
        request,
        "approvals.html",
        tabs=tabs_of(subject, _HERE),
        items=waiting,
        names=names,
        authors=authors,
        own=subject.by.actor,
        following=part.next(subject, filters, (id_of(found[-1]),)) if has_more else None,
    )


@router.get("/{vacancy_id}")
@declare(_APPROVE)
def one(request: Request, access: AccessDep, subject: SubjectDep, vacancy_id: str) -> Response:
    """Show what a vacancy says and what the latest check found in it."""
    return _one(request, access, subject, vacancy_id)


def _one(
    request: Request,
    access: Any,
    subject: Subject,
    vacancy_id: str,
    *,
    refused: str = "",
    note: str = "",
    status: int = 200,
) -> Response:
    with access.engine.begin() as connection:
        work = _work(connection, subject)
        seen = _on_its_way(work, vacancy_id)
        check = work.latest_check(vacancy_id)
        names = employer_names(connection, subject, [seen.standing.employer_id])
        people = actor_names(connection, [seen.standing.author, seen.standing.approved_by])
    findings = [] if check is None else check_document(check)["findings"]
    columns = [column for column in VACANCIES.columns if column.name in seen.content.values]
    return page(
        request,
        "approval.html",
        status,
        seen=seen,
        names=names,
        people=people,
        own=subject.by.actor,
        check=None if check is None else check_document(check),
        findings=sorted(findings, key=lambda finding: _ORDER[str(finding["weight"])]),
        weights={weight.value: weight.label for weight in Weight},
        labels={column.name: column.label for column in VACANCIES.columns},
        facts=[(column.label, shown(column, seen.content.values.get(column.name))) for column in columns],
        may_approve=Act.APPROVE in seen.possible,
        may_send_back=Act.SEND_BACK in seen.possible,
        refused=refused,
        note=note,
    )


@router.post("/{vacancy_id}/approve")
@declare(_APPROVE)
def approve(request: Request, access: AccessDep, subject: SubjectDep, vacancy_id: str) -> Response:
    """Approve what somebody else wrote, in the version that was read."""
    try:
        with access.engine.begin() as connection:
            work = _work(connection, subject)
            _on_its_way(work, vacancy_id)
            work.approve(vacancy_id, _version(request))
    except _REFUSALS as error:
        return _one(request, access, subject, vacancy_id, refused=problem_title(error), status=409)
    return see_other(_HERE, "vacancy_approved")


@router.post("/{vacancy_id}/send-back")
@declare(_APPROVE)
def send_back(request: Request, access: AccessDep, subject: SubjectDep, vacancy_id: str) -> Response:
    """Send a vacancy back to its author with what to mend."""
    note = form_sent(request).text("note")[:_MOST_NOTE]
    try:
        with access.engine.begin() as connection:
            work = _work(connection, subject)
            _on_its_way(work, vacancy_id)
            if not note:
                raise RowRefused([Fault("note", words()("approvals.note_needed"))])
            work.send_back(vacancy_id, _version(request), note)
    except RowRefused as error:
        return _one(request, access, subject, vacancy_id, refused=error.faults[0].reason, status=422)
    except _REFUSALS as error:
        return _one(request, access, subject, vacancy_id, refused=problem_title(error), note=note, status=409)
    return see_other(_HERE, "vacancy_sent_back")


def _version(request: Request) -> int:
    """Return the version that a form was made of; none is an old one."""
    text = form_sent(request).text(ROW_VERSION)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
