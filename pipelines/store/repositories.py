"""Every query of the store: rows in, entities out. Nothing above this file knows a table.

The caller opens the connection and commits.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, Table, and_, func, insert, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

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
from pipelines.store.errors import NotFound
from pipelines.store.reach import reach

Key = tuple[Any, ...]
Values = Mapping[str, Any]
_MANY = 400  # keys or rows in one statement: SQLite takes a limited number of parameters


def _converter(column: ColumnSpec) -> Callable[[Any], Any] | None:
    """Return how a stored value becomes a value, or None where it is one already."""
    if column.stored not in ("term", "packed"):
        return None
    # The same few texts come back for every row: each is parsed once.
    return cache(column.parse_text)


class TableRepository:
    """The rows of one of the seven tables, as values by column name."""

    def __init__(self, connection: Connection, table: TableSpec, subject: Subject) -> None:
        self.connection, self.subject = connection, subject
        self.spec = table
        self.table: Table = tables.CASE_TABLES[table.name]
        self._columns = [self.table.c[column.name] for column in table.columns]
        self._converters = [_converter(column) for column in table.columns]
        self._attributes = [column.attribute for column in table.columns]
        self._reach = reach(table.name, subject)

    def _readable(self, *columns: Any) -> Select[Any]:
        """Return the statement that every other one starts from: what the subject sees."""
        statement = select(*(columns or self._columns))
        return statement if self._reach is None else statement.where(self._reach)

    def _values(self, row: Sequence[Any]) -> dict[str, Any]:
        return {
            column.name: convert(value) if convert is not None and value is not None else value
            for column, convert, value in zip(self.spec.columns, self._converters, row, strict=True)
        }

    def _entity(self, row: Sequence[Any], **more: Any) -> Any:
        given = {
            attribute: convert(value) if convert is not None else value
            for attribute, convert, value in zip(self._attributes, self._converters, row, strict=True)
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
        key_columns = [self.table.c[name] for name in self.spec.key]
        found: dict[Key, dict[str, Any]] = {}
        for start in range(0, len(wanted), _MANY):
            part = wanted[start : start + _MANY]
            if len(key_columns) == 1:
                condition = key_columns[0].in_([key[0] for key in part])
            else:
                condition = tuple_(*key_columns).in_(part)
            for row in self.connection.execute(self._readable().where(condition)):
                values = self._values(row)
                found[self.key_of(values)] = values
        return found

    def key_of(self, values: Values) -> Key:
        """Return the key of a row."""
        return tuple(values[name] for name in self.spec.key)

    def stored(self, values: Values) -> dict[str, Any]:
        """Return a row as it is stored."""
        written: dict[str, Any] = {}
        for column in self.spec.columns:
            value = values.get(column.name)
            if value in (None, (), {}):
                value = None
            elif column.stored in ("term", "packed"):
                value = column.format(value)
            written[column.name] = value
        return written

    def insert(self, rows: Sequence[Values]) -> None:
        """Add new rows."""
        if rows:
            self.connection.execute(insert(self.table), [self.stored(row) for row in rows])

    def replace(self, rows: Sequence[Values]) -> None:
        """Write rows whose keys are stored already."""
        for row in rows:
            stored = self.stored(row)
            same = and_(*(self.table.c[name] == stored[name] for name in self.spec.key))
            self.connection.execute(update(self.table).where(same).values(stored))

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

    def all(self) -> list[Candidate]:
        """Return every candidate by id."""
        sources = self.sources()
        place = [column.name for column in self.spec.columns].index("candidate_id")
        rows = self.connection.execute(self._select())
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
        """Return who supplied each fact and when, by candidate and fact."""
        c = tables.fact_sources.c
        statement = select(c.candidate_id, c.fact, c.supplied_by, c.supplied_on)
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
        """Return who holds certificates, by the number without its re-issue suffix (20 characters)."""
        place = func.substr(self.table.c.certificate_number, 1, 20)
        wanted = list(dict.fromkeys(certificate_stems))
        found: dict[str, str] = {}
        for start in range(0, len(wanted), _MANY):
            part = wanted[start : start + _MANY]
            found.update(
                (stem, owner)
                for stem, owner in self.connection.execute(
                    select(place, self.table.c.candidate_id).where(place.in_(part))
                )
            )
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
    """Stored shortlists."""

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
            )
        )

    def get(self, run_id: str) -> dict[str, Any]:
        """Return a kept document.

        Raises
        ------
        NotFound
            When there is no such run.
        """
        c = tables.shortlist_runs.c
        payload = self.connection.execute(select(c.payload).where(c.run_id == run_id)).scalar()
        if payload is None:
            raise NotFound("没有这个名单编号")
        document: dict[str, Any] = json.loads(payload)
        return document


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
