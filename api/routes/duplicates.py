"""Records of the same person: the queue, two side by side, joined by a named person, and taken apart again."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field, StringConstraints
from sqlalchemy import Connection

from api.access import Access, AccessDep, SubjectDep, declare, for_action
from api.bodies import Body, Kept
from api.clock import moment
from api.cursors import PageDep
from api.idempotency import Answer, once
from api.rows import acting, note_refused
from api.settings import today
from pipelines.access.errors import NoSuchPerson
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.caseload.duplicates import Duplicates, Likeness
from pipelines.caseload.merges import Fact, Merges, Wish
from pipelines.caseload.notes import MOST_WORDS
from pipelines.registers.masks import MASK

router = APIRouter(tags=["duplicates"])
_READ = for_action(Action.READ_CANDIDATES, Purpose.JOB_MATCHING)
_MERGE = for_action(Action.MERGE_CANDIDATES, Purpose.JOB_MATCHING)
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f]+$")]
_Words = Annotated[
    str, StringConstraints(min_length=1, max_length=MOST_WORDS, pattern=r"^[^\x00-\x08\x0B\x0C\x0E-\x1F]*$")
]


class AlikeReason(Kept):
    """两份档案可能是同一个人的一条理由。"""

    kind: Likeness
    label: str


class AlikePair(Kept):
    """可能是同一个人的两份档案，理由最充分的在前；由人核实，系统不自动合并。"""

    candidate_ids: list[str]
    reasons: list[AlikeReason]


class AlikePage(Kept):
    """一页可能重复的档案。"""

    items: list[AlikePair]
    next_cursor: str | None


class SidedFact(Kept):
    """两份档案里不同的一项；身份信息只显示是否登记。"""

    name: str
    label: str
    kept: str | None
    merged: str | None
    kept_source: str | None
    merged_source: str | None
    is_open: bool = Field(description="两份都登记了而且不同，须选一个")


class Compared(Kept):
    """两份档案的不同之处，以及读取时的版本。"""

    kept_id: str
    merged_id: str
    kept_version: int
    merged_version: int
    facts: list[SidedFact]


class TwoPeople(Body):
    """核实为两个人：写明理由，以后不再列出。"""

    candidate_ids: Annotated[list[_Id], Field(min_length=2, max_length=2)]
    words: _Words


class MergeSent(Body):
    """把一份档案并入另一份；由具名的工作人员办理，可撤销。"""

    kept_id: _Id
    merged_id: _Id
    kept_version: int
    merged_version: int
    words: _Words
    take: Annotated[list[_Id], Field(max_length=100)] = Field(
        default=[], description="两份不同的项目中，哪些采用被并入档案的内容"
    )


class KeptMerge(Kept):
    """一次合并。"""

    merge_id: str
    candidate_id: str
    kept_id: str
    merged_id: str
    words: str
    merged_at: str
    merged_by: str
    merged_by_name: str | None
    undone_at: str | None
    undone_by_name: str | None


class MergeList(Kept):
    """最近的合并，新的在前。"""

    items: list[KeptMerge]


class Undone(Kept):
    """一次撤销；合并以后又改过的项目保持现状。"""

    merge_id: str
    stay: list[str]


def told_fact(fact: Fact) -> dict[str, Any]:
    """Return a fact side by side; what identifies somebody is told to be there, and no more."""
    sides = {side: getattr(fact, side) or None for side in ("kept", "merged")}
    if fact.is_sensitive:
        sides = {side: None if value is None else MASK for side, value in sides.items()}
    names = ("name", "label", "kept_source", "merged_source", "is_open")
    return {**sides, **{name: getattr(fact, name) for name in names}}


@router.get("/duplicates", responses={200: {"model": AlikePage}})
@declare(_READ)
def duplicates(access: AccessDep, subject: SubjectDep, page: PageDep) -> Response:
    """Return pairs of visible records that may be of the same person; who was shown is recorded."""
    filters: dict[str, Any] = {}
    after = page.after(subject, filters)
    key = None if after is None else (int(after[0]), str(after[1]), str(after[2]))
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        found, has_more = Duplicates(connection, subject, now=moment()).page(after=key, limit=page.limit)
    following = page.next(subject, filters, found[-1].key) if has_more else None
    return JSONResponse({"items": [pair.as_dict() for pair in found], "next_cursor": following})


@router.post("/duplicates/distinct", status_code=201)
@declare(_MERGE)
def are_two(request: Request, access: AccessDep, subject: SubjectDep, body: TwoPeople) -> Response:
    """Keep that two records are of two people."""

    def work(connection: Connection) -> Answer:
        Duplicates(connection, subject, now=moment()).are_two(body.candidate_ids, body.words)
        return Answer(201, {"candidate_ids": sorted(body.candidate_ids)}, {}, ("candidate", body.candidate_ids[0]))

    return _once(request, access, subject, work)


@router.get("/candidates/{candidate_id}/compared/{other_id}", responses={200: {"model": Compared}})
@declare(_MERGE)
def compared(access: AccessDep, subject: SubjectDep, candidate_id: str, other_id: str) -> dict[str, Any]:
    """Return what differs between a record to keep and another, with who supplied what; both reads are recorded."""
    with acting(access, subject, Action.MERGE_CANDIDATES) as connection:
        facts, versions = Merges(connection, subject, on=today(), now=moment()).compare(candidate_id, other_id)
    return {
        "kept_id": candidate_id,
        "merged_id": other_id,
        "kept_version": versions[0],
        "merged_version": versions[1],
        "facts": [told_fact(fact) for fact in facts],
    }


@router.get("/merges", responses={200: {"model": MergeList}})
@declare(_MERGE)
def merges(access: AccessDep, subject: SubjectDep) -> dict[str, Any]:
    """Return the latest merges of visible people."""
    with acting(access, subject, Action.MERGE_CANDIDATES) as connection:
        return {"items": Merges(connection, subject, on=today(), now=moment()).latest()}


@router.post("/merges", status_code=201, responses={201: {"model": KeptMerge}})
@declare(_MERGE)
def merge(request: Request, access: AccessDep, subject: SubjectDep, body: MergeSent) -> Response:
    """Put one record into another of the same person, as both were read."""

    def work(connection: Connection) -> Answer:
        given = body.model_dump()
        own = Merges(connection, subject, on=today(), now=moment())
        merge_id = own.merge(Wish(**{**given, "take": frozenset(given["take"])}))
        return Answer(201, own.one(merge_id)[0], {}, ("candidate", body.kept_id))

    return _once(request, access, subject, work)


@router.put("/merges/{merge_id}/undoing", responses={200: {"model": Undone}})
@declare(_MERGE)
def undo_merge(access: AccessDep, subject: SubjectDep, merge_id: str) -> dict[str, Any]:
    """Take a merge apart; what was added since stays with the record that was kept."""
    with acting(access, subject, Action.MERGE_CANDIDATES) as connection:
        stay = Merges(connection, subject, on=today(), now=moment()).undo(merge_id)
    return {"merge_id": merge_id, "stay": stay}


def _once(request: Request, access: Access, subject: Subject, work: Any) -> Response:
    try:
        return once(request, access, subject, work)
    except NoSuchPerson:
        note_refused(access, subject, Action.MERGE_CANDIDATES)
        raise
