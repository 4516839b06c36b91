"""Whose people they are: taken on by a caseworker, and handed to another, all or chosen, with a note, from a day.

Being in charge opens nothing: whom an office sees follows from the place and from whom it has taken on. So who moves to
another county is gone for the old office at once, and the new one finds notes, tasks, services and clocks whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from pipelines.access.audit import record, record_each
from pipelines.access.errors import Forbidden
from pipelines.access.organisations import Organisations
from pipelines.access.roles import DIVISIONS, Action, Role, Subject
from pipelines.access.scope import ScopedCandidates
from pipelines.caseload.errors import CaseworkRefused
from pipelines.caseload.notes import wrong_words
from pipelines.caseload.tasks import Step, Tasks
from pipelines.caseload.words import TaskAct
from pipelines.consent.ledger import SHANGHAI
from pipelines.notices.tell import of_handover
from pipelines.registers.errors import Fault, RowRefused
from pipelines.registers.people import People
from pipelines.registers.rows import require
from pipelines.store.charges import ChargeRepository, HandoverRepository
from pipelines.store.in_charge import colleagues, names_of
from pipelines.store.of_people import Row

EARLIEST_DAYS = 31
"""How long ago a hand-over may have happened that is written down today."""
_LATEST = 20


@dataclass(frozen=True, slots=True)
class Handover:
    """Who hands over (None: oneself) to whom; without people all. Another office may be given and nobody there."""

    words: str
    happened_on: date
    to_user_id: str | None = None
    to_organisation_id: str | None = None
    from_user_id: str | None = None
    candidate_ids: tuple[str, ...] | None = None


class Caseload:
    """The people in charge of the staff of a subject's office."""

    def __init__(self, connection: Connection, subject: Subject, *, on: date, now: datetime) -> None:
        self.connection, self.subject, self.on, self.now = connection, subject, on, now
        self.charges = ChargeRepository(connection, subject)

    def page(self, user_id: str | None, *, after: str | None, limit: int) -> tuple[list[dict[str, Any]], bool]:
        """Return the next people in charge of somebody of the office (None: of oneself); who was shown is recorded.

        Raises
        ------
        Forbidden
            When the role may not read people for the stated purpose, or is no supervisor and asks for others' people.
        """
        require(self.subject, Action.READ_CANDIDATES)
        owner = self._owner(user_id)
        found = [] if owner is None else self.charges.held_by(self._office(), owner, after=after, limit=limit + 1)
        shown = found[:limit]
        if shown:
            ids, by = [row["candidate_id"] for row in shown], self.subject.by
            record_each(
                self.connection, by, Action.READ_CANDIDATES.value, object_kind="candidate", object_ids=ids
            )  # fmt: skip
        told = [{"candidate_id": row["candidate_id"], "since": row["since"].isoformat()} for row in shown]
        return told, len(found) > limit

    def of(self, candidate_id: str) -> list[dict[str, Any]]:
        """Return who was and is the caseworker of a visible person, the earliest first; the read is recorded.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        Forbidden
            When the role may not read people for the stated purpose.
        """
        people = ScopedCandidates(self.connection, self.subject)
        people.opened(people.visible(candidate_id, Action.READ_CANDIDATES), Action.READ_CANDIDATES)
        rows = self.charges.of(candidate_id)
        names = names_of(self.connection, {f"user:{row['user_id']}" for row in rows})
        offices = {one.organisation_id: one.name for one in Organisations(self.connection).all()} if rows else {}
        return [
            {
                "user_id": row["user_id"],
                "name": names.get(f"user:{row['user_id']}"),
                "organisation_id": row["organisation_id"],
                "organisation": offices.get(row["organisation_id"]),
                "since": row["since"].isoformat(),
                "ended_at": None if row["ended_at"] is None else row["ended_at"].isoformat(),
            }
            for row in rows
        ]

    def colleagues(self) -> Mapping[str, str]:
        """Return who works with people at the subject's office, by id."""
        return colleagues(self.connection, self.subject.organisation_id, self.on)

    def take_on(self, candidate_id: str, user_id: str | None) -> None:
        """Put a caseworker of the own office (None: oneself) in charge of a visible person who has none there.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        Forbidden
            When the role may not change people for the stated purpose, or a machine asks.
        RowRefused
            When it is no colleague.
        CaseworkRefused
            When somebody of the office is in charge already: people are handed over, with a note.
        """
        ScopedCandidates(self.connection, self.subject).visible(candidate_id, Action.WRITE_CANDIDATES)
        self._refuse_machines()
        owner, office = user_id or self.subject.user_id, self._office()
        if owner is None or owner not in self.colleagues():
            raise RowRefused([Fault("user_id", "应为本机构的工作人员")])
        if self.charges.running(office, [candidate_id]):
            raise CaseworkRefused("本机构已有人负责；改由别人负责的，请办理转交")
        self._note("candidates.charge", [candidate_id])
        self.charges.end_where_it_moved_from(candidate_id, office, self.now)
        self._put_in_charge(candidate_id, office, owner, self.now, None)

    def hand_over(self, handover: Handover) -> dict[str, Any]:
        """Hand people of one caseworker of the office to another, or to another office; open tasks go with them.

        Raises
        ------
        Forbidden
            When the role may not change people for the stated purpose; somebody else's people, or to another office,
            only a supervisor hands over; a machine hands over nobody.
        RowRefused
            When note, day, receiver or one of the people is none that can be taken.
        CaseworkRefused
            When there is nobody to hand over, or somebody else handed one of them over meanwhile.
        """
        require(self.subject, Action.WRITE_CANDIDATES)
        office, owner = self.may_hand_over(handover.from_user_id)
        goal = handover.to_organisation_id or office
        if goal != office and not self._is_supervisor():
            raise Forbidden("只有主管可以把求职者交给其他机构")
        faults = self._faults(handover, goal, owner)
        if faults:
            raise RowRefused(faults)
        held = {row["candidate_id"]: row for row in self.charges.held_by(office, owner)}
        chosen = list(held) if handover.candidate_ids is None else list(dict.fromkeys(handover.candidate_ids))
        if set(chosen) - set(held):
            raise RowRefused([Fault("candidate_ids", "其中有的求职者不由转出人负责")])
        if not chosen:
            raise CaseworkRefused("没有可以转交的求职者")
        return self._handed(handover, (office, owner), goal, [held[one] for one in chosen])

    def may_hand_over(self, user_id: str | None) -> tuple[str, str]:
        """Return the own office and whose people there may be handed over: oneself (None), for a supervisor another.

        Raises
        ------
        Forbidden
            For somebody else's people where one is no supervisor, and for machines.
        RowRefused
            When it does not say whose.
        """
        self._refuse_machines()
        owner, office = self._owner(user_id), self._office()
        if owner is None:
            raise RowRefused([Fault("from_user_id", "须写明由谁转出")])
        return office, owner

    def _handed(
        self, handover: Handover, giver: tuple[str, str], goal: str, charges: Sequence[Row]
    ) -> dict[str, Any]:  # fmt: skip
        office, owner = giver
        ids = [row["candidate_id"] for row in charges]
        self._note("candidates.hand-over", ids)
        handover_id = str(uuid4())
        HandoverRepository(self.connection, self.subject).add(
            {
                "handover_id": handover_id,
                "from_user_id": owner,
                "from_organisation_id": office,
                "to_user_id": handover.to_user_id,
                "to_organisation_id": goal,
                "happened_on": handover.happened_on,
                "words": handover.words.strip(),
                "n_people": len(charges),
                "made_at": self.now,
                "made_by": self.subject.by.actor,
            }
        )
        n_tasks = 0
        there = {} if goal == office else self.charges.running(goal, ids)
        for row in charges:
            at = self._moment(handover.happened_on, row["since"])
            if not self.charges.end(row["charge_id"], at):
                raise CaseworkRefused("其中有人刚被另一位工作人员转交，请重新读取后再办")
            n_tasks += self._hand_tasks(row["candidate_id"], owner, handover.to_user_id)
            if goal != office:
                self._let_see(row["candidate_id"], goal)
            if handover.to_user_id is not None and row["candidate_id"] not in there:
                self._put_in_charge(row["candidate_id"], goal, handover.to_user_id, at, handover_id)
        of_handover(
            self.connection,
            self.subject,
            handover_id,
            handover.to_user_id,
            goal,
            n=len(ids),
            candidate_id=ids[0] if len(ids) == 1 else None,
            on=self.on,
            now=self.now,
        )
        return {"handover_id": handover_id, "n_people": len(charges), "n_tasks": n_tasks}

    def handovers(self) -> list[dict[str, Any]]:
        """Return the latest hand-overs from and to the own office, the newest first.

        Raises
        ------
        Forbidden
            When the role may not read people for the stated purpose.
        """
        require(self.subject, Action.READ_CANDIDATES)
        rows = HandoverRepository(self.connection, self.subject).latest(_LATEST)
        users = {f"user:{row[name]}" for row in rows for name in ("from_user_id", "to_user_id") if row[name]}
        names = names_of(self.connection, users | {row["made_by"] for row in rows})
        offices = {one.organisation_id: one.name for one in Organisations(self.connection).all()} if rows else {}
        return [
            {
                "handover_id": row["handover_id"],
                "from_user_id": row["from_user_id"],
                "from_name": names.get(f"user:{row['from_user_id']}"),
                "to_user_id": row["to_user_id"],
                "to_name": names.get(f"user:{row['to_user_id']}"),
                "to_organisation_id": row["to_organisation_id"],
                "to_organisation": offices.get(row["to_organisation_id"]),
                "happened_on": row["happened_on"].isoformat(),
                "words": row["words"],
                "n_people": row["n_people"],
                "made_at": row["made_at"].isoformat(),
                "made_by_name": names.get(row["made_by"]),
            }
            for row in rows
        ]

    # ---- parts ----

    def _office(self) -> str:
        if self.subject.organisation_id is None:
            raise CaseworkRefused("须以某个机构工作人员的身份办理")
        return self.subject.organisation_id

    def _is_supervisor(self) -> bool:
        return self.subject.is_local or self.subject.role is Role.SUPERVISOR

    def _owner(self, user_id: str | None) -> str | None:
        if user_id is not None and user_id != self.subject.user_id and not self._is_supervisor():
            raise Forbidden("只有主管可以查看、转交其他工作人员负责的求职者")
        return user_id or self.subject.user_id

    def _refuse_machines(self) -> None:
        if self.subject.client_id is not None:
            raise Forbidden("须由工作人员办理，不能由系统或接口办理")

    def _faults(self, handover: Handover, goal: str, owner: str | None) -> list[Fault]:
        faults = wrong_words("words", handover.words)
        if not self.on - timedelta(days=EARLIEST_DAYS) <= handover.happened_on <= self.on:
            faults.append(Fault("happened_on", f"应为今天，或{EARLIEST_DAYS}天以内"))
        place = Organisations(self.connection).find(goal)
        if place is None or place.kind not in DIVISIONS:
            return [*faults, Fault("to_organisation_id", "没有这个机构，或它不是办理机构")]
        receiver = handover.to_user_id
        if receiver is None and goal == self.subject.organisation_id:
            faults.append(Fault("to_user_id", "须写明由谁接手"))
        if receiver is not None and (
            receiver == owner or receiver not in colleagues(self.connection, goal, self.on)
        ):  # fmt: skip
            faults.append(Fault("to_user_id", "应为接手机构里的另一位工作人员"))
        return faults

    def _moment(self, day: date, since: datetime) -> datetime:
        """Return when a hand-over took effect: now, or when an earlier day began, never before the charge."""
        return self.now if day == self.on else max(since, datetime.combine(day, time(), SHANGHAI))

    def _hand_tasks(self, candidate_id: str, owner: str, receiver: str | None) -> int:
        """Hand the open tasks of the giver about a person to the receiver; without one they become everybody's."""
        tasks = Tasks(self.connection, self.subject, on=self.on)
        return tasks.hand(candidate_id, owner, Step(TaskAct.HANDED, owner_id=receiver), now=self.now)

    def _let_see(self, candidate_id: str, office: str) -> None:
        people = People(self.connection, self.subject)
        if not any(one.organisation_id == office and one.ended_at is None for one in people.assignments(candidate_id)):
            people.assign(candidate_id, office, at=self.now)

    def _put_in_charge(
        self, candidate_id: str, office: str, user_id: str, since: datetime, handover_id: str | None
    ) -> None:
        self.charges.add(
            {
                "charge_id": str(uuid4()),
                "candidate_id": candidate_id,
                "organisation_id": office,
                "user_id": user_id,
                "since": since,
                "ended_at": None,
                "handover_id": handover_id,
            }
        )

    def _note(self, action: str, candidate_ids: Sequence[str]) -> None:
        by = self.subject.by
        if len(candidate_ids) == 1:
            record(self.connection, by, action, object_kind="candidate", object_id=candidate_ids[0])
        else:
            record_each(self.connection, by, action, object_kind="candidate", object_ids=list(candidate_ids))
