"""Every query on the tables of a vacancy's way; each starts from what the subject reaches.

A company reaches its own. An office reaches what lies in its places: by the newest version, by the published one, or
by the employer. Drafts are nobody else's business.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    insert,
    or_,
    select,
    update,
)

from pipelines.access.roles import Subject
from pipelines.schema import VACANCIES
from pipelines.store import tables
from pipelines.store.reach import among, reach
from pipelines.store.repositories import VacancyRepository
from pipelines.store.single_rows import KEPT, WANTED
from pipelines.store.workflow_tables import (
    employer_verifications,
    vacancy_approvals,
    vacancy_checks,
    vacancy_versions,
    vacancy_workflow,
)
from pipelines.vacancy_workflow.content import Content
from pipelines.vacancy_workflow.states import CloseReason, State

_MANY = 400  # values in one statement: SQLite takes a limited number of parameters


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a vacancy stands: its newest version, the published one, and who wrote and approved the newest."""

    vacancy_id: str
    version: int
    state: State
    author: str
    approved_by: str | None
    published_version: int | None
    published_on: date | None
    confirm_from: date | None
    close_reason: CloseReason | None
    return_note: str | None
    employer_id: str | None
    kind: str | None
    region: str | None
    row_version: int


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A check as it is kept."""

    check_id: str
    vacancy_id: str
    version: int
    checked_on: date
    rules_version: str
    passed: bool
    findings: list[dict[str, Any]]
    checked_by: str
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Verification:
    """That an office saw that an employer is who it says it is, under the name that it had then."""

    verification_id: str
    employer_id: str
    employer_name: str
    method: str
    verified_by: str
    organisation_id: str | None
    verified_at: datetime


class PublishedRows(VacancyRepository):
    """The rows that people are ranked on, for who does not work on them."""

    def one(self, vacancy_id: str) -> tuple[dict[str, Any], int, Content | None] | None:
        """Return a visible row, its version, and the published content; None for one that the subject works on."""
        row = self.connection.execute(_published_row(self.subject), {WANTED: vacancy_id}).first()
        if row is None:
            return None
        *values, version, is_own_work, content = row
        if is_own_work:
            return None
        return self._values(values), int(version), None if content is None else Content.unpacked(content)


@lru_cache(maxsize=KEPT)
def _published_row(subject: Subject) -> Select[Any]:
    vacancies, w, v = tables.CASE_TABLES["vacancies"], vacancy_workflow.c, vacancy_versions.c
    reached, seen = reach_of_work(subject), reach("vacancies", subject)
    is_work = w.vacancy_id.is_not(None)
    # In this order: whom a row belongs to takes long to find out, and for most rows nobody asks.
    is_own_work = is_work if reached is None else case((is_work, reached), else_=false())
    columns = [vacancies.c[column.name] for column in VACANCIES.columns]
    statement = (
        select(*columns, vacancies.c.row_version, is_own_work, v.content)
        .outerjoin_from(vacancies, vacancy_workflow, w.vacancy_id == vacancies.c.vacancy_id)
        .outerjoin(vacancy_versions, and_(v.vacancy_id == w.vacancy_id, v.version == w.published_version))
        .where(vacancies.c.vacancy_id == bindparam(WANTED))
    )
    return statement if seen is None else statement.where(seen)


@lru_cache(maxsize=KEPT)
def reach_of_work(subject: Subject) -> ColumnElement[bool] | None:
    """Return the condition for `vacancy_workflow`, or None where the subject reaches every row."""
    w = vacancy_workflow.c
    if subject.is_local:
        return None
    if subject.employer_id is not None:
        return w.employer_id == subject.employer_id
    if not subject.sees_people:
        return false()
    of_places = reach("employers", subject)
    if of_places is None:
        return None
    employers, vacancies = tables.CASE_TABLES["employers"].c, tables.CASE_TABLES["vacancies"].c
    published = select(vacancies.vacancy_id).where(vacancies.region.in_(sorted(subject.codes)))
    seen = reach("vacancies", subject)
    return or_(
        w.region.in_(sorted(subject.codes)),
        among(w.employer_id, select(employers.employer_id).where(of_places)),
        among(w.vacancy_id, published if seen is None else published.where(seen)),
    )


def on_their_way(connection: Connection, vacancy_ids: Sequence[str]) -> set[str]:
    """Return those of these vacancies that were drafted, changed, confirmed or closed here, whoever works on them.

    A sheet must write over none of them: what people are ranked on was checked, and approved by a second person.
    """
    c, found = vacancy_workflow.c, set[str]()
    for start in range(0, len(vacancy_ids), _MANY):
        part = vacancy_ids[start : start + _MANY]
        found.update(connection.execute(select(c.vacancy_id).where(c.vacancy_id.in_(part))).scalars())
    return found


class Workflows:
    """Vacancies on their way, as a subject reaches them."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject = connection, subject
        self._reach = reach_of_work(subject)

    def _readable(self, *columns: Any) -> Select[Any]:
        """Return the statement that every other one starts from: what the subject reaches."""
        statement = select(*(columns or [vacancy_workflow.c[field.name] for field in fields(Standing)]))
        return statement if self._reach is None else statement.where(self._reach)

    def get(self, vacancy_id: str) -> Standing | None:
        """Return where a vacancy stands, or None where there is nothing to reach."""
        row = self.connection.execute(self._readable().where(vacancy_workflow.c.vacancy_id == vacancy_id)).first()
        return None if row is None else _standing(row)

    def many(self, vacancy_ids: Sequence[str]) -> dict[str, Standing]:
        """Return where these vacancies stand, by id."""
        found: dict[str, Standing] = {}
        for start in range(0, len(vacancy_ids), _MANY):
            part = vacancy_ids[start : start + _MANY]
            for row in self.connection.execute(self._readable().where(vacancy_workflow.c.vacancy_id.in_(part))):
                found[row[0]] = _standing(row)
        return found

    def ids(self, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
        """Return the statement of the ids of what fulfils the conditions."""
        return self._readable(vacancy_workflow.c.vacancy_id).where(*conditions)

    def add(self, standing: Standing, at: datetime) -> None:
        """Keep a new vacancy."""
        self.connection.execute(insert(vacancy_workflow).values(**_stored(standing), changed_at=at))

    def move(self, standing: Standing, at: datetime) -> bool:
        """Write where a vacancy stands now, over the version before it; False where somebody else was faster."""
        w = vacancy_workflow.c
        values = {**_stored(standing), "row_version": standing.row_version + 1, "changed_at": at}
        same = [w.vacancy_id == standing.vacancy_id, w.row_version == standing.row_version]
        if self._reach is not None:
            same.append(self._reach)
        return self.connection.execute(update(vacancy_workflow).where(and_(*same)).values(values)).rowcount == 1

    # ---- versions, checks, approvals: of vacancies already found ----

    def content(self, vacancy_id: str, version: int) -> Content:
        """Return one version."""
        return self.contents([(vacancy_id, version)])[vacancy_id]

    def contents(self, wanted: Sequence[tuple[str, int]]) -> dict[str, Content]:
        """Return versions of several vacancies, one of each, by vacancy."""
        v, of, found = vacancy_versions.c, dict(wanted), {}
        ids = list(of)
        for start in range(0, len(ids), _MANY):
            part = ids[start : start + _MANY]
            pairs = or_(*(and_(v.vacancy_id == one, v.version == of[one]) for one in part))
            for vacancy_id, packed in self.connection.execute(select(v.vacancy_id, v.content).where(pairs)):
                found[vacancy_id] = Content.unpacked(packed)
        return found

    def published_contents(self, vacancy_ids: Sequence[str]) -> dict[str, Content]:
        """Return the published versions of vacancies that were found in the table people are ranked on, by id."""
        v, w, found = vacancy_versions.c, vacancy_workflow.c, {}
        statement = select(v.vacancy_id, v.content).join(
            vacancy_workflow, and_(w.vacancy_id == v.vacancy_id, w.published_version == v.version)
        )
        for start in range(0, len(vacancy_ids), _MANY):
            part = vacancy_ids[start : start + _MANY]
            for vacancy_id, packed in self.connection.execute(statement.where(v.vacancy_id.in_(part))):
                found[vacancy_id] = Content.unpacked(packed)
        return found

    def add_version(self, standing: Standing, content: Content, organisation_id: str | None, at: datetime) -> None:
        """Keep the newest version; it is written once."""
        self.connection.execute(
            insert(vacancy_versions).values(
                vacancy_id=standing.vacancy_id,
                version=standing.version,
                employer_id=standing.employer_id,
                content=content.packed,
                author=standing.author,
                organisation_id=organisation_id,
                created_at=at,
            )
        )

    def authors_since(self, vacancy_id: str, version: int | None) -> set[str]:
        """Return who wrote a version after this one; everybody who ever did where it is None."""
        v = vacancy_versions.c
        statement = select(v.author).where(v.vacancy_id == vacancy_id, v.version > (version or 0))
        return set(self.connection.execute(statement).scalars())

    def versions_since(self, employer_id: str, since: datetime, *, first_only: bool) -> int:
        """Return how many versions, or first ones, were written for an employer since a moment."""
        v = vacancy_versions.c
        statement = select(func.count()).where(v.employer_id == employer_id, v.created_at >= since)
        if first_only:
            statement = statement.where(v.version == 1)
        return int(self.connection.execute(statement).scalar_one())

    def add_check(self, check: CheckRow) -> None:
        """Keep a check; it is written once."""
        values = {field.name: getattr(check, field.name) for field in fields(CheckRow)}
        values["findings"] = json.dumps(check.findings, ensure_ascii=False)
        self.connection.execute(insert(vacancy_checks).values(values))

    def latest_check(self, vacancy_id: str, version: int) -> CheckRow | None:
        """Return the latest check of a version, or None."""
        c = vacancy_checks.c
        statement = (
            select(*(c[field.name] for field in fields(CheckRow)))
            .where(c.vacancy_id == vacancy_id, c.version == version)
            .order_by(c.checked_at.desc(), c.check_id.desc())
            .limit(1)
        )
        row = self.connection.execute(statement).first()
        if row is None:
            return None
        values: dict[str, Any] = dict(row._mapping)
        return CheckRow(**{**values, "findings": json.loads(values["findings"])})

    def add_approval(self, approval_id: str, standing: Standing, organisation_id: str | None, at: datetime) -> None:
        """Keep that the newest version was approved, and by whom; the database refuses the author.

        A version that was sent back is approved anew: it then has two.
        """
        self.connection.execute(
            insert(vacancy_approvals).values(
                approval_id=approval_id,
                vacancy_id=standing.vacancy_id,
                version=standing.version,
                author=standing.author,
                approved_by=standing.approved_by,
                organisation_id=organisation_id,
                approved_at=at,
            )
        )


class Verifications:
    """Who verified which employer; of employers already found."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def holding(self, employer_id: str) -> Verification | None:
        """Return the verification that holds, or None."""
        e = employer_verifications.c
        columns = [e[field.name] for field in fields(Verification)]
        statement = select(*columns).where(e.employer_id == employer_id, e.withdrawn_at.is_(None))
        row = self.connection.execute(statement).first()
        return None if row is None else Verification(*row)

    def add(self, verification: Verification) -> None:
        """Keep one; the database holds one at a time for an employer."""
        values = {field.name: getattr(verification, field.name) for field in fields(Verification)}
        self.connection.execute(insert(employer_verifications).values(values))

    def withdraw(self, verification_id: str, by: str, at: datetime) -> bool:
        """End one; False where it ended already."""
        e = employer_verifications.c
        done = self.connection.execute(
            update(employer_verifications)
            .where(e.verification_id == verification_id, e.withdrawn_at.is_(None))
            .values(withdrawn_by=by, withdrawn_at=at)
        )
        return done.rowcount == 1


def _standing(row: Any) -> Standing:
    values = dict(row._mapping)
    reason = values["close_reason"]
    values |= {"state": State(values["state"]), "close_reason": None if reason is None else CloseReason(reason)}
    return Standing(**values)


def _stored(standing: Standing) -> Mapping[str, Any]:
    values = {field.name: getattr(standing, field.name) for field in fields(Standing)}
    reason = values["close_reason"]
    return {**values, "state": values["state"].value, "close_reason": None if reason is None else reason.value}
