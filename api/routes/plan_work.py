"""The plan's work by place (workshops, coaches, massage, offices, bought services), and the assistance of a person."""

from enum import StrEnum
from typing import Any

from fastapi import APIRouter

from api.access import AccessDep, SubjectDep, declare, for_action
from api.bodies import Kept
from api.rows import acting
from api.settings import today
from matching.assistance import AssistanceLevel
from matching.rules.rulebook import rulebook
from pipelines.access.roles import Action, Purpose
from pipelines.caseload.assistance import assistance_document
from pipelines.plan_work import SHEETS, plan_sheet

router = APIRouter(tags=["plans"])
SheetName = StrEnum("SheetName", {name: name for name in SHEETS})  # type: ignore[misc]  # the names are the tables'


class PlanWorkSource(Kept):
    """依据的文件和条款。"""

    document: str
    clause: str


class PlanWorkColumn(Kept):
    """一列。"""

    name: str
    label: str


class PlanWork(Kept):
    """一张表；null 是没有人知道，待核实。"""

    name: str
    title: str
    as_of: str
    source: PlanWorkSource
    columns: list[PlanWorkColumn]
    rows: list[dict[str, str | int | None]]
    notes: list[str]


class LevelCondition(Kept):
    """一个条件和它的结论。"""

    text: str
    outcome: str
    label: str


class LevelLine(Kept):
    """一类援助按规则的结论和理由。"""

    level: AssistanceLevel
    label: str
    outcome: str
    outcome_label: str
    conditions: list[LevelCondition]
    missing: list[dict[str, str]]
    source: PlanWorkSource | None
    status: str | None


class Assistance(Kept):
    """按规则建议的援助类别；由工作人员决定。"""

    candidate_id: str
    as_of: str
    proposed: AssistanceLevel | None
    proposed_label: str | None
    held: AssistanceLevel | None
    advice: str
    levels: list[LevelLine]
    notice: str


@router.get("/plan-work/{name}", responses={200: {"model": PlanWork}})
@declare(for_action(Action.READ_SERVICES, Purpose.JOB_MATCHING))
def plan_work(access: AccessDep, subject: SubjectDep, name: SheetName) -> dict[str, Any]:
    """Return one table of the plan's work; people are counted as far as the subject sees them."""
    with acting(access, subject, Action.READ_SERVICES) as connection:
        return plan_sheet(connection, subject, name.value, today()).as_dict(today())


@router.get("/candidates/{candidate_id}/assistance", responses={200: {"model": Assistance}})
@declare(for_action(Action.READ_CANDIDATES, Purpose.JOB_MATCHING))
def assistance(access: AccessDep, subject: SubjectDep, candidate_id: str) -> dict[str, Any]:
    """Return the assistance that the rules propose for a person, every level with its reasons."""
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        return assistance_document(connection, subject, rulebook(), candidate_id, today())
