"""Hand-overs for a later day: planned by a caseworker or supervisor, carried out on the day by the code of every other.

When the day has come the people go over, and on the day of return those come back who still are where they went. What
cannot be carried out (the receiver works here no more) is held, told of, and tried again each day.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from pipelines.access.audit import record
from pipelines.access.errors import Forbidden
from pipelines.access.organisations import Organisations
from pipelines.access.roles import Action, OrganisationId, Purpose, Role, Subject, program_subject
from pipelines.access.sessions import subject_for
from pipelines.caseload.errors import CaseworkRefused
from pipelines.caseload.handover import EARLIEST_DAYS, Caseload, Handover
from pipelines.caseload.notes import wrong_words
from pipelines.notices.tell import of_planned
from pipelines.registers.errors import Fault, NoSuchRecord, RowRefused
from pipelines.registers.rows import require
from pipelines.store.charges import ChargeRepository
from pipelines.store.in_charge import colleagues, names_of
from pipelines.store.of_people import Row
from pipelines.store.planned import PlannedRepository

LATEST_DAYS = 366
_SHOWN, _FOREVER = 20, date.max
_PROGRAM = program_subject("planned-handovers", Purpose.JOB_MATCHING)
_STATES = {"waiting": "等到那一天", "begun": "已转交", "ended": "已了结", "cancelled": "已取消"}
_HELD = {
    "receiver": "接手人已不在本机构工作，须由主管处理",
    "giver": "交回的人已不在本机构工作，须由主管处理",
}


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """How many plans began, came to their end, and could not be carried out."""

    begun: int = 0
    ended: int = 0
    held: int = 0


class Planned:
    """The hand-overs for a later day of a subject's office."""

    def __init__(self, connection: Connection, subject: Subject, *, on: date, now: datetime) -> None:
        self.connection, self.subject, self.on, self.now = connection, subject, on, now
        self.repository = PlannedRepository(connection, subject)

    def plan(self, handover: Handover, returns_on: date | None = None) -> dict[str, Any]:
        """Plan that people of one caseworker go to a colleague on a later day, and come back on another.

        Raises
        ------
        Forbidden
            When the role may not change people for the stated purpose; somebody else's people only a supervisor hands
            over; a machine hands over nobody.
        RowRefused
            When note, days, receiver or one of the people is none that can be taken.
        CaseworkRefused
            When a plan of the same people for the same days is there.
        """
        require(self.subject, Action.WRITE_CANDIDATES)
        caseload = Caseload(self.connection, self.subject, on=self.on, now=self.now)
        office, owner = caseload.may_hand_over(handover.from_user_id)
        self._refuse_faults(handover, returns_on, office, owner)
        held = {row["candidate_id"] for row in caseload.charges.held_by(office, owner)}
        chosen = [] if handover.candidate_ids is None else list(dict.fromkeys(handover.candidate_ids))
        if set(chosen) - held:
            raise RowRefused([Fault("candidate_ids", "其中有的求职者不由转出人负责")])
        self._note("handovers.plan")  # whoever plans takes turns, so that of two plans for the same days one is told
        self._refuse_overlap(handover, returns_on, office, owner, chosen)
        planned_id = str(uuid4())
        values = {
            "planned_id": planned_id,
            "from_user_id": owner,
            "from_organisation_id": office,
            "to_user_id": handover.to_user_id,
            "begins_on": handover.happened_on,
            "returns_on": returns_on,
            "is_whole": handover.candidate_ids is None,
            "words": handover.words.strip(),
            "status": "waiting",
            "made_at": self.now,
            "made_by": self.subject.by.actor,
        }
        self.repository.add(values, chosen)
        row = self._found(planned_id)
        n = len(chosen) if chosen else len(held)
        of_planned(self.connection, self.subject, row, on=self.on, now=self.now, n=n)
        return self._told([row])[0]

    def _refuse_faults(self, handover: Handover, returns_on: date | None, office: str, owner: str) -> None:
        faults = wrong_words("words", handover.words)
        if not self.on < handover.happened_on <= self.on + timedelta(days=LATEST_DAYS):
            faults.append(Fault("happened_on", "应为明天以后、一年以内的日期"))
        if returns_on is not None and not handover.happened_on < returns_on <= self.on + timedelta(days=LATEST_DAYS):
            faults.append(Fault("returns_on", "应晚于转交的日期，在一年以内"))
        if handover.to_organisation_id not in (None, office):
            faults.append(Fault("to_organisation_id", "预定的转交只在本机构内；交给其他机构的，到那一天再办"))
        receiver = handover.to_user_id
        if receiver is None or receiver == owner or receiver not in colleagues(self.connection, office, self.on):
            faults.append(Fault("to_user_id", "应为本机构里的另一位工作人员"))
        if faults:
            raise RowRefused(faults)

    def _refuse_overlap(
        self, handover: Handover, returns_on: date | None, office: str, owner: str, chosen: Sequence[str]
    ) -> None:
        for other in self.repository.open_of(office, owner):
            apart = (returns_on or _FOREVER) <= other["begins_on"] or (other["returns_on"] or _FOREVER) <= (
                handover.happened_on
            )
            is_whole = other["is_whole"] or handover.candidate_ids is None
            if not apart and (is_whole or set(chosen) & set(self.repository.people_of(other["planned_id"]))):
                raise CaseworkRefused("这段时间已有预定的转交，请先取消或另选日期")

    def open_and_latest(self) -> list[dict[str, Any]]:
        """Return the plans of the own office, open ones first by day.

        Raises
        ------
        Forbidden
            When the role may not read people for the stated purpose.
        """
        require(self.subject, Action.READ_CANDIDATES)
        return self._told(self.repository.latest(_SHOWN))

    def cancel(self, planned_id: str) -> None:
        """Cancel a plan that has not begun, or the return of one that has.

        Raises
        ------
        NoSuchRecord
            When there is none at the own office.
        Forbidden
            When the role may not change people for the stated purpose; somebody else's plan only a supervisor cancels.
        CaseworkRefused
            When it came to its end, or somebody changed it at the same time.
        """
        row = self._found(planned_id)
        require(self.subject, Action.WRITE_CANDIDATES)
        Caseload(self.connection, self.subject, on=self.on, now=self.now).may_hand_over(row["from_user_id"])
        self._note("handovers.cancel")
        row = self._found(planned_id)
        if row["status"] not in ("waiting", "begun"):
            raise CaseworkRefused("这次预定的转交已经了结")
        values = {"status": "cancelled"} if row["status"] == "waiting" else {"status": "ended"}
        if not self.repository.change(row, values):
            raise CaseworkRefused("这次预定的转交刚被修改，请重新读取后再办")

    def _found(self, planned_id: str) -> Row:
        row = self.repository.find(planned_id)
        if row is None:
            raise NoSuchRecord("没有这条记录")
        return row

    def _told(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        users = {f"user:{row[name]}" for row in rows for name in ("from_user_id", "to_user_id")}
        names = names_of(self.connection, users | {row["made_by"] for row in rows})
        return [
            {
                "planned_id": row["planned_id"],
                "from_user_id": row["from_user_id"],
                "from_name": names.get(f"user:{row['from_user_id']}"),
                "to_user_id": row["to_user_id"],
                "to_name": names.get(f"user:{row['to_user_id']}"),
                "begins_on": row["begins_on"].isoformat(),
                "returns_on": None if row["returns_on"] is None else row["returns_on"].isoformat(),
                "n_people": None if row["is_whole"] else len(self.repository.people_of(row["planned_id"])),
                "words": row["words"],
                "status": row["status"],
                "status_label": _STATES[row["status"]],
                "held_for": None if row["held_for"] is None else _HELD[row["held_for"]],
                "handover_id": row["handover_id"],
                "made_by_name": names.get(row["made_by"]),
            }
            for row in rows
        ]

    def _note(self, word: str) -> None:
        record(self.connection, self.subject.by, word, object_kind="handover")


def carry_out(connection: Connection, *, on: date, now: datetime, office: str | None = None) -> CarriedOut:
    """Carry out what is planned for the day or an earlier one, at every office or one; twice changes nothing."""
    asking = _PROGRAM if office is None else replace(_PROGRAM, is_local=False, organisation_id=OrganisationId(office))
    repository = PlannedRepository(connection, asking)
    if not repository.due(on):
        return CarriedOut()
    record(connection, _PROGRAM.by, "handovers.run", object_kind="handover")  # two runs come one after the other
    begun = ended = held = 0
    for row in repository.due(on):
        done = _one(connection, repository, row, on, now)
        begun += done.begun
        ended += done.ended
        held += done.held
    return CarriedOut(begun, ended, held)


def _one(connection: Connection, repository: PlannedRepository, row: Row, on: date, now: datetime) -> CarriedOut:
    office = OrganisationId(row["from_organisation_id"])
    # As a supervisor of that office sees on the day: whoever moved away is handed over by nobody here.
    subject = replace(subject_for(connection, office, Role.SUPERVISOR, Purpose.JOB_MATCHING, on), actor=_PROGRAM.actor)
    is_back = row["status"] == "begun"
    begun = 0
    if not is_back and (row["returns_on"] is None or row["returns_on"] > on):
        giver, receiver, day = row["from_user_id"], row["to_user_id"], row["begins_on"]
        mine = {one["candidate_id"] for one in ChargeRepository(connection, subject).held_by(office, giver)}
        ids = sorted(
            mine if row["is_whole"] else mine & set(PlannedRepository(connection, subject).people_of(row["planned_id"]))
        )
        found = _handed(connection, subject, row, (giver, receiver, day, ids), on, now)
        if found is None:
            return _hold(connection, repository, row, "receiver", now, on)
        repository.change(row, {"status": "begun", "held_for": None, "handover_id": found or None})
        return CarriedOut(begun=1)
    if is_back and row["handover_id"] is not None:
        giver, receiver, day = row["to_user_id"], row["from_user_id"], row["returns_on"]
        held = ChargeRepository(connection, subject).held_by(office, giver)
        ids = [one["candidate_id"] for one in held if one["handover_id"] == row["handover_id"]]
        found = _handed(connection, subject, row, (giver, receiver, day, ids), on, now)
        if found is None:
            return _hold(connection, repository, row, "giver", now, on)
        repository.change(row, {"status": "ended", "held_for": None, "return_id": found or None})
        return CarriedOut(begun, 1)
    repository.change(row, {"status": "ended", "held_for": None})  # nobody went, or the days went by unseen
    return CarriedOut(begun, 1)


def _handed(
    connection: Connection, subject: Subject, row: Row, going: tuple[str, str, date, list[str]], on: date, now: datetime
) -> str | None:
    """Hand people over as every hand-over does; return its id, nothing where nobody goes, None where it is refused."""
    giver, receiver, day, ids = going
    if not ids:
        return ""
    happened_on = max(day, on - timedelta(days=EARLIEST_DAYS))
    handover = Handover(row["words"], happened_on, receiver, None, giver, tuple(ids))
    try:
        return str(Caseload(connection, subject, on=on, now=now).hand_over(handover)["handover_id"])
    except (RowRefused, Forbidden):
        return None


def _hold(
    connection: Connection, repository: PlannedRepository, row: Row, why: str, now: datetime, on: date
) -> CarriedOut:  # fmt: skip
    """Note that the day could not be kept, and tell who can do something about it, once."""
    if row["held_for"] != why:
        repository.change(row, {"held_for": why})
        of_planned(connection, _PROGRAM, row, on=on, now=now)
    return CarriedOut(held=1)


def office_named(connection: Connection, organisation_id: str, on: date, actor: str) -> Subject:
    """Return a supervisor's sight of an office for whoever runs the machine.

    Raises
    ------
    NoSuchRecord
        When there is no such office.
    """
    if Organisations(connection).find(organisation_id) is None:
        raise NoSuchRecord("没有这个机构编号")
    office = OrganisationId(organisation_id)
    return replace(subject_for(connection, office, Role.SUPERVISOR, Purpose.JOB_MATCHING, on), actor=actor)


def planned_lines(found: Sequence[dict[str, Any]]) -> list[str]:
    """Return plans in plain Chinese."""
    return [
        f"{one['planned_id']} {one['begins_on']} 起"
        + (f"，{one['returns_on']} 交回" if one["returns_on"] else "")
        + f"：{one['from_name']} 转交 {one['to_name']} "
        + ("全部" if one["n_people"] is None else f"{one['n_people']} 人")
        + f"（{one['status_label']}）"
        + (f" {one['held_for']}" if one["held_for"] else "")
        for one in found
    ] or ["没有预定的转交"]
