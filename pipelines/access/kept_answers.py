"""Answers kept for repeats of a request: by keyed hashes of who asked and under which key, the answers sealed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipelines.access.keyed import keyed_hashes
from pipelines.access.vault import Place, Vault
from pipelines.store.machine_tables import kept_answers

_NAME, _ASKED = "kept-answers:name", "kept-answers:asked"
_OPEN = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer given before, and whether it was to the same request."""

    is_same: bool
    answer: str


class KeptAnswers:
    """The kept answers at a moment; the caller opens the transaction and does the work in it."""

    def __init__(self, connection: Connection, vault: Vault, *, now: datetime, kept_for: timedelta) -> None:
        self.connection, self.vault, self.now, self.kept_for = connection, vault, now, kept_for

    def begin(self, name: str, asked: str) -> Kept | None:
        """Take a name for a request, or return what was kept under it; waits while another is at work on it.

        This is the first statement of its transaction, so that on SQLite it takes the lock of writers at once.
        """
        own = self._hashes(_NAME, name)
        if not self._take(own[0], asked):
            return self._kept(own[0], asked)
        for older in own[1:]:
            found = self._kept(older, asked)
            if found is not None:
                self.connection.execute(delete(kept_answers).where(kept_answers.c.key_hash == own[0]))
                return found
        return None

    def finish(self, name: str, status: int, answer: str) -> None:
        """Keep the answer under the name that was taken."""
        key_hash = self._hashes(_NAME, name)[0]
        sealed = self.vault.seal(answer, _place(key_hash))
        c = kept_answers.c
        self.connection.execute(update(kept_answers).where(c.key_hash == key_hash).values(status=status, answer=sealed))

    def sweep(self) -> int:
        """Forget what has been kept long enough; return how many."""
        c = kept_answers.c
        return self.connection.execute(delete(kept_answers).where(c.created_at <= self.now - self.kept_for)).rowcount

    def _take(self, key_hash: str, asked: str) -> bool:
        values = {"fingerprint": self._hashes(_ASKED, asked)[0], "created_at": self.now, "status": _OPEN, "answer": ""}
        dialect: Any = postgresql if self.connection.dialect.name == "postgresql" else sqlite
        c = kept_answers.c
        statement = dialect.insert(kept_answers).values(key_hash=key_hash, **values)
        statement = statement.on_conflict_do_update(
            index_elements=[c.key_hash], set_=values, where=c.created_at <= self.now - self.kept_for
        ).returning(c.key_hash)
        return self.connection.execute(statement).first() is not None

    def _kept(self, key_hash: str, asked: str) -> Kept | None:
        c = kept_answers.c
        wanted = (c.key_hash == key_hash, c.created_at > self.now - self.kept_for)
        row = self.connection.execute(select(c.fingerprint, c.answer).where(*wanted)).first()
        if row is None:
            return None
        is_same = row.fingerprint in self._hashes(_ASKED, asked)
        return Kept(is_same, self.vault.open(row.answer, _place(key_hash)))

    def _hashes(self, use: str, text: str) -> tuple[str, ...]:
        return keyed_hashes(self.vault, use, text)


def _place(key_hash: str) -> Place:
    return Place("kept_answers", "answer", key_hash)
