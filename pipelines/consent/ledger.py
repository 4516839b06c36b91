"""Statements of people as a subject: what was stated, a new statement, a withdrawal with its receipt."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from matching.entities import FactSource
from matching.rules.dated import rules_on
from matching.rules.person import age_on
from matching.vocabulary import DisabilityCategory, YesNo
from pipelines.access.audit import record
from pipelines.access.roles import Action, Subject
from pipelines.access.scope import ScopedCandidates
from pipelines.consent.errors import NoSuchRequest, NotTold, NotYetStated, UnknownRecipient, WitnessNeeded
from pipelines.consent.texts import is_current
from pipelines.consent.words import ConsentAct, ConsentPurpose, DisclosedItem, Speaker, StatementForm
from pipelines.schema import EMPLOYERS
from pipelines.store.consents import ConsentRepository, Row
from pipelines.store.repositories import CandidateRepository, TableRepository

EARLIEST = datetime(1949, 10, 1, tzinfo=UTC)
"""Nobody stated anything earlier than this; a moment near the first year cannot be kept either."""
SHANGHAI = ZoneInfo("Asia/Shanghai")
_NEEDS_HELP_TO_UNDERSTAND = frozenset({DisabilityCategory.INTELLECTUAL, DisabilityCategory.MENTAL})


@dataclass(frozen=True, slots=True)
class Statement:
    """What a person, or the guardian, stated; `particulars` (guardian, witness) are sealed when they are kept."""

    purpose: ConsentPurpose
    act: ConsentAct
    stated_at: datetime
    speaker: Speaker = Speaker.PERSON
    form: StatementForm = StatementForm.WRITTEN
    recipient: str | None = None
    items: tuple[DisclosedItem, ...] = ()
    has_witness: bool = False
    text_version: str | None = None
    ends_on: date | None = None
    particulars: Mapping[str, str] = field(default_factory=dict, repr=False)


class Consents:
    """The statements of the people whom a subject sees."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        self.connection, self.subject = connection, subject
        self.repository = ConsentRepository(connection, subject)
        self.people = ScopedCandidates(connection, subject)

    def of(self, candidate_id: str, *, on: date) -> dict[str, Any]:
        """Return everything stated by a visible person, and what holds by it now; the read is recorded.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        Forbidden
            When the role may not read consents for the stated purpose.
        """
        person = self.people.visible(candidate_id, Action.READ_CONSENTS)
        self.people.opened(person, Action.READ_CONSENTS)
        rows = self.repository.of(person)
        people = CandidateRepository(self.connection, self.subject)
        values, sources = people.find([(person,)])[person,], people.sources(person).get(person, {})
        disclosure = values["consent_disclosure"]
        return {
            "candidate_id": person,
            "now": standing(rows, values, sources, on),
            "imported": {
                "consent_matching_on": _iso(values["consent_matching_on"]),
                "consent_disclosure": None if disclosure is None else disclosure is YesNo.YES,
            },
            "statements": [statement_document(row) for row in rows],
        }

    def state(self, candidate_id: str, statement: Statement, *, now: datetime) -> dict[str, Any]:
        """Add a statement of a visible person.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        Forbidden
            When the role may not record consents for the stated purpose.
        ConsentError
            When it cannot have been stated like this; says why.
        """
        person = self.people.visible(candidate_id, Action.WRITE_CONSENTS)
        self._accept(person, statement, now)
        record(
            self.connection,
            self.subject.by,
            f"consents.{statement.act.value}",
            object_kind="candidate",
            object_id=person,
            details={"purpose": statement.purpose.value},
        )
        consent_id = str(uuid.uuid4())
        self.repository.add(
            {
                "consent_id": consent_id,
                "candidate_id": person,
                "purpose": statement.purpose.value,
                "recipient": statement.recipient,
                "items": ";".join(item.value for item in DisclosedItem if item in statement.items) or None,
                "act": statement.act.value,
                "stated_by": statement.speaker.value,
                "form": statement.form.value,
                "has_witness": statement.has_witness,
                "text_version": statement.text_version,
                "ends_on": statement.ends_on,
                "stated_at": statement.stated_at,
                "recorded_at": now,
                "recorded_by": self.subject.by.actor,
                "organisation_id": self.subject.organisation_id,
                "particulars": dict(statement.particulars) or None,
            }
        )
        return statement_document(self._one(person, consent_id))

    def receipt(self, candidate_id: str, consent_id: str) -> dict[str, Any]:
        """Return the receipt of a withdrawal, as often as it is asked for.

        Raises
        ------
        NoSuchPerson
            When there is nobody, or nobody visible.
        NoSuchRequest
            When the statement is none of this person, or no withdrawal.
        """
        person = self.people.visible(candidate_id, Action.READ_CONSENTS)
        row = self._one(person, consent_id)
        if row["act"] != ConsentAct.WITHDRAWN:
            raise NoSuchRequest("没有这份回执")
        self.people.opened(person, Action.READ_CONSENTS)
        return receipt_document(row)

    def stated(self, candidate_id: str, consent_id: str) -> Row:
        """Return one statement as it is kept, for who just recorded it.

        Raises
        ------
        NoSuchRequest
            When it is none of this person, or the person is not visible.
        """
        return self._one(candidate_id, consent_id)

    def _one(self, person: str, consent_id: str) -> Row:
        row = self.repository.find(consent_id.replace("\x00", "\ufffd"))
        if row is None or row["candidate_id"] != person:
            raise NoSuchRequest("没有这条记录")
        return row

    def _accept(self, person: str, statement: Statement, now: datetime) -> None:
        if not EARLIEST <= statement.stated_at <= now:
            raise NotYetStated("表示的时间不能晚于登记的时间")
        self._accept_recipient(statement)
        if statement.act is not ConsentAct.GIVEN:
            return
        if statement.text_version is None or not is_current(statement.text_version):
            raise NotTold("须写明本人所听读的告知书版本，且为现行版本")
        if statement.form is StatementForm.ORAL and not statement.has_witness:
            raise WitnessNeeded("口头同意须有见证人")
        self._accept_speaker(person, statement)

    def _accept_recipient(self, statement: Statement) -> None:
        is_disclosure = statement.purpose is ConsentPurpose.DISCLOSURE
        if is_disclosure != (statement.recipient is not None):
            raise UnknownRecipient("向用人单位提供信息须写明一家单位，其他目的不写单位")
        if not is_disclosure:
            if statement.items:
                raise NotTold("只有向用人单位提供信息时才列出项目")
            return
        if statement.act is ConsentAct.GIVEN and not statement.items:
            raise NotTold("须写明同意提供哪些项目")
        key = (str(statement.recipient),)
        if key not in TableRepository(self.connection, EMPLOYERS, self.subject).taken([key]):
            raise UnknownRecipient("没有这个用人单位")

    def _accept_speaker(self, person: str, statement: Statement) -> None:
        """Hold to who has to speak or be there; what is not known of a person asks for nobody.

        Source: 个人信息保护法 第三十一条; 民法典 第二十一条、第二十二条.
        """
        if statement.speaker is Speaker.GUARDIAN:
            return
        candidate = CandidateRepository(self.connection, self.subject).get(person)
        age = age_on(candidate, statement.stated_at.date())
        minor = rules_on(statement.stated_at.date()).find_or_none("law.privacy.minor_age")
        if age is not None and minor is not None and age < int(minor.value):
            raise WitnessNeeded("不满十四周岁的，须由监护人同意")
        if candidate.known_category in _NEEDS_HELP_TO_UNDERSTAND and not statement.has_witness:
            raise WitnessNeeded("智力、精神残疾人由本人表示的，须有见证人确认其能够理解；否则由监护人表示")


def standing(
    rows: Sequence[Row], values: Mapping[str, Any], sources: Mapping[str, FactSource], on: date
) -> list[dict[str, Any]]:
    """Return what holds on a day for each purpose and recipient, as `effects` acts by it.

    `values` and `sources` are the facts of the person's record: a no to disclosure that was supplied on or after the
    day of a consent takes it back, and a consent that ran out is unknown again.
    """
    supplied = sources.get("consent_disclosure")
    refused_on = supplied.on if supplied is not None and values["consent_disclosure"] is YesNo.NO else None
    consent_matching_on = values["consent_matching_on"]
    last: dict[tuple[str, str | None], Row] = {}
    for row in sorted(rows, key=lambda row: (row["stated_at"], row["number"])):
        last[row["purpose"], row["recipient"]] = row
    found: list[dict[str, Any]] = []
    for purpose in ConsentPurpose:
        own = [(recipient, row) for (named, recipient), row in last.items() if named == purpose]
        found += [_of_statement(purpose, row, recipient, refused_on, on) for recipient, row in own]
        if not own and purpose is not ConsentPurpose.DISCLOSURE:
            is_imported = purpose is ConsentPurpose.MATCHING and consent_matching_on is not None
            since = _iso(consent_matching_on) if is_imported else None
            found.append(_standing(purpose, ConsentAct.GIVEN.value if is_imported else None, since, None))
    return found


def _of_statement(
    purpose: ConsentPurpose, row: Row, recipient: str | None, refused_on: date | None, on: date
) -> dict[str, Any]:
    is_given, day = row["act"] == ConsentAct.GIVEN, row["stated_at"].astimezone(SHANGHAI).date()
    if purpose is ConsentPurpose.DISCLOSURE and is_given and refused_on is not None and refused_on >= day:
        taken_back = _standing(purpose, ConsentAct.WITHDRAWN.value, refused_on.isoformat(), recipient)
        return {**taken_back, "state_label": "已收回：登记为不同意向单位告知"}
    if is_given and row["ends_on"] is not None and row["ends_on"] < on:
        return {**_standing(purpose, None, row["ends_on"].isoformat(), recipient), "state_label": "已到期"}
    return _standing(purpose, row["act"], row["stated_at"].isoformat(), recipient)


def _standing(purpose: ConsentPurpose, act: str | None, since: str | None, recipient: str | None) -> dict[str, Any]:
    return {
        "purpose": purpose.value,
        "label": purpose.label,
        "recipient": recipient,
        "state": act or "unknown",
        "state_label": ConsentAct(act).label if act else "尚未询问",
        "since": since,
    }


def statement_document(row: Row) -> dict[str, Any]:
    """Return a statement as it travels; who the guardian or witness is stays in the record."""
    return {
        "consent_id": row["consent_id"],
        "purpose": row["purpose"],
        "recipient": row["recipient"],
        "items": row["items"].split(";") if row["items"] else [],
        "act": row["act"],
        "stated_by": row["stated_by"],
        "form": row["form"],
        "has_witness": row["has_witness"],
        "text_version": row["text_version"],
        "ends_on": _iso(row["ends_on"]),
        "stated_at": row["stated_at"].isoformat(),
        "recorded_at": row["recorded_at"].isoformat(),
        "recorded_by": row["recorded_by"],
    }


_ENDS: Mapping[ConsentPurpose, tuple[tuple[str, str], ...]] = {
    ConsentPurpose.MATCHING: (
        ("推荐名单、按岗位找人", "立即：下一次查询起不再列入"),
        ("批量匹配", "下一次运行起不再列入"),
        ("模型训练", "下一次训练起不再使用"),
        ("向用人单位展示", "立即：下一次查看起不再显示"),
    ),
    ConsentPurpose.DISCLOSURE: (("向这家用人单位提供信息", "立即：下一次查看起只显示不含身份的内容"),),
    ConsentPurpose.STATISTICS_AND_TRAINING: (
        ("模型训练", "下一次训练起不再使用"),
        ("对外统计", "下一次编制起不再计入"),
    ),
    ConsentPurpose.CONTACT: (("电话或上门联系", "立即"),),
}


def receipt_document(row: Row) -> dict[str, Any]:
    """Return what the person takes home of a withdrawal: what ends, and when."""
    purpose = ConsentPurpose(row["purpose"])
    return {
        "receipt_id": row["consent_id"],
        "candidate_id": row["candidate_id"],
        "title": "撤回同意回执",
        "purpose": purpose.value,
        "label": purpose.label,
        "recipient": row["recipient"],
        "stated_at": row["stated_at"].isoformat(),
        "recorded_at": row["recorded_at"].isoformat(),
        "recorded_by": row["recorded_by"],
        "ends": [{"what": what, "when": when} for what, when in _ENDS[purpose]],
        "stays": "撤回前已完成的事项不受影响；查看记录和撤回记录依法保留，不用于其他目的。",
        "source": {"document": "个人信息保护法", "clause": "第十五条、第十六条"},
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
