"""The guard before every route: who asks, whether the request came from our own page, and what the route allows.

A route declares its policy with `declare`; one without is refused. People come with the cookie of a session, machines
with a token, programs that send in files with a key: with one of them, never with two. While the store has no account
at all the service serves its one trusted user on the loopback address; from the first account on, people sign in.
"""

import inspect
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from sqlalchemy import Connection, Engine

from api.clock import moment
from api.forms import CSRF_FIELD, form_of, unmasked
from api.rates import OF_ONE, PREVIEWS, SIGN_IN_BY_LOGIN, SIGN_IN_BY_PLACE, RateLimit, Rates
from api.settings import Settings, today
from pipelines.access.accounts import Accounts, any_account
from pipelines.access.clients import Clients
from pipelines.access.errors import (
    Forbidden,
    NotSignedIn,
    PasswordChangeRequired,
    RequestRefused,
    SecondFactorRequired,
    UnknownPurpose,
)
from pipelines.access.import_keys import ROUTES, SCOPES, ImportKeys
from pipelines.access.passwords import Passwords
from pipelines.access.roles import Action, Purpose, Role, Subject, local_subject, usual_purpose
from pipelines.access.sessions import Opened, Sessions, SignedIn, subject_for
from pipelines.access.vault import Vault
from pipelines.rule_release.gate import RULED, check_rules
from pipelines.store.session import each_by_itself

CSRF_HEADER, PURPOSE_HEADER, KEY_HEADER = "X-CSRF-Token", "Yougang-Purpose", "X-API-Key"
_COOKIE = "yougang"
MOST_ON_A_PAGE, USUAL_ON_A_PAGE = 100, 20
_SWEEP_SECONDS = 3600
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
LOOPBACK_CLIENTS = frozenset({"127.0.0.1", "::1"})
_ONE_PERSON = frozenset({"candidate_id", "placement_id", "run_id", "claim_id"})
_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Policy:
    """What a route asks of who calls it."""

    needs_session: bool = True
    needs_subject: bool = True
    action: Action | None = None
    purpose: Purpose = Purpose.OWN_ACCOUNT
    is_page: bool = False
    """Answers with a page for people: what it is sent are forms, and what is refused is told on a page."""


OPEN = Policy(needs_session=False, needs_subject=False)
"""For everybody: health, and signing in."""
OWN_SESSION = Policy(needs_subject=False)
"""For every session, also where a password or second factor still has to be set."""
OPEN_PAGE, OWN_SESSION_PAGE = replace(OPEN, is_page=True), replace(OWN_SESSION, is_page=True)
SIGNED_IN, SIGNED_IN_PAGE = Policy(), Policy(is_page=True)
"""For everybody who is signed in and ready to work, whatever the role."""


def for_action(action: Action, purpose: Purpose) -> Policy:
    """Return the policy of a route that does something to a person's record, by default for one purpose."""
    return Policy(action=action, purpose=purpose)


def page_for(action: Action, purpose: Purpose) -> Policy:
    """Return the policy of a page that does something to a person's record, by default for one purpose."""
    return Policy(action=action, purpose=purpose, is_page=True)


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


class Access:
    """What the guard and the session routes share."""

    def __init__(self, engine: Engine, settings: Settings, passwords: Passwords | None = None) -> None:
        self.engine = engine
        self.passwords = passwords or Passwords()
        self.vault = Vault.read(settings.keys)
        self.by_client = RateLimit.of(SIGN_IN_BY_PLACE)
        self.by_login = RateLimit.of(SIGN_IN_BY_LOGIN)
        self.rates = Rates()
        self._previews = RateLimit.of(PREVIEWS)
        self._each_by_itself = each_by_itself(engine)
        self._has_accounts = False
        self._swept_at: float | None = None

    def reading(self) -> AbstractContextManager[Connection]:
        """Give a connection for looking, on which each statement stands by itself."""
        return self._each_by_itself()

    def is_time_to_sweep(self) -> bool:
        """True once an hour, to the first who asks."""
        now = time.monotonic()
        if self._swept_at is not None and now - self._swept_at < _SWEEP_SECONDS:
            return False
        self._swept_at = now
        return True

    def take_preview(self, subject: Subject) -> None:
        """Count one question of an organisation about how many people there are.

        Raises
        ------
        TooManyRequests
            When it asked too often.
        """
        if not subject.is_local:
            self._previews.take(str(subject.organisation_id))

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


def access_of(request: Request) -> Access:
    """Return what the guard and the session routes share."""
    access: Access = request.app.state.access
    return access


async def guard(request: Request) -> None:
    """Let a request through to its route, or refuse it; runs before every route of the application."""
    policy = _policy(request)
    if policy.is_page and request.method not in _SAFE:
        request.state.form = await form_of(request)
    if policy.needs_session:
        await run_in_threadpool(_admit, request, policy)


def admit(request: Request) -> None:
    """Do what `guard` does, for who is in a thread of its own already."""
    policy = _policy(request)
    if policy.needs_session:
        _admit(request, policy)


def _policy(request: Request) -> Policy:
    policy = policy_of(request.scope.get("endpoint"))
    if policy is None:
        raise Forbidden("这个地址没有声明访问规则")
    if request.method not in _SAFE:
        _refuse_foreign_origin(request)
    return policy


def _admit(request: Request, policy: Policy) -> None:
    """Find out who asks, in the one or other way, and count the request."""
    access = access_of(request)
    token, key = _token(request), request.headers.get(KEY_HEADER)
    if sum(given is not None for given in (token, key, request.cookies.get(cookie_name(request)))) > 1:
        raise RequestRefused("请求带有两种身份")
    # A person who looks writes nothing but when the session was last seen; the others may have more to write or undo.
    is_look = token is None and key is None and request.method in _SAFE and policy.action not in RULED
    with access.reading() if is_look else access.engine.begin() as connection:
        if token is not None:
            request.state.subject = _machine(request, access, connection, policy, token)
        elif key is not None:
            request.state.subject = _importer(request, access, connection, policy, key)
        elif policy.needs_subject and not access.has_accounts(connection):
            _refuse_other_names(request)
            request.state.subject = local_subject(_purpose(request, policy, None))
        else:
            _person(request, access, connection, policy)
        if policy.is_page and policy.action is not None and not request.state.subject.may(policy.action):
            raise Forbidden("您的角色没有这个页面")  # the same whatever is asked about, so it tells of nothing
        if policy.action in RULED and access.has_accounts(connection):
            check_rules(connection, at=moment())
    if policy.needs_subject:
        left = access.rates.take(request.state.subject, policy.action, _n_people(request, policy.action))
        request.state.more_headers = {} if left is None else left.headers


def _n_people(request: Request, action: Action | None) -> int:
    """Return how many people an answer tells of at most: one where one is named, else a page of them."""
    if _ONE_PERSON & request.path_params.keys():
        return 1
    understood = _understood(request.scope["endpoint"])  # what a route does not know it ignores, and so must this
    if _ONE_PERSON & request.query_params.keys() & understood:
        return 1
    if action in OF_ONE:
        return 0
    asked = request.query_params.get("k" if "k" in understood else "limit", "")
    return min(max(int(asked), 1), MOST_ON_A_PAGE) if asked.isascii() and asked.isdigit() else USUAL_ON_A_PAGE


@cache
def _understood(endpoint: Callable[..., Any]) -> frozenset[str]:
    return frozenset(inspect.signature(endpoint).parameters)


def _person(request: Request, access: Access, connection: Connection, policy: Policy) -> None:
    sessions = access.sessions(connection)
    signed_in = sessions.current(request.cookies.get(cookie_name(request), ""))
    if signed_in is None:
        raise NotSignedIn("请先登录")
    if request.method not in _SAFE and not signed_in.is_own_page(_page_token(request, policy)):
        raise RequestRefused("请求缺少页面校验码")
    request.state.signed_in = signed_in
    if policy.needs_subject:
        _refuse_unfinished(signed_in)
        request.state.subject = sessions.subject(signed_in, _purpose(request, policy, signed_in.role))


def _page_token(request: Request, policy: Policy) -> str:
    """Return the token of our own pages: forms carry it in a field, under a mask of its own each time."""
    if policy.is_page and CSRF_HEADER not in request.headers:
        return unmasked(request.state.form.text(CSRF_FIELD))
    return request.headers.get(CSRF_HEADER, "")


def _machine(request: Request, access: Access, connection: Connection, policy: Policy, token: str) -> Subject:
    """Return the machine of a token; there is no page of it to forge, and no session of it to look after."""
    refuse_readable_channel(request)
    client = Clients(connection, vault=access.vault, now=moment()).current(token)
    if client is None:
        raise NotSignedIn("令牌无效或已过期")
    if policy.action is None:
        raise Forbidden("程序没有会话")
    purpose = _purpose(request, policy, client.role, is_machine=True)
    return subject_for(
        connection, client.organisation_id, client.role, purpose, today(),
        client_id=client.client_id, scopes=client.scopes,
    )  # fmt: skip


def _importer(request: Request, access: Access, connection: Connection, policy: Policy, text: str) -> Subject:
    """Return the program that sends in files; its key opens nothing else."""
    refuse_readable_channel(request)
    key = ImportKeys(connection, vault=access.vault, now=moment()).current(text)
    if key is None:
        raise NotSignedIn("导入密钥无效或已过期")
    if policy.action not in ROUTES:
        raise Forbidden("导入密钥只能用于导入")
    purpose = _purpose(request, policy, key.role, is_machine=True)
    return subject_for(connection, key.organisation_id, key.role, purpose, today(), client_id=key.actor, scopes=SCOPES)


def _token(request: Request) -> str | None:
    """Return the token of a request, or None; another scheme of authorization counts as one that is not valid."""
    authorization = request.headers.get("authorization")
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _refuse_unfinished(signed_in: SignedIn) -> None:
    if signed_in.must_change_password:
        raise PasswordChangeRequired("请先修改一次性密码")
    if signed_in.needs_second_factor:
        raise SecondFactorRequired("请先设置动态口令")


def _purpose(request: Request, policy: Policy, role: Role | None, *, is_machine: bool = False) -> Purpose:
    """Return what is stated, or what the role does this for: people what the route is for, machines an exchange."""
    stated = request.headers.get(PURPOSE_HEADER)
    if stated is None:
        usual = Purpose.DATA_EXCHANGE if is_machine else policy.purpose
        if role is None or policy.action is None or Subject(None, None, role, frozenset(), usual).may(policy.action):
            return usual
        return usual_purpose(role, policy.action, policy.purpose)
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


def caller(request: Request) -> str:
    """Return where a request comes from, to count attempts by."""
    return request.client.host if request.client else ""


def subject_of(request: Request) -> Subject:
    """Return the subject that the guard found."""
    subject: Subject = request.state.subject
    return subject


def signed_in_of(request: Request) -> SignedIn:
    """Return the session that the guard found."""
    signed_in: SignedIn = request.state.signed_in
    return signed_in


# FastAPI hands every dependency that is a plain function to a thread, which costs more than these do.
async def _subject(request: Request) -> Subject:
    return subject_of(request)


async def _signed_in(request: Request) -> SignedIn:
    return signed_in_of(request)


async def _access(request: Request) -> Access:
    return access_of(request)


SubjectDep = Annotated[Subject, Depends(_subject)]
SignedInDep = Annotated[SignedIn, Depends(_signed_in)]
AccessDep = Annotated[Access, Depends(_access)]


def cookie_name(request: Request) -> str:
    """Return the name of the cookie: over TLS one that no other host or path can set."""
    return f"__Host-{_COOKIE}" if request.scope["scheme"] == "https" else _COOKIE


def refuse_readable_channel(request: Request) -> None:
    """Passwords and cookies go over TLS, or do not leave the machine.

    Raises
    ------
    RequestRefused
        When the address asked for is neither https nor of this machine.
    """
    if request.url.scheme != "https" and request.url.hostname not in _LOOPBACK:
        raise RequestRefused("只能通过 https 登录")


def _refuse_other_names(request: Request) -> None:
    """Serve nobody without an account under another name than this machine's own.

    A page of somebody else's whose name is made to lead here would else read everything with the browser of whoever
    sits here: for the browser it is that page's own address.
    """
    if request.url.hostname not in _LOOPBACK:
        raise RequestRefused("没有账号时只能用本机地址访问")


def set_cookie(request: Request, response: Response, opened: Opened) -> None:
    """Hand the token out; scripts cannot read it, and other sites' forms do not send it."""
    is_tls = request.url.scheme == "https"
    response.set_cookie(cookie_name(request), opened.token, path="/", secure=is_tls, httponly=True, samesite="lax")


def drop_cookie(request: Request, response: Response) -> None:
    """Take the token back."""
    is_tls = request.url.scheme == "https"
    response.delete_cookie(cookie_name(request), path="/", secure=is_tls, httponly=True, samesite="lax")
