"""Keys with which a simple program sends in files and does nothing else; each ends within a year.

A key is its id and 256 random bits; kept are the id and a keyed hash, and when it was last used.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from pipelines.access.audit import record
from pipelines.access.clients import accept_place
from pipelines.access.errors import AccountRefused
from pipelines.access.keyed import keyed_hash, keyed_hashes
from pipelines.access.roles import Action, By, OrganisationId, Purpose, Role
from pipelines.access.vault import Vault
from pipelines.store.machine_tables import import_keys

PREFIX = "ygk_"
MOST_DAYS = 365
IMPORTING_ROLES = frozenset({Role.CASEWORKER, Role.SUPERVISOR, Role.COMPANY_POSTER, Role.COMPANY_APPROVER})
ROUTES = frozenset({Action.READ_IMPORTS, Action.WRITE_IMPORTS})
"""A key opens routes of these acts and no other."""
SCOPES = ROUTES | frozenset(
    {
        Action.WRITE_CANDIDATES, Action.WRITE_EMPLOYERS, Action.WRITE_VACANCIES, Action.WRITE_INTERACTIONS,
        Action.WRITE_PLACEMENTS, Action.WRITE_SERVICES, Action.WRITE_COURSES,
    }
)  # fmt: skip
"""What a file may bring; the role decides which of these."""
_USE = "import-key"
_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ImportKey:
    """A key as administrators see it."""

    key_id: str
    name: str
    organisation_id: OrganisationId
    role: Role
    expires_at: datetime
    last_used_at: datetime | None
    is_revoked: bool

    @property
    def actor(self) -> str:
        """Return the name of the key among the machines of the audit."""
        return f"import-key-{self.key_id}"


class ImportKeys:
    """The keys of a store at a moment; the caller opens the connection and commits."""

    def __init__(self, connection: Connection, *, vault: Vault, now: datetime) -> None:
        self.connection, self.vault, self.now = connection, vault, now

    def all(self) -> list[ImportKey]:
        """Return every key by id."""
        rows = self.connection.execute(select(*import_keys.c).order_by(import_keys.c.key_id))
        return [_key(row) for row in rows]

    def add(self, name: str, organisation_id: str, role: Role, *, days: int, by: By) -> tuple[ImportKey, str]:
        """Make a key and return it with its text, which is shown once.

        Raises
        ------
        AccountRefused
            When it would hold longer than a year, or organisation and role do not go together.
        """
        if not 1 <= days <= MOST_DAYS:
            raise AccountRefused(f"有效期应为 1 至 {MOST_DAYS} 天")
        accept_place(self.connection, organisation_id, role, IMPORTING_ROLES)
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        text = f"{PREFIX}{key_id}_{secret}"
        self._record(by, "import_key.create", key_id)
        self.connection.execute(
            insert(import_keys).values(
                key_id=key_id,
                key_hash=keyed_hash(self.vault, _USE, text),
                name=name,
                organisation_id=organisation_id,
                role=role.value,
                created_at=self.now,
                expires_at=self.now + timedelta(days=days),
            )
        )
        return self._get(key_id), text

    def revoke(self, key_id: str, *, by: By) -> None:
        """End a key; it holds from the next request on."""
        self._get(key_id)
        self._record(by, "import_key.revoke", key_id)
        self.connection.execute(update(import_keys).where(import_keys.c.key_id == key_id).values(revoked_at=self.now))

    def current(self, text: str) -> ImportKey | None:
        """Return the key that a text is, or None when it is none, ended or was revoked."""
        c = import_keys.c
        hashes = keyed_hashes(self.vault, _USE, text)
        wanted = (c.key_hash.in_(hashes), c.revoked_at.is_(None), c.expires_at > self.now)
        row = self.connection.execute(select(*import_keys.c).where(*wanted)).first()
        if row is None:
            return None
        key, own = _key(row), update(import_keys).where(c.key_id == row.key_id)
        if row.key_hash != hashes[0]:
            by = By(f"client:{key.actor}", key.organisation_id, Purpose.DATA_EXCHANGE)
            self._record(by, "keys.reseal", key.key_id)
            self.connection.execute(own.values(key_hash=hashes[0]))
        if row.last_used_at is None or self.now - row.last_used_at >= _USED_EVERY:
            self.connection.execute(own.values(last_used_at=self.now))
        return key

    def _get(self, key_id: str) -> ImportKey:
        row = self.connection.execute(select(*import_keys.c).where(import_keys.c.key_id == key_id)).first()
        if row is None:
            raise AccountRefused("没有这个导入密钥编号")
        return _key(row)

    def _record(self, by: By, action: str, key_id: str) -> None:
        record(self.connection, by, action, object_kind="import_key", object_id=key_id, at=self.now)


def _key(row: Any) -> ImportKey:
    return ImportKey(
        key_id=row.key_id,
        name=row.name,
        organisation_id=OrganisationId(row.organisation_id),
        role=Role(row.role),
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        is_revoked=row.revoked_at is not None,
    )
