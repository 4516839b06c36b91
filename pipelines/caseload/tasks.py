"""Tasks about people: due on a day, somebody's or everybody's, done, put off with a reason, or no longer needed.

What follows from the rules (visits after 3, 6 and 12 months, ends of contracts and certificates, unanswered referrals)
is no task: `pipelines.duties` derives it anew each day, and it is nowhere stored a second time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from pipelines.access.audit import record, record_each
from pipelines.access.roles import Action, Subject
from pipelines.access.scope import ScopedCandidates
from pipelines.caseload.errors import CaseworkRefused, NoSuchTask
from pipelines.caseload.notes import wrong_words
from pipelines.caseload.words import TaskAct, TaskKind, TaskStatus
from pipelines.duties.places import area_of
from pipelines.notices.tell import of_task
from pipelines.registers.errors import Fault, RowRefused
from pipelines.registers.rows import require
from pipelines.store.in_charge import colleagues, names_of
from pipelines.store.of_people import Row
from pipelines.store.plans import PlanRepository
from pipelines.store.tasks import Key, TaskRepository, TaskStepRepository

LATEST_YEARS = 5
_ENDS = {TaskAct.DONE: TaskStatus.DONE, TaskAct.DROPPED: TaskStatus.DROPPED}


@dataclass(frozen=True, slots=True)
class NewTask:
    """What there is to do, by which day; without an owner it is everybody's who sees the person."""

    kind: TaskKind
    words: str
    due_on: date
    owner_id: str | None = None
    plan_id: str | None = None
    """The open plan with the person that it is a step of."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is done about a task: done or dropped, put off to another day, or handed to another owner (None: nobody)."""

    act: TaskAct
    reason: str = ""
    due_on: date | None = None
    owner_id: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks are asked for; `is_mine` keeps one's own and nobody's."""

    status: TaskStatus | None = TaskStatus.OPEN
    until: date | None = None
    is_mine: bool = False
    region: str | None = None


class Tasks:
    """The tasks about the people whom a subject sees."""

    def __init__(self, connection: Connection, subject: Subject, *, on: date) -> None:
        self.connection, self.subject, self.on = connection, subject, on
        self.repository, self.steps = TaskRepository(connection, subject), TaskStepRepository(connection, subject)
        self.people, self.plans = ScopedCandidates(connection, subject), PlanRepository(connection, subject)

    def page(self, wanted: Wanted, *, after: Key | None, limit: int) -> tuple[list[dict[str, Any]], bool]:
        """Return the next visible tasks by day and whether there are more; who was shown is recorded.

        Raises
        ------
        Forbidden
            When the role may not read tasks for the stated purpose.
        NoSuchRegion
            When the place is none that an office answers for.
        """
        require(self.subject, Action.READ_TASKS)
        status = None if wanted.status is None else wanted.status.value
        owner = self.subject.user_id if wanted.is_mine else None
        codes = None if wanted.region is None else area_of(self.connection, wanted.region, self.on).codes
        found = self.repository.page(
            after=after, limit=limit + 1, status=status, until=wanted.until, owner_id=owner, codes=codes
        )
        shown = found[:limit]
        owners = list(dict.fromkeys(row["candidate_id"] for row in shown))
        if owners:
            by, action = self.subject.by, Action.READ_TASKS.value
            record_each(self.connection, by, action, object_kind="candidate", object_ids=owners)
        return self._told(shown), len(found) > limit

    def of(self, candidate_id: str) -> list[dict[str, Any]]:
        """Return the tasks about a visible person, open and ended, by day; the read is recorded.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        Forbidden
            When the role may not read tasks for the stated purpose.
        """
        self.people.opened(self.people.visible(candidate_id, Action.READ_TASKS), Action.READ_TASKS)
        return self.told_of(candidate_id)

    def told_of(self, candidate_id: str) -> list[dict[str, Any]]:
        """Return what `of` returns, where who hands it out has recorded the read."""
        return self._told(self.repository.of(candidate_id))

    def one(self, task_id: str) -> tuple[dict[str, Any], int]:
        """Return one visible task with its version; the read is recorded.

        Raises
        ------
        NoSuchTask
            When there is none, or none that is visible.
        Forbidden
            When the role may not read tasks for the stated purpose.
        """
        row = self._found(task_id, Action.READ_TASKS)
        self._note(Action.READ_TASKS, row["candidate_id"])
        return self._told([row])[0], row["row_version"]

    def add(self, candidate_id: str, task: NewTask, *, now: datetime) -> dict[str, Any]:
        """Put down something to do about a visible person.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        Forbidden
            When the role may not write tasks for the stated purpose.
        RowRefused
            When nothing is said, the day is not to come, or the owner is no colleague of this office.
        """
        self.people.visible(candidate_id, Action.WRITE_TASKS)
        faults = wrong_words("words", task.words)
        faults += [
            *self._wrong_day(task.due_on),
            *self.wrong_owner(task.owner_id),
            *self._wrong_plan(candidate_id, task),
        ]
        if faults:
            raise RowRefused(faults)
        self._note(Action.WRITE_TASKS, candidate_id, act=TaskAct.MADE)
        task_id = str(uuid4())
        self.repository.add(
            {
                "task_id": task_id,
                "candidate_id": candidate_id,
                "kind": task.kind.value,
                "words": task.words.strip(),
                "due_on": task.due_on,
                "owner_id": task.owner_id,
                "status": TaskStatus.OPEN.value,
                "made_at": now,
                "made_by": self.subject.by.actor,
                "organisation_id": self.subject.organisation_id,
                "plan_id": task.plan_id,
            }
        )
        first = Step(TaskAct.MADE, due_on=task.due_on, owner_id=task.owner_id)
        self._step(task_id, candidate_id, first, now)
        row = self._found(task_id, Action.WRITE_TASKS)
        self._tell(row, now)
        return self._told([row])[0]

    def step(self, task_id: str, step: Step, *, version: int, now: datetime) -> dict[str, Any] | None:
        """Do something about an open task of this version; None where somebody changed it since.

        Raises
        ------
        NoSuchTask
            When there is none, or none that is visible.
        Forbidden
            When the role may not write tasks for the stated purpose.
        CaseworkRefused
            When the task has ended.
        RowRefused
            When putting it off or dropping it has no reason, or the day or owner is none that can be taken.
        """
        row = self._found(task_id, Action.WRITE_TASKS)
        if row["row_version"] != version:
            return None
        if row["status"] != TaskStatus.OPEN.value:
            raise CaseworkRefused("这项任务已经办结或取消")
        self._accept(step)
        self._note(Action.WRITE_TASKS, row["candidate_id"], act=step.act)
        if not self.repository.change(row, _values(step)):
            return None
        self._step(task_id, row["candidate_id"], step, now)
        if row["plan_id"] is not None and step.act is TaskAct.DONE:
            self.plans.touch(row["plan_id"], self.on)
        changed = self._found(task_id, Action.WRITE_TASKS)
        if step.act is TaskAct.HANDED:
            self._tell(changed, now)
        return self._told([changed])[0]

    def _tell(self, row: Row, now: datetime) -> None:
        of_task(
            self.connection,
            self.subject,
            row["task_id"],
            row["candidate_id"],
            row["kind"],
            row["owner_id"],
            due_on=row["due_on"],
            now=now,
            on=self.on,
        )

    def hand(self, candidate_id: str, owner_id: str, step: Step, *, now: datetime) -> int:
        """Hand the open tasks of somebody about a visible person on, as a hand-over does; return how many.

        Raises
        ------
        CaseworkRefused
            When somebody changes one of them at the same time.
        """
        n = 0
        for row in self.repository.of(candidate_id):
            if row["status"] == TaskStatus.OPEN.value and row["owner_id"] == owner_id:
                if not self.repository.change(row, _values(step)):
                    raise CaseworkRefused("有一项任务刚被修改，请重新读取后再办")
                self._step(row["task_id"], candidate_id, step, now)
                n += 1
        return n

    def follow(self, candidate_id: str, plan_id: str, adviser_id: str | None, reason: str, *, now: datetime) -> int:
        """Let the open steps of a plan follow it: to its new adviser, or dropped where there is none; return how many.

        Raises
        ------
        CaseworkRefused
            When somebody changes one of them at the same time.
        """
        act = TaskAct.DROPPED if adviser_id is None else TaskAct.HANDED
        step, n = Step(act, reason, owner_id=adviser_id), 0
        for row in self.repository.of(candidate_id):
            if row["status"] == TaskStatus.OPEN.value and row["plan_id"] == plan_id:
                if not self.repository.change(row, _values(step)):
                    raise CaseworkRefused("有一项任务刚被修改，请重新读取后再办")
                self._step(row["task_id"], candidate_id, step, now)
                n += 1
        return n

    def _accept(self, step: Step) -> None:
        if step.act is TaskAct.MADE:
            raise RowRefused([Fault("act", "应为延期、转交、办结或取消")])
        needs_reason = step.act in (TaskAct.POSTPONED, TaskAct.DROPPED)
        faults = wrong_words("reason", step.reason, may_be_empty=not needs_reason)
        if step.act is TaskAct.POSTPONED:
            faults += self._wrong_day(step.due_on)
        if step.act is TaskAct.HANDED:
            faults += self.wrong_owner(step.owner_id)
        if faults:
            raise RowRefused(faults)

    def _wrong_day(self, day: date | None) -> Sequence[Fault]:
        if day is None or day < self.on:
            return [Fault("due_on", "应为今天或以后的日期")]
        if day.year > self.on.year + LATEST_YEARS:
            return [Fault("due_on", f"最远到{LATEST_YEARS}年后")]
        return []

    def wrong_owner(self, owner_id: str | None) -> Sequence[Fault]:
        """Return what is wrong with an owner: nobody, oneself and colleagues are right."""
        if owner_id is None or owner_id == self.subject.user_id:
            return []
        return [] if owner_id in self.colleagues() else [Fault("owner_id", "应为本机构的工作人员")]

    def _wrong_plan(self, candidate_id: str, task: NewTask) -> Sequence[Fault]:
        if task.plan_id is None:
            return []
        plan = self.plans.find(task.plan_id)
        is_theirs = plan is not None and plan["candidate_id"] == candidate_id and plan["ended_on"] is None
        return [] if is_theirs else [Fault("plan_id", "应为这位求职者进行中的计划")]

    def colleagues(self) -> Mapping[str, str]:
        """Return who works with people at the subject's office today, by id, under the name that colleagues know."""
        return colleagues(self.connection, self.subject.organisation_id, self.on)

    def _step(self, task_id: str, candidate_id: str, step: Step, now: datetime) -> None:
        self.steps.add(
            {
                "step_id": str(uuid4()),
                "task_id": task_id,
                "candidate_id": candidate_id,
                "act": step.act.value,
                "due_on": step.due_on if step.act in (TaskAct.MADE, TaskAct.POSTPONED) else None,
                "owner_id": step.owner_id if step.act in (TaskAct.MADE, TaskAct.HANDED) else None,
                "reason": step.reason.strip() or None,
                "at": now,
                "by": self.subject.by.actor,
            }
        )

    def _found(self, task_id: str, action: Action) -> Row:
        found = self.repository.find(task_id)
        if found is None:
            raise NoSuchTask("没有这项任务")
        require(self.subject, action)
        return found

    def _told(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        steps = self.steps.of([row["task_id"] for row in rows])
        actors = {row["made_by"] for row in rows} | {one["by"] for held in steps.values() for one in held}
        owners = {f"user:{row['owner_id']}" for row in rows if row["owner_id"]}
        names = names_of(self.connection, actors | owners)
        return [task_document(row, steps.get(row["task_id"], []), names, self.on) for row in rows]

    def _note(self, action: Action, candidate_id: str, act: TaskAct | None = None) -> None:
        details = {} if act is None else {"act": act.value}
        by = self.subject.by
        record(
            self.connection, by, action.value, object_kind="candidate", object_id=candidate_id, details=details
        )  # fmt: skip


def _values(step: Step) -> dict[str, Any]:
    if step.act is TaskAct.POSTPONED:
        return {"due_on": step.due_on}
    if step.act is TaskAct.HANDED:
        return {"owner_id": step.owner_id}
    return {"status": _ENDS[step.act].value}


def task_document(row: Row, steps: Sequence[Row], names: Mapping[str, str], on: date) -> dict[str, Any]:
    """Return a task as it travels in JSON, with what was done about it."""
    kind, status = TaskKind(row["kind"]), TaskStatus(row["status"])
    owner = row["owner_id"]
    return {
        "task_id": row["task_id"],
        "candidate_id": row["candidate_id"],
        "kind": kind.value,
        "kind_label": kind.label,
        "plan_id": row["plan_id"],
        "words": row["words"],
        "due_on": row["due_on"].isoformat(),
        "overdue_days": max(0, (on - row["due_on"]).days) if status is TaskStatus.OPEN else 0,
        "owner_id": owner,
        "owner_name": None if owner is None else names.get(f"user:{owner}"),
        "status": status.value,
        "status_label": status.label,
        "made_by": row["made_by"],
        "made_by_name": names.get(row["made_by"]),
        "made_at": row["made_at"].isoformat(),
        "row_version": row["row_version"],
        "steps": [
            {
                "act": one["act"],
                "act_label": TaskAct(one["act"]).label,
                "due_on": None if one["due_on"] is None else one["due_on"].isoformat(),
                "owner_id": one["owner_id"],
                "reason": one["reason"],
                "at": one["at"].isoformat(),
                "by": one["by"],
                "by_name": names.get(one["by"]),
            }
            for one in steps
        ],
    }


def task_lines(found: Sequence[Mapping[str, Any]], *, has_more: bool) -> list[str]:
    """Return tasks in plain Chinese; what they say in words stays on the page of who may read it."""
    lines = [
        f"{one['due_on']} {one['kind_label']} {one['candidate_id']}"
        + (f"（已过 {one['overdue_days']} 天）" if one["overdue_days"] else "")
        + (f" {one['owner_name']}" if one["owner_name"] else "")
        for one in found
    ]
    return [*(lines or ["没有待办任务"]), *(["…后面还有；加 --limit 看更多"] if has_more else [])]
