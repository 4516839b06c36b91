"""The bodies and answers of vacancies and employers, and the documents that fill them.

Money, hours and years are decimal texts ("3000.50"), days are texts, a list is an array, levels are an object.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints, create_model

from api.bodies import Body, Kept, kept_row, new_row, page_of, patch
from api.documents import row_document
from api.etags import etag
from matching.vocabulary import Function, Term
from pipelines.consent.released import ANSWERS
from pipelines.consent.words import Refusal
from pipelines.schema import EMPLOYERS, VACANCIES
from pipelines.vacancy_workflow.check import EXPLAINABLE, Weight
from pipelines.vacancy_workflow.content import Content, Task
from pipelines.vacancy_workflow.employers import KnownEmployer, Method
from pipelines.vacancy_workflow.repository import CheckRow
from pipelines.vacancy_workflow.service import Published, Work
from pipelines.vacancy_workflow.states import (
    Act,
    CloseReason,
    Live,
    State,
    last_day_unconfirmed,
)

_literal: Any = Literal
_STORABLE = r"^[^\x00-\x08\x0B\x0C\x0E-\x1F]*[^\s\x00-\x1F][^\x00-\x08\x0B\x0C\x0E-\x1F]*$"
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_STORABLE)]


def _words(terms: type[Term]) -> Any:
    return _literal[tuple(term.value for term in terms)]


if TYPE_CHECKING:
    # What is made while the program runs is no type to a checker.
    FunctionWord = str
    ExplainedWord = str
    ReasonWord = str
    MethodWord = str
    AnswerWord = str
    RefusalWord = str
else:
    FunctionWord, ReasonWord, MethodWord = _words(Function), _words(CloseReason), _words(Method)
    ExplainedWord, RefusalWord = _literal[tuple(sorted(EXPLAINABLE))], _words(Refusal)
    AnswerWord = _literal[tuple(one.value for one in ANSWERS)]


class TaskBody(Body):
    """一项基本工作任务：文字、需要的功能、由它解释的身体条件类别。"""

    text: ShortText
    functions: Annotated[list[FunctionWord], Field(max_length=len(Function), default_factory=list)]
    explains: Annotated[list[ExplainedWord], Field(max_length=len(EXPLAINABLE), default_factory=list)]


class SendBack(Body):
    """退回时写明要更正什么。"""

    note: ShortText


class Closing(Body):
    """为什么关闭。"""

    reason: ReasonWord = Field(description="、".join(f"{one.value} {one.label}" for one in CloseReason))


class Verifying(Body):
    """怎样核验的。"""

    method: MethodWord = Field(description="、".join(f"{one.value} {one.label}" for one in Method))


_tasks: Any = (
    Annotated[list[TaskBody], Field(max_length=50)] | None,
    Field(default=None, description="基本工作任务；三级以上的功能要求须有任务说明"),
)
_contact: Any = (ShortText | None, Field(default=None, description="申请合理便利时找谁、怎样联系"))
if TYPE_CHECKING:
    NewVacancy = Body
    VacancyPatch = Body
    NewEmployer = Body
    EmployerPatch = Body
else:
    _fields = patch(VACANCIES, "VacancyFields")
    _title = new_row(VACANCIES, "WholeVacancy").model_fields["title"]
    NewVacancy = create_model(
        "NewVacancy",
        __base__=_fields,
        __doc__="新建岗位草稿；没有给出的列是未知。用人单位只能为本单位新建，工作人员须写明 employer_id。",
        title=(Annotated[str, *_title.metadata], Field(title=_title.title, description=_title.description)),
        tasks=_tasks,
        accommodation_contact=_contact,
    )
    VacancyPatch = create_model(
        "VacancyPatch",
        __base__=_fields,
        __doc__="更改岗位（合并修补）：没有给出的列不变，null 表示重新成为未知。任何更改都要重新检查和复核。",
        tasks=_tasks,
        accommodation_contact=_contact,
    )
    NewEmployer = new_row(EMPLOYERS, "NewEmployer")
    EmployerPatch = patch(EMPLOYERS, "EmployerPatch")


class KeptTask(Kept):
    """一项基本工作任务。"""

    text: str
    functions: list[str]
    explains: list[str]


class WorkState(Kept):
    """岗位办理到哪一步；version 为 null 的是工作人员导入的岗位，或由其他机构办理。"""

    state: str = Field(description="最新版本的状态：" + "、".join(f"{s.value} {s.label}" for s in State))
    state_label: str
    version: int | None = Field(description="最新版本")
    published_version: int | None = Field(description="求职者看到的、用于匹配的版本")
    live: str | None = Field(description="已发布版本今天的状态：" + "、".join(f"{s.value} {s.label}" for s in Live))
    live_label: str | None
    published_on: str | None
    confirm_from: str | None = Field(description="从这一天起须确认仍在招聘")
    paused_after: str | None = Field(description="到这一天仍未确认即暂停展示")
    close_reason: str | None
    return_note: str | None
    author: str | None
    approved_by: str | None
    possible: list[str] = Field(description="目前可以做的：" + "、".join(f"{a.value} {a.label}" for a in Act))


class KeptSource(Kept):
    """依据。"""

    document: str
    clause: str


class KeptFinding(Kept):
    """检查发现的一项。"""

    code: str
    weight: str = Field(description="、".join(f"{w.value} {w.label}" for w in Weight))
    field: str
    text: str
    quote: str | None
    source: KeptSource | None


class VacancyCheck(Kept):
    """一次检查的结果。"""

    vacancy_id: str
    version: int
    checked_on: str
    rules_version: str
    passed: bool
    findings: list[KeptFinding]


class KeptVerification(Kept):
    """单位的核验：由谁、何时、怎样核验。"""

    method: str
    method_label: str
    verified_by: str
    organisation_id: str | None
    verified_at: str


class ReviewItem(Kept):
    """一条核查提示。"""

    rule_id: str
    title: str
    placement_id: str | None
    candidate_id: str | None
    evidence: list[str]
    look_at: str
    source: KeptSource | None


class ReviewAsk(Kept):
    """一项没有人填过的事实：不知道就不提示，可问谁。"""

    fact: str
    label: str
    who_can_supply: str
    rule_ids: list[str]
    placements: int = Field(description="几条就业记录没有填")
    placement_ids: list[str]
    placements_not_shown: int = Field(default=0, description="您看不到的人的就业记录另有几条没有填")


class ReviewItems(Kept):
    """一个单位一年的核查提示。"""

    employer_id: str
    year: int
    notice: str
    items: list[ReviewItem]
    items_not_shown: int = Field(description="涉及您看不到的人的提示条数")
    asks: list[ReviewAsk]


_kept_tasks: Any = (list[KeptTask] | None, Field(description="基本工作任务"))
_kept_contact: Any = (str | None, Field(description="申请合理便利时找谁"))
_work: Any = (WorkState, Field(description="办理情况"))
Vacancy = kept_row(VACANCIES, "Vacancy", tasks=_kept_tasks, accommodation_contact=_kept_contact, work=_work)
VacancyPage = page_of(Vacancy, "VacancyPage")
_verification: Any = (KeptVerification | None, Field(description="有效的核验；没有核验、或单位改名后为 null"))
Employer = kept_row(EMPLOYERS, "Employer", verification=_verification)
EmployerPage = page_of(kept_row(EMPLOYERS, "EmployerRow"), "EmployerPage")
CheckAnswer = create_model("CheckAnswer", __base__=Kept, check=(VacancyCheck, ...), vacancy=(Vacancy, ...))
_left: Any = (list[str], Field(description="认得而没有采用的属性"))
_unknown: Any = (int, Field(description="不认得的属性个数"))
PostingAnswer = create_model("PostingAnswer", __base__=Kept, vacancy=(Vacancy, ...), left_out=_left, n_unknown=_unknown)


def tasks_of(given: list[TaskBody] | None) -> tuple[Task, ...]:
    """Return the tasks of a body."""
    return tuple(Task.of(task.model_dump()) for task in given or [])


def vacancy_document(seen: Work | Published) -> dict[str, Any]:
    """Return a vacancy as it travels: for who works on it the newest version, for others the published row."""
    if isinstance(seen, Published):
        return _document(seen.values, seen.content, _published_state())
    standing = seen.standing
    return _document(seen.content.row(standing.vacancy_id, standing.employer_id), seen.content, _state(seen))


def _document(values: Mapping[str, Any], content: Content | None, work: dict[str, Any]) -> dict[str, Any]:
    return {
        **row_document(VACANCIES, values),
        "tasks": [task.as_dict() for task in content.tasks] if content is not None and content.tasks else None,
        "accommodation_contact": None if content is None else content.accommodation_contact,
        "work": work,
    }


def _state(seen: Work) -> dict[str, Any]:
    standing = seen.standing
    asked = standing.confirm_from
    return {
        "state": standing.state.value,
        "state_label": standing.state.label,
        "version": standing.version,
        "published_version": standing.published_version,
        "live": None if seen.live is None else seen.live.value,
        "live_label": None if seen.live is None else seen.live.label,
        "published_on": None if standing.published_on is None else standing.published_on.isoformat(),
        "confirm_from": None if asked is None else asked.isoformat(),
        "paused_after": None if asked is None else last_day_unconfirmed(asked).isoformat(),
        "close_reason": None if standing.close_reason is None else standing.close_reason.value,
        "return_note": standing.return_note,
        "author": standing.author,
        "approved_by": standing.approved_by,
        "possible": [act.value for act in seen.possible],
    }


_NOT_TOLD = [name for name in WorkState.model_fields if name not in ("state", "state_label", "possible")]


def _published_state() -> dict[str, Any]:
    known = {"state": State.PUBLISHED.value, "state_label": State.PUBLISHED.label, "possible": []}
    return {**dict.fromkeys(_NOT_TOLD), **known}


def version_of(seen: Work | Published) -> dict[str, str]:
    """Return the header with the version of what was seen."""
    return {"ETag": etag(seen.row_version if isinstance(seen, Published) else seen.standing.row_version)}


def id_of(seen: Work | Published) -> str:
    """Return the id of what was seen."""
    return str(seen.values["vacancy_id"] if isinstance(seen, Published) else seen.standing.vacancy_id)


def check_document(check: CheckRow) -> dict[str, Any]:
    """Return a check as it travels."""
    return {
        "vacancy_id": check.vacancy_id,
        "version": check.version,
        "checked_on": check.checked_on.isoformat(),
        "rules_version": check.rules_version,
        "passed": check.passed,
        "findings": check.findings,
    }


def employer_document(known: KnownEmployer) -> dict[str, Any]:
    """Return an employer as it travels, with the verification that holds under its name."""
    holding = known.verification if known.is_verified else None
    told = None
    if holding is not None:
        told = {
            "method": holding.method,
            "method_label": Method(holding.method).label,
            "verified_by": holding.verified_by,
            "organisation_id": holding.organisation_id,
            "verified_at": holding.verified_at.isoformat(),
        }
    return {**row_document(EMPLOYERS, known.row.values), "verification": told}
