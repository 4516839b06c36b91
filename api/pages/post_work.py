"""One post: what it says, what the check found, and what may be done with it by whom."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.errors import problem_title
from api.forms import form_sent
from api.pages.post_steps import STEPS
from api.pages.posts import READ, WRITE, address_of, line_of, work_of
from api.pages.render import ROW_VERSION, page, see_other
from api.pages.shown import shown
from api.pages.words import words
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.schema import VACANCIES
from pipelines.vacancy_workflow.content import OWN_COLUMNS
from pipelines.vacancy_workflow.errors import DraftQuota, OfficeNotNeeded, OwnWork, WorkflowError
from pipelines.vacancy_workflow.repository import CheckRow
from pipelines.vacancy_workflow.service import Published, VacancyWork, Work
from pipelines.vacancy_workflow.states import Act, CloseReason, Live, State, last_day_unconfirmed

router = APIRouter(prefix="/posts/{vacancy_id}", include_in_schema=False)
_APPROVE = page_for(Action.APPROVE_VACANCIES, Purpose.RECRUITMENT)
_APART = frozenset({"demands", "accommodations", "employer_name"})
_NOT_ASKED = frozenset({"longitude", "latitude", "welcomes", "concessions"})
"""Left empty they mean nothing that somebody should be asked for."""
_REFUSALS = (WorkflowError, OwnWork, OfficeNotNeeded, DraftQuota)


@router.get("")
@declare(READ)
def post(request: Request, access: AccessDep, subject: SubjectDep, vacancy_id: str) -> Response:
    """Show a post: for who works on it the newest version with its check, for others what is published."""
    return _page(request, access, subject, vacancy_id)


def _page(
    request: Request, access: Access, subject: Subject, vacancy_id: str, *, refused: str = "", status: int = 200
) -> Response:
    with access.engine.begin() as connection:
        work = work_of(connection, subject)
        seen = work.at_work(vacancy_id)
        is_kept = isinstance(seen, Work) and work.workflows.get(vacancy_id) is not None
        check = work.latest_check(vacancy_id) if is_kept else None
    values = seen.values if isinstance(seen, Published) else seen.content.values
    content = seen.content
    columns = [column for column in OWN_COLUMNS if column.name not in _APART]
    facts = [(column.label, shown(column, values.get(column.name))) for column in columns]
    t = words()
    return page(
        request,
        "post.html",
        status,
        line=line_of(seen),
        facts=[one for one in facts if one[1] is not None],
        unknown=[
            column.label
            for column, (_, value) in zip(columns, facts, strict=True)
            if value is None and column.name not in _NOT_ASKED
        ],
        demands=[(function.label, t(f"demand.l{level}")) for function, level in (values.get("demands") or {}).items()],
        accommodations=[(one.label, state.label) for one, state in (values.get("accommodations") or {}).items()],
        tasks=() if content is None else content.tasks,
        contact=None if content is None else content.accommodation_contact,
        explains={one: t(f"explains.{one}") for task in (content.tasks if content else ()) for one in task.explains},
        work=None if isinstance(seen, Published) else _work(seen, subject),
        check=None if check is None else _check(check),
        steps=STEPS,
        reasons=list(CloseReason),
        may_see_released=subject.may(Action.READ_RELEASED),
        refused=refused,
    )


def _work(seen: Work, subject: Subject) -> dict[str, Any]:
    standing = seen.standing
    acts = {act for act in seen.possible if _is_for(act, subject)}
    is_own = standing.author == subject.by.actor
    asked = standing.confirm_from
    return {
        "version": standing.row_version,
        "acts": {act.value for act in acts},
        "state": standing.state.value,
        "is_own": is_own,
        "waits_for_another": standing.state is State.CHECKED and (is_own or Act.APPROVE not in acts),
        "confirm_from": None if asked is None else asked.isoformat(),
        "paused_after": None if asked is None else last_day_unconfirmed(asked).isoformat(),
        "live": None if seen.live is None else seen.live.value,
        "is_confirming": seen.live in (Live.CONFIRMATION_DUE, Live.PAUSED),
        "is_change_of_published": standing.published_version not in (None, standing.version),
        "published_on": None if standing.published_on is None else standing.published_on.isoformat(),
        "close_reason": None if standing.close_reason is None else standing.close_reason.label,
        "return_note": standing.return_note,
    }


def _is_for(act: Act, subject: Subject) -> bool:
    needs_approver = act in (Act.APPROVE, Act.SEND_BACK)
    return subject.may(Action.APPROVE_VACANCIES if needs_approver else Action.WRITE_VACANCIES)


def _check(check: CheckRow) -> dict[str, Any]:
    order = ["blocking", "question", "advice"]
    return {
        "passed": check.passed,
        "on": check.checked_on.isoformat(),
        "rules": check.rules_version,
        "findings": [
            {**finding, "step": step_of(str(finding["field"]))}
            for finding in sorted(check.findings, key=lambda one: order.index(str(one["weight"])))
        ],
    }


def step_of(field: str) -> str | None:
    """Return the step in which a finding can be mended, or None where it is not the post's."""
    name = field.partition(".")[0]
    if name in ("demands", "tasks"):
        return "demands"
    if name in ("accommodations", "accommodation_contact"):
        return "accommodations"
    return next((step.name for step in STEPS if name in step.columns), None) if name in VACANCIES.by_name else None


# ---- acts ----


def _acted(
    request: Request,
    access: Access,
    subject: Subject,
    vacancy_id: str,
    said: str,
    act: Callable[[VacancyWork, int], Any],
) -> Response:
    """Do an act to the version that was read; what is refused is told on the page of the post."""
    sent = form_sent(request).text(ROW_VERSION)
    version = int(sent) if sent.isascii() and sent.isdigit() else -1
    try:
        with access.engine.begin() as connection:
            done = act(work_of(connection, subject), version)
    except _REFUSALS as error:
        return _page(request, access, subject, vacancy_id, refused=problem_title(error), status=409)
    if isinstance(done, CheckRow) and not done.passed:
        return see_other(address_of(vacancy_id, "#check-head"))
    return see_other(address_of(vacancy_id), said)


@router.post("/check")
@declare(WRITE)
def check(request: Request, access: AccessDep, subject: SubjectDep, vacancy_id: str) -> Response:
    """Check the newest version by the rules of the day; what passes waits for another person."""
    return _acted(request, access, subject, vacancy_id, "post_checked", lambda work, n: work.check(vacancy_id, n)[1])


@router.post("/approve")
@declare(_APPROVE)
def approve(request: Request, access: AccessDep, subject: SubjectDep, vacancy_id: str) -> Response:
    """Approve what somebody else wrote."""
    return _acted(request, access, subject, vacancy_id, "post_approved", lambda work, n: work.approve(vacancy_id, n))


@router.post("/send-back")
@declare(_APPROVE)
def send_back(request: Request, access: AccessDep, subject: SubjectDep, vacancy_id: str) -> Response:
    """Send a post back to its author with what to mend."""
    note = form_sent(request).text("note")[:200]
    if not note:
        refused = words()("post.note_missing")
        return _page(request, access, subject, vacancy_id, refused=refused, status=422)
    return _acted(
        request, access, subject, vacancy_id, "post_sent_back", lambda work, n: work.send_back(vacancy_id, n, note)
    )


@router.post("/publish")
@declare(WRITE)
def publish(request: Request, access: AccessDep, subject: SubjectDep, vacancy_id: str) -> Response:
    """Publish what was approved."""
    return _acted(request, access, subject, vacancy_id, "post_published", lambda work, n: work.publish(vacancy_id, n))


@router.post("/confirm")
@declare(WRITE)
def confirm(request: Request, access: AccessDep, subject: SubjectDep, vacancy_id: str) -> Response:
    """Note that the company still looks for somebody."""
    return _acted(request, access, subject, vacancy_id, "post_confirmed", lambda work, n: work.confirm(vacancy_id, n))


@router.post("/close")
@declare(WRITE)
def close(request: Request, access: AccessDep, subject: SubjectDep, vacancy_id: str) -> Response:
    """Close a post for a reason."""
    sent = form_sent(request).text("reason")
    reason = next((one for one in CloseReason if one.value == sent), None)
    if reason is None:
        return _page(request, access, subject, vacancy_id, refused=words()("post.reason_missing"), status=422)
    return _acted(
        request, access, subject, vacancy_id, "post_closed", lambda work, n: work.close(vacancy_id, n, reason)
    )
