"""Employers for an office: found by the code on their licence, shown as registered, and verified by a named person."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.cursors import PageDep
from api.errors import problem_title
from api.etags import stale
from api.forms import form_sent
from api.pages.company import employers_of
from api.pages.render import ROW_VERSION, page, see_other
from api.pages.shown import shown
from api.pages.words import words
from api.rows import key_of
from api.vacancy_models import employer_document
from matching.regions import region_name
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.registers.errors import NoSuchEmployer, RowRefused
from pipelines.registers.rows import Register
from pipelines.schema import EMPLOYERS
from pipelines.vacancy_workflow.employers import Method
from pipelines.vacancy_workflow.errors import AlreadyVerified

router = APIRouter(prefix="/employers", include_in_schema=False)
_READ = page_for(Action.VERIFY_EMPLOYERS, Purpose.JOB_MATCHING)


def _address(employer_id: str) -> str:
    return f"/employers/{quote(employer_id, safe='')}"


@router.get("")
@declare(_READ)
def employers(request: Request, access: AccessDep, subject: SubjectDep, part: PageDep) -> Response:
    """Return a page of the employers of the office's places, by credit code."""
    return _list(request, access, subject, part)


def _list(request: Request, access: Access, subject: Subject, part: Any, refused: str = "") -> Response:
    filters: dict[str, Any] = {}
    after = part.after(subject, filters)
    with access.engine.begin() as connection:
        register = Register(connection, EMPLOYERS, subject)
        rows, has_more = register.page(
            after=after, limit=part.limit, filters=filters, action=Action.VERIFY_EMPLOYERS
        )  # fmt: skip
    return page(
        request,
        "employers.html",
        404 if refused else 200,
        lines=[
            {
                "id": row.values["employer_id"],
                "name": row.values.get("name"),
                "kind": None if row.values.get("kind") is None else row.values["kind"].label,
                "region": None if row.values.get("region") is None else region_name(row.values["region"]),
            }
            for row in rows
        ],
        following=part.next(subject, filters, key_of(EMPLOYERS, rows[-1])) if has_more else None,
        is_first=after is None,
        refused=refused,
    )


@router.post("/find")
@declare(_READ)
def find(request: Request, access: AccessDep, subject: SubjectDep, part: PageDep) -> Response:
    """Find an employer by the code on its licence."""
    code = form_sent(request).text("code").upper()
    try:
        with access.engine.begin() as connection:
            known = employers_of(connection, subject).one(code, Action.VERIFY_EMPLOYERS)
    except NoSuchEmployer:
        return _list(request, access, subject, part, words()("employers.not_found"))
    return see_other(_address(known.row.values["employer_id"]))


@router.get("/{employer_id}")
@declare(_READ)
def employer(request: Request, access: AccessDep, subject: SubjectDep, employer_id: str) -> Response:
    """Show what is registered of an employer, and whether it is verified."""
    return _page(request, access, subject, employer_id)


def _page(
    request: Request, access: Access, subject: Subject, employer_id: str, *, refused: str = "", status: int = 200
) -> Response:
    with access.engine.begin() as connection:
        known = employers_of(connection, subject).one(employer_id, Action.VERIFY_EMPLOYERS)
    return page(
        request,
        "employer.html",
        status,
        id=known.row.values["employer_id"],
        name=known.row.values.get("name"),
        facts=[(column.label, shown(column, known.row.values.get(column.name))) for column in EMPLOYERS.columns],
        verification=employer_document(known)["verification"],
        was_under_another_name=known.verification is not None and not known.is_verified,
        version=known.row.version,
        methods=list(Method),
        refused=refused,
    )


@router.post("/{employer_id}/verification")
@declare(_READ)
def verify(request: Request, access: AccessDep, subject: SubjectDep, employer_id: str) -> Response:
    """Note how an employer was seen to be who it says it is, or end that."""
    form = form_sent(request)
    sent = form.text(ROW_VERSION)
    version = int(sent) if sent.isascii() and sent.isdigit() else -1
    method = next((one for one in Method if one.value == form.text("method")), None)
    is_end = bool(form.text("end"))
    if method is None and not is_end:
        return _page(
            request, access, subject, employer_id, refused=words()("employers.choose"), status=422
        )  # fmt: skip
    try:
        with access.engine.begin() as connection:
            found = employers_of(connection, subject)
            if method is None or is_end:
                known = found.withdraw_verification(employer_id, version)
            else:
                known = found.verify(employer_id, method, version)
    except (AlreadyVerified, RowRefused) as error:
        refused = error.faults[0].reason if isinstance(error, RowRefused) else problem_title(error)
        return _page(request, access, subject, employer_id, refused=refused, status=409)
    if known is None:
        stale()
    return see_other(_address(employer_id), "verification_ended" if is_end else "verification_kept")
