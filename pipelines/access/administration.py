"""Accounts as an administrator reaches them: those of the own organisation and below; shut and opened again, by name.

Making accounts, roles and one-time passwords is left to the command line: whoever could hand out roles on a page could
hand themselves sight of people.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, select

from pipelines.access.accounts import Accounts, holds_on
from pipelines.access.audit import record
from pipelines.access.errors import AccountRefused, Forbidden, NoSuchAccount
from pipelines.access.roles import Action, OrganisationKind, Role, Subject, UserId
from pipelines.store.tables import memberships, organisations, users


@dataclass(frozen=True, slots=True)
class KnownUser:
    """A user with what they are where, as an administrator sees them."""

    user_id: UserId
    login: str
    display_name: str
    is_locked: bool
    has_second_factor: bool
    roles: tuple[tuple[str, Role], ...]
    """Name of the organisation, and the role there."""


class Administration:
    """What one administrator may do on a day."""

    def __init__(self, accounts: Accounts, subject: Subject, on: date) -> None:
        self.accounts, self.subject, self.on = accounts, subject, on
        self.connection: Connection = accounts.connection

    def users(self) -> list[KnownUser]:
        """Return the users of the own organisation and below, by login; the look is recorded.

        Raises
        ------
        Forbidden
            When the role administers nothing.
        """
        self._require()
        found = self._known()
        record(self.connection, self.subject.by, "user.list", object_kind="user", details={"count": len(found)})
        return found

    def lock(self, user_id: str) -> None:
        """Shut an account and end its sessions.

        Raises
        ------
        NoSuchAccount
            When there is none, or none of the own organisation and below.
        AccountRefused
            When it is one's own, or is something elsewhere as well.
        """
        self.accounts.lock(self._other(user_id), by=self.subject.by)

    def unlock(self, user_id: str) -> None:
        """Open an account again.

        Raises
        ------
        NoSuchAccount
            When there is none, or none of the own organisation and below.
        AccountRefused
            When it is one's own, or is something elsewhere as well.
        """
        self.accounts.unlock(self._other(user_id), by=self.subject.by)

    def _other(self, user_id: str) -> UserId:
        self._require()
        found = next(iter(self._known(user_id)), None)
        if found is None:
            raise NoSuchAccount("没有这个账号")
        if found.user_id == self.subject.user_id:
            raise AccountRefused("不能停用或恢复自己的账号")
        if len(self.accounts.memberships(found.user_id, self.on)) > len(found.roles):
            raise AccountRefused("这个账号在其他机构也有角色，请由上级管理员办理")
        return found.user_id

    def _require(self) -> None:
        if not self.subject.may(Action.ADMINISTER):
            raise Forbidden("您的角色不能为这一目的这样做")

    def _known(self, user_id: str | None = None) -> list[KnownUser]:
        u, m, o = users.c, memberships.c, organisations.c
        columns = (u.user_id, u.login, u.display_name, u.status, u.totp_confirmed_at, o.name, m.role)
        statement = (
            select(*columns)
            .join(memberships, m.user_id == u.user_id)
            .join(organisations, o.organisation_id == m.organisation_id)
            .where(holds_on(self.on))
            .order_by(u.login, o.name, m.role)
        )
        if not (self.subject.is_local or self._is_root()):
            statement = statement.where(m.organisation_id.in_(self._own_and_below()))
        if user_id is not None:
            statement = statement.where(u.user_id == user_id.replace("\x00", "\ufffd"))
        held: dict[str, tuple[Any, list[tuple[str, Role]]]] = {}
        for row in self.connection.execute(statement):
            held.setdefault(row.user_id, (row, []))[1].append((row.name, Role(row.role)))
        return [
            KnownUser(
                user_id=UserId(row.user_id),
                login=row.login,
                display_name=row.display_name,
                is_locked=row.status != "active",
                has_second_factor=row.totp_confirmed_at is not None,
                roles=tuple(roles),
            )
            for row, roles in held.values()
        ]

    def _is_root(self) -> bool:
        """True at the root of the tree, which answers for companies and analysts as well."""
        o = organisations.c
        own = select(o.kind).where(o.organisation_id == self.subject.organisation_id)
        return self.connection.execute(own).scalar() == OrganisationKind.PROVINCE.value

    def _own_and_below(self) -> Select[Any]:
        o = organisations.c
        own = select(o.organisation_id).where(o.organisation_id == self.subject.organisation_id)
        tree = own.cte("administered", recursive=True)
        tree = tree.union(select(o.organisation_id).join(tree, o.parent_id == tree.c.organisation_id))
        return select(tree.c.organisation_id)
