"""Decisions kept with the rule book that made them, so that last year's answer can be computed again.

A rule book is kept once, under the hash of its files, and never written again: what is published does not change.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, insert, select

from matching.rules.rulebook import Rulebook, load_rulebook, rule_files
from pipelines.store import tables
from pipelines.store.errors import NotFound


def pack(folder: Path) -> bytes:
    """Return the files of a rule book as one archive; the same files give the same bytes."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in rule_files(folder):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return held.getvalue()


class DecisionRepository:
    """Kept decisions and the rule books that made them."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def keep_book(self, book: Rulebook, folder: Path) -> None:
        """Keep a rule book under its version; nothing happens where it is kept already."""
        c = tables.rule_books.c
        if self.connection.execute(select(c.version).where(c.version == book.version)).first() is None:
            values = {"version": book.version, "kept_at": datetime.now(UTC), "files": pack(folder)}
            self.connection.execute(insert(tables.rule_books).values(**values))

    def book(self, version: str, scratch: Path) -> Rulebook:
        """Read a kept rule book again; `scratch` is an empty folder for its files.

        Raises
        ------
        NotFound
            When no such version was kept.
        """
        c = tables.rule_books.c
        files = self.connection.execute(select(c.files).where(c.version == version)).scalar()
        if files is None:
            raise NotFound("没有保存过这个规则版本")
        with zipfile.ZipFile(io.BytesIO(files)) as archive:
            archive.extractall(scratch)
        return load_rulebook(scratch)

    def save(self, subject_kind: str, subject_id: str, question: str, as_of: date, document: Mapping[str, Any]) -> str:
        """Keep an answer and return its id; `document` names its `rules_version`, whose book is kept before."""
        decision_id = str(uuid4())
        self.connection.execute(
            insert(tables.decisions).values(
                decision_id=decision_id,
                subject_kind=subject_kind,
                subject_id=subject_id,
                question=question,
                as_of=as_of,
                rules_version=document["rules_version"],
                created_at=datetime.now(UTC),
                payload=json.dumps(document, ensure_ascii=False),
            )
        )
        return decision_id

    def get(self, decision_id: str) -> dict[str, Any]:
        """Return a kept answer.

        Raises
        ------
        NotFound
            When there is no such decision.
        """
        c = tables.decisions.c
        payload = self.connection.execute(select(c.payload).where(c.decision_id == decision_id)).scalar()
        if payload is None:
            raise NotFound("没有这个决定编号")
        document: dict[str, Any] = json.loads(payload)
        return document
