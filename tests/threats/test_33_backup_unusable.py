"""33 | D/T: backup unusable or restored to the wrong place.

Nightly restore into an empty database, row counts and audit chain verified.
"""

import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from pipelines.access.audit import breaks, events, record
from pipelines.access.roles import COMMAND_LINE, Role
from pipelines.access.vault import Vault
from pipelines.archive import BackupError, Manifest
from pipelines.backup import backup, restore, verify
from pipelines.consistency import check
from pipelines.store.repositories import CandidateRepository
from tests.conftest import Town, Yougang
from tests.pipelines.test_backup import OTHER_KEYS, WRONG_KEYS, address, changed, is_still_empty, rows_of
from tests.support.accounts import KEYS, a_user, gansu_with_others
from tests.support.people import a_person, a_vacancy, acted, with_certificate
from tests.support.stores import BACKENDS, PROGRAM, a_store, an_empty_database
from tests.threats.claims import NOW

ROOT = Path(__file__).parents[2]
N_PEOPLE = 12


@dataclass(frozen=True)
class Saved:
    """A store that was worked in, and its backup."""

    engine: Engine
    archive: Path
    manifest: Manifest
    rows: dict[str, list[str]]


def _lived_in(engine: Engine) -> None:
    with engine.begin() as connection:
        gansu_with_others(connection)
        a_user(connection, "worker", Role.CASEWORKER, "620102")
        a_vacancy(connection, "v-1", None)
        for number in range(N_PEOPLE):
            a_person(connection, f"c-{number}", **with_certificate(number + 1))
            acted(connection, f"c-{number}", "v-1")


@pytest.fixture(scope="module", params=BACKENDS)
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Saved]:
    """A store on either database with people, accounts and an audit, and its backup."""
    folder = tmp_path_factory.mktemp("saved")
    with a_store(request.param, folder) as engine:
        _lived_in(engine)
        out = folder / "whole.yougang"
        manifest = backup(engine, out, vault=Vault.read(KEYS), by=COMMAND_LINE, at=NOW)
        yield Saved(engine, out, manifest, rows_of(engine))


@pytest.fixture(params=BACKENDS)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of either kind."""
    with an_empty_database(request.param, tmp_path) as engine:
        yield engine


@pytest.fixture
def alike(saved: Saved, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of the same kind as the source."""
    with an_empty_database(saved.engine.dialect.name, tmp_path) as engine:
        yield engine


# What was saved comes back


def check_restored_equals(saved: Saved, target: Engine) -> None:
    """Restore into an empty database and lay it beside its source, row by row."""
    done = restore(saved.archive, address(target), keys=KEYS)
    now = rows_of(target)
    assert now == saved.rows
    assert {name: len(rows) for name, rows in now.items()} == {p.table: p.rows for p in saved.manifest.parts}
    assert len(now["candidates"]) == len(now["interactions"]) == N_PEOPLE
    assert done.is_marked
    assert done.n_opened >= 4 * N_PEOPLE
    with saved.engine.connect() as source, target.connect() as connection:
        assert list(breaks(connection)) == []
        assert [e["hash"] for e in events(connection)] == [e["hash"] for e in events(source)]
        assert Counter(finding.table for finding in check(connection) if finding.is_error) == Counter()
        people = (CandidateRepository(one, PROGRAM).all(with_identity=True) for one in (source, connection))
        before, after = ([(p.candidate_id, p.name, p.certificate_number) for p in some] for some in people)
        assert before == after
        assert len({number for *_, number in after}) == N_PEOPLE


def test_restored_database_equals_its_source_row_by_row_and_its_chain_is_whole(saved: Saved, target: Engine) -> None:
    check_restored_equals(saved, target)


def test_chain_goes_on_in_the_restored_database_where_it_ended(saved: Saved, alike: Engine) -> None:
    restore(saved.archive, address(alike), keys=KEYS)
    with alike.begin() as connection:
        number = record(connection, COMMAND_LINE, "test.event", object_kind="test")
        assert number == saved.manifest.audit_sequence + 1
        assert list(breaks(connection)) == []


# What is damaged, or not ours, is refused


def _refused(archive: Path, target: Engine, keys: str = KEYS) -> None:
    with pytest.raises(BackupError) as told:
        restore(archive, address(target), keys=keys)
    assert "\n" not in str(told.value)
    assert is_still_empty(target)


def _hit(archive: Path, to: Path, member: str) -> Path:
    """Flip one bit in the middle of what is packed of one table."""
    with zipfile.ZipFile(archive) as members:
        found = members.getinfo(member)
    raw = bytearray(archive.read_bytes())
    start = found.header_offset + 30 + len(member) + int.from_bytes(raw[found.header_offset + 28 :][:2], "little")
    raw[start + found.compress_size // 2] ^= 0x10
    to.write_bytes(raw)
    return to


def _with_another_row(archive: Path, to: Path) -> Path:
    """Change a word of a row, as whoever writes the archive anew can."""
    return changed(
        archive,
        to,
        "tables/candidates.jsonl",
        lambda told: told.replace(b'"c-3"', b'"c-X"'),
    )


def check_damaged_is_refused(saved: Saved, target: Engine, folder: Path) -> None:
    """Try archives cut off, hit by one flipped bit, and written anew with another row."""
    raw, broken = saved.archive.read_bytes(), folder / "broken"
    for end in (0, 100, len(raw) // 2, len(raw) - 1):
        broken.write_bytes(raw[:end])
        _refused(broken, target)
    for member in ("tables/candidates.jsonl", "tables/audit.jsonl", "manifest.json"):
        _refused(_hit(saved.archive, broken, member), target)
    _refused(_with_another_row(saved.archive, broken), target)


def test_archive_cut_off_hit_or_changed_is_refused_and_the_target_stays_empty(
    saved: Saved, alike: Engine, tmp_path: Path
) -> None:
    check_damaged_is_refused(saved, alike, tmp_path)


@pytest.mark.parametrize("saved", ["sqlite"], indirect=True)  # the archive is alike, whichever it came from
def test_one_flipped_bit_is_seen_in_whichever_table_it_falls(saved: Saved, tmp_path: Path) -> None:
    with zipfile.ZipFile(saved.archive) as members:
        names = [info.filename for info in members.infolist() if info.file_size]
    assert len(names) >= 10
    for member in names:
        if member == "manifest.mark":
            continue  # a mark that is not ours is as none, which is told below
        with pytest.raises(BackupError):
            verify(_hit(saved.archive, tmp_path / "broken", member), keys=KEYS)


def check_wrong_key_is_refused(saved: Saved, target: Engine) -> None:
    """Try without the key, with another one, and with another one of the same name."""
    for keys in ("", OTHER_KEYS, WRONG_KEYS):
        _refused(saved.archive, target, keys)


def test_archive_for_which_there_is_no_key_is_refused_and_the_target_stays_empty(saved: Saved, alike: Engine) -> None:
    check_wrong_key_is_refused(saved, alike)


def test_archive_without_its_mark_is_told_from_one_with_it(saved: Saved, tmp_path: Path) -> None:
    bare = changed(saved.archive, tmp_path / "bare", "manifest.mark", lambda _: None)
    assert verify(saved.archive, keys=KEYS).is_marked
    assert not verify(bare, keys=KEYS).is_marked


def test_backup_goes_into_no_database_that_has_anything_in_it(saved: Saved, tmp_path: Path) -> None:
    with a_store(saved.engine.dialect.name, tmp_path) as full:
        with full.begin() as connection:
            a_person(connection, "somebody-else")
        before = rows_of(full)
        with pytest.raises(BackupError, match="空的数据库"):
            restore(saved.archive, address(full), keys=KEYS)
        assert rows_of(full) == before


def test_nightly_rehearsal_passes_for_what_is_whole_and_says_what_it_counted(saved: Saved) -> None:
    done = verify(saved.archive, keys=KEYS)
    assert (done.manifest, done.is_marked) == (saved.manifest, True)
    assert done.manifest.n_rows == sum(len(rows) for rows in saved.rows.values())


def test_commands_of_the_night_save_rehearse_restore_and_refuse(
    own_town: Town, yougang: Yougang, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("YOUGANG_KEYS", KEYS)
    out, new = tmp_path / "night.yougang", tmp_path / "new.db"
    assert yougang("backup", out, at=own_town).code == 0
    told = yougang("--json", "restore", out, "--verify", at=own_town).document
    assert told["restored"] is False
    assert told["opened"] > 0
    assert yougang("restore", out, "--into", f"sqlite:///{new}", at=own_town).code == 0
    assert "audit" not in yougang("--json", "--db", f"sqlite:///{new}", "db", "check").out
    again = yougang("restore", out, "--into", f"sqlite:///{new}", at=own_town)
    assert (again.code, again.out) == (4, "")
    out.write_bytes(out.read_bytes()[:-100])
    for into in (("--verify",), ("--into", f"sqlite:///{tmp_path / 'other.db'}")):
        assert yougang("restore", out, *into, at=own_town).code == 4
    assert not (tmp_path / "other.db").exists()


def test_unit_of_the_night_rehearses_what_it_saved() -> None:
    unit = (ROOT / "docs/operations/yougang-backup.service").read_text(encoding="utf-8")
    commands = [line.partition("=")[2] for line in unit.splitlines() if line.startswith("Exec")]
    saves = next(n for n, line in enumerate(commands) if " backup " in line)
    assert any("restore" in line and "--verify" in line for line in commands[saves:]), json.dumps(commands)
