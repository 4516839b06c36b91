"""What a company answers to referrals: an interview, an offer, a place, or a refusal with a reason of a fixed list.

A company knows people by pseudonyms only, so that it answers by those. An answer is an act like any other: the office
and the person's file show it, and the ranking learns of it within the bounds of one source (`pipelines.influence`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from matching.vocabulary import InteractionKind
from pipelines.access.audit import record
from pipelines.access.errors import NoSuchPerson
from pipelines.access.roles import Action, Purpose, Subject, program_subject
from pipelines.consent.effects import matching_refused
from pipelines.consent.released import ANSWERS, acts_on, last_answers, pseudonym, referred_of
from pipelines.consent.words import Refusal
from pipelines.desk import NoSuchVacancy
from pipelines.ingest import take_one
from pipelines.notices.tell import of_answer, of_answer_taken_back
from pipelines.registers.errors import Fault, NothingToUndo, RowRefused
from pipelines.registers.rows import require
from pipelines.schema import INTERACTIONS, VACANCIES
from pipelines.store.repositories import TableRepository
from pipelines.store.sealed import vault_of

_PROGRAM = program_subject("answers", Purpose.RECRUITMENT)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many referrals to a post wait for an answer, and since when the first of them does."""

    n: int
    since: date


def answer(
    connection: Connection,
    subject: Subject,
    vacancy_id: str,
    person: str,
    kind: InteractionKind,
    reason: Refusal | None,
    *,
    on: date,
) -> None:
    """Write down what comes of a referral; the same once more on one day is the answer that is there.

    Raises
    ------
    NoSuchVacancy
        When there is none, or none that is visible.
    Forbidden
        When the role may not answer for the stated purpose.
    NoSuchPerson
        When nobody known by this pseudonym is released to the company for this vacancy.
    RowRefused
        When it is no answer, or a refusal without a reason.
    """
    candidate_id = _referred(connection, subject, vacancy_id, person)
    if kind not in ANSWERS:
        raise RowRefused([Fault("kind", "须选一项答复")])
    is_refusal = kind is InteractionKind.DECLINED_BY_EMPLOYER
    if is_refusal and reason is None:
        raise RowRefused([Fault("reason", "未录用的须选一项原因")])
    record(
        connection, subject.by, Action.ANSWER_RELEASED.value, object_kind="candidate", object_id=candidate_id,
        details={"kind": kind.value},
    )  # fmt: skip
    cells = {
        "candidate_id": candidate_id,
        "vacancy_id": vacancy_id,
        "kind": kind.value,
        "at": on.isoformat(),
        "reason": reason.label if is_refusal and reason is not None else "",
    }
    taken = take_one(connection, INTERACTIONS, cells, subject=_PROGRAM, supplied_by=subject.by.actor, on=on)
    if taken.rejections:
        raise RowRefused([Fault(one.column, one.reason) for one in taken.rejections])
    of_answer(connection, candidate_id, vacancy_id, kind, on=on)


def take_back(connection: Connection, subject: Subject, vacancy_id: str, person: str, *, on: date) -> None:
    """Take back today's answer to a referral; the audit keeps that it was given, and that it was taken back.

    Raises
    ------
    NoSuchVacancy, Forbidden, NoSuchPerson
        As `answer`.
    NothingToUndo
        When there is no answer of today: what was said on another day is answered anew.
    """
    candidate_id = _referred(connection, subject, vacancy_id, person)
    last = last_answers(acts_on(connection, [vacancy_id])[vacancy_id]).get(candidate_id)
    if last is None or last["at"] != on:
        raise NothingToUndo("没有今天登记的答复")
    word = f"{Action.ANSWER_RELEASED.value}.undo"
    record(connection, subject.by, word, object_kind="candidate", object_id=candidate_id)
    key = tuple(last[name] for name in INTERACTIONS.key)
    TableRepository(connection, INTERACTIONS, _PROGRAM).remove(key)
    of_answer_taken_back(connection, candidate_id, vacancy_id, last["kind"], on=on)


def _referred(connection: Connection, subject: Subject, vacancy_id: str, person: str) -> str:
    """Return whom a company knows by a pseudonym, where the person is released to it for this vacancy."""
    found = TableRepository(connection, VACANCIES, subject).find([(vacancy_id.replace("\x00", "\ufffd"),)])
    if not found:
        raise NoSuchVacancy("没有这个岗位编号")
    require(subject, Action.ANSWER_RELEASED)
    employer_id = next(iter(found.values()))["employer_id"]
    vault, refused = vault_of(connection), matching_refused(connection)
    for candidate_id in sorted(referred_of(acts_on(connection, [vacancy_id])[vacancy_id]) - set(refused)):
        if employer_id is not None and pseudonym(vault, candidate_id, employer_id) == person:
            return candidate_id
    raise NoSuchPerson("没有这位求职者，或已不再向本单位推荐")


def unanswered(connection: Connection, subject: Subject, vacancy_ids: Sequence[str]) -> dict[str, Waiting]:
    """Return how many referrals to the own vacancies wait for an answer, by vacancy; those without any are not there.

    Raises
    ------
    Forbidden
        When the role may not see released people for the stated purpose.
    """
    require(subject, Action.READ_RELEASED)
    keys = [(vacancy_id,) for vacancy_id in vacancy_ids]
    own = [key[0] for key in TableRepository(connection, VACANCIES, subject).find(keys)]
    refused, found = set(matching_refused(connection)), dict[str, Waiting]()
    for vacancy_id, acts in acts_on(connection, own).items():
        open_ones = referred_of(acts) - refused - last_answers(acts).keys()
        days = [act["at"] for act in acts if act["candidate_id"] in open_ones]
        if days:
            found[vacancy_id] = Waiting(len(open_ones), min(days))
    return found
