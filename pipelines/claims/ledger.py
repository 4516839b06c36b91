"""The ledger of claims: proposed by one person, decided by another, and refused by the database where it would be
the second for the same.

Whether the conditions of a rule are met is answered by `benefits`; here it is only kept who claims what for when.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from matching.rules.benefits import conflicts_of
from matching.rules.rulebook import HOME, ReadRule, Rulebook
from pipelines.access.audit import record, record_each
from pipelines.access.roles import Action, Subject
from pipelines.access.scope import ScopedCandidates
from pipelines.claims.errors import ClaimOverlaps, ClaimRefused, NoSuchClaim
from pipelines.consent.effects import SHANGHAI
from pipelines.notices.tell import of_claim
from pipelines.notices.words import NoticeKind
from pipelines.registers.errors import Fault, NoSuchEmployer, RowRefused
from pipelines.registers.rows import require
from pipelines.store.claims import Claim, ClaimRepository, Overlap
from pipelines.store.rule_books import DecisionRepository
from pipelines.store.selections import SomeEmployers, some

APPROVED, REFUSED, WITHDRAWN = "approved", "refused", "withdrawn"
_BY_SUBJECT: Mapping[str, frozenset[str]] = {
    "person": frozenset({"candidate_id"}),
    "employer": frozenset({"employer_id"}),
    "placement": frozenset({"candidate_id", "employer_id"}),
}
_PERSONS = frozenset({"person", "household"})


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is claimed: a benefit of the rule book, for whom, for which months, for which cost, in which county."""

    rule_id: str
    from_month: int
    to_month: int
    cost_basis: str
    county: str
    candidate_id: str | None = None
    employer_id: str | None = None
    amount: Decimal | None = None


class Ledger:
    """The claims that a subject reaches, at a moment."""

    def __init__(self, connection: Connection, subject: Subject, *, at: datetime) -> None:
        self.connection, self.subject, self.at = connection, subject, at
        self._claims = ClaimRepository(connection, subject)

    # ---- reading ----

    def page(self, *, after: str | None, limit: int, filters: Mapping[str, str | None]) -> tuple[list[Claim], bool]:
        """Return the next visible claims by id, and whether there are more.

        Raises
        ------
        Forbidden
            When the role may not read claims for the stated purpose.
        """
        require(self.subject, Action.READ_BENEFITS)
        found = self._claims.page(after=after, limit=limit + 1, filters=filters)
        self._note_each(Action.READ_BENEFITS, found[:limit])
        return found[:limit], len(found) > limit

    def one(self, claim_id: str) -> Claim:
        """Return a visible claim.

        Raises
        ------
        NoSuchClaim
            When there is none, or none that is visible.
        Forbidden
            When the role may not read claims for the stated purpose.
        """
        claim = self._found(claim_id)
        require(self.subject, Action.READ_BENEFITS)
        self._note(Action.READ_BENEFITS, claim)
        return claim

    def statuses(self, claim_ids: Sequence[str]) -> dict[str, str]:
        """Return the states of some claims by id; those that are not visible are left out. Who is told of is recorded.

        Raises
        ------
        Forbidden
            When the role may not read claims for the stated purpose.
        """
        require(self.subject, Action.READ_BENEFITS)
        found = self._claims.some(claim_ids)
        self._note_each(Action.READ_BENEFITS, found)
        return {one.claim_id: one.status for one in found}

    def _found(self, claim_id: str) -> Claim:
        claim = self._claims.find(claim_id)
        if claim is None:
            raise NoSuchClaim("没有这项申领")
        return claim

    def _note_each(self, action: Action, claims: Sequence[Claim]) -> None:
        """Record a page at once, each of whom it tells."""
        about = dict.fromkeys(_about(claim) for claim in claims)
        for kind in ("candidate", "employer"):
            ids = [object_id for named, object_id in about if named == kind]
            if ids:
                record_each(self.connection, self.subject.by, action.value, object_kind=kind, object_ids=ids)

    def _note(self, action: Action, claim: Claim, **details: str) -> None:
        kind, about = _about(claim)
        record(self.connection, self.subject.by, action.value, object_kind=kind, object_id=about, details=details)

    # ---- proposing ----

    def propose(self, book: Rulebook, proposal: Proposal) -> Claim:
        """Keep a claim that another person will decide; from here on it holds against others.

        Raises
        ------
        NoSuchPerson, NoSuchEmployer
            When it is for somebody who is not there or not visible.
        Forbidden
            When the role may not claim for the stated purpose.
        RowRefused
            When no such benefit can be claimed like this.
        ClaimOverlaps
            When the same, or what excludes it, is claimed for months in common.
        """
        self._accept_visible(proposal)
        require(self.subject, Action.WRITE_BENEFITS)
        read = _accept(book, proposal, self.subject)
        claim = Claim(
            claim_id=str(uuid4()),
            claimant_kind=_claimant(read),
            candidate_id=proposal.candidate_id,
            employer_id=proposal.employer_id,
            rules_version=book.version,
            rule_id=proposal.rule_id,
            from_month=proposal.from_month,
            to_month=proposal.to_month,
            cost_basis=proposal.cost_basis,
            amount=proposal.amount,
            organisation_id=self.subject.organisation_id,
            county=proposal.county,
            status="proposed",
            proposed_by=self.subject.by.actor,
            proposed_at=self.at,
        )
        self._note(Action.WRITE_BENEFITS, claim, status="proposed")
        keep_rules(self.connection, self.subject, book)
        try:
            self._claims.add(claim)
        except Overlap as error:
            raise ClaimOverlaps("同一时期已申领过这项待遇，或与之不能同时享受的待遇", claim) from error
        return claim

    def _accept_visible(self, proposal: Proposal) -> None:
        if proposal.candidate_id is not None:
            ScopedCandidates(self.connection, self.subject).visible(proposal.candidate_id, Action.WRITE_BENEFITS)
        if proposal.employer_id is None:
            return
        known_as = proposal.employer_id.replace("\x00", "\ufffd")
        if SomeEmployers(self.connection, self.subject).of(known_as) is not None:
            return
        # The employer of somebody visible may stand in another county.
        _, placements, __ = some(self.connection, self.subject)
        own = [] if proposal.candidate_id is None else placements.of_candidates([proposal.candidate_id])
        if not any(placement.employer_id == known_as for placement in own):
            raise NoSuchEmployer("没有这个用人单位编号")

    # ---- settling ----

    def decide(self, claim_id: str, *, is_approved: bool, ground: str | None, version: int) -> Claim | None:
        """Approve or refuse a proposal; None where somebody changed it since that version.

        Raises
        ------
        NoSuchClaim
            When there is none, or none that is visible.
        Forbidden
            When the role may not decide for the stated purpose.
        ClaimRefused
            When it was decided already, by its own proposer, by no named person, or refused without a ground.
        """
        claim = self._found(claim_id)
        require(self.subject, Action.DECIDE_BENEFITS)
        if claim.status != "proposed":
            raise ClaimRefused("这项申领已经办结")
        if self.subject.user_id is None:
            raise ClaimRefused("须由具名的工作人员决定")
        if claim.proposed_by == self.subject.by.actor:
            raise ClaimRefused("提出人不能自己决定，须由另一位工作人员决定")
        if not is_approved and not (ground or "").strip():
            raise ClaimRefused("不予批准须写明理由")
        status = APPROVED if is_approved else REFUSED
        values = {"status": status, "decided_by": self.subject.by.actor, "decided_at": self.at, "ground": ground}
        decided = self._settle(claim, Action.DECIDE_BENEFITS, values, version)
        if decided is not None:
            self._tell(NoticeKind.CLAIM_DECIDED, claim, claim.proposed_by, status)
        return decided

    def tell_crossed(self, refused: Claim, book: Rulebook) -> None:
        """Tell who proposed a claim that was refused, and who proposed those that hold against it.

        The transaction of the refused claim left nothing, so that this is one of its own. What holds changes nothing,
        and nobody is told by whom or where the other was made.
        """
        self._note(Action.WRITE_BENEFITS, refused, status="crossed")
        keep_rules(self.connection, self.subject, book)
        for claim_id, proposer in self._claims.crossing(refused):
            self._tell(NoticeKind.CLAIM_CROSSED, replace(refused, claim_id=claim_id), proposer, "other")
        whose = f"{refused.candidate_id or ''}:{refused.employer_id or ''}"
        own = replace(refused, claim_id=f"{refused.rule_id}:{refused.from_month}:{whose}")
        self._tell(NoticeKind.CLAIM_CROSSED, own, self.subject.by.actor, "own")

    def name_others(self, error: ClaimOverlaps, book: Rulebook) -> None:
        """Say in a refusal which claims hold against it, as far as the subject sees them; recorded."""
        ids = [claim_id for claim_id, _ in self._claims.crossing(error.claim)]
        seen = self._claims.some(ids) if self.subject.may(Action.READ_BENEFITS) else []
        self._note_each(Action.READ_BENEFITS, seen)
        error.n_not_shown = len(ids) - len(seen)
        error.others = [
            {
                "claim_id": one.claim_id,
                "rule_id": one.rule_id,
                "title": book.rules[one.rule_id].rule.title if one.rule_id in book.rules else one.rule_id,
                "from_month": _day(one.from_month).isoformat()[:7],
                "to_month": _day(one.to_month).isoformat()[:7],
                "status": one.status,
                "label": "已批准" if one.status == APPROVED else "待决定",
            }
            for one in seen
        ]

    def _tell(self, kind: NoticeKind, claim: Claim, proposer: str, detail: str) -> None:
        of_claim(
            self.connection,
            kind,
            claim.claim_id,
            proposer,
            candidate_id=claim.candidate_id,
            employer_id=claim.employer_id,
            detail=detail,
            at=self.at,
            on=self.at.astimezone(SHANGHAI).date(),
        )

    def withdraw(self, claim_id: str, *, version: int) -> Claim | None:
        """Take a claim back, so that others may be made; None where somebody changed it since that version.

        Raises
        ------
        NoSuchClaim
            When there is none, or none that is visible.
        Forbidden
            When the role may not claim for the stated purpose.
        ClaimRefused
            When it no longer holds.
        """
        claim = self._found(claim_id)
        require(self.subject, Action.WRITE_BENEFITS)
        if claim.status not in ("proposed", APPROVED):
            raise ClaimRefused("这项申领已经不再有效")
        values = {"status": WITHDRAWN, "withdrawn_by": self.subject.by.actor, "withdrawn_at": self.at}
        return self._settle(claim, Action.WRITE_BENEFITS, values, version)

    def _settle(self, claim: Claim, action: Action, values: dict[str, Any], version: int) -> Claim | None:
        if claim.row_version != version:
            return None
        self._note(action, claim, status=str(values["status"]))
        if not self._claims.settle(claim, values):
            return None
        return replace(claim, **values, row_version=version + 1)


def keep_rules(connection: Connection, subject: Subject, book: Rulebook) -> None:
    """Keep a rule book with which of its benefits exclude each other, for the database to refuse by."""
    DecisionRepository(connection).keep_book(book, HOME)
    ids = [rule_id for rule_id, read in book.rules.items() if read.rule.kind == "benefit"]
    once = {rule_id: book.rule(rule_id).rule.claims.once_in_all for rule_id in ids}
    ClaimRepository(connection, subject).keep_rules(book.version, once, conflicts_of(book, ids))


def _about(claim: Claim) -> tuple[str, str | None]:
    """Return whom a claim tells of; what concerns a person is kept under the person, whose own extract shows it."""
    return ("employer", claim.employer_id) if claim.candidate_id is None else ("candidate", claim.candidate_id)


def _claimant(read: ReadRule) -> str:
    rule = read.rule
    is_persons = rule.payee in _PERSONS or (rule.payee == "none" and rule.subject == "person")
    return "candidate" if is_persons else "employer"


def _accept(book: Rulebook, proposal: Proposal, subject: Subject) -> ReadRule:
    """Return the rule of a proposal, or say what is wrong with it."""
    read = book.rules.get(proposal.rule_id)
    if read is None or read.rule.kind != "benefit":
        raise RowRefused([Fault("rule_id", "没有这项待遇")])
    wrong = [*_wrong_months(read, proposal), *_wrong_names(read, proposal)]
    if not (subject.is_local or subject.is_whole_province or proposal.county in subject.codes):
        wrong.append(Fault("county", "不在您的管辖范围"))
    if wrong:
        raise RowRefused(wrong)
    return read


def _wrong_months(read: ReadRule, proposal: Proposal) -> list[Fault]:
    if proposal.from_month >= proposal.to_month:
        return [Fault("to_month", "应晚于起始月份；它是不再申领的第一个月")]
    first, end = _day(proposal.from_month), _day(proposal.to_month)
    touching = [v for v in read.rule.versions if v.valid_from < end and (v.valid_to is None or v.valid_to >= first)]
    return [] if touching else [Fault("from_month", "这项待遇在这一时期没有有效规定")]


def _wrong_names(read: ReadRule, proposal: Proposal) -> list[Fault]:
    needed = _BY_SUBJECT.get(read.rule.subject, frozenset()) | {f"{_claimant(read)}_id"}
    missing = [name for name in ("candidate_id", "employer_id") if name in needed and getattr(proposal, name) is None]
    return [Fault(name, "这项待遇须写明") for name in missing]


def _day(month: int) -> date:
    return date(month // 100, month % 100, 1)
