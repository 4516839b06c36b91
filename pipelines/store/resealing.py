"""Sealing everything that lies in the store anew with the current key, so that the older ones can be thrown away.

Block by block and beside the work: each block is a transaction of its own, recorded as such. Secrets of second factors
and signatures of rules have owners of their own (`Accounts.reseal`, `Releases.sign_anew`), who come first.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, Table, or_, select

from pipelines.access.audit import record
from pipelines.access.roles import By
from pipelines.store import consents, of_people, tables, uploads
from pipelines.store.machine_tables import kept_answers
from pipelines.store.repositories import ModelVersionRepository
from pipelines.store.sealed import reseal_block, retire_keys, vault_of
from pipelines.store.whole import metadata

SEALED_COLUMNS: Mapping[str, tuple[str, ...]] = {
    **tables.SEALED,
    **consents.SEALED,
    **of_people.SEALED,
    "users": ("totp_secret",),
    "uploads": ("rejects",),
    "kept_answers": ("answer",),
}
"""What the application seals, by table; each value is bound to its table, column and key."""
_MARK = "v1."


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many values changed, whether nothing needs an older key any more, and whether the model in use does."""

    n: int
    is_done: bool
    is_held_by_model: bool = False


def reseal_all(engine: Engine, *, by: By, answers_since: datetime) -> Resealed:
    """Seal everything with the current key, and note that the others may go once nothing needs them.

    Answers kept for repeated requests are known by the hash of an older key, which cannot be made anew: while one is
    kept that was given after `answers_since`, that key stays, or a repeat would be taken for a new request.
    """
    n, after = 0, ""
    while True:
        with engine.begin() as connection:
            _note(connection, by)
            n_block, last = reseal_block(connection, after)
        n += n_block
        if last is None:
            break
        after = last
    with engine.begin() as connection:
        _note(connection, by)
        n += consents.reseal(connection) + of_people.reseal(connection) + uploads.reseal(connection)
    with engine.begin() as connection:
        _note(connection, by)
        is_held = _model_needs_older(connection)
        is_done = not is_held and not needs_older_keys(connection, answers_since=answers_since)
        if is_done:
            retire_keys(connection)
    return Resealed(n, is_done, is_held)


def _note(connection: Connection, by: By) -> None:
    record(connection, by, "keys.reseal", object_kind="vault")


def _model_needs_older(connection: Connection) -> bool:
    """True where the model in use knows people by names that were made with an older key."""
    in_use = [v for v in ModelVersionRepository(connection).all() if v.status == "champion"]
    made_with = {json.loads(version.summary).get("names_key") for version in in_use} - {None}
    return bool(made_with - {vault_of(connection).current})


def needs_older_keys(connection: Connection, *, answers_since: datetime) -> bool:
    """True where something can be read, or a repeat be known, with an older key only."""
    return any(_has_older(connection, metadata.tables[name], answers_since) for name in SEALED_COLUMNS)


def _has_older(connection: Connection, table: Table, answers_since: datetime) -> bool:
    mark = f"{_MARK}{vault_of(connection).current}."
    columns = [table.c[name] for name in SEALED_COLUMNS[table.name]]
    older = [
        column.startswith(_MARK, autoescape=True) & ~column.startswith(mark, autoescape=True) for column in columns
    ]
    wanted = select(*table.primary_key).where(or_(*older)).limit(1)
    if table is kept_answers:
        wanted = wanted.where(kept_answers.c.created_at > answers_since)
    return connection.execute(wanted).first() is not None
