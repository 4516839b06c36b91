"""The audit as pages: for auditors all of their organisation and below, for supervisors who read whom and why.

Whether the chain of rows holds is told with each: of the latest rows at once, of the whole chain beside the requests.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.clock import moment
from api.cursors import PageDep
from api.kept_work import KeptWork
from api.pages.audit_words import act_word, acts, details_in_words, object_word, objects, purpose_word
from api.pages.render import page
from api.pages.tabs import tabs_of
from pipelines.access.names import actor_names
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.registers.rows import Register
from pipelines.registers.trail import ChainState, chain_state, reads_page, trail_page
from pipelines.schema import CANDIDATES, holds_citizen_number

router = APIRouter(include_in_schema=False)
READ_ALL = page_for(Action.READ_AUDIT, Purpose.AUDIT)
READ_READS = page_for(Action.READ_READS, Purpose.SUPERVISION)
_LATEST = 1000
MOMENT_SECONDS = 0.2
_FILTERS = {"/audit": ("actor", "action", "object_kind", "object_id"), "/supervision/reads": ("object_id", "purpose")}


def _asked(request: Request, address: str) -> dict[str, str | None]:
    """Return what a form asks for; whole numbers of certificates do not belong there, and nothing has them as id."""
    found: dict[str, str | None] = {}
    for name in _FILTERS[address]:
        text = request.query_params.get(name, "").strip()[:128]
        found[name] = text if text and not holds_citizen_number(text) else None
    return found


@router.get("/audit")
@declare(READ_ALL)
def audit(request: Request, access: AccessDep, subject: SubjectDep, part: PageDep) -> Response:
    """Show the audit of the own organisation and everything below it, the newest first."""
    filters = _asked(request, "/audit")
    after = part.after(subject, filters)
    with access.engine.begin() as connection:
        before = None if after is None else int(after[0])
        found = trail_page(connection, subject, before=before, limit=part.limit + 1, filters=filters)
        state = chain_state(connection, subject, latest=_LATEST)
        names = actor_names(connection, [row["actor"] for row in found])
    known = {"action": acts(), "object_kind": objects()}
    more = {"names": names, "state": state, "here": "/audit", "tabs": [], "known": known}
    return _page(request, "audit.html", found, part, subject, filters, **more)


@router.get("/supervision/reads")
@declare(READ_READS)
def reads(request: Request, access: AccessDep, subject: SubjectDep, part: PageDep) -> Response:
    """Show who read whom for which purpose in the own organisation and everything below it."""
    here = "/supervision/reads"
    filters = _asked(request, here)
    after = part.after(subject, filters)
    with access.engine.begin() as connection:
        before = None if after is None else int(after[0])
        found = reads_page(connection, subject, before=before, limit=part.limit + 1, filters=filters)
        state = chain_state(connection, subject, latest=_LATEST)
        names = actor_names(connection, [row["actor"] for row in found])
        seen = _in_sight(connection, subject, found)
    more = {"names": names, "state": state, "here": here, "tabs": tabs_of(subject, here)}
    return _page(request, "reads.html", found, part, subject, filters, in_sight=seen, purposes=list(Purpose), **more)


def _in_sight(connection: Connection, subject: Subject, rows: list[dict[str, Any]]) -> set[str]:
    """Return who of the people read is in the subject's sight today; others moved away, or were never."""
    ids = [(row["object_id"],) for row in rows if row["object_id"] is not None]
    return {str(key[0]) for key in Register(connection, CANDIDATES, subject).repository.find(ids)}


def _page(
    request: Request,
    template: str,
    found: list[dict[str, Any]],
    part: Any,
    subject: Subject,
    filters: Mapping[str, str | None],
    **more: Any,
) -> Response:
    rows = found[: part.limit]
    following = part.next(subject, dict(filters), (rows[-1]["sequence"],)) if len(found) > part.limit else None
    return page(
        request,
        template,
        rows=[_told(row) for row in rows],
        filters=filters,
        following=following,
        **more,
    )


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "action_label": act_word(row["action"]),
        "object_label": object_word(row["object_kind"]),
        "why": purpose_word(row["purpose"]),
        "told": details_in_words(row["details"]),
    }


@router.get("/audit/chain")
@declare(READ_ALL)
def chain(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Go through the whole chain, beside the requests, and say whether it holds."""
    return _chain(request, access, subject, "/audit")


@router.get("/supervision/reads/chain")
@declare(READ_READS)
def chain_for_supervisors(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Go through the whole chain, beside the requests, and say whether it holds."""
    return _chain(request, access, subject, "/supervision/reads")


def _chain(request: Request, access: Access, subject: Subject, back: str) -> Response:
    def work() -> tuple[ChainState, str]:
        with access.engine.connect() as connection:
            return chain_state(connection, subject), moment().isoformat()

    kept: KeptWork = request.app.state.kept_reports
    found = kept.get((subject, "chain"), work, wait=MOMENT_SECONDS)
    state, at = (None, "") if found is None else found
    return page(request, "chain.html", state=state, at=at, again=request.url.path, back=back)
