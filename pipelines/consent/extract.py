"""A person's own extract (个人信息保护法 第四十五条): what is stored, from whom, what was agreed, who looked.

Of those who looked the person learns the office, the act, the purpose and the moment; names of staff are not theirs.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from pipelines.access.audit import record
from pipelines.access.roles import Action, Subject
from pipelines.access.scope import ScopedCandidates, VisibleCandidate
from pipelines.consent.ledger import standing, statement_document
from pipelines.consent.requests import REVIEWS, RIGHTS, request_document
from pipelines.consent.words import ConsentAct, ConsentPurpose
from pipelines.schema import CANDIDATES, INTERACTIONS, PLACEMENTS, SERVICES, TableSpec
from pipelines.store.consents import ConsentRepository, RequestRepository
from pipelines.store.own_record import own_record
from pipelines.store.repositories import CandidateRepository, TableRepository

_OF_PERSON = (INTERACTIONS, PLACEMENTS, SERVICES)
_MOST = 100_000
_ACTS = {
    "candidates.read": "查看档案",
    "candidates.identity": "查看完整身份信息",
    "candidates.write": "登记或修改",
    "candidates.extract": "出具本人档案",
    "shortlists.read": "查看或生成推荐名单",
    "candidates.released": "用人单位查看",
    "consents.read": "查看同意记录",
}


def own_extract(connection: Connection, subject: Subject, candidate_id: str, *, now: datetime) -> dict[str, Any]:
    """Return everything kept of a visible person; handing it out is recorded in the same transaction.

    Raises
    ------
    NoSuchPerson
        When there is nobody, or nobody visible.
    Forbidden
        When the role may not make extracts for the stated purpose.
    """
    scoped = ScopedCandidates(connection, subject)
    person = scoped.visible(candidate_id, Action.EXTRACT_CANDIDATE)
    record(connection, subject.by, Action.EXTRACT_CANDIDATE.value, object_kind="candidate", object_id=person)
    people = CandidateRepository(connection, subject)
    values = people.find([(person,)])[person,]
    sources = people.sources(person).get(person, {})
    statements = ConsentRepository(connection, subject).of(person)
    requests = RequestRepository(connection, subject).of(person, (*RIGHTS, *REVIEWS))
    kept = own_record(connection, person)
    return {
        "candidate_id": person,
        "made_at": now.isoformat(),
        "facts": [
            {
                "name": column.name,
                "label": column.label,
                "value": column.format(values[column.name]) or None,
                "supplied_by": sources[column.name].by if column.name in sources else None,
                "supplied_on": sources[column.name].on.isoformat() if column.name in sources else None,
            }
            for column in CANDIDATES.columns
        ],
        "consents": {
            "now": standing(statements, values["consent_matching_on"]),
            "statements": [{**statement_document(row), "particulars": row["particulars"]} for row in statements],
        },
        "requests": [request_document(row) for row in requests],
        **{spec.name: _rows(connection, spec, subject, person) for spec in _OF_PERSON},
        "shortlists": [_told(row) for row in kept.runs],
        "decisions": [_told(row) for row in kept.decisions],
        "looked": [
            {
                "at": row["at"].isoformat(),
                "organisation": row["name"] or ("系统" if not row["actor"].startswith("user:") else None),
                "act": row["action"],
                "label": _ACTS.get(row["action"], row["action"]),
                "purpose": row["purpose"],
            }
            for row in kept.looked
        ],
        "source": {"document": "个人信息保护法", "clause": "第四十五条"},
    }


def _rows(connection: Connection, spec: TableSpec, subject: Subject, person: VisibleCandidate) -> list[dict[str, Any]]:
    repository = TableRepository(connection, spec, subject)
    found = repository.page(None, _MOST, [repository.table.c.candidate_id == person])
    return [
        {
            column.name: column.format(values[column.name]) or None
            for column in spec.columns
            if column.name != "candidate_id"
        }
        for values, _ in found
    ]


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date | datetime) else value for name, value in row.items()}


def extract_lines(document: Mapping[str, Any]) -> Sequence[str]:
    """Return an extract as lines that the person reads, or has read out."""
    return list(_lines(document))


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"本人档案　编号 {document['candidate_id']}　出具于 {document['made_at'][:16].replace('T', ' ')}"
    yield "一、登记的情况"
    for fact in document["facts"]:
        if fact["value"] is not None:
            by = f"（{fact['supplied_on']} 由 {fact['supplied_by']} 提供）" if fact["supplied_on"] else ""
            yield f"  {fact['label']}：{fact['value']}{by}"
    unknown = [fact["label"] for fact in document["facts"] if fact["value"] is None]
    yield f"  没有登记：{'、'.join(unknown) or '无'}"
    yield "二、本人的同意"
    for held in document["consents"]["now"]:
        to = f"（{held['recipient']}）" if held["recipient"] else ""
        since = f"，自 {held['since'][:10]}" if held["since"] else ""
        yield f"  {held['label']}{to}：{held['state_label']}{since}"
    for stated in document["consents"]["statements"]:
        label, act = ConsentPurpose(stated["purpose"]).label, ConsentAct(stated["act"]).label
        yield f"  {stated['stated_at'][:10]} {act}：{label}"
    yield "三、求职、安置和服务"
    for spec in _OF_PERSON:
        for row in document[spec.name]:
            told = "；".join(f"{c.label} {row[c.name]}" for c in spec.columns if row.get(c.name))
            yield f"  {spec.label}：{told}"
    yield "四、申请与答复"
    for asked in document["requests"]:
        yield f"  {asked['asked_on']} {asked['label']}：{_STATUS[asked['status']]}{_because(asked)}"
    yield f"五、系统生成的名单 {len(document['shortlists'])} 份，待遇判断 {len(document['decisions'])} 项"
    yield "六、谁查看过"
    for look in document["looked"]:
        yield f"  {look['at'][:16].replace('T', ' ')} {look['organisation'] or '机构'}：{look['label']}"
    yield "对内容有异议的，可要求更正；不再需要服务的，可申请删除；均由工作人员登记并按期答复。"
    yield f"依据：{document['source']['document']}{document['source']['clause']}"


_STATUS = {"open": "办理中", "granted": "同意", "refused": "不同意"}


def _because(asked: Mapping[str, Any]) -> str:
    return f"（{asked['decided_by']}：{asked['reason']}）" if asked["reason"] else f"（应于 {asked['due_on']} 前答复）"
