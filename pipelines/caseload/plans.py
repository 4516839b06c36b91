"""Plans made with people (一生一策, 就业援助计划): opened with their usual steps, ended with the placement.

The steps are tasks of `pipelines.caseload.tasks`; opened and ended plans together are the ledger (工作台账). The plan
of a student is a service as well, which the due list and the yearly report count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from matching.assistance import AssistanceLevel
from matching.duties.terms import terms_on
from matching.plans import EnrolmentKind, PlanEnd, PlanKind, plan_source, usual_steps
from matching.regions import region_name
from matching.rules.subjects import employed_on
from matching.vocabulary import ServiceKind
from pipelines.access.audit import record, record_each, wait_for_turn
from pipelines.access.roles import Action, Subject
from pipelines.access.scope import ScopedCandidates
from pipelines.caseload.errors import CaseworkRefused, NoSuchPlan
from pipelines.caseload.notes import wrong_words
from pipelines.caseload.tasks import NewTask, Tasks
from pipelines.caseload.words import TaskKind, TaskStatus
from pipelines.duties.places import area_of
from pipelines.plan_schema import ENROLMENTS
from pipelines.registers.errors import AlreadyRegistered, Fault, RowRefused
from pipelines.registers.people import People
from pipelines.registers.rows import Register, require
from pipelines.schema import PLACEMENTS, SERVICES
from pipelines.store.case_files import CaseFiles
from pipelines.store.in_charge import display_name, names_of
from pipelines.store.of_people import Row
from pipelines.store.plans import Key, LedgerWanted, Moves, PlanRepository, Span, students_without
from pipelines.store.repositories import TableRepository

_MOST = 100


@dataclass(frozen=True, slots=True)
class NewPlan:
    """A plan to be made; without an adviser it is whoever makes it. `level` is that of an assistance plan.

    Without `entered_on` it is entered on the day itself; `entry_words` say why.
    """

    kind: PlanKind
    level: AssistanceLevel | None = None
    adviser_id: str | None = None
    words: str = ""
    with_usual_steps: bool = True
    entered_on: date | None = None
    entry_words: str = ""


@dataclass(frozen=True, slots=True)
class PlanChange:
    """Another adviser, or the end of a plan with its reason and, where it ends in work, the placement.

    Without `left_on` it ends on the day itself; `exit_words` say why.
    """

    adviser_id: str | None = None
    ending: PlanEnd | None = None
    placement_id: str | None = None
    left_on: date | None = None
    exit_words: str = ""


@dataclass(frozen=True, slots=True)
class PlansWanted:
    """Which plans are asked for: open or ended ones, or with a span those that ran in it."""

    kind: PlanKind = PlanKind.GRADUATE
    is_open: bool = True
    level: AssistanceLevel | None = None
    is_mine: bool = False
    region: str | None = None
    span: Span | None = None


def asked_span(day: date | None, since: date | None, until: date | None, on: date) -> Span | None:
    """Return the day or the days that are asked for, to today where no last one is said; None where none are.

    Raises
    ------
    RowRefused
        When both are asked for, no first day is said, or the last comes before it.
    """
    if day is not None:
        if since is not None or until is not None:
            raise RowRefused([Fault("held_on", "要么写一天，要么写一段时间的起止")])
        return Span(day, day, is_day=True)
    if since is None:
        if until is not None:
            raise RowRefused([Fault("since", "写明从哪一天起")])
        return None
    if (until or on) < since:
        raise RowRefused([Fault("until", "止日不能早于起日")])
    return Span(since, until or on)


class Plans:
    """The plans with the people whom a subject sees."""

    def __init__(self, connection: Connection, subject: Subject, *, on: date) -> None:
        self.connection, self.subject, self.on = connection, subject, on
        self.repository, self.tasks = PlanRepository(connection, subject), Tasks(connection, subject, on=on)
        self.people = ScopedCandidates(connection, subject)

    def of(self, candidate_id: str) -> list[dict[str, Any]]:
        """Return the plans with a visible person, open ones first, each with its steps; the read is recorded.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        Forbidden
            When the role may not read tasks for the stated purpose.
        """
        self.people.opened(self.people.visible(candidate_id, Action.READ_TASKS), Action.READ_TASKS)
        return self._told(self.repository.of(candidate_id), self.tasks.told_of(candidate_id))

    def page(self, wanted: PlansWanted, *, after: Key | None, limit: int) -> tuple[list[dict[str, Any]], bool]:
        """Return the ledger: the next visible plans by the day they were opened; who was shown is recorded.

        Raises
        ------
        Forbidden
            When the role may not read tasks for the stated purpose.
        NoSuchRegion
            When the place is none that an office answers for.
        """
        require(self.subject, Action.READ_TASKS)
        found = self.repository.page(
            self.on, self._ledger(wanted), after=after, limit=limit + 1, is_open=wanted.is_open, span=wanted.span
        )
        shown = found[:limit]
        files = self._seen([row["candidate_id"] for row in shown])
        names = names_of(self.connection, _people_of(shown))
        lines = []
        for row in shown:
            file = files[row["candidate_id"]]
            works = employed_on(file.candidate, file.placements, self.on)
            line = {
                "region": file.candidate.region,
                "region_name": None if file.candidate.region is None else region_name(file.candidate.region),
                "graduated_on": _iso(file.candidate.graduated_on),
                "is_employed": works,
                **{name: row[name] for name in ("n_steps", "n_done", "n_overdue")},
                "next_due_on": _iso(row["next_due_on"]),
            }
            lines.append({**_document(row, names), **line})
        return lines, len(found) > limit

    def moves(self, wanted: PlansWanted) -> list[dict[str, Any]]:
        """Return by level how many ran before the span that is wanted, began and ended in it, and run at its end.

        Raises
        ------
        Forbidden
            When the role may not read tasks for the stated purpose.
        NoSuchRegion
            When the place is none that an office answers for.
        """
        require(self.subject, Action.READ_TASKS)
        if wanted.span is None:
            return []
        found = self.repository.moves(wanted.span, self._ledger(wanted))
        lines: list[tuple[str | None, str]] = [(None, wanted.kind.label)]
        if wanted.kind is PlanKind.ASSISTANCE:
            lines = [(one.value, one.label) for one in AssistanceLevel if wanted.level in (None, one)]
        return [{"level": level, "label": label, **found.get(level, Moves())._asdict()} for level, label in lines]

    def without(self, region: str | None, *, after: str | None, limit: int) -> tuple[list[dict[str, Any]], bool]:
        """Return the visible students of the education office's data with whom no plan was made yet; recorded.

        Raises
        ------
        Forbidden
            When the role may not read tasks for the stated purpose.
        NoSuchRegion
            When the place is none that an office answers for.
        """
        require(self.subject, Action.READ_TASKS)
        found = students_without(
            self.connection,
            self.subject,
            self.on,
            years=terms_on(self.on).graduate_years,
            after=after,
            limit=limit + 1,
            codes=self._codes(region),
        )
        shown = found[:limit]
        self._seen([row["candidate_id"] for row in shown])
        lines = [
            {"candidate_id": row["candidate_id"], "school": row["place"], "subject": row["title"],
             "leaves_on": _iso(row["ends_on"])}
            for row in shown
        ]  # fmt: skip
        return lines, len(found) > limit

    def open(self, candidate_id: str, plan: NewPlan, *, now: datetime) -> dict[str, Any]:
        """Make a plan with a visible person, with its usual steps; a student's is recorded as a service as well.

        When the day of leaving school is not among the person's facts and the education office's data have it, it is
        taken from there.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        Forbidden
            When the role may not write tasks for the stated purpose, or a machine asks.
        RowRefused
            When the level is missing or too much, the adviser is no colleague, or the words are none that are kept.
        CaseworkRefused
            When there is an open plan of the kind.
        """
        self.people.visible(candidate_id, Action.WRITE_TASKS)
        self._refuse_machines()
        faults = wrong_words("words", plan.words, may_be_empty=True)
        faults += wrong_words("entry_words", plan.entry_words, may_be_empty=True)
        if (plan.level is not None) != (plan.kind is PlanKind.ASSISTANCE):
            faults.append(Fault("level", "就业援助计划须写明援助类别，一生一策不写"))
        if plan.adviser_id is not None:
            faults += self.tasks.wrong_owner(plan.adviser_id)
        if faults:
            raise RowRefused([Fault(_called(one.column), one.reason) for one in faults])
        wait_for_turn(self.connection)
        before = [row for row in self.repository.of(candidate_id) if row["kind"] == plan.kind.value]
        if any(row["ended_on"] is None for row in before):
            raise CaseworkRefused("已有一份进行中的同类计划")
        entered_on = plan.entered_on or self.on
        self._accept_entry(entered_on, max((row["ended_on"] for row in before), default=None))
        plan_id, adviser = str(uuid4()), plan.adviser_id or self.subject.user_id
        self._note("opened", candidate_id)
        self.repository.add(
            {
                "plan_id": plan_id,
                "candidate_id": candidate_id,
                "kind": plan.kind.value,
                "level": None if plan.level is None else plan.level.value,
                "adviser_id": adviser,
                "words": plan.words.strip() or None,
                "entry_words": plan.entry_words.strip() or None,
                "opened_on": entered_on,
                "opened_at": now,
                "opened_by": self.subject.by.actor,
                "organisation_id": self.subject.organisation_id,
            }
        )
        left_on = self._left_on(candidate_id)
        if plan.with_usual_steps:
            for step in usual_steps(plan.kind, self.on, left_on if plan.kind is PlanKind.GRADUATE else None):
                task = NewTask(TaskKind(step.task), step.words, step.due_on, adviser, plan_id)
                self.tasks.add(candidate_id, task, now=now)
        if plan.kind is PlanKind.GRADUATE:
            self._serve(candidate_id, adviser, entered_on)
        return self._one(plan_id)

    def change(self, plan_id: str, change: PlanChange, *, version: int, now: datetime) -> dict[str, Any] | None:
        """Give an open plan of this version another adviser, or end it; None where somebody changed it since.

        What is open of its steps goes to the new adviser, or is dropped with the plan.

        Raises
        ------
        NoSuchPlan
            When there is none, or none that is visible.
        Forbidden
            When the role may not write tasks for the stated purpose, or a machine asks.
        CaseworkRefused
            When it has ended.
        RowRefused
            When the adviser is no colleague, or the placement is none of this person.
        """
        row = self._found(plan_id, Action.WRITE_TASKS)
        self._refuse_machines()
        if row["row_version"] != version:
            return None
        if row["ended_on"] is not None:
            raise CaseworkRefused("这份计划已经结束")
        self._accept(row, change)
        self._note("ended" if change.ending else "handed", row["candidate_id"])
        values: dict[str, Any] = {"adviser_id": change.adviser_id}
        if change.ending is not None:
            values = {
                "ended_on": change.left_on or self.on,
                "exit_words": change.exit_words.strip() or None,
                "ending": change.ending.value,
                "placement_id": change.placement_id,
                "ended_by": self.subject.by.actor,
            }
        if not self.repository.change(row, values):
            return None
        self.tasks.follow(row["candidate_id"], plan_id, change.adviser_id, _because(change.ending), now=now)
        return self._one(plan_id)

    # ---- parts ----

    def _accept(self, row: Row, change: PlanChange) -> None:
        if (change.ending is None) == (change.adviser_id is None):
            raise RowRefused([Fault("ending", "写明由谁接手，或计划怎样结束，只写一项")])
        faults = [] if change.adviser_id is None else list(self.tasks.wrong_owner(change.adviser_id))
        if change.placement_id is not None:
            placement = self._placements(row["candidate_id"]).get(change.placement_id)
            if change.ending is not PlanEnd.PLACED or placement is None:
                faults.append(Fault("placement_id", "应为这位求职者的就业安置，且以已就业结束"))
        if change.ending is None and (change.left_on or change.exit_words.strip()):
            faults.append(Fault("left_on", "结束计划时才写退出日期和理由"))
        if change.left_on is not None and not row["opened_on"] <= change.left_on <= self.on:
            faults.append(Fault("left_on", f"应在进入日期（{row['opened_on'].isoformat()}）和今天之间"))
        faults += wrong_words("exit_words", change.exit_words, may_be_empty=True)
        if faults:
            raise RowRefused([Fault(_called(one.column), one.reason) for one in faults])

    def _accept_entry(self, entered_on: date, left_before: date | None) -> None:
        """Refuse a day to come, and one on which an earlier plan of the kind still ran."""
        if entered_on > self.on:
            raise RowRefused([Fault("entered_on", "进入日期不能晚于今天")])
        if left_before is not None and entered_on < left_before:
            raise RowRefused([Fault("entered_on", f"同类计划 {left_before.isoformat()} 才结束，不能早于这一天")])

    def _placements(self, candidate_id: str) -> dict[str, Any]:
        repository = TableRepository(self.connection, PLACEMENTS, self.subject)
        found = repository.page(None, _MOST, [repository.table.c.candidate_id == candidate_id])
        return {str(values["placement_id"]): values for values, _ in found}

    def _left_on(self, candidate_id: str) -> date | None:
        """Return the day of leaving school, which becomes a fact of the person where it was none."""
        record_, left = People(self.connection, self.subject).one(candidate_id, Action.READ_CANDIDATES), None
        held: date | None = record_.row.values["graduated_on"]
        if held is not None:
            return held
        repository = TableRepository(self.connection, ENROLMENTS, self.subject)
        c = repository.table.c
        where = [c.candidate_id == candidate_id, c.kind == EnrolmentKind.SCHOOL.value, c.ends_on.is_not(None)]
        ends = [values["ends_on"] for values, _ in repository.page(None, _MOST, where)]
        left = max(ends, default=None)
        if left is not None:
            cells, version = {"graduated_on": left.isoformat()}, record_.row.version
            People(self.connection, self.subject).change(
                candidate_id, cells, version, on=self.on, supplied_by="教育部门在校数据"
            )  # fmt: skip
        return left

    def _serve(self, candidate_id: str, adviser: str | None, on: date) -> None:
        name = None if adviser is None else display_name(self.connection, adviser)
        cells = {
            "candidate_id": candidate_id, "kind": ServiceKind.GRADUATE_PLAN.value, "on": on.isoformat(),
            "by": name or "", "outcome": "建立一生一策计划",
        }  # fmt: skip
        try:
            Register(self.connection, SERVICES, self.subject).add(cells, Action.WRITE_SERVICES, on=self.on)
        except AlreadyRegistered:
            return  # written down by hand on the same day

    def _refuse_machines(self) -> None:
        if self.subject.client_id is not None:
            raise CaseworkRefused("须由工作人员办理，不能由系统或接口办理")

    def _ledger(self, wanted: PlansWanted) -> LedgerWanted:
        level = None if wanted.level is None else wanted.level.value
        adviser = self.subject.user_id if wanted.is_mine else None
        return LedgerWanted(wanted.kind.value, level, adviser, self._codes(wanted.region))

    def _codes(self, region: str | None) -> frozenset[str] | None:
        return None if region is None else area_of(self.connection, region, self.on).codes

    def _seen(self, candidate_ids: Sequence[str]) -> Mapping[str, Any]:
        ids = list(dict.fromkeys(candidate_ids))
        if not ids:
            return {}
        by, action = self.subject.by, Action.READ_TASKS.value
        record_each(self.connection, by, action, object_kind="candidate", object_ids=ids)
        return CaseFiles(self.connection, self.subject).files(ids)

    def _found(self, plan_id: str, action: Action) -> Row:
        found = self.repository.find(plan_id)
        if found is None:
            raise NoSuchPlan("没有这份计划")
        require(self.subject, action)
        return found

    def _one(self, plan_id: str) -> dict[str, Any]:
        row = self._found(plan_id, Action.WRITE_TASKS)
        return self._told([row], self.tasks.told_of(row["candidate_id"]))[0]

    def _told(self, rows: Sequence[Row], tasks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        names = names_of(self.connection, _people_of(rows))
        told = []
        for row in rows:
            steps = [task for task in tasks if task["plan_id"] == row["plan_id"]]
            # What was dropped with its plan counts as a step that was not done.
            has_ended = row["ended_on"] is not None
            counted = [one for one in steps if has_ended or one["status"] != TaskStatus.DROPPED.value]
            undone = [one["due_on"] for one in steps if one["status"] == TaskStatus.OPEN.value]
            counts = {
                "n_steps": len(counted),
                "n_done": sum(one["status"] == TaskStatus.DONE.value for one in counted),
                "n_overdue": sum(day < self.on.isoformat() for day in undone),
                "next_due_on": min(undone, default=None),
            }
            told.append({**_document(row, names), **counts, "steps": steps})
        return told

    def _note(self, act: str, candidate_id: str) -> None:
        details: dict[str, str | int | bool] = {"plan": act}
        record(
            self.connection, self.subject.by, Action.WRITE_TASKS.value,
            object_kind="candidate", object_id=candidate_id, details=details,
        )  # fmt: skip


def _called(column: str) -> str:
    return "adviser_id" if column == "owner_id" else column


def _because(ending: PlanEnd | None) -> str:
    return "" if ending is None else f"计划结束：{ending.label}"


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _people_of(rows: Sequence[Row]) -> set[str]:
    advisers = {f"user:{row['adviser_id']}" for row in rows if row["adviser_id"]}
    return advisers | {row["opened_by"] for row in rows} | {row["ended_by"] for row in rows if row["ended_by"]}


def _document(row: Row, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a plan as it travels in JSON, without its steps."""
    kind, level, ending = PlanKind(row["kind"]), row["level"], row["ending"]
    return {
        "plan_id": row["plan_id"],
        "candidate_id": row["candidate_id"],
        "kind": kind.value,
        "kind_label": kind.label,
        "level": level,
        "level_label": None if level is None else AssistanceLevel(level).label,
        "adviser_id": row["adviser_id"],
        "adviser_name": names.get(f"user:{row['adviser_id']}"),
        "words": row["words"],
        "opened_on": row["opened_on"].isoformat(),
        "entry_words": row["entry_words"],
        "opened_by_name": names.get(row["opened_by"]),
        "ended_on": _iso(row["ended_on"]),
        "ending": ending,
        "ending_label": None if ending is None else PlanEnd(ending).label,
        "exit_words": row["exit_words"],
        "placement_id": row["placement_id"],
        "row_version": row["row_version"],
        "source": plan_source(kind).as_dict(),
    }


def plan_lines(found: Sequence[Mapping[str, Any]], *, has_more: bool) -> list[str]:
    """Return the ledger in plain Chinese; what plans say in words stays on the page of who may read it."""
    lines = [
        f"{one['candidate_id']} {one['level_label'] or one['kind_label']} 自 {one['opened_on']}"
        + (f"，{one['ended_on']} {one['ending_label']}" if one["ended_on"] else "")
        + f"，步骤 {one['n_done']}/{one['n_steps']}"
        + (f"，逾期 {one['n_overdue']} 项" if one["n_overdue"] else "")
        + (f"，下一步 {one['next_due_on']}" if one["next_due_on"] else "")
        + (f"，{one['adviser_name']}" if one["adviser_name"] else "")
        for one in found
    ]
    return [*(lines or ["没有这样的计划"]), *(["…后面还有；加 --limit 看更多"] if has_more else [])]


def move_lines(wanted: PlansWanted, found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the numbers of a day or of some days in plain Chinese; nothing where none were asked for."""
    if wanted.span is None:
        return []
    since, until = wanted.span.since.isoformat(), wanted.span.until.isoformat()
    if wanted.span.is_day:
        return [f"{until} 在册：", *(f"  {one['label']} {one['after']} 份" for one in found)]
    told = "  {label}：期初 {before}，进入 {entered}，退出 {left}，期末 {after}"
    return [f"{since} 至 {until}：", *(told.format(**one) for one in found)]


def student_lines(found: Sequence[Mapping[str, Any]], *, has_more: bool) -> list[str]:
    """Return the students without a plan in plain Chinese."""
    lines = [
        f"{one['candidate_id']} {one['school'] or '学校未登记'} {one['subject'] or ''} "
        + (f"{one['leaves_on']} 毕业" if one["leaves_on"] else "毕业日期未登记")
        for one in found
    ]
    return [*(lines or ["在校数据里的学生都已建立计划"]), *(["…后面还有；加 --limit 看更多"] if has_more else [])]
