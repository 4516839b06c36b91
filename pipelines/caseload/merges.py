"""One record put into another of the same person, by a named person who chooses each fact, and taken apart again.

Nothing is lost: rows move with their ids, and what stood in the way (the same service on the same day in both) is kept
in the merge, sealed, with both records as they were. Claims do not move: a benefit is claimed once for a person.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from pipelines.access.audit import record_each
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Action, Subject
from pipelines.access.scope import ScopedCandidates
from pipelines.caseload.errors import CaseworkRefused, NoSuchMerge
from pipelines.caseload.notes import wrong_words
from pipelines.registers.errors import RowRefused
from pipelines.registers.people import People
from pipelines.schema import CANDIDATES
from pipelines.store.errors import OutOfReach
from pipelines.store.in_charge import names_of
from pipelines.store.merging import MergeRepository, drop_sources, has_claims, move, move_back
from pipelines.store.of_people import Row
from pipelines.store.repositories import CandidateRepository

KEPT, MERGED = "kept", "merged"
_LATEST = 50
_FACTS = tuple(column.name for column in CANDIDATES.columns if column.name != "candidate_id")
Cells = dict[str, str]


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact in both records: its cells, who supplied each and when; `is_open` where both are known and differ."""

    name: str
    label: str
    kept: str
    merged: str
    kept_source: str | None
    merged_source: str | None
    is_sensitive: bool

    @property
    def is_open(self) -> bool:
        """True where somebody has to choose."""
        return bool(self.kept and self.merged and self.kept != self.merged)


@dataclass(frozen=True, slots=True)
class Wish:
    """Which record goes into which, as they were read; `take` are the facts taken from the one that goes."""

    kept_id: str
    merged_id: str
    kept_version: int
    merged_version: int
    words: str
    take: frozenset[str] = frozenset()


class Merges:
    """The merges of the people whom a subject sees."""

    def __init__(self, connection: Connection, subject: Subject, *, on: date, now: datetime) -> None:
        self.connection, self.subject, self.on, self.now = connection, subject, on, now
        self.repository = MergeRepository(connection, subject)
        self.people = CandidateRepository(connection, subject)

    def compare(self, kept_id: str, merged_id: str) -> tuple[list[Fact], tuple[int, int]]:
        """Return the facts that differ, side by side, and the versions of both; both reads are recorded.

        Raises
        ------
        NoSuchPerson
            When one of them is not visible.
        Forbidden
            When the role may not merge for the stated purpose.
        """
        versions = self._versions(kept_id, merged_id)
        cells = {one: self._cells(one) for one in (kept_id, merged_id)}
        sources = {one: self.people.sources(one).get(one, {}) for one in (kept_id, merged_id)}
        facts = []
        for name in _FACTS:
            column = CANDIDATES.column(name)
            one, two = cells[kept_id][name], cells[merged_id][name]
            if one == two:
                continue
            told = [sources.get(owner, {}).get(name) for owner in (kept_id, merged_id)]
            said = [None if source is None else f"{source.by} {source.on.isoformat()}" for source in told]
            facts.append(Fact(name, column.label, one, two, said[0], said[1], column.sensitive))
        return facts, versions

    def merge(self, wish: Wish) -> str:
        """Put one record into another and return the id of the merge.

        A fact that one of them alone knows is taken; of one that both know `take` says which.

        Raises
        ------
        NoSuchPerson
            When one of them is not visible.
        Forbidden
            When the role may not merge for the stated purpose, or a machine asks.
        RowRefused
            When no reason is given, or the record as it would be cannot be taken.
        CaseworkRefused
            When it is one record, one of them changed since it was read, or the one that goes has claims.
        """
        versions = self._versions(wish.kept_id, wish.merged_id)
        if faults := wrong_words("words", wish.words):
            raise RowRefused(faults)
        if versions != (wish.kept_version, wish.merged_version):
            raise CaseworkRefused("其中一份档案刚被修改，请重新比较后再合并")
        if has_claims(self.connection, wish.merged_id):
            raise CaseworkRefused("要并入的档案有待遇申领记录：请改为保留那一份；两份都有的，先报主管核实是否重复申领")
        kept, merged = self._cells(wish.kept_id), self._cells(wish.merged_id)
        sources = {one: self.people.sources(one).get(one, {}) for one in (wish.kept_id, wish.merged_id)}
        chosen = [name for name in _FACTS if _is_taken(name, kept, merged, wish.take)]
        self._note("candidates.merge", wish.merged_id, wish.kept_id)
        moved, aside = move(self.connection, wish.merged_id, wish.kept_id, now=self.now)
        if not self.people.remove((wish.merged_id,)):
            raise CaseworkRefused("要并入的档案刚被另一位工作人员处理，请重新读取")
        self._write(wish.kept_id, {name: merged[name] for name in chosen}, versions[0])
        own = sources.get(wish.merged_id, {})
        self._set_sources(wish.kept_id, chosen, {name: (own[name].by, own[name].on) for name in chosen if name in own})
        merge_id = str(uuid4())
        snapshot = {
            "kept": kept,
            "merged": merged,
            "merged_version": versions[1],
            "chosen": chosen,
            "sources": {
                which: {name: [source.by, source.on.isoformat()] for name, source in sources.get(owner, {}).items()}
                for which, owner in ((KEPT, wish.kept_id), (MERGED, wish.merged_id))
            },
            "moved": moved,
            "aside": aside,
        }
        self.repository.add(
            {
                "merge_id": merge_id,
                "candidate_id": wish.kept_id,
                "kept_id": wish.kept_id,
                "merged_id": wish.merged_id,
                "words": wish.words.strip(),
                "snapshot": json.dumps(snapshot, ensure_ascii=False, default=_packed),
                "merged_at": self.now,
                "merged_by": self.subject.by.actor,
            }
        )
        return merge_id

    def undo(self, merge_id: str) -> list[str]:
        """Take a merge apart; return the facts that were changed since and therefore stay as they are.

        What was added since stays with the record that was kept.

        Raises
        ------
        NoSuchMerge
            When there is none, or none that is visible.
        Forbidden
            When the role may not merge for the stated purpose, or a machine asks.
        CaseworkRefused
            When it was undone already, a later merge has to be undone first, or the record would be out of reach.
        """
        merge = self._found(merge_id)
        if merge["undone_at"] is not None:
            raise CaseworkRefused("这次合并已经撤销")
        if merge["candidate_id"] != merge["kept_id"]:
            raise CaseworkRefused("后来又并入了另一份档案，请先撤销那次合并")
        told = json.loads(merge["snapshot"], object_hook=_unpacked)
        source, target = merge["merged_id"], merge["kept_id"]
        self._note("candidates.unmerge", source, target)
        if not self.repository.undo(merge, self.subject.by.actor, self.now):
            raise CaseworkRefused("这次合并刚被另一位工作人员撤销")
        stay = self._give_back(target, told)
        try:
            self.people.insert([{name: CANDIDATES.column(name).parse(cell) for name, cell in told[MERGED].items()}])
        except OutOfReach as error:
            raise CaseworkRefused("恢复的档案不在您的管辖范围，请由上级机构撤销") from error
        move_back(self.connection, told["moved"], told["aside"], source, target)
        self._note_sources(
            source, {name: (by, date.fromisoformat(on)) for name, (by, on) in told["sources"][MERGED].items()}
        )
        return stay

    def _give_back(self, target: str, told: Mapping[str, Any]) -> list[str]:
        """Set the facts that came with the merge back, where nobody changed them since; return the others."""
        version = self.people.versions([(target,)])[(target,)]  # first: a change in between is then refused
        now = self._cells(target)
        stay = [name for name in told["chosen"] if now[name] != told[MERGED][name]]
        back = [name for name in told["chosen"] if name not in stay]
        self._write(target, {name: told[KEPT][name] for name in back}, version)
        sources = told["sources"][KEPT]
        before = {name: (sources[name][0], date.fromisoformat(sources[name][1])) for name in back if name in sources}
        self._set_sources(target, back, before)
        return stay

    def latest(self) -> list[dict[str, Any]]:
        """Return the latest merges of visible people, the newest first.

        Raises
        ------
        Forbidden
            When the role may not merge for the stated purpose.
        """
        self._require()
        rows = self.repository.latest(_LATEST)
        names = names_of(
            self.connection, {row[name] for row in rows for name in ("merged_by", "undone_by") if row[name]}
        )
        return [merge_document(row, names) for row in rows]

    def one(self, merge_id: str) -> tuple[dict[str, Any], list[str]]:
        """Return one visible merge, and what stood in the way in words; the read is recorded.

        Raises
        ------
        NoSuchMerge
            When there is none, or none that is visible.
        Forbidden
            When the role may not merge for the stated purpose.
        """
        row = self._found(merge_id)
        self._note(Action.READ_CANDIDATES.value, row["kept_id"], row["candidate_id"])
        told = json.loads(row["snapshot"], object_hook=_unpacked)
        aside = [_said(name, one) for name, rows in told["aside"].items() for one in rows]
        names = names_of(self.connection, {row[name] for name in ("merged_by", "undone_by") if row[name]})
        return merge_document(row, names), aside

    # ---- parts ----

    def _require(self) -> None:
        if not self.subject.may(Action.MERGE_CANDIDATES) or self.subject.client_id is not None:
            raise Forbidden("须由有权的工作人员办理，不能由系统或接口办理")

    def _versions(self, kept_id: str, merged_id: str) -> tuple[int, int]:
        people = ScopedCandidates(self.connection, self.subject)
        for candidate_id in (kept_id, merged_id):
            people.visible(candidate_id, Action.MERGE_CANDIDATES)
        self._require()
        if kept_id == merged_id:
            raise CaseworkRefused("这是同一份档案")
        for candidate_id in (kept_id, merged_id):
            people.opened(people.visible(candidate_id, Action.READ_CANDIDATES), Action.READ_CANDIDATES)
        found = self.people.versions([(kept_id,), (merged_id,)])
        return found[(kept_id,)], found[(merged_id,)]

    def _found(self, merge_id: str) -> Row:
        found = self.repository.find(merge_id)
        if found is None:
            raise NoSuchMerge("没有这次合并")
        self._require()
        return found

    def _cells(self, candidate_id: str) -> Cells:
        values = self.people.find([(candidate_id,)])[(candidate_id,)]
        return {column.name: column.format(values[column.name]) for column in CANDIDATES.columns}

    def _write(self, candidate_id: str, cells: Cells, version: int) -> None:
        if not cells:
            return
        row = People(self.connection, self.subject).change(candidate_id, cells, version, on=self.on)
        if row is None:
            raise CaseworkRefused("保留的档案刚被修改，请重新比较后再办")

    def _note_sources(self, candidate_id: str, sources: Mapping[str, tuple[str, date]]) -> None:
        for name, (by, on) in sources.items():
            self.people.note_sources([(candidate_id, name)], by, on)

    def _set_sources(self, candidate_id: str, names: Sequence[str], sources: Mapping[str, tuple[str, date]]) -> None:
        drop_sources(self.connection, candidate_id, names)
        self._note_sources(candidate_id, sources)

    def _note(self, action: str, *candidate_ids: str) -> None:
        ids = list(dict.fromkeys(candidate_ids))
        record_each(self.connection, self.subject.by, action, object_kind="candidate", object_ids=ids)


def _is_taken(name: str, kept: Cells, merged: Cells, take: frozenset[str]) -> bool:
    if not merged[name] or merged[name] == kept[name]:
        return False
    return not kept[name] or name in take


def _packed(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"__moment__": value.isoformat()}
    if isinstance(value, date):
        return {"__day__": value.isoformat()}
    if isinstance(value, Decimal):
        return {"__decimal__": str(value)}
    raise TypeError(f"cannot keep a {type(value).__name__}")


def _unpacked(held: dict[str, Any]) -> Any:
    if "__moment__" in held:
        return datetime.fromisoformat(held["__moment__"])
    if "__day__" in held:
        return date.fromisoformat(held["__day__"])
    return Decimal(held["__decimal__"]) if "__decimal__" in held else held


def _said(table: str, row: Mapping[str, Any]) -> str:
    parts = [
        str(value) for name, value in row.items() if value is not None and name not in ("candidate_id", "row_version")
    ]
    return f"{table}: {', '.join(parts)}"


def merge_document(row: Row, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a merge as it travels in JSON."""
    return {
        "merge_id": row["merge_id"],
        "candidate_id": row["candidate_id"],
        "kept_id": row["kept_id"],
        "merged_id": row["merged_id"],
        "words": row["words"],
        "merged_at": row["merged_at"].isoformat(),
        "merged_by": row["merged_by"],
        "merged_by_name": names.get(row["merged_by"]),
        "undone_at": None if row["undone_at"] is None else row["undone_at"].isoformat(),
        "undone_by_name": names.get(row["undone_by"] or ""),
    }


def kept_instead(connection: Connection, subject: Subject, candidate_id: str) -> str | None:
    """Return the visible person whose file holds what stood under an old id since two were merged, or None."""
    return MergeRepository(connection, subject).kept_of(candidate_id)
