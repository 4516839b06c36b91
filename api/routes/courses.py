"""Courses: what can be learned where; seen by everybody who signs in and has to do with people or posts."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.access import AccessDep, SubjectDep, declare, for_action
from api.cursors import PageDep
from api.etags import IfMatchVersion
from api.row_models import Course, CoursePage, CoursePatch, NewCourse
from api.rows import changed, made_once, page_answer, row_answer
from pipelines.access.roles import Action, Purpose
from pipelines.schema import COURSES

router = APIRouter(prefix="/courses", tags=["courses"])
_READ = for_action(Action.READ_COURSES, Purpose.JOB_MATCHING)
_WRITE = for_action(Action.WRITE_COURSES, Purpose.JOB_MATCHING)


@router.get("", responses={200: {"model": CoursePage}})
@declare(_READ)
def courses(
    access: AccessDep,
    subject: SubjectDep,
    page: PageDep,
    region: Annotated[str | None, Query(pattern=r"^\d{6}$")] = None,
) -> Response:
    """Return the courses by id."""
    return page_answer(access, subject, COURSES, Action.READ_COURSES, page, {"region": region})


@router.post("", status_code=201, responses={201: {"model": Course}, 200: {"model": Course}})
@declare(_WRITE)
def add_course(request: Request, access: AccessDep, subject: SubjectDep, body: NewCourse) -> Response:
    """Add a course; without an id it gets one."""
    return made_once(request, access, subject, COURSES, Action.WRITE_COURSES, body, made_here="course_id")


@router.get("/{course_id}", responses={200: {"model": Course}})
@declare(_READ)
def course(access: AccessDep, subject: SubjectDep, course_id: str) -> Response:
    """Return one course, with its version as ETag."""
    return row_answer(access, subject, COURSES, Action.READ_COURSES, (course_id,))


@router.patch("/{course_id}", responses={200: {"model": Course}})
@declare(_WRITE)
def change_course(
    access: AccessDep, subject: SubjectDep, course_id: str, body: CoursePatch, version: IfMatchVersion
) -> Response:
    """Change named facts (RFC 7396); null says that a fact is unknown again."""
    return changed(access, subject, COURSES, Action.WRITE_COURSES, (course_id,), body, version)
