"""Placements that run and of which nobody has confirmed that the person is at work: known to exist, not yet to hold."""

from datetime import date

from sqlalchemy import ColumnElement, Connection, or_

from pipelines.access.roles import Action, Subject
from pipelines.registers.rows import Register, Row, require
from pipelines.schema import PLACEMENTS

FACTS = (
    "attendance_confirmed", "social_insurance", "wage_paid_by_bank", "starts_on", "ends_on", "contract_months",
    "insurance_base", "insurance_base_limit", "insured_by", "remote_agreement", "is_dispatch", "dispatch_agency",
    "dispatch_host", "counted",
)  # fmt: skip
"""What is settled when a placement is confirmed; each may stay unknown."""


def unconfirmed(
    connection: Connection, subject: Subject, on: date, *, after: str | None, limit: int
) -> tuple[list[Row], bool]:
    """Return the next visible placements of a day without a confirmed attendance, and whether there are more.

    One without a first or last day may run as well. Who is named in them is recorded.

    Raises
    ------
    Forbidden
        When the role may not see placements for the stated purpose.
    """
    register = Register(connection, PLACEMENTS, subject)
    require(subject, Action.READ_PLACEMENTS)
    p = register.repository.table.c
    where: list[ColumnElement[bool]] = [
        p.attendance_confirmed.is_(None),
        or_(p.starts_on.is_(None), p.starts_on <= on),
        or_(p.ends_on.is_(None), p.ends_on >= on),
    ]
    found = register.repository.page(None if after is None else (after,), limit + 1, where)
    rows = [Row(values, version) for values, version in found[:limit]]
    register.note_read(Action.READ_PLACEMENTS, [row.values["candidate_id"] for row in rows])
    return rows, len(found) > limit
