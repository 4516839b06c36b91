"""A person's own extract (个人信息保护法 第四十五条): what is stored, from whom, what was agreed, who looked.

Of those who looked the person learns the office, the act, the purpose and the moment; names of staff are not theirs.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from matching.plans import PlanEnd, PlanKind
from matching.regions import region_name
from matching.vocabulary import Term
from pipelines.access.audit import record
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.access.scope import ScopedCandidates, VisibleCandidate
from pipelines.caseload.words import NotePurpose, TaskKind, TaskStatus
from pipelines.consent.ledger import SHANGHAI, standing, statement_document
from pipelines.consent.requests import REVIEWS, RIGHTS, request_document
from pipelines.consent.words import ConsentAct, ConsentPurpose
from pipelines.messages.words import ChoiceAct, MessageStatus, Template
from pipelines.notices.words import NoticeKind
from pipelines.plan_schema import ENROLMENTS
from pipelines.plan_tables import INITIATIVE_PEOPLE
from pipelines.schema import CANDIDATES, EMPLOYERS, INTERACTIONS, PLACEMENTS, SERVICES, ColumnSpec, TableSpec
from pipelines.store.case_notes import CaseNoteRepository
from pipelines.store.consents import ConsentRepository, RequestRepository
from pipelines.store.own_record import own_record
from pipelines.store.plans import PlanRepository
from pipelines.store.repositories import CandidateRepository, TableRepository
from pipelines.store.tasks import TaskRepository
from pipelines.venture_tables import VENTURES, VISITS

_OF_PERSON = (INTERACTIONS, PLACEMENTS, SERVICES, ENROLMENTS, INITIATIVE_PEOPLE, VENTURES, VISITS)
_MOST = 100_000
_ACTS = {
    "candidates.read": "查看档案",
    "candidates.identity": "查看完整身份信息",
    "candidates.write": "登记或修改",
    "candidates.extract": "出具本人档案",
    "candidates.erase": "删除",
    "candidates.released": "用人单位查看",
    "candidates.answer": "用人单位答复推荐",
    "candidates.answer.undo": "用人单位撤销当天的答复",
    "shortlists.read": "查看或生成推荐名单",
    "consents.read": "查看同意和申请记录",
    "consents.given": "登记同意",
    "consents.refused": "登记不同意",
    "consents.withdrawn": "登记撤回同意",
    "requests.granted": "答复申请：同意",
    "requests.refused": "答复申请：不同意",
    "interactions.read": "查看互动记录",
    "interactions.write": "登记互动记录",
    "placements.read": "查看就业记录",
    "placements.write": "登记或修改就业记录",
    "initiatives.read": "查看活动和项目的参加情况",
    "initiatives.write": "登记活动和项目的参加情况",
    "services.read": "查看就业服务记录",
    "services.write": "登记就业服务记录",
    "notes.read": "查看个案记录",
    "notes.write": "登记个案记录",
    "candidates.merge": "合并重复的档案",
    "candidates.unmerge": "撤销合并",
    "candidates.distinct": "核实为两个人",
    "candidates.charge": "确定负责的工作人员",
    "candidates.hand-over": "转交给另一位工作人员",
    "candidates.assign": "由机构服务",
    "candidates.assign.end": "机构结束服务",
    "tasks.read": "查看任务",
    "tasks.write": "登记任务",
    "messages.queue": "短信排队",
    "messages.write": "号码写入短信发送文件",
    "messages.cancel": "取消短信",
    "messages.stopped": "登记不再收短信",
    "messages.resumed": "登记恢复收短信",
    "benefits.read": "查看或判断待遇",
    "quota.read": "核算用人单位安排残疾人的人数",
    "answer.replay": "重复发来的请求，答复相同",
}
_PLAN_WHY = {"entry_words": "进入理由", "exit_words": "退出理由"}
_ENDINGS = ((".refused", "查看或登记，未获准"), (".read", "查看记录"), (".write", "登记或修改记录"))
_WHY = {
    Purpose.JOB_MATCHING: "岗位匹配",
    Purpose.SUPERVISION: "工作督导",
    Purpose.CONTACT: "联系本人",
    Purpose.IDENTITY_CHECK: "核对身份",
    Purpose.BENEFIT_DECISION: "办理待遇",
    Purpose.PERSONS_REQUEST: "本人的申请",
    Purpose.RECRUITMENT: "招聘",
    Purpose.STATISTICS: "统计",
    Purpose.MODEL_TRAINING: "训练模型",
    Purpose.DATA_EXCHANGE: "数据交换",
    Purpose.AUDIT: "审计",
    Purpose.ACCOUNT_ADMINISTRATION: "系统管理",
    Purpose.OWN_ACCOUNT: "本人账号",
}
_LEVELS = ("不受限", "轻度受限", "中度受限", "重度受限", "完全受限")
_REGIONS = frozenset({"region", "wished_regions"})


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
                "text": _said(column, values[column.name]),
                "supplied_by": sources[column.name].by if column.name in sources else None,
                "supplied_on": sources[column.name].on.isoformat() if column.name in sources else None,
            }
            for column in CANDIDATES.columns
        ],
        "consents": {
            "now": standing(statements, values, sources, now.astimezone(SHANGHAI).date()),
            "statements": [{**statement_document(row), "particulars": row["particulars"]} for row in statements],
            "recipients": _names(connection, subject, {row["recipient"] for row in statements if row["recipient"]}),
        },
        "requests": [request_document(row) for row in requests],
        **{spec.name: _rows(connection, spec, subject, person) for spec in _OF_PERSON},
        "notes": _notes(connection, subject, person),
        "tasks": _tasks(connection, subject, person),
        "plans": _plans(connection, subject, person),
        "shortlists": [_told(row) for row in kept.runs],
        "decisions": [_told(row) for row in kept.decisions],
        "notices": [
            {"on": row["happened_on"].isoformat(), "kind": row["kind"], "label": NoticeKind(row["kind"]).label}
            for row in kept.notices
        ],
        "messages": [
            {
                "queued_at": row["queued_at"].isoformat(),
                "template": row["template"],
                "label": Template(row["template"]).label,
                "day": None if row["day"] is None else row["day"].isoformat(),
                "status": row["status"],
                "status_label": MessageStatus(row["status"]).label,
                "reason": row["reason"],
                "written_on": None if row["written_on"] is None else row["written_on"].isoformat(),
            }
            for row in kept.messages
        ],
        "message_choices": [
            {"at": row["recorded_at"].isoformat(), "act": row["act"], "label": ChoiceAct(row["act"]).label}
            for row in kept.message_choices
        ],
        "looked": [
            {
                "at": row["at"].isoformat(),
                "organisation": row["name"] or ("系统" if not row["actor"].startswith("user:") else None),
                "act": row["action"],
                "label": _act(row["action"]),
                "purpose": row["purpose"],
                "why": _WHY[Purpose(row["purpose"])],
            }
            for row in kept.looked
        ],
        "source": {"document": "个人信息保护法", "clause": "第四十五条"},
    }


def _rows(connection: Connection, spec: TableSpec, subject: Subject, person: VisibleCandidate) -> list[dict[str, Any]]:
    repository = TableRepository(connection, spec, subject)
    found = repository.page(None, _MOST, [repository.table.c.candidate_id == person])
    columns = [column for column in spec.columns if column.name != "candidate_id"]
    return [
        {
            **{column.name: column.format(values[column.name]) or None for column in columns},
            "text": "；".join(f"{c.label} {said}" for c in columns if (said := _said(c, values[c.name])) is not None),
        }
        for values, _ in found
    ]


def _notes(connection: Connection, subject: Subject, person: VisibleCandidate) -> list[dict[str, Any]]:
    """Return what staff wrote down of the person, corrected notes too; names of staff are left out."""
    rows = CaseNoteRepository(connection, subject).of(person)
    instead = {row["corrects"] for row in rows}
    return [
        {
            "happened_on": row["happened_on"].isoformat(),
            "purpose": row["purpose"],
            "label": NotePurpose(row["purpose"]).label,
            "words": row["words"],
            "is_corrected": row["note_id"] in instead,
        }
        for row in rows
    ]


def _tasks(connection: Connection, subject: Subject, person: VisibleCandidate) -> list[dict[str, Any]]:
    return [
        {
            "due_on": row["due_on"].isoformat(),
            "kind": row["kind"],
            "label": TaskKind(row["kind"]).label,
            "words": row["words"],
            "status": row["status"],
            "status_label": TaskStatus(row["status"]).label,
        }
        for row in TaskRepository(connection, subject).of(person)
    ]


def _plans(connection: Connection, subject: Subject, person: VisibleCandidate) -> list[dict[str, Any]]:
    return [
        {
            "kind": row["kind"],
            "label": PlanKind(row["kind"]).label,
            "opened_on": row["opened_on"].isoformat(),
            "ended_on": None if row["ended_on"] is None else row["ended_on"].isoformat(),
            "end_label": None if row["ending"] is None else PlanEnd(row["ending"]).label,
            "words": row["words"],
            "entry_words": row["entry_words"],
            "exit_words": row["exit_words"],
        }
        for row in PlanRepository(connection, subject).of(person)
    ]


def _names(connection: Connection, subject: Subject, recipients: set[str]) -> dict[str, str]:
    found = TableRepository(connection, EMPLOYERS, subject).find((one,) for one in sorted(recipients))
    return {key[0]: row["name"] for key, row in found.items()}


def _act(word: str) -> str:
    """Return an act in words that a person reads."""
    if word.startswith("requests.") and word not in _ACTS:
        return "登记申请"
    return _ACTS.get(word) or next((label for end, label in _ENDINGS if word.endswith(end)), "其他操作")


def _said(column: ColumnSpec, value: Any) -> str | None:
    """Return a value in words that a person reads, or None where it is unknown."""
    if value is None or value in ((), {}):
        return None
    if isinstance(value, Mapping):
        return "、".join(f"{of.label}{_LEVELS[level]}" for of, level in value.items())
    if isinstance(value, tuple | list | frozenset):
        return "、".join(_one(column, one) for one in value)
    return _one(column, value)


def _one(column: ColumnSpec, value: Any) -> str:
    if isinstance(value, Term):
        return value.label
    if column.name in _REGIONS:
        return region_name(value)
    if column.name == "grade":
        return f"{'一二三四'[value - 1]}级"
    return str(value) if column.stored == "packed" else column.format(value)


def _day(moment: str) -> str:
    """Return a day as the person lived it."""
    return _local(moment)[:10]


def _local(moment: str) -> str:
    if len(moment) <= len("2026-11-30"):
        return moment
    return datetime.fromisoformat(moment).astimezone(SHANGHAI).isoformat(sep=" ", timespec="minutes")[:16]


def _supplier(by: str) -> str:
    """Return who supplied a fact; staff and programs are not named."""
    return {"user": "工作人员", "client": "对接系统", "key": "对接系统", "import": "导入的表"}.get(by.split(":")[0], by)


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date | datetime) else value for name, value in row.items()}


def extract_lines(document: Mapping[str, Any]) -> Sequence[str]:
    """Return an extract as lines that the person reads, or has read out."""
    return list(_lines(document))


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    yield f"本人档案　编号 {document['candidate_id']}　出具于 {_local(document['made_at'])}"
    yield "一、登记的情况"
    for fact in document["facts"]:
        if fact["value"] is not None:
            by = f"（{fact['supplied_on']} 由{_supplier(fact['supplied_by'])}提供）" if fact["supplied_on"] else ""
            yield f"  {fact['label']}：{fact['text']}{by}"
    unknown = [fact["label"] for fact in document["facts"] if fact["value"] is None]
    yield f"  没有登记：{'、'.join(unknown) or '无'}"
    yield "二、本人的同意"
    for held in document["consents"]["now"]:
        to = _to(document, held["recipient"])
        since = f"，自 {_day(held['since'])}" if held["since"] else ""
        yield f"  {held['label']}{to}：{held['state_label']}{since}"
    for stated in document["consents"]["statements"]:
        label, act = ConsentPurpose(stated["purpose"]).label, ConsentAct(stated["act"]).label
        yield f"  {_day(stated['stated_at'])} {act}：{label}{_to(document, stated['recipient'])}"
    yield "三、求职、安置和服务"
    for spec in _OF_PERSON:
        for row in document[spec.name]:
            yield f"  {spec.label}：{row['text']}"
    for note in document["notes"]:
        state = "（已更正）" if note["is_corrected"] else ""
        yield f"  个案记录 {note['happened_on']} {note['label']}{state}：{note['words']}"
    for task in document["tasks"]:
        yield f"  任务 {task['due_on']} {task['label']}（{task['status_label']}）：{task['words']}"
    for plan in document["plans"]:
        ended = f"，{plan['ended_on']} {plan['end_label']}" if plan["ended_on"] else ""
        why = "".join(f"，{word}：{plan[name]}" for name, word in _PLAN_WHY.items() if plan[name])
        yield f"  {plan['label']} 自 {plan['opened_on']}{ended}{why}：{plan['words'] or ''}"
    for notice in document["notices"]:
        yield f"  给工作人员的提醒 {notice['on']} {notice['label']}"
    for sent in document["messages"]:
        yield f"  短信 {_day(sent['queued_at'])} {sent['label']}：{sent['status_label']}"
    for choice in document["message_choices"]:
        yield f"  短信 {_day(choice['at'])} 本人：{choice['label']}"
    yield "四、申请与答复"
    for asked in document["requests"]:
        yield f"  {asked['asked_on']} {asked['label']}：{_STATUS[asked['status']]}{_because(asked)}"
    yield f"五、系统生成的名单 {len(document['shortlists'])} 份，待遇判断 {len(document['decisions'])} 项"
    yield "六、谁查看过"
    for look in document["looked"]:
        yield f"  {_local(look['at'])} {look['organisation'] or '机构'}：{look['label']}（{look['why']}）"
    yield "对内容有异议的，可要求更正；不再需要服务的，可申请删除；均由工作人员登记并按期答复。"
    yield f"依据：{document['source']['document']}{document['source']['clause']}"


def _to(document: Mapping[str, Any], recipient: str | None) -> str:
    return f"（{document['consents']['recipients'].get(recipient, recipient)}）" if recipient else ""


_STATUS = {"open": "办理中", "granted": "同意", "refused": "不同意"}


def _because(asked: Mapping[str, Any]) -> str:
    return f"（{asked['decided_by']}：{asked['reason']}）" if asked["reason"] else f"（应于 {asked['due_on']} 前答复）"
