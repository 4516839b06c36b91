"""The register of claims as pages: who claims what for which months, the one claim, deciding it and taking it back.

Who may see and do what is the ledger's own; the page asks it and shows no button that it would refuse.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.clock import moment
from api.cursors import PageDep
from api.errors import problem_title
from api.forms import form_sent
from api.pages import company
from api.pages.casework import version_of
from api.pages.people import person_line
from api.pages.render import page, see_other
from api.pages.words import words
from api.problems import StaleVersion
from api.rows import acting
from matching.regions import region_name
from matching.rules.rulebook import rulebook
from pipelines.access.names import actor_names
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.claims.errors import ClaimRefused
from pipelines.claims.ledger import Ledger
from pipelines.registers.names import employer_names
from pipelines.registers.rows import Register
from pipelines.schema import CANDIDATES
from pipelines.store.claims import Claim

router = APIRouter(prefix="/claims", include_in_schema=False)
_READ = page_for(Action.READ_BENEFITS, Purpose.BENEFIT_DECISION)
_WRITE = page_for(Action.WRITE_BENEFITS, Purpose.BENEFIT_DECISION)
_DECIDE = page_for(Action.DECIDE_BENEFITS, Purpose.BENEFIT_DECISION)
_HERE = "/claims"
_STATES = ("proposed", "approved", "refused", "withdrawn")
_MOST_GROUND = 500


def _ledger(connection: Connection, subject: Subject) -> Ledger:
    return Ledger(connection, subject, at=moment())


@router.get("")
@declare(_READ)
def claims(
    request: Request,
    access: AccessDep,
    subject: SubjectDep,
    part: PageDep,
    status: str = "",
    candidate_id: str = "",
    employer_id: str = "",
) -> Response:
    """Show the claims of a state, of one person or of one employer."""
    filters = {"status": status if status in _STATES else None} | {
        name: value.strip() or None for name, value in (("candidate_id", candidate_id), ("employer_id", employer_id))
    }
    after = part.after(subject, filters)
    last = None if after is None else str(after[0])
    with acting(access, subject, Action.READ_BENEFITS) as connection:
        found, has_more = _ledger(connection, subject).page(after=last, limit=part.limit, filters=filters)
        lines = _lines(connection, subject, found)
    return page(
        request,
        "claims.html",
        items=lines,
        is_company=subject.role in company.ROLES,
        states=_STATES,
        wanted={name: value or "" for name, value in filters.items()},
        following=part.next(subject, filters, (found[-1].claim_id,)) if has_more else None,
        is_first=after is None,
    )


@router.get("/{claim_id}")
@declare(_READ)
def claim(request: Request, access: AccessDep, subject: SubjectDep, claim_id: str) -> Response:
    """Show one claim with what can be done about it."""
    return _one(request, access, subject, claim_id)


def _one(
    request: Request, access: Access, subject: Subject, claim_id: str, *, refused: str = "", status: int = 200
) -> Response:
    with acting(access, subject, Action.READ_BENEFITS) as connection:
        found = _ledger(connection, subject).one(claim_id)
        (line,) = _lines(connection, subject, [found])
    holds, own = found.status in ("proposed", "approved"), subject.by.actor
    of_claims = subject.stating(Purpose.BENEFIT_DECISION)
    return page(
        request,
        "claim.html",
        status,
        one=line,
        version=found.row_version,
        refused=refused,
        may_decide=found.status == "proposed"
        and subject.user_id is not None
        and found.proposed_by != own
        and of_claims.may(Action.DECIDE_BENEFITS),
        is_own=found.status == "proposed" and found.proposed_by == own,
        may_withdraw=holds and of_claims.may(Action.WRITE_BENEFITS),
    )


def _lines(connection: Connection, subject: Subject, found: list[Claim]) -> list[dict[str, Any]]:
    """Return claims as they are shown: the benefit by its title, people masked, months, who and when."""
    people = Register(connection, CANDIDATES, subject).repository.find(
        [(one.candidate_id,) for one in found if one.candidate_id is not None]
    )
    firms = employer_names(connection, subject, [one.employer_id for one in found if one.employer_id is not None])
    actors = actor_names(connection, [a for one in found for a in (one.proposed_by, one.decided_by, one.withdrawn_by)])
    rules = rulebook().rules
    return [
        {
            "claim_id": one.claim_id,
            "title": rules[one.rule_id].rule.title if one.rule_id in rules else one.rule_id,
            "rule_id": one.rule_id,
            "person": person_line(people[one.candidate_id,]) if (one.candidate_id,) in people else None,
            "candidate_id": one.candidate_id,
            "employer_id": one.employer_id,
            "employer": firms.get(one.employer_id or ""),
            "from_month": _month(one.from_month),
            "to_month": _month(one.to_month),
            "cost": words()(f"claim_cost.{one.cost_basis}"),
            "amount": None if one.amount is None else f"{one.amount:,.2f}",
            "county": region_name(one.county),
            "status": one.status,
            "state": words()(f"claim_state.{one.status}"),
            "proposed_by": actors.get(one.proposed_by, one.proposed_by),
            "proposed_at": one.proposed_at.isoformat(),
            "decided_by": None if one.decided_by is None else actors.get(one.decided_by, one.decided_by),
            "decided_at": None if one.decided_at is None else one.decided_at.isoformat(),
            "withdrawn_by": None if one.withdrawn_by is None else actors.get(one.withdrawn_by, one.withdrawn_by),
            "withdrawn_at": None if one.withdrawn_at is None else one.withdrawn_at.isoformat(),
            "ground": one.ground,
        }
        for one in found
    ]


def _month(number: int) -> str:
    return f"{number // 100}-{number % 100:02d}"


@router.post("/{claim_id}/decision")
@declare(_DECIDE)
def decide(request: Request, access: AccessDep, subject: SubjectDep, claim_id: str) -> Response:
    """Approve or refuse a claim that somebody else proposed."""
    form = form_sent(request)
    is_approved, ground = form.text("decision") == "approved", form.text("ground").strip()
    if form.text("decision") not in ("approved", "refused") or len(ground) > _MOST_GROUND:
        return _one(request, access, subject, claim_id, refused=words()("claims.choose"), status=422)

    def act(ledger: Ledger) -> Claim | None:
        return ledger.decide(claim_id, is_approved=is_approved, ground=ground or None, version=version_of(form))

    said = "claim_approved" if is_approved else "claim_refused"
    return _done(request, access, subject, claim_id, (Action.DECIDE_BENEFITS, said), act)


@router.post("/{claim_id}/withdrawal")
@declare(_WRITE)
def withdraw(request: Request, access: AccessDep, subject: SubjectDep, claim_id: str) -> Response:
    """Take a claim back, so that another can be made for its months."""
    form = form_sent(request)

    def act(ledger: Ledger) -> Claim | None:
        return ledger.withdraw(claim_id, version=version_of(form))

    return _done(request, access, subject, claim_id, (Action.WRITE_BENEFITS, "claim_withdrawn"), act)


def _done(
    request: Request,
    access: Access,
    subject: Subject,
    claim_id: str,
    told: tuple[Action, str],
    act: Callable[[Ledger], Claim | None],
) -> Response:
    action, said = told
    try:
        with acting(access, subject, action) as connection:
            done = act(_ledger(connection, subject))
    except ClaimRefused as error:
        return _one(request, access, subject, claim_id, refused=problem_title(error), status=409)
    if done is None:
        return _one(request, access, subject, claim_id, refused=problem_title(StaleVersion("")), status=412)
    return see_other(f"{_HERE}/{quote(claim_id, safe='')}", said)
