"""Publicity of employment policy, and the publication and evaluation of training projects."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.access import AccessDep, SubjectDep, declare, for_action
from api.bodies import Kept
from api.cursors import PageDep
from api.etags import IfMatchVersion
from api.row_models import (
    CourseReview,
    CourseReviewPage,
    CourseReviewPatch,
    NewCourseReview,
    NewPublicity,
    Publicity,
    PublicityPage,
    PublicityPatch,
)
from api.rows import changed, made_once, page_answer, row_answer
from api.settings import today
from matching.publicity import Medium, ReviewKind
from pipelines.access.roles import Action, Purpose
from pipelines.duties.places import area_of
from pipelines.publicity import publicity_document
from pipelines.publicity_tables import COURSE_REVIEWS, PUBLICITY

router = APIRouter(tags=["publicity"])
_READ = for_action(Action.READ_INITIATIVES, Purpose.JOB_MATCHING)
_WRITE = for_action(Action.WRITE_INITIATIVES, Purpose.JOB_MATCHING)
_READ_COURSES = for_action(Action.READ_COURSES, Purpose.JOB_MATCHING)
_WRITE_COURSES = for_action(Action.WRITE_COURSES, Purpose.JOB_MATCHING)
_Id = Annotated[str | None, Query(min_length=1, max_length=128)]
Year = Annotated[int | None, Query(ge=2000, le=2100, description="年度，默认今年")]


class MediumCount(Kept):
    """一种宣传方式的次数。"""

    medium: Medium
    label: str
    count: int


class PublicityItem(Kept):
    """一次宣传；null 是没有登记。"""

    publicity_id: str
    region: str
    region_name: str
    on: str
    medium: Medium
    medium_label: str
    topic_label: str | None
    title: str | None
    place: str | None
    by: str | None
    reached: int | None


class PublicityYear(Kept):
    """一年的宣传；受众人数 null 是需人工核实。"""

    year: int
    as_of: str
    region: str
    region_name: str
    source: dict[str, str]
    count: int
    reached: int | None
    reach_unknown: int
    media: list[MediumCount]
    items: list[PublicityItem]


@router.get("/publicity", responses={200: {"model": PublicityPage}})
@declare(_READ)
def publicity(
    access: AccessDep, subject: SubjectDep, page: PageDep, region: _Id = None, medium: Medium | None = None
) -> Response:
    """Return the records of publicity by id."""
    filters = {"region": region, "medium": None if medium is None else medium.value}
    return page_answer(access, subject, PUBLICITY, Action.READ_INITIATIVES, page, filters)


@router.post("/publicity", status_code=201, responses={201: {"model": Publicity}, 200: {"model": Publicity}})
@declare(_WRITE)
def add_publicity(request: Request, access: AccessDep, subject: SubjectDep, body: NewPublicity) -> Response:
    """Record something told to the public; without an id it gets one."""
    return made_once(request, access, subject, PUBLICITY, Action.WRITE_INITIATIVES, body, made_here="publicity_id")


@router.get("/publicity/of-year", responses={200: {"model": PublicityYear}})
@declare(_READ)
def publicity_of_year(
    access: AccessDep,
    subject: SubjectDep,
    year: Year = None,
    region: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
) -> dict[str, Any]:
    """Return the publicity of a year in a place, with counts by medium."""
    on = today()
    with access.engine.begin() as connection:
        return publicity_document(connection, subject, year or on.year, on, area_of(connection, region, on))


@router.get("/publicity/{publicity_id}", responses={200: {"model": Publicity}})
@declare(_READ)
def one_publicity(access: AccessDep, subject: SubjectDep, publicity_id: str) -> Response:
    """Return one record, with its version as ETag."""
    return row_answer(access, subject, PUBLICITY, Action.READ_INITIATIVES, (publicity_id,))


@router.patch("/publicity/{publicity_id}", responses={200: {"model": Publicity}})
@declare(_WRITE)
def change_publicity(
    access: AccessDep, subject: SubjectDep, publicity_id: str, body: PublicityPatch, version: IfMatchVersion
) -> Response:
    """Change named facts (RFC 7396); null says that a fact is unknown again."""
    return changed(access, subject, PUBLICITY, Action.WRITE_INITIATIVES, (publicity_id,), body, version)


@router.get("/course-reviews", responses={200: {"model": CourseReviewPage}})
@declare(_READ_COURSES)
def course_reviews(
    access: AccessDep, subject: SubjectDep, page: PageDep, course_id: _Id = None, kind: ReviewKind | None = None
) -> Response:
    """Return the publications and evaluations of training projects by id."""
    filters = {"course_id": course_id, "kind": None if kind is None else kind.value}
    return page_answer(access, subject, COURSE_REVIEWS, Action.READ_COURSES, page, filters)


@router.post("/course-reviews", status_code=201, responses={201: {"model": CourseReview}, 200: {"model": CourseReview}})
@declare(_WRITE_COURSES)
def add_course_review(request: Request, access: AccessDep, subject: SubjectDep, body: NewCourseReview) -> Response:
    """Record a publication or an evaluation; without an id it gets one."""
    return made_once(request, access, subject, COURSE_REVIEWS, Action.WRITE_COURSES, body, made_here="review_id")


@router.get("/course-reviews/{review_id}", responses={200: {"model": CourseReview}})
@declare(_READ_COURSES)
def course_review(access: AccessDep, subject: SubjectDep, review_id: str) -> Response:
    """Return one, with its version as ETag."""
    return row_answer(access, subject, COURSE_REVIEWS, Action.READ_COURSES, (review_id,))


@router.patch("/course-reviews/{review_id}", responses={200: {"model": CourseReview}})
@declare(_WRITE_COURSES)
def change_course_review(
    access: AccessDep, subject: SubjectDep, review_id: str, body: CourseReviewPatch, version: IfMatchVersion
) -> Response:
    """Change named facts (RFC 7396); null says that a fact is unknown again."""
    return changed(access, subject, COURSE_REVIEWS, Action.WRITE_COURSES, (review_id,), body, version)
