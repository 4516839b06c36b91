"""Claims of benefits: proposed by one person, decided by another; the second for the same is refused."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field, StringConstraints
from sqlalchemy import Connection

from api.access import AccessDep, SubjectDep, declare, for_action
from api.bodies import Body, Kept
from api.clock import moment
from api.cursors import PageDep
from api.etags import IfMatchVersion, etag, stale
from api.idempotency import Answer, once
from api.rows import acting, note_refused, telling_crossed
from matching.rules.rulebook import rulebook
from pipelines.access.errors import NoSuchPerson
from pipelines.access.roles import Action, Purpose
from pipelines.claims.ledger import Ledger, Proposal
from pipelines.store.claims import Claim

router = APIRouter(prefix="/benefits/claims", tags=["benefits"])
_READ = for_action(Action.READ_BENEFITS, Purpose.BENEFIT_DECISION)
_WRITE = for_action(Action.WRITE_BENEFITS, Purpose.BENEFIT_DECISION)
_DECIDE = for_action(Action.DECIDE_BENEFITS, Purpose.BENEFIT_DECISION)
Cost = Literal["wage", "social_insurance", "training", "equipment", "facility", "startup", "living", "tax", "other"]
Status = Literal["proposed", "approved", "refused", "withdrawn"]
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f]+$")]
_Month = Annotated[str, StringConstraints(pattern=r"^20\d{2}-(0[1-9]|1[0-2])$")]
_Sum = Annotated[str, StringConstraints(pattern=r"^\d{1,12}(\.\d{1,2})?$")]
_Ground = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x08\x0b-\x1f]+$")]


class NewClaim(Body):
    """提出一项申领；同一时期已申领的、不能同时享受的，不能再提出。"""

    rule_id: _Id = Field(description="待遇的规则编号")
    candidate_id: _Id | None = Field(default=None, description="为谁申领，或因谁申领")
    employer_id: _Id | None = Field(default=None, description="申领的用人单位")
    from_month: _Month = Field(description="起始月份，如 2026-03")
    to_month: _Month = Field(description="不再申领的第一个月")
    cost_basis: Cost = Field(
        description="补的是哪项费用：wage 工资、social_insurance 社会保险费、training 培训、equipment 器具设备、"
        "facility 场地设施、startup 创业、living 生活、tax 税费、other 其他"
    )
    county: Annotated[str, StringConstraints(pattern=r"^\d{6}$")] = Field(description="向哪个县区申领，行政区划代码")
    amount: _Sum | None = Field(default=None, description="金额（元）；没有给出的是未知")


class ClaimDecision(Body):
    """对一项申领的决定；由提出人以外的具名工作人员作出，不予批准须写明理由。"""

    decision: Literal["approved", "refused"]
    ground: _Ground | None = None


class KeptClaim(Kept):
    """一项申领。"""

    claim_id: str
    rule_id: str
    rules_version: str
    claimant_kind: Literal["candidate", "employer"]
    candidate_id: str | None
    employer_id: str | None
    from_month: str
    to_month: str
    cost_basis: Cost
    amount: str | None
    organisation_id: str | None
    county: str
    status: Status
    proposed_by: str
    proposed_at: str
    decided_by: str | None
    decided_at: str | None
    ground: str | None
    withdrawn_by: str | None
    withdrawn_at: str | None


class ClaimPage(Kept):
    """一页申领。"""

    items: list[KeptClaim]
    next_cursor: str | None


def _told(claim: Claim) -> dict[str, Any]:
    told = {name: getattr(claim, name) for name in KeptClaim.model_fields}
    for name in ("from_month", "to_month"):
        told[name] = f"{told[name] // 100}-{told[name] % 100:02d}"
    for name in ("proposed_at", "decided_at", "withdrawn_at"):
        told[name] = told[name] and told[name].isoformat()
    return told | {"amount": None if claim.amount is None else format(claim.amount, "f")}


def _answer(claim: Claim) -> Response:
    return JSONResponse(_told(claim), headers={"ETag": etag(claim.row_version)})


def _month(text: str) -> int:
    return int(text[:4]) * 100 + int(text[5:])


def proposal_of(body: NewClaim) -> Proposal:
    """Return what a sent claim proposes; a form's is the same."""
    given = body.model_dump()
    given |= {name: _month(given[name]) for name in ("from_month", "to_month")}
    given["amount"] = None if body.amount is None else Decimal(body.amount)
    return Proposal(**given)


@router.get("", responses={200: {"model": ClaimPage}})
@declare(_READ)
def claims(
    access: AccessDep,
    subject: SubjectDep,
    page: PageDep,
    candidate_id: Annotated[str | None, Query(min_length=1, max_length=128)] = None,
    employer_id: Annotated[str | None, Query(min_length=1, max_length=128)] = None,
    status: Status | None = None,
) -> Response:
    """Return the claims that the subject sees."""
    filters: dict[str, str | None] = {"candidate_id": candidate_id, "employer_id": employer_id, "status": status}
    after = page.after(subject, filters)
    with acting(access, subject, Action.READ_BENEFITS) as connection:
        ledger = Ledger(connection, subject, at=moment())
        found, has_more = ledger.page(after=None if after is None else after[0], limit=page.limit, filters=filters)
    following = page.next(subject, filters, (found[-1].claim_id,)) if has_more else None
    return JSONResponse({"items": [_told(claim) for claim in found], "next_cursor": following})


@router.post("", status_code=201, responses={201: {"model": KeptClaim}})
@declare(_WRITE)
def propose_claim(request: Request, access: AccessDep, subject: SubjectDep, body: NewClaim) -> Response:
    """Propose a claim; it holds against others at once, and another person decides it."""

    def work(connection: Connection) -> Answer:
        claim = Ledger(connection, subject, at=moment()).propose(rulebook(), proposal_of(body))
        headers = {"ETag": etag(claim.row_version), "Location": f"/api/v1/benefits/claims/{claim.claim_id}"}
        about = ("claim", claim.claim_id) if claim.candidate_id is None else ("candidate", claim.candidate_id)
        return Answer(201, _told(claim), headers, about)

    try:
        with telling_crossed(access, subject):
            return once(request, access, subject, work)
    except NoSuchPerson:
        note_refused(access, subject, Action.WRITE_BENEFITS)
        raise


@router.get("/{claim_id}", responses={200: {"model": KeptClaim}})
@declare(_READ)
def claim(access: AccessDep, subject: SubjectDep, claim_id: str) -> Response:
    """Return one claim with its version."""
    with acting(access, subject, Action.READ_BENEFITS) as connection:
        found = Ledger(connection, subject, at=moment()).one(claim_id)
    return _answer(found)


@router.put("/{claim_id}/decision", responses={200: {"model": KeptClaim}})
@declare(_DECIDE)
def decide_claim(
    access: AccessDep, subject: SubjectDep, claim_id: str, body: ClaimDecision, version: IfMatchVersion
) -> Response:
    """Approve or refuse a claim that somebody else proposed; only a named person can."""
    with acting(access, subject, Action.DECIDE_BENEFITS) as connection:
        ledger = Ledger(connection, subject, at=moment())
        is_approved = body.decision == "approved"
        decided = ledger.decide(claim_id, is_approved=is_approved, ground=body.ground, version=version)
    return stale() if decided is None else _answer(decided)


@router.put("/{claim_id}/withdrawal", responses={200: {"model": KeptClaim}})
@declare(_WRITE)
def withdraw_claim(access: AccessDep, subject: SubjectDep, claim_id: str, version: IfMatchVersion) -> Response:
    """Take a claim back, so that another can be made for its months."""
    with acting(access, subject, Action.WRITE_BENEFITS) as connection:
        withdrawn = Ledger(connection, subject, at=moment()).withdraw(claim_id, version=version)
    return stale() if withdrawn is None else _answer(withdrawn)
