"""The same person twice: found with the reasons, joined by a named person, nothing lost, and taken apart again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from matching.vocabulary import InteractionKind, ServiceKind
from pipelines.access.audit import breaks, events
from pipelines.access.errors import Forbidden, NoSuchPerson
from pipelines.access.roles import Purpose, Subject
from pipelines.caseload.duplicates import Duplicates
from pipelines.caseload.errors import CaseworkRefused, NoSuchMerge
from pipelines.caseload.handover import Caseload
from pipelines.caseload.merges import Merges, Wish
from pipelines.caseload.notes import NewNote, Notes
from pipelines.caseload.tasks import NewTask, Tasks
from pipelines.caseload.words import NotePurpose, TaskKind
from pipelines.consent.erasure import erase
from pipelines.consent.extract import own_extract
from pipelines.consent.ledger import Consents
from pipelines.consent.words import ConsentAct, ConsentPurpose
from pipelines.duties.due import duties_for
from pipelines.ingest import ingest
from pipelines.registers.errors import RowRefused
from pipelines.schema import CANDIDATES, SERVICES
from pipelines.store.repositories import CandidateRepository, TableRepository
from tests.support.builders import TODAY, certificate_number
from tests.support.caseload import NOW, THERE, two_counties
from tests.support.people import a_person, a_vacancy, acted, placed, says, with_certificate
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted

NUMBER = certificate_number()
UNLIKE = {"name": "李四", "phone": "13722223333", "birth_date": date(1980, 5, 5)}


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with a_store(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture
def who(engine: Engine) -> dict[str, Subject]:
    with engine.begin() as connection:
        return two_counties(connection)


def alike(engine: Engine, subject: Subject) -> dict[tuple[str, str], list[str]]:
    with engine.begin() as connection:
        found, _ = Duplicates(connection, subject, now=NOW).page(after=None, limit=50)
    return {(pair.first, pair.second): [one.value for one in pair.reasons] for pair in found}


def merges(connection: Any, subject: Subject) -> Merges:
    return Merges(connection, subject, on=TODAY, now=NOW)


def join(engine: Engine, subject: Subject, kept: str = "c-1", merged: str = "c-2", *take: str) -> str:
    with engine.begin() as connection:
        _, versions = merges(connection, subject).compare(kept, merged)
        return merges(connection, subject).merge(Wish(kept, merged, *versions, "同一人，两次登记", frozenset(take)))


def part(engine: Engine, subject: Subject, merge_id: str) -> list[str]:
    with engine.begin() as connection:
        return merges(connection, subject).undo(merge_id)


def whole(engine: Engine) -> dict[str, list[str]]:
    """Return every row of every table that speaks of people, sealed values left out, as texts."""
    tables = {
        "candidates": "candidate_id, region, education, experience, skills, certificate_index",
        "fact_sources": "candidate_id, fact, supplied_by, supplied_on",
        "services": "*", "interactions": "*", "placements": "*", "consents": "consent_id, candidate_id, number, act",
        "case_notes": "note_id, candidate_id", "tasks": "task_id, candidate_id", "task_steps": "step_id, candidate_id",
        "caseworkers": "charge_id, candidate_id, ended_at", "assignments": "assignment_id, candidate_id",
    }  # fmt: skip
    with engine.connect() as connection:
        return {
            name: sorted(str(tuple(row)) for row in connection.execute(text(f"SELECT {columns} FROM {name}")))
            for name, columns in tables.items()
        }


def two_records(engine: Engine, who: dict[str, Subject]) -> None:
    """Store the same person twice, each record with a history of its own."""
    with engine.begin() as connection:
        a_person(connection, "c-1", skills=("打字",))
        a_person(connection, "c-2", skills=("打字", "缝纫"), experience=None, certificate_number=NUMBER, address=None)
        a_vacancy(connection, "v-1", None)
        for owner, kinds in (("c-1", (ServiceKind.TRAINING,)), ("c-2", (ServiceKind.TRAINING, ServiceKind.OTHER))):
            for kind in kinds:
                row = {"candidate_id": owner, "kind": kind, "on": date(2026, 3, 1), "outcome": f"{owner}的结果"}
                TableRepository(noted(connection), SERVICES, PROGRAM).insert(
                    [{**dict.fromkeys(SERVICES.by_name), **row}]
                )
        acted(connection, "c-1", "v-1")
        acted(connection, "c-2", "v-1", InteractionKind.APPLIED)
        placed(connection, "p-2", "c-2", date(2026, 1, 5), date(2026, 4, 5))
        says(connection, "c-1", ConsentAct.REFUSED, ConsentPurpose.CONTACT)
        says(connection, "c-2", ConsentAct.WITHDRAWN, ConsentPurpose.MATCHING)
        li = who["liwei"]
        for owner in ("c-1", "c-2"):
            Notes(connection, li).add(owner, NewNote(NotePurpose.VISIT, TODAY, f"见到{owner}"), on=TODAY, now=NOW)
            Tasks(connection, li, on=TODAY).add(owner, NewTask(TaskKind.VISIT, f"再访{owner}", TODAY), now=NOW)
            Caseload(connection, li, on=TODAY, now=NOW).take_on(owner, None)
        CandidateRepository(connection, PROGRAM).note_sources([("c-1", "skills")], "person", date(2026, 1, 1))
        CandidateRepository(connection, PROGRAM).note_sources([("c-2", "skills")], "document", date(2026, 2, 2))


# ---- finding ----


def test_each_likeness_is_found_with_its_reason_and_a_shared_telephone_alone_is_none(
    engine: Engine, who: dict[str, Subject]
) -> None:
    with engine.begin() as connection:
        a_person(connection, "same-1", name="张 三", phone="0931-8880000", birth_date=date(1991, 1, 1))
        a_person(connection, "same-2", name="张三", phone="13611110000", birth_date=date(1991, 1, 1))
        a_person(connection, "call-1", name="阿依 古丽·买买提", phone="13755550000", birth_date=None)
        a_person(connection, "call-2", name="阿依古丽买买提", phone="+86 137 5555 0000", birth_date=date(1985, 1, 1))
        a_person(connection, "kin-1", name="王五", phone="13100000000", birth_date=date(1960, 1, 1))
        a_person(connection, "kin-2", name="王六", phone="13100000000", birth_date=date(1985, 2, 2))
        a_person(connection, "card-1", **{**UNLIKE, "certificate_number": NUMBER, "birth_date": None})
        again = f"{NUMBER[:18]}{'1' if NUMBER[18] != '1' else '2'}{NUMBER[19:]}"
        other = {"name": "李斯", "phone": None, "birth_date": None, "certificate_number": again}
        a_person(connection, "card-2", **other)
    assert alike(engine, who["liwei"]) == {
        ("card-1", "card-2"): ["citizen"],
        ("same-1", "same-2"): ["name_birth"],
        ("call-1", "call-2"): ["name_phone"],
    }


def test_a_second_look_opens_only_what_changed(engine: Engine, who: dict[str, Subject]) -> None:
    with engine.begin() as connection:
        for n in range(4):
            a_person(connection, f"c-{n}", name=f"人{n}", phone=None)
        assert Duplicates(connection, who["liwei"], now=NOW).scan(100) == 4
        assert Duplicates(connection, who["liwei"], now=NOW).scan(100) == 0
        noted(connection).execute(text("UPDATE candidates SET row_version = 2 WHERE candidate_id = 'c-2'"))
        assert Duplicates(connection, who["liwei"], now=NOW).scan(100) == 1
        raw = str(connection.execute(text("SELECT * FROM person_marks")).all())
    assert "人2" not in raw
    assert "1990" not in raw


def test_a_sweep_passes_each_record_once_in_parts_and_marks_as_a_look_does(
    engine: Engine, who: dict[str, Subject]
) -> None:
    def swept(size: int) -> list[tuple[int, str | None]]:
        """Each part in a transaction of its own, as the command does it."""
        found: list[tuple[int, str | None]] = []
        while not found or found[-1][1] is not None:
            with engine.begin() as connection:
                after = found[-1][1] if found else None
                found.append(Duplicates(connection, who["head"], now=NOW).sweep(after, size))
        return found

    with engine.begin() as connection:
        for n in range(5):
            a_person(connection, f"c-{n}", name=f"人{n}", birth_date=None, **with_certificate(n))
        Duplicates(connection, who["head"], now=NOW).scan(3)
        looked = connection.execute(text("SELECT * FROM person_marks ORDER BY candidate_id")).all()
    assert swept(2) == [(0, "c-1"), (1, "c-3"), (1, None)]
    assert swept(2) == [(0, "c-1"), (0, "c-3"), (0, None)]
    with engine.begin() as connection:
        noted(connection).execute(text("UPDATE candidates SET row_version = 2 WHERE candidate_id IN ('c-0', 'c-3')"))
    assert swept(2) == [(1, "c-1"), (1, "c-3"), (0, None)]
    with engine.begin() as connection:
        noted(connection).execute(text("UPDATE candidates SET row_version = 1"))
        noted(connection).execute(text("DELETE FROM person_marks"))
    assert swept(100) == [(5, None)]
    with engine.begin() as connection:
        marks = connection.execute(text("SELECT * FROM person_marks ORDER BY candidate_id")).all()
    assert marks[:3] == looked


def test_a_county_finds_among_its_own_people_alone_and_the_province_across(
    engine: Engine, who: dict[str, Subject]
) -> None:
    with engine.begin() as connection:
        a_person(connection, "c-1")
        a_person(connection, "c-2", region=THERE)
    assert alike(engine, who["liwei"]) == {}
    assert alike(engine, who["far"]) == {}
    assert list(alike(engine, who["head"])) == [("c-1", "c-2")]
    with engine.begin() as connection, pytest.raises(NoSuchPerson):
        merges(connection, who["liwei"]).compare("c-1", "c-2")


def test_two_people_found_to_be_two_leave_the_queue_by_a_named_person_with_the_reason(
    engine: Engine, who: dict[str, Subject]
) -> None:
    with engine.begin() as connection:
        a_person(connection, "c-1")
        a_person(connection, "c-2")
    with engine.begin() as connection:
        own = Duplicates(connection, who["liwei"], now=NOW)
        with pytest.raises(RowRefused):
            own.are_two(("c-2", "c-1"), " ")
        with pytest.raises(Forbidden):
            Duplicates(connection, replace(who["liwei"], client_id="x"), now=NOW).are_two(("c-2", "c-1"), "双胞胎")
        own.are_two(("c-2", "c-1"), "双胞胎")
        with pytest.raises(CaseworkRefused):
            own.are_two(("c-1", "c-2"), "双胞胎")
    assert alike(engine, who["liwei"]) == {}


# ---- joining ----


def test_everything_is_with_the_record_that_is_kept(engine: Engine, who: dict[str, Subject]) -> None:
    two_records(engine, who)
    merge_id = join(engine, who["liwei"], "c-1", "c-2", "skills")
    with engine.begin() as connection:
        li = who["liwei"]
        person = CandidateRepository(connection, PROGRAM).get("c-1")
        assert set(person.skills or ()) == {"打字", "缝纫"}
        assert (person.certificate_number, person.experience) == (NUMBER, "在福利厂做过三年")
        assert person.sources["skills"].by == "document"
        assert {note["words"] for note in Notes(connection, li).of("c-1")} == {"见到c-1", "见到c-2"}
        assert len(Tasks(connection, li, on=TODAY).of("c-1")) == 2
        said = Consents(connection, li).of("c-1", on=TODAY)["statements"]
        assert {one["purpose"] for one in said} == {"contact", "matching"}
        charges = Caseload(connection, li, on=TODAY, now=NOW).of("c-1")
        assert [one["ended_at"] is None for one in charges].count(True) == 1
        with pytest.raises(NoSuchPerson):
            Notes(connection, li).of("c-2")
        told, aside = merges(connection, li).one(merge_id)
        assert (told["kept_id"], told["merged_id"], told["merged_by_name"]) == ("c-1", "c-2", "liwei")
        assert len(aside) == 1
        assert "c-2的结果" in aside[0]
        counted = {
            name: connection.execute(text(f"SELECT count(*) FROM {name} WHERE candidate_id = 'c-1'")).scalar_one()
            for name in ("services", "interactions", "placements")
        }
        assert counted == {"services": 2, "interactions": 2, "placements": 1}
        assert list(breaks(connection)) == []


def test_merge_and_its_undoing_leave_every_row_as_it_was(engine: Engine, who: dict[str, Subject]) -> None:
    two_records(engine, who)
    before = whole(engine)
    merge_id = join(engine, who["liwei"], "c-1", "c-2", "skills", "certificate_number")
    assert whole(engine) != before
    assert part(engine, who["liwei"], merge_id) == []
    assert whole(engine) == before
    with engine.begin() as connection:
        person = CandidateRepository(connection, PROGRAM).get("c-2")
        assert (person.certificate_number, person.skills) == (NUMBER, ("打字", "缝纫"))
        with pytest.raises(CaseworkRefused, match="已经撤销"):
            merges(connection, who["liwei"]).undo(merge_id)
    again = join(engine, who["liwei"])
    assert again != merge_id


def test_what_came_after_the_merge_stays_and_is_told(engine: Engine, who: dict[str, Subject]) -> None:
    two_records(engine, who)
    merge_id = join(engine, who["liwei"], "c-1", "c-2", "skills")
    with engine.begin() as connection:
        Notes(connection, who["liwei"]).add("c-1", NewNote(NotePurpose.VISIT, TODAY, "合并以后"), on=TODAY, now=NOW)
        noted(connection)
        rows = CandidateRepository(connection, PROGRAM)
        rows.replace([{**rows.find([("c-1",)])[("c-1",)], "skills": ("电焊",)}])
    assert part(engine, who["liwei"], merge_id) == ["skills"]
    with engine.begin() as connection:
        assert CandidateRepository(connection, PROGRAM).get("c-1").skills == ("电焊",)
        assert "合并以后" in {note["words"] for note in Notes(connection, who["liwei"]).of("c-1")}


def test_later_merge_is_undone_first(engine: Engine, who: dict[str, Subject]) -> None:
    two_records(engine, who)
    with engine.begin() as connection:
        a_person(connection, "c-3")
    first = join(engine, who["liwei"])
    second = join(engine, who["liwei"], "c-3", "c-1")
    with engine.begin() as connection, pytest.raises(CaseworkRefused, match="先撤销"):
        merges(connection, who["liwei"]).undo(first)
    part(engine, who["liwei"], second)
    part(engine, who["liwei"], first)
    with engine.begin() as connection:
        assert CandidateRepository(connection, PROGRAM).ids() == ["c-1", "c-2", "c-3"]


def test_clock_of_the_year_counts_what_either_record_had(engine: Engine, who: dict[str, Subject]) -> None:
    two_records(engine, who)
    with engine.begin() as connection:
        for name, owner in (("information_check", "c-1"), ("ability_assessment", "c-2")):
            row = {"candidate_id": owner, "kind": SERVICES.column("kind").parse(name), "on": date(2026, 5, 5)}
            TableRepository(noted(connection), SERVICES, PROGRAM).insert([{**dict.fromkeys(SERVICES.by_name), **row}])
    join(engine, who["liwei"])
    with engine.begin() as connection:
        owed = next(d for d in duties_for(connection, who["liwei"], "c-1", TODAY) if d.kind.value == "four_ones")
    left = {kind.value for kind in (*owed.missing, *owed.open)}
    assert not left & {"information_check", "ability_assessment"}


def test_nobody_joins_but_a_named_person_who_says_why_and_saw_both_as_they_are(
    engine: Engine, who: dict[str, Subject]
) -> None:
    two_records(engine, who)
    li = who["liwei"]
    with engine.begin() as connection:
        _, versions = merges(connection, li).compare("c-1", "c-2")
        wish = Wish("c-1", "c-2", *versions, "同一人")
        for subject, wrong, error in (
            (replace(li, client_id="x"), wish, Forbidden),
            (li.stating(Purpose.CONTACT), wish, Forbidden),
            (who["far"], wish, NoSuchPerson),
            (li, replace(wish, words=""), RowRefused),
            (li, replace(wish, merged_id="c-1"), CaseworkRefused),
            (li, replace(wish, merged_version=9), CaseworkRefused),
        ):
            with pytest.raises(error):
                merges(connection, subject).merge(wrong)
        with pytest.raises(NoSuchMerge):
            merges(connection, li).undo("nothing")


def test_record_with_claims_is_the_one_to_keep(engine: Engine, who: dict[str, Subject]) -> None:
    two_records(engine, who)
    with engine.begin() as connection:
        noted(connection).execute(
            text("INSERT INTO rule_books (version, kept_at, files) VALUES ('kept', '2026-01-01', '')")
        )
        connection.execute(
            text("INSERT INTO claim_rules (rules_version, rule_id, once_in_all) VALUES ('kept', 'r', FALSE)")
        )
        connection.execute(
            text(
                "INSERT INTO claims (claim_id, claimant_kind, candidate_id, rules_version, rule_id, from_month,"
                " to_month, cost_basis, county, status, proposed_by, proposed_at) VALUES ('x',"
                " 'candidate', 'c-2', 'kept', 'r', 202603, 202606, 'wage', '620102', 'proposed', 'user:1',"
                " '2026-01-05')"
            )
        )
    with pytest.raises(CaseworkRefused, match="申领"):
        join(engine, who["liwei"], "c-1", "c-2")
    join(engine, who["liwei"], "c-2", "c-1")


def test_merged_id_is_not_registered_again_by_a_sheet(engine: Engine, who: dict[str, Subject], tmp_path: Path) -> None:
    two_records(engine, who)
    join(engine, who["liwei"])
    sheet = tmp_path / "people.csv"
    sheet.write_text("candidate_id,region\nc-2,620102\nc-9,620102\n", encoding="utf-8")
    told = ingest(engine, CANDIDATES, sheet, subject=PROGRAM, supplied_by="sheet", on=TODAY)
    assert (told.accepted, told.rejected) == (1, 1)
    with engine.begin() as connection:
        assert CandidateRepository(connection, PROGRAM).ids() == ["c-1", "c-9"]


def test_extract_tells_who_looked_at_either_record_and_erasure_takes_the_merge_along(
    engine: Engine, who: dict[str, Subject]
) -> None:
    two_records(engine, who)
    join(engine, who["liwei"])
    with engine.begin() as connection:
        asking = who["chief"].stating(Purpose.PERSONS_REQUEST)
        acts = [look["act"] for look in own_extract(connection, asking, "c-1", now=NOW)["looked"]]
        assert acts.count("notes.write") == 2
        assert {e["object_id"] for e in events(connection) if e["action"] == "candidates.merge"} == {"c-1", "c-2"}
        erase(connection, ["c-1"], by=who["chief"].by, why="request", on=TODAY + timedelta(days=4000))
        assert connection.execute(text("SELECT count(*) FROM person_merges")).scalar_one() == 0
