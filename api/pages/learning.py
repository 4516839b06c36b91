"""Learning as pages: a person's gap with the courses that close it, enrolments to the certificate, the catalogue."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.clock import moment
from api.cursors import PageDep
from api.errors import problem_title
from api.forms import Form, form_sent
from api.idempotency import Answer
from api.pages.casework import made_once, version_of
from api.pages.casework_fields import word_of
from api.pages.fields import fields_of, wrongs
from api.pages.lists import keeper_of, own_address
from api.pages.people import head_of, person_line
from api.pages.render import REQUEST_KEY, page, see_other
from api.problems import StaleVersion
from api.rows import acting, telling_crossed
from api.settings import today
from matching.duties.alerts import DATED
from matching.plans import ENDED, EnrolmentKind, EnrolmentStatus
from matching.regions import region_name
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.caseload.errors import CaseworkRefused
from pipelines.caseload.learning import Completion, Learning
from pipelines.claims.errors import ClaimError
from pipelines.consent.errors import MatchingRefused
from pipelines.course_gaps import course_gaps
from pipelines.plan_schema import ENROLMENTS
from pipelines.publicity_tables import COURSE_REVIEWS
from pipelines.registers.errors import Fault, RowRefused
from pipelines.registers.people import People
from pipelines.registers.rows import Register
from pipelines.registers.runs import handed_out, person_to_match
from pipelines.schema import CANDIDATES
from pipelines.store.publicity import CourseReviewRows

router = APIRouter(include_in_schema=False)
_READ = page_for(Action.READ_SERVICES, Purpose.JOB_MATCHING)
_WRITE = page_for(Action.WRITE_SERVICES, Purpose.JOB_MATCHING)
_CLAIM = page_for(Action.WRITE_BENEFITS, Purpose.BENEFIT_DECISION)
_OF_REVIEW = ("kind", "on", "until", "place", "by", "result")
_COURSES = page_for(Action.READ_COURSES, Purpose.JOB_MATCHING)


def _page(
    request: Request, access: Access, subject: Subject, candidate_id: str, refused: str = "", status: int = 200
) -> Response:
    with acting(access, subject, Action.READ_SERVICES) as connection:
        row = People(connection, subject).one(candidate_id, Action.READ_CANDIDATES).row
        found = Learning(connection, subject, on=today()).of(candidate_id)
    return page(
        request,
        "learning.html",
        status,
        **head_of(row.values),
        enrolments=found,
        gaps=_gaps(request, access, subject, candidate_id),
        ends=[one for one in EnrolmentStatus if one in ENDED],
        dated=[one for one in EnrolmentKind if one in DATED],
        refused=refused,
    )


def _gaps(request: Request, access: Access, subject: Subject, candidate_id: str) -> dict[str, Any] | None:
    """Return what is lacking and the courses, or None where the person does not want to be matched."""
    try:
        with acting(access, subject, Action.READ_SHORTLIST) as connection:
            person = person_to_match(connection, subject, candidate_id)
        document = course_gaps(keeper_of(request).desk(today()), person)
        with acting(access, subject, Action.READ_SHORTLIST) as connection:
            handed_out(connection, subject, person)
    except MatchingRefused:
        return None
    for course in document["courses"]:
        course["region_name"] = None if course["region"] is None else region_name(course["region"])
    return {**document, **_said_once([course["subsidy"] for course in document["courses"]])}


def _said_once(subsidies: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what has to be asked, and the clause, where they are the same for two courses or more: said above them."""
    if len(subsidies) < 2:
        return {"asked_of_all": [], "source_of_all": None}
    asked = [one for one in subsidies[0]["missing"] if all(one in other["missing"] for other in subsidies)]
    source = subsidies[0]["source"]
    return {
        "asked_of_all": asked,
        "source_of_all": source if all(one["source"] == source for one in subsidies) else None,
    }


@router.get("/people/{candidate_id}/learning")
@declare(_READ)
def learning(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Show what a person lacks for the posts near them, the courses that give it, and what they learn and learned."""
    return _page(request, access, subject, candidate_id)


@router.post("/people/{candidate_id}/learning")
@declare(_WRITE)
def enrol(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Enrol a person in a course."""
    course_id = form_sent(request).text("course_id")

    def work(connection: Connection) -> Answer:
        Learning(connection, subject, on=today()).enrol(candidate_id, course_id)
        return Answer(201, None, {}, ("candidate", candidate_id))

    return _done(
        request, access, subject, candidate_id, "enrolled",
        lambda: made_once(request, access, subject, work, Action.WRITE_SERVICES),
    )  # fmt: skip


def _done(
    request: Request, access: Access, subject: Subject, candidate_id: str, said: str, act: Callable[[], Any]
) -> Response:
    """Do something and lead back; of what is refused the page tells."""
    try:
        done = act()
    except RowRefused as error:
        told = "；".join(fault.reason for fault in error.faults)
        return _page(request, access, subject, candidate_id, told, 422)
    except (CaseworkRefused, ClaimError) as error:
        reading = subject.stating(Purpose.JOB_MATCHING)
        return _page(request, access, reading, candidate_id, problem_title(error), 409)
    if done is False:
        return _page(request, access, subject, candidate_id, problem_title(StaleVersion("")), 412)
    return see_other(own_address(candidate_id, "/learning"), said)


@router.post("/people/{candidate_id}/learning/dated")
@declare(_WRITE)
def register_dated(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Write down an examination, continuing education, or a title that was applied for, with its days."""
    form = form_sent(request)
    cells = {name: form.text(name) for name in ("title", "place", "starts_on", "ends_on")}

    def work(connection: Connection) -> Answer:
        kind = EnrolmentKind(word_of("kind", EnrolmentKind, form))
        if kind not in DATED:
            raise RowRefused([Fault("kind", "应为资格考试、继续教育或职称评审")])
        own = {
            **cells, "kind": kind.value, "candidate_id": candidate_id, "status": EnrolmentStatus.ENROLLED.value,
            "enrolment_id": f"e-{form.text(REQUEST_KEY)}",
        }  # fmt: skip
        Register(connection, ENROLMENTS, subject).add(own, Action.WRITE_SERVICES, on=today())
        return Answer(201, None, {}, ("candidate", candidate_id))

    return _done(
        request, access, subject, candidate_id, "dated_kept",
        lambda: made_once(request, access, subject, work, Action.WRITE_SERVICES),
    )  # fmt: skip


@router.post("/people/{candidate_id}/learning/{enrolment_id}/attendance")
@declare(_WRITE)
def attend(
    request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, enrolment_id: str
) -> Response:  # fmt: skip
    """Note at how many sessions the person was so far."""
    form = form_sent(request)

    def act() -> bool:
        with acting(access, subject, Action.WRITE_SERVICES) as connection:
            own = Learning(connection, subject, on=today())
            sessions, attended = form.text("sessions"), form.text("attended")
            return own.attend(enrolment_id, sessions, attended, version_of(form)) is not None

    return _done(request, access, subject, candidate_id, "attended", act)


@router.post("/people/{candidate_id}/learning/{enrolment_id}/completion")
@declare(_WRITE)
def complete(
    request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, enrolment_id: str
) -> Response:
    """End an enrolment; what was learned becomes facts of the person."""
    form = form_sent(request)

    def act() -> bool:
        done = Completion(
            EnrolmentStatus(word_of("status", EnrolmentStatus, form)),
            *(form.text(name) for name in ("attended", "result", "certificate", "certificate_on")),
        )
        with acting(access, subject, Action.WRITE_SERVICES) as connection:
            own = Learning(connection, subject, on=today())
            return own.complete(enrolment_id, done, version_of(form)) is not None

    return _done(request, access, subject, candidate_id, "completed", act)


@router.post("/people/{candidate_id}/learning/{enrolment_id}/facts")
@declare(_WRITE)
def take_over(
    request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, enrolment_id: str
) -> Response:
    """Take skills and certificate of a finished enrolment over into the facts."""

    def act() -> None:
        with acting(access, subject, Action.WRITE_SERVICES) as connection:
            Learning(connection, subject, on=today()).take_over(enrolment_id)

    return _done(request, access, subject, candidate_id, "taken_over", act)


@router.post("/people/{candidate_id}/learning/{enrolment_id}/claim")
@declare(_CLAIM)
def claim(
    request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, enrolment_id: str
) -> Response:  # fmt: skip
    """Propose the training subsidy; another person decides it."""

    def act() -> None:
        with telling_crossed(access, subject), acting(access, subject, Action.WRITE_BENEFITS) as connection:
            Learning(connection, subject, on=today()).claim(enrolment_id, at=moment())

    return _done(request, access, subject, candidate_id, "subsidy_proposed", act)


# ---- the catalogue ----


@router.get("/courses")
@declare(_COURSES)
def catalogue(request: Request, access: AccessDep, subject: SubjectDep, part: PageDep) -> Response:
    """Show the courses and competitions with their places and figures over the visible people."""
    filters: dict[str, Any] = {}
    after = part.after(subject, filters)
    last = None if after is None else str(after[0])
    with acting(access, subject, Action.READ_COURSES) as connection:
        found, has_more = Learning(connection, subject, on=today()).catalogue(after=last, limit=part.limit)
    following = part.next(subject, filters, (found[-1]["course_id"],)) if has_more else None
    return page(
        request, "courses.html", courses=found, following=following, is_first=after is None,
        sees_people=subject.may(Action.READ_SERVICES),
    )  # fmt: skip


@router.get("/courses/{course_id}")
@declare(_READ)
def roster(request: Request, access: AccessDep, subject: SubjectDep, course_id: str) -> Response:
    """Show a course or competition with the visible people in it, their results, and its publication and evaluation."""
    return _roster(request, access, subject, course_id)


def _roster(
    request: Request,
    access: Access,
    subject: Subject,
    course_id: str,
    form: Form | None = None,
    faults: tuple[Fault, ...] = (),
    status: int = 200,
) -> Response:
    with acting(access, subject, Action.READ_SERVICES) as connection:
        course, found = Learning(connection, subject, on=today()).roster(course_id)
        repository = Register(connection, CANDIDATES, subject).repository
        people = repository.find([(one["candidate_id"],) for one in found])
        reviews = CourseReviewRows(connection, subject).of([course_id], today()).get(course_id, [])
    shown = [{**one, "person": person_line(people[one["candidate_id"],])} for one in found]
    return page(
        request,
        "course.html",
        status,
        course=course,
        enrolments=shown,
        reviews=reviews,
        fields=fields_of(COURSE_REVIEWS, _OF_REVIEW, {"on": today()}, form, faults),
        faults=wrongs(COURSE_REVIEWS, faults, _OF_REVIEW),
        may_review=subject.may(Action.WRITE_COURSES),
    )


@router.post("/courses/{course_id}/reviews")
@declare(page_for(Action.WRITE_COURSES, Purpose.JOB_MATCHING))
def review(request: Request, access: AccessDep, subject: SubjectDep, course_id: str) -> Response:
    """Record the publication of a training project, or its evaluation."""
    form = form_sent(request)
    cells = {name: form.text(name) for name in _OF_REVIEW}

    def work(connection: Connection) -> Answer:
        own = {**cells, "course_id": course_id, "review_id": f"r-{form.text(REQUEST_KEY)}"}
        Register(connection, COURSE_REVIEWS, subject).add(own, Action.WRITE_COURSES, on=today())
        return Answer(201, None, {})

    try:
        made_once(request, access, subject, work, Action.WRITE_COURSES)
    except RowRefused as error:
        return _roster(request, access, subject, course_id, form, error.faults, 422)
    return see_other(f"/courses/{quote(course_id, safe='')}", "review_kept")
