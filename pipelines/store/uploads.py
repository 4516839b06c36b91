"""Sheets that came over HTTP, as the organisation that sent them reads them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Update, and_, case, insert, literal, or_, select, update

from pipelines.access.roles import Subject
from pipelines.access.vault import Place
from pipelines.store.sealed import vault_of
from pipelines.store.upload_tables import uploads

Before = tuple[datetime, str]
_Statement = TypeVar("_Statement", Select[Any], Update)
_PLAIN = "plain."


class UploadRepository:
    """The uploads of a subject's organisation; the local user reads all."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject, self.vault = connection, subject, vault_of(connection)

    def _readable(self) -> Select[Any]:
        statement = select(*(column for column in uploads.c if column.name != "rejects"))
        return self._own(statement)

    def _own(self, statement: _Statement) -> _Statement:
        if self.subject.is_local:
            return statement
        return statement.where(uploads.c.organisation_id == self.subject.organisation_id)

    def add(self, values: Mapping[str, Any]) -> None:
        """Keep a new upload."""
        self.connection.execute(insert(uploads).values(dict(values)))

    def end(self, upload_id: str, values: Mapping[str, Any], rejects: str | None) -> None:
        """Keep what became of an upload, its rejected rows sealed."""
        sealed = None if rejects is None else self._sealed(rejects, upload_id)
        # A clock set back meanwhile must not leave an import running for good: it ended no earlier than it began.
        began, now = uploads.c.started_at, literal(values["ended_at"], uploads.c.ended_at.type)
        kept = {**values, "ended_at": case((began > now, began), else_=now), "rejects": sealed}
        self.connection.execute(self._own(update(uploads).where(uploads.c.upload_id == upload_id).values(kept)))

    def get(self, upload_id: str) -> dict[str, Any] | None:
        """Return one upload, or None."""
        wanted = self._readable().where(uploads.c.upload_id == upload_id.replace("\x00", "\ufffd"))
        row = self.connection.execute(wanted).first()
        return None if row is None else dict(row._mapping)

    def rejects(self, upload_id: str) -> str | None:
        """Return the rejected rows of one upload as CSV, or None where none were kept."""
        wanted = self._own(select(uploads.c.rejects)).where(uploads.c.upload_id == upload_id)
        kept = self.connection.execute(wanted).scalar()
        if kept is None:
            return None
        if kept.startswith(_PLAIN):
            return str(kept.removeprefix(_PLAIN))
        return self.vault.open(kept, _place(upload_id))

    def page(self, *, before: Before | None, limit: int) -> list[dict[str, Any]]:
        """Return the next uploads, the newest first."""
        c = uploads.c
        wanted = self._readable().order_by(c.started_at.desc(), c.upload_id.desc()).limit(limit)
        if before is not None:
            at, upload_id = before
            wanted = wanted.where(or_(c.started_at < at, and_(c.started_at == at, c.upload_id < upload_id)))
        return [dict(row._mapping) for row in self.connection.execute(wanted)]

    def _sealed(self, text: str, upload_id: str) -> str:
        # Without keys there is the one trusted user of this machine, and nothing else is sealed either.
        return self.vault.seal(text, _place(upload_id)) if self.vault.keys else f"{_PLAIN}{text}"


def reseal(connection: Connection) -> int:
    """Seal kept rejected rows with the current key, also those of a time without keys; return how many changed."""
    vault, c, n = vault_of(connection), uploads.c, 0
    current = f"v1.{vault.current}."
    older = select(c.upload_id).where(c.rejects.is_not(None), ~c.rejects.startswith(current, autoescape=True))
    for upload_id in connection.execute(older).scalars().all():  # one at a time: a sheet's rows can be many
        kept = connection.execute(select(c.rejects).where(c.upload_id == upload_id)).scalar_one()
        text = kept.removeprefix(_PLAIN) if kept.startswith(_PLAIN) else vault.open(kept, _place(upload_id))
        again = vault.seal(text, _place(upload_id))
        connection.execute(update(uploads).where(c.upload_id == upload_id).values(rejects=again))
        n += 1
    return n


def _place(upload_id: str) -> Place:
    return Place("uploads", "rejects", upload_id)
