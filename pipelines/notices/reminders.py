"""Notices that come from days: what fell due to the people somebody is in charge of, own tasks, posts to confirm.

What is due is said by `matching.duties` and nowhere else. Made anew it makes nothing a second time; what is due no more
ends. The four services of the year and plans to be opened are lists of a whole office, and stay on the first page.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from matching.duties.all import duties_of
from matching.duties.duty import CaseFile, Duty
from matching.duties.terms import DutyKind, DutyTerms, terms_on
from matching.rules.functions import plus_months
from pipelines.access.audit import record
from pipelines.access.roles import SEES_PEOPLE, OrganisationId, Purpose, Role, Subject, UserId
from pipelines.access.sessions import subject_for
from pipelines.consent.answers import unanswered
from pipelines.notices.tell import referral_mark, referred_to
from pipelines.notices.words import Because, NoticeKind
from pipelines.store.case_files import CaseFiles
from pipelines.store.charges import ChargeRepository
from pipelines.store.notice_readers import members_at_work
from pipelines.store.notices import NewNotice, NoticeRepository, make
from pipelines.store.tasks import TaskRepository
from pipelines.vacancy_workflow.listing import Filters, page_of_vacancies
from pipelines.vacancy_workflow.service import Published, VacancyWork, Work
from pipelines.vacancy_workflow.states import Live, last_day_unconfirmed

REMINDED = tuple(kind for kind in DutyKind if kind not in (DutyKind.FOUR_ONES, DutyKind.GRADUATE_PLAN))
FROM_DAYS = (
    *(NoticeKind(kind.value) for kind in REMINDED),
    NoticeKind.TASK_DUE,
    NoticeKind.CONFIRM,
    NoticeKind.REFERRED,
)
_BLOCK, _MOST_POSTS = 400, 300
_COMPANY = frozenset({Role.COMPANY_POSTER, Role.COMPANY_APPROVER})


@dataclass(frozen=True, slots=True)
class Reminded:
    """How many notices were made, and how many ended."""

    made: int
    ended: int


def remind(connection: Connection, subject: Subject, *, on: date, now: datetime) -> Reminded:
    """Bring the notices of one reader up to the day; whoever is told of is recorded where it is shown.

    The one user of a store without accounts has the first page for what is due, and is told of what happens alone.
    """
    if subject.user_id is None:
        return Reminded(0, 0)
    is_company = subject.employer_id is not None
    asking = subject.stating(Purpose.RECRUITMENT if is_company else Purpose.JOB_MATCHING)
    due = list(_of_company(connection, asking, on, now) if is_company else _of_staff(connection, asking, on))
    repository = NoticeRepository(connection, asking)
    kinds = [kind.value for kind in FROM_DAYS]
    if not any(_change(repository.running(kinds), due)):
        return Reminded(0, 0)
    record(connection, asking.by, "notices.made", object_kind="notice", details={"due": len(due)})
    # Read again: everybody who makes notices waits for the end of the audit.
    new, over = _change(repository.running(kinds), due)
    made = make(connection, new, now=now)
    repository.end(over, now)
    return Reminded(made, len(over))


def remind_all(connection: Connection, *, on: date, now: datetime) -> Reminded:
    """Bring the notices of everybody up to the day: who works with people, and who acts for a company."""
    made = ended = 0
    for subject in readers(connection, on):
        done = remind(connection, subject, on=on, now=now)
        made, ended = made + done.made, ended + done.ended
    return Reminded(made, ended)


def readers(connection: Connection, on: date, only: str | None = None) -> Iterator[Subject]:
    """Yield who is reminded on a day, each with what they may see then; one who works at two offices comes twice."""
    for user_id, office, role in members_at_work(connection, on, (*SEES_PEOPLE, *_COMPANY)):
        if only is not None and user_id != only:
            continue
        yield subject_for(
            connection, OrganisationId(office), Role(role), Purpose.JOB_MATCHING, on, user_id=UserId(user_id)
        )


def _change(running: Mapping[str, str], due: Sequence[NewNotice]) -> tuple[list[NewNotice], list[str]]:
    """Return which notices are new, and the ids of those that tell of nothing due any more.

    Of referrals each day has a notice; they end together, when none to the post waits for an answer.
    """
    waiting = {one.vacancy_id for one in due if one.kind == NoticeKind.REFERRED}
    told = {mark: referred_to(mark) for mark in running if referred_to(mark) is not None}
    marks = {one.mark for one in due} | {mark for mark, vacancy_id in told.items() if vacancy_id in waiting}
    known = set(told.values())
    new = [
        one
        for one in due
        if one.mark not in running and not (one.kind == NoticeKind.REFERRED and one.vacancy_id in known)
    ]
    return new, [notice_id for mark, notice_id in running.items() if mark not in marks]


def _of_staff(connection: Connection, subject: Subject, on: date) -> Iterator[NewNotice]:
    reader = subject.by.actor
    if not subject.sees_people or subject.user_id is None or subject.organisation_id is None:
        return
    for duty, months in _duties(connection, subject, subject.organisation_id, subject.user_id, on):
        yield NewNotice(
            reader=reader,
            kind=duty.kind.value,
            because=Because.CHARGE.value,
            mark=f"{duty.kind.value}:{duty.since.isoformat()}:{duty.by or ''}:{duty.candidate_id}",
            happened_on=duty.since,
            candidate_id=duty.candidate_id,
            asks=tuple((one.label, one.who_can_supply) for one in duty.asks),
            due_on=duty.by,
            n=months,
        )
    for row in TaskRepository(connection, subject).due_of(subject.user_id, on):
        yield NewNotice(
            reader=reader,
            kind=NoticeKind.TASK_DUE.value,
            because=Because.OWNER.value,
            mark=f"task_due:{row['due_on'].isoformat()}:{row['task_id']}",
            happened_on=row["due_on"],
            candidate_id=row["candidate_id"],
            object_id=row["task_id"],
            detail=row["kind"],
        )


def _duties(
    connection: Connection, subject: Subject, office: str, user_id: str, on: date
) -> Iterator[tuple[Duty, int | None]]:
    """Yield what is due to the visible people whom the reader is in charge of, and after how many months in work."""
    held = ChargeRepository(connection, subject).held_by(office, user_id)
    ids, files, terms = [row["candidate_id"] for row in held], CaseFiles(connection, subject), terms_on(on)
    for start in range(0, len(ids), _BLOCK):
        for file in files.files(ids[start : start + _BLOCK]).values():
            yield from ((duty, _months(file, duty, terms)) for duty in duties_of(file, terms) if duty.kind in REMINDED)


def _months(file: CaseFile, duty: Duty, terms: DutyTerms) -> int | None:
    """Return after how many months in work a visit is due; None of other duties."""
    if duty.kind is not DutyKind.FOLLOW_UP:
        return None
    began = [one.starts_on for one in file.placements if one.placement_id in duty.about and one.starts_on is not None]
    return next((n for n in terms.follow_up_months for day in began if plus_months(day, n) == duty.since), None)


def _of_company(connection: Connection, subject: Subject, on: date, now: datetime) -> Iterator[NewNotice]:
    """Yield the posts of a company that wait to be confirmed, and those where referrals wait for an answer."""
    reader, employer_id = subject.by.actor, subject.employer_id
    work = VacancyWork(connection, subject, on=on, now=now)
    seen, _ = page_of_vacancies(work, Filters(employer_id=employer_id), after=None, limit=_MOST_POSTS)
    for one in seen:
        if isinstance(one, Work) and one.live in (Live.CONFIRMATION_DUE, Live.PAUSED):
            since = one.standing.confirm_from or on
            yield NewNotice(
                reader=reader,
                kind=NoticeKind.CONFIRM.value,
                because=Because.COMPANY.value,
                mark=f"confirm:{since.isoformat()}:{one.standing.vacancy_id}",
                happened_on=since,
                employer_id=employer_id,
                vacancy_id=one.standing.vacancy_id,
                due_on=last_day_unconfirmed(since),
            )
    waiting = unanswered(connection, subject, [_id(one) for one in seen])
    for vacancy_id, told in waiting.items():
        yield NewNotice(
            reader=reader,
            kind=NoticeKind.REFERRED.value,
            because=Because.COMPANY.value,
            mark=referral_mark(vacancy_id, told.since),
            happened_on=told.since,
            employer_id=employer_id,
            vacancy_id=vacancy_id,
            n=told.n,
        )


def _id(seen: Work | Published) -> str:
    return str(seen.values["vacancy_id"]) if isinstance(seen, Published) else seen.standing.vacancy_id
