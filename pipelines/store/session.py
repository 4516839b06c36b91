"""Engines for a URL and the keys of its vault, and the schema at its newest."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, column, create_engine, event, inspect, select, table
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from pipelines.access.vault import Vault
from pipelines.store.day_numbers import PLUS_MONTHS, plus_months_text
from pipelines.store.errors import StoreError, UnsupportedDatabase
from pipelines.store.migrations.audited import FUNCTION
from pipelines.store.sealed import VAULT_OPTION, accept_keys

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION = table("alembic_version", column("version_num"))
CONNECTIONS = 15
"""Of one process, and kept: those beyond a number that is kept would be made anew at every request of a busy hour, and
making one takes longer than what it is made for. Who finds none free waits."""


def engine_for(url: str, keys: str = "") -> Engine:
    """Return an engine whose repositories seal with these keys; the folder of a SQLite file is made.

    Without keys everything but sealed values can be read and written.

    Raises
    ------
    UnsupportedDatabase
        For a URL that is none, or of a database other than SQLite and PostgreSQL.
    VaultError
        For keys that are none.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UnsupportedDatabase("数据库地址应写作 sqlite:///文件 或 postgresql+psycopg://用户@主机/库") from error
    backend = parsed.get_backend_name()
    # A failed statement must not carry people's data.
    options: dict[str, Any] = {"hide_parameters": True, "execution_options": {VAULT_OPTION: Vault.read(keys)}}
    if parsed.database not in (None, "", ":memory:") or backend == "postgresql":
        options |= {"pool_size": CONNECTIONS, "max_overflow": 0}
    if backend == "postgresql":
        return create_engine(parsed.set(drivername="postgresql+psycopg"), **options)
    if backend != "sqlite":
        raise UnsupportedDatabase("支持的数据库是 SQLite 和 PostgreSQL")
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, **options)
    event.listen(engine, "connect", _set_up_sqlite)
    for end in ("commit", "rollback"):
        event.listen(engine, end, _forget_audit_number)
    return engine


def each_by_itself(engine: Engine) -> Callable[[], AbstractContextManager[Connection]]:
    """Return what opens a connection for looking, on which no statement waits for another to hold.

    PostgreSQL would be asked for a beginning and an end as often as for what is looked for; SQLite begins nothing
    before the first write.
    """
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="AUTOCOMMIT").connect
    return engine.begin


def _set_up_sqlite(connection: Any, of: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
    connection.create_function(FUNCTION, 0, _told(of.info))
    connection.create_function(PLUS_MONTHS, 2, plus_months_text, deterministic=True)


def _told(info: dict[Any, Any]) -> Callable[[], int | None]:
    return lambda: info.get(FUNCTION)


def _forget_audit_number(connection: Connection) -> None:
    connection.info.pop(FUNCTION, None)


def alembic_config() -> "Config":
    """Return Alembic's configuration for the packaged migrations, without a URL."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


def upgrade(engine: Engine, *, checks_keys: bool = True) -> None:
    """Bring the schema to its newest, and check that the keys at hand are those of the database.

    Unchecked, a database can be brought up to date without its keys, unless people have to be sealed on the way.

    Raises
    ------
    VaultError
        When keys are missing, or others than those that sealed what is in there.
    """
    if not is_current(engine):
        # Alembic is read in where there is something to change: every command asks whether there is.
        from alembic import command

        with _migrating(engine) as config:
            command.upgrade(config, "head")
    if checks_keys:
        with engine.begin() as connection:
            accept_keys(connection)


def downgrade(engine: Engine, revision: str) -> None:
    """Bring the schema back to an earlier revision; `base` is before the first."""
    from alembic import command

    with _migrating(engine) as config:
        command.downgrade(config, revision)


@contextmanager
def _migrating(engine: Engine) -> Iterator["Config"]:
    """Give Alembic's configuration with a connection; all of a migration holds, or nothing of it."""
    config = alembic_config()
    with engine.connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        is_new = revision_of(connection) is None
        if is_sqlite:
            # A table that is rebuilt is dropped in between, which rows that refer to it would forbid; the pragma has no
            # effect within a transaction, and the driver begins none by itself before a change of the schema.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        try:
            yield config
            if is_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                raise StoreError("升级后有记录指向不存在的记录，已恢复原状")
            connection.commit()
        finally:
            connection.rollback()
            if is_sqlite:
                connection.exec_driver_sql("PRAGMA foreign_keys=ON")
    if is_sqlite and not is_new:
        _leave_no_trace(engine)


def _leave_no_trace(engine: Engine) -> None:
    """Write a SQLite file anew: what a migration sealed would else still stand in its free pages and its log."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def is_current(engine: Engine) -> bool:
    """True where the schema is the newest one."""
    with engine.connect() as connection:
        return revision_of(connection) == newest_revision()


def newest_revision() -> str:
    """Return the last of the packaged migrations, whose files begin with their revision, in their order."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def revision_of(connection: Connection) -> str | None:
    """Return the revision that a database is at, as Alembic keeps it; None of a new one."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    found: str | None = connection.execute(select(_VERSION.c.version_num)).scalar()
    return found
