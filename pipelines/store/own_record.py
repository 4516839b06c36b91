"""What the program itself keeps of one person beside the seven tables: lists, decisions, and who looked."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from pipelines.access.scope import VisibleCandidate
from pipelines.store import tables
from pipelines.store.caseload_tables import person_merges
from pipelines.store.message_tables import message_choices, messages
from pipelines.store.notice_tables import notices


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """Rows as values by column, oldest first."""

    runs: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    looked: list[dict[str, Any]]
    notices: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    message_choices: list[dict[str, Any]]


def own_record(connection: Connection, person: VisibleCandidate) -> OwnRecord:
    """Return it for a person whom the subject sees."""
    runs, decisions, audit = tables.shortlist_runs.c, tables.decisions.c, tables.audit.c
    organisation = tables.organisations.c
    lists = select(runs.run_id, runs.as_of, runs.model_version, runs.rules_version, runs.created_at)
    made = select(decisions.decision_id, decisions.question, decisions.as_of, decisions.rules_version)
    looked = select(audit.at, audit.action, audit.purpose, audit.actor, organisation.name).select_from(
        tables.audit.outerjoin(tables.organisations, audit.organisation_id == organisation.organisation_id)
    )
    told = select(notices.c.happened_on, notices.c.kind).where(notices.c.candidate_id == person).distinct()
    m, c = messages.c, message_choices.c
    sent = select(m.queued_at, m.template, m.day, m.status, m.reason, m.written_on)
    said = select(c.recorded_at, c.act)
    return OwnRecord(
        _rows(connection, lists.where(runs.candidate_id == person).order_by(runs.created_at, runs.run_id)),
        _rows(
            connection,
            made.where(decisions.subject_kind == "candidate", decisions.subject_id == person).order_by(
                decisions.created_at, decisions.decision_id
            ),
        ),
        _rows(
            connection,
            looked.where(
                audit.object_kind == "candidate", audit.object_id.in_([person, *_joined(connection, person)])
            ).order_by(audit.sequence),
        ),
        _rows(connection, told.order_by(notices.c.happened_on, notices.c.kind)),
        _rows(connection, sent.where(messages.c.candidate_id == person).order_by(messages.c.queued_at)),
        _rows(connection, said.where(message_choices.c.candidate_id == person).order_by(message_choices.c.recorded_at)),
    )


def _joined(connection: Connection, person: VisibleCandidate) -> list[str]:
    """Return the ids of records that were put into this one: who looked at them looked at the person."""
    c = person_merges.c
    joined = select(c.merged_id).where(c.candidate_id == person, c.undone_at.is_(None))
    return list(connection.execute(joined).scalars())


def _rows(connection: Connection, statement: Any) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(statement)]
