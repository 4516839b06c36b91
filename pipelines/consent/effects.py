"""What the statements of people bring about: the one place that says who is not matched, learned from or disclosed.

How the recorded statements and the imported columns go together:
- matching: the last recorded statement decides; a sheet cannot undo it. Without one, `consent_matching_on` is a consent
  of that day, and an empty cell is unknown: the person stays in the lists of the office, marked as not asked yet.
- disclosure: only a recorded consent to this one employer opens anything. `consent_disclosure` is a statement to nobody
  in particular: yes opens nothing, and no that was supplied on or after the day of a consent takes it back.
- who asked for erasure and was granted it is not used any more, even while evidence still has to be kept.
- a consent that ran out is unknown again.
"""

from collections.abc import Mapping
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from matching.entities import CandidateId
from matching.vocabulary import YesNo
from pipelines.access.roles import Purpose, program_subject
from pipelines.consent.errors import ContactRefused, MatchingRefused
from pipelines.consent.words import ConsentAct, ConsentPurpose, DisclosedItem
from pipelines.store.consents import ConsentRepository, RequestRepository, Row, stated_days
from pipelines.store.repositories import CandidateRepository

_PROGRAM = program_subject("consent", Purpose.JOB_MATCHING)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def _said_no(rows: Mapping[str, Row]) -> set[CandidateId]:
    return {CandidateId(i) for i, row in rows.items() if row["act"] != ConsentAct.GIVEN}


def matching_refused(connection: Connection) -> frozenset[CandidateId]:
    """Return who is not to be matched: who withdrew or refused it, and whose erasure was granted."""
    refused = _said_no(ConsentRepository(connection, _PROGRAM).latest(ConsentPurpose.MATCHING))
    erased = RequestRepository(connection, _PROGRAM).granted_erasures()
    return frozenset(refused | {CandidateId(i) for i in erased})


def learning_refused(connection: Connection) -> frozenset[CandidateId]:
    """Return whose record is not to be learned from or counted: also who refused that alone."""
    told = ConsentRepository(connection, _PROGRAM).latest(ConsentPurpose.STATISTICS_AND_TRAINING)
    return matching_refused(connection) | _said_no(told)


def refuse_unwanted_matching(connection: Connection, candidate_id: str) -> None:
    """Stop where a person is not to be matched; looks at what is stored now, whatever was loaded before.

    Raises
    ------
    MatchingRefused
        When the person withdrew or refused matching, or is to be erased.
    """
    if _last_said_no(connection, candidate_id, ConsentPurpose.MATCHING):
        raise MatchingRefused("本人已撤回或不同意参与匹配，不再生成推荐名单；恢复须由本人重新同意")
    asked = RequestRepository(connection, _PROGRAM).of(candidate_id, ("erasure",))
    if any(request["status"] == "granted" for request in asked):
        raise MatchingRefused("本人的删除申请已获准，不再生成推荐名单")


def refuse_unwanted_contact(connection: Connection, candidate_id: str) -> None:
    """Stop where somebody would telephone or visit a person who does not want it; who was not asked is not refused.

    Raises
    ------
    ContactRefused
        When the person withdrew or refused it.
    """
    if _last_said_no(connection, candidate_id, ConsentPurpose.CONTACT):
        raise ContactRefused("本人已撤回或不同意电话、上门联系；恢复须由本人重新同意")


def _last_said_no(connection: Connection, candidate_id: str, purpose: ConsentPurpose) -> bool:
    said = [r for r in ConsentRepository(connection, _PROGRAM).of(candidate_id) if r["purpose"] == purpose]
    last = max(said, key=lambda row: (row["stated_at"], row["number"]), default=None)
    return last is not None and last["act"] != ConsentAct.GIVEN


def disclosed_to(connection: Connection, employer_id: str, on: date) -> dict[str, frozenset[DisclosedItem]]:
    """Return what an employer may learn of whom on a day, by candidate id; those without a consent are not there."""
    latest = ConsentRepository(connection, _PROGRAM).latest(ConsentPurpose.DISCLOSURE, recipient=employer_id)
    given = {i: row for i, row in latest.items() if row["act"] == ConsentAct.GIVEN and not _is_over(row, on)}
    if not given:
        return {}
    people = CandidateRepository(connection, _PROGRAM).find((i,) for i in given)
    said_on = stated_days(connection, "consent_disclosure")
    unwanted = matching_refused(connection)
    found: dict[str, frozenset[DisclosedItem]] = {}
    for candidate_id, row in given.items():
        person = people.get((candidate_id,))
        if person is None or candidate_id in unwanted:
            continue
        day = said_on.get(candidate_id)
        is_taken_back = person["consent_disclosure"] is YesNo.NO and day is not None and day >= _day(row)
        if not is_taken_back:
            found[candidate_id] = frozenset(DisclosedItem(item) for item in row["items"].split(";"))
    return found


def _is_over(row: Row, on: date) -> bool:
    return row["ends_on"] is not None and row["ends_on"] < on


def _day(row: Row) -> date:
    day: date = row["stated_at"].astimezone(SHANGHAI).date()
    return day
