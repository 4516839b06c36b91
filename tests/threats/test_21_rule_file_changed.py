"""21 | T: rule file changed to grant money.

Two approvers, signed, immutable; hash in each decision; effect preview recorded.
"""

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from matching.regions import GANSU
from matching.rules.rulebook import HOME, load_rulebook, rulebook
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Role, Subject
from pipelines.consistency import check
from pipelines.rule_release import gate
from pipelines.rule_release.errors import ReleaseRefused, RulesNotReleased
from pipelines.rule_release.releases import content_of
from pipelines.schema import TABLES
from pipelines.store.claim_tables import rule_proposals, rule_releases, rule_signatures
from pipelines.store.repositories import TableRepository
from pipelines.store.rule_books import pack
from pipelines.store.session import engine_for
from pipelines.store.tables import audit, decisions, rule_books
from tests.conftest import Said, Town, Yougang
from tests.support.accounts import KEYS, PASSWORD, a_user, gansu_with_others, give_second_factor
from tests.support.service import a_service
from tests.support.stores import BACKENDS, PROGRAM, noted
from tests.threats.rule_books import Ministry, a_changed_book, a_ministry, releases

OnDisk = Callable[[Path], None]


@pytest.fixture(params=BACKENDS)
def ministry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ministry]:
    """A store whose packaged rules are in force."""
    with a_ministry(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[OnDisk]:
    """Let a process find other rule files where the packaged ones should be."""

    def put(folder: Path) -> None:
        monkeypatch.setattr(gate, "HOME", folder)
        gate._loaded.cache_clear()

    yield put
    monkeypatch.undo()
    gate._loaded.cache_clear()


def _proposed(at: Ministry, folder: Path, subject: Subject) -> str:
    with at.engine.begin() as connection:
        return releases(connection).propose(folder, {"rules": []}, subject, as_of=datetime.now(UTC).date()).release_id


def _approved(at: Ministry, release_id: str, subject: Subject) -> None:
    with at.engine.begin() as connection:
        releases(connection).approve(release_id, subject)


def _may_answer(at: Ministry, folder: Path) -> bool:
    with at.engine.connect() as connection:
        try:
            releases(connection).check(content_of(folder))
        except RulesNotReleased:
            return False
    return True


# Two approvers


def test_changed_book_answers_only_after_a_second_person_released_it(ministry: Ministry, tmp_path: Path) -> None:
    changed = a_changed_book(tmp_path)
    assert _may_answer(ministry, HOME)
    assert not _may_answer(ministry, changed)
    release_id = _proposed(ministry, changed, ministry.first)
    assert not _may_answer(ministry, changed)
    with pytest.raises(ReleaseRefused):
        _approved(ministry, release_id, ministry.first)
    assert not _may_answer(ministry, changed)
    _approved(ministry, release_id, ministry.second)
    assert _may_answer(ministry, changed)


def test_county_and_program_neither_propose_nor_release(ministry: Ministry, tmp_path: Path) -> None:
    changed = a_changed_book(tmp_path)
    for subject in (ministry.in_a_county, PROGRAM):
        with pytest.raises(Forbidden):
            _proposed(ministry, changed, subject)
    release_id = _proposed(ministry, changed, ministry.first)
    for subject in (ministry.in_a_county, PROGRAM):
        with pytest.raises(Forbidden):
            _approved(ministry, release_id, subject)
    assert not _may_answer(ministry, changed)


def test_database_refuses_who_releases_their_own_whatever_they_call_themselves(
    ministry: Ministry, tmp_path: Path
) -> None:
    release_id = _proposed(ministry, a_changed_book(tmp_path), ministry.first)
    own, version = ministry.first.by.actor, load_rulebook(tmp_path / "changed").version
    values = {"release_id": release_id, "version": version, "approved_at": datetime.now(UTC)}
    for proposed_by, approved_by in ((own, own), ("user:invented", own)):
        statement = insert(rule_releases).values(**values, proposed_by=proposed_by, approved_by=approved_by)
        with pytest.raises(IntegrityError), ministry.engine.begin() as connection:
            noted(connection).execute(statement)


def test_retired_book_answers_no_more(ministry: Ministry) -> None:
    with ministry.engine.begin() as connection:
        release, _ = releases(connection).all()[0]
        releases(connection).retire(release.proposal.release_id, ministry.second)
    assert not _may_answer(ministry, HOME)


def test_only_the_first_rules_ever_are_taken_on_without_two_people(ministry: Ministry, tmp_path: Path) -> None:
    changed = a_changed_book(tmp_path)
    with ministry.engine.begin() as connection:
        assert not releases(connection).take_on(load_rulebook(changed), changed, by=PROGRAM.by)
    assert not _may_answer(ministry, changed)
    again = insert(rule_proposals).values(
        release_id="again", version=rulebook().version, content="0" * 64, proposed_by="installation",
        proposed_at=datetime.now(UTC), as_of=datetime.now(UTC).date(), effects="{}",
    )  # fmt: skip
    with pytest.raises(IntegrityError), ministry.engine.begin() as connection:
        noted(connection).execute(again)


# Signed


def test_release_written_past_the_program_does_not_answer_without_the_key(ministry: Ministry, tmp_path: Path) -> None:
    changed = a_changed_book(tmp_path)
    release_id = _proposed(ministry, changed, ministry.first)
    with ministry.engine.begin() as connection:
        version, own = load_rulebook(changed).version, ministry.first.by.actor
        forged = {"version": version, "proposed_by": own, "approved_by": "user:x", "approved_at": datetime.now(UTC)}
        noted(connection).execute(insert(rule_releases).values(release_id=release_id, **forged))
        signature = {"release_id": release_id, "key_id": "k1", "signature": "0" * 64}
        connection.execute(insert(rule_signatures).values(signature))
    assert not _may_answer(ministry, changed)
    with ministry.engine.begin() as connection:
        wrong = [f.text for f in check(connection) if f.table == "rule_releases" and f.is_error]
    assert wrong == ["规则签发记录的签名不符，或缺少签名时所用的密钥"]


def test_another_book_made_to_have_a_released_version_does_not_answer(
    ministry: Ministry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Twelve digits of a hash can be met by trying; the whole hash is what is released.
    changed = a_changed_book(tmp_path)
    monkeypatch.setattr("matching.rules.rulebook.fingerprint", lambda _: rulebook().version)
    assert load_rulebook(changed).version == rulebook().version
    assert not _may_answer(ministry, changed)
    with pytest.raises(ReleaseRefused):
        _proposed(ministry, changed, ministry.first)


# Immutable


def test_database_refuses_to_change_what_was_released(ministry: Ministry) -> None:
    for statement in (
        "UPDATE rule_books SET files = files",
        "DELETE FROM rule_books",
        "UPDATE rule_proposals SET effects = '{}'",
        "DELETE FROM rule_proposals",
        "UPDATE rule_releases SET approved_by = 'user:x'",
        "DELETE FROM rule_releases",
        "UPDATE rule_signatures SET signature = signature",
        "DELETE FROM rule_signatures",
    ):
        with pytest.raises(IntegrityError, match="written once"), ministry.engine.begin() as connection:
            noted(connection).execute(text(statement))


def test_kept_files_altered_beneath_the_triggers_are_found(ministry: Ministry, tmp_path: Path) -> None:
    with ministry.engine.begin() as connection:
        dialect = connection.dialect.name
        off = (
            "DROP TRIGGER rule_books_no_update"
            if dialect == "sqlite"
            else "DROP TRIGGER rule_books_no_change ON rule_books"
        )
        connection.execute(text(off))
        connection.execute(rule_books.update().values(files=pack(a_changed_book(tmp_path))))
    with ministry.engine.begin() as connection:
        assert "保存的规则文件与签发时的不同" in [finding.text for finding in check(connection)]


# What the service does, and what stands in each decision


def test_service_decides_nothing_by_files_that_nobody_released(tmp_path: Path, on_disk: OnDisk) -> None:
    with a_service("sqlite", tmp_path) as service:
        service.user("worker", Role.CASEWORKER)
        with service.engine.begin() as connection:
            firm = {"employer_id": "91620102MA00000015", "name": "某公司", "region": "620102"}
            TableRepository(noted(connection), TABLES["employers"], PROGRAM).insert([firm])
        headers = service.enter("worker", Role.CASEWORKER)
        asked = "/api/v1/quota/91620102MA00000015?year=2026"
        answered = service.client.get(asked, headers=headers)
        assert (answered.status_code, answered.json()["rules_version"]) == (200, rulebook().version)
        on_disk(a_changed_book(tmp_path))
        for address in (asked, "/api/v1/benefits/employers/91620102MA00000015", "/api/v1/candidates/c/shortlist"):
            refused = service.client.get(address, headers=headers)
            assert (refused.status_code, refused.json()["type"]) == (503, "/problems/rules-not-released")
        assert service.client.get("/readyz").status_code == 503
        with service.engine.begin() as connection:
            warnings = [f.text for f in check(connection) if f.table == "rule_releases"]
        assert len(warnings) == 1
        assert "未经两人签发" in warnings[0]


def _at_the_machine(
    monkeypatch: pytest.MonkeyPatch, yougang: Yougang, town: Town, uri: str, *command: str | Path
) -> Said:
    totp = pyotp.parse_uri(uri)
    assert isinstance(totp, pyotp.TOTP)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n{totp.now()}\n"))
    return yougang("--json", "rules", *command, at=town)


def test_what_a_book_would_change_is_kept_with_its_release(
    own_town: Town, yougang: Yougang, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    yougang("db", "upgrade", at=own_town)
    engine = engine_for(own_town.url, KEYS)
    uris: dict[str, str] = {}
    with engine.begin() as connection:
        gansu_with_others(connection)
        for login in ("first", "second"):
            account, _ = a_user(connection, login, Role.SUPERVISOR, GANSU, second_factor=False)
            uris[login] = give_second_factor(connection, account.user_id, login)
    changed = a_changed_book(tmp_path)
    proposed = _at_the_machine(monkeypatch, yougang, own_town, uris["first"], "propose", changed, "--login", "first")
    assert proposed.code == 0, proposed.err
    effects = proposed.document["effects"]
    assert [rule["rule_id"] for rule in effects["rules"]]
    assert "examples" not in json.dumps(effects)
    own = ("approve", proposed.document["release_id"], "--login")
    assert _at_the_machine(monkeypatch, yougang, own_town, uris["second"], *own, "first").code == 4
    released = _at_the_machine(monkeypatch, yougang, own_town, uris["second"], *own, "second")
    assert (released.code, released.document["in_force"]) == (0, True)
    listed = yougang("--json", "rules", "releases", at=own_town).document["releases"]
    assert [one["effects"] for one in listed if one["proposed_by"] != "installation"] == [effects]
    with engine.connect() as connection:
        steps = connection.execute(select(audit.c.details).where(audit.c.action == "rules.release")).scalars()
        assert [json.loads(step)["step"] for step in steps] == ["adopted", "proposed", "released"]
    engine.dispose()


def test_each_decision_carries_the_rules_that_made_it(yougang: Yougang, own_town: Town) -> None:
    employer_id = next(iter(own_town.province.employers)).employer_id
    answered = yougang("--json", "quota", employer_id, "--year", "2026", at=own_town)
    engine = engine_for(own_town.url, KEYS)
    with engine.connect() as connection:
        kept = connection.execute(
            select(decisions.c.rules_version, rule_books.c.files).join(
                rule_books, rule_books.c.version == decisions.c.rules_version
            )
        ).one()
    engine.dispose()
    assert kept.rules_version == answered.document["rules_version"] == rulebook().version
    assert kept.files == pack(HOME)
