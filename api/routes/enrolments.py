"""Enrolments: who learns or takes part in what, from the gap to the certificate and the subsidy."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field, StringConstraints
from sqlalchemy import Connection

from api.access import AccessDep, SubjectDep, declare, for_action
from api.bodies import Body, Kept
from api.clock import moment
from api.cursors import PageDep
from api.desk_keeper import DeskKeeper
from api.etags import IfMatchVersion, etag, stale
from api.idempotency import Answer, once
from api.row_models import Enrolment, EnrolmentPage, EnrolmentPatch, NewEnrolment
from api.rows import acting, changed, made_once, note_refused, page_answer, row_answer, telling_crossed
from api.settings import today
from matching.plans import EnrolmentKind, EnrolmentStatus
from pipelines.access.errors import NoSuchPerson
from pipelines.access.roles import Action, Purpose
from pipelines.caseload.learning import Completion, Learning
from pipelines.course_gaps import course_gaps
from pipelines.plan_schema import ENROLMENTS
from pipelines.registers.runs import handed_out, person_to_match

router = APIRouter(tags=["enrolments"])
_READ = for_action(Action.READ_SERVICES, Purpose.JOB_MATCHING)
_WRITE = for_action(Action.WRITE_SERVICES, Purpose.JOB_MATCHING)
_LISTS = for_action(Action.READ_SHORTLIST, Purpose.JOB_MATCHING)
_CLAIM = for_action(Action.WRITE_BENEFITS, Purpose.BENEFIT_DECISION)
_Key = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f]+$")]
_Line = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
_Day = Annotated[str, StringConstraints(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]
_Number = Annotated[int, Field(ge=0, le=10_000)]
_Id = Annotated[str | None, Query(min_length=1, max_length=128)]


class CourseChosen(Body):
    """报名参加课程目录里的一门课程或竞赛。"""

    course_id: _Key


class Attendance(Body):
    """到现在为止应到和实到几次。"""

    sessions: _Number
    attended: _Number


class CompletionSent(Body):
    """怎样结束的；有证书的写明证书和发证日期，完成的写入本人档案。"""

    status: Literal["completed", "left", "absent"] = "completed"
    attended: _Number | None = None
    result: _Line = Field(default="", description="成绩或名次")
    certificate: _Line = ""
    certificate_on: _Day = ""


class LearningItem(Kept):
    """一条学习或参加的记录。"""

    enrolment_id: str
    candidate_id: str
    course_id: str | None
    title: str | None
    place: str | None
    tutor: str | None
    kind: EnrolmentKind
    kind_label: str
    status: EnrolmentStatus | None
    status_label: str | None
    starts_on: str | None
    ends_on: str | None
    sessions: int | None
    attended: int | None
    result: str | None
    certificate: str | None
    certificate_on: str | None
    is_in_facts: bool | None = Field(description="证书是否已在本人档案里；没有证书为 null")
    is_open: bool
    row_version: int


class LearningList(Kept):
    """一个人的学习和参加，新的在前。"""

    items: list[LearningItem]


class SubsidyProposed(Kept):
    """已提出的培训补贴申领，由另一人决定。"""

    claim_id: str
    rule_id: str
    from_month: str
    status: str


class GapSkill(Kept):
    """名单前列岗位要求而本人没有登记的一项技能。"""

    skill: str
    n_posts: int
    first_rank: int


class GapLicence(Kept):
    """法定要求的一项证书和它能多打开的岗位数。"""

    licence: str
    label: str
    opens: int


class GapSubsidy(Kept):
    """取得证书以后的培训补贴。"""

    rule_id: str
    outcome: str
    outcome_label: str
    amount: str | None
    missing: list[dict[str, str]]
    source: dict[str, str] | None


class GapCourse(Kept):
    """能补上差距的一门课程。"""

    course_id: str
    title: str | None
    provider: str | None
    region: str | None
    starts_on: str | None
    ends_on: str | None
    certificate: str | None
    teaches: list[str]
    n_posts: int
    licences: list[str]
    opens: int
    accommodations: list[str]
    to_arrange: list[str]
    subsidy: GapSubsidy


class CourseGaps(Kept):
    """本人离名单上的岗位还差什么，哪门课程能补上。"""

    candidate_id: str
    as_of: str
    n_near: int
    skills: list[GapSkill]
    licences: list[GapLicence]
    courses: list[GapCourse]


@router.get("/enrolments", responses={200: {"model": EnrolmentPage}})
@declare(_READ)
def enrolments(
    access: AccessDep,
    subject: SubjectDep,
    page: PageDep,
    candidate_id: _Id = None,
    course_id: _Id = None,
    kind: EnrolmentKind | None = None,
) -> Response:
    """Return the enrolments of the people whom the subject sees."""
    word = None if kind is None else kind.value
    filters = {"candidate_id": candidate_id, "course_id": course_id, "kind": word}
    return page_answer(access, subject, ENROLMENTS, Action.READ_SERVICES, page, filters)


@router.post("/enrolments", status_code=201, responses={201: {"model": Enrolment}, 200: {"model": Enrolment}})
@declare(_WRITE)
def add_enrolment(request: Request, access: AccessDep, subject: SubjectDep, body: NewEnrolment) -> Response:
    """Add an enrolment; without an id it gets one."""
    return made_once(
        request, access, subject, ENROLMENTS, Action.WRITE_SERVICES, body, made_here="enrolment_id"
    )  # fmt: skip


@router.get("/enrolments/{enrolment_id}", responses={200: {"model": Enrolment}})
@declare(_READ)
def enrolment(access: AccessDep, subject: SubjectDep, enrolment_id: str) -> Response:
    """Return one enrolment, with its version as ETag."""
    return row_answer(access, subject, ENROLMENTS, Action.READ_SERVICES, (enrolment_id,))


@router.patch("/enrolments/{enrolment_id}", responses={200: {"model": Enrolment}})
@declare(_WRITE)
def change_enrolment(
    access: AccessDep, subject: SubjectDep, enrolment_id: str, body: EnrolmentPatch, version: IfMatchVersion
) -> Response:
    """Change named facts (RFC 7396); null says that a fact is unknown again."""
    return changed(access, subject, ENROLMENTS, Action.WRITE_SERVICES, (enrolment_id,), body, version)


# ---- from the gap to the subsidy ----


@router.get("/candidates/{candidate_id}/course-gaps", responses={200: {"model": CourseGaps}})
@declare(_LISTS)
def gaps(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> dict[str, Any]:
    """Return what a person lacks for the posts near them, and the courses, subsidies and posts behind each."""
    keeper: DeskKeeper = request.app.state.keeper
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        person = person_to_match(connection, subject, candidate_id)
    document = course_gaps(keeper.desk(today()), person)  # takes long: not within the transaction
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        handed_out(connection, subject, person)
    return document


@router.get("/candidates/{candidate_id}/enrolments", responses={200: {"model": LearningList}})
@declare(_READ)
def enrolments_of(access: AccessDep, subject: SubjectDep, candidate_id: str) -> dict[str, Any]:
    """Return what a person learns, learned and took part in."""
    with acting(access, subject, Action.READ_SERVICES) as connection:
        return {"items": Learning(connection, subject, on=today()).of(candidate_id)}


@router.post("/candidates/{candidate_id}/enrolments", status_code=201, responses={201: {"model": LearningItem}})
@declare(_WRITE)
def enrol(
    request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, body: CourseChosen
) -> Response:  # fmt: skip
    """Enrol a person in a course or competition of the catalogue, while there are places."""

    def work(connection: Connection) -> Answer:
        document = Learning(connection, subject, on=today()).enrol(candidate_id, body.course_id)
        return Answer(201, document, {"ETag": etag(document["row_version"])}, ("candidate", candidate_id))

    try:
        return once(request, access, subject, work)
    except NoSuchPerson:
        note_refused(access, subject, Action.WRITE_SERVICES)
        raise


@router.put("/enrolments/{enrolment_id}/attendance", responses={200: {"model": LearningItem}})
@declare(_WRITE)
def attend(
    access: AccessDep, subject: SubjectDep, enrolment_id: str, body: Attendance, version: IfMatchVersion
) -> Response:
    """Note at how many sessions the person was so far."""
    with acting(access, subject, Action.WRITE_SERVICES) as connection:
        own = Learning(connection, subject, on=today())
        document = own.attend(enrolment_id, str(body.sessions), str(body.attended), version)
    return _told(document)


@router.put("/enrolments/{enrolment_id}/completion", responses={200: {"model": LearningItem}})
@declare(_WRITE)
def complete(
    access: AccessDep, subject: SubjectDep, enrolment_id: str, body: CompletionSent, version: IfMatchVersion
) -> Response:
    """End an enrolment; skills and certificate become facts of the person, with the provider as source."""
    attended = "" if body.attended is None else str(body.attended)
    done = Completion(
        EnrolmentStatus(body.status), attended, body.result, body.certificate, body.certificate_on
    )  # fmt: skip
    with acting(access, subject, Action.WRITE_SERVICES) as connection:
        document = Learning(connection, subject, on=today()).complete(enrolment_id, done, version)
    return _told(document)


def _told(document: dict[str, Any] | None) -> Response:
    if document is None:
        stale()
    return JSONResponse(document, headers={"ETag": etag(document["row_version"])})


@router.post("/enrolments/{enrolment_id}/facts", status_code=204)
@declare(_WRITE)
def take_over(access: AccessDep, subject: SubjectDep, enrolment_id: str) -> Response:
    """Take skills and certificate of a finished enrolment that a sheet brought over into the person's facts."""
    with acting(access, subject, Action.WRITE_SERVICES) as connection:
        Learning(connection, subject, on=today()).take_over(enrolment_id)
    return Response(status_code=204)


@router.post("/enrolments/{enrolment_id}/claim", status_code=201, responses={201: {"model": SubsidyProposed}})
@declare(_CLAIM)
def claim_subsidy(request: Request, access: AccessDep, subject: SubjectDep, enrolment_id: str) -> Response:
    """Propose the training subsidy of a finished course; claimed already, or crossed, it is refused."""

    def work(connection: Connection) -> Answer:
        claim = Learning(connection, subject, on=today()).claim(enrolment_id, at=moment())
        told = {
            "claim_id": claim.claim_id,
            "rule_id": claim.rule_id,
            "from_month": f"{claim.from_month // 100}-{claim.from_month % 100:02d}",
            "status": claim.status,
        }
        return Answer(201, told, {}, None if claim.candidate_id is None else ("candidate", claim.candidate_id))

    with telling_crossed(access, subject):
        return once(request, access, subject, work)
