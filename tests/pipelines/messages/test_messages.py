"""Text messages: to who agreed, once, by day, within the cap; the number stands in the file alone."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from api.pages.messages import texts
from matching.vocabulary import DisabilityCategory
from pipelines.access.audit import events
from pipelines.access.errors import Forbidden, NoSuchPerson
from pipelines.access.roles import COMMAND_LINE, Purpose, Subject, program_subject
from pipelines.caseload.errors import CaseworkRefused
from pipelines.caseload.merges import Merges, Wish
from pipelines.consent.erasure import erase
from pipelines.consent.extract import own_extract
from pipelines.consent.words import ConsentAct, ConsentPurpose
from pipelines.messages.allowed import mobile_of
from pipelines.messages.delivery import Delivered, deliver, is_quiet, queue_due
from pipelines.messages.outbox import NewMessage, Outbox
from pipelines.messages.sender import DayFiles, MessagesNotWritten, Outgoing
from pipelines.messages.words import ChoiceAct, Template
from pipelines.registers.errors import RowRefused
from pipelines.schema import EMPLOYERS
from pipelines.store.repositories import TableRepository
from tests.support.builders import TODAY
from tests.support.caseload import two_counties
from tests.support.people import a_person, a_vacancy, acted, placed, says
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted

DAYTIME = datetime(2026, 11, 23, 4, tzinfo=UTC)
"""Noon in Gansu."""
PHONE, OTHER_PHONE, FIRM_PHONE = "13900001111", "13900002222", "13633330000"
EMPLOYER = "91620100MA7XXXXX1X"
COMMAND = program_subject("command-line", Purpose.CONTACT)
CALL = NewMessage(Template.CALL_BACK)


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with a_store(request.param, tmp_path) as opened:
        with opened.begin() as connection:
            a_person(connection, "c-1", phone=PHONE)
            a_person(connection, "c-2", phone=OTHER_PHONE)
            says(connection, "c-1", ConsentAct.GIVEN, ConsentPurpose.CONTACT)
        yield opened


@pytest.fixture
def who(engine: Engine) -> dict[str, Subject]:
    with engine.begin() as connection:
        return two_counties(connection)


def queue(engine: Engine, subject: Subject, new: NewMessage = CALL, to: str = "c-1", on: date = TODAY) -> str:
    with engine.begin() as connection:
        return str(Outbox(connection, subject, on=on, now=at(on)).queue(to, new)["message_id"])


def at(on: date, hour: int = 4) -> datetime:
    return datetime(on.year, on.month, on.day, hour, tzinfo=UTC)


def write(engine: Engine, folder: Path, on: date = TODAY, now: datetime | None = None) -> Delivered:
    with engine.begin() as connection:
        return deliver(connection, COMMAND, DayFiles(folder), texts(), on=on, now=now or at(on))


def lines(folder: Path, on: date = TODAY) -> list[dict[str, Any]]:
    file = folder / f"messages-{on.isoformat()}.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def log(engine: Engine, subject: Subject, to: str = "c-1") -> list[tuple[str, str | None]]:
    with engine.begin() as connection:
        items = Outbox(connection, subject, on=TODAY, now=DAYTIME).of(to)["items"]
    return [(one["status"], one["reason"]) for one in items]


def why_not(engine: Engine, subject: Subject, to: str) -> str | None:
    with engine.begin() as connection:
        found = Outbox(connection, subject, on=TODAY, now=DAYTIME).of(to)["why_not"]
    return None if found is None else str(found)


# ---- to whom ----


def test_only_who_agreed_was_told_of_messages_and_has_a_mobile_is_sent_any(
    engine: Engine, who: dict[str, Subject]
) -> None:
    li = who["liwei"]
    assert why_not(engine, li, "c-1") is None
    assert why_not(engine, li, "c-2") == "not_asked"
    with engine.begin() as connection:
        a_person(connection, "c-3", phone="0931-8880000")
        a_person(connection, "c-4", phone=None)
        for owner in ("c-3", "c-4"):
            says(connection, owner, ConsentAct.GIVEN, ConsentPurpose.CONTACT)
        says(connection, "c-2", ConsentAct.REFUSED, ConsentPurpose.CONTACT)
        a_person(connection, "c-5")
        says(connection, "c-5", ConsentAct.GIVEN, ConsentPurpose.CONTACT)
        noted(connection)
    assert [why_not(engine, li, one) for one in ("c-2", "c-3", "c-4", "c-5")] == [
        "refused", "no_mobile", "no_mobile", None,
    ]  # fmt: skip
    with pytest.raises(CaseworkRefused, match="不同意"):
        queue(engine, li, to="c-2")
    with pytest.raises(NoSuchPerson):
        queue(engine, who["far"])


def test_consent_under_a_text_that_did_not_speak_of_messages_covers_none(
    engine: Engine, who: dict[str, Subject], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.consent.ledger.is_current", lambda version: True)
    with engine.begin() as connection:
        says(connection, "c-2", ConsentAct.GIVEN, ConsentPurpose.CONTACT, text_version="2026-11")
    assert why_not(engine, who["liwei"], "c-2") == "old_text"


def test_who_says_stop_is_sent_none_not_even_what_waits_until_they_want_them_again(
    engine: Engine, who: dict[str, Subject], tmp_path: Path
) -> None:
    queue(engine, who["liwei"])
    with engine.begin() as connection:
        Outbox(connection, who["mali"], on=TODAY, now=DAYTIME).choose("c-1", ChoiceAct.STOPPED)
    done = write(engine, tmp_path / "out")
    assert (done.written, done.failed) == (0, {"stopped": 1})
    assert log(engine, who["liwei"]) == [("failed", "stopped")]
    assert lines(tmp_path / "out") == []
    with engine.begin() as connection:
        Outbox(connection, who["mali"], on=TODAY, now=DAYTIME + timedelta(hours=1)).choose("c-1", ChoiceAct.RESUMED)
    assert why_not(engine, who["liwei"], "c-1") is None


def test_consent_withdrawn_meanwhile_holds_what_waits_back(
    engine: Engine, who: dict[str, Subject], tmp_path: Path
) -> None:
    queue(engine, who["liwei"])
    with engine.begin() as connection:
        says(connection, "c-1", ConsentAct.WITHDRAWN, ConsentPurpose.CONTACT, at=datetime(2026, 11, 22, tzinfo=UTC))
    assert write(engine, tmp_path / "out").failed == {"refused": 1}


def test_machines_queue_and_stop_nothing(engine: Engine, who: dict[str, Subject]) -> None:
    from dataclasses import replace

    machine = replace(who["liwei"], client_id="m-1", user_id=None)
    with pytest.raises(Forbidden):
        queue(engine, machine)


# ---- what is written ----


def test_file_of_the_day_holds_number_and_words_and_nothing_else_does(
    engine: Engine, who: dict[str, Subject], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    queue(engine, who["liwei"])
    queue(engine, who["liwei"], NewMessage(Template.INTERVIEW, TODAY + timedelta(days=3)))
    assert write(engine, folder).written == 2
    first, second = sorted(lines(folder), key=lambda line: str(line["text"]), reverse=True)
    assert first["phone"] == second["phone"] == PHONE
    assert "11月26日面试" in first["text"]
    assert second["text"].startswith("您好，就业服务人员想和您联系")
    assert oct((folder / f"messages-{TODAY.isoformat()}.jsonl").stat().st_mode)[-3:] == "600"
    assert [path.name for path in folder.iterdir()] == [f"messages-{TODAY.isoformat()}.jsonl"]
    assert log(engine, who["liwei"]) == [("written", None)] * 2
    with engine.connect() as connection:
        kept = str(connection.execute(text("SELECT * FROM messages")).all())
        told = [event for event in events(connection) if event["action"].startswith("messages.")]
    assert PHONE not in kept
    assert PHONE not in str(told)
    assert {event["object_id"] for event in told if event["action"] == "messages.write"} == {"c-1", None}


def test_no_template_speaks_of_a_disability_and_each_is_short() -> None:
    marks = ["残", "障碍", "证号", "盲", "聋", "智力", "精神", *(term.label for term in DisabilityCategory)]
    for template, words in texts().items():
        said = words.format(day="12月31日")
        assert not [mark for mark in marks if mark in said], template
        assert len(said) <= 70, template


def test_run_again_writes_nothing_twice_even_after_a_run_that_ended_before_it_was_noted(
    engine: Engine, who: dict[str, Subject], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    queue(engine, who["liwei"])
    with engine.connect() as connection:
        deliver(connection, COMMAND, DayFiles(folder), texts(), on=TODAY, now=DAYTIME)
        connection.rollback()
    assert len(lines(folder)) == 1
    assert log(engine, who["liwei"]) == [("queued", None)]
    tomorrow = TODAY + timedelta(days=1)
    assert write(engine, folder, tomorrow).written == 1
    assert len(lines(folder)) == 1
    assert lines(folder, tomorrow) == []
    assert write(engine, folder, tomorrow) == Delivered(failed={})
    with engine.connect() as connection:
        written = connection.execute(text("SELECT written_on FROM messages")).scalar_one()
    assert str(written)[:10] == TODAY.isoformat()


def test_folder_that_cannot_be_written_leaves_all_waiting(
    engine: Engine, who: dict[str, Subject], tmp_path: Path
) -> None:
    queue(engine, who["liwei"])
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(MessagesNotWritten) as refused:
        write(engine, tmp_path / "file")
    assert PHONE not in str(refused.value)
    assert log(engine, who["liwei"]) == [("queued", None)]


class Half:
    """An adapter that takes nothing."""

    def send(self, outgoing: Sequence[Outgoing], *, on: date, now: datetime) -> Mapping[str, date]:
        assert PHONE not in repr(outgoing)
        return {}


def test_what_an_adapter_does_not_take_failed_with_that_reason(engine: Engine, who: dict[str, Subject]) -> None:
    queue(engine, who["liwei"])
    with engine.begin() as connection:
        done = deliver(connection, COMMAND, Half(), texts(), on=TODAY, now=DAYTIME)
    assert (done.written, done.failed) == (0, {"sender": 1})
    assert log(engine, who["liwei"]) == [("failed", "sender")]


@pytest.mark.parametrize(("hour", "quiet"), [(20, False), (21, True), (23, True), (0, True), (7, True), (8, False)])
def test_evenings_and_nights_are_quiet_by_the_clock_of_gansu(hour: int, quiet: bool) -> None:
    moment = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(hours=hour - 8)
    assert is_quiet(moment, TODAY) is quiet


def test_at_night_all_wait_for_the_day(engine: Engine, who: dict[str, Subject], tmp_path: Path) -> None:
    queue(engine, who["liwei"])
    assert write(engine, tmp_path, now=at(TODAY, 14)) == Delivered(held_by_hours=1, failed={})
    assert write(engine, tmp_path).written == 1


def test_a_week_has_two_messages_for_a_person_and_the_third_waits(
    engine: Engine, who: dict[str, Subject], tmp_path: Path
) -> None:
    days = [TODAY + timedelta(days=n) for n in range(3)]
    for on in days:
        queue(engine, who["liwei"], on=on)
    done = write(engine, tmp_path, days[-1])
    assert (done.written, done.held_by_cap) == (2, 1)
    assert write(engine, tmp_path, days[-1] + timedelta(days=6)).written == 0
    assert write(engine, tmp_path, days[-1] + timedelta(days=7)).written == 1


def test_what_waited_too_long_or_names_a_day_gone_by_is_given_up(
    engine: Engine, who: dict[str, Subject], tmp_path: Path
) -> None:
    queue(engine, who["liwei"])
    queue(engine, who["liwei"], NewMessage(Template.INTERVIEW, TODAY + timedelta(days=1)))
    assert write(engine, tmp_path, TODAY + timedelta(days=9)).failed == {"given_up": 2}


def test_same_message_twice_a_day_is_refused_and_a_waiting_one_is_cancelled(
    engine: Engine, who: dict[str, Subject], tmp_path: Path
) -> None:
    one = queue(engine, who["liwei"])
    with pytest.raises(CaseworkRefused, match="今天已有同样"):
        queue(engine, who["mali"])
    with pytest.raises(RowRefused):
        queue(engine, who["liwei"], NewMessage(Template.INTERVIEW))
    with pytest.raises(RowRefused):
        queue(engine, who["liwei"], NewMessage(Template.COMPANY_ANSWER))
    with engine.begin() as connection:
        Outbox(connection, who["mali"], on=TODAY, now=DAYTIME).cancel(one)
    assert write(engine, tmp_path).written == 0
    with engine.begin() as connection, pytest.raises(CaseworkRefused):
        Outbox(connection, who["mali"], on=TODAY, now=DAYTIME).cancel(one)


# ---- from what is due ----


def test_due_visits_and_unanswered_companies_are_queued_once(
    engine: Engine, who: dict[str, Subject], tmp_path: Path
) -> None:
    with engine.begin() as connection:
        row = {"employer_id": EMPLOYER, "name": "某公司", "region": "620102", "contact": f"王经理 {FIRM_PHONE}"}
        TableRepository(noted(connection), EMPLOYERS, PROGRAM).insert([{**dict.fromkeys(EMPLOYERS.by_name), **row}])
        a_vacancy(connection, "v-1", EMPLOYER)
        a_person(connection, "c-9")
        acted(connection, "c-9", "v-1", at=TODAY - timedelta(days=20))
        for n in (1, 2):
            placed(connection, f"p-{n}", f"c-{n}", date(2026, 8, 10), None)
    with engine.begin() as connection:
        first = queue_due(connection, COMMAND, on=TODAY, now=DAYTIME)
        again = queue_due(connection, COMMAND, on=TODAY, now=DAYTIME)
    assert (first.n, first.unsent) == (2, {"not_asked": 1})
    assert (again.n, again.n_before) == (0, 2)
    assert write(engine, tmp_path).written == 2
    told = {one["phone"]: one["text"] for one in lines(tmp_path)}
    assert set(told) == {PHONE, FIRM_PHONE}
    assert "工作顺不顺利" in told[PHONE]
    assert "等待答复" in told[FIRM_PHONE]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("13900001111", PHONE), ("139 0000 1111", PHONE), ("+86 139-0000-1111", PHONE), ("008613900001111", PHONE),
        ("王经理13900001111（微信同号）", PHONE), ("0931-8880000", None), ("12345", None), (None, None), ("", None),
    ],
)  # fmt: skip
def test_mobile_number_is_found_and_a_landline_is_none(given: str | None, found: str | None) -> None:
    assert mobile_of(given) == found


# ---- with the person ----


def test_messages_and_choices_stand_in_the_extract_follow_a_merge_and_go_with_the_person(
    engine: Engine, who: dict[str, Subject]
) -> None:
    with engine.begin() as connection:
        says(connection, "c-2", ConsentAct.GIVEN, ConsentPurpose.CONTACT)
    queue(engine, who["liwei"], to="c-2")
    with engine.begin() as connection:
        Outbox(connection, who["liwei"], on=TODAY, now=DAYTIME).choose("c-2", ChoiceAct.STOPPED)
        merges = Merges(connection, who["liwei"], on=TODAY, now=DAYTIME)
        _, versions = merges.compare("c-1", "c-2")
        merges.merge(Wish("c-1", "c-2", *versions, "同一人", frozenset({"phone"})))
    assert log(engine, who["liwei"]) == [("queued", None)]
    assert why_not(engine, who["liwei"], "c-1") == "stopped"
    with engine.begin() as connection:
        asking = who["chief"].stating(Purpose.PERSONS_REQUEST)
        told = own_extract(connection, asking, "c-1", now=DAYTIME)
        assert [one["template"] for one in told["messages"]] == ["call_back"]
        assert [one["act"] for one in told["message_choices"]] == ["stopped"]
        erase(connection, ["c-1"], by=COMMAND_LINE, why="request", on=TODAY)
        for table in ("messages", "message_choices"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0


def test_raw_writes_are_refused_by_the_database(engine: Engine, who: dict[str, Subject]) -> None:
    queue(engine, who["liwei"])
    with pytest.raises(DBAPIError, match="audit"), engine.begin() as connection:
        connection.execute(text("UPDATE messages SET status = 'queued'"))
