"""Employers: pages, one row, a new one, a change, verification by an office, and what a person should look at.

An office works with the employers of its places, a company with its own row. The hints of `pipelines.hints` come as
review items: each is a question to a person and stops nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from matching.rules.rulebook import rulebook
from matching.vocabulary import Term
from pipelines.access.audit import record, record_each
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Action, Subject
from pipelines.hints import NO_FINDING, VICTIM, Review, review_of
from pipelines.notices.tell import of_verification
from pipelines.registers.cases import review_case
from pipelines.registers.errors import Fault, NoSuchEmployer, NoSuchRecord, RowRefused
from pipelines.registers.rows import Register, Row
from pipelines.schema import EMPLOYERS
from pipelines.vacancy_workflow.errors import AlreadyVerified, OfficeOnly
from pipelines.vacancy_workflow.people import members_of
from pipelines.vacancy_workflow.repository import Verification, Verifications
from pipelines.vacancy_workflow.service import uuid7

OFFICE_ONLY = frozenset({"kind", "level", "is_school", "establishment", "region", "registered_on"})
"""What decides which rules apply and which office is in charge; a company may say it once, when it registers."""


class Method(Term):
    """How an office saw that an employer is who it says it is."""

    LICENCE_SEEN = "licence_seen", "查验营业执照或批准文件原件"
    PUBLIC_REGISTER = "public_register", "查询国家企业信用信息公示系统"
    SITE_VISIT = "site_visit", "上门核实"


@dataclass(frozen=True, slots=True)
class KnownEmployer:
    """An employer's row, and the verification that holds, if one does."""

    row: Row
    verification: Verification | None

    @property
    def is_verified(self) -> bool:
        """True where an office verified it under the name that it has."""
        return self.verification is not None and self.verification.employer_name == self.row.values.get("name")


class Employers:
    """The employers as a subject reaches them."""

    def __init__(self, connection: Connection, subject: Subject, *, on: date, now: datetime) -> None:
        self.connection, self.subject = connection, subject
        self.on, self.now = on, now
        self.register = Register(connection, EMPLOYERS, subject)
        self.verifications = Verifications(connection)

    def one(self, employer_id: str, action: Action = Action.READ_EMPLOYERS) -> KnownEmployer:
        """Return a visible employer.

        Raises
        ------
        NoSuchEmployer
            When there is none, or none that is visible.
        Forbidden
            When the role may not do this for the stated purpose.
        """
        try:
            row = self.register.one((employer_id,), action)
        except NoSuchRecord as error:
            raise NoSuchEmployer("没有这个用人单位编号") from error
        return KnownEmployer(row, self.verifications.holding(row.values["employer_id"]))

    def add(self, cells: Mapping[str, str]) -> tuple[KnownEmployer, bool]:
        """Register an employer and say whether it is new; a company registers itself only.

        Raises
        ------
        RowRefused
            When an import would reject the row, or it is not the subject's to write.
        AlreadyRegistered
            When the credit code is registered with other facts, wherever: a credit code is public.
        """
        row, is_new = self.register.add(cells, Action.WRITE_EMPLOYERS, on=self.on)
        return KnownEmployer(row, self.verifications.holding(row.values["employer_id"])), is_new

    def change(self, employer_id: str, cells: Mapping[str, str], version: int) -> KnownEmployer | None:
        """Change named facts of a visible employer of this version; None where somebody changed it since.

        A changed name ends nothing by itself, but the employer is verified under its old name only.

        Raises
        ------
        OfficeOnly
            When a company changes what only an office may say.
        """
        known = self.one(employer_id, Action.WRITE_EMPLOYERS)
        if self.subject.employer_id is not None:
            self._refuse_office_only(known.row, cells)
        row = self.register.change(
            (known.row.values["employer_id"],), cells, version, Action.WRITE_EMPLOYERS, on=self.on
        )
        return None if row is None else KnownEmployer(row, known.verification)

    def _refuse_office_only(self, row: Row, cells: Mapping[str, str]) -> None:
        said = self.register.parsed({name: cell for name, cell in cells.items() if name in OFFICE_ONLY})
        if any(value != row.values.get(name) for name, value in said.items()):
            raise OfficeOnly("单位性质、层级、编制、地区和登记日期只能由工作人员更改")

    # ---- verification ----

    def verify(self, employer_id: str, method: Method, version: int) -> KnownEmployer | None:
        """Note that a named person of an office saw that the employer is who it says it is.

        Returns None where somebody changed the row since this version: what was seen is what is verified.

        Raises
        ------
        Forbidden
            For a machine, a company, or somebody who acts for this company as well.
        RowRefused
            When the employer has no name that could be verified.
        AlreadyVerified
            When it is verified under its name.
        """
        known = self._to_verify(employer_id)
        if known.row.version != version:
            return None
        name = known.row.values.get("name")
        if name is None:
            raise RowRefused([Fault("name", "先登记单位名称，才能核验")])
        if known.is_verified:
            raise AlreadyVerified("这个单位已核验")
        own_id = known.row.values["employer_id"]
        self._note("employer.verify", own_id, method=method.value)
        if known.verification is not None:  # of an earlier name
            self.verifications.withdraw(known.verification.verification_id, self.subject.by.actor, self.now)
        verification = Verification(
            verification_id=str(uuid7(self.now)),
            employer_id=own_id,
            employer_name=name,
            method=method.value,
            verified_by=self.subject.by.actor,
            organisation_id=self.subject.organisation_id,
            verified_at=self.now,
        )
        self.verifications.add(verification)
        members = members_of(self.connection, own_id, self.on)
        of_verification(self.connection, self.subject, own_id, members, on=self.on, now=self.now)
        return KnownEmployer(known.row, verification)

    def withdraw_verification(self, employer_id: str, version: int) -> KnownEmployer | None:
        """End the verification: from now on nothing directed or reserved can be published.

        Returns None where somebody changed the row since this version.

        Raises
        ------
        AlreadyVerified
            When there is none to end.
        """
        known = self._to_verify(employer_id)
        if known.row.version != version:
            return None
        if known.verification is None:
            raise AlreadyVerified("这个单位没有有效的核验")
        self._note("employer.verify.withdraw", known.row.values["employer_id"])
        if not self.verifications.withdraw(known.verification.verification_id, self.subject.by.actor, self.now):
            raise AlreadyVerified("这个单位没有有效的核验")
        return KnownEmployer(known.row, None)

    def _to_verify(self, employer_id: str) -> KnownEmployer:
        known = self.one(employer_id, Action.VERIFY_EMPLOYERS)
        if self.subject.client_id is not None or (self.subject.user_id is None and not self.subject.is_local):
            raise Forbidden("核验须由工作人员本人登录后进行")
        if self.subject.by.actor in members_of(self.connection, known.row.values["employer_id"], self.on):
            raise Forbidden("本单位的人员不能核验本单位")
        return known

    # ---- what a person should look at ----

    def review_items(self, employer_id: str, year: int) -> dict[str, Any]:
        """Return the hints on an employer's year, of the people whom the subject sees; each of them is recorded.

        Raises
        ------
        NoSuchEmployer
            When there is none, or none that is visible.
        Forbidden
            When the role may not see placements for the stated purpose.
        """
        found = self.hints_on(employer_id, year)
        return self.told_hints(employer_id, year, found)

    def hints_on(self, employer_id: str, year: int) -> Review:
        """Return the hints alone, for `told_hints` to show: worked out over everybody, as an inspection has them.

        Raises
        ------
        NoSuchEmployer, Forbidden
            As `review_items` does.
        """
        own_id = self.one(employer_id, Action.READ_PLACEMENTS).row.values["employer_id"]
        found = review_case(self.connection, self.subject, own_id, Action.READ_PLACEMENTS)
        return review_of(found.case, rulebook(), own_id, year, self.on).shown_to(found.shown)

    def told_hints(self, employer_id: str, year: int, review: Review) -> dict[str, Any]:
        """Return hints as they are shown, after each person in them was recorded as read.

        Raises
        ------
        NoSuchEmployer, Forbidden
            As `review_items` does.
        """
        own_id = self.one(employer_id, Action.READ_PLACEMENTS).row.values["employer_id"]
        hints = review.hints
        self._note("employers.review_items", own_id, count=len(hints))
        named = list(dict.fromkeys(hint.placement.candidate_id for hint in hints if hint.placement is not None))
        if named:
            by, word = self.subject.by, Action.READ_PLACEMENTS.value
            record_each(self.connection, by, word, object_kind="candidate", object_ids=named)
        return {
            "employer_id": own_id,
            "year": year,
            "notice": f"{NO_FINDING}。{VICTIM}",
            "items": [hint.as_dict() for hint in hints],
            "items_not_shown": review.n_not_shown,
            "asks": [ask.as_dict() for ask in review.asks],
        }

    def _note(self, word: str, employer_id: str, **details: str | int | bool) -> None:
        by = self.subject.by
        record(self.connection, by, word, object_kind="employer", object_id=employer_id, details=details, at=self.now)
