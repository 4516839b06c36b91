"""Where what a notice tells of is done: the address of the page, the same for page, API and command line."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pipelines.notices.words import NoticeKind

_OF_PERSON: Mapping[NoticeKind, str] = {
    NoticeKind.ANSWERED: "/list",
    NoticeKind.TASK: "/notes",
    NoticeKind.TASK_DUE: "/notes",
    NoticeKind.FOLLOW_UP: "/services",
    NoticeKind.CONTRACT: "/services",
    NoticeKind.REFERRAL: "/list",
    NoticeKind.GRADUATE_FOLLOW: "/plans",
    NoticeKind.ASSISTANCE: "/plans",
    NoticeKind.LEARNING: "/learning",
}
_OF_POST: Mapping[NoticeKind, str] = {NoticeKind.REFERRED: "/candidates"}


def place_of(notice: Mapping[str, Any]) -> str | None:
    """Return the address of the page where it is done, or None where there is none."""
    kind = NoticeKind(notice["kind"])
    if kind in (NoticeKind.HANDED, NoticeKind.PLANNED, NoticeKind.PLAN_HELD):
        return "/caseload"
    if kind is NoticeKind.VERIFIED:
        return "/company"
    if kind is NoticeKind.IMPORT_FAILED:
        return f"/imports/{quote(notice['object_id'], safe='')}"
    if kind in (NoticeKind.CLAIM_DECIDED, NoticeKind.CLAIM_CROSSED):
        return _of_claim(notice)
    if kind is not NoticeKind.ANSWERED and notice["vacancy_id"] is not None:
        return f"/posts/{quote(notice['vacancy_id'], safe='')}{_OF_POST.get(kind, '')}"
    if notice["candidate_id"] is not None:
        return f"/people/{quote(notice['candidate_id'], safe='')}{_OF_PERSON.get(kind, '')}"
    return None


def _of_claim(notice: Mapping[str, Any]) -> str:
    """Return the claim, or of one that was refused for another the claims of the same person or employer."""
    _, colon, employer_id = notice["object_id"].rpartition(":")
    if not colon:  # what was kept has an id; what was refused is told by what it was for, with its employer last
        return f"/claims/{quote(notice['object_id'], safe='')}"
    if notice["candidate_id"] is not None:
        return f"/claims?candidate_id={quote(notice['candidate_id'], safe='')}"
    return f"/claims?employer_id={quote(employer_id, safe='')}"


def with_places(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return notices with where each is done."""
    return [{**one, "page": place_of(one)} for one in found]
