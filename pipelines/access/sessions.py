"""Sessions of people, kept by the server: it knows only hashes of the tokens, and asks anew at every request.

A session ends after 30 minutes without a request, after 12 hours in any case, and as soon as the user is no longer
what the session says.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Date, Select, and_, bindparam, insert, select, update

from pipelines.access.accounts import holds_on
from pipelines.access.organisations import Organisations, Standing, codes_below, standing_of
from pipelines.access.roles import (
    NEEDS_SECOND_FACTOR,
    SEES_PEOPLE,
    Action,
    OrganisationId,
    OrganisationKind,
    Purpose,
    Role,
    Subject,
    UserId,
)
from pipelines.store import tables
from pipelines.store.base import UtcDateTime

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
_SEEN_EVERY = timedelta(minutes=1)
_sessions, _users, _memberships = tables.sessions, tables.users, tables.memberships


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session: the token goes into the cookie, the other into a header of our own pages."""

    token: str
    csrf_token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who a session belongs to, as things stand at this request."""

    token: str
    user_id: UserId
    login: str
    display_name: str
    organisation_id: OrganisationId
    role: Role
    must_change_password: bool
    has_second_factor: bool
    csrf_hash: str
    expires_at: datetime
    standing: Standing
    """What the organisation is and answers for on the day."""

    @property
    def needs_second_factor(self) -> bool:
        """True where the role needs one and none is set up."""
        return self.role in NEEDS_SECOND_FACTOR and not self.has_second_factor

    @property
    def csrf_token(self) -> str:
        """Return the token that state-changing requests carry."""
        return _csrf_token(self.token)

    def is_own_page(self, csrf_token: str) -> bool:
        """True where a request carries the token of this session."""
        return hmac.compare_digest(_hash(csrf_token), self.csrf_hash)


class Sessions:
    """The sessions of a store at a moment and day; the caller opens the connection and commits."""

    def __init__(self, connection: Connection, *, now: datetime, on: date) -> None:
        self.connection, self.now, self.on = connection, now, on

    def open(self, user_id: UserId, organisation_id: OrganisationId, role: Role) -> Opened:
        """Open a session; its token never was another's."""
        token = secrets.token_urlsafe(32)
        opened = Opened(token, _csrf_token(token), self.now + LONGEST)
        self.connection.execute(
            insert(_sessions).values(
                token_hash=_hash(token),
                user_id=user_id,
                organisation_id=organisation_id,
                role=role.value,
                csrf_hash=_hash(opened.csrf_token),
                created_at=self.now,
                last_seen_at=self.now,
                expires_at=opened.expires_at,
            )
        )
        return opened

    def current(self, token: str) -> SignedIn | None:
        """Return who a token belongs to, or None when the session, the account or the role has ended."""
        given = {"token_hash": _hash(token), "now": self.now, "idle_since": self.now - IDLE, "on_day": self.on}
        row = self.connection.execute(_CURRENT, given).first()
        if row is None:
            return None
        if self.now - row.last_seen_at >= _SEEN_EVERY:
            self.connection.execute(
                update(_sessions).where(_sessions.c.token_hash == row.token_hash).values(last_seen_at=self.now)
            )
        return SignedIn(
            token=token,
            user_id=UserId(row.user_id),
            login=row.login,
            display_name=row.display_name,
            organisation_id=OrganisationId(row.organisation_id),
            role=Role(row.role),
            must_change_password=row.must_change_password,
            has_second_factor=row.totp_confirmed_at is not None,
            csrf_hash=row.csrf_hash,
            expires_at=row.expires_at,
            standing=standing_of(row.kind, row.employer_id, row.codes),
        )

    def subject(self, signed_in: SignedIn, purpose: Purpose) -> Subject:
        """Return the subject of a session, with the codes that its organisation answers for on the day."""
        return _subject(
            signed_in.standing, signed_in.organisation_id, signed_in.role, purpose, user_id=signed_in.user_id
        )

    def revoke(self, token: str) -> None:
        """End one session."""
        self.connection.execute(
            update(_sessions).where(_sessions.c.token_hash == _hash(token)).values(revoked_at=self.now)
        )


def _current() -> Select[Any]:
    s, u, m, o = _sessions.c, _users.c, _memberships.c, tables.organisations.c
    now, on = bindparam("now", type_=UtcDateTime), bindparam("on_day", type_=Date)
    is_same = and_(m.user_id == s.user_id, m.organisation_id == s.organisation_id, m.role == s.role, holds_on(on))
    # With what the organisation answers for: asked at every request, so that it is one question and not two.
    codes = codes_below(select(s.organisation_id).where(s.token_hash == bindparam("token_hash")))
    return (
        select(
            s.token_hash, s.last_seen_at, s.user_id, s.organisation_id, s.role, s.csrf_hash, s.expires_at,
            u.login, u.display_name, u.must_change_password, u.totp_confirmed_at,
            o.kind, o.employer_id, codes.label("codes"),
        )
        .join(_users, u.user_id == s.user_id)
        .join(tables.organisations, o.organisation_id == s.organisation_id)
        .where(
            s.token_hash == bindparam("token_hash"),
            s.revoked_at.is_(None),
            s.expires_at > now,
            s.last_seen_at > bindparam("idle_since", type_=UtcDateTime),
            u.status == "active",
            select(m.membership_id).where(is_same).exists(),
        )
    )  # fmt: skip


# Asked at every request: put together once, for that costs more than asking.
_CURRENT = _current()


def subject_for(
    connection: Connection,
    organisation_id: OrganisationId,
    role: Role,
    purpose: Purpose,
    on: date,
    *,
    user_id: UserId | None = None,
    client_id: str | None = None,
    scopes: frozenset[Action] | None = None,
) -> Subject:
    """Return the subject of a person or machine in an organisation, with what that answers for on a day."""
    standing = Organisations(connection).standing(organisation_id, on)
    return _subject(standing, organisation_id, role, purpose, user_id=user_id, client_id=client_id, scopes=scopes)


def _subject(
    standing: Standing | None,
    organisation_id: OrganisationId,
    role: Role,
    purpose: Purpose,
    *,
    user_id: UserId | None = None,
    client_id: str | None = None,
    scopes: frozenset[Action] | None = None,
) -> Subject:
    sees = standing is not None and role in SEES_PEOPLE
    return Subject(
        user_id=user_id,
        organisation_id=organisation_id,
        role=role,
        codes=standing.codes if standing is not None and sees else frozenset(),
        purpose=purpose,
        employer_id=None if standing is None else standing.employer_id,
        is_whole_province=standing is not None and sees and standing.kind is OrganisationKind.PROVINCE,
        client_id=client_id,
        scopes=scopes,
    )


def _hash(token: str) -> str:
    """Return what is kept of a token; it is random and long, so one pass of a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def _csrf_token(token: str) -> str:
    """Return the token of our own pages; made from the session's, so that a page can be shown again."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()
