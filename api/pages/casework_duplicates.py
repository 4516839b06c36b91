"""Records of the same person as pages: the queue, two side by side with a choice for each fact, what was joined."""

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
from api.pages.casework import made_once
from api.pages.people import person_line
from api.pages.render import page, see_other
from api.pages.shown import shown
from api.pages.words import words
from api.rows import acting
from api.settings import today
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.caseload.duplicates import Duplicates
from pipelines.caseload.errors import CaseworkRefused
from pipelines.caseload.merges import Fact, Merges, Wish
from pipelines.registers.errors import RowRefused
from pipelines.registers.rows import Register
from pipelines.schema import CANDIDATES

router = APIRouter(include_in_schema=False)
_READ = page_for(Action.READ_CANDIDATES, Purpose.JOB_MATCHING)
_MERGE = page_for(Action.MERGE_CANDIDATES, Purpose.JOB_MATCHING)


@router.get("/duplicates")
@declare(_READ)
def duplicates(request: Request, access: AccessDep, subject: SubjectDep, part: PageDep) -> Response:
    """Show pairs that may be one person, with the reasons."""
    filters: dict[str, Any] = {}
    after = part.after(subject, filters)
    key = None if after is None else (int(after[0]), str(after[1]), str(after[2]))
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        found, has_more = Duplicates(connection, subject, now=moment()).page(after=key, limit=part.limit)
        ids = [(one,) for pair in found for one in (pair.first, pair.second)]
        people = Register(connection, CANDIDATES, subject).repository.find(ids)
        merges = Merges(connection, subject, on=today(), now=moment()).latest()
    pairs = [
        {
            "people": [person_line(people[one,]) for one in (pair.first, pair.second)],
            "reasons": [one.label for one in pair.reasons],
        }
        for pair in found
    ]
    following = part.next(subject, filters, found[-1].key) if has_more else None
    return page(
        request, "duplicates.html", pairs=pairs, merges=merges, following=following, is_first=after is None
    )  # fmt: skip


@router.get("/people/{candidate_id}/compared/{other_id}")
@declare(_MERGE)
def compared(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, other_id: str) -> Response:
    """Show two records side by side, the first the one to keep, with the forms to join them or to say they are two."""
    return _compared(request, access, subject, candidate_id, other_id)


def _compared(
    request: Request,
    access: Access,
    subject: Subject,
    kept_id: str,
    merged_id: str,
    *,
    form: Form | None = None,
    refused: str = "",
    status: int = 200,
) -> Response:
    with acting(access, subject, Action.MERGE_CANDIDATES) as connection:
        facts, versions = Merges(connection, subject, on=today(), now=moment()).compare(kept_id, merged_id)
        pair = Duplicates(connection, subject, now=moment()).of(kept_id, merged_id)
        people = Register(connection, CANDIDATES, subject).repository.find([(kept_id,), (merged_id,)])
    return page(
        request,
        "compared.html",
        status,
        kept=person_line(people[kept_id,]),
        merged=person_line(people[merged_id,]),
        versions=versions,
        reasons=[] if pair is None else [one.label for one in pair.reasons],
        facts=[_shown(fact, people, (kept_id, merged_id), form) for fact in facts],
        words="" if form is None else form.text("words"),
        refused=refused,
    )


def _shown(fact: Fact, people: Any, ids: tuple[str, str], form: Form | None) -> dict[str, Any]:
    column = CANDIDATES.column(fact.name)
    sides = []
    for owner in ids:
        value = people[owner,][fact.name]
        is_known = value not in (None, (), {})
        sealed = words()("duplicates.sealed") if is_known else None
        sides.append(sealed if fact.is_sensitive else shown(column, value))
    taken = form is not None and form.text(f"take-{fact.name}") == "merged"
    return {
        "name": fact.name,
        "label": fact.label,
        "sides": sides,
        "sources": [fact.kept_source, fact.merged_source],
        "is_open": fact.is_open,
        "takes_merged": taken or not fact.kept,
    }


@router.post("/people/{candidate_id}/compared/{other_id}")
@declare(_MERGE)
def settle(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, other_id: str) -> Response:
    """Join the two records, or keep that they are of two people."""
    form = form_sent(request)
    is_one = form.text("what") == "merge"

    def work(connection: Connection) -> Answer:
        if is_one:
            take = frozenset(
                column.name for column in CANDIDATES.columns if form.text(f"take-{column.name}") == "merged"
            )
            wish = Wish(
                candidate_id, other_id, _number(form, "kept_version"), _number(form, "merged_version"),
                form.text("words"), take,
            )  # fmt: skip
            Merges(connection, subject, on=today(), now=moment()).merge(wish)
        else:
            Duplicates(connection, subject, now=moment()).are_two((candidate_id, other_id), form.text("words"))
        return Answer(201, None, {}, ("candidate", candidate_id))

    try:
        made_once(request, access, subject, work, Action.MERGE_CANDIDATES)
    except RowRefused as error:
        told = "；".join(fault.reason for fault in error.faults)
        return _compared(request, access, subject, candidate_id, other_id, form=form, refused=told, status=422)
    except CaseworkRefused as error:
        told = problem_title(error)
        return _compared(request, access, subject, candidate_id, other_id, form=form, refused=told, status=409)
    if is_one:
        return see_other(f"/people/{quote(candidate_id, safe='')}", "merged")
    return see_other("/duplicates", "are_two")


def _number(form: Form, name: str) -> int:
    text = form.text(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


@router.get("/merges/{merge_id}")
@declare(_MERGE)
def merge(request: Request, access: AccessDep, subject: SubjectDep, merge_id: str) -> Response:
    """Show what was joined, by whom and why, and what stood in the way."""
    return _merge(request, access, subject, merge_id)


def _merge(
    request: Request, access: Access, subject: Subject, merge_id: str, refused: str = "", status: int = 200
) -> Response:
    with acting(access, subject, Action.MERGE_CANDIDATES) as connection:
        told, aside = Merges(connection, subject, on=today(), now=moment()).one(merge_id)
    return page(request, "merge.html", status, merge=told, aside=aside, refused=refused)


@router.post("/merges/{merge_id}/undoing")
@declare(_MERGE)
def undo(request: Request, access: AccessDep, subject: SubjectDep, merge_id: str) -> Response:
    """Take a merge apart."""
    try:
        with acting(access, subject, Action.MERGE_CANDIDATES) as connection:
            stay = Merges(connection, subject, on=today(), now=moment()).undo(merge_id)
    except CaseworkRefused as error:
        return _merge(request, access, subject, merge_id, problem_title(error), 409)
    return see_other(f"/merges/{quote(merge_id, safe='')}", "unmerged", len(stay))
