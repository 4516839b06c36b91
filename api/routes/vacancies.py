"""Vacancies: pages, one of them, and its way from draft to published and closed; schema.org JobPosting out and in."""

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import Connection

from api.access import Access, AccessDep, SubjectDep, declare, for_action
from api.bodies import Body as Sent
from api.bodies import cells_of
from api.clock import moment
from api.cursors import PageDep
from api.documents import cell, row_document
from api.etags import IfMatchVersion
from api.idempotency import Answer, once
from api.read_route import ReadRoute
from api.settings import today
from api.vacancy_models import (
    CheckAnswer,
    Closing,
    NewVacancy,
    PostingAnswer,
    SendBack,
    Vacancy,
    VacancyCheck,
    VacancyPage,
    VacancyPatch,
    check_document,
    id_of,
    tasks_of,
    vacancy_document,
    version_of,
)
from matching.vocabulary import Concession, VacancyKind
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.desk import NoSuchVacancy
from pipelines.registers.errors import Fault, RowRefused
from pipelines.schema import VACANCIES
from pipelines.sources.job_posting import CONTENT_TYPE, posting_of, read_posting
from pipelines.vacancy_workflow.content import NOT_CONTENT, Content
from pipelines.vacancy_workflow.listing import STATES, Filters, page_of_vacancies
from pipelines.vacancy_workflow.service import Change, Published, VacancyWork, Work
from pipelines.vacancy_workflow.states import CloseReason

router = APIRouter(prefix="/vacancies", tags=["vacancies"], route_class=ReadRoute)
_READ = for_action(Action.READ_VACANCIES, Purpose.JOB_MATCHING)
_WRITE = for_action(Action.WRITE_VACANCIES, Purpose.JOB_MATCHING)
_APPROVE = for_action(Action.APPROVE_VACANCIES, Purpose.JOB_MATCHING)
_Region = Annotated[str | None, Query(pattern=r"^\d{6}$", description="工作地区，六位行政区划代码")]
_Id = Annotated[str | None, Query(min_length=1, max_length=128, pattern=r"^[^\x00-\x1F]+$")]
_State = Literal[STATES]  # type: ignore[valid-type]  # the words of the states themselves
_SEEN: dict[int | str, dict[str, Any]] = {200: {"model": Vacancy}}
_POSTING: dict[int | str, dict[str, Any]] = {200: {"content": {CONTENT_TYPE: {"schema": {"type": "object"}}}}}


def _work(connection: Connection, subject: Subject) -> VacancyWork:
    return VacancyWork(connection, subject, on=today(), now=moment())


def _answer(seen: Work | Published) -> Response:
    return JSONResponse(vacancy_document(seen), headers=version_of(seen))


def _acted(access: Access, subject: Subject, act: Callable[[VacancyWork], Work]) -> Response:
    with access.engine.begin() as connection:
        seen = act(_work(connection, subject))
    return _answer(seen)


@router.get("", responses={200: {"model": VacancyPage}})
@declare(_READ)
def vacancies(
    access: AccessDep,
    subject: SubjectDep,
    page: PageDep,
    kind: VacancyKind | None = None,
    concession: Annotated[Concession | None, Query(description="写明这项平台减免或帮扶的岗位")] = None,
    region: _Region = None,
    employer_id: _Id = None,
    open: Annotated[bool | None, Query(description="今天是否在招")] = None,
    state: Annotated[_State | None, Query(description="办理状态，或已发布岗位今天的状态")] = None,
) -> Response:
    """Return what is published and the drafts that the subject works on, by id."""
    word, relief = (None if one is None else one.value for one in (kind, concession))
    filters = {"kind": word, "region": region, "employer_id": employer_id, "open": open, "state": state}
    filters |= {"concession": relief}
    after = page.after(subject, filters)
    with access.engine.begin() as connection:
        seen, has_more = page_of_vacancies(
            _work(connection, subject),
            Filters(word, region, employer_id, open, state, relief),
            after=None if after is None else after[0],
            limit=page.limit,
        )
    following = page.next(subject, filters, (id_of(seen[-1]),)) if has_more else None
    return JSONResponse({"items": [vacancy_document(one) for one in seen], "next_cursor": following})


@router.post("", status_code=201, responses={201: {"model": Vacancy}})
@declare(_WRITE)
def draft_vacancy(request: Request, access: AccessDep, subject: SubjectDep, body: NewVacancy) -> Response:
    """Make a draft; nobody is ranked on it before it was checked, approved by another person and published."""
    cells = cells_of(VACANCIES, body)
    told = body.model_dump()

    def work(connection: Connection) -> Answer:
        content = Content.of_cells(cells, tasks_of(getattr(body, "tasks", None)), told["accommodation_contact"])
        return _drafted(_work(connection, subject).draft(content, cells.get("employer_id") or None))

    return once(request, access, subject, work)


def _drafted(seen: Work, more: dict[str, Any] | None = None) -> Answer:
    document = vacancy_document(seen)
    headers = {**version_of(seen), "Location": f"/api/v1/vacancies/{id_of(seen)}"}
    return Answer(201, document if more is None else {"vacancy": document, **more}, headers)


@router.post("/job-posting", status_code=201, responses={201: {"model": PostingAnswer}})
@declare(_WRITE)
def draft_from_posting(
    request: Request,
    access: AccessDep,
    subject: SubjectDep,
    body: Annotated[dict[str, Any], Body(description="schema.org JobPosting（JSON-LD）")],
    employer_id: _Id = None,
) -> Response:
    """Make a draft of a schema.org JobPosting; what is none of ours is left out, and no link in it is opened."""

    def work(connection: Connection) -> Answer:
        read = read_posting(body)
        seen = _work(connection, subject).draft(read.content, employer_id)
        return _drafted(seen, {"left_out": list(read.left_out), "n_unknown": read.n_unknown})

    return once(request, access, subject, work)


@router.get("/{vacancy_id}", responses=_SEEN)
@declare(_READ)
def vacancy(access: AccessDep, subject: SubjectDep, vacancy_id: str) -> Response:
    """Return one vacancy, with its version as ETag."""
    with access.reading() as connection:
        seen = _work(connection, subject).get(vacancy_id)
    return _answer(seen)


@router.get("/{vacancy_id}/job-posting", responses=_POSTING)
@declare(_READ)
def job_posting(access: AccessDep, subject: SubjectDep, vacancy_id: str) -> Response:
    """Return one vacancy as schema.org JobPosting: the published version, a draft only to who works on it."""
    with access.reading() as connection:
        seen = _work(connection, subject).get(vacancy_id)
    if isinstance(seen, Published):
        content, published_on = seen.content or Content.of_row(seen.values), None
        employer_id = seen.values.get("employer_id")
    else:
        content, published_on = seen.published or seen.content, seen.standing.published_on
        employer_id = seen.standing.employer_id
    document = posting_of(content, id_of(seen), employer_id, published_on=published_on)
    return JSONResponse(document, media_type=CONTENT_TYPE)


@router.patch("/{vacancy_id}", responses=_SEEN)
@declare(_WRITE)
def change_vacancy(
    access: AccessDep, subject: SubjectDep, vacancy_id: str, body: VacancyPatch, version: IfMatchVersion
) -> Response:
    """Change named facts (RFC 7396); the change goes back to the check, and what is published stays until then."""
    with access.engine.begin() as connection:
        work = _work(connection, subject)
        seen = work.change(vacancy_id, version, _change(body, work, vacancy_id))
    return _answer(seen)


def _change(body: Sent, work: VacancyWork, vacancy_id: str) -> Change:
    given = json.loads(body.model_dump_json(by_alias=True, exclude_unset=True))
    if fixed := [name for name in given if name in NOT_CONTENT or name == "employer_name"]:
        raise RowRefused([Fault(name, "单位不能更改，请另建岗位") for name in fixed])
    objects = {name: value for name, value in given.items() if isinstance(value, dict)}
    stored = row_document(VACANCIES, _newest(work.get(vacancy_id))) if objects else {}
    merged = {**given, **{name: {**(stored.get(name) or {}), **value} for name, value in objects.items()}}
    cells = {
        name: cell(VACANCIES, VACANCIES.column(name), merged[name]) for name in merged if name in VACANCIES.by_name
    }
    return Change(
        cells=cells,
        tasks=tasks_of(getattr(body, "tasks", None)) if "tasks" in given else None,
        contact=given.get("accommodation_contact"),
        contact_named="accommodation_contact" in given,
    )


def _newest(seen: Work | Published) -> Any:
    return seen.values if isinstance(seen, Published) else seen.content.values


@router.get("/{vacancy_id}/check", responses={200: {"model": VacancyCheck}})
@declare(_READ)
def latest_check(access: AccessDep, subject: SubjectDep, vacancy_id: str) -> Response:
    """Return the latest check of the newest version."""
    with access.reading() as connection:
        found = _work(connection, subject).latest_check(vacancy_id)
    if found is None:
        raise NoSuchVacancy("这个版本还没有检查")
    return JSONResponse(check_document(found))


@router.post("/{vacancy_id}/check", responses={200: {"model": CheckAnswer}})
@declare(_WRITE)
def check_vacancy(access: AccessDep, subject: SubjectDep, vacancy_id: str, version: IfMatchVersion) -> Response:
    """Check the newest version by the rules of the day: lawful conditions, pay, demands tied to tasks, a contact."""
    with access.engine.begin() as connection:
        seen, check = _work(connection, subject).check(vacancy_id, version)
    answer = {"check": check_document(check), "vacancy": vacancy_document(seen)}
    return JSONResponse(answer, headers=version_of(seen))


@router.get("/{vacancy_id}/preview")
@declare(_WRITE)
def preview_vacancy(access: AccessDep, subject: SubjectDep, vacancy_id: str) -> dict[str, Any]:
    """Return in bands how many people could do the newest version, and with one accommodation more; nobody is named."""
    access.take_preview(subject)
    with access.engine.begin() as connection:
        return _work(connection, subject).previewed(vacancy_id)


@router.post("/{vacancy_id}/send-back", responses=_SEEN)
@declare(_APPROVE)
def send_back(
    access: AccessDep, subject: SubjectDep, vacancy_id: str, body: SendBack, version: IfMatchVersion
) -> Response:
    """Send a vacancy back to its author with what to mend."""
    return _acted(access, subject, lambda work: work.send_back(vacancy_id, version, body.note))


@router.post("/{vacancy_id}/approve", responses=_SEEN)
@declare(_APPROVE)
def approve(access: AccessDep, subject: SubjectDep, vacancy_id: str, version: IfMatchVersion) -> Response:
    """Approve what somebody else wrote; an office does so only where the company has nobody who may."""
    return _acted(access, subject, lambda work: work.approve(vacancy_id, version))


@router.post("/{vacancy_id}/publish", responses=_SEEN)
@declare(_WRITE)
def publish(access: AccessDep, subject: SubjectDep, vacancy_id: str, version: IfMatchVersion) -> Response:
    """Publish what was approved, if it still passes the check of the day: people are ranked on it from now on."""
    return _acted(access, subject, lambda work: work.publish(vacancy_id, version))


@router.post("/{vacancy_id}/confirm", responses=_SEEN)
@declare(_WRITE)
def confirm(access: AccessDep, subject: SubjectDep, vacancy_id: str, version: IfMatchVersion) -> Response:
    """Note that the company still looks for somebody; asked for after 90 days."""
    return _acted(access, subject, lambda work: work.confirm(vacancy_id, version))


@router.post("/{vacancy_id}/close", responses=_SEEN)
@declare(_WRITE)
def close(access: AccessDep, subject: SubjectDep, vacancy_id: str, body: Closing, version: IfMatchVersion) -> Response:
    """Close a vacancy for a reason."""
    return _acted(access, subject, lambda work: work.close(vacancy_id, version, CloseReason(body.reason)))
