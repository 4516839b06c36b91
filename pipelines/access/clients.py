"""Machines of organisations: clients with secrets that change over without a gap, and tokens of a quarter of an hour.

What a token may do is looked up at every request: its scopes, of these what the client still has, of these what the
role may. Secrets are kept as keyed hashes, tokens as plain ones; both are random, long, and shown once.
"""

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, or_, select, update

from pipelines.access.audit import record
from pipelines.access.errors import AccountRefused
from pipelines.access.keyed import keyed_hash, keyed_hashes
from pipelines.access.organisations import Organisations
from pipelines.access.roles import KINDS_OF_ROLE, Action, By, OrganisationId, Purpose, Role, Subject
from pipelines.access.vault import Vault
from pipelines.store.machine_tables import access_tokens, client_secrets, clients

TOKEN_FOR = timedelta(minutes=15)
OVERLAP = timedelta(days=7)
SECRET_PREFIX, TOKEN_PREFIX = "ygs_", "ygt_"
_USE = "client-secret"
MACHINE_ROLES = frozenset({Role.CASEWORKER, Role.SUPERVISOR, Role.COMPANY_POSTER, Role.ANALYST})
"""A machine keeps no accounts, reads no audit, and approves nothing: approving is for another person."""
FOR_PEOPLE_ONLY = frozenset(
    {
        Action.ADMINISTER,
        Action.READ_AUDIT,
        Action.READ_READS,
        Action.APPROVE_VACANCIES,
        Action.DECIDE_BENEFITS,
        Action.DECIDE_REVIEWS,
        Action.DECIDE_INSPECTIONS,
        Action.RELEASE_RULES,
        Action.ERASE_CANDIDATE,
        Action.EXTRACT_CANDIDATE,
        Action.HAND_OUT_FILES,
        # Words of staff about people are for people; an exchange has nothing to look for there.
        Action.READ_NOTES,
        Action.WRITE_NOTES,
        Action.READ_TASKS,
        Action.WRITE_TASKS,
        Action.MERGE_CANDIDATES,
    }
)


@dataclass(frozen=True, slots=True)
class Client:
    """A machine of an organisation."""

    client_id: str
    name: str
    organisation_id: OrganisationId
    role: Role
    scopes: frozenset[Action]
    is_disabled: bool = False

    @property
    def by(self) -> By:
        """Return who acts when the machine looks after its own token."""
        return By(f"client:{self.client_id}", self.organisation_id, Purpose.DATA_EXCHANGE)


class Clients:
    """The clients of a store at a moment; the caller opens the connection and commits."""

    def __init__(self, connection: Connection, *, vault: Vault, now: datetime) -> None:
        self.connection, self.vault, self.now = connection, vault, now

    # ---- administration ----

    def all(self) -> list[Client]:
        """Return every client by id."""
        return [_client(row) for row in self.connection.execute(_all().order_by(clients.c.client_id))]

    def get(self, client_id: str) -> Client:
        """Return a client that an administrator named.

        Raises
        ------
        AccountRefused
            When there is none.
        """
        client = self.find(client_id)
        if client is None:
            raise AccountRefused("没有这个客户端编号")
        return client

    def find(self, client_id: str) -> Client | None:
        """Return a client, or None."""
        wanted = _all().where(clients.c.client_id == client_id.replace("\x00", "\ufffd"))
        row = self.connection.execute(wanted).first()
        return None if row is None else _client(row)

    def add(
        self, name: str, organisation_id: str, role: Role, scopes: Iterable[Action], *, by: By
    ) -> tuple[Client, str]:
        """Make a client and return it with its secret, which is shown once.

        Raises
        ------
        AccountRefused
            When there is no such organisation or it has no such role, or a scope is not a machine's in this role.
        """
        wanted = frozenset(scopes)
        self._accept(organisation_id, role)
        _accept_scopes(role, wanted)
        client = Client(str(uuid.uuid4()), name, OrganisationId(organisation_id), role, wanted)
        self._record(by, "client.create", client.client_id)
        self.connection.execute(
            insert(clients).values(
                client_id=client.client_id,
                name=name,
                organisation_id=organisation_id,
                role=role.value,
                scopes=_written(wanted),
                created_at=self.now,
            )
        )
        return client, self._new_secret(client.client_id)

    def rotate(self, client_id: str, *, by: By, overlap: timedelta = OVERLAP) -> str:
        """Return a new secret; the ones before hold for the overlap and no longer."""
        client, until = self.get(client_id), self.now + overlap
        c = client_secrets.c
        self._record(by, "client.rotate", client.client_id)
        self.connection.execute(
            update(client_secrets)
            .where(c.client_id == client.client_id, or_(c.ends_at.is_(None), c.ends_at > until))
            .values(ends_at=until)
        )
        return self._new_secret(client.client_id)

    def limit(self, client_id: str, scopes: Iterable[Action], *, by: By) -> Client:
        """Give a client other scopes; tokens that it holds lose at the next request what it lost."""
        client, wanted = self.get(client_id), frozenset(scopes)
        _accept_scopes(client.role, wanted)
        self._record(by, "client.limit", client_id)
        self._set(client_id, scopes=_written(wanted))
        return self.get(client_id)

    def disable(self, client_id: str, *, by: By) -> None:
        """Shut a client; its tokens end at the next request."""
        client = self.get(client_id)
        self._record(by, "client.disable", client.client_id)
        self._set(client.client_id, disabled_at=self.now)
        self.connection.execute(delete(access_tokens).where(access_tokens.c.client_id == client.client_id))

    def outdated_secrets(self) -> int:
        """Count secrets in use that only an older key knows: drop that key and they no longer work."""
        c = client_secrets.c
        live = select(c.secret_hash).where(or_(c.ends_at.is_(None), c.ends_at > self.now))
        kept = self.connection.execute(live).scalars()
        return sum(not secret_hash.startswith(f"{self.vault.current}.") for secret_hash in kept)

    # ---- at the door ----

    def check(self, client_id: str, secret: str) -> Client | None:
        """Return the client when the secret is one of its own and it is not shut."""
        client, c = self.find(client_id), client_secrets.c
        hashes = keyed_hashes(self.vault, _USE, f"{client_id}:{secret}")
        is_known = (c.client_id == client_id.replace("\x00", "\ufffd"), c.secret_hash.in_(hashes))
        is_live = or_(c.ends_at.is_(None), c.ends_at > self.now)
        kept = self.connection.execute(select(c.secret_hash).where(*is_known, is_live)).scalar()
        if client is None or client.is_disabled or kept is None:
            by = By("door", None, Purpose.DATA_EXCHANGE)
            known = None if client is None else client.client_id
            record(self.connection, by, "client.refused", object_kind="client", object_id=known, at=self.now)
            return None
        if kept != hashes[0]:
            self._record(client.by, "keys.reseal", client.client_id)
            self.connection.execute(update(client_secrets).where(c.secret_hash == kept).values(secret_hash=hashes[0]))
        return client

    def issue(self, client: Client, scopes: frozenset[Action], token: str) -> None:
        """Keep a token of a client; ended ones of it are forgotten."""
        c = access_tokens.c
        ended = (c.client_id == client.client_id, c.expires_at <= self.now)
        self._record(client.by, "client.token", client.client_id)
        self.connection.execute(delete(access_tokens).where(*ended))
        self.connection.execute(
            insert(access_tokens).values(
                token_hash=_hash(token),
                client_id=client.client_id,
                scopes=_written(scopes),
                created_at=self.now,
                expires_at=self.now + TOKEN_FOR,
            )
        )

    def current(self, token: str) -> Client | None:
        """Return the client of a token with the scopes that it has at this request, or None."""
        t = access_tokens.c
        statement = (
            select(*clients.c, t.scopes.label("granted"))
            .join(access_tokens, t.client_id == clients.c.client_id)
            .where(t.token_hash == _hash(token), t.expires_at > self.now, clients.c.disabled_at.is_(None))
        )
        row = self.connection.execute(statement).first()
        if row is None:
            return None
        client = _client(row)
        return Client(
            client.client_id, client.name, client.organisation_id, client.role, client.scopes & _read(row.granted)
        )

    # ---- shared ----

    def _accept(self, organisation_id: str, role: Role) -> None:
        accept_place(self.connection, organisation_id, role, MACHINE_ROLES)

    def _new_secret(self, client_id: str) -> str:
        secret = f"{SECRET_PREFIX}{secrets.token_urlsafe(32)}"
        kept = keyed_hash(self.vault, _USE, f"{client_id}:{secret}")
        self.connection.execute(
            insert(client_secrets).values(secret_hash=kept, client_id=client_id, created_at=self.now)
        )
        return secret

    def _set(self, client_id: str, **values: Any) -> None:
        self.connection.execute(update(clients).where(clients.c.client_id == client_id).values(**values))

    def _record(self, by: By, action: str, client_id: str) -> None:
        record(self.connection, by, action, object_kind="client", object_id=client_id, at=self.now)


def new_token() -> str:
    """Return a token to hand out."""
    return f"{TOKEN_PREFIX}{secrets.token_urlsafe(32)}"


def machine_scopes(role: Role) -> frozenset[Action]:
    """Return what a machine in a role could be given at most."""
    nobody = frozenset[str]()
    may = (action for purpose in Purpose for action in Action if Subject(None, None, role, nobody, purpose).may(action))
    return frozenset(may) - FOR_PEOPLE_ONLY


def accept_place(connection: Connection, organisation_id: str, role: Role, roles: frozenset[Role]) -> None:
    """Accept an organisation and role for a machine.

    Raises
    ------
    AccountRefused
        When there is no such organisation, or the role is not one of it or not one of a machine.
    """
    organisation = Organisations(connection).find(organisation_id)
    if organisation is None:
        raise AccountRefused("没有这个机构编号")
    if role not in roles:
        raise AccountRefused("程序不能有这个角色")
    if organisation.kind not in KINDS_OF_ROLE[role]:
        raise AccountRefused("这类机构没有这个角色")


def _accept_scopes(role: Role, wanted: frozenset[Action]) -> None:
    if not wanted:
        raise AccountRefused("请至少给出一个权限（--scope）")
    if wanted - machine_scopes(role):
        names = "、".join(sorted(action.value for action in wanted - machine_scopes(role)))
        raise AccountRefused(f"这个角色的程序不能有这些权限：{names}")


def _all() -> Select[Any]:
    return select(*clients.c)


def _client(row: Any) -> Client:
    return Client(
        client_id=row.client_id,
        name=row.name,
        organisation_id=OrganisationId(row.organisation_id),
        role=Role(row.role),
        scopes=_read(row.scopes),
        is_disabled=row.disabled_at is not None,
    )


def _written(scopes: Iterable[Action]) -> str:
    return " ".join(sorted(action.value for action in scopes))


def _read(written: str) -> frozenset[Action]:
    """Return the acts of a list; a word that is no act any longer gives nothing."""
    known = {action.value for action in Action}
    return frozenset(Action(word) for word in written.split() if word in known)


def _hash(token: str) -> str:
    """Return what is kept of a token; it is random and long, so one pass of a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
