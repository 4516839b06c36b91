"""Whole tables out of a database and into an empty one, as lines that read alike whichever database holds them.

Tables are read as the database describes them, so that a database of an earlier schema can be read, too. Nobody's scope
counts here: this is for moving the whole store, and only `pipelines.backup` calls it.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from alembic import command
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    collate,
    func,
    inspect,
    select,
)

from pipelines.store.base import ExactDecimal
from pipelines.store.errors import StoreError
from pipelines.store.session import alembic_config
from pipelines.store.whole import metadata

_REVISIONS = "alembic_version"
_BLOCK = 2000


class Kind(StrEnum):
    """What a column holds, whatever the database calls it."""

    TEXT = "text"
    INTEGER = "integer"
    FLOAT = "float"
    DECIMAL = "decimal"
    DAY = "day"
    MOMENT = "moment"
    YES_NO = "yes_no"
    BYTES = "bytes"


class UnknownRevision(StoreError):
    """A schema that this program does not know."""


# The first that fits: Boolean is an Integer to no one, but Double is a Float and that a Numeric.
_KINDS: Sequence[tuple[type, Kind]] = (
    (Boolean, Kind.YES_NO),
    (LargeBinary, Kind.BYTES),
    (DateTime, Kind.MOMENT),
    (Date, Kind.DAY),
    (Float, Kind.FLOAT),
    (Numeric, Kind.DECIMAL),
    (Integer, Kind.INTEGER),
    (String, Kind.TEXT),
)


def _moment(value: datetime) -> str:
    zoned = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return zoned.isoformat(timespec="microseconds")


def _decimal(value: Decimal | str) -> str:
    """Return one writing for both databases: PostgreSQL has no minus zero and no exponent."""
    number = Decimal(value)
    return format(abs(number) if number == 0 else number, "f")


_WRITE: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.DECIMAL: _decimal,
    Kind.DAY: lambda value: value.isoformat(),
    Kind.MOMENT: _moment,
    Kind.YES_NO: bool,
    Kind.FLOAT: float,
    Kind.BYTES: lambda value: base64.b64encode(value).decode(),
}
_READ: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.DECIMAL: Decimal,
    Kind.DAY: date.fromisoformat,
    Kind.MOMENT: datetime.fromisoformat,
    Kind.BYTES: base64.b64decode,
}


@dataclass(frozen=True, slots=True)
class WholeTable:
    """A table as the database describes it."""

    table: Table
    kinds: Mapping[str, Kind]

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    @property
    def columns(self) -> list[str]:
        """The columns by name, so that two databases made in different steps give the same lines."""
        return sorted(self.kinds)

    def lines(self, connection: Connection) -> Iterator[str]:
        """Yield every row as one line of JSON, in the order of the key."""
        names = self.columns
        writers = [_WRITE.get(self.kinds[name]) for name in names]
        statement = select(*(self.table.c[name] for name in names)).order_by(*self._order(connection))
        for row in connection.execute(statement, execution_options={"yield_per": _BLOCK}):
            told = [
                value if value is None or write is None else write(value)
                for value, write in zip(row, writers, strict=True)
            ]
            yield json.dumps(told, ensure_ascii=False, separators=(",", ":"))

    def _order(self, connection: Connection) -> list[Any]:
        """Return the key, compared byte by byte: the order must not hang on the database's language."""
        keys = list(self.table.primary_key) or list(self.table.columns)
        if connection.dialect.name != "postgresql":
            return keys
        return [collate(key, "C") if self.kinds[key.name] is Kind.TEXT else key for key in keys]

    def digest(self, connection: Connection) -> tuple[int, str]:
        """Return how many rows there are and the SHA-256 over their lines."""
        n, sha = 0, hashlib.sha256()
        for line in self.lines(connection):
            n += 1
            sha.update(line.encode() + b"\n")
        return n, sha.hexdigest()

    def load(self, connection: Connection, columns: Sequence[str], lines: Iterable[str]) -> None:
        """Write rows given as lines over these columns; triggers have to be silent (`silenced`)."""
        is_postgresql = connection.dialect.name == "postgresql"
        kinds = [self.kinds[name] for name in columns]
        # A decimal stays a text for SQLite, which keeps it as one.
        readers = [None if kind is Kind.DECIMAL and not is_postgresql else _READ.get(kind) for kind in kinds]
        rows = (_read(line, readers) for line in lines)
        (self._copy if is_postgresql else self._insert)(connection, columns, rows)

    def _copy(self, connection: Connection, columns: Sequence[str], rows: Iterable[list[Any]]) -> None:
        # One statement for all rows: a row may name another of its own table that comes later.
        quote = connection.dialect.identifier_preparer.quote
        into = f"COPY {quote(self.name)} ({', '.join(map(quote, columns))}) FROM STDIN"
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(into) as copy:
            for row in rows:
                copy.write_row(row)

    def _insert(self, connection: Connection, columns: Sequence[str], rows: Iterable[list[Any]]) -> None:
        statement, block = self.table.insert(), []
        for row in rows:
            block.append(dict(zip(columns, row, strict=True)))
            if len(block) == _BLOCK:
                connection.execute(statement, block)
                block = []
        if block:
            connection.execute(statement, block)


def _read(line: str, readers: Sequence[Callable[[Any], Any] | None]) -> list[Any]:
    told = json.loads(line)
    return [value if value is None or read is None else read(value) for value, read in zip(told, readers, strict=True)]


def tables_of(connection: Connection) -> list[WholeTable]:
    """Return the tables of a database, each after those that it refers to."""
    described = MetaData()
    described.reflect(connection)
    return [
        WholeTable(table, {column.name: _kind(column) for column in table.columns})
        for table in described.sorted_tables
        if table.name != _REVISIONS
    ]


def _kind(column: Column[Any]) -> Kind:
    known = metadata.tables.get(column.table.name)
    if known is not None and column.name in known.c and isinstance(known.c[column.name].type, ExactDecimal):
        return Kind.DECIMAL  # SQLite itself calls it a text
    for of, kind in _KINDS:
        if isinstance(column.type, of):
            return kind
    raise StoreError(f"无法备份 {column.table.name} 表的 {column.name} 列：没有这种类型")


def migrate(connection: Connection, revision: str, **attributes: Any) -> None:
    """Bring a database to a revision within the caller's transaction.

    Raises
    ------
    UnknownRevision
        When there is no such revision here: what was made by a newer program.
    """
    config = alembic_config()
    config.attributes.update({"connection": connection, **attributes})
    try:
        ScriptDirectory.from_config(config).get_revision(revision)
    except CommandError as error:
        raise UnknownRevision("这个数据库结构比本程序新，请先升级程序") from error
    command.upgrade(config, revision)


def is_empty(engine: Engine) -> bool:
    """True where a database holds no table."""
    with engine.connect() as connection:
        return not inspect(connection).get_table_names()


@contextmanager
def whole_transaction(connection: Connection) -> Iterator[None]:
    """Do everything within, changes of the schema too, or nothing of it; committed at the end."""
    if connection.dialect.name == "sqlite":
        # Without effect within a transaction, and the driver begins none by itself before a change of the schema.
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.begin()  # before Alembic comes, which would else end its own
    try:
        yield
        connection.commit()
    finally:
        connection.rollback()


def read_only(connection: Connection) -> None:
    """Begin a transaction that sees the database as it is now, whatever others write meanwhile."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return
    driver: Any = connection.connection.driver_connection
    if not driver.in_transaction:  # Python's driver begins by itself only before a write
        connection.exec_driver_sql("BEGIN")


# ---- triggers -------------------------------------------------------------------------------------------------------

_SQLITE_TRIGGERS = "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY tbl_name, name"
_POSTGRESQL_TRIGGERS = """
SELECT relname, tgname, tgenabled::text || ' ' || pg_get_triggerdef(t.oid, true) FROM pg_trigger t
JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace
ORDER BY relname COLLATE "C", tgname COLLATE "C"
"""


def triggers(connection: Connection) -> list[tuple[str, str, str]]:
    """Return every trigger as table, name and full text; on PostgreSQL with whether it is in force."""
    asked = _POSTGRESQL_TRIGGERS if connection.dialect.name == "postgresql" else _SQLITE_TRIGGERS
    return [(str(row[0]), str(row[1]), str(row[2])) for row in connection.exec_driver_sql(asked)]


def silence(connection: Connection) -> None:
    """Put the program's triggers out of force within the caller's transaction; foreign keys hold on."""
    if connection.dialect.name == "postgresql":
        for whole in tables_of(connection):
            connection.exec_driver_sql(f"ALTER TABLE {_quoted(connection, whole.name)} DISABLE TRIGGER USER")
        return
    for _, name, _ in triggers(connection):
        connection.exec_driver_sql(f"DROP TRIGGER {_quoted(connection, name)}")


def unsilence(connection: Connection, known: Sequence[tuple[str, str, str]]) -> None:
    """Put the triggers in force again; `known` is what `triggers` said before `silence`."""
    if connection.dialect.name == "postgresql":
        for table in dict.fromkeys(table for table, _, _ in known):
            connection.exec_driver_sql(f"ALTER TABLE {_quoted(connection, table)} ENABLE TRIGGER USER")
        return
    for _, _, sql in known:
        connection.exec_driver_sql(sql)


def empty(connection: Connection) -> None:
    """Take out the few rows that migrations write by themselves; triggers have to be silent."""
    for whole in reversed(tables_of(connection)):
        connection.execute(whole.table.delete())


def continue_numbers(connection: Connection) -> None:
    """Let numbers that the database gives by itself go on after the highest loaded."""
    if connection.dialect.name != "postgresql":
        return  # SQLite takes the next one anyway
    for whole in tables_of(connection):
        for key in whole.table.primary_key:
            if whole.kinds[key.name] is Kind.INTEGER:
                _continue_number(connection, whole.table, key)


def _continue_number(connection: Connection, table: Table, key: Column[Any]) -> None:
    own = connection.execute(select(func.pg_get_serial_sequence(_quoted(connection, table.name), key.name))).scalar()
    if own is not None:
        highest = connection.execute(select(func.max(key))).scalar() or 0
        connection.execute(select(func.setval(own, highest + 1, False)))


def broken_references(connection: Connection) -> int:
    """Return how many rows refer to nothing; PostgreSQL checked each while it was loaded."""
    if connection.dialect.name == "postgresql":
        return 0
    return len(connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall())


def settle(engine: Engine) -> None:
    """Let the database learn how its tables look; leave SQLite in one file, without what a migration sealed since."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
