"""Signing in and out, the password, and the second factor, as pages; what is done is done by the session's routes."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import segno
from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from api.access import (
    OPEN_PAGE,
    OWN_SESSION_PAGE,
    AccessDep,
    SignedInDep,
    declare,
)
from api.errors import problem_title
from api.forms import form_sent
from api.pages.render import page, see_other
from api.routes import session
from pipelines.access.errors import AccountRefused, LoginRefused, PasswordRefused, RequestRefused, TooManyRequests
from pipelines.schema import holds_citizen_number

router = APIRouter(include_in_schema=False)
_REFUSALS = (LoginRefused, PasswordRefused, TooManyRequests, AccountRefused, RequestRefused)


def own_page(address: str) -> str:
    """Return an address if it is the path of one of our pages, else the first page; nothing leads to other hosts."""
    split = urlsplit(address)
    is_path = (
        address.startswith("/") and not address.startswith(("//", "/\\")) and not split.scheme and not split.netloc
    )
    is_plain = "\\" not in address and not any(ord(character) < 33 for character in address)
    return address if is_path and is_plain and not holds_citizen_number(address) else "/"


@router.get("/sign-in")
@declare(OPEN_PAGE)
def sign_in_page(request: Request, next: str = "/") -> Response:
    """Ask who it is."""
    return page(request, "sign_in.html", next=own_page(next), refused="")


@router.post("/sign-in")
@declare(OPEN_PAGE)
def sign_in(request: Request, access: AccessDep) -> Response:
    """Open a session."""
    form = form_sent(request)
    goes_to = own_page(form.text("next") or "/")
    answer = see_other(goes_to)

    def work() -> None:
        given = {"login": form.text("login"), "password": form.typed("password"), "code": form.text("code") or None}
        session.sign_in(request, answer, access, session.SignIn.model_validate(given))

    refused = _tried(work)
    if refused:
        return page(request, "sign_in.html", 422, next=goes_to, refused=refused)
    return answer


def _tried(work: Callable[[], Any]) -> str:
    """Return what was refused in words, or the empty text; what was typed is not in it."""
    try:
        work()
    except _REFUSALS as error:
        return problem_title(error)
    except ValidationError:
        return problem_title(LoginRefused(""))
    return ""


@router.post("/sign-out")
@declare(OWN_SESSION_PAGE)
def sign_out(request: Request, access: AccessDep, signed_in: SignedInDep) -> Response:
    """End the session."""
    done = session.sign_out(request, access, signed_in)
    answer = see_other("/sign-in", "signed_out")
    answer.raw_headers += [pair for pair in done.raw_headers if pair[0] == b"set-cookie"]
    return answer


@router.get("/password")
@declare(OWN_SESSION_PAGE)
def password_page(request: Request, signed_in: SignedInDep) -> Response:
    """Ask for a new password."""
    return page(request, "password.html", is_forced=signed_in.must_change_password, refused="")


@router.post("/password")
@declare(OWN_SESSION_PAGE)
def change_password(request: Request, access: AccessDep, signed_in: SignedInDep) -> Response:
    """Change the password."""
    form, answer = form_sent(request), see_other("/", "password_changed")

    def work() -> None:
        given = {"current": form.typed("current"), "new": form.typed("new")}
        session.change_password(request, answer, access, signed_in, session.NewPassword.model_validate(given))

    refused = _tried(work)
    if refused:
        return page(request, "password.html", 422, is_forced=signed_in.must_change_password, refused=refused)
    return answer


@router.get("/second-factor")
@declare(OWN_SESSION_PAGE)
def second_factor_page(request: Request, signed_in: SignedInDep) -> Response:
    """Explain the second factor, and offer to set it up."""
    return page(request, "second_factor.html", is_set=signed_in.has_second_factor, secret="", drawing="", refused="")


@router.post("/second-factor")
@declare(OWN_SESSION_PAGE)
def begin_second_factor(request: Request, access: AccessDep, signed_in: SignedInDep) -> Response:
    """Show the secret once, as letters and as a picture that an application reads."""
    try:
        uri = session.begin_second_factor(access, signed_in)["uri"]
    except AccountRefused as error:
        shown = {"is_set": signed_in.has_second_factor, "secret": "", "drawing": "", "refused": problem_title(error)}
        return page(request, "second_factor.html", 409, **shown)
    secret = parse_qs(urlsplit(uri).query)["secret"][0]
    drawing = segno.make(uri, error="m").svg_inline(scale=5, border=4, svgclass=None, lineclass=None, omitsize=True)
    return page(request, "second_factor.html", is_set=False, secret=secret, drawing=drawing, refused="")


@router.post("/second-factor/confirm")
@declare(OWN_SESSION_PAGE)
def confirm_second_factor(request: Request, access: AccessDep, signed_in: SignedInDep) -> Response:
    """Take the second factor into use."""
    form, answer = form_sent(request), see_other("/", "second_factor_set")

    def work() -> None:
        code = session.Code.model_validate({"code": form.text("code")})
        session.confirm_second_factor(request, answer, access, signed_in, code)

    refused = _tried(work)
    if refused:
        shown = {"is_set": signed_in.has_second_factor, "secret": "", "drawing": "", "refused": refused}
        return page(request, "second_factor.html", 422, **shown)
    return answer


@router.get("/still-here")
@declare(OWN_SESSION_PAGE)
def still_here() -> Response:
    """Keep the session of somebody who says to be still there: being asked for is use."""
    return Response(status_code=204)
