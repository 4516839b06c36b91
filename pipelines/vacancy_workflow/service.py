"""What is done with a vacancy: draft, change, check, approve, publish, confirm, close; each act in one transaction.

Each act says which version of the row it means. The word in the audit is written first, and so the lock on its end is
taken first: of two acts at the same time one wins, and the other finds the row changed.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from matching.entities import Employer
from matching.rules.dated import rules_on
from pipelines.access.audit import record
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Action, Subject, program_subject
from pipelines.desk import NoSuchVacancy
from pipelines.ingest import faults
from pipelines.notices.tell import of_vacancy
from pipelines.notices.words import NoticeKind
from pipelines.registers.errors import Fault, NoSuchEmployer, RowRefused
from pipelines.registers.rows import require
from pipelines.schema import EMPLOYERS, VACANCIES
from pipelines.store.repositories import EmployerRepository, VacancyRepository
from pipelines.vacancy_workflow.check import Announced, Checked, check_vacancy
from pipelines.vacancy_workflow.content import Content, Task
from pipelines.vacancy_workflow.errors import (
    CheckFails,
    DraftQuota,
    NotPossible,
    OfficeNotNeeded,
    OutdatedWork,
    OwnWork,
)
from pipelines.vacancy_workflow.people import approvers_of
from pipelines.vacancy_workflow.preview import preview
from pipelines.vacancy_workflow.repository import CheckRow, PublishedRows, Standing, Verifications, Workflows
from pipelines.vacancy_workflow.states import (
    TRANSITIONS,
    Act,
    CloseReason,
    Live,
    State,
    confirm_from,
    live_on,
    possible,
    shown_until,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
DRAFTS_A_DAY, VERSIONS_A_DAY = 30, 120
"""For one company. Many narrow vacancies would ask who is there (threat 6); a large company posts a few a day."""
IMPORTED, IMPORTING_OFFICE = "import", "import-office"
"""Who wrote, and who answers for, what an office imported: it counts as published."""


@dataclass(frozen=True, slots=True)
class Work:
    """A vacancy as whoever works on it sees it: where it stands and its newest version."""

    standing: Standing
    content: Content
    published: Content | None
    live: Live | None
    possible: tuple[Act, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """A vacancy as everybody else who may see vacancies sees it: the row that people are ranked on."""

    values: Mapping[str, Any]
    row_version: int
    content: Content | None = None
    """The published version with its tasks; None where an office imported the row."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a change names: cells by column, tasks, and the contact; what it does not name stays."""

    cells: Mapping[str, str]
    tasks: Sequence[Task] | None = None
    contact: str | None = None
    contact_named: bool = False


class VacancyWork:
    """The acts of one subject on one day."""

    def __init__(self, connection: Connection, subject: Subject, *, on: date, now: datetime) -> None:
        self.connection, self.subject = connection, subject
        self.on, self.now = on, now
        self.workflows = Workflows(connection, subject)
        self.rows = VacancyRepository(connection, subject)

    # ---- reading ----

    def get(self, vacancy_id: str) -> Work | Published:
        """Return a visible vacancy.

        Raises
        ------
        NoSuchVacancy
            When there is none, or none that is visible.
        Forbidden
            When the role may not read vacancies for the stated purpose.
        """
        found = self._published(vacancy_id)
        if found is not None:
            require(self.subject, Action.READ_VACANCIES)
            return found
        standing = self.workflows.get(_storable(vacancy_id))
        if standing is None:
            raise NoSuchVacancy("没有这个岗位编号")
        require(self.subject, Action.READ_VACANCIES)
        return self.work(standing)

    def work(self, standing: Standing) -> Work:
        """Return a vacancy that was found, with its versions."""
        content = self.workflows.content(standing.vacancy_id, standing.version)
        published = content
        if standing.published_version not in (None, standing.version):
            published = self.workflows.content(standing.vacancy_id, int(standing.published_version or 0))
        return self.seen(standing, content, None if standing.published_version is None else published)

    def seen(self, standing: Standing, content: Content, published: Content | None) -> Work:
        """Put a vacancy together of what was read."""
        closes_on = None if published is None else published.values.get("closes_on")
        live = live_on(standing.state, standing.confirm_from, closes_on, self.on)
        acts = possible(standing.state, is_live=standing.published_version is not None)
        return Work(standing, content, published, live, acts)

    def _published(self, vacancy_id: str) -> Published | None:
        """Return the row that people are ranked on; None where there is none, or the subject works on it."""
        found = PublishedRows(self.connection, self.subject).one(_storable(vacancy_id))
        return None if found is None else Published(*found)

    def at_work(self, vacancy_id: str) -> Work | Published:
        """Return a visible vacancy as who may work on it sees it: an imported one as it stands with the first act."""
        found = self.get(vacancy_id)
        if isinstance(found, Work) or found.content is not None or not self.subject.may(Action.WRITE_VACANCIES):
            return found
        if not self._is_in_reach(found.values):
            return found
        content = Content.of_row(found.values)
        return self.seen(imported_standing(found, self.on), content, content)

    def latest_check(self, vacancy_id: str) -> CheckRow | None:
        """Return the latest check of the newest version, None where it was not checked yet.

        Raises
        ------
        NoSuchVacancy
            When the vacancy is not one that the subject works on.
        """
        standing = self.workflows.get(_storable(vacancy_id))
        if standing is None:
            raise NoSuchVacancy("没有这个岗位编号")
        require(self.subject, Action.READ_VACANCIES)
        return self.workflows.latest_check(standing.vacancy_id, standing.version)

    # ---- drafting and changing ----

    def draft(self, content: Content, employer_id: str | None) -> Work:
        """Make a draft; a company's is its own, an office says whose.

        Raises
        ------
        NoSuchEmployer
            When the employer is not there or not visible.
        RowRefused
            When an import would refuse the row.
        DraftQuota
            When the company made too many today.
        """
        require(self.subject, Action.WRITE_VACANCIES)
        employer = self._employer(employer_id)
        told = self._as_said(content.with_values(employer_name=employer.name), None)
        standing = Standing(
            vacancy_id=str(uuid7(self.now)),
            version=1,
            state=State.DRAFT,
            author=self.subject.by.actor,
            approved_by=None,
            published_version=None,
            published_on=None,
            confirm_from=None,
            close_reason=None,
            return_note=None,
            employer_id=employer.employer_id,
            kind=_word(told.values.get("kind")),
            region=told.values.get("region"),
            row_version=1,
        )
        self._refuse_faults(standing, told)
        self._note("vacancy.draft", standing)
        self._take_from_quota(employer.employer_id, is_new=True)
        self.workflows.add_version(standing, told, self.subject.organisation_id, self.now)
        self.workflows.add(standing, self.now)
        return self.seen(standing, told, None)

    def change(self, vacancy_id: str, row_version: int, change: Change) -> Work:
        """Change a vacancy: the change is a new version, which goes back to the check; the published one stays.

        Where nothing changes, nothing is written.
        """
        standing = self._mine(vacancy_id, row_version, Act.CHANGE)
        before = self.workflows.content(standing.vacancy_id, standing.version)
        after = before.changed(change.cells, change.tasks, change.contact, contact_named=change.contact_named)
        after = self._as_said(after, before)
        if after.packed == before.packed:
            return self.work(standing)
        new = replace(
            standing,
            version=standing.version + 1,
            state=TRANSITIONS[standing.state, Act.CHANGE],
            author=self.subject.by.actor,
            approved_by=None,
            return_note=None,
            kind=_word(after.values.get("kind")),
            region=after.values.get("region"),
        )
        self._refuse_faults(new, after)
        self._note("vacancy.change", new)
        if new.employer_id is not None:
            self._take_from_quota(new.employer_id, is_new=False)
        self.workflows.add_version(new, after, self.subject.organisation_id, self.now)
        return self.work(self._moved(new))

    def _as_said(self, content: Content, before: Content | None) -> Content:
        is_company = self.subject.employer_id is not None
        return content.as_a_company_may_say(before) if is_company else content

    def _employer(self, employer_id: str | None) -> Employer:
        wanted = employer_id or self.subject.employer_id
        if wanted is None:
            raise RowRefused([Fault("employer_id", "此列不能为空")])
        found = EmployerRepository(self.connection, self.subject).find([(_storable(wanted),)])
        if not found:
            raise NoSuchEmployer("没有这个用人单位编号")
        employer: Employer = EMPLOYERS.build(next(iter(found.values())))
        return employer

    def _refuse_faults(self, standing: Standing, content: Content) -> None:
        row = content.row(standing.vacancy_id, standing.employer_id)
        found = faults(self.connection, VACANCIES, row, subject=self.subject, on=self.on)
        if found:
            raise RowRefused([Fault(one.column, one.reason) for one in found])

    def _take_from_quota(self, employer_id: str, *, is_new: bool) -> None:
        # The lock on the audit's end is held: nobody else counts at the same time.
        midnight = datetime.combine(self.on, time_of_day.min, SHANGHAI)
        drafts = self.workflows.versions_since(employer_id, midnight.astimezone(UTC), first_only=True)
        versions = self.workflows.versions_since(employer_id, midnight.astimezone(UTC), first_only=False)
        if (is_new and drafts >= DRAFTS_A_DAY) or versions >= VERSIONS_A_DAY:
            left = midnight + timedelta(days=1) - self.now
            raise DraftQuota("今天新建或修改岗位的次数已到上限", seconds=max(1, int(left.total_seconds())))

    # ---- the check ----

    def check(self, vacancy_id: str, row_version: int) -> tuple[Work, CheckRow]:
        """Check the newest version by the rules of the day and keep what was found; it passes or stays a draft."""
        standing = self._mine(vacancy_id, row_version, Act.CHECK)
        checked = self.checked(standing)
        self._note("vacancy.check", standing, passed=checked.passed)
        row = CheckRow(
            check_id=str(uuid7(self.now)),
            vacancy_id=standing.vacancy_id,
            version=standing.version,
            checked_on=checked.on,
            rules_version=checked.rules_version,
            passed=checked.passed,
            findings=[finding.as_dict() for finding in checked.findings],
            checked_by=self.subject.by.actor,
            checked_at=self.now,
        )
        self.workflows.add_check(row)
        passed = TRANSITIONS[standing.state, Act.CHECK]
        moved = self._moved(replace(standing, state=passed if checked.passed else State.DRAFT))
        return self.work(moved), row

    def checked(self, standing: Standing) -> Checked:
        """Return what the check of the day finds in the newest version."""
        content = self.workflows.content(standing.vacancy_id, standing.version)
        employer = self._employer_row(standing.employer_id)
        announced = Announced(
            content=content,
            vacancy=content.vacancy(standing.vacancy_id, standing.employer_id),
            employer=employer,
            is_verified=employer is not None and is_verified(self.connection, employer),
        )
        return check_vacancy(announced, rules_on(self.on))

    def _employer_row(self, employer_id: str | None) -> Employer | None:
        # The check is the program's: an office checks what lies in its places, wherever the company has its seat.
        program = program_subject("vacancy-check", self.subject.purpose)
        found = {} if employer_id is None else EmployerRepository(self.connection, program).find([(employer_id,)])
        return EMPLOYERS.build(next(iter(found.values()))) if found else None

    # ---- how many people could do it ----

    def previewed(self, vacancy_id: str, unsaved: Content | None = None) -> dict[str, Any]:
        """Return in bands how many people could do a vacancy of the subject's; `unsaved` in place of its newest.

        Raises
        ------
        NoSuchVacancy
            When the vacancy is not one that the subject works on.
        """
        found = self.at_work(vacancy_id)
        if isinstance(found, Published):
            raise NoSuchVacancy("没有这个岗位编号")
        standing, content = found.standing, unsaved or found.content
        employer = self._employer_row(standing.employer_id)
        vacancy = content.vacancy(standing.vacancy_id, standing.employer_id)
        home = None if employer is None else employer.region
        return preview(self.connection, self.subject, vacancy, home=home, employer_id=standing.employer_id)

    # ---- two people ----

    def approve(self, vacancy_id: str, row_version: int) -> Work:
        """Approve the newest version: another person of the company, or the office where the company has none.

        Raises
        ------
        OwnWork
            When the person wrote a version since the last published one, in whatever role.
        OfficeNotNeeded
            When the company has somebody else who may approve.
        """
        standing = self._mine(vacancy_id, row_version, Act.APPROVE, Action.APPROVE_VACANCIES)
        authors = self.workflows.authors_since(standing.vacancy_id, standing.published_version)
        self._accept_approver(standing, authors)
        state = TRANSITIONS[standing.state, Act.APPROVE]
        approved = replace(standing, state=state, approved_by=self.subject.by.actor, return_note=None)
        self._note("vacancy.approve", approved)
        moved = self._moved(approved)
        self.workflows.add_approval(str(uuid7(self.now)), approved, self.subject.organisation_id, self.now)
        self._tell_author(NoticeKind.APPROVED, approved)
        return self.work(moved)

    def _tell_author(self, kind: NoticeKind, standing: Standing) -> None:
        of_vacancy(
            self.connection,
            self.subject,
            kind,
            standing.vacancy_id,
            standing.version,
            standing.author,
            standing.employer_id,
            on=self.on,
            now=self.now,
        )

    def _accept_approver(self, standing: Standing, authors: set[str]) -> None:
        if self.subject.user_id is None:
            raise Forbidden("复核须由本人登录后进行")
        if self.subject.by.actor in authors | {standing.author}:
            raise OwnWork("不能复核本人编写的岗位")
        if self.subject.employer_id is None and standing.employer_id is not None:
            others = approvers_of(self.connection, standing.employer_id, self.on) - authors - {standing.author}
            if others:
                raise OfficeNotNeeded("该单位有其他复核人，应由单位自己复核")

    def send_back(self, vacancy_id: str, row_version: int, note: str) -> Work:
        """Send a vacancy back to its author with what to mend."""
        standing = self._mine(vacancy_id, row_version, Act.SEND_BACK, Action.APPROVE_VACANCIES)
        self._note("vacancy.send_back", standing)
        state = TRANSITIONS[standing.state, Act.SEND_BACK]
        moved = self._moved(replace(standing, state=state, approved_by=None, return_note=note))
        self._tell_author(NoticeKind.SENT_BACK, standing)
        return self.work(moved)

    # ---- published ----

    def publish(self, vacancy_id: str, row_version: int) -> Work:
        """Publish what was approved: from now on people are ranked on this version.

        Raises
        ------
        CheckFails
            When it no longer passes the check of the day.
        """
        standing = self._mine(vacancy_id, row_version, Act.PUBLISH)
        checked = self.checked(standing)
        if not checked.passed:
            raise CheckFails(checked.blocking)
        published = replace(
            standing,
            state=TRANSITIONS[standing.state, Act.PUBLISH],
            published_version=standing.version,
            published_on=self.on,
            confirm_from=confirm_from(self.on),
        )
        self._note("vacancy.publish", published)
        moved = self._moved(published)
        self._write_row(published)
        return self.work(moved)

    def confirm(self, vacancy_id: str, row_version: int) -> Work:
        """Note that the company still looks for somebody; the published version is shown for another while.

        Raises
        ------
        NotPossible
            When nothing is published, or its own closing day has passed: that takes a change.
        """
        standing = self._mine(vacancy_id, row_version, Act.CONFIRM)
        work = self.work(standing)
        closes_on = None if work.published is None else work.published.values.get("closes_on")
        if closes_on is not None and closes_on < self.on:
            raise NotPossible(Live.ENDED.value, [act.value for act in work.possible if act is not Act.CONFIRM])
        confirmed = replace(standing, confirm_from=confirm_from(self.on))
        self._note("vacancy.confirm", confirmed)
        moved = self._moved(confirmed)
        self._write_row(confirmed)
        return self.work(moved)

    def close(self, vacancy_id: str, row_version: int, reason: CloseReason) -> Work:
        """Close a vacancy for a reason; it is not shown from today on."""
        standing = self._mine(vacancy_id, row_version, Act.CLOSE)
        closed = replace(standing, state=TRANSITIONS[standing.state, Act.CLOSE], close_reason=reason)
        self._note("vacancy.close", closed, reason=reason.value)
        moved = self._moved(closed)
        if closed.published_version is not None:
            self._write_row(closed)
        return self.work(moved)

    def _write_row(self, standing: Standing) -> None:
        """Write the published version into the table that people are ranked on, with the day until which it is shown.

        Nobody needs to run anything for a vacancy that was not confirmed: the day is in the row.
        """
        content = self.workflows.content(standing.vacancy_id, int(standing.published_version or 0))
        row = content.row(standing.vacancy_id, standing.employer_id)
        if standing.confirm_from is not None:
            row["closes_on"] = shown_until(row.get("closes_on"), standing.confirm_from)
        if standing.state is State.CLOSED:
            row["closes_on"] = min(row["closes_on"], self.on - timedelta(days=1))
            row["opens_on"] = None if row.get("opens_on") is None else min(row["opens_on"], row["closes_on"])
        rows = VacancyRepository(self.connection, program_subject("vacancy-workflow", self.subject.purpose))
        if rows.find([(standing.vacancy_id,)]):
            rows.replace([row])
        else:
            rows.insert([row])

    # ---- shared ----

    def _mine(self, vacancy_id: str, row_version: int, act: Act, action: Action = Action.WRITE_VACANCIES) -> Standing:
        """Return a vacancy that the subject may do this act to, in the version that it read.

        Raises
        ------
        NoSuchVacancy
            When there is none, or none that is visible.
        Forbidden
            When the role may not do this, or the vacancy is another office's or company's work.
        OutdatedWork
            When somebody changed it in between.
        NotPossible
            When its state does not allow the act.
        """
        standing = self.workflows.get(_storable(vacancy_id)) or self._taken_over(vacancy_id, action)
        require(self.subject, action)
        if standing.row_version != row_version:
            raise OutdatedWork("这个岗位已被他人修改")
        acts = possible(standing.state, is_live=standing.published_version is not None)
        if act not in acts:
            raise NotPossible(standing.state.value, [one.value for one in acts])
        return standing

    def _taken_over(self, vacancy_id: str, action: Action) -> Standing:
        """Return an imported vacancy as it would stand here; it is kept with the first act on it."""
        found = self._published(vacancy_id)
        if found is None:
            raise NoSuchVacancy("没有这个岗位编号")
        require(self.subject, action)
        if not self._is_in_reach(found.values):
            raise Forbidden("这个岗位不在您的管辖范围")
        standing = imported_standing(found, self.on)
        self._note("vacancy.take_over", standing)
        self.workflows.add_version(standing, Content.of_row(found.values), None, self.now)
        self.workflows.add(standing, self.now)
        if self.workflows.get(standing.vacancy_id) is None:
            raise Forbidden("这个岗位不在您的管辖范围")
        return standing

    def _is_in_reach(self, values: Mapping[str, Any]) -> bool:
        subject, employer_id = self.subject, values.get("employer_id")
        if subject.is_local or subject.is_whole_province:
            return True
        if subject.employer_id is not None:
            return bool(subject.employer_id == employer_id)
        if values.get("region") in subject.codes:
            return True
        employers = EmployerRepository(self.connection, subject)
        return employer_id is not None and bool(employers.find([(employer_id,)]))

    def _moved(self, standing: Standing) -> Standing:
        if not self.workflows.move(standing, self.now):
            raise OutdatedWork("这个岗位已被他人修改")
        return replace(standing, row_version=standing.row_version + 1)

    def _note(self, word: str, standing: Standing, **details: str | int | bool) -> None:
        record(
            self.connection,
            self.subject.by,
            word,
            object_kind="vacancy",
            object_id=standing.vacancy_id,
            details={"version": standing.version, **details},
        )


def imported_standing(found: Published, on: date) -> Standing:
    """Return where an imported vacancy stands: published by the office that imported it."""
    values = found.values
    since = min(values.get("opens_on") or on, on)
    return Standing(
        vacancy_id=values["vacancy_id"],
        version=1,
        state=State.PUBLISHED,
        author=IMPORTED,
        approved_by=IMPORTING_OFFICE,
        published_version=1,
        published_on=since,
        confirm_from=confirm_from(on),
        close_reason=None,
        return_note=None,
        employer_id=values.get("employer_id"),
        kind=_word(values.get("kind")),
        region=values.get("region"),
        row_version=found.row_version,
    )


def is_verified(connection: Connection, employer: Employer) -> bool:
    """True where an office verified the employer and it still has the name that was seen."""
    holding = Verifications(connection).holding(employer.employer_id)
    return holding is not None and employer.name is not None and holding.employer_name == employer.name


def uuid7(at: datetime) -> UUID:
    """Return a new id that sorts by the moment it was made (RFC 9562, version 7)."""
    milliseconds = int(at.timestamp() * 1000) & ((1 << 48) - 1)
    random = secrets.randbits(74)
    high, low = random >> 62, random & ((1 << 62) - 1)
    return UUID(int=(milliseconds << 80) | (0x7 << 76) | (high << 64) | (0b10 << 62) | low)


def _word(value: Any) -> str | None:
    return None if value is None else str(value.value)


def _storable(text: str) -> str:
    # PostgreSQL takes no NUL in a text: nothing has such an id.
    return text.replace("\x00", "\ufffd")
