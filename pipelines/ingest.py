"""A sheet into the store: accepted + unchanged + rejected = read, always; running it twice changes nothing.

A row that cannot be taken is rejected alone. Rows go in by blocks, each in a transaction of its own, so a file that
breaks off keeps what was taken. An empty cell says nothing: it never erases a known fact.
"""

import csv
import hashlib
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from sqlalchemy import Connection, Engine

from matching.identity import parse_certificate
from pipelines.access.audit import record, wait_for_turn
from pipelines.access.roles import Subject
from pipelines.errors import PipelineError
from pipelines.mapping_protocol import RowMapping, Translated
from pipelines.placement_faults import placement_faults
from pipelines.plan_schema import ENROLMENTS, SITES
from pipelines.plan_tables import INITIATIVES, unit_record_faults
from pipelines.publicity_tables import publicity_faults, review_faults
from pipelines.schema import (
    CANDIDATES,
    COURSES,
    EMPLOYERS,
    VACANCIES,
    CellError,
    ColumnSpec,
    TableSpec,
    holds_citizen_number,
)
from pipelines.sheets import RawRow, Sheet, SheetError, inert, open_sheet, plain, resolve_headers
from pipelines.store.assignments import Assignment, AssignmentRepository
from pipelines.store.merging import merged_ids
from pipelines.store.reach import accepts
from pipelines.store.repositories import CandidateRepository, ImportRepository, TableRepository
from pipelines.vacancy_workflow.repository import on_their_way
from pipelines.venture_tables import VENTURES, venture_faults, visit_faults

logger = logging.getLogger(__name__)
BLOCK = 2000
SAMPLE = 50
MASK = "***"
_LONG_NUMBER = re.compile(r"\d[\d\s-]{9,}")  # eleven digits: a telephone, citizen or certificate number
Key = tuple[Any, ...]
Values = Mapping[str, Any]


class ImportBroken(PipelineError):
    """The file could not be read to its end; what was read before is kept and told."""

    def __init__(self, reason: str, report: "IngestReport") -> None:
        super().__init__(
            f"{reason}；此前已读 {report.read} 行（接收 {report.accepted}，未变 {report.unchanged}，"
            f"拒收 {report.rejected}），修好文件后可再次导入"
        )
        self.report = report


@dataclass(frozen=True, slots=True)
class Rejection:
    """One thing wrong with one row; the value is masked where it is personal."""

    row: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of the rows; `rejections` are the first few, `notes` count what was noticed by code."""

    table: str
    read: int
    accepted: int
    unchanged: int
    rejected: int
    dry_run: bool
    rejections: tuple[Rejection, ...] = ()
    notes: Mapping[str, int] = field(default_factory=dict)


class Progress(Protocol):
    """Told how many rows were read."""

    def __call__(self, count: int, total: int | None = None) -> None:
        """Take a count."""


@dataclass(slots=True)
class _Row:
    """A row on its way: parsed values, or what is wrong with it."""

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    key: Key = ()
    rejections: list[Rejection] = field(default_factory=list)

    def reject(self, column: str, reason: str, value: str = "") -> None:
        self.rejections.append(Rejection(self.number, column, value, reason))


def ingest(
    engine: Engine,
    table: TableSpec,
    path: Path,
    *,
    subject: Subject,
    supplied_by: str,
    on: date,
    mapping: RowMapping | None = None,
    dry_run: bool = False,
    rejects_path: Path | None = None,
    progress: Progress | None = None,
) -> IngestReport:
    """Import one sheet into one table.

    Raises
    ------
    SheetError
        When the file cannot be read at all, or its headers are not those of the table.
    ImportBroken
        When reading stops half-way; the rows before are kept.
    """
    run = _Run(table, subject, supplied_by=supplied_by, on=on, mapping=mapping, dry_run=dry_run)
    started = datetime.now(UTC)
    if rejects_path is not None and rejects_path.resolve() == path.resolve():
        raise PipelineError("拒收清单不能写到导入的文件本身，请换一个文件名")
    with ExitStack() as stack:
        sheet = stack.enter_context(open_sheet(path))
        run.read_headers(sheet)
        rejects = stack.enter_context(_rejects(rejects_path))
        broken: str | None = None
        for block in _blocks(sheet.rows, BLOCK):
            with engine.connect() as connection, connection.begin() as transaction:
                rejects(run.take(block.rows, connection))
                if dry_run:
                    transaction.rollback()
            broken = block.broken
            if progress is not None:
                progress(run.read)
    report = run.report()
    if not dry_run:
        with engine.begin() as connection:
            _log(connection, report, path, supplied_by, started)
    if broken is not None:
        raise ImportBroken(broken, report)
    return report


@dataclass(frozen=True, slots=True)
class _Block:
    rows: list[RawRow]
    broken: str | None = None


def _blocks(rows: Iterator[RawRow], size: int) -> Iterator[_Block]:
    """Yield blocks of rows; where reading breaks, the rows before it still come, with the reason."""
    block: list[RawRow] = []
    while True:
        try:
            row = next(rows, None)
        except SheetError as error:
            yield _Block(block, str(error))
            return
        if row is None:
            break
        block.append(row)
        if len(block) == size:
            yield _Block(block)
            block = []
    yield _Block(block)


_OWN_WAY = "这个岗位已进入发布流程：请在流程中修改、检查，并由另一人复核，不能由表格覆盖"


class _Run:
    """One import: what it was told, and what it has seen."""

    def __init__(
        self,
        table: TableSpec,
        subject: Subject,
        *,
        supplied_by: str,
        on: date,
        mapping: RowMapping | None,
        dry_run: bool,
    ) -> None:
        self.table, self.subject = table, subject
        self.supplied_by, self.on = supplied_by, on
        self.mapping, self.dry_run = mapping, dry_run
        self.columns: Mapping[str, str] = {}
        self.read = self.accepted = self.unchanged = self.rejected = 0
        self.notes: Counter[str] = Counter()
        self.sample: list[Rejection] = []
        self.seen: dict[Key, tuple[int, int]] = {}  # key to row number and hash of the values
        self.certificates: dict[str, Key] = {}  # hash of the number to the row's key, within this file
        self.on_their_way: set[str] = set()  # of the block at hand: vacancies that only their own workflow changes

    def read_headers(self, sheet: Sheet) -> None:
        if self.mapping is not None:
            self.mapping.check_headers(sheet.headers)
        else:
            self.columns = resolve_headers(sheet.headers, self.table)

    def report(self) -> IngestReport:
        return IngestReport(
            table=self.table.name,
            read=self.read,
            accepted=self.accepted,
            unchanged=self.unchanged,
            rejected=self.rejected,
            dry_run=self.dry_run,
            rejections=tuple(self.sample),
            notes=dict(sorted(self.notes.items())),
        )

    def take(self, raw_rows: Sequence[RawRow], connection: Connection) -> list[Rejection]:
        """Take a block; return everything that is wrong in it."""
        rows = [self._parse(raw) for raw in raw_rows]
        if not self.dry_run:
            # What is read from here on is written over as a whole: a change made in between would be lost.
            wait_for_turn(connection)
        repository = TableRepository(connection, self.table, self.subject)
        stored = repository.find(row.key for row in rows if not row.rejections)
        self._check_references(rows, connection)
        self._check_reach(rows, stored, repository)
        self._check_merged(rows, stored, connection)
        if self.table is VACANCIES:
            self.on_their_way = on_their_way(connection, [str(key[0]) for key in stored])
        holders = self._holders(rows, connection)
        new: list[dict[str, Any]] = []
        changed: list[dict[str, Any]] = []
        facts: list[tuple[str, str]] = []
        for row in rows:
            self._check_certificate(row, holders)
            self._place(row, stored.get(row.key) if not row.rejections else None, new, changed, facts)
        if new or changed:
            self._answer_for(connection, new, changed)
        repository.insert(new)
        repository.replace(changed)
        if self.table.name == "candidates":
            CandidateRepository(connection, self.subject).note_sources(facts, self.supplied_by, self.on)
            self._take_on(connection, new)
        found = [rejection for row in rows for rejection in row.rejections]
        self.sample += found[: max(0, SAMPLE - len(self.sample))]
        return found

    def _check_reach(self, rows: Sequence[_Row], stored: Mapping[Key, Values], repository: TableRepository) -> None:
        """Reject what is not the subject's to write; an id that is taken out of its sight is only said to be taken."""
        if self.subject.is_local:
            return
        good = [row for row in rows if not row.rejections]
        taken = repository.taken(row.key for row in good if row.key not in stored)
        for row in good:
            if row.key in taken:
                row.reject(self.table.key[0], "这个编号已被占用", self._shown_key(row))
            elif self._is_elsewhere(stored.get(row.key)) or not accepts(
                self.table.name, self.subject, self._as_placed(row, stored.get(row.key))
            ):
                owner = "region" if self.subject.employer_id is None else "employer_id"
                row.reject(owner if self.table.name in _PLACED else self.table.key[0], "不在您的管辖范围")

    def _check_merged(self, rows: Sequence[_Row], stored: Mapping[Key, Values], connection: Connection) -> None:
        """Reject a person whose record was put into another one: registered again, there would be two once more."""
        if self.table is not CANDIDATES:
            return
        new = [row for row in rows if not row.rejections and row.key not in stored]
        gone = merged_ids(connection, [str(row.key[0]) for row in new])
        for row in new:
            if row.key[0] in gone:
                row.reject("candidate_id", "这份档案已并入另一份，请用合并后的编号", self._shown_key(row))

    def _is_elsewhere(self, stored: Values | None) -> bool:
        """True for a vacancy of another office's place: every office sees it, only its own writes it."""
        return (
            self.table is VACANCIES
            and stored is not None
            and self.subject.employer_id is None
            and not accepts(self.table.name, self.subject, {"region": stored["region"]})
        )

    def _as_placed(self, row: _Row, stored: Values | None) -> Values:
        """Return a row as it would be stored; of a row in sight only a new place counts, it may be seen for another."""
        if stored is None:
            return row.values
        told = {name: value for name, value in row.values.items() if value not in (None, (), {})}
        region = told.get("region")
        return {**stored, **told, "region": None if region == stored.get("region") else region}

    def _take_on(self, connection: Connection, new: Sequence[Values]) -> None:
        """Assign new people without a region to the office that registers them, or it would lose them at once."""
        office = self.subject.organisation_id
        if self.subject.is_local or office is None:
            return
        now, assignments = datetime.now(UTC), AssignmentRepository(connection, self.subject)
        for values in new:
            if values["region"] is None:
                assignments.add(Assignment(str(uuid4()), values["candidate_id"], office, None, now, None))

    def _shown_key(self, row: _Row) -> str:
        names = self.table.key
        return " / ".join(_shown(self.table, self.table.column(name), str(row.values[name])) for name in names)

    def _answer_for(self, connection: Connection, new: Sequence[Values], changed: Sequence[Values]) -> None:
        """Write the audit's row for a block; a single row is named in it."""
        only = [*new, *changed][0][self.table.key[0]] if len(new) + len(changed) == 1 else None
        record(
            connection,
            self.subject.by,
            f"{self.table.name}.write",
            object_kind="vacancy" if self.table is VACANCIES else self.table.name.removesuffix("s"),
            object_id=only,
            details={"new": len(new), "changed": len(changed)},
        )

    def check_around(self, row: _Row, connection: Connection) -> None:
        """Check one row against the rows that it refers to, and that nobody else holds its certificate."""
        self._check_references([row], connection)
        self._check_certificate(row, self._holders([row], connection))

    def _parse(self, raw: RawRow) -> _Row:
        self.read += 1
        row = _Row(raw.number)
        if raw.problem is not None:
            row.reject(self.columns.get(raw.problem[0], raw.problem[0]), raw.problem[1])
            return row
        cells = self._cells(raw, row)
        if cells is None:
            return row
        for column in self.table.columns:
            cell = cells.get(column.name, "")
            try:
                row.values[column.name] = column.parse(cell)
            except CellError as error:
                row.reject(column.name, str(error), _shown(self.table, column, cell))
        if not row.rejections:
            row.key = tuple(row.values[name] for name in self.table.key)
            _check_row(self.table.name, row, self.on)
        return row

    def _cells(self, raw: RawRow, row: _Row) -> Mapping[str, str] | None:
        if self.mapping is None:
            return {name: plain(raw.cells.get(header, "")) for header, name in self.columns.items()}
        try:
            translated: Translated = self.mapping.translate({h: plain(c) for h, c in raw.cells.items()})
        except CellError as error:
            row.reject("", str(error))
            return None
        self.notes.update(note.code for note in translated.notes)
        return translated.cells

    def _place(
        self,
        row: _Row,
        stored: dict[str, Any] | None,
        new: list[dict[str, Any]],
        changed: list[dict[str, Any]],
        facts: list[tuple[str, str]],
    ) -> None:
        """Decide what becomes of a row: rejected, unchanged, changed or new."""
        if not row.rejections:
            self._check_repeated(row)
        if row.rejections:
            self.rejected += 1
            return
        if row.key in self.seen:  # and equal, else it would have been rejected
            self.unchanged += 1
            return
        supplied = {name: value for name, value in row.values.items() if value not in (None, (), {})}
        if stored is None:
            new.append(row.values)
            facts += self._facts(row.key, supplied)
            self._took(row)
            self.accepted += 1
            return
        differing = {name: value for name, value in supplied.items() if stored[name] != value}
        if any(stored[name] not in (None, (), {}) for name in stored if name not in supplied):
            self.notes["kept_known_fact"] += 1
        if not differing:
            self._took(row)
            self.unchanged += 1
            return
        if row.key[0] in self.on_their_way:
            row.reject(self.table.key[0], _OWN_WAY, self._shown_key(row))
            self.rejected += 1
            return
        merged = _Row(row.number, {**stored, **differing})
        _check_row(self.table.name, merged, self.on)
        if merged.rejections:
            row.rejections += merged.rejections
            self.rejected += 1
            return
        changed.append(merged.values)
        facts += self._facts(row.key, differing)
        self._took(row)
        self.accepted += 1

    def _took(self, row: _Row) -> None:
        """Remember a row that is stored now; a rejected one neither holds its key nor its certificate."""
        self.seen[row.key] = (row.number, self._digest(row))
        if row.values.get("certificate_number"):
            self.certificates[_certificate_digest(row)] = row.key

    def _digest(self, row: _Row) -> int:
        """Return a hash of the row as it would be written: equal values in another order or spelling are equal."""
        return hash(tuple(column.format(row.values[column.name]) for column in self.table.columns))

    def _facts(self, key: Key, supplied: Mapping[str, Any]) -> list[tuple[str, str]]:
        if self.table.name != "candidates":
            return []
        return [(str(key[0]), name) for name in supplied if name != "candidate_id"]

    def _check_repeated(self, row: _Row) -> None:
        first = self.seen.get(row.key)
        if first is None:
            return
        if first[1] != self._digest(row):
            row.reject(self.table.key[0], f"与第 {first[0]} 行编号相同而内容不同", self._shown_key(row))

    def _check_references(self, rows: Sequence[_Row], connection: Connection) -> None:
        for name, target in _REFERENCES.get(self.table.name, {}).items():
            good = [row for row in rows if not row.rejections and row.values[name] is not None]
            known = TableRepository(connection, target, self.subject).existing(name, [row.values[name] for row in good])
            for row in good:
                if row.values[name] not in known:
                    row.reject(name, "没有这个编号，请先导入它所指的记录", str(row.values[name]))
            if target is not CANDIDATES and {"candidate_id"} <= target.by_name.keys() & self.table.by_name.keys():
                self._check_owners([row for row in good if not row.rejections], name, target, connection)

    def _check_owners(self, rows: Sequence[_Row], name: str, target: TableSpec, connection: Connection) -> None:
        """Reject what refers to a record of another person."""
        held = TableRepository(connection, target, self.subject).find([(row.values[name],) for row in rows])
        for row in rows:
            if held[row.values[name],]["candidate_id"] != row.values["candidate_id"]:
                row.reject(name, "是另一位求职者的记录", str(row.values[name]))

    def _holders(self, rows: Sequence[_Row], connection: Connection) -> Mapping[str, str]:
        """Return who holds the certificates of these rows in the store, by the number without its suffix."""
        if self.table.name != "candidates":
            return {}
        stems = [_stem(row) for row in rows if not row.rejections and row.values["certificate_number"]]
        return CandidateRepository(connection, self.subject).holders(stems)

    def _check_certificate(self, row: _Row, holders: Mapping[str, str]) -> None:
        """Reject a certificate that another person holds, in the store or earlier in this file."""
        if row.rejections or not row.values.get("certificate_number"):
            return
        other = holders.get(_stem(row)) or (self.certificates.get(_certificate_digest(row)) or (None,))[0]
        if other is not None and other != row.key[0]:
            # Whose it is may be out of sight; only who sees everybody is told.
            holder = f"在求职者 {other} 名下" if self.subject.is_local else ""
            row.reject("certificate_number", f"这个残疾人证号已登记{holder}", MASK)


def _stem(row: _Row) -> str:
    """Return the certificate number without its re-issue suffix."""
    return str(row.values["certificate_number"][:20])


def _certificate_digest(row: _Row) -> str:
    return hashlib.sha256(_stem(row).encode()).hexdigest()


def _check_row(table: str, row: _Row, on: date) -> None:
    """Check what must hold between the columns of one row."""
    for low, high, words in _IN_ORDER.get(table, ()):
        first, last = row.values.get(low), row.values.get(high)
        if first is not None and last is not None and first > last:
            row.reject(high, words, str(last))
    if table == "candidates":
        _check_candidate(row, on)
    for column, reason in _FAULTS[table](row.values, on) if table in _FAULTS else ():
        row.reject(column, reason)
    if table == "initiative_people" and row.values.get("on") is not None and row.values["on"] > on:
        row.reject("on", "不能晚于今天", row.values["on"].isoformat())


def _check_candidate(row: _Row, on: date) -> None:
    values = row.values
    born = values.get("birth_date")
    if born is not None and (born > on or on.year - born.year > 120):
        row.reject("birth_date", "出生日期不应在将来，也不应早于 120 年前", MASK)
    if not values.get("certificate_number"):
        return
    certificate = parse_certificate(values["certificate_number"])
    if certificate.birth_date > on:
        row.reject("certificate_number", "残疾人证号中的出生日期在将来", MASK)
    told = {
        "category": certificate.category,
        "grade": certificate.grade,
        "sex": certificate.sex,
        "birth_date": certificate.birth_date,
    }
    for name, value in told.items():
        if values.get(name) is not None and values[name] != value:
            row.reject(name, "与残疾人证号所载不符", MASK)


_IN_ORDER: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "vacancies": (
        ("wage_min", "wage_max", "月工资上限低于下限"),
        ("opens_on", "closes_on", "截止日期早于开始日期"),
    ),
    "candidates": (("hard_to_employ_since", "hard_to_employ_until", "认定到期日早于认定日期"),),
    "placements": (("starts_on", "ends_on", "结束日期早于开始日期"),),
    "courses": (("starts_on", "ends_on", "结束日期早于开班日期"),),
    "enrolments": (("starts_on", "ends_on", "结束日期早于开始日期"),),
    "sites": (("opened_on", "closed_on", "停办日期早于开办日期"),),
    "labour_projects": (("starts_on", "ends_on", "结束日期早于开始日期"),),
    "service_contracts": (("starts_on", "ends_on", "结束日期早于开始日期"),),
    "initiatives": (("starts_on", "ends_on", "结束日期早于开始日期"),),
    "unit_records": (("reserved", "posts", "预留的岗位多于岗位数"),),
    "ventures": (("starts_on", "ends_on", "停止日期早于开始日期"),),
}
_FAULTS: Mapping[str, Callable[[Mapping[str, Any], date], Iterable[tuple[str, str]]]] = {
    "placements": placement_faults,
    "unit_records": unit_record_faults,
    "ventures": venture_faults,
    "publicity": publicity_faults,
    "course_reviews": review_faults,
    "visits": visit_faults,
}


_PLACED = frozenset({"candidates", "employers", "vacancies", "initiatives", "publicity"})
_REFERENCES: Mapping[str, Mapping[str, TableSpec]] = {
    "interactions": {"candidate_id": CANDIDATES, "vacancy_id": VACANCIES},
    "services": {"candidate_id": CANDIDATES},
    "placements": {"candidate_id": CANDIDATES},
    "enrolments": {"candidate_id": CANDIDATES, "course_id": COURSES},
    "labour_projects": {"site_id": SITES},
    "initiative_posts": {"initiative_id": INITIATIVES, "vacancy_id": VACANCIES},
    "initiative_people": {"initiative_id": INITIATIVES, "candidate_id": CANDIDATES},
    "unit_records": {"employer_id": EMPLOYERS, "vacancy_id": VACANCIES},
    "ventures": {"candidate_id": CANDIDATES},
    "course_reviews": {"course_id": COURSES},
    "visits": {"candidate_id": CANDIDATES, "venture_id": VENTURES, "enrolment_id": ENROLMENTS},
}


def _shown(table: TableSpec, column: ColumnSpec, cell: str) -> str:
    # In a sheet of people a number that slipped into the wrong column is still personal.
    is_long = table.name == "candidates" and _LONG_NUMBER.search(cell)
    is_personal = column.sensitive or is_long or holds_citizen_number(cell)
    return MASK if is_personal and cell else cell[:200]


Writer = Callable[[Iterable[Rejection]], None]


@contextmanager
def _rejects(path: Path | None) -> Iterator[Writer]:
    """Yield a writer of rejections to a CSV that opens in Excel; to nowhere without a path."""
    if path is None:
        yield lambda _: None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["行号", "列", "值", "原因"])
        yield lambda rejections: writer.writerows(
            [r.row, inert(r.column), inert(r.value), inert(r.reason)] for r in rejections
        )


def _log(connection: Connection, report: IngestReport, path: Path, supplied_by: str, started: datetime) -> None:
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while part := handle.read(1 << 20):
            digest.update(part)
    ImportRepository(connection).save(
        {
            "table_name": report.table,
            "file_name": path.name,
            "file_sha256": digest.hexdigest(),
            "started_at": started,
            "supplied_by": supplied_by,
            "read": report.read,
            "accepted": report.accepted,
            "unchanged": report.unchanged,
            "rejected": report.rejected,
        }
    )
    logger.info("import table=%s read=%d rejected=%d", report.table, report.read, report.rejected)


@dataclass(frozen=True, slots=True)
class OneRow:
    """What became of a single row: the values as they are stored now, or what is wrong with it."""

    key: Key
    is_new: bool = False
    is_changed: bool = False
    rejections: tuple[Rejection, ...] = ()


def take_one(
    connection: Connection, table: TableSpec, cells: Mapping[str, str], *, subject: Subject, supplied_by: str, on: date
) -> OneRow:
    """Take one row through the checks of an import, in the caller's transaction; `cells` are texts by column name.

    A stored row of the same key is changed as an import would change it: an empty cell erases nothing.
    """
    run = _Run(table, subject, supplied_by=supplied_by, on=on, mapping=None, dry_run=False)
    run.columns = {name: name for name in cells}
    is_there = bool(TableRepository(connection, table, subject).find(_key_in(table, cells)))
    rejections = run.take([RawRow(1, {name: inert(text) for name, text in cells.items()})], connection)
    if rejections:
        return OneRow((), rejections=tuple(rejections))
    return OneRow(next(iter(run.seen)), is_new=not is_there, is_changed=is_there and run.accepted == 1)


def _key_in(table: TableSpec, cells: Mapping[str, str]) -> list[Key]:
    """Return the key that cells name, in a list; none where a cell of it cannot be read, which is told elsewhere."""
    try:
        return [tuple(table.column(name).parse(cells.get(name, "")) for name in table.key)]
    except CellError:
        return []


def faults(
    connection: Connection, table: TableSpec, values: Mapping[str, Any], *, subject: Subject, on: date
) -> list[Rejection]:
    """Return what is wrong with a row as a whole, as an import would say it: between its columns and to other rows."""
    run = _Run(table, subject, supplied_by="", on=on, mapping=None, dry_run=True)
    row = _Row(1, dict(values), tuple(values[name] for name in table.key))
    _check_row(table.name, row, on)
    run.check_around(row, connection)
    return row.rejections
