"""Accounts: making them, passwords, second factors, lockout, recovery; and what a user is in which organisation.

Every change is in the audit, and written there first: the database takes none without. A refused login costs the same
statements and the same hash whether the account exists.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pyotp
from sqlalchemy import Connection, case, insert, or_, select, update

from pipelines.access.audit import record, record_each, take_turn
from pipelines.access.errors import AccountRefused, VaultError
from pipelines.access.organisations import Organisations
from pipelines.access.passwords import Passwords, accept_new, one_time_password
from pipelines.access.roles import KINDS_OF_ROLE, By, OrganisationId, Purpose, Role, UserId, actor_of
from pipelines.access.vault import Place, Vault
from pipelines.store import tables

ATTEMPTS = 5
LOCKED_FOR = timedelta(minutes=15)
ONE_TIME_FOR = timedelta(hours=72)
_STEP_SECONDS, _NO_STEP = 30, 0
_NOBODY = UserId("")
_DOOR = By("door", None, Purpose.OWN_ACCOUNT)
_users, _memberships = tables.users, tables.memberships


@dataclass(frozen=True, slots=True)
class Account:
    """A user as stored; the hash and the sealed secret stay out of what is printed."""

    user_id: UserId
    login: str
    display_name: str
    status: str
    must_change_password: bool
    has_second_factor: bool


@dataclass(frozen=True, slots=True)
class Membership:
    """What a user is in an organisation."""

    organisation_id: OrganisationId
    role: Role


class Accounts:
    """The accounts of a store at a moment; the caller opens the connection and commits."""

    def __init__(self, connection: Connection, *, passwords: Passwords, vault: Vault, now: datetime) -> None:
        self.connection, self.passwords, self.vault, self.now = connection, passwords, vault, now

    # ---- looking up ----

    def find(self, login: str) -> Account | None:
        """Return an account by its login, or None."""
        row = self._row(login)
        return None if row is None else _account(row)

    def get(self, login: str) -> Account:
        """Return an account that an administrator named.

        Raises
        ------
        AccountRefused
            When there is none.
        """
        account = self.find(login)
        if account is None:
            raise AccountRefused("没有这个登录名")
        return account

    def memberships(self, user_id: UserId, on: date) -> list[Membership]:
        """Return what a user is on a day, in a fixed order."""
        c = _memberships.c
        statement = (
            select(c.organisation_id, c.role)
            .where(c.user_id == user_id, holds_on(on))
            .order_by(c.valid_from, c.membership_id)
        )
        return [Membership(OrganisationId(o), Role(r)) for o, r in self.connection.execute(statement)]

    def has_administrator(self) -> bool:
        """True where somebody was ever made administrator."""
        c = _memberships.c
        return (
            self.connection.execute(select(c.user_id).where(c.role == Role.ADMINISTRATOR.value).limit(1)).first()
            is not None
        )

    # ---- administration ----

    def create(self, login: str, display_name: str, *, by: By) -> tuple[Account, str]:
        """Make an account and return it with its one-time password, which is shown once and has to be changed.

        Raises
        ------
        AccountRefused
            When the login is taken or could be a citizen or certificate number.
        """
        known_as = _login(login)
        _accept_login(known_as)
        if self.find(known_as) is not None:
            raise AccountRefused("这个登录名已存在")
        user_id, password = UserId(str(uuid.uuid4())), one_time_password()
        self._record(by, "user.create", user_id)
        self.connection.execute(
            insert(_users).values(
                user_id=user_id,
                login=known_as,
                display_name=display_name,
                password_hash=self.passwords.hash(password),
                status="active",
                failed_attempts=0,
                must_change_password=True,
                one_time_until=self.now + ONE_TIME_FOR,
                created_at=self.now,
            )
        )
        return self.get(known_as), password

    def grant(self, user_id: UserId, organisation_id: str, role: Role, *, by: By, since: date) -> None:
        """Make a user something in an organisation from a day on.

        Raises
        ------
        AccountRefused
            When there is no such organisation, or it has no such role.
        """
        organisation = Organisations(self.connection).find(organisation_id)
        if organisation is None:
            raise AccountRefused("没有这个机构编号")
        if organisation.kind not in KINDS_OF_ROLE[role]:
            raise AccountRefused("这类机构没有这个角色")
        membership_id = str(uuid.uuid4())
        record(
            self.connection, by, "membership.grant", object_kind="membership", object_id=membership_id,
            details={"role": role.value}, at=self.now,
        )  # fmt: skip
        self.connection.execute(
            insert(_memberships).values(
                membership_id=membership_id,
                user_id=user_id,
                organisation_id=organisation_id,
                role=role.value,
                valid_from=since,
            )
        )

    def withdraw(self, user_id: UserId, organisation_id: str, role: Role, *, by: By) -> None:
        """End what a user is in an organisation; it holds from the next request on.

        Raises
        ------
        AccountRefused
            When the user is not that there.
        """
        c = _memberships.c
        same = (c.user_id == user_id, c.organisation_id == organisation_id, c.role == role.value)
        take_turn(self.connection)
        ended = self.connection.execute(select(c.membership_id).where(*same, c.withdrawn_at.is_(None))).scalars().all()
        if not ended:
            raise AccountRefused("这个用户在该机构没有这个角色")
        record_each(
            self.connection, by, "membership.withdraw", object_kind="membership", object_ids=ended,
            details={"role": role.value}, at=self.now,
        )  # fmt: skip
        self.connection.execute(update(_memberships).where(c.membership_id.in_(ended)).values(withdrawn_at=self.now))

    def lock(self, user_id: UserId, *, by: By) -> None:
        """Shut an account and end its sessions."""
        self._record(by, "user.lock", user_id)
        self._set(user_id, status="locked")
        self.end_sessions(user_id)

    def unlock(self, user_id: UserId, *, by: By) -> None:
        """Open an account again; failed attempts are forgotten."""
        self._record(by, "user.unlock", user_id)
        self._set(user_id, status="active", failed_attempts=0, locked_until=None)

    def reset(self, user_id: UserId, *, by: By, second_factor: bool = False) -> str:
        """Return a new one-time password; sessions end, and the second factor goes where that is asked for."""
        password = one_time_password()
        password_hash = self.passwords.hash(password)
        self._record(by, "user.reset", user_id, {"second_factor": second_factor})
        self._set(
            user_id,
            password_hash=password_hash,
            must_change_password=True,
            one_time_until=self.now + ONE_TIME_FOR,
            failed_attempts=0,
            locked_until=None,
        )
        if second_factor:
            self._set(user_id, totp_secret=None, totp_confirmed_at=None, totp_last_step=None)
        self.end_sessions(user_id)
        return password

    def end_sessions(self, user_id: UserId) -> None:
        """End every session of a user; why is in the audit already."""
        s = tables.sessions
        self.connection.execute(
            update(s).where(s.c.user_id == user_id, s.c.revoked_at.is_(None)).values(revoked_at=self.now)
        )

    # ---- signing in ----

    def check(self, login: str, password: str, code: str | None) -> Account | None:
        """Return the account when login, password and code hold and it is free to use; else count the attempt.

        The caller commits in either case, and says the same for every refusal.
        """
        row = self._row(login)
        is_right = self.passwords.check(None if row is None else row.password_hash, password)
        step = self._step(row, code, is_right)
        if row is None or not (is_right and step is not None and self._is_free(row) and self._is_unused(row, step)):
            self._count_failure(_NOBODY if row is None else UserId(row.user_id))
            return None
        changes: dict[str, Any] = {"failed_attempts": 0, "locked_until": None}
        if step != _NO_STEP:
            changes["totp_last_step"] = step
        if self.passwords.is_outdated(row.password_hash):
            changes["password_hash"] = self.passwords.hash(password)
        self._record(_DOOR, "session.accepted", UserId(row.user_id))
        self._set(UserId(row.user_id), **changes)
        return _account(row)

    def _is_free(self, row: Any) -> bool:
        if row.status != "active" or (row.locked_until is not None and row.locked_until > self.now):
            return False
        return not row.must_change_password or row.one_time_until is None or row.one_time_until > self.now

    def _count_failure(self, user_id: UserId) -> None:
        """Count a refused attempt; while an account is shut nothing is added, or others could keep it shut for ever."""
        c = _users.c
        record(self.connection, _DOOR, "session.refused", object_kind="user", object_id=user_id or None, at=self.now)
        self.connection.execute(
            update(_users)
            .where(c.user_id == user_id, or_(c.locked_until.is_(None), c.locked_until <= self.now))
            .values(
                failed_attempts=c.failed_attempts + 1,
                locked_until=case((c.failed_attempts + 1 >= ATTEMPTS, self.now + LOCKED_FOR), else_=c.locked_until),
            )
        )

    # ---- the user's own account ----

    def change_password(self, user_id: UserId, login: str, current: str, new: str, *, by: By) -> bool:
        """Change a password; False where the current one is wrong, which counts as a failed attempt.

        Raises
        ------
        PasswordRefused
            When the new one is too weak or the old one again.
        """
        row = self._row(login)
        if row is None or not self.passwords.check(row.password_hash, current) or not self._is_free(row):
            self._count_failure(user_id)
            return False
        accept_new(new, login=login, before=current)
        password_hash = self.passwords.hash(new)
        self._record(by, "user.password", user_id)
        self._set(
            user_id,
            password_hash=password_hash,
            must_change_password=False,
            one_time_until=None,
            failed_attempts=0,
        )
        self.end_sessions(user_id)
        return True

    def begin_second_factor(self, user_id: UserId, login: str, *, by: By) -> str:
        """Keep a new secret, sealed, and return the address that an authenticator application reads.

        Raises
        ------
        AccountRefused
            When one is set up already: only an administrator takes it away.
        KeysMissing
            When there is no key to seal with.
        """
        row = self._row(login)
        if row is None or row.totp_confirmed_at is not None:
            raise AccountRefused("动态口令已设置；如需更换，请由管理员重置")
        secret = pyotp.random_base32()
        sealed = self.vault.seal(secret, _secret_place(user_id))
        self._record(by, "user.second_factor.begin", user_id)
        self._set(user_id, totp_secret=sealed, totp_last_step=None)
        return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="Yougang")

    def confirm_second_factor(self, user_id: UserId, login: str, code: str, *, by: By) -> bool:
        """Take the secret into use when a code made with it is right; other sessions end."""
        row = self._row(login)
        if row is None or row.totp_secret is None or row.totp_confirmed_at is not None:
            raise AccountRefused("请先获取动态口令密钥")
        step = self._matching_step(row, code)
        if step is None or not self._is_unused(row, step):
            return False
        self._record(by, "user.second_factor.confirm", user_id)
        self._set(user_id, totp_confirmed_at=self.now, totp_last_step=step)
        self.end_sessions(user_id)
        return True

    def reseal(self, *, by: By) -> int:
        """Seal every secret that an older key sealed with the current one; return how many."""
        c = _users.c
        statement = select(c.user_id, c.totp_secret).where(c.totp_secret.is_not(None)).order_by(c.user_id)
        take_turn(self.connection)
        older = [row for row in self.connection.execute(statement).all() if not self.vault.is_current(row.totp_secret)]
        record(self.connection, by, "keys.reseal", object_kind="vault", details={"count": len(older)}, at=self.now)
        for user_id, sealed in older:
            place = _secret_place(user_id)
            self._set(UserId(user_id), totp_secret=self.vault.seal(self.vault.open(sealed, place), place))
        return len(older)

    def _step(self, row: Any, code: str | None, is_right: bool) -> int | None:
        """Return the time step of a right code, `_NO_STEP` where none is asked for, None where it is wrong."""
        if row is None or row.totp_confirmed_at is None:
            return _NO_STEP
        try:
            return self._matching_step(row, code or "")
        except VaultError:
            # Told only to who knows the password: to others it would say that the account exists.
            if is_right:
                raise
            return None

    def _matching_step(self, row: Any, code: str) -> int | None:
        totp = pyotp.TOTP(self.vault.open(row.totp_secret, _secret_place(row.user_id)))
        now = int(self.now.timestamp()) // _STEP_SECONDS
        steps = [step for step in (now - 1, now, now + 1) if totp.verify(code, for_time=step * _STEP_SECONDS)]
        return steps[-1] if steps else None

    def _is_unused(self, row: Any, step: int) -> bool:
        """False where a step of a second factor or a later one was used; of two at the same time, one finds it free."""
        if step == _NO_STEP:
            return True
        take_turn(self.connection)
        own = select(_users.c.totp_last_step).where(_users.c.user_id == row.user_id)
        last = self.connection.execute(own).scalar_one()
        return last is None or last < step

    # ---- shared ----

    def _row(self, login: str) -> Any:
        return self.connection.execute(select(_users).where(_users.c.login == _login(login))).first()

    def _set(self, user_id: UserId, **values: Any) -> None:
        self.connection.execute(update(_users).where(_users.c.user_id == user_id).values(**values))

    def _record(self, by: By, action: str, user_id: UserId, details: dict[str, str | int | bool] | None = None) -> None:
        record(self.connection, by, action, object_kind="user", object_id=user_id, details=details, at=self.now)


def any_account(connection: Connection) -> bool:
    """True from the first account on."""
    return connection.execute(select(_users.c.user_id).limit(1)).first() is not None


def holds_on(on: Any) -> Any:
    """Return the condition of memberships that hold on a day, given or still to be bound, and were not withdrawn."""
    c = _memberships.c
    return (c.valid_from <= on) & or_(c.valid_to.is_(None), c.valid_to >= on) & c.withdrawn_at.is_(None)


def own_account(user_id: UserId, organisation_id: OrganisationId) -> By:
    """Return who acts when users look after their own account."""
    return By(actor_of(user_id), organisation_id, Purpose.OWN_ACCOUNT)


def _account(row: Any) -> Account:
    return Account(
        user_id=UserId(row.user_id),
        login=row.login,
        display_name=row.display_name,
        status=row.status,
        must_change_password=row.must_change_password,
        has_second_factor=row.totp_confirmed_at is not None,
    )


def _login(login: str) -> str:
    return login.strip().lower().replace("\x00", "")


def _accept_login(login: str) -> None:
    """A login stands in lists and is typed in the open: it must not be a telephone, citizen or certificate number."""
    if not 3 <= len(login) <= 64 or any(c.isspace() or ord(c) < 32 for c in login):
        raise AccountRefused("登录名应有 3 至 64 个字符，不含空格")
    if sum(c.isdigit() for c in login) >= 11:
        raise AccountRefused("登录名不能是手机号、身份证号或残疾人证号")


def _secret_place(user_id: str) -> Place:
    return Place("users", "totp_secret", user_id)
