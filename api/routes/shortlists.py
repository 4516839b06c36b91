"""Shortlists: stored runs, what one more fact would open for a person, and the people for one vacancy."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from api.access import AccessDep, SubjectDep, declare, for_action
from api.bodies import Kept
from api.cursors import PageDep
from api.desk_keeper import DeskKeeper
from api.rows import acting
from api.settings import today
from pipelines.access.roles import Action, Purpose
from pipelines.recourse import recourse
from pipelines.registers.runs import (
    handed_out,
    lists_of,
    people_for,
    person_to_match,
    stored_list,
    the_vacancy,
    to_match,
)

router = APIRouter(tags=["shortlists"])
_READ = for_action(Action.READ_SHORTLIST, Purpose.JOB_MATCHING)
_Day = Annotated[date | None, Query(description="所问的日期；不写就是今天")]


class Run(Kept):
    """一次保存的推荐名单的抬头。"""

    run_id: str
    candidate_id: str
    as_of: str
    model_version: str
    rules_version: str
    created_at: str


class RunPage(Kept):
    """一页名单抬头，新的在前。"""

    items: list[Run]
    next_cursor: str | None


def _head(run: dict[str, Any]) -> dict[str, Any]:
    return {**run, "as_of": run["as_of"].isoformat(), "created_at": run["created_at"].isoformat()}


@router.get("/shortlists", responses={200: {"model": RunPage}})
@declare(_READ)
def runs(
    access: AccessDep,
    subject: SubjectDep,
    page: PageDep,
    candidate_id: Annotated[str, Query(min_length=1, max_length=128)],
) -> Response:
    """Return the heads of a person's stored lists, the newest first."""
    filters = {"candidate_id": candidate_id}
    after = page.after(subject, filters)
    before: tuple[datetime, str] | None = None if after is None else (after[0], after[1])
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        found = lists_of(connection, subject, candidate_id, before=before, limit=page.limit + 1)
    shown, following = found[: page.limit], None
    if len(found) > page.limit:
        following = page.next(subject, filters, (shown[-1]["created_at"], shown[-1]["run_id"]))
    return JSONResponse({"items": [_head(run) for run in shown], "next_cursor": following})


@router.get("/shortlists/{run_id}")
@declare(_READ)
def run(access: AccessDep, subject: SubjectDep, run_id: str) -> dict[str, Any]:
    """Return a stored list as it was given out; visible exactly when its person is, after a withdrawal for a review."""
    with access.engine.begin() as connection:
        return stored_list(connection, subject, run_id)


@router.get("/candidates/{candidate_id}/unlock")
@declare(_READ)
def unlock(
    request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, as_of: _Day = None
) -> dict[str, Any]:
    """Return which missing fact, course or accommodation would open how many vacancies for a person."""
    keeper: DeskKeeper = request.app.state.keeper
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        person = person_to_match(connection, subject, candidate_id)
    # This takes long: not within the transaction that holds the audit's lock.
    document = keeper.desk(as_of or today()).unlock(person)
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        handed_out(connection, subject, person)
    return document


@router.get("/candidates/{candidate_id}/recourse/{vacancy_id}")
@declare(_READ)
def recourse_to(
    request: Request,
    access: AccessDep,
    subject: SubjectDep,
    candidate_id: str,
    vacancy_id: str,
    k: Annotated[int, Query(ge=1, le=50)] = 10,
    as_of: _Day = None,
) -> dict[str, Any]:
    """Return what that can be changed would bring a vacancy among the first of a person's list."""
    keeper: DeskKeeper = request.app.state.keeper
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        person = person_to_match(connection, subject, candidate_id)
        vacancy = the_vacancy(connection, subject, vacancy_id)
    # This takes long: not within the transaction that holds the audit's lock.
    document = recourse(keeper.desk(as_of or today()), person, vacancy, k=k)
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        handed_out(connection, subject, person)
    return document


@router.get("/vacancies/{vacancy_id}/candidates")
@declare(_READ)
def candidates_for(
    request: Request,
    access: AccessDep,
    subject: SubjectDep,
    vacancy_id: str,
    k: Annotated[int, Query(ge=1, le=100)] = 20,
    as_of: _Day = None,
) -> dict[str, Any]:
    """Return the people for an open vacancy among those whom the subject sees; every count is over them alone."""
    keeper: DeskKeeper = request.app.state.keeper
    with access.engine.begin() as connection:
        vacancy = the_vacancy(connection, subject, vacancy_id)
        visible = to_match(connection, subject)
    document = keeper.desk(as_of or today()).candidates_for(vacancy, k=k, among=visible)
    with access.engine.begin() as connection:
        return people_for(connection, subject, document)
