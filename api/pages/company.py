"""A company's own pages: what there is to do, and what is registered of it: by itself, and verified by an office."""

import json
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.clock import moment
from api.errors import problem_title
from api.etags import stale
from api.forms import Form, form_sent
from api.idempotency import Answer, once
from api.pages.fields import cells_from, fields_of, wrongs
from api.pages.navigation import COMPANY
from api.pages.posts import address_of, line_of, work_of
from api.pages.render import REQUEST_KEY, ROW_VERSION, page, see_other
from api.pages.shown import shown
from api.settings import today
from api.vacancy_models import employer_document, id_of
from matching.rules.rulebook import rulebook
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.consent.answers import unanswered
from pipelines.registers.errors import AlreadyRegistered, Fault, NoSuchEmployer, RowRefused
from pipelines.registers.quota_year import quota_year
from pipelines.schema import EMPLOYERS
from pipelines.vacancy_workflow.employers import OFFICE_ONLY, Employers, KnownEmployer
from pipelines.vacancy_workflow.errors import OfficeOnly
from pipelines.vacancy_workflow.listing import Filters, page_of_vacancies
from pipelines.vacancy_workflow.service import Published, Work
from pipelines.vacancy_workflow.states import Live, State, last_day_unconfirmed

router = APIRouter(prefix="/company", include_in_schema=False)
_READ = page_for(Action.READ_EMPLOYERS, Purpose.RECRUITMENT)
_WRITE = page_for(Action.WRITE_EMPLOYERS, Purpose.RECRUITMENT)
ROLES = COMPANY
_MOST = 100
_ALL = tuple(column.name for column in EMPLOYERS.columns if column.name != "employer_id")


def employers_of(connection: Connection, subject: Subject) -> Employers:
    """Return the employers as a subject reaches them now."""
    return Employers(connection, subject, on=today(), now=moment())


def own_id(subject: Subject) -> str:
    """Return whose company a subject is of.

    Raises
    ------
    NoSuchEmployer
        When it is of none, or of one whose code was not entered yet.
    """
    if subject.employer_id is None:
        raise NoSuchEmployer("没有这个用人单位编号")
    return subject.employer_id


def _known(connection: Connection, subject: Subject) -> KnownEmployer | None:
    """Return the own row with its verification; None where the company has not registered itself yet."""
    try:
        return employers_of(connection, subject).one(own_id(subject))
    except NoSuchEmployer:
        return None


def is_registered(access: Access, subject: Subject) -> bool:
    """Return whether the own company has registered itself."""
    own_id(subject)
    with access.engine.begin() as connection:
        return _known(connection, subject) is not None


# ---- the first page ----


def home_of(request: Request, access: Access, subject: Subject) -> Response:
    """Return the first page of a company: what there is to do, and its posts."""
    with access.engine.begin() as connection:
        known = _known(connection, subject)
        seen, has_more = page_of_vacancies(
            work_of(connection, subject), Filters(employer_id=subject.employer_id), after=None, limit=_MOST
        )
        waiting = unanswered(connection, subject, [id_of(one) for one in seen])
        window = None if known is None else _window(connection, subject, today())
    lines = [line_of(one) for one in seen]
    titles = {line["id"]: line["title"] for line in lines}
    return page(
        request,
        "company_home.html",
        on=today().isoformat(),
        has_code=subject.employer_id is not None,
        name=None if known is None else known.row.values.get("name"),
        is_registered=known is not None,
        is_verified=known is not None and known.is_verified,
        referrals=[
            {
                "address": address_of(one, "/candidates"),
                "id": one,
                "title": titles[one],
                "n": told.n,
                "since": told.since.isoformat(),
            }
            for one, told in sorted(waiting.items(), key=lambda pair: pair[1].since)
        ],
        tasks=[task for one in seen if (task := _task(one, subject)) is not None],
        window=window,
        lines=[line for line in lines if line["tags"][0][0] != State.CLOSED.label],
        has_more=has_more,
    )


def _task(seen: Work | Published, subject: Subject) -> dict[str, Any] | None:
    """Return what is to do for a post by who looks, or None."""
    if isinstance(seen, Published):
        return None
    standing = seen.standing
    own = standing.author == subject.by.actor
    word, by = None, None
    if seen.live in (Live.CONFIRMATION_DUE, Live.PAUSED):
        word = f"confirm_{seen.live.value}"
        by = None if standing.confirm_from is None else last_day_unconfirmed(standing.confirm_from).isoformat()
    elif standing.state is State.CHECKED and not own and subject.may(Action.APPROVE_VACANCIES):
        word = "approve"
    elif standing.state is State.APPROVED:
        word = "publish"
    elif standing.state is State.DRAFT and standing.return_note:
        word = "mend"
    elif standing.state is State.DRAFT:
        word = "finish"
    elif seen.live is Live.ENDED:
        word = "ended"
    if word is None:
        return None
    one = standing.vacancy_id
    return {"word": word, "by": by, "id": one, "address": address_of(one), "title": seen.content.values["title"]}


def _window(connection: Connection, subject: Subject, on: date) -> dict[str, Any] | None:
    """Return when the quota of the year is to be handed in, or None where the company has no quota to hand in."""
    for year in (on.year - 1, on.year):
        found = quota_year(connection, subject, rulebook(), own_id(subject), year, on)
        certification = found["certification"]
        closes_on = certification["results"].get("closes_on")
        if not found["is_liable"]:
            return None
        if closes_on is not None and (year == on.year or date.fromisoformat(str(closes_on)) >= on):
            return {"year": year, "certification": certification}
    return None


# ---- what is registered ----


@router.get("")
@declare(_READ)
def profile(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Show what is registered of the own company, and whether an office verified it."""
    with access.engine.begin() as connection:
        known = _known(connection, subject)
    if known is None:
        own_id(subject)
        return see_other("/company/edit")
    document = employer_document(known)
    facts = [(column.label, shown(column, known.row.values.get(column.name))) for column in EMPLOYERS.columns]
    return page(
        request,
        "company.html",
        name=known.row.values.get("name"),
        facts=facts,
        verification=document["verification"],
    )


@router.get("/edit")
@declare(_WRITE)
def ask(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Ask what the company says of itself."""
    own_id(subject)
    with access.engine.begin() as connection:
        return _form(request, subject, _known(connection, subject))


def _form(
    request: Request,
    subject: Subject,
    known: KnownEmployer | None,
    *,
    form: Form | None = None,
    faults: tuple[Fault, ...] = (),
    refused: str = "",
    status: int = 200,
) -> Response:
    values = {} if known is None else known.row.values
    names = _ALL if known is None else tuple(name for name in _ALL if name not in OFFICE_ONLY)
    fixed = [] if known is None else [EMPLOYERS.column(name) for name in _ALL if name in OFFICE_ONLY]
    return page(
        request,
        "company_edit.html",
        status,
        employer_id=subject.employer_id,
        is_new=known is None,
        fields=fields_of(EMPLOYERS, names, values, form, faults),
        faults=wrongs(EMPLOYERS, faults, names),
        fixed=[(column.label, shown(column, values.get(column.name))) for column in fixed],
        refused=refused,
        version="" if known is None else form.text(ROW_VERSION) if form else known.row.version,
    )


@router.post("/edit")
@declare(_WRITE)
def change(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Register the own company, or change what it may say of itself; under another name it is verified anew."""
    form, employer_id = form_sent(request), own_id(subject)
    with access.engine.begin() as connection:
        known = _known(connection, subject)
    try:
        if known is None:
            _register(request, access, subject, employer_id, form)
            return see_other("/company", "company_registered")
        names = tuple(name for name in _ALL if name not in OFFICE_ONLY)
        cells = cells_from(EMPLOYERS, names, known.row.values, form)
        sent = form.text(ROW_VERSION)
        version = int(sent) if sent.isascii() and sent.isdigit() else -1
        if cells:
            with access.engine.begin() as connection:
                if employers_of(connection, subject).change(employer_id, cells, version) is None:
                    stale()
    except RowRefused as error:
        return _form(request, subject, known, form=form, faults=tuple(error.faults), status=422)
    except (AlreadyRegistered, OfficeOnly) as error:
        return _form(request, subject, known, form=form, refused=problem_title(error), status=409)
    return see_other("/company", "company_saved")


def _register(request: Request, access: Access, subject: Subject, employer_id: str, form: Form) -> None:
    cells = {"employer_id": employer_id, **cells_from(EMPLOYERS, _ALL, {}, form)}

    def work(connection: Connection) -> Answer:
        known, is_new = employers_of(connection, subject).add(cells)
        return Answer(201 if is_new else 200, json.loads(json.dumps(employer_document(known))))

    once(request, access, subject, work, key=form.text(REQUEST_KEY))
