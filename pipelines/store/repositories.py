"""Every query of the store: rows in, entities out. Nothing above this file knows a table.

The caller opens the connection and commits.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    null,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from matching.duties.strong import strong_lines
from matching.entities import (
    Candidate,
    CandidateId,
    Course,
    Employer,
    FactSource,
    Interaction,
    Placement,
    Service,
    Vacancy,
    VacancyId,
)
from pipelines.access.roles import Subject
from pipelines.access.vault import Place
from pipelines.schema import (
    CANDIDATES,
    COURSES,
    EMPLOYERS,
    INTERACTIONS,
    PLACEMENTS,
    SERVICES,
    VACANCIES,
    ColumnSpec,
    TableSpec,
)
from pipelines.store import tables
from pipelines.store.errors import NotFound, OutOfReach
from pipelines.store.reach import accepts, reach
from pipelines.store.sealed import STEM, certificate_index, certificate_indices, sealed, vault_of

Key = tuple[Any, ...]
Values = Mapping[str, Any]
CLOSED_TO_MATCHING = frozenset({"name", "phone"})
"""What says who somebody is and nothing about work; the home address is held against the places of work, as words."""
_MANY = 400  # keys or rows in one statement: SQLite takes a limited number of parameters


def _converter(column: ColumnSpec, *, is_sealed: bool) -> Callable[[Any], Any] | None:
    """Return how a stored value becomes a value, or None where it is one already."""
    if is_sealed and column.stored == "date":
        return date.fromisoformat
    if column.stored not in ("term", "packed"):
        return None
    # The same few texts come back for every row: each is parsed once.
    return cache(column.parse_text)


@dataclass(frozen=True, slots=True)
class _Layout:
    """What every repository of a table needs of it, worked out once."""

    spec: TableSpec
    columns: list[Any]
    sealed: tuple[str, ...]
    sealed_at: list[tuple[int, str]]
    converters: list[Callable[[Any], Any] | None]
    attributes: list[str]

    @classmethod
    def of(cls, spec: TableSpec) -> "_Layout":
        found = _LAYOUTS.get(spec.name)
        if found is None or found.spec is not spec:
            table, sealed_columns = tables.CASE_TABLES[spec.name], tuple(tables.SEALED.get(spec.name, ()))
            found = _LAYOUTS[spec.name] = cls(
                spec=spec,
                columns=[table.c[column.name] for column in spec.columns],
                sealed=sealed_columns,
                sealed_at=[(i, c.name) for i, c in enumerate(spec.columns) if c.name in sealed_columns],
                converters=[_converter(column, is_sealed=column.name in sealed_columns) for column in spec.columns],
                attributes=[column.attribute for column in spec.columns],
            )
        return found


_LAYOUTS: dict[str, _Layout] = {}


class TableRepository:
    """The rows of one of the seven tables, as values by column name."""

    def __init__(self, connection: Connection, table: TableSpec, subject: Subject) -> None:
        self.connection, self.subject = connection, subject
        self.spec = table
        self.table: Table = tables.CASE_TABLES[table.name]
        layout = _Layout.of(table)
        self._columns, self._sealed, self._sealed_at = layout.columns, layout.sealed, layout.sealed_at
        self._converters, self._attributes = layout.converters, layout.attributes
        self._reach = reach(table.name, subject)
        self._vault = vault_of(connection)

    def _readable(self, *columns: Any) -> Select[Any]:
        """Return the statement that every other one starts from: what the subject sees."""
        statement = select(*(columns or self._columns))
        return statement if self._reach is None else statement.where(self._reach)

    def _values(self, row: Sequence[Any]) -> dict[str, Any]:
        return {
            column.name: convert(value) if convert is not None and value is not None else value
            for column, convert, value in zip(self.spec.columns, self._converters, self._opened(row), strict=True)
        }

    def _opened(self, row: Sequence[Any]) -> Sequence[Any]:
        """Return a row with its sealed values opened."""
        if not self._sealed_at:
            return row
        opened = list(row)
        own = self.row_name(opened)
        for at, name in self._sealed_at:
            if opened[at] is not None:
                opened[at] = self._vault.open(opened[at], Place(self.spec.name, name, own))
        return opened

    def row_name(self, row: Sequence[Any]) -> str:
        """Return what a sealed value is bound to: the id that every sealed table begins with."""
        return str(row[0])

    def _entity(self, row: Sequence[Any], **more: Any) -> Any:
        given = {
            attribute: convert(value) if convert is not None else value
            for attribute, convert, value in zip(self._attributes, self._converters, self._opened(row), strict=True)
            if value is not None
        }
        return self.spec.entity(**given, **more)

    def rows(self) -> Iterable[dict[str, Any]]:
        """Yield every row in the order of its key, a block at a time."""
        statement = self._select()
        # For this statement only: set on the connection, it would hold for everything that follows.
        for row in self.connection.execute(statement, execution_options={"yield_per": 2000}):
            yield self._values(row)

    def find(self, keys: Iterable[Key]) -> dict[Key, dict[str, Any]]:
        """Return the stored rows of these keys, by key."""
        wanted = list(dict.fromkeys(keys))
        found: dict[Key, dict[str, Any]] = {}
        for start in range(0, len(wanted), _MANY):
            condition = self._is_one_of(wanted[start : start + _MANY])
            for row in self.connection.execute(self._readable().where(condition)):
                values = self._values(row)
                found[self.key_of(values)] = values
        return found

    def versions(self, keys: Iterable[Key]) -> dict[Key, int]:
        """Return the version of each of these rows that the subject sees."""
        names, found = self.spec.key, {}
        wanted = list(dict.fromkeys(keys))
        for start in range(0, len(wanted), _MANY):
            condition = self._is_one_of(wanted[start : start + _MANY])
            statement = self._readable(*(self.table.c[name] for name in names), self.table.c.row_version)
            for row in self.connection.execute(statement.where(condition)):
                found[self.key_of(self._key_values(row[:-1]))] = int(row[-1])
        return found

    def page(
        self, after: Key | None, limit: int, where: Sequence[ColumnElement[bool]] = ()
    ) -> list[tuple[dict[str, Any], int]]:
        """Return the next rows after a key, in the order of the key, each with its version."""
        statement = self._readable(*self._columns, self.table.c.row_version).where(*where)
        keys = [self.table.c[name] for name in self.spec.key]
        if after is not None:
            last = self._stored_key(after)
            statement = statement.where(keys[0] > last[0] if len(keys) == 1 else tuple_(*keys) > tuple_(*last))
        rows = self.connection.execute(statement.order_by(*keys).limit(limit))
        return [(self._values(row[:-1]), int(row[-1])) for row in rows]

    def taken(self, keys: Iterable[Key]) -> set[Key]:
        """Return which of these keys are stored, whoever sees them: a key given twice is nobody's secret."""
        names = self.spec.key
        wanted, found = list(dict.fromkeys(keys)), set()
        for start in range(0, len(wanted), _MANY):
            condition = self._is_one_of(wanted[start : start + _MANY])
            for row in self.connection.execute(select(*(self.table.c[name] for name in names)).where(condition)):
                found.add(self.key_of(self._key_values(row)))
        return found

    def _is_one_of(self, keys: Sequence[Key]) -> ColumnElement[bool]:
        columns = [self.table.c[name] for name in self.spec.key]
        stored = [self._stored_key(key) for key in keys]
        if len(columns) == 1:
            return columns[0].in_([key[0] for key in stored])
        return tuple_(*columns).in_(stored)

    def _stored_key(self, key: Key) -> Key:
        specs = [self.spec.column(name) for name in self.spec.key]
        return tuple(
            spec.format(value) if spec.stored == "term" else value for spec, value in zip(specs, key, strict=True)
        )

    def _key_values(self, row: Sequence[Any]) -> dict[str, Any]:
        specs = [self.spec.column(name) for name in self.spec.key]
        return {
            spec.name: spec.parse_text(value) if spec.stored == "term" else value
            for spec, value in zip(specs, row, strict=True)
        }

    def key_of(self, values: Values) -> Key:
        """Return the key of a row."""
        return tuple(values[name] for name in self.spec.key)

    def stored(self, values: Values) -> dict[str, Any]:
        """Return a row as it is stored; sealed columns are sealed for this row and no other."""
        written: dict[str, Any] = {}
        for column in self.spec.columns:
            value = values.get(column.name)
            if value in (None, (), {}):
                value = None
            elif column.stored in ("term", "packed") or column.name in self._sealed:
                value = column.format(value)
            written[column.name] = value
        if self._sealed:
            number = written.get("certificate_number")
            written |= sealed(self.spec.name, self._vault, written, row=str(written[self.spec.key[0]]))
            written["certificate_index"] = certificate_index(self._vault, number)
        return written

    def insert(self, rows: Sequence[Values]) -> None:
        """Add new rows.

        Raises
        ------
        OutOfReach
            When one of them is not the subject's to write.
        """
        if not all(accepts(self.spec.name, self.subject, row) for row in rows):
            raise OutOfReach("不在您的管辖范围")
        if rows:
            self.connection.execute(insert(self.table), [self.stored(row) for row in rows])

    def replace(self, rows: Sequence[Values]) -> None:
        """Write rows whose keys are stored already; each gets its next version.

        Raises
        ------
        OutOfReach
            When one of them is not there, or not for the subject to see.
        """
        for row in rows:
            if not self._write_over(row):
                raise OutOfReach("不在您的管辖范围")

    def replace_if(self, values: Values, version: int) -> bool:
        """Write a row if it still has this version, in one statement; False where it has not, or is not visible."""
        return self._write_over(values, self.table.c.row_version == version)

    def _write_over(self, values: Values, *conditions: ColumnElement[bool]) -> bool:
        stored = self.stored(values)
        same = [self.table.c[name] == stored[name] for name in self.spec.key]
        if self._reach is not None:
            same.append(self._reach)
        written = {**stored, "row_version": self.table.c.row_version + 1}
        if stored.get("certificate_index") is not None:
            written["certificate_index"] = self._index_unless_shared(stored)
        done = self.connection.execute(update(self.table).where(*same, *conditions).values(written))
        return done.rowcount == 1

    def _index_unless_shared(self, stored: Mapping[str, Any]) -> ColumnElement[Any]:
        """Return the certificate's hash; none for one of two rows that shared a certificate before that was refused."""
        other = self.table.alias()
        is_shared = exists().where(
            other.c.certificate_index == stored["certificate_index"], other.c.candidate_id != stored["candidate_id"]
        )
        was_shared = and_(self.table.c.certificate_number.is_not(None), self.table.c.certificate_index.is_(None))
        return case((and_(was_shared, is_shared), null()), else_=stored["certificate_index"])

    def remove(self, key: Key) -> bool:
        """Delete a row that the subject sees; False where there is none."""
        condition = self._is_one_of([key])
        within = () if self._reach is None else (self._reach,)
        return self.connection.execute(delete(self.table).where(condition, *within)).rowcount == 1

    def existing(self, column: str, values: Iterable[Any]) -> set[Any]:
        """Return which of these values occur in a column."""
        wanted = list(dict.fromkeys(values))
        place = self.table.c[column]
        found: set[Any] = set()
        for start in range(0, len(wanted), _MANY):
            part = wanted[start : start + _MANY]
            found.update(self.connection.execute(self._readable(place).where(place.in_(part))).scalars())
        return found

    def count(self) -> int:
        """Return the number of rows."""
        return int(self.connection.execute(self._readable(func.count()).select_from(self.table)).scalar_one())

    def _entities(self, statement: Select[Any]) -> list[Any]:
        return [self._entity(row) for row in self.connection.execute(statement)]

    def _select(self) -> Select[Any]:
        return self._readable().order_by(*(self.table.c[name] for name in self.spec.key))


class EmployerRepository(TableRepository):
    """Employers."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        super().__init__(connection, EMPLOYERS, subject)

    def all(self) -> list[Employer]:
        """Return every employer by id."""
        return self._entities(self._select())


class VacancyRepository(TableRepository):
    """Vacancies."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        super().__init__(connection, VACANCIES, subject)

    def all(self) -> list[Vacancy]:
        """Return every vacancy by id."""
        return self._entities(self._select())

    def blocks(self, size: int) -> Iterator[list[Vacancy]]:
        """Yield every vacancy by id, in blocks; rows may be written between two blocks."""
        after = ""
        while block := self._entities(self._select().where(self.table.c.vacancy_id > after).limit(size)):
            yield block
            after = block[-1].vacancy_id

    def open_on(self, day: date) -> list[Vacancy]:
        """Return the vacancies open on a day; an unknown first or last day leaves them open."""
        c = self.table.c
        return self._entities(
            self._select().where(
                or_(c.opens_on.is_(None), c.opens_on <= day), or_(c.closes_on.is_(None), c.closes_on >= day)
            )
        )


class CandidateRepository(TableRepository):
    """Candidates, with who supplied each fact and when."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        super().__init__(connection, CANDIDATES, subject)

    def all(self, *, with_identity: bool = False) -> list[Candidate]:
        """Return every candidate by id; name and phone stay closed unless they are asked for."""
        sources = self.sources()
        place = [column.name for column in self.spec.columns].index("candidate_id")
        columns = [null() if c.name in CLOSED_TO_MATCHING and not with_identity else c for c in self._columns]
        statement = self._readable(*columns).order_by(self.table.c.candidate_id)
        rows = self.connection.execute(statement)
        return [self._entity(row, sources=sources.get(row[place], {})) for row in rows]

    def get(self, candidate_id: str) -> Candidate:
        """Return one candidate.

        Raises
        ------
        NotFound
            When there is no such id.
        """
        row = self.connection.execute(self._select().where(self.table.c.candidate_id == candidate_id)).first()
        if row is None:
            raise NotFound("没有这个求职者编号")
        candidate: Candidate = self._entity(row, sources=self.sources(candidate_id).get(candidate_id, {}))
        return candidate

    def ids(self) -> list[CandidateId]:
        """Return every id, sorted."""
        place = self.table.c.candidate_id
        return [CandidateId(i) for i in self.connection.execute(self._readable(place).order_by(place)).scalars()]

    def sources(self, candidate_id: str | None = None) -> dict[str, dict[str, FactSource]]:
        """Return who supplied each fact of the visible people and when, by candidate and fact."""
        c = tables.fact_sources.c
        statement = select(c.candidate_id, c.fact, c.supplied_by, c.supplied_on)
        if self._reach is not None:
            statement = statement.where(c.candidate_id.in_(self._readable(self.table.c.candidate_id)))
        if candidate_id is not None:
            statement = statement.where(c.candidate_id == candidate_id)
        found: dict[str, dict[str, FactSource]] = {}
        for owner, fact, by, on in self.connection.execute(statement):
            found.setdefault(owner, {})[fact] = FactSource(by, on)
        return found

    def note_sources(self, facts: Iterable[tuple[str, str]], by: str, on: date) -> None:
        """Record who supplied facts, given as candidate id and fact; a fact supplied again has its newest source."""
        rows = [{"candidate_id": i, "fact": f, "supplied_by": by, "supplied_on": on} for i, f in facts]
        _upsert(self.connection, tables.fact_sources, rows)

    def holders(self, certificate_stems: Iterable[str]) -> dict[str, str]:
        """Return who holds certificates, by the number without its re-issue suffix (20 characters).

        Everybody counts, seen or not: a certificate has one holder in the whole store.
        """
        c = self.table.c
        stems = {
            index: stem
            for stem in dict.fromkeys(certificate_stems)
            for index in certificate_indices(self._vault, stem[:STEM])
        }
        found: dict[str, str] = {}
        wanted = list(stems)
        for start in range(0, len(wanted), _MANY):
            part = wanted[start : start + _MANY]
            statement = select(c.certificate_index, c.candidate_id).where(c.certificate_index.in_(part))
            found.update((stems[index], owner) for index, owner in self.connection.execute(statement))
        return found


class InteractionRepository(TableRepository):
    """Interactions."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        super().__init__(connection, INTERACTIONS, subject)

    def all(self) -> list[Interaction]:
        """Return every interaction by key."""
        return self._entities(self._select())


class PlacementRepository(TableRepository):
    """Placements."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        super().__init__(connection, PLACEMENTS, subject)

    def all(self) -> list[Placement]:
        """Return every placement by id."""
        return self._entities(self._select())


class ServiceRepository(TableRepository):
    """Services."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        super().__init__(connection, SERVICES, subject)

    def all(self) -> list[Service]:
        """Return every service by key."""
        return self._entities(self._select())


class CourseRepository(TableRepository):
    """Courses."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        super().__init__(connection, COURSES, subject)

    def all(self) -> list[Course]:
        """Return every course by id."""
        return self._entities(self._select())


@dataclass(frozen=True, slots=True)
class StoredReading:
    """What was read from a vacancy's text, as it is kept."""

    vacancy_id: VacancyId
    version: str
    text_hash: str
    payload: str


class ReadingRepository:
    """Kept readings of vacancies' texts."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def find(self, vacancy_ids: Sequence[VacancyId]) -> dict[VacancyId, StoredReading]:
        """Return the readings of these vacancies."""
        c = tables.vacancy_readings.c
        statement = select(c.vacancy_id, c.version, c.text_hash, c.payload)
        found: dict[VacancyId, StoredReading] = {}
        for start in range(0, len(vacancy_ids), _MANY):
            part = vacancy_ids[start : start + _MANY]
            for row in self.connection.execute(statement.where(c.vacancy_id.in_(part))):
                found[row[0]] = StoredReading(*row)
        return found

    def upsert(self, readings: Sequence[StoredReading]) -> None:
        """Write readings over those kept."""
        _upsert(self.connection, tables.vacancy_readings, [asdict(reading) for reading in readings])


class RunRepository:
    """Keeps shortlists; they are read by `VisibleRuns`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def save_document(self, document: Mapping[str, Any]) -> None:
        """Keep a shortlist document under its run id."""
        self.connection.execute(
            insert(tables.shortlist_runs).values(
                run_id=document["run_id"],
                candidate_id=document["candidate_id"],
                as_of=date.fromisoformat(document["as_of"]),
                model_version=document["model_version"],
                rules_version=document["rules_version"],
                created_at=datetime.now(UTC),
                payload=json.dumps(document, ensure_ascii=False),
                n_strong=strong_lines(document),
            )
        )


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One row of the registry."""

    version: str
    created_at: datetime
    trained_until: date
    status: str
    folder: str
    summary: str
    champion_since: datetime | None


class ModelVersionRepository:
    """The registry's rows."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def all(self) -> list[ModelVersion]:
        """Return every version in the order of making."""
        c = tables.model_versions.c
        statement = select(
            c.version, c.created_at, c.trained_until, c.status, c.folder, c.summary, c.champion_since
        ).order_by(c.created_at, c.version)
        return [ModelVersion(*row) for row in self.connection.execute(statement)]

    def save(self, version: ModelVersion) -> None:
        """Add a version."""
        self.connection.execute(insert(tables.model_versions).values(asdict(version)))

    def set_status(self, version: str, status: str, champion_since: datetime | None) -> None:
        """Change what a version is used for; the day of an earlier use is kept where none is given."""
        values: dict[str, Any] = {"status": status}
        if champion_since is not None:
            values["champion_since"] = champion_since
        c = tables.model_versions.c
        self.connection.execute(update(tables.model_versions).where(c.version == version).values(values))

    def set_summary(self, version: str, summary: str) -> None:
        """Write what is said of a version."""
        c = tables.model_versions.c
        self.connection.execute(update(tables.model_versions).where(c.version == version).values(summary=summary))


class ImportRepository:
    """The log of imports."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def save(self, values: Mapping[str, Any]) -> None:
        """Add an import."""
        self.connection.execute(insert(tables.imports).values(dict(values)))

    def count(self) -> int:
        """Return how many imports there were."""
        return int(self.connection.execute(select(func.count()).select_from(tables.imports)).scalar_one())


def _upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows over those of the same key."""
    if not rows:
        return
    build = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = build(table)
    keys = [column.name for column in table.primary_key]
    others = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=others), [dict(r) for r in rows])


def has_rows_beside(connection: Connection, prefix: str) -> bool:
    """Return whether the store holds accounts, or candidates, vacancies, courses and employers of somebody else.

    Ids that do not begin with the prefix are somebody else's; an employer has no id of ours, its name says so.
    """
    c, v = tables.CASE_TABLES["candidates"].c, tables.CASE_TABLES["vacancies"].c
    others = [
        select(c.candidate_id).where(~c.candidate_id.startswith(prefix, autoescape=True)),
        select(v.vacancy_id).where(~v.vacancy_id.startswith(prefix, autoescape=True)),
    ]
    course = tables.CASE_TABLES["courses"].c.course_id
    others.append(select(course).where(~course.startswith(prefix, autoescape=True)))
    employer = tables.CASE_TABLES["employers"].c
    others.append(select(employer.employer_id).where(~employer.name.contains("（演示）") | employer.name.is_(None)))
    others.append(select(tables.users.c.user_id))
    return any(connection.execute(statement.limit(1)).first() is not None for statement in others)
