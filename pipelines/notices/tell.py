"""What is told when something happens: made in the transaction of what happened, after its word in the audit."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection

from matching.vocabulary import InteractionKind
from pipelines.access.roles import Subject
from pipelines.notices.words import Because, NoticeKind
from pipelines.store.notice_readers import readers_of_person, supervisors_of
from pipelines.store.notices import NewNotice, end_marked, make


def answer_mark(candidate_id: str, vacancy_id: str, kind: InteractionKind, on: date) -> str:
    """Return what makes a company's answer the same."""
    return f"answered:{kind.value}:{on.isoformat()}:{vacancy_id}:{candidate_id}"


def of_answer(
    connection: Connection, candidate_id: str, vacancy_id: str, kind: InteractionKind, *, on: date
) -> None:  # fmt: skip
    """Tell who follows a person up that a company answered the referral."""
    mark = answer_mark(candidate_id, vacancy_id, kind, on)
    make(
        connection,
        (
            NewNotice(
                reader=reader,
                kind=NoticeKind.ANSWERED.value,
                because=why,
                mark=mark,
                happened_on=on,
                candidate_id=candidate_id,
                vacancy_id=vacancy_id,
                detail=kind.value,
            )
            for reader, why in readers_of_person(connection, candidate_id, on)
        ),
    )


def of_answer_taken_back(
    connection: Connection, candidate_id: str, vacancy_id: str, kind: InteractionKind, *, on: date
) -> None:  # fmt: skip
    """End the notices of an answer that the company took back."""
    end_marked(connection, answer_mark(candidate_id, vacancy_id, kind, on), datetime.now(UTC))


def referral_mark(vacancy_id: str, on: date) -> str:
    """Return what makes referrals to a post the same: those of one day are told of once, whosoever they are."""
    return f"referred:{on.isoformat()}:{vacancy_id}"


def referred_to(mark: str) -> str | None:
    """Return the post of a notice of referrals by its mark; None of another kind."""
    return mark.split(":", 2)[2] if mark.startswith("referred:") else None


def of_referral(
    connection: Connection, vacancy_id: str, employer_id: str, members: Iterable[str], *, on: date
) -> None:  # fmt: skip
    """Tell a company that somebody was referred to a post of its own; nothing of the person."""
    make(
        connection,
        (
            NewNotice(
                reader=reader,
                kind=NoticeKind.REFERRED.value,
                because=Because.COMPANY.value,
                mark=referral_mark(vacancy_id, on),
                happened_on=on,
                employer_id=employer_id,
                vacancy_id=vacancy_id,
            )
            for reader in sorted(members)
        ),
    )


def of_handover(
    connection: Connection,
    subject: Subject,
    handover_id: str,
    receiver: str | None,
    office: str,
    *,
    n: int,
    candidate_id: str | None,
    on: date,
    now: datetime,
) -> None:
    """Tell who takes people over; where another office names nobody, its supervisors. `candidate_id` of one alone."""
    to = [(f"user:{receiver}", Because.RECEIVER)] if receiver is not None else []
    if receiver is None:
        to = [(one, Because.SUPERVISOR) for one in supervisors_of(connection, office, on)]
    _told(
        connection,
        subject,
        (
            NewNotice(
                reader=reader,
                kind=NoticeKind.HANDED.value,
                because=why.value,
                mark=f"handed:{handover_id}",
                happened_on=on,
                candidate_id=candidate_id,
                object_id=handover_id,
                n=n,
            )
            for reader, why in to
        ),
        now,
    )


def of_planned(
    connection: Connection,
    subject: Subject,
    planned: Mapping[str, Any],
    *,
    on: date,
    now: datetime,
    n: int | None = None,
) -> None:
    """Tell who takes people over on a later day; held (no number), both and the supervisors of the office."""
    receiver, giver = (f"user:{planned[name]}" for name in ("to_user_id", "from_user_id"))
    kind, to = NoticeKind.PLANNED, [(receiver, Because.RECEIVER)]
    if n is None:
        kind, to = NoticeKind.PLAN_HELD, [(giver, Because.GIVER), (receiver, Because.GIVER)]
        office = planned["from_organisation_id"]
        known = {reader for reader, _ in to}
        to += [(one, Because.SUPERVISOR) for one in supervisors_of(connection, office, on) if one not in known]
    new = [
        NewNotice(
            reader=reader,
            kind=kind.value,
            because=why.value,
            mark=f"{kind.value}:{planned['planned_id']}",
            happened_on=on,
            object_id=planned["planned_id"],
            n=n or None,
            due_on=planned["begins_on"],
        )
        for reader, why in to
    ]
    _told(connection, subject, new, now)


def of_task(
    connection: Connection,
    subject: Subject,
    task_id: str,
    candidate_id: str,
    kind: str,
    owner_id: str | None,
    *,
    due_on: date,
    now: datetime,
    on: date,
) -> None:
    """Tell whose task it is now, unless they gave it to themselves."""
    if owner_id is None:
        return
    new = NewNotice(
        reader=f"user:{owner_id}",
        kind=NoticeKind.TASK.value,
        because=Because.OWNER.value,
        mark=f"task:{now.isoformat()}:{task_id}",
        happened_on=on,
        candidate_id=candidate_id,
        object_id=task_id,
        detail=kind,
        due_on=due_on,
    )
    _told(connection, subject, [new], now)


def of_vacancy(
    connection: Connection,
    subject: Subject,
    kind: NoticeKind,
    vacancy_id: str,
    version: int,
    author: str,
    employer_id: str | None,
    *,
    on: date,
    now: datetime,
) -> None:
    """Tell who wrote a version of a vacancy that it was approved, or sent back."""
    new = NewNotice(
        reader=author,
        kind=kind.value,
        because=Because.AUTHOR.value,
        mark=f"{kind.value}:{version}:{now.isoformat()}:{vacancy_id}",
        happened_on=on,
        employer_id=employer_id,
        vacancy_id=vacancy_id,
    )
    _told(connection, subject, [new], now)


def of_verification(
    connection: Connection, subject: Subject, employer_id: str, members: Iterable[str], *, on: date, now: datetime
) -> None:
    """Tell who acts for a company that an office verified it."""
    new = [
        NewNotice(
            reader=reader,
            kind=NoticeKind.VERIFIED.value,
            because=Because.COMPANY.value,
            mark=f"verified:{now.isoformat()}:{employer_id}",
            happened_on=on,
            employer_id=employer_id,
        )
        for reader in sorted(members)
    ]
    _told(connection, subject, new, now)


def of_claim(
    connection: Connection,
    kind: NoticeKind,
    claim_id: str,
    proposer: str,
    *,
    candidate_id: str | None,
    employer_id: str | None,
    detail: str,
    at: datetime,
    on: date,
) -> None:
    """Tell who proposed a claim that it was decided, or that another crossed it and was refused."""
    new = NewNotice(
        reader=proposer,
        kind=kind.value,
        because=Because.PROPOSER.value,
        mark=f"{kind.value}:{detail}:{on.isoformat()}:{claim_id}",
        happened_on=on,
        candidate_id=candidate_id,
        employer_id=None if candidate_id is not None else employer_id,
        object_id=claim_id,
        detail=detail,
    )
    if _is_reader(proposer):
        make(connection, [new], now=at)


def of_import(
    connection: Connection, subject: Subject, upload_id: str, state: str, rejected: int, *, at: datetime, on: date
) -> None:
    """Tell who sent a sheet, or for a machine the supervisors of its office, that not all of it was taken."""
    actor = subject.by.actor
    to = [(actor, Because.SENDER)]
    if subject.client_id is not None:
        office = subject.organisation_id or ""
        to = [(one, Because.SUPERVISOR) for one in supervisors_of(connection, office, on)]
    new = [
        NewNotice(
            reader=reader,
            kind=NoticeKind.IMPORT_FAILED.value,
            because=why.value,
            mark=f"import:{upload_id}",
            happened_on=on,
            object_id=upload_id,
            detail=state,
            n=rejected or None,
        )
        for reader, why in to
        if _is_reader(reader)
    ]
    make(connection, new, now=at)


def _told(connection: Connection, subject: Subject, new: Iterable[NewNotice], now: datetime) -> None:
    """Make notices for people, none for who did what they tell of."""
    own = subject.by.actor
    make(connection, [one for one in new if one.reader != own and _is_reader(one.reader)], now=now)


def _is_reader(actor: str) -> bool:
    return actor.startswith("user:") or actor == "local"
