"""The human in charge of a list (个人信息保护法 第二十四条): an office, a named person, and how to reach the review."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from pipelines.access.roles import Subject
from pipelines.store.in_charge import InCharge, in_charge_of, who_asks

_NOBODY = "尚未指定经办人，由出具名单的机构先指定一名工作人员，再把名单用于本人"


def in_charge_document(found: InCharge) -> dict[str, Any]:
    """Return who is in charge as it travels with a list."""
    if found.office is None and found.person is None:
        text = _NOBODY
    else:
        who = "的".join(part for part in (found.office, found.person) if part)
        text = f"由{who}负责解释和复核" if found.person else f"由{who}的工作人员负责解释和复核"
    return {"office": found.office, "person": found.person, "text": text}


def with_in_charge(connection: Connection, subject: Subject, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a list with the human in charge as of now; where nobody was named, whoever asked is, for their own office.

    The office that answers for the person may be another one: it has nobody of that name.
    """
    found = in_charge_of(connection, document["candidate_id"])
    if found.person is None and subject.user_id is not None:
        asks = who_asks(connection, subject.user_id, subject.organisation_id)
        found = InCharge(asks.office or found.office, asks.person)
    return {**document, "in_charge": in_charge_document(found)}
