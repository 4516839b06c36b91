"""Cards of model versions and the acts by which they came to answer: rows that are written once (migration 0013)."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from pipelines.store import model_tables
from pipelines.store.errors import StoreError


class CardChanged(StoreError):
    """A card is not the one that was written."""


@dataclass(frozen=True, slots=True)
class Card:
    """What a cycle kept with the version that it made."""

    version: str
    document: dict[str, Any]
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Promotion:
    """One act by which a version came to answer."""

    promotion_id: str
    version: str
    act: str
    made_by: str | None
    failed: tuple[str, ...]
    reason: str | None
    by: str
    at: datetime


class ModelRecords:
    """Cards and promotions of a store."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def keep(self, card: Card) -> None:
        """Write a card."""
        payload = json.dumps(card.document, ensure_ascii=False, sort_keys=True)
        self.connection.execute(
            insert(model_tables.model_cards).values(
                version=card.version,
                payload=payload,
                sha256=hashlib.sha256(payload.encode()).hexdigest(),
                made_by=card.made_by,
                made_at=card.made_at,
            )
        )

    def card(self, version: str) -> Card | None:
        """Return a version's card, or None where no cycle made it.

        Raises
        ------
        CardChanged
            When the row is not what was written.
        """
        c = model_tables.model_cards.c
        row = self.connection.execute(
            select(c.payload, c.sha256, c.made_by, c.made_at).where(c.version == version)
        ).first()
        if row is None:
            return None
        if hashlib.sha256(row.payload.encode()).hexdigest() != row.sha256:
            raise CardChanged("模型版本的登记内容已被更改，不再使用")
        return Card(version, json.loads(row.payload), row.made_by, row.made_at)

    def cards_made(self) -> frozenset[str]:
        """Return the versions that have a card."""
        return frozenset(self.connection.execute(select(model_tables.model_cards.c.version)).scalars())

    def made_by_run(self, run_id: str) -> str | None:
        """Return the version that a run registered; None where it registered none."""
        made = (self.card(version) for version in sorted(self.cards_made(), reverse=True))
        return next((card.version for card in made if card is not None and card.document.get("run") == run_id), None)

    def add(self, promotion: Promotion) -> None:
        """Write an act."""
        values = {name: getattr(promotion, name) for name in Promotion.__dataclass_fields__}
        values["failed"] = json.dumps(list(promotion.failed))
        self.connection.execute(insert(model_tables.model_promotions).values(values))

    def promotions(self, version: str | None = None) -> Sequence[Promotion]:
        """Return the acts, the earliest first."""
        table = model_tables.model_promotions
        statement = select(*(table.c[name] for name in Promotion.__dataclass_fields__)).order_by(
            table.c.at, table.c.promotion_id
        )
        if version is not None:
            statement = statement.where(table.c.version == version)
        rows = (dict(row._mapping) for row in self.connection.execute(statement))
        return [Promotion(**{**row, "failed": tuple(json.loads(row["failed"]))}) for row in rows]
