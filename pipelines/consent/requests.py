"""What people ask for: an extract, a correction, erasure, the review of a list; and the named human who decides."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from pipelines.access.audit import record
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Action, Subject
from pipelines.access.scope import ScopedCandidates, VisibleCandidate
from pipelines.consent.effects import SHANGHAI
from pipelines.consent.erasure import erase, held_back
from pipelines.consent.errors import AlreadyDecided, NamedPersonNeeded, NoSuchRequest, NotYetStated
from pipelines.consent.ledger import EARLIEST
from pipelines.consent.texts import term, working_days_after
from pipelines.consent.words import RequestKind, Speaker
from pipelines.store.consents import Decision, RequestRepository, Row
from pipelines.store.in_charge import display_name
from pipelines.store.visible_runs import VisibleRuns

RIGHTS = (RequestKind.EXTRACT, RequestKind.CORRECTION, RequestKind.ERASURE)
REVIEWS = (RequestKind.REVIEW,)
_DECIDES: Mapping[RequestKind, Action] = {
    RequestKind.EXTRACT: Action.EXTRACT_CANDIDATE,
    RequestKind.CORRECTION: Action.EXTRACT_CANDIDATE,
    RequestKind.ERASURE: Action.ERASE_CANDIDATE,
    RequestKind.REVIEW: Action.DECIDE_REVIEWS,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person, or the guardian, asks for; `about` is the list that a review is about."""

    kind: RequestKind
    on: date
    speaker: Speaker = Speaker.PERSON
    words: str | None = None
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """How it is decided, and why; `named` says who decides where nobody is signed in."""

    is_granted: bool
    reason: str
    named: str | None = None


class Requests:
    """The requests of these kinds of the people whom a subject sees."""

    def __init__(self, connection: Connection, subject: Subject, kinds: Sequence[RequestKind]) -> None:
        self.connection, self.subject, self.kinds = connection, subject, tuple(kinds)
        self.repository = RequestRepository(connection, subject)
        self.people = ScopedCandidates(connection, subject)

    def of(self, candidate_id: str) -> list[dict[str, Any]]:
        """Return what a visible person asked for; the read is recorded.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        Forbidden
            When the role may not read consents for the stated purpose.
        """
        person = self.people.visible(candidate_id, Action.READ_CONSENTS)
        self.people.opened(person, Action.READ_CONSENTS)
        return [request_document(row) for row in self.repository.of(person, self.kinds)]

    def one(self, candidate_id: str, request_id: str) -> tuple[dict[str, Any], int]:
        """Return one request with its version.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        NoSuchRequest
            When the person did not ask for that.
        """
        person = self.people.visible(candidate_id, Action.READ_CONSENTS)
        row = self._row(person, request_id)
        self.people.opened(person, Action.READ_CONSENTS)
        return request_document(row), row["row_version"]

    def ask(self, candidate_id: str, asked: Asked, *, now: datetime) -> dict[str, Any]:
        """Record what a visible person asks for; when it has to be answered follows from the day.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        NoSuchRequest
            When a review is about a list that is none of this person.
        NotYetStated
            When it is dated after today, or before anybody living could have asked.
        """
        person = self.people.visible(candidate_id, Action.WRITE_CONSENTS)
        if not EARLIEST.date() <= asked.on <= now.astimezone(SHANGHAI).date():
            raise NotYetStated("申请的日期不能晚于登记的日期")
        if asked.about is not None:
            self._accept_run(person, asked.about)
        request_id = str(uuid.uuid4())
        self._record(person, f"requests.{asked.kind.value}")
        self.repository.add(
            {
                "request_id": request_id,
                "candidate_id": person,
                "kind": asked.kind.value,
                "about": asked.about,
                "asked_by": asked.speaker.value,
                "asked_on": asked.on,
                "due_on": working_days_after(asked.on, term("request_working_days", asked.on)),
                "words": asked.words,
                "recorded_at": now,
                "recorded_by": self.subject.by.actor,
                "organisation_id": self.subject.organisation_id,
            }
        )
        return request_document(self._row(person, request_id))

    def decide(
        self, candidate_id: str, request_id: str, answered: Answered, *, version: int, now: datetime, on: date
    ) -> dict[str, Any]:
        """Decide a request; a granted erasure is carried out at once unless evidence still has to be kept.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        NoSuchRequest
            When the person did not ask for that.
        Forbidden
            When the role may not decide it for the stated purpose.
        NamedPersonNeeded
            When a machine would decide, nobody is named, or no reason is given.
        AlreadyDecided
            When it was decided, or changed since it was read.
        """
        person = self.people.visible(candidate_id, Action.READ_CONSENTS)
        row = self._row(person, request_id)
        kind = RequestKind(row["kind"])
        if not self.subject.may(_DECIDES[kind]):
            raise Forbidden("您的角色不能为这一目的这样做")
        decider = self._decider(answered)
        if not answered.reason.strip():
            raise NamedPersonNeeded("须写明决定的理由")
        status = "granted" if answered.is_granted else "refused"
        self._record(person, f"requests.{status}", kind=kind)
        said = {"reason": answered.reason, "decider": decider}
        decision = Decision(status, self.subject.by.actor, now, said)
        if not self.repository.decide(request_id, decision, version=version):
            raise AlreadyDecided("这项申请已有决定，或读取后已有变化")
        document = request_document(self._row(person, request_id))
        if kind is RequestKind.ERASURE and answered.is_granted:
            return self._carried_out(person, document, on)
        return document

    def _carried_out(self, person: VisibleCandidate, document: dict[str, Any], on: date) -> dict[str, Any]:
        if person in held_back(self.connection, on):
            why = "安置就业的证据仍在保存期内：现在起只存储、不作其他使用，期满即删除"
            return {**document, "is_erased": False, "held": why}
        erase(self.connection, [person], by=self.subject.by, why="request", on=on)
        return {**document, "is_erased": True, "held": None}

    def _decider(self, answered: Answered) -> str:
        """Return the name of the human who decides.

        Source: 个人信息保护法 第二十四条.
        """
        if self.subject.client_id is not None:
            raise NamedPersonNeeded("须由工作人员决定，不能由系统或接口决定")
        user_id = self.subject.user_id
        name = answered.named if user_id is None else display_name(self.connection, user_id)
        if not name or not name.strip():
            raise NamedPersonNeeded("须写明作出决定的人")
        return name

    def _accept_run(self, person: VisibleCandidate, run_id: str) -> None:
        document = VisibleRuns(self.connection, self.subject).get(run_id)
        if document is None or document["candidate_id"] != person:
            raise NoSuchRequest("没有这份名单")

    def _row(self, person: VisibleCandidate, request_id: str) -> Row:
        row = self.repository.find(person, request_id.replace("\x00", "\ufffd"), self.kinds)
        if row is None:
            raise NoSuchRequest("没有这项申请")
        return row

    def _record(self, person: VisibleCandidate, action: str, kind: RequestKind | None = None) -> None:
        details = {} if kind is None else {"kind": kind.value}
        record(self.connection, self.subject.by, action, object_kind="candidate", object_id=person, details=details)


def request_document(row: Row) -> dict[str, Any]:
    """Return a request as it travels, with its reason and who decided once there is a decision."""
    decision = row["decision"] or {}
    kind = RequestKind(row["kind"])
    return {
        "request_id": row["request_id"],
        "candidate_id": row["candidate_id"],
        "kind": kind.value,
        "label": kind.label,
        "about": row["about"],
        "asked_by": row["asked_by"],
        "asked_on": row["asked_on"].isoformat(),
        "due_on": row["due_on"].isoformat(),
        "words": row["words"],
        "status": row["status"],
        "decided_at": None if row["decided_at"] is None else row["decided_at"].isoformat(),
        "decided_by": decision.get("decider"),
        "reason": decision.get("reason"),
    }
