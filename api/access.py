"""The guard before every route: who asks, whether the request came from our own page, and what the route allows.

A route declares its policy with `declare`; one without is refused. While the store has no account at all the service
serves its one trusted user on the loopback address, as before; from the first account on, people sign in.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.responses import Response
from sqlalchemy import Connection, Engine

from api.settings import Settings, today
from pipelines.access.accounts import Accounts, any_account
from pipelines.access.errors import (
    Forbidden,
    NotSignedIn,
    PasswordChangeRequired,
    RequestRefused,
    SecondFactorRequired,
    TooManyRequests,
    UnknownPurpose,
)
from pipelines.access.passwords import Passwords
from pipelines.access.roles import Action, Purpose, Subject, local_subject
from pipelines.access.sessions import Opened, Sessions, SignedIn
from pipelines.access.vault import Vault

CSRF_HEADER, PURPOSE_HEADER = "X-CSRF-Token", "Yougang-Purpose"
_COOKIE = "yougang"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Policy:
    """What a route asks of who calls it."""

    needs_session: bool = True
    needs_subject: bool = True
    action: Action | None = None
    purpose: Purpose = Purpose.OWN_ACCOUNT


OPEN = Policy(needs_session=False, needs_subject=False)
"""For everybody: health, and signing in."""
OWN_SESSION = Policy(needs_subject=False)
"""For every session, also where a password or second factor still has to be set."""


def for_action(action: Action, purpose: Purpose) -> Policy:
    """Return the policy of a route that does something to a person's record, by default for one purpose."""
    return Policy(action=action, purpose=purpose)


def declare(policy: Policy) -> Callable[[_Endpoint], _Endpoint]:
    """Give an endpoint its policy."""

    def mark(endpoint: _Endpoint) -> _Endpoint:
        endpoint.policy = policy  # type: ignore[attr-defined]  # read by `policy_of`; functions take attributes
        return endpoint

    return mark


def policy_of(endpoint: object) -> Policy | None:
    """Return the policy of an endpoint, or None where it declares none."""
    found = getattr(endpoint, "policy", None)
    return found if isinstance(found, Policy) else None


class RateLimit:
    """At most so many acts of one kind in so many seconds; kept in this process, by hashes of the keys."""

    def __init__(self, most: int, seconds: int) -> None:
        self.most, self.seconds = most, seconds
        self._acts: dict[str, list[float]] = {}
        self._lock = Lock()

    def take(self, key: str) -> None:
        """Count an act.

        Raises
        ------
        TooManyRequests
            When there were too many; it is then not counted, so that waiting helps.
        """
        now, known_as = time.monotonic(), hashlib.sha256(key.encode()).hexdigest()
        with self._lock:
            recent = [at for at in self._acts.get(known_as, []) if at > now - self.seconds]
            if len(recent) >= self.most:
                wait = int(recent[0] + self.seconds - now) + 1
                raise TooManyRequests("尝试次数过多，请稍后再试", seconds=wait)
            self._acts = {k: v for k, v in self._acts.items() if v[-1] > now - self.seconds}
            self._acts[known_as] = [*recent, now]


class Access:
    """What the guard and the session routes share."""

    def __init__(self, engine: Engine, settings: Settings, passwords: Passwords | None = None) -> None:
        self.engine = engine
        self.passwords = passwords or Passwords()
        self.vault = Vault.read(settings.keys)
        self.by_client = RateLimit(30, 60)
        self.by_login = RateLimit(10, 60)
        self._has_accounts = False

    def has_accounts(self, connection: Connection) -> bool:
        """True from the first account on; accounts are never deleted, so that a yes holds."""
        self._has_accounts = self._has_accounts or any_account(connection)
        return self._has_accounts

    def accounts(self, connection: Connection) -> Accounts:
        """Return the accounts as of now."""
        return Accounts(connection, passwords=self.passwords, vault=self.vault, now=moment())

    def sessions(self, connection: Connection) -> Sessions:
        """Return the sessions as of now."""
        return Sessions(connection, now=moment(), on=today())


def moment() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


def access_of(request: Request) -> Access:
    """Return what the guard and the session routes share."""
    access: Access = request.app.state.access
    return access


def guard(request: Request) -> None:
    """Let a request through to its route, or refuse it; runs before every route of the application."""
    policy = policy_of(request.scope.get("endpoint"))
    if policy is None:
        raise Forbidden("这个地址没有声明访问规则")
    if request.method not in _SAFE:
        _refuse_foreign_origin(request)
    if not policy.needs_session:
        return
    access = access_of(request)
    with access.engine.begin() as connection:
        if policy.needs_subject and not access.has_accounts(connection):
            request.state.subject = local_subject(_purpose(request, policy))
            return
        sessions = access.sessions(connection)
        signed_in = sessions.current(request.cookies.get(cookie_name(request), ""))
        if signed_in is None:
            raise NotSignedIn("请先登录")
        if request.method not in _SAFE and not signed_in.is_own_page(request.headers.get(CSRF_HEADER, "")):
            raise RequestRefused("请求缺少页面校验码")
        request.state.signed_in = signed_in
        if policy.needs_subject:
            _refuse_unfinished(signed_in)
            request.state.subject = sessions.subject(signed_in, _purpose(request, policy))


def _refuse_unfinished(signed_in: SignedIn) -> None:
    if signed_in.must_change_password:
        raise PasswordChangeRequired("请先修改一次性密码")
    if signed_in.needs_second_factor:
        raise SecondFactorRequired("请先设置动态口令")


def _purpose(request: Request, policy: Policy) -> Purpose:
    stated = request.headers.get(PURPOSE_HEADER)
    if stated is None:
        return policy.purpose
    try:
        return Purpose(stated)
    except ValueError as error:
        raise UnknownPurpose("没有这个使用目的") from error


def _refuse_foreign_origin(request: Request) -> None:
    """A browser says where a request comes from; what says nothing is no browser and has no cookie of a person."""
    own = f"{request.url.scheme}://{request.url.netloc}"
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if (origin is not None and origin != own) or site in ("cross-site", "same-site"):
        raise RequestRefused("请求来自其他网站")


def subject_of(request: Request) -> Subject:
    """Return the subject that the guard found."""
    subject: Subject = request.state.subject
    return subject


def signed_in_of(request: Request) -> SignedIn:
    """Return the session that the guard found."""
    signed_in: SignedIn = request.state.signed_in
    return signed_in


SubjectDep = Annotated[Subject, Depends(subject_of)]
SignedInDep = Annotated[SignedIn, Depends(signed_in_of)]
AccessDep = Annotated[Access, Depends(access_of)]


def cookie_name(request: Request) -> str:
    """Return the name of the cookie: over TLS one that no other host or path can set."""
    return f"__Host-{_COOKIE}" if request.url.scheme == "https" else _COOKIE


def refuse_readable_channel(request: Request) -> None:
    """Passwords and cookies go over TLS, or do not leave the machine.

    Raises
    ------
    RequestRefused
        When the address asked for is neither https nor of this machine.
    """
    if request.url.scheme != "https" and request.url.hostname not in _LOOPBACK:
        raise RequestRefused("只能通过 https 登录")


def set_cookie(request: Request, response: Response, opened: Opened) -> None:
    """Hand the token out; scripts cannot read it, and other sites' forms do not send it."""
    is_tls = request.url.scheme == "https"
    response.set_cookie(cookie_name(request), opened.token, path="/", secure=is_tls, httponly=True, samesite="lax")


def drop_cookie(request: Request, response: Response) -> None:
    """Take the token back."""
    is_tls = request.url.scheme == "https"
    response.delete_cookie(cookie_name(request), path="/", secure=is_tls, httponly=True, samesite="lax")
