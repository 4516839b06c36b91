"""People released to a company: those referred to its own vacancy, without a name until each of them agreed to more.

Ids are pseudonyms of the pair of person and employer (HMAC), so that two companies cannot join what they see. The list
is in the order of these ids: neither rank nor time shows. The only count is over fixed cells and in bands.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection

from matching.entities import Vacancy
from matching.regions import prefecture, region_name
from matching.vocabulary import InteractionKind
from pipelines.access.audit import record_each
from pipelines.access.keyed import keyed_hash
from pipelines.access.roles import Action, Purpose, Subject, program_subject
from pipelines.access.scope import ScopedCandidates
from pipelines.access.vault import Vault
from pipelines.consent.effects import disclosed_to, matching_refused, refuse_unwanted_matching
from pipelines.consent.employer_view import agreed_view, employer_view
from pipelines.consent.words import Refusal
from pipelines.desk import NoSuchVacancy
from pipelines.registers.rows import require
from pipelines.reports.generalise import K
from pipelines.schema import VACANCIES
from pipelines.store.counts import job_seekers_in
from pipelines.store.repositories import CandidateRepository, InteractionRepository, TableRepository
from pipelines.store.sealed import vault_of
from pipelines.store.selections import some

_PROGRAM = program_subject("released", Purpose.RECRUITMENT)
_REFERRED = frozenset(
    {InteractionKind.REFERRED, InteractionKind.APPLIED, InteractionKind.INTERVIEWED, InteractionKind.OFFERED}
)
_NOT_ANY_MORE = InteractionKind.DECLINED_BY_CANDIDATE
ANSWERS = (
    InteractionKind.INTERVIEWED, InteractionKind.OFFERED, InteractionKind.PLACED, InteractionKind.DECLINED_BY_EMPLOYER
)  # fmt: skip
"""What a company answers to a referral."""
_REASONS = frozenset(one.label for one in Refusal)
_MOST_ACTS = 100_000
_USE = "released"


def released(connection: Connection, subject: Subject, vacancy_id: str, *, on: date) -> dict[str, Any]:
    """Return who was referred to a visible vacancy as its company may see them now; each is recorded as read.

    Raises
    ------
    NoSuchVacancy
        When there is none, or none that is visible.
    Forbidden
        When the role may not see released people for the stated purpose.
    """
    key = (vacancy_id.replace("\x00", "\ufffd"),)
    found = TableRepository(connection, VACANCIES, subject).find([key])
    if key not in found:
        raise NoSuchVacancy("没有这个岗位编号")
    require(subject, Action.READ_RELEASED)
    vacancy: Vacancy = VACANCIES.build(found[key])
    employer_id = vacancy.employer_id
    people = [] if employer_id is None else _people(connection, subject, vacancy, employer_id, on)
    return {
        "vacancy_id": vacancy.vacancy_id,
        "as_of": on.isoformat(),
        "items": people,
        "pool": _pool(connection, vacancy),
        "notice": "以上不含残疾类别和等级；须由用人单位按岗位任务判断。未经本人同意，不得设法识别本人。",
        "source": {"document": "个人信息保护法", "clause": "第二十三条、第二十九条"},
    }


def as_company_sees(
    connection: Connection, subject: Subject, candidate_id: str, vacancy_id: str, *, on: date
) -> dict[str, Any]:
    """Return what the company of a vacancy would be shown of one visible person now, for who hands it over; recorded.

    Raises
    ------
    NoSuchPerson
        When there is nobody, or nobody visible.
    NoSuchVacancy
        When there is none, or none that is visible.
    MatchingRefused
        When the person does not want to be matched.
    """
    people = ScopedCandidates(connection, subject)
    person = people.visible(candidate_id, Action.READ_CANDIDATES)
    refuse_unwanted_matching(connection, person)
    key = (vacancy_id.replace("\x00", "\ufffd"),)
    found = TableRepository(connection, VACANCIES, subject).find([key])
    if key not in found:
        raise NoSuchVacancy("没有这个岗位编号")
    vacancy: Vacancy = VACANCIES.build(found[key])
    candidate = CandidateRepository(connection, subject).get(person)
    employer_id = vacancy.employer_id or ""
    agreed = disclosed_to(connection, employer_id, on).get(person) if employer_id else None
    people.opened(person, Action.READ_CANDIDATES)
    return {
        "person": pseudonym(vault_of(connection), person, employer_id),
        "title": vacancy.title,
        **employer_view(candidate, vacancy),
        "agreed": agreed_view(candidate, vacancy, agreed) if agreed else None,
    }


def _people(
    connection: Connection, subject: Subject, vacancy: Vacancy, employer_id: str, on: date
) -> list[dict[str, Any]]:
    acts = acts_on(connection, [vacancy.vacancy_id])[vacancy.vacancy_id]
    referred, answers = referred_of(acts) - set(matching_refused(connection)), _answers(acts, on)
    agreed = {i: items for i, items in disclosed_to(connection, employer_id, on).items() if items}
    vault = vault_of(connection)
    referred_people = some(connection, _PROGRAM)[0].of(sorted(referred))
    for has_consent in (False, True):
        read = [one.candidate_id for one in referred_people if (one.candidate_id in agreed) is has_consent]
        if read:
            details = {"has_consent": has_consent}
            word = Action.READ_RELEASED.value
            record_each(connection, subject.by, word, object_kind="candidate", object_ids=read, details=details)
    shown = [
        {
            "person": pseudonym(vault, candidate.candidate_id, employer_id),
            **employer_view(candidate, vacancy),
            "agreed": agreed_view(candidate, vacancy, agreed[candidate.candidate_id])
            if candidate.candidate_id in agreed
            else None,
            "answer": answers.get(candidate.candidate_id),
        }
        for candidate in referred_people
    ]
    return sorted(shown, key=lambda one: str(one["person"]))


def acts_on(connection: Connection, vacancy_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Return what happened between people and vacancies that were found visible, by vacancy, in the order of days."""
    acts, order = InteractionRepository(connection, _PROGRAM), list(InteractionKind)
    rows = acts.page(None, _MOST_ACTS, [acts.table.c.vacancy_id.in_(vacancy_ids)])
    found: dict[str, list[dict[str, Any]]] = {vacancy_id: [] for vacancy_id in vacancy_ids}
    for values, _ in sorted(rows, key=lambda row: (row[0]["at"], order.index(row[0]["kind"]))):
        found[values["vacancy_id"]].append(values)
    return found


def referred_of(acts: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return who was referred and did not decline since."""
    last: dict[str, InteractionKind] = {}
    for act in acts:
        if act["kind"] in _REFERRED or act["kind"] is _NOT_ANY_MORE:
            last[act["candidate_id"]] = act["kind"]
    return {candidate_id for candidate_id, kind in last.items() if kind is not _NOT_ANY_MORE}


def last_answers(acts: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the company's last answer to each person; a new referral is one that waits for an answer anew."""
    found: dict[str, Mapping[str, Any]] = {}
    for act in acts:
        if act["kind"] is InteractionKind.REFERRED:
            found.pop(act["candidate_id"], None)
        elif act["kind"] in ANSWERS:
            found[act["candidate_id"]] = act
    return found


def _answers(acts: Sequence[Mapping[str, Any]], on: date) -> dict[str, dict[str, Any]]:
    return {
        candidate_id: {
            "kind": act["kind"].value,
            "label": act["kind"].label,
            "at": act["at"].isoformat(),
            # Free text may say anything of anybody: only what the company chose from the list goes back to it.
            "reason": act["reason"] if act["reason"] in _REASONS else None,
            "is_of_today": act["at"] == on,
        }
        for candidate_id, act in last_answers(acts).items()
    }


def pseudonym(vault: Vault, candidate_id: str, employer_id: str) -> str:
    """Return what one employer knows a person by; without the key nobody can tell who it is, or join two of them."""
    return "p-" + keyed_hash(vault, _USE, f"{candidate_id}\x1f{employer_id}").rpartition(".")[2][:24]


def _pool(connection: Connection, vacancy: Vacancy) -> dict[str, Any] | None:
    """Return how many look for work in the vacancy's prefecture; the cell is fixed, whatever the vacancy asks."""
    if vacancy.region is None:
        return None
    place = prefecture(vacancy.region)
    return {"region": place, "label": region_name(place), "people": banded(job_seekers_in(connection, place))}


def banded(n: int) -> str:
    """Return a count as a band of ten, and below the smallest publishable one without any number."""
    return f"少于{K}" if n < K else f"{n // 10 * 10}—{n // 10 * 10 + 9}"
