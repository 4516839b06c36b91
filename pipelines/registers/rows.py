"""One row of a table as a subject: pages of what is visible, one row with its version, a row added, a row changed.

Every row goes through the checks of the import, so that the answer is the same at every door. What is handed out of a
person and what is written has its audit row in the caller's transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection
from sqlalchemy.exc import IntegrityError

from matching.vocabulary import InteractionKind
from pipelines.access.audit import record, record_each, wait_for_turn
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Action, Subject
from pipelines.access.scope import ScopedCandidates
from pipelines.ingest import faults, take_one
from pipelines.notices.referred import tell_company
from pipelines.registers.errors import AlreadyRegistered, Fault, NoSuchRecord, RowRefused
from pipelines.schema import CellError, TableSpec
from pipelines.store.assignments import Assignment, AssignmentRepository
from pipelines.store.errors import OutOfReach
from pipelines.store.reach import accepts
from pipelines.store.repositories import TableRepository

Key = tuple[Any, ...]
OF_A_PERSON = frozenset(
    {"candidates", "interactions", "placements", "services", "enrolments", "initiative_people", "ventures", "visits"}
)


@dataclass(frozen=True, slots=True)
class Row:
    """A stored row and its version."""

    values: dict[str, Any]
    version: int


def require(subject: Subject, action: Action) -> None:
    """Let an act through that has no single object.

    Raises
    ------
    Forbidden
        When the role may not do this for the stated purpose.
    """
    if not subject.may(action):
        raise Forbidden("您的角色不能为这一目的这样做")


class Register:
    """The rows of one table as a subject reaches them."""

    def __init__(self, connection: Connection, spec: TableSpec, subject: Subject) -> None:
        self.connection, self.spec, self.subject = connection, spec, subject
        self.repository = TableRepository(connection, spec, subject)

    def page(
        self, *, after: Key | None, limit: int, filters: Mapping[str, Any], action: Action
    ) -> tuple[list[Row], bool]:
        """Return the next visible rows by key, and whether there are more; a filter that is None is none.

        Raises
        ------
        Forbidden
            When the role may not read this table for the stated purpose.
        NoSuchPerson
            When a person is asked for who is not there or not visible.
        """
        if filters.get("candidate_id") is not None:
            ScopedCandidates(self.connection, self.subject).visible(filters["candidate_id"], action)
        require(self.subject, action)
        last = None if after is None else tuple(map(self._key_part, self.spec.key, after))
        found = self.repository.page(last, limit + 1, self._where(filters))
        rows = [Row(values, version) for values, version in found[:limit]]
        if self.spec.name in OF_A_PERSON:
            self.note_read(action, [row.values["candidate_id"] for row in rows])
        return rows, len(found) > limit

    def _key_part(self, name: str, value: Any) -> Any:
        column = self.spec.column(name)
        return column.parse(value) if column.stored == "term" else value

    def _where(self, filters: Mapping[str, Any]) -> Sequence[ColumnElement[bool]]:
        columns = self.repository.table.c
        return [columns[name] == _storable(value) for name, value in filters.items() if value is not None]

    def note_read(self, action: Action, candidate_ids: Sequence[str]) -> None:
        """Record who of the people was handed out; one row for each, so that a person's own extract shows it."""
        people = list(dict.fromkeys(candidate_ids))
        if people:
            record_each(self.connection, self.subject.by, action.value, object_kind="candidate", object_ids=people)

    def note(self, action: Action, object_id: str | None) -> None:
        """Record an act on a row; what concerns a person is kept under the person."""
        kind = "candidate" if self.spec.name in OF_A_PERSON else self.spec.name.removesuffix("s")
        record(self.connection, self.subject.by, action.value, object_kind=kind, object_id=object_id)

    def one(self, key: Key, action: Action) -> Row:
        """Return a visible row, recorded where it speaks of a person.

        Raises
        ------
        NoSuchRecord
            When there is none, or none that is visible.
        Forbidden
            When it is visible, but the role may not read it for the stated purpose.
        """
        row = self.look(key, action)
        if self.spec.name in OF_A_PERSON:
            self.note(action, row.values["candidate_id"])
        return row

    def look(self, key: Key, action: Action) -> Row:
        """Return a visible row in one statement; who hands it out records that.

        Raises
        ------
        NoSuchRecord
            When there is none, or none that is visible.
        Forbidden
            When it is visible, but the role may not read it for the stated purpose.
        """
        found = self.repository.page(None, 1, self._where(dict(zip(self.spec.key, key, strict=True))))
        if not found:
            raise NoSuchRecord("没有这条记录")
        require(self.subject, action)
        return Row(*found[0])

    def add(
        self, cells: Mapping[str, str], action: Action, *, on: date, supplied_by: str | None = None
    ) -> tuple[Row, bool]:
        """Add a row and say whether it is new; the same row once more is the row that is there.

        Raises
        ------
        NoSuchPerson
            When it is about a person who is not there or not visible.
        Forbidden
            When the role may not write this table for the stated purpose.
        RowRefused
            When an import would reject the row.
        AlreadyRegistered
            When a row with this key says something else.
        """
        person = cells.get("candidate_id")
        if self.spec.name in OF_A_PERSON and self.spec.name != "candidates" and person is not None:
            ScopedCandidates(self.connection, self.subject).visible(person, action)
        require(self.subject, action)
        wait_for_turn(self.connection)  # of two at the same key the second has to find the first one's row
        key = self._key(cells)
        version = self.repository.versions([key]).get(key)  # before the row, as whoever changes it later relies on both
        if version is not None and (stored := self.repository.find([key]).get(key)) is not None:
            if not self._says_the_same(stored, cells):
                raise self._already()
            return Row(stored, version), False
        if self.repository.taken([key]):
            raise self._already()
        self.note(action, str(cells.get("candidate_id") or key[0]))
        by = supplied_by or self.subject.by.actor
        try:
            taken = take_one(self.connection, self.spec, cells, subject=self.subject, supplied_by=by, on=on)
        except IntegrityError as error:
            # Somebody registered the same key at the same time, or holds it out of reach.
            raise self._already() from error
        except OutOfReach as error:
            raise RowRefused([Fault("region", "不在您的管辖范围")]) from error
        if taken.rejections:
            raise RowRefused([Fault(one.column, one.reason) for one in taken.rejections])
        row = self._taken(taken.key)
        if self.spec.name == "interactions" and row.values["kind"] is InteractionKind.REFERRED:
            tell_company(self.connection, row.values["vacancy_id"], on=on)
        return row, True

    def _already(self) -> AlreadyRegistered:
        """Say what is there already: a number, or a row that bears none."""
        if self.spec.name == "services":
            return AlreadyRegistered("这位求职者这一天的这项服务已登记，内容不同；同一天的同一项服务只登记一条")
        if len(self.spec.key) == 1:
            return AlreadyRegistered("这个编号已登记")
        return AlreadyRegistered("对象、事项和日期都相同的一条已登记")

    def _taken(self, key: Key) -> Row:
        """Return a row just written; whom nobody here would see by region is taken on by the own office."""
        found = self.repository.find([key]).get(key)
        if found is None and self.spec.name == "candidates" and self.subject.organisation_id is not None:
            made = Assignment(str(uuid4()), key[0], self.subject.organisation_id, None, datetime.now(UTC), None)
            AssignmentRepository(self.connection, self.subject).add(made)
            found = self.repository.find([key]).get(key)
        if found is None:
            raise RowRefused([Fault(self.spec.key[0], "不在您的管辖范围")])
        return Row(found, self.repository.versions([key])[key])

    def _key(self, cells: Mapping[str, str]) -> Key:
        parsed = self.parsed({name: cells.get(name, "") for name in self.spec.key})
        return tuple(parsed[name] for name in self.spec.key)

    def _says_the_same(self, stored: Mapping[str, Any], cells: Mapping[str, str]) -> bool:
        parsed = self.parsed(cells)
        return all(_same(stored[name], parsed.get(name)) for name in self.spec.by_name)

    def parsed(self, cells: Mapping[str, str]) -> dict[str, Any]:
        """Return the values of cells.

        Raises
        ------
        RowRefused
            When one of them cannot be taken.
        """
        values: dict[str, Any] = {}
        wrong: list[Fault] = []
        for name, text in cells.items():
            try:
                values[name] = self.spec.column(name).parse(text)
            except CellError as error:
                wrong.append(Fault(name, str(error)))
        if wrong:
            raise RowRefused(wrong)
        return values

    def change(self, key: Key, cells: Mapping[str, str], version: int, action: Action, *, on: date) -> Row | None:
        """Write the named cells over a visible row of this version; an empty cell says that it is unknown again.

        Returns None where somebody changed the row since that version.

        Raises
        ------
        NoSuchRecord
            When there is none, or none that is visible.
        Forbidden
            When the role may not write this table for the stated purpose.
        RowRefused
            When the row as it would be cannot be taken.
        """
        safe = tuple(_storable(part) for part in key)
        stored = self.stored(safe)
        if stored is None:
            raise NoSuchRecord("没有这条记录")
        require(self.subject, action)
        merged = {**stored, **self.parsed(cells)}
        self._check(merged, stored, on)
        if self.repository.versions([safe])[safe] != version:
            return None
        self.note(action, str(stored.get("candidate_id") or key[0]))
        try:
            if not self.repository.replace_if(merged, version):
                return None
        except IntegrityError as error:
            raise AlreadyRegistered("与已登记的记录冲突") from error
        # Who has no place any more would be seen by nobody here: the own office keeps the person.
        return self._taken(safe) if self.spec.name == "candidates" else Row(merged, version + 1)

    def stored(self, key: Key) -> dict[str, Any] | None:
        """Return a visible row for who is about to change it, or None."""
        safe = tuple(_storable(part) for part in key)
        return self.repository.find([safe]).get(safe)

    def _check(self, merged: Mapping[str, Any], stored: Mapping[str, Any], on: date) -> None:
        # Of a row in sight only a new place counts: it may be seen for another reason than its place.
        is_moved = merged.get("region") != stored.get("region")
        placed = merged if is_moved else {**merged, "region": None}
        if not accepts(self.spec.name, self.subject, placed):
            raise RowRefused([Fault("region", "不在您的管辖范围")])
        found = faults(self.connection, self.spec, merged, subject=self.subject, on=on)
        if found:
            raise RowRefused([Fault(one.column, one.reason) for one in found])


def _same(stored: Any, given: Any) -> bool:
    return (None if stored in (None, (), {}) else stored) == (None if given in (None, (), {}) else given)


def _storable(value: Any) -> Any:
    # PostgreSQL takes no NUL in a text: nothing has such a key.
    return value.replace("\x00", "\ufffd") if isinstance(value, str) and "\x00" in value else value
