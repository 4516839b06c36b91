"""Records that may be of the same person: found by keyed marks, shown with the reasons, never joined by the program."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from matching.vocabulary import Term
from pipelines.access.audit import record, record_each
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Action, Subject
from pipelines.access.scope import ScopedCandidates
from pipelines.caseload.errors import CaseworkRefused
from pipelines.caseload.notes import wrong_words
from pipelines.registers.errors import RowRefused
from pipelines.registers.rows import require
from pipelines.store.merging import is_keyed
from pipelines.store.person_marks import KINDS, DistinctRepository, PersonMarks

AT_ONCE = 500
"""How many new or changed records one look at the queue marks; `yougang duplicates` marks all."""


class Likeness(Term):
    """Why two records may be of the same person."""

    CITIZEN = "citizen", "证件号中的身份证号相同"
    NAME_BIRTH = "name_birth", "姓名和出生日期相同"
    NAME_PHONE = "name_phone", "姓名和电话相同"
    BIRTH_PHONE = "birth_phone", "出生日期和电话相同"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people who may be one, the ids in order, with the reasons, the surest first."""

    first: str
    second: str
    reasons: tuple[Likeness, ...]

    @property
    def key(self) -> tuple[int, str, str]:
        """What the queue is ordered by: how sure, then how many reasons, then the ids."""
        return KINDS.index(self.reasons[0].value) * 10 - len(self.reasons), self.first, self.second

    def as_dict(self) -> dict[str, Any]:
        """Return it as it travels in JSON."""
        return {
            "candidate_ids": [self.first, self.second],
            "reasons": [{"kind": one.value, "label": one.label} for one in self.reasons],
        }


class Duplicates:
    """The queue of a subject: pairs of visible people alone."""

    def __init__(self, connection: Connection, subject: Subject, *, now: datetime) -> None:
        self.connection, self.subject, self.now = connection, subject, now
        self.marks, self.distinct = PersonMarks(connection, subject), DistinctRepository(connection, subject)

    def scan(self, limit: int) -> int:
        """Mark visible records that are new or changed, up to so many; return how many.

        Raises
        ------
        Forbidden
            When the role may not read people for the stated purpose.
        """
        return self.marks.refresh(limit) if self._may_mark() else 0

    def sweep(self, after: str | None, size: int) -> tuple[int, str | None]:
        """Mark what is new or changed among the next so many records after an id; None as the last id is the end.

        For the whole store, in as many transactions as there are parts: each record is looked at once.

        Raises
        ------
        Forbidden
            When the role may not read people for the stated purpose.
        """
        return self.marks.sweep(after, size) if self._may_mark() else (0, None)

    def _may_mark(self) -> bool:
        require(self.subject, Action.READ_CANDIDATES)
        if not is_keyed(self.connection):
            return False
        record(self.connection, self.subject.by, "duplicates.scan", object_kind="mark")
        return True

    def pairs(self) -> list[Pair]:
        """Return everybody visible who may be one of two, without those found to be two people."""
        found: dict[tuple[str, str], list[Likeness]] = {}
        for first, second, kind in self.marks.alike():
            found.setdefault((first, second), []).append(Likeness(kind))
        settled = self.distinct.pairs()
        made = [Pair(*ids, tuple(reasons)) for ids, reasons in found.items() if ids not in settled]
        return sorted(made, key=lambda pair: pair.key)

    def page(self, *, after: tuple[int, str, str] | None, limit: int) -> tuple[list[Pair], bool]:
        """Return the next pairs and whether there are more; who was shown is recorded.

        Raises
        ------
        Forbidden
            When the role may not read people for the stated purpose.
        """
        self.scan(AT_ONCE)
        left = [pair for pair in self.pairs() if after is None or pair.key > after]
        shown = left[:limit]
        ids = list(dict.fromkeys(one for pair in shown for one in (pair.first, pair.second)))
        if ids:
            by, action = self.subject.by, Action.READ_CANDIDATES.value
            record_each(self.connection, by, action, object_kind="candidate", object_ids=ids)
        return shown, len(left) > limit

    def of(self, first: str, second: str) -> Pair | None:
        """Return what speaks for two visible people being one, or None where nothing does any more."""
        ids = tuple(sorted((first, second)))
        return next((pair for pair in self.pairs() if (pair.first, pair.second) == ids), None)

    def are_two(self, candidate_ids: Sequence[str], words: str) -> None:
        """Keep that two visible people who are alike are two, by a named person and with the reason.

        Raises
        ------
        NoSuchPerson
            When one of them is not visible.
        Forbidden
            When the role may not merge for the stated purpose, or a machine asks.
        RowRefused
            When no reason is given.
        CaseworkRefused
            When it is the same id twice, or settled already.
        """
        people = ScopedCandidates(self.connection, self.subject)
        for candidate_id in candidate_ids:
            people.visible(candidate_id, Action.MERGE_CANDIDATES)
        if self.subject.client_id is not None:
            raise Forbidden("须由工作人员决定，不能由系统或接口决定")
        if faults := wrong_words("words", words):
            raise RowRefused(faults)
        first, second = sorted(candidate_ids)
        if first == second or self.distinct.of(first, second) is not None:
            raise CaseworkRefused("这两份档案已有结论")
        by = self.subject.by
        record_each(
            self.connection, by, "candidates.distinct", object_kind="candidate", object_ids=[first, second]
        )  # fmt: skip
        self.distinct.add(
            {
                "decision_id": str(uuid4()),
                "candidate_id": first,
                "other_id": second,
                "words": words.strip(),
                "decided_at": self.now,
                "decided_by": by.actor,
            }
        )
