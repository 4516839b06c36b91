"""Backups: all of it comes back, into either database, or nothing does; what is damaged is found."""

import json
import os
import random
import resource
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, select
from sqlalchemy.engine import make_url

from pipelines.access.audit import breaks, events, record
from pipelines.access.roles import COMMAND_LINE, Role
from pipelines.access.vault import Vault
from pipelines.archive import BackupError, BrokenArchive
from pipelines.backup import backup, restore, verify
from pipelines.ingest import ingest
from pipelines.schema import EMPLOYERS
from pipelines.store import bulk
from pipelines.store.resealing import SEALED_COLUMNS
from pipelines.store.session import downgrade, newest_revision, revision_of
from pipelines.store.whole import metadata
from pipelines.synthetic import ProvinceConfig, invent, write_tables
from tests.support.accounts import KEYS, a_user, gansu_with_others
from tests.support.province import TODAY, fill
from tests.support.stores import BACKENDS, PROGRAM, a_store, an_empty_database

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
VAULT = Vault.read(KEYS)
OTHER_KEYS = f"k2:{'B' * 43}="
WRONG_KEYS = f"k1:{'B' * 43}="


@cache
def tables() -> Path:
    """Return the folder of a small invented province's tables."""
    folder = Path(tempfile.mkdtemp(prefix="yougang-tests-"))
    write_tables(invent(ProvinceConfig(today=TODAY, n_candidates=250, n_vacancies=120, seed=33)), folder)
    return folder


def lived_in(engine: Engine) -> Engine:
    """Fill a store as work fills it: people, offices, accounts with second factors, an audit."""
    fill(engine, tables())
    with engine.begin() as connection:
        gansu_with_others(connection)
        a_user(connection, "worker", Role.CASEWORKER, "620102")
    return engine


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with a_store("sqlite", tmp_path_factory.mktemp("source")) as engine:
        yield lived_in(engine)


@pytest.fixture(scope="module")
def archive(source: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("archive") / "whole.yougang"
    backup(source, out, vault=VAULT, by=COMMAND_LINE, at=AT)
    return out


def rows_of(engine: Engine) -> dict[str, list[str]]:
    """Return every row of every table, in words that are alike for both databases."""
    with engine.connect() as connection:
        return {whole.name: list(whole.lines(connection)) for whole in bulk.tables_of(connection)}


def address(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def is_still_empty(engine: Engine) -> bool:
    with engine.connect() as connection:
        return not inspect(connection).get_table_names()


@pytest.mark.parametrize("source_kind", BACKENDS)
@pytest.mark.parametrize("target_kind", BACKENDS)
def test_a_restored_database_equals_its_source_row_by_row(tmp_path: Path, source_kind: str, target_kind: str) -> None:
    with a_store(source_kind, tmp_path) as source, an_empty_database(target_kind, tmp_path) as target:
        lived_in(source)
        manifest = backup(source, tmp_path / "a", vault=VAULT, by=COMMAND_LINE, at=AT)
        done = restore(tmp_path / "a", address(target), keys=KEYS)
        was, now = rows_of(source), rows_of(target)
        assert {name: len(rows) for name, rows in now.items()} == {p.table: p.rows for p in manifest.parts}
        assert now == was
        assert len(now["candidates"]) == 250
        assert done.is_marked
        assert done.n_opened > 0
        with target.connect() as connection:
            assert list(breaks(connection)) == []
            assert bulk.broken_references(connection) == 0


@pytest.mark.parametrize("kind", BACKENDS)
def test_a_restored_database_has_every_trigger_and_goes_on_working(tmp_path: Path, archive: Path, kind: str) -> None:
    with an_empty_database(kind, tmp_path) as target, a_store(kind, tmp_path) as fresh:
        restore(archive, address(target), keys=KEYS)
        with target.begin() as restored, fresh.connect() as made:
            assert bulk.triggers(restored) == bulk.triggers(made) != []
            record(restored, COMMAND_LINE, "test.event", object_kind="test")
            assert list(breaks(restored)) == []
        # The next import gets a number of its own, which PostgreSQL would not give by itself.
        file = tmp_path / "more.csv"
        file.write_text("employer_id,name\n91620100MA71234560,新来的公司\n", encoding="utf-8")
        report = ingest(target, EMPLOYERS, file, subject=PROGRAM, supplied_by="test", on=date(2026, 11, 23))
        assert report.read == 1


def test_that_a_backup_was_made_is_in_the_audit_and_in_the_backup(source: Engine, archive: Path) -> None:
    with source.connect() as connection:
        last = list(events(connection))[-1]
    assert (last["action"], last["actor"]) == ("database.backed_up", "command-line")
    manifest = json.loads(zipfile.ZipFile(archive).read("manifest.json"))
    assert manifest["audit_sequence"] == last["sequence"]
    assert manifest["audit_hash"] == last["hash"]


def test_what_is_written_meanwhile_is_not_in_the_backup_and_breaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_store("sqlite", tmp_path) as engine:
        n_before: list[int] = []

        def writes_meanwhile(connection: Any) -> Any:
            found = told(connection)
            connection.exec_driver_sql("SELECT count(*) FROM audit").scalar()
            with engine.begin() as other:
                n_before.append(record(other, COMMAND_LINE, "test.meanwhile", object_kind="test"))
            return found

        told = bulk.tables_of
        with engine.begin() as connection:
            record(connection, COMMAND_LINE, "test.before", object_kind="test")
        with monkeypatch.context() as patched:
            calls = iter([told, writes_meanwhile])
            patched.setattr(bulk, "tables_of", lambda connection: next(calls)(connection))
            manifest = backup(engine, tmp_path / "a", vault=VAULT, by=COMMAND_LINE, at=AT)
        assert n_before == [manifest.audit_sequence + 1]
        assert verify(tmp_path / "a", keys=KEYS).manifest == manifest


def test_no_key_and_nothing_sealed_in_clear_is_in_a_backup(archive: Path) -> None:
    with zipfile.ZipFile(archive) as members:
        everything = b"".join(members.read(name) for name in members.namelist())
    assert b"A" * 43 not in everything
    assert b"v1.k1." in everything


def test_a_backup_is_for_its_owner_alone(archive: Path) -> None:
    assert archive.stat().st_mode & 0o077 == 0


def test_a_backup_never_takes_the_place_of_another_file(source: Engine, archive: Path) -> None:
    before = archive.read_bytes()
    with pytest.raises(BackupError, match="已经存在"):
        backup(source, archive, vault=VAULT, by=COMMAND_LINE, at=AT)
    assert archive.read_bytes() == before


@pytest.mark.parametrize("kind", BACKENDS)
def test_a_database_with_anything_in_it_is_not_restored_over(tmp_path: Path, archive: Path, kind: str) -> None:
    with a_store(kind, tmp_path) as target:
        before = rows_of(target)
        with pytest.raises(BackupError, match="空的数据库"):
            restore(archive, address(target), keys=KEYS)
        assert rows_of(target) == before


@pytest.mark.parametrize("kind", BACKENDS)
@pytest.mark.parametrize(("keys", "told"), [("", "缺少密钥 k1"), (OTHER_KEYS, "缺少密钥 k1"), (WRONG_KEYS, "密钥")])
def test_a_missing_or_wrong_key_is_told_and_leaves_the_target_empty(
    tmp_path: Path, archive: Path, kind: str, keys: str, told: str
) -> None:
    with an_empty_database(kind, tmp_path) as target:
        with pytest.raises(BackupError, match=told):
            restore(archive, address(target), keys=keys)
        assert is_still_empty(target)


def test_without_keys_everything_comes_back_but_what_is_sealed_is_not_tried(tmp_path: Path, archive: Path) -> None:
    with an_empty_database("sqlite", tmp_path) as target:
        done = restore(archive, address(target), without_keys=True)
        assert (done.n_opened, done.is_marked) == (0, False)
        assert len(rows_of(target)["candidates"]) == 250


def changed(archive: Path, to: Path, member: str, change: Any) -> Path:
    """Write the archive anew with one member changed, whole as a ZIP."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            told = old.read(name)
            kept = change(told) if name == member else told
            if kept is not None:
                new.writestr(name, kept)
    return to


def without_last_line(told: bytes) -> bytes:
    return b"".join(told.splitlines(keepends=True)[:-1])


CHANGES = {
    "a row is missing": ("tables/candidates.jsonl", without_last_line),
    "a row came twice": ("tables/services.jsonl", lambda told: told + told.splitlines(keepends=True)[-1]),
    "a table is missing": ("tables/vacancies.jsonl", lambda _: None),
    "a word was changed": ("tables/employers.jsonl", lambda told: told.replace("公司".encode(), "工厂".encode(), 1)),
    "the manifest is missing": ("manifest.json", lambda _: None),
    "the manifest is nonsense": ("manifest.json", lambda _: b"[1]"),
    "another format": ("manifest.json", lambda told: told.replace(b"backup-1", b"backup-9")),
    "a count was changed": ("manifest.json", lambda told: told.replace(b'"rows": 250', b'"rows": 249')),
    "a newer schema": ("manifest.json", lambda told: told.replace(b'"revision": "', b'"revision": "9')),
    "another end of the audit": (
        "manifest.json",
        lambda told: told.replace(b'"audit_sequence": ', b'"audit_sequence": 9'),
    ),
    "a table too many": ("manifest.json", lambda told: told.replace(b'"table": "services"', b'"table": "service"')),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("has_keys", [True, False])
def test_an_altered_backup_is_found_with_and_without_keys(
    tmp_path: Path, archive: Path, name: str, has_keys: bool
) -> None:
    broken = changed(archive, tmp_path / "broken", *CHANGES[name])
    with an_empty_database("sqlite", tmp_path) as target:
        with pytest.raises(BackupError):
            restore(broken, address(target), keys=KEYS if has_keys else "", without_keys=not has_keys)
        assert is_still_empty(target)


def test_a_forged_backup_with_right_sums_is_found_by_its_mark(tmp_path: Path, archive: Path) -> None:
    """Whoever changes a row and the sums beside it has no key to mark the manifest with."""
    import hashlib

    with zipfile.ZipFile(archive) as members:
        rows, manifest = members.read("tables/employers.jsonl"), json.loads(members.read("manifest.json"))
    forged = rows.replace("公司".encode(), "工厂".encode(), 1)
    for part in manifest["parts"]:
        if part["table"] == "employers":
            part["sha256"] = hashlib.sha256(forged).hexdigest()
    once = changed(archive, tmp_path / "once", "tables/employers.jsonl", lambda _: forged)
    twice = changed(once, tmp_path / "twice", "manifest.json", lambda _: json.dumps(manifest).encode())
    with pytest.raises(BrokenArchive, match="签记"):
        verify(twice, keys=KEYS)


def test_a_backup_cut_off_or_hit_anywhere_is_refused_or_whole(tmp_path: Path, archive: Path) -> None:
    """A flipped bit may fall where ZIP keeps nothing that counts; then everything has to come back equal."""
    raw, chance = archive.read_bytes(), random.Random(33)  # places to hit, no secret
    broken = tmp_path / "broken"
    for end in (0, 1, 100, len(raw) // 2, len(raw) - 1):
        broken.write_bytes(raw[:end])
        with pytest.raises(BackupError):
            verify(broken, keys=KEYS)
    n_refused = 0
    for _ in range(15):
        at = chance.randrange(len(raw))
        broken.write_bytes(raw[:at] + bytes([raw[at] ^ 0x10]) + raw[at + 1 :])
        try:
            verify(broken, keys=KEYS)
        except BackupError:
            n_refused += 1
    assert n_refused >= 12


def test_a_row_of_the_audit_taken_out_of_the_source_makes_its_backup_unfit(tmp_path: Path) -> None:
    """Sums alone would call it whole: the backup is as its source was."""
    with a_store("sqlite", tmp_path) as engine:
        with engine.begin() as connection:
            for _ in range(3):
                record(connection, COMMAND_LINE, "test.event", object_kind="test")
            connection.exec_driver_sql("DROP TRIGGER audit_no_delete")
            connection.exec_driver_sql("DELETE FROM audit WHERE sequence = 2")
        backup(engine, tmp_path / "a", vault=VAULT, by=COMMAND_LINE, at=AT)
    with pytest.raises(BrokenArchive, match="审计"):
        verify(tmp_path / "a", keys=KEYS)


@pytest.mark.parametrize("kind", BACKENDS)
@pytest.mark.parametrize("revision", ["0002", "0003"])
def test_a_backup_of_an_older_schema_is_brought_to_the_newest(tmp_path: Path, kind: str, revision: str) -> None:
    with a_store(kind, tmp_path) as source, an_empty_database(kind, tmp_path) as target:
        fill(source, tables())
        downgrade(source, revision)
        manifest = backup(source, tmp_path / "a", vault=VAULT, by=COMMAND_LINE, at=AT)
        assert manifest.revision == revision
        done = restore(tmp_path / "a", address(target), keys=KEYS)
        assert done.revision == newest_revision()
        with target.connect() as connection:
            assert revision_of(connection) == newest_revision()
            assert len(connection.execute(select(metadata.tables["candidates"].c.candidate_id)).all()) == 250


def test_no_room_for_the_backup_leaves_no_half_of_it(
    tmp_path: Path, source: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.backup._note", lambda *_: None)  # the database itself has room, the archive has not
    with limited_files(60_000), pytest.raises(BackupError, match="空间不足"):
        backup(source, tmp_path / "a", vault=VAULT, by=COMMAND_LINE, at=AT)
    assert list(tmp_path.iterdir()) == []


def test_no_room_to_restore_leaves_the_target_empty(tmp_path: Path, archive: Path) -> None:
    with limited_files(200_000), pytest.raises(BackupError, match="未恢复"):
        restore(archive, f"sqlite:///{tmp_path / 'new.db'}", keys=KEYS)
    assert list(tmp_path.iterdir()) == []


class limited_files:  # noqa: N801  # reads as a verb
    """Let no file of this process grow past a size, as on a full disk."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __enter__(self) -> None:
        import signal

        self.signal = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        self.before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, self.before[1]))

    def __exit__(self, *_: object) -> None:
        import signal

        resource.setrlimit(resource.RLIMIT_FSIZE, self.before)
        signal.signal(signal.SIGXFSZ, self.signal)


def test_every_column_of_the_store_can_be_backed_up_and_every_sealed_one_is_known(tmp_path: Path) -> None:
    with a_store("sqlite", tmp_path) as engine, engine.connect() as connection:
        whole = {one.name: one for one in bulk.tables_of(connection)}
    assert whole.keys() == metadata.tables.keys()
    for table, columns in SEALED_COLUMNS.items():
        assert set(columns) <= whole[table].kinds.keys()
        assert len(whole[table].table.primary_key) == 1


def test_there_is_nothing_to_back_up_in_an_empty_database(tmp_path: Path) -> None:
    with an_empty_database("sqlite", tmp_path) as engine, pytest.raises(BackupError, match="空"):
        backup(engine, tmp_path / "a", vault=VAULT, by=COMMAND_LINE, at=AT)


def test_a_postgresql_target_is_left_empty_when_the_backup_breaks_off(tmp_path: Path, archive: Path) -> None:
    broken = changed(archive, tmp_path / "broken", *CHANGES["a row is missing"])
    with an_empty_database("postgresql", tmp_path) as target:
        with pytest.raises(BrokenArchive):
            restore(broken, address(target), keys=KEYS)
        assert is_still_empty(target)
        assert make_url(address(target)).get_backend_name() == "postgresql"
        assert os.environ["YOUGANG_TEST_POSTGRES"]
