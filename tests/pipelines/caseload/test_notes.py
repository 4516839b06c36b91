"""Notes: sealed, corrected by further ones alone, read by who sees the person, gone with the person."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from pipelines.access.audit import events
from pipelines.access.errors import Forbidden, NoSuchPerson
from pipelines.access.roles import Purpose, Subject
from pipelines.caseload.errors import CaseworkRefused, NoSuchNote
from pipelines.caseload.notes import NewNote, Notes
from pipelines.caseload.words import NotePurpose
from pipelines.consent.erasure import erase
from pipelines.consent.extract import extract_lines, own_extract
from pipelines.registers.errors import RowRefused
from tests.support.builders import TODAY, certificate_number
from tests.support.caseload import NOW, two_counties
from tests.support.people import a_person
from tests.support.stores import BACKENDS, a_store, noted

SAID = "上门见到本人，愿意做客服，担心路远"


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with a_store(request.param, tmp_path) as opened:
        with opened.begin() as connection:
            a_person(connection, "c-1")
        yield opened


@pytest.fixture
def who(engine: Engine) -> dict[str, Subject]:
    with engine.begin() as connection:
        return two_counties(connection)


def a_note(words: str = SAID, corrects: str | None = None, on: date = TODAY) -> NewNote:
    return NewNote(NotePurpose.VISIT, on, words, corrects)


def write(engine: Engine, subject: Subject, note: NewNote, candidate_id: str = "c-1") -> str:
    with engine.begin() as connection:
        return str(Notes(connection, subject).add(candidate_id, note, on=TODAY, now=NOW)["note_id"])


def test_note_says_when_about_what_and_by_whom_and_lies_sealed(engine: Engine, who: dict[str, Subject]) -> None:
    write(engine, who["liwei"], a_note())
    with engine.begin() as connection:
        told = Notes(connection, who["mali"]).of("c-1")[0]
        kept = connection.execute(text("SELECT words FROM case_notes")).scalar_one()
    assert (told["words"], told["purpose_label"], told["recorded_by_name"]) == (SAID, "入户走访", "liwei")
    assert told["happened_on"] == TODAY.isoformat()
    assert kept.startswith("v1.k1.")
    assert "客服" not in kept


def test_a_correction_stands_beside_what_it_corrects_and_there_is_one_of_each(
    engine: Engine, who: dict[str, Subject]
) -> None:
    first = write(engine, who["liwei"], a_note("愿意做保安"))
    second = write(engine, who["mali"], a_note(corrects=first))
    with pytest.raises(CaseworkRefused, match="已有更正"):
        write(engine, who["liwei"], a_note("又一次", corrects=first))
    third = write(engine, who["liwei"], a_note("第三次", corrects=second))
    with engine.begin() as connection:
        told = {note["note_id"]: note for note in Notes(connection, who["liwei"]).of("c-1")}
    assert (told[first]["words"], told[first]["corrected_by"]) == ("愿意做保安", second)
    assert (told[second]["corrected_by"], told[third]["corrected_by"]) == (third, None)


def test_a_correction_is_of_a_note_on_the_same_person(engine: Engine, who: dict[str, Subject]) -> None:
    with engine.begin() as connection:
        a_person(connection, "c-2")
    other = write(engine, who["liwei"], a_note(), "c-2")
    for corrects in (other, "nothing", "\x00"):
        with pytest.raises(NoSuchNote):
            write(engine, who["liwei"], a_note(corrects=corrects))


def test_what_cannot_be_written_is_refused_with_the_reason(engine: Engine, who: dict[str, Subject]) -> None:
    wrong = {
        "内容": a_note("  "),
        "证号": a_note(f"证号 {certificate_number()}"),
        "晚于今天": a_note(on=TODAY + timedelta(days=1)),
        "过早": a_note(on=date(1900, 1, 1)),
        "最多": a_note("长" * 4001),
    }
    for reason, note in wrong.items():
        with pytest.raises(RowRefused) as refused:
            write(engine, who["liwei"], note)
        assert reason in refused.value.faults[0].reason


def test_the_other_county_and_who_states_no_casework_reads_and_writes_nothing(
    engine: Engine, who: dict[str, Subject]
) -> None:
    with engine.begin() as connection:
        with pytest.raises(NoSuchPerson):
            Notes(connection, who["far"]).of("c-1")
        with pytest.raises(NoSuchPerson):
            Notes(connection, who["far"]).add("c-1", a_note(), on=TODAY, now=NOW)
        with pytest.raises(Forbidden):
            Notes(connection, who["liwei"].stating(Purpose.STATISTICS)).of("c-1")
        with pytest.raises(Forbidden):
            Notes(connection, who["liwei"].stating(Purpose.CONTACT)).add("c-1", a_note(), on=TODAY, now=NOW)


def test_each_read_and_each_note_is_in_the_audit_under_the_person_without_a_word_of_it(
    engine: Engine, who: dict[str, Subject]
) -> None:
    write(engine, who["liwei"], a_note())
    with engine.begin() as connection:
        Notes(connection, who["mali"]).of("c-1")
        told = [event for event in events(connection) if event["object_id"] == "c-1"][-2:]
    assert [event["action"] for event in told] == ["notes.write", "notes.read"]
    assert SAID not in str(told)


def test_the_database_lets_nobody_change_or_drop_a_note(engine: Engine, who: dict[str, Subject]) -> None:
    write(engine, who["liwei"], a_note())
    with engine.begin() as connection:
        a_person(connection, "c-2")
    for statement in (
        "UPDATE case_notes SET purpose = 'other'",
        "UPDATE case_notes SET recorded_by = 'user:x'",
        "UPDATE case_notes SET candidate_id = 'c-2'",
        "DELETE FROM case_notes",
    ):
        with engine.connect() as connection:
            noted(connection)
            with pytest.raises(DBAPIError, match="append-only"):
                connection.execute(text(statement))


def test_notes_are_in_the_persons_own_extract_and_go_with_the_person(engine: Engine, who: dict[str, Subject]) -> None:
    first = write(engine, who["liwei"], a_note("写错了"))
    write(engine, who["liwei"], a_note(corrects=first))
    with engine.begin() as connection:
        asking = who["chief"].stating(Purpose.PERSONS_REQUEST)
        lines = extract_lines(own_extract(connection, asking, "c-1", now=NOW))
    assert any(SAID in line for line in lines)
    assert any("已更正" in line and "写错了" in line for line in lines)
    assert not any("liwei" in line and SAID in line for line in lines)
    with engine.begin() as connection:
        assert erase(connection, ["c-1"], by=who["chief"].by, why="request", on=TODAY).n_people == 1
        assert connection.execute(text("SELECT count(*) FROM case_notes")).scalar_one() == 0
