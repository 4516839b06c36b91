"""Text messages as a subject: queued for a person, cancelled while they wait, stopped where the person wants none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from pipelines.access.audit import record, record_each
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Action, Subject
from pipelines.access.scope import ScopedCandidates
from pipelines.caseload.errors import CaseworkRefused
from pipelines.messages.allowed import refusals
from pipelines.messages.words import NEEDS_DAY, OF_COMPANY, ChoiceAct, MessageStatus, Template, Unsent
from pipelines.registers.errors import Fault, NoSuchRecord, RowRefused
from pipelines.registers.rows import require
from pipelines.store.messages import ChoiceRepository, Key, MessageRepository
from pipelines.store.of_people import Row
from pipelines.store.repositories import CandidateRepository


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What is to be sent: a template, and the day that it names where it names one."""

    template: Template
    day: date | None = None


class Outbox:
    """The messages to the people whom a subject sees."""

    def __init__(self, connection: Connection, subject: Subject, *, on: date, now: datetime) -> None:
        self.connection, self.subject, self.on, self.now = connection, subject, on, now
        self.repository, self.choices = MessageRepository(connection, subject), ChoiceRepository(connection, subject)
        self.people = ScopedCandidates(connection, subject)

    def of(self, candidate_id: str) -> dict[str, Any]:
        """Return the messages to a visible person, and why none may be sent where that is so; the read is recorded.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        Forbidden
            When the role may not read people for the stated purpose.
        """
        self.people.opened(self.people.visible(candidate_id, Action.READ_CANDIDATES), Action.READ_CANDIDATES)
        why = self._why_not(candidate_id)
        return {
            "items": [message_document(row) for row in self.repository.of(candidate_id)],
            "is_stopped": self.choices.last([candidate_id]).get(candidate_id) == ChoiceAct.STOPPED,
            "why_not": None if why is None else why.value,
            "why_not_label": None if why is None else why.label,
        }

    def page(self, status: MessageStatus | None, *, after: Key | None, limit: int) -> tuple[list[dict[str, Any]], bool]:
        """Return the next visible messages, the earliest queued first; who is named is recorded.

        Raises
        ------
        Forbidden
            When the role may not read people for the stated purpose.
        """
        require(self.subject, Action.READ_CANDIDATES)
        found = self.repository.page(after=after, limit=limit + 1, status=None if status is None else status.value)
        shown = found[:limit]
        ids = list(dict.fromkeys(row["candidate_id"] for row in shown if row["candidate_id"] is not None))
        if ids:
            action, by = Action.READ_CANDIDATES.value, self.subject.by
            record_each(self.connection, by, action, object_kind="candidate", object_ids=ids)
        return [message_document(row) for row in shown], len(found) > limit

    def queue(self, candidate_id: str, new: NewMessage) -> dict[str, Any]:
        """Queue a message to a visible person; it goes out with the next file, outside quiet hours and within the cap.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        Forbidden
            When the role may not write to people for the stated purpose, or a machine asks.
        RowRefused
            When the template names a day and none to come is given, or is one for companies.
        CaseworkRefused
            When the person did not agree, wants none or has no mobile number, or the same was queued today.
        """
        self.people.visible(candidate_id, Action.WRITE_CANDIDATES)
        self._refuse_machines()
        if new.template in OF_COMPANY:
            raise RowRefused([Fault("template", "这种短信只发给用人单位")])
        if new.template in NEEDS_DAY and (new.day is None or new.day < self.on):
            raise RowRefused([Fault("day", "应为今天或以后的日期")])
        self._note("messages.queue", candidate_id)
        why = self._why_not(candidate_id)
        if why is not None:
            raise CaseworkRefused(why.label)
        mark = f"{new.template.value}:{self.on.isoformat()}:{new.day or ''}:{candidate_id}"
        if self.repository.known([mark]):
            raise CaseworkRefused("今天已有同样的短信")
        day = new.day if new.template in NEEDS_DAY else None
        row = queued(new.template, day, mark, self.subject, self.now, candidate_id=candidate_id)
        self.repository.add([row])
        return message_document(row)

    def cancel(self, message_id: str) -> None:
        """Cancel a visible message that still waits.

        Raises
        ------
        NoSuchRecord
            When there is none, or none that is visible.
        Forbidden
            When the role may not write to people for the stated purpose, or a machine asks.
        CaseworkRefused
            When it was written, given up or cancelled already.
        """
        row = self.repository.find(message_id.replace("\x00", "\ufffd"))
        if row is None:
            raise NoSuchRecord("没有这条记录")
        require(self.subject, Action.WRITE_CANDIDATES)
        self._refuse_machines()
        self._note("messages.cancel", row["candidate_id"])
        if not self.repository.settle(message_id, {"status": MessageStatus.CANCELLED.value, "settled_at": self.now}):
            raise CaseworkRefused("这条短信已经写入或已经了结，不能取消")

    def choose(self, candidate_id: str, act: ChoiceAct) -> None:
        """Note that a visible person wants no text messages, or wants them again.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        Forbidden
            When the role may not write to people for the stated purpose, or a machine asks.
        """
        self.people.visible(candidate_id, Action.WRITE_CANDIDATES)
        self._refuse_machines()
        self._note(f"messages.{act.value}", candidate_id)
        self.choices.add(
            {
                "choice_id": str(uuid4()),
                "candidate_id": candidate_id,
                "act": act.value,
                "recorded_at": self.now,
                "recorded_by": self.subject.by.actor,
            }
        )

    def _why_not(self, candidate_id: str) -> Unsent | None:
        people = CandidateRepository(self.connection, self.subject).find([(candidate_id,)])
        rows = {key[0]: values for key, values in people.items()}
        return refusals(self.connection, self.subject, rows, self.on).get(candidate_id)

    def _refuse_machines(self) -> None:
        if self.subject.client_id is not None:
            raise Forbidden("须由工作人员办理，不能由系统或接口办理")

    def _note(self, word: str, candidate_id: str | None) -> None:
        kind = "message" if candidate_id is None else "candidate"
        record(self.connection, self.subject.by, word, object_kind=kind, object_id=candidate_id)


def queued(
    template: Template,
    day: date | None,
    mark: str,
    subject: Subject,
    now: datetime,
    *,
    candidate_id: str | None = None,
    employer_id: str | None = None,
) -> Row:
    """Return a message as a row that waits."""
    return {
        "message_id": str(uuid4()),
        "candidate_id": candidate_id,
        "employer_id": employer_id,
        "template": template.value,
        "day": day,
        "mark": mark,
        "status": MessageStatus.QUEUED.value,
        "reason": None,
        "organisation_id": subject.organisation_id,
        "queued_at": now,
        "queued_by": subject.by.actor,
        "settled_at": None,
        "written_on": None,
    }


def message_document(row: Row) -> dict[str, Any]:
    """Return a message as it travels in JSON: no number, no words."""
    template, status = Template(row["template"]), MessageStatus(row["status"])
    reason = None if row["reason"] is None else Unsent(row["reason"])
    return {
        "message_id": row["message_id"],
        "candidate_id": row["candidate_id"],
        "employer_id": row["employer_id"],
        "template": template.value,
        "template_label": template.label,
        "day": None if row["day"] is None else row["day"].isoformat(),
        "status": status.value,
        "status_label": status.label,
        "reason": None if reason is None else reason.value,
        "reason_label": None if reason is None else reason.label,
        "queued_at": row["queued_at"].isoformat(),
        "written_on": None if row["written_on"] is None else row["written_on"].isoformat(),
    }


def message_lines(found: Sequence[dict[str, Any]], *, has_more: bool) -> list[str]:
    """Return messages in plain Chinese, to whom by the id alone."""
    lines = [
        f"{one['queued_at'][:10]} {one['candidate_id'] or one['employer_id']} {one['template_label']}"
        + f"：{one['status_label']}"
        + (f"（{one['reason_label']}）" if one["reason_label"] else "")
        + (f" {one['written_on']}" if one["written_on"] else "")
        for one in found
    ]
    return [*(lines or ["没有短信"]), *(["…后面还有；加 --limit 看更多"] if has_more else [])]
