"""Accounts as a page of administrators: who is what where, shut at once and opened again."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api.access import AccessDep, SubjectDep, declare, page_for
from api.pages.render import page, see_other
from api.settings import today
from pipelines.access.administration import Administration
from pipelines.access.errors import AccountRefused
from pipelines.access.roles import Action, Purpose, Subject

router = APIRouter(prefix="/accounts", include_in_schema=False)
_ADMINISTER = page_for(Action.ADMINISTER, Purpose.ACCOUNT_ADMINISTRATION)


@router.get("")
@declare(_ADMINISTER)
def accounts(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Show the accounts of the own organisation and below."""
    return _list(request, access, subject)


def _list(request: Request, access: Any, subject: Subject, *, refused: str = "", status: int = 200) -> Response:
    with access.engine.begin() as connection:
        found = Administration(access.accounts(connection), subject, today()).users()
    return page(request, "accounts.html", status, users=found, own=subject.user_id, refused=refused)


@router.post("/{user_id}/lock")
@declare(_ADMINISTER)
def lock(request: Request, access: AccessDep, subject: SubjectDep, user_id: str) -> Response:
    """Shut an account; its sessions end at once."""
    try:
        with access.engine.begin() as connection:
            Administration(access.accounts(connection), subject, today()).lock(user_id)
    except AccountRefused as error:
        return _list(request, access, subject, refused=str(error), status=409)
    return see_other("/accounts", "account_locked")


@router.post("/{user_id}/unlock")
@declare(_ADMINISTER)
def unlock(request: Request, access: AccessDep, subject: SubjectDep, user_id: str) -> Response:
    """Open an account again."""
    try:
        with access.engine.begin() as connection:
            Administration(access.accounts(connection), subject, today()).unlock(user_id)
    except AccountRefused as error:
        return _list(request, access, subject, refused=str(error), status=409)
    return see_other("/accounts", "account_unlocked")
