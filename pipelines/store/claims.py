"""Claims as a subject reaches them; the database itself refuses those that overlap (migration 0008)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, false, insert, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from pipelines.access.roles import Subject
from pipelines.store import claim_tables, tables
from pipelines.store.errors import StoreError
from pipelines.store.reach import reach

_MANY = 400
_OVERLAP = "claims overlap"  # what the triggers of migration 0008 say


class Overlap(StoreError):
    """A claim that overlaps one that holds."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim; months as 202603, the last one the first that is no longer claimed for."""

    claim_id: str
    claimant_kind: str
    candidate_id: str | None
    employer_id: str | None
    rules_version: str
    rule_id: str
    from_month: int
    to_month: int
    cost_basis: str
    amount: Decimal | None
    organisation_id: str | None
    county: str
    status: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    ground: str | None = None
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None
    row_version: int = 1


class ClaimRepository:
    """The claims of the people and employers whom a subject sees.

    A company sees its own, save those on account of a person: from the rule a person's grade could be read.
    """

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject = connection, subject

    def _readable(self) -> Select[Any]:
        columns = claim_tables.claims.c
        statement = select(*(columns[name] for name in Claim.__dataclass_fields__))
        condition = self._reach()
        return statement if condition is None else statement.where(condition)

    def _reach(self) -> ColumnElement[bool] | None:
        c, subject = claim_tables.claims.c, self.subject
        if subject.employer_id is not None:
            return and_(c.claimant_kind == "employer", c.employer_id == subject.employer_id, c.candidate_id.is_(None))
        people, employers = reach("candidates", subject), reach("employers", subject)
        if people is None or employers is None:
            return None
        if not subject.sees_people:
            return false()
        p, e = tables.CASE_TABLES["candidates"].c, tables.CASE_TABLES["employers"].c
        return or_(
            exists().where(p.candidate_id == c.candidate_id, people),
            and_(c.candidate_id.is_(None), exists().where(e.employer_id == c.employer_id, employers)),
        )

    def find(self, claim_id: str) -> Claim | None:
        """Return a visible claim, or None."""
        own = claim_tables.claims.c.claim_id == claim_id.replace("\x00", "\ufffd")
        row = self.connection.execute(self._readable().where(own)).first()
        return None if row is None else Claim(*row)

    def some(self, claim_ids: Sequence[str]) -> list[Claim]:
        """Return the visible ones of some claims."""
        c, found = claim_tables.claims.c, list[Claim]()
        wanted = list(dict.fromkeys(claim_ids))
        for start in range(0, len(wanted), _MANY):
            part = self._readable().where(c.claim_id.in_(wanted[start : start + _MANY]))
            found += [Claim(*row) for row in self.connection.execute(part)]
        return found

    def page(self, *, after: str | None, limit: int, filters: Mapping[str, str | None]) -> list[Claim]:
        """Return the next visible claims by id; a filter that is None is none."""
        c = claim_tables.claims.c
        wanted = self._readable().where(
            *(c[name] == value.replace("\x00", "\ufffd") for name, value in filters.items() if value is not None)
        )
        if after is not None:
            wanted = wanted.where(c.claim_id > after)
        return [Claim(*row) for row in self.connection.execute(wanted.order_by(c.claim_id).limit(limit))]

    def keep_rules(self, version: str, once: Mapping[str, bool], exclusions: Iterable[tuple[str, str]]) -> None:
        """Keep the rules of a kept rule book and which of them exclude each other; nothing happens where it is done."""
        c = claim_tables.claim_rules.c
        if self.connection.execute(select(c.rule_id).where(c.rules_version == version).limit(1)).first() is not None:
            return
        rules = [{"rules_version": version, "rule_id": i, "once_in_all": is_once} for i, is_once in once.items()]
        pairs = [{"rules_version": version, "rule_id": a, "other_id": b} for a, b in exclusions]
        self.connection.execute(insert(claim_tables.claim_rules), rules)
        if pairs:
            self.connection.execute(insert(claim_tables.claim_exclusions), pairs)

    def add(self, claim: Claim) -> None:
        """Keep a new claim.

        Raises
        ------
        Overlap
            When the database refuses it for another one.
        """
        try:
            self.connection.execute(insert(claim_tables.claims).values(**asdict(claim)))
        except IntegrityError as error:
            if _OVERLAP in str(error.orig):
                raise Overlap("与已有申领重叠") from error
            raise

    def crossing(self, claim: Claim) -> list[tuple[str, str]]:
        """Return the claims that hold against one that was refused, whoever's they are, as id and proposer.

        The same question as the triggers of migration 0008 ask.
        """
        c, rules, exclusions = claim_tables.claims.c, claim_tables.claim_rules.c, claim_tables.claim_exclusions.c
        same: list[ColumnElement[bool]] = []
        if claim.candidate_id is not None:
            same.append(c.candidate_id == claim.candidate_id)
        if claim.employer_id is not None:
            of_nobody = true() if claim.candidate_id is None else c.candidate_id.is_(None)
            same.append(and_(c.employer_id == claim.employer_id, of_nobody))
        overlap = and_(c.from_month < claim.to_month, c.to_month > claim.from_month)
        once = exists().where(
            rules.rule_id == claim.rule_id,
            rules.rules_version.in_((claim.rules_version, c.rules_version)),
            rules.once_in_all,
        )
        pair = or_(
            and_(exclusions.rule_id == claim.rule_id, exclusions.other_id == c.rule_id),
            and_(exclusions.other_id == claim.rule_id, exclusions.rule_id == c.rule_id),
        )
        excluded = exists().where(exclusions.rules_version.in_((claim.rules_version, c.rules_version)), pair)
        wanted = select(c.claim_id, c.proposed_by).where(
            c.status.in_(("proposed", "approved")),
            or_(*same),
            or_(and_(c.rule_id == claim.rule_id, or_(overlap, once)), and_(overlap, excluded)),
        )
        return [(row.claim_id, row.proposed_by) for row in self.connection.execute(wanted.order_by(c.claim_id))]

    def settle(self, claim: Claim, values: Mapping[str, Any]) -> bool:
        """Write an act over a visible claim of this version; False where somebody was faster."""
        c = claim_tables.claims.c
        condition = self._reach()
        same = [c.claim_id == claim.claim_id, c.row_version == claim.row_version]
        statement = update(claim_tables.claims).where(*same, *([] if condition is None else [condition]))
        done = self.connection.execute(statement.values(**values, row_version=c.row_version + 1))
        return done.rowcount == 1
