"""Queueing what is due, and handing what waits to the adapter: once each, by day, within the cap, to who agreed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from matching.duties.terms import DutyKind
from pipelines.access.audit import record, record_each
from pipelines.access.roles import Subject
from pipelines.consent.effects import SHANGHAI
from pipelines.duties.due import Due, due_list
from pipelines.messages.allowed import mobile_of, refusals
from pipelines.messages.outbox import queued
from pipelines.messages.sender import Outgoing, Sender
from pipelines.messages.words import MessageStatus, Template, Unsent, limit_on
from pipelines.schema import EMPLOYERS, VACANCIES
from pipelines.store.messages import MessageRepository
from pipelines.store.of_people import Row
from pipelines.store.repositories import CandidateRepository, TableRepository

TOLD_OF: Mapping[DutyKind, Template] = {
    DutyKind.FOLLOW_UP: Template.FOLLOW_UP,
    DutyKind.CONTRACT: Template.CALL_BACK,
    DutyKind.CERTIFICATE: Template.PAPERS,
    DutyKind.HARD_TO_EMPLOY: Template.PAPERS,
}
"""What people are told of by a message; a referral without an answer is told to the company's contact."""
_MOST = 5000


@dataclass(frozen=True, slots=True)
class Queued:
    """How many messages were queued, how many were there before, and why others are sent none."""

    n: int
    n_before: int
    unsent: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Delivered:
    """How many were written, held for another hour or week, and failed, by reason."""

    written: int = 0
    held_by_hours: int = 0
    held_by_cap: int = 0
    failed: Mapping[str, int] | None = None


def queue_due(
    connection: Connection, subject: Subject, *, on: date, now: datetime, region: str | None = None, limit: int = 1000
) -> Queued:
    """Queue what is due to people of a place and to companies that owe an answer; twice queues nothing twice.

    Raises
    ------
    NoSuchRegion
        When the place is none that an office answers for.
    """
    record(connection, subject.by, "messages.queue", object_kind="message")  # whoever queues takes turns
    kinds = (*TOLD_OF, DutyKind.REFERRAL)
    found = due_list(connection, subject, on, region, limit, kinds=kinds).items
    people = CandidateRepository(connection, subject).find([(one.duty.candidate_id,) for one in found])
    why = refusals(connection, subject, {key[0]: values for key, values in people.items()}, on)
    rows: dict[str, Row] = {}
    unsent: Counter[str] = Counter()
    for item in found:
        template, owner = TOLD_OF.get(item.duty.kind), item.duty.candidate_id
        if template is None:
            continue
        if template is Template.PAPERS and (item.duty.by is None or item.duty.by < on):
            continue
        if owner in why:
            unsent[why[owner].value] += 1
            continue
        day = item.duty.by if template is Template.PAPERS else None
        mark = f"due:{item.duty.kind.value}:{item.duty.since.isoformat()}:{item.duty.by or ''}:{owner}"
        rows[mark] = queued(template, day, mark, subject, now, candidate_id=owner)
    rows |= _to_companies(connection, subject, found, on, now)
    repository = MessageRepository(connection, subject)
    before = repository.known(list(rows))
    repository.add([row for mark, row in rows.items() if mark not in before])
    return Queued(len(rows) - len(before), len(before), dict(unsent))


def _to_companies(
    connection: Connection, subject: Subject, found: Sequence[Due], on: date, now: datetime
) -> dict[str, Row]:  # fmt: skip
    """Return one message a week to each company that owes an answer."""
    asked = [(one,) for item in found if item.duty.kind is DutyKind.REFERRAL for one in item.duty.about]
    posts = TableRepository(connection, VACANCIES, subject).find(asked) if asked else {}
    owing = sorted({values["employer_id"] for values in posts.values() if values["employer_id"] is not None})
    year, week, _ = on.isocalendar()
    marks = {employer_id: f"due:referral:{year}-{week:02d}:{employer_id}" for employer_id in owing}
    return {
        mark: queued(Template.COMPANY_ANSWER, None, mark, subject, now, employer_id=employer_id)
        for employer_id, mark in marks.items()
    }


def deliver(
    connection: Connection, subject: Subject, sender: Sender, texts: Mapping[Template, str], *, on: date, now: datetime
) -> Delivered:
    """Hand what waits to an adapter; each message once, even where a run ended between writing and noting.

    Raises
    ------
    MessagesNotWritten
        When the adapter cannot take anything; all of them wait on.
    """
    record(connection, subject.by, "messages.write", object_kind="message")  # two runs come one after the other
    repository = MessageRepository(connection, subject)
    waiting = repository.page(after=None, limit=_MOST, status=MessageStatus.QUEUED.value)
    if is_quiet(now, on):
        return Delivered(held_by_hours=len(waiting), failed={})
    failed: dict[str, Unsent] = {}
    phones = _phones(connection, subject, waiting, failed, on)
    outgoing, n_held = _within_the_cap(repository, waiting, phones, failed, on, texts)
    for row in (one for one in waiting if one["message_id"] in failed):
        values = {"status": MessageStatus.FAILED.value, "reason": failed[row["message_id"]].value, "settled_at": now}
        repository.settle(row["message_id"], values)
    to = [row["candidate_id"] for row in waiting if row["message_id"] in {one.message_id for one in outgoing}]
    people = [one for one in dict.fromkeys(to) if one is not None]
    if people:
        record_each(connection, subject.by, "messages.write", object_kind="candidate", object_ids=people)
    taken = sender.send(outgoing, on=on, now=now) if outgoing else {}
    for one in outgoing:
        day = taken.get(one.message_id)
        values = {"status": MessageStatus.WRITTEN.value, "written_on": day, "settled_at": now}
        if day is None:
            failed[one.message_id] = Unsent.SENDER
            values = {"status": MessageStatus.FAILED.value, "reason": Unsent.SENDER.value, "settled_at": now}
        repository.settle(one.message_id, values)
    return Delivered(
        written=len(taken), held_by_cap=n_held, failed=dict(Counter(why.value for why in failed.values()))
    )  # fmt: skip


def is_quiet(now: datetime, on: date) -> bool:
    """True while nobody is to be disturbed, by the clock of Gansu."""
    hour = now.astimezone(SHANGHAI).hour
    begins, ends = limit_on("quiet_from_hour", on), limit_on("quiet_until_hour", on)
    return hour >= begins or hour < ends if begins > ends else begins <= hour < ends


def _phones(
    connection: Connection, subject: Subject, waiting: Sequence[Row], failed: dict[str, Unsent], on: date
) -> dict[str, str]:
    """Return the numbers by message; who may be sent none is noted with why, as things are now."""
    kept = on - timedelta(days=limit_on("given_up_after_days", on))
    ids = [(one,) for one in dict.fromkeys(row["candidate_id"] for row in waiting) if one is not None]
    firms = [(one,) for one in dict.fromkeys(row["employer_id"] for row in waiting) if one is not None]
    people = {key[0]: values for key, values in CandidateRepository(connection, subject).find(ids).items()}
    companies = TableRepository(connection, EMPLOYERS, subject).find(firms) if firms else {}
    why = refusals(connection, subject, people, on)
    found: dict[str, str] = {}
    for row in waiting:
        owner = row["candidate_id"]
        held = people.get(owner, {}).get("phone") if owner else companies.get((row["employer_id"],), {}).get("contact")
        number = mobile_of(held)
        if row["queued_at"].astimezone(SHANGHAI).date() < kept or (row["day"] is not None and row["day"] < on):
            failed[row["message_id"]] = Unsent.GIVEN_UP
        elif owner in why:
            failed[row["message_id"]] = why[owner]
        elif number is None:
            failed[row["message_id"]] = Unsent.NO_MOBILE
        else:
            found[row["message_id"]] = number
    return found


def _within_the_cap(
    repository: MessageRepository,
    waiting: Sequence[Row],
    phones: Mapping[str, str],
    failed: Mapping[str, Unsent],
    on: date,
    texts: Mapping[Template, str],
) -> tuple[list[Outgoing], int]:
    most, week = limit_on("most_a_week", on), on - timedelta(days=7)
    ids = [one for one in dict.fromkeys(row["candidate_id"] for row in waiting) if one is not None]
    firms = [one for one in dict.fromkeys(row["employer_id"] for row in waiting) if one is not None]
    sent: Counter[str] = Counter(repository.written_since(ids, firms, week))
    outgoing, n_held = [], 0
    for row in waiting:
        message_id, to = row["message_id"], row["candidate_id"] or row["employer_id"]
        if message_id in failed:
            continue
        if sent[to] >= most:
            n_held += 1
            continue
        sent[to] += 1
        day = "" if row["day"] is None else f"{row['day'].month}月{row['day'].day}日"
        outgoing.append(Outgoing(message_id, phones[message_id], texts[Template(row["template"])].format(day=day)))
    return outgoing, n_held
