"""Backups: the whole store as it is at one moment in one file, and back into an empty database, verified row by row.

A backup of SQLite goes into PostgreSQL and back as well: it is the road from one machine to a server. What an archive
looks like is `pipelines.archive`, how tables are read and loaded `pipelines.store.bulk`.
"""

import errno
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from pipelines.access.audit import breaks, record
from pipelines.access.errors import VaultError
from pipelines.access.roles import By
from pipelines.access.vault import Place, Vault
from pipelines.archive import (
    Archive,
    ArchiveWriter,
    BackupError,
    BrokenArchive,
    Manifest,
    Part,
    opened,
)
from pipelines.store import bulk, tables
from pipelines.store.bulk import UnknownRevision, WholeTable
from pipelines.store.resealing import SEALED_COLUMNS
from pipelines.store.sealed import accept_keys
from pipelines.store.session import engine_for, newest_revision, revision_of

_SEALED = "v1."
_DISK_FULL = "磁盘空间不足"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and what was made sure of."""

    manifest: Manifest
    n_opened: int
    """Sealed values that opened with the keys at hand; none was tried without keys."""
    is_marked: bool
    """True where the archive's mark was made with one of these keys."""
    revision: str
    """The schema that the database has now."""


def backup(engine: Engine, out: Path, *, vault: Vault, by: By, at: datetime) -> Manifest:
    """Write the whole store as of now into an archive; that it was done is in the audit, and in the archive.

    Raises
    ------
    BackupError
        When there is nothing to save, or no room to write it; no unfinished file stays.
    """
    if out.exists():
        raise BackupError("这个文件已经存在：备份不会覆盖任何文件，请换一个名称")
    with _clear_errors("备份未写成，没有留下不完整的文件"):
        _note(engine, by, at)
        with engine.connect() as connection, connection.begin(), ArchiveWriter(out) as writer:
            bulk.read_only(connection)
            key_ids: set[str] = set()
            parts = [_write(connection, writer, whole, key_ids) for whole in bulk.tables_of(connection)]
            manifest = _manifest(connection, parts, key_ids, at)
            writer.finish(manifest, vault)
    return manifest


def _note(engine: Engine, by: By, at: datetime) -> None:
    with engine.begin() as connection:
        names = {whole.name for whole in bulk.tables_of(connection)}
        if not names:
            raise BackupError("数据库是空的，没有可备份的内容")
        if "audit" in names:
            record(connection, by, "database.backed_up", object_kind="database", at=at)


def _write(connection: Connection, writer: ArchiveWriter, whole: WholeTable, key_ids: set[str]) -> Part:
    key_ids |= {sealed.split(".")[1] for _, _, sealed in _sealed(connection, whole)}
    if whole.name == tables.vault_keys.name:
        c = whole.table.c
        key_ids |= set(connection.execute(select(c.key_id).where(c.retired_at.is_(None))).scalars())
    return writer.add(whole.name, whole.columns, whole.lines(connection))


def _sealed(connection: Connection, whole: WholeTable) -> Iterator[tuple[str, str, str]]:
    """Yield column, row and sealed form of every sealed value of a table."""
    names = [column for column in SEALED_COLUMNS.get(whole.name, ()) if column in whole.kinds]
    keys = list(whole.table.primary_key)
    if not names or len(keys) != 1:
        return
    statement = select(keys[0], *(whole.table.c[name] for name in names))
    for row_id, *values in connection.execute(statement, execution_options={"yield_per": 2000}):
        for name, value in zip(names, values, strict=True):
            if isinstance(value, str) and value.startswith(_SEALED) and value.count(".") == 2:
                yield name, row_id, value


def _manifest(connection: Connection, parts: list[Part], key_ids: set[str], at: datetime) -> Manifest:
    head: Any = (0, "")
    if any(part.table == "audit_head" for part in parts):
        head = connection.exec_driver_sql("SELECT sequence, hash FROM audit_head").one()
    return Manifest(
        made_at=at,
        revision=str(revision_of(connection)),
        audit_sequence=int(head[0]),
        audit_hash=str(head[1]),
        key_ids=tuple(sorted(key_ids)),
        parts=tuple(parts),
    )


def restore(path: Path, url: str, *, keys: str = "", without_keys: bool = False) -> Restored:
    """Restore an archive into an empty database, verify it, and bring its schema to the newest.

    Nothing stays in the target unless all of it came back: PostgreSQL gets it in one transaction, SQLite in a file
    that has its name only at the end. Without keys what is sealed is loaded, but not tried.

    Raises
    ------
    BackupError
        When the archive is damaged, a key is missing, the target is not empty, or there is no room.
    """
    vault = Vault.read(keys)
    with _clear_errors("未恢复，目标数据库保持为空"), opened(path) as archive:
        is_marked = False if without_keys else _has_its_keys(archive, vault)
        newest = newest_revision()
        with _target(url, keys) as engine:
            n_opened = _load(engine, archive, None if without_keys else vault, newest)
            bulk.settle(engine)
        return Restored(archive.manifest, n_opened, is_marked, newest)


def verify(path: Path, *, keys: str = "", without_keys: bool = False) -> Restored:
    """Rehearse the restoring of an archive in a scratch database that is thrown away.

    Raises
    ------
    BackupError
        When the archive could not be restored.
    """
    vault = Vault.read(keys)
    with _clear_errors("备份未通过检验"), opened(path) as archive, tempfile.TemporaryDirectory() as scratch:
        is_marked = False if without_keys else _has_its_keys(archive, vault)
        revision = archive.manifest.revision
        with _engine(f"sqlite:///{Path(scratch) / 'rehearsal.db'}", keys) as engine:
            n_opened = _load(engine, archive, None if without_keys else vault, revision)
        return Restored(archive.manifest, n_opened, is_marked, revision)


def _has_its_keys(archive: Archive, vault: Vault) -> bool:
    missing = [key_id for key_id in archive.manifest.key_ids if key_id not in vault.keys]
    if missing:
        raise BackupError(
            f"缺少密钥 {'、'.join(missing)}：没有它，加密的内容无法读取；"
            "请设置 YOUGANG_KEY_FILE，或加 --without-keys 只恢复可读部分"
        )
    return archive.is_ours(vault)


@contextmanager
def _target(url: str, keys: str) -> Iterator[Engine]:
    """Give an engine for an empty database; of SQLite, one that gets its name only when all went well."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise BackupError("数据库地址应写作 sqlite:///文件 或 postgresql+psycopg://用户@主机/库") from error
    if parsed.get_backend_name() != "sqlite":
        with _engine(url, keys) as engine:
            if not bulk.is_empty(engine):
                raise BackupError("目标数据库不是空的：只恢复到空的数据库")
            yield engine
        return
    if not parsed.database or parsed.database == ":memory:":
        raise BackupError("只能恢复到一个文件或一个 PostgreSQL 数据库")
    with _unnamed(Path(parsed.database)) as file, _engine(f"sqlite:///{file}", keys) as engine:
        yield engine


@contextmanager
def _engine(url: str, keys: str) -> Iterator[Engine]:
    engine = engine_for(url, keys)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _unnamed(file: Path) -> Iterator[Path]:
    """Give a file beside the target that is renamed to it at the end, or taken away."""
    if file.exists() and file.stat().st_size > 0:
        raise BackupError("目标文件已经存在：只恢复到空的数据库")
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{file.name}-restoring-", dir=file.parent) as folder:
        building = Path(folder) / file.name
        yield building
        building.chmod(0o600)
        building.replace(file)


def _load(engine: Engine, archive: Archive, vault: Vault | None, revision: str) -> int:
    """Load every table, verify what then stands there, and bring the schema to a revision, all in one transaction.

    Return how many sealed values opened.
    """
    manifest = archive.manifest
    with engine.connect() as connection, bulk.whole_transaction(connection):
        try:
            bulk.migrate(connection, manifest.revision)
        except UnknownRevision as error:
            raise BackupError("备份来自更新的程序，请先升级本程序") from error
        known, found = bulk.triggers(connection), {whole.name: whole for whole in bulk.tables_of(connection)}
        parts = {part.table: part for part in manifest.parts}
        if {name: sorted(part.columns) for name, part in parts.items()} != {n: w.columns for n, w in found.items()}:
            raise BrokenArchive("备份中的表与它注明的数据库结构不符")
        bulk.silence(connection)
        bulk.empty(connection)
        for name, whole in found.items():  # each after those that it refers to
            # Closed also where loading breaks off: a reader left open keeps the file open.
            with closing(archive.lines(parts[name])) as lines:
                whole.load(connection, parts[name].columns, lines)
        bulk.continue_numbers(connection)
        bulk.unsilence(connection, known)
        if bulk.triggers(connection) != known:
            raise BackupError("数据库的保护措施（触发器）没有全部恢复")
        _make_sure(connection, manifest, found)
        n_opened = 0 if vault is None else _opened(connection, found, vault)
        bulk.migrate(connection, revision)
        if vault is not None and tables.vault_keys.name in {whole.name for whole in bulk.tables_of(connection)}:
            accept_keys(connection)
        return n_opened


def _make_sure(connection: Connection, manifest: Manifest, found: Mapping[str, WholeTable]) -> None:
    for part in manifest.parts:
        if found[part.table].digest(connection) != (part.rows, part.sha256):
            raise BackupError(f"恢复后的 {part.table} 表与备份不逐行相同")
    if n_broken := bulk.broken_references(connection):
        raise BrokenArchive(f"备份中有 {n_broken} 行引用了不存在的行")
    if "audit" not in found:
        return
    first = next(breaks(connection), None)
    if first is not None:
        raise BrokenArchive(f"备份中的审计记录不完整（第 {first.sequence} 条）：{first.text}")
    head = connection.exec_driver_sql("SELECT sequence, hash FROM audit_head").one()
    if (head[0], head[1]) != (manifest.audit_sequence, manifest.audit_hash):
        raise BrokenArchive("备份中的审计末尾与目录不符")


def _opened(connection: Connection, found: Mapping[str, WholeTable], vault: Vault) -> int:
    n = 0
    for whole in found.values():
        for column, row_id, sealed in _sealed(connection, whole):
            try:
                vault.open(sealed, Place(whole.name, column, str(row_id)))
            except VaultError as error:
                raise BackupError(f"{whole.name} 表中有加密内容用现有密钥打不开：密钥不对，或内容被改动") from error
            n += 1
    return n


@contextmanager
def _clear_errors(outcome: str) -> Iterator[None]:
    """Say in one line what stood in the way; a driver's words may hold anybody's data and are not repeated."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise BackupError(f"{_DISK_FULL}：{outcome}") from error
        raise
    except (SQLAlchemyError, psycopg.Error) as error:
        said = str(getattr(error, "orig", error))
        why = _DISK_FULL if "full" in said or "No space" in said else "数据库无法读写，或其中有不能存放的内容"
        raise BackupError(f"{why}：{outcome}") from error
    except ValueError as error:
        raise BackupError(f"有无法识别的值：{outcome}") from error
