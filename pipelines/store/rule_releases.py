"""Proposals, releases, signatures and retirements of rule books: rows that are written once (migration 0008)."""

from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import Connection, insert, select

from pipelines.store import claim_tables, tables


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule book that somebody proposed, with what it would change."""

    release_id: str
    version: str
    content: str
    proposed_by: str
    proposed_at: datetime
    as_of: date
    effects: str


@dataclass(frozen=True, slots=True)
class Release:
    """A proposal with who released it and when, and since when it may no longer answer; unknown while it has not."""

    proposal: Proposal
    approved_by: str | None
    approved_at: datetime | None
    retired_by: str | None
    retired_at: datetime | None
    signatures: tuple[tuple[str, str], ...]


class ReleaseRepository:
    """Releases, the earliest proposal first."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def all(self, content: str | None = None) -> list[Release]:
        """Return every proposal, or those of one content, with what became of it."""
        p, r, gone = claim_tables.rule_proposals, claim_tables.rule_releases, claim_tables.rule_retirements
        columns = [p.c[name] for name in Proposal.__dataclass_fields__]
        joined = p.outerjoin(r, r.c.release_id == p.c.release_id).outerjoin(gone, gone.c.release_id == p.c.release_id)
        statement = select(*columns, r.c.approved_by, r.c.approved_at, gone.c.retired_by, gone.c.retired_at)
        if content is not None:
            statement = statement.where(p.c.content == content)
        rows = self.connection.execute(statement.select_from(joined).order_by(p.c.proposed_at, p.c.release_id)).all()
        signed = self._signatures()
        return [
            Release(Proposal(*own), by, at, retired_by, retired_at, tuple(signed.get(own[0], ())))
            for *own, by, at, retired_by, retired_at in rows
        ]

    def _signatures(self) -> dict[str, list[tuple[str, str]]]:
        s = claim_tables.rule_signatures.c
        found: dict[str, list[tuple[str, str]]] = {}
        for release_id, key_id, signature in self.connection.execute(select(s.release_id, s.key_id, s.signature)):
            found.setdefault(release_id, []).append((key_id, signature))
        return found

    def is_empty(self) -> bool:
        """True where nothing was ever proposed."""
        return self.connection.execute(select(claim_tables.rule_proposals.c.release_id).limit(1)).first() is None

    def files(self, version: str) -> bytes | None:
        """Return the archive of a kept rule book, or None."""
        c = tables.rule_books.c
        files: bytes | None = self.connection.execute(select(c.files).where(c.version == version)).scalar()
        return files

    def propose(self, proposal: Proposal) -> None:
        """Keep a proposal."""
        self.connection.execute(insert(claim_tables.rule_proposals).values(**asdict(proposal)))

    def approve(self, proposal: Proposal, by: str, at: datetime) -> None:
        """Keep who released a proposal."""
        same = {name: getattr(proposal, name) for name in ("release_id", "version", "proposed_by")}
        self.connection.execute(insert(claim_tables.rule_releases).values(**same, approved_by=by, approved_at=at))

    def sign(self, release_id: str, key_id: str, signature: str) -> None:
        """Keep a signature under one key."""
        values = {"release_id": release_id, "key_id": key_id, "signature": signature}
        self.connection.execute(insert(claim_tables.rule_signatures).values(**values))

    def retire(self, release_id: str, by: str, at: datetime) -> None:
        """Keep that a released book may no longer answer."""
        values = {"release_id": release_id, "retired_by": by, "retired_at": at}
        self.connection.execute(insert(claim_tables.rule_retirements).values(**values))
