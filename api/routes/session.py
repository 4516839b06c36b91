"""The session of a person: signing in and out, the password, the second factor."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, SecretStr

from api.access import (
    OPEN,
    OWN_SESSION,
    Access,
    AccessDep,
    SignedInDep,
    caller,
    declare,
    drop_cookie,
    refuse_readable_channel,
    set_cookie,
)
from api.settings import today
from pipelines.access.accounts import Membership, own_account
from pipelines.access.audit import record
from pipelines.access.errors import LoginRefused
from pipelines.access.organisations import Organisations
from pipelines.access.roles import Role
from pipelines.access.sessions import Opened, SignedIn

router = APIRouter(prefix="/session", tags=["session"])
_REFUSED = "登录名、密码或动态口令不正确，或账号暂时不能使用"
_Secret = Annotated[SecretStr, Field(min_length=1, max_length=256)]
_Code = Annotated[SecretStr, Field(max_length=16)]


class SignIn(BaseModel):
    """What signing in takes; organisation and role where somebody has several."""

    login: Annotated[str, Field(min_length=1, max_length=64)]
    password: _Secret
    code: _Code | None = None
    organisation_id: Annotated[str | None, Field(max_length=64)] = None
    role: Role | None = None


class NewPassword(BaseModel):
    """What a change of password takes."""

    current: _Secret
    new: _Secret


class Code(BaseModel):
    """A code of the second factor."""

    code: _Code


@router.post("", status_code=201)
@declare(OPEN)
def sign_in(request: Request, response: Response, access: AccessDep, form: SignIn) -> dict[str, Any]:
    """Open a session; every refusal of an account says the same."""
    refuse_readable_channel(request)
    access.by_client.take(caller(request))
    access.by_login.take(form.login.strip().lower())
    with access.engine.begin() as connection:
        accounts = access.accounts(connection)
        code = form.code.get_secret_value() if form.code else None
        account = accounts.check(form.login, form.password.get_secret_value(), code)
        membership = None if account is None else _chosen(accounts.memberships(account.user_id, today()), form)
        opened = None
        if account is not None and membership is not None:
            by = own_account(account.user_id, membership.organisation_id)
            record(connection, by, "session.open", object_kind="user", object_id=account.user_id)
            opened = access.sessions(connection).open(account.user_id, membership.organisation_id, membership.role)
    # Raised after the transaction: the attempt has to stay counted.
    if opened is None:
        raise LoginRefused(_REFUSED)
    return _handed_out(request, response, access, opened)


def _chosen(memberships: list[Membership], form: SignIn) -> Membership | None:
    fitting = (
        membership
        for membership in memberships
        if form.organisation_id in (None, membership.organisation_id) and form.role in (None, membership.role)
    )
    return next(fitting, None)


@router.get("")
@declare(OWN_SESSION)
def current(access: AccessDep, signed_in: SignedInDep) -> dict[str, Any]:
    """Say who is signed in, as what, and what still has to be done."""
    return _document(access, signed_in)


@router.delete("", status_code=204)
@declare(OWN_SESSION)
def sign_out(request: Request, access: AccessDep, signed_in: SignedInDep) -> Response:
    """End the session."""
    with access.engine.begin() as connection:
        by = own_account(signed_in.user_id, signed_in.organisation_id)
        record(connection, by, "session.end", object_kind="user", object_id=signed_in.user_id)
        access.sessions(connection).revoke(signed_in.token)
    answer = Response(status_code=204)
    drop_cookie(request, answer)
    return answer


@router.post("/password")
@declare(OWN_SESSION)
def change_password(
    request: Request, response: Response, access: AccessDep, signed_in: SignedInDep, form: NewPassword
) -> dict[str, Any]:
    """Change the password; every other session ends and this one gets a new token."""
    access.by_login.take(signed_in.login)
    with access.engine.begin() as connection:
        is_changed = access.accounts(connection).change_password(
            signed_in.user_id,
            signed_in.login,
            form.current.get_secret_value(),
            form.new.get_secret_value(),
            by=own_account(signed_in.user_id, signed_in.organisation_id),
        )
        opened = _reopened(access, connection, signed_in) if is_changed else None
    if opened is None:
        raise LoginRefused(_REFUSED)
    return _handed_out(request, response, access, opened)


@router.post("/second-factor", status_code=201)
@declare(OWN_SESSION)
def begin_second_factor(access: AccessDep, signed_in: SignedInDep) -> dict[str, str]:
    """Return the address that an authenticator application reads; shown once."""
    with access.engine.begin() as connection:
        uri = access.accounts(connection).begin_second_factor(
            signed_in.user_id, signed_in.login, by=own_account(signed_in.user_id, signed_in.organisation_id)
        )
    return {"uri": uri}


@router.put("/second-factor")
@declare(OWN_SESSION)
def confirm_second_factor(
    request: Request, response: Response, access: AccessDep, signed_in: SignedInDep, form: Code
) -> dict[str, Any]:
    """Take the second factor into use; every other session ends and this one gets a new token."""
    access.by_login.take(signed_in.login)
    with access.engine.begin() as connection:
        is_confirmed = access.accounts(connection).confirm_second_factor(
            signed_in.user_id,
            signed_in.login,
            form.code.get_secret_value(),
            by=own_account(signed_in.user_id, signed_in.organisation_id),
        )
        opened = _reopened(access, connection, signed_in) if is_confirmed else None
    if opened is None:
        raise LoginRefused(_REFUSED)
    return _handed_out(request, response, access, opened)


def _reopened(access: Access, connection: Any, signed_in: SignedIn) -> Opened:
    return access.sessions(connection).open(signed_in.user_id, signed_in.organisation_id, signed_in.role)


def _handed_out(request: Request, response: Response, access: Access, opened: Opened) -> dict[str, Any]:
    set_cookie(request, response, opened)
    with access.engine.begin() as connection:
        signed_in = access.sessions(connection).current(opened.token)
    if signed_in is None:
        raise LoginRefused(_REFUSED)
    return _document(access, signed_in)


def _document(access: Access, signed_in: SignedIn) -> dict[str, Any]:
    with access.engine.connect() as connection:
        organisation = Organisations(connection).find(signed_in.organisation_id)
        memberships = access.accounts(connection).memberships(signed_in.user_id, today())
    return {
        "login": signed_in.login,
        "display_name": signed_in.display_name,
        "organisation": {"id": signed_in.organisation_id, "name": organisation.name if organisation else ""},
        "role": signed_in.role.value,
        "must_change_password": signed_in.must_change_password,
        "needs_second_factor": signed_in.needs_second_factor,
        "csrf_token": signed_in.csrf_token,
        "expires_at": signed_in.expires_at.isoformat(),
        "memberships": [{"organisation_id": m.organisation_id, "role": m.role.value} for m in memberships],
    }
