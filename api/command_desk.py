"""What commands about lists share: the cases, a desk over them, and what they leave in the audit."""

from collections.abc import Iterable

import typer
from sqlalchemy import Connection

from api.session import current_engine, session_of
from pipelines.access.audit import record, record_each
from pipelines.access.roles import Action, program_subject
from pipelines.casebook import Casebook, load_casebook
from pipelines.desk import Desk
from pipelines.registry import Registry


def casebook_of(context: typer.Context) -> Casebook:
    """Return the cases of the database."""
    with current_engine(context).begin() as connection:
        return load_casebook(connection, program_subject())


def desk_of(context: typer.Context, connection: Connection) -> Desk:
    """Return a desk over the database with the version that answers."""
    settings = session_of(context).settings
    version, model, tests = Registry(connection, settings.models).answering()
    return Desk.open(load_casebook(connection, program_subject()), model, version, settings.as_of, tests)


def note(
    connection: Connection, action: Action, kind: str, object_id: str | None = None, count: int | None = None
) -> None:
    """Write into the audit what a command reads or writes, in the transaction of the command."""
    details = {} if count is None else {"count": count}
    record(connection, program_subject().by, action.value, object_kind=kind, object_id=object_id, details=details)


def note_people(connection: Connection, action: Action, people: Iterable[str]) -> None:
    """Write into the audit whom a command tells of, each under their own name: it stands in their own extract."""
    told = list(people)
    if told:
        record_each(connection, program_subject().by, action.value, object_kind="candidate", object_ids=told)
