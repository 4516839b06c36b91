"""A new key: everything is sealed anew while the work goes on, and only then the old key may go."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, String, select, text

from pipelines.access.errors import KeysMissing
from pipelines.access.kept_answers import KeptAnswers
from pipelines.access.roles import COMMAND_LINE, Role
from pipelines.access.vault import Vault
from pipelines.backup import backup, verify
from pipelines.caseload.duplicates import Duplicates
from pipelines.caseload.handover import Caseload, Handover
from pipelines.caseload.merges import Merges, Wish
from pipelines.caseload.notes import NewNote, Notes
from pipelines.caseload.tasks import NewTask, Step, Tasks
from pipelines.caseload.words import NotePurpose, TaskAct, TaskKind
from pipelines.consent.words import ConsentAct
from pipelines.store.consents import ConsentRepository
from pipelines.store.repositories import CandidateRepository
from pipelines.store.resealing import SEALED_COLUMNS, Resealed, reseal_all
from pipelines.store.sealed import VAULT_OPTION, accept_keys
from pipelines.store.session import engine_for, upgrade
from pipelines.store.tasks import TaskRepository, TaskStepRepository
from pipelines.store.uploads import UploadRepository
from pipelines.store.whole import metadata
from tests.conftest import Yougang
from tests.support.accounts import KEYS
from tests.support.builders import certificate_number
from tests.support.firms import somebody, two_firms
from tests.support.people import a_person, says
from tests.support.stores import BACKENDS, PROGRAM, a_file, a_store, noted

NEW = f"k2:{'B' * 43}="
BOTH = f"{NEW}\n{KEYS}"
DAY = timedelta(days=1)
NOTE = NewNote(NotePurpose.VISIT, date(2026, 1, 5), "见到本人")
NUMBER = certificate_number()


@dataclass(frozen=True)
class Kept:
    """A store in which something of every sealed table lies."""

    engine: Engine

    def under(self, keys: str) -> Engine:
        return self.engine.execution_options(**{VAULT_OPTION: Vault.read(keys)})

    def reseal(self, *, now: datetime | None = None) -> Resealed:
        since = (now or datetime.now(UTC)) - DAY
        return reseal_all(self.under(BOTH), by=COMMAND_LINE, answers_since=since)


def fill(engine: Engine) -> None:
    started = datetime.now(UTC)
    values = {"actor": "a", "table_name": "t", "is_dry_run": False, "state": "running", "started_at": started}
    with engine.begin() as connection:
        two_firms(connection)
        for n in range(3):
            a_person(connection, f"c-{n}", **({"certificate_number": NUMBER} if n == 0 else {}))
        says(connection, "c-1", ConsentAct.WITHDRAWN, particulars={"guardian_name": "王大明"})
        Notes(connection, PROGRAM).add("c-1", NOTE, on=NOTE.happened_on, now=started)
        tasks = Tasks(connection, PROGRAM, on=started.date())
        task = tasks.add("c-1", NewTask(TaskKind.VISIT, "上门", started.date()), now=started)
        tasks.step(task["task_id"], Step(TaskAct.DROPPED, "搬走了"), version=1, now=started)
        giver, taker = (somebody(connection, login, Role.CASEWORKER) for login in ("liwei", "mali"))
        caseload = Caseload(connection, giver, on=started.date(), now=started)
        caseload.take_on("c-1", None)
        caseload.hand_over(Handover("休假", started.date(), to_user_id=taker.user_id))
        Duplicates(connection, giver, now=started).are_two(("c-1", "c-2"), "两个人")
        for candidate_id in ("c-3", "c-4"):
            a_person(connection, candidate_id)
        joined = Merges(connection, giver, on=started.date(), now=started)
        joined.merge(Wish("c-3", "c-4", 1, 1, "同一人"))
        uploads = UploadRepository(connection, PROGRAM)
        for name in ("u-1", "u-2"):
            uploads.add({"upload_id": name, **values})
        uploads.end("u-1", {"state": "done", "ended_at": started}, "3,region,不对")
        connection.execute(text("UPDATE uploads SET rejects = 'plain.4,region,没有' WHERE upload_id = 'u-2'"))
        answers = KeptAnswers(connection, Vault.read(KEYS), now=started - 2 * DAY, kept_for=DAY)
        answers.begin("request-1", "asked")
        answers.finish("request-1", 201, "{}")


@pytest.fixture(params=BACKENDS)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    with a_store(request.param, tmp_path) as engine:
        with engine.begin() as connection:
            accept_keys(connection)
        fill(engine)
        yield Kept(engine)


def test_without_the_old_key_all_is_there_once_everything_is_sealed_anew(kept: Kept) -> None:
    assert kept.reseal().is_done
    upgrade(kept.under(NEW))
    with kept.under(NEW).connect() as connection:
        people = CandidateRepository(connection, PROGRAM)
        assert [person.name for person in people.all(with_identity=True)] == ["王小明"] * 4
        assert people.holders([NUMBER]) == {NUMBER: "c-0"}
        assert ConsentRepository(connection, PROGRAM).of("c-1")[0]["particulars"] == {"guardian_name": "王大明"}
        assert Notes(connection, PROGRAM).repository.of("c-1")[0]["words"] == "见到本人"
        task = TaskRepository(connection, PROGRAM).of("c-1")[0]
        steps = TaskStepRepository(connection, PROGRAM).of([task["task_id"]])[task["task_id"]]
        assert (task["words"], steps[-1]["reason"]) == ("上门", "搬走了")
        uploads = UploadRepository(connection, PROGRAM)
        assert [uploads.rejects(name) for name in ("u-1", "u-2")] == ["3,region,不对", "4,region,没有"]


def test_a_second_time_there_is_nothing_to_do(kept: Kept) -> None:
    assert kept.reseal().n > 3
    assert kept.reseal() == Resealed(0, is_done=True)


def test_the_old_key_is_asked_for_until_then_and_not_again_by_a_start_that_still_has_it(kept: Kept) -> None:
    upgrade(kept.under(BOTH))
    with pytest.raises(KeysMissing, match="k1"):
        upgrade(kept.under(NEW))
    kept.reseal()
    upgrade(kept.under(BOTH))
    upgrade(kept.under(NEW))


def test_the_old_key_stays_while_a_repeat_could_be_known_by_it_alone(kept: Kept) -> None:
    with kept.engine.begin() as connection:
        answers = KeptAnswers(connection, Vault.read(KEYS), now=datetime.now(UTC), kept_for=DAY)
        answers.begin("request-2", "asked")
        answers.finish("request-2", 201, "{}")
    assert not kept.reseal().is_done
    with pytest.raises(KeysMissing):
        upgrade(kept.under(NEW))
    assert kept.reseal(now=datetime.now(UTC) + DAY).is_done


def test_whatever_looks_sealed_is_known_to_be_and_is_tried_by_a_backup(kept: Kept, tmp_path: Path) -> None:
    """A column sealed later on and forgotten in the list would keep its old key for good."""
    with kept.engine.connect() as connection:
        found = {
            (table.name, column.name)
            for table in metadata.tables.values()
            for column in table.columns
            if isinstance(column.type, String)
            and connection.execute(select(column).where(column.startswith("v1.k1.")).limit(1)).first() is not None
        }
    known = {(table, column) for table, columns in SEALED_COLUMNS.items() for column in columns}
    assert {table for table, _ in found} == {
            "candidates", "consents", "uploads", "kept_answers", "case_notes", "tasks", "task_steps", "handovers",
            "distinct_people", "person_merges",
        }  # fmt: skip
    assert found <= known
    with kept.engine.begin() as connection:
        noted(connection).execute(text("UPDATE uploads SET rejects = 'v1.k1.AAAA' WHERE upload_id = 'u-1'"))
    backup(kept.engine, tmp_path / "a", vault=Vault.read(KEYS), by=COMMAND_LINE, at=datetime.now(UTC))
    with pytest.raises(Exception, match="uploads 表中有加密内容用现有密钥打不开"):
        verify(tmp_path / "a", keys=KEYS)


def test_the_command_says_whether_the_old_key_may_go(tmp_path: Path, yougang: Yougang) -> None:
    file, keys = tmp_path / "store.db", tmp_path / "store.keys"
    keys.write_text(KEYS, encoding="utf-8")
    keys.chmod(0o600)
    engine = a_file(file)
    upgrade(engine)
    fill(engine)
    engine.dispose()
    keys.write_text(BOTH, encoding="utf-8")
    said = yougang("--db", f"sqlite:///{file}", "--json", "accounts", "reseal")
    assert said.document["older_keys_needed"] is False
    assert said.document["resealed"] > 3
    with engine_for(f"sqlite:///{file}", NEW).connect() as connection:
        assert CandidateRepository(connection, PROGRAM).get("c-0").candidate_id == "c-0"
