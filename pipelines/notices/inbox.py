"""The notices of one reader: listed, counted, marked as read; said in words that are made when they are read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from matching.duties.terms import DutyKind, terms_on
from matching.vocabulary import InteractionKind
from pipelines.access.audit import record, record_each
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.caseload.words import TaskKind
from pipelines.notices.words import Because, NoticeKind
from pipelines.schema import VACANCIES
from pipelines.store.errors import NotFound
from pipelines.store.notices import Key, NoticeRepository
from pipelines.store.of_people import Row
from pipelines.store.repositories import TableRepository

MOST_COUNTED = 100
"""The head of a page counts no further: beyond that it says more than 99."""
_DECISIONS = {"approved": "已批准", "refused": "不予批准"}
_STATES = {
    "done": "部分行被拒收",
    "broken": "导入中断，已接收的行有效",
    "unreadable": "文件无法读取，没有导入",
}
_DUTIES = frozenset(kind.value for kind in DutyKind)


class NoSuchNotice(NotFound):
    """No notice of this id to this reader, or none that may still be told."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which notices are asked for."""

    is_unread: bool = False
    kind: NoticeKind | None = None


class Inbox:
    """The notices of a subject."""

    def __init__(self, connection: Connection, subject: Subject, *, on: date) -> None:
        if subject.client_id is not None:
            raise Forbidden("提醒只给人看，程序没有提醒")
        self.connection, self.on = connection, on
        # What is told of people is told for the work with them, whatever the page was opened for.
        purpose = Purpose.RECRUITMENT if subject.employer_id is not None else Purpose.JOB_MATCHING
        self.subject = subject.stating(purpose)
        self.repository = NoticeRepository(connection, self.subject)

    def page(self, wanted: Wanted, *, after: Key | None, limit: int) -> tuple[list[dict[str, Any]], bool]:
        """Return the next notices, the newest day first, and whether there are more; who is named is recorded."""
        kinds = () if wanted.kind is None else (wanted.kind.value,)
        found = self.repository.page(after=after, limit=limit + 1, is_unread=wanted.is_unread, kinds=kinds)
        shown = found[:limit]
        self._record(shown)
        titles = self._titles(shown)
        return [notice_document(row, titles, self.on) for row in shown], len(found) > limit

    def unread(self) -> int:
        """Return how many are unread, at most `MOST_COUNTED`."""
        return self.repository.unread(MOST_COUNTED)

    def see(self, notice_id: str | None, *, now: datetime) -> int:
        """Note that one, or all (None), was read; return how many were unread.

        Raises
        ------
        NoSuchNotice
            When there is none of this id for this reader.
        """
        if notice_id is not None and self.repository.find(notice_id) is None:
            raise NoSuchNotice("没有这条提醒")
        self._note("notices.seen")
        return self.repository.see(now, None if notice_id is None else [notice_id])

    def unsee(self, notice_id: str) -> int:
        """Note that one is unread again.

        Raises
        ------
        NoSuchNotice
            When there is none of this id for this reader.
        """
        if self.repository.find(notice_id) is None:
            raise NoSuchNotice("没有这条提醒")
        self._note("notices.unseen")
        return self.repository.unsee(notice_id)

    def _titles(self, rows: Sequence[Row]) -> dict[str, str]:
        ids = list(dict.fromkeys(row["vacancy_id"] for row in rows if row["vacancy_id"] is not None))
        found = TableRepository(self.connection, VACANCIES, self.subject).find((one,) for one in ids) if ids else {}
        return {key[0]: values["title"] for key, values in found.items() if values["title"]}

    def _record(self, rows: Sequence[Row]) -> None:
        """Write into the audit whose names or ids were shown, each under their own: it stands in their extract."""
        shown = list(dict.fromkeys(row["candidate_id"] for row in rows if row["candidate_id"] is not None))
        if shown:
            action, by = Action.READ_CANDIDATES.value, self.subject.by
            record_each(self.connection, by, action, object_kind="candidate", object_ids=shown)

    def _note(self, word: str) -> None:
        record(self.connection, self.subject.by, word, object_kind="notice")


def notice_document(row: Row, titles: Mapping[str, str], on: date) -> dict[str, Any]:
    """Return a notice as it travels in JSON."""
    kind, because = NoticeKind(row["kind"]), Because(row["because"])
    return {
        "notice_id": row["notice_id"],
        "kind": kind.value,
        "label": kind.label,
        "what": _what(kind, row),
        "why": because.label,
        "happened_on": row["happened_on"].isoformat(),
        "due_on": None if row["due_on"] is None else row["due_on"].isoformat(),
        "candidate_id": row["candidate_id"],
        "vacancy_id": row["vacancy_id"],
        "title": titles.get(row["vacancy_id"] or ""),
        "object_id": row["object_id"],
        "asks": [{"label": label, "who_can_supply": who} for label, who in row["asks"]],
        "source": _source(kind, on),
        "is_read": row["seen_at"] is not None,
        "is_over": row["ended_at"] is not None,
    }


def _source(kind: NoticeKind, on: date) -> dict[str, str] | None:
    ground = terms_on(on).grounds.get(DutyKind(kind.value)) if kind.value in _DUTIES else None
    return None if ground is None else ground.as_dict()


def _what(kind: NoticeKind, row: Row) -> str:
    """Return what a notice says, of nobody's name: who may read names finds them beside it."""
    day, due, detail = row["happened_on"].isoformat(), row["due_on"], row["detail"] or ""
    by = "" if due is None else f"，{due.isoformat()} 前办"
    if kind is NoticeKind.FOLLOW_UP and row["n"]:
        return f"就业满 {row['n']} 个月（{day}），应回访"
    if kind.value in _DUTIES:
        return f"从 {day} 起{'待核实' if row['asks'] else '应办'}{by}"
    said: Mapping[NoticeKind, Callable[[], str]] = {
        NoticeKind.ANSWERED: lambda: f"答复：{InteractionKind(detail).label}",
        NoticeKind.REFERRED: lambda: f"{row['n'] or '有'}{' 位' if row['n'] else ''}推荐人员等待答复",
        NoticeKind.HANDED: lambda: f"{row['n']} 位求职者转交给您，待办任务一并转来",
        NoticeKind.PLANNED: lambda: f"从 {due} 起，{row['n']} 位求职者转交给您",
        NoticeKind.PLAN_HELD: lambda: "到了日子没有办成：接手的人已不在本机构工作，请主管处理",
        NoticeKind.TASK: lambda: f"{TaskKind(detail).label}{by}",
        NoticeKind.TASK_DUE: lambda: f"{TaskKind(detail).label}，应于 {day} 办",
        NoticeKind.APPROVED: lambda: "复核通过，可以发布",
        NoticeKind.SENT_BACK: lambda: "已退回，要改什么写在岗位页面",
        NoticeKind.VERIFIED: lambda: "就业服务机构已核验本单位的登记信息",
        NoticeKind.CLAIM_DECIDED: lambda: f"您提出的申领{_DECISIONS.get(detail, '已办结')}",
        NoticeKind.CLAIM_CROSSED: lambda: (
            "您提出的申领与另一项重叠，没有接收"
            if detail == "own"
            else "有人提出与您这一项重叠的申领，已被拒收；您的申领不变"
        ),
        NoticeKind.IMPORT_FAILED: lambda: _STATES.get(detail, "") + (f"：{row['n']} 行" if row["n"] else ""),
        NoticeKind.CONFIRM: lambda: f"从 {day} 起须确认仍在招聘，{due} 后不再展示",
    }
    return said[kind]()


def notice_lines(found: Sequence[Mapping[str, Any]], *, has_more: bool) -> list[str]:
    """Return notices in plain Chinese; of people the id alone."""
    lines = []
    for one in found:
        whom = one["candidate_id"] or one["title"] or one["vacancy_id"] or ""
        state = "已办或不再需要" if one["is_over"] else "已读" if one["is_read"] else "未读"
        lines.append(f"{one['happened_on']} [{state}] {one['label']} {whom}：{one['what']}（{one['why']}）")
        lines += [f"   待核实：{ask['label']}（问{ask['who_can_supply']}）" for ask in one["asks"]]
    return [*(lines or ["没有提醒"]), *(["…后面还有；加 --limit 看更多"] if has_more else [])]
