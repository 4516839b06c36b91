"""The due list: the same for one person as for a province, in pages, by place, recorded, on either database."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, func, insert, select, update

from matching.duties.all import duties_of
from matching.duties.terms import DutyKind, terms_on
from pipelines.access.errors import Forbidden
from pipelines.access.organisations import Organisations
from pipelines.access.roles import COMMAND_LINE, Purpose, Role, Subject
from pipelines.duties import due
from pipelines.duties.due import Due, due_lines, due_list, due_order, duties_for, is_wide
from pipelines.duties.errors import NoSuchRegion
from pipelines.duties.places import area_of
from pipelines.store.repositories import RunRepository
from pipelines.store.tables import CASE_TABLES, audit, organisation_codes, shortlist_runs
from tests.support.builders import TODAY
from tests.support.duties import World
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted

DAYS = (TODAY, date(2026, 12, 31), date(2027, 1, 1), date(2028, 2, 29))
EVERYTHING = 10_000


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with a_store(request.param, tmp_path) as opened:
        yield opened


def worker(*codes: str, role: Role = Role.CASEWORKER) -> Subject:
    """Return somebody of an office that answers for codes."""
    return Subject(None, None, role, frozenset(codes), Purpose.JOB_MATCHING)


@pytest.mark.parametrize("seed", range(4))
def test_list_of_everybody_is_the_lists_of_each_person(engine: Engine, seed: int) -> None:
    on = DAYS[seed]
    world = World(seed, on)
    with engine.begin() as connection:
        world.store(connection)
        page = due_list(connection, PROGRAM, on, limit=EVERYTHING)
    expected = sorted((duty for file in world.files for duty in duties_of(file, terms_on(on))), key=lambda d: d.key)
    assert [item.duty for item in page.items] == expected
    assert {duty.kind for duty in expected} == set(DutyKind)


@pytest.mark.parametrize("seed", range(4))
def test_list_of_an_office_is_that_of_everybody_less_other_places(engine: Engine, seed: int) -> None:
    on = DAYS[seed]
    with engine.begin() as connection:
        World(seed, on).store(connection)
        whole = due_list(connection, PROGRAM, on, limit=EVERYTHING).items
        codes = sorted({item.region for item in whole if item.region is not None})
        for some in (codes[:1], codes[: len(codes) // 2], codes):
            own = due_list(connection, worker(*some), on, limit=EVERYTHING).items
            assert own == tuple(item for item in whole if item.region in some)
    in_work_or_not = {DutyKind.CONTRACT, DutyKind.FOLLOW_UP, DutyKind.REFERRAL, DutyKind.HOUSEHOLD, DutyKind.FOUR_ONES}
    assert {item.duty.kind for item in own} >= in_work_or_not


def test_pages_put_together_are_the_whole_list(engine: Engine) -> None:
    with engine.begin() as connection:
        World(9, TODAY).store(connection)
        whole = due_list(connection, PROGRAM, TODAY, limit=EVERYTHING).items
        found: list[Due] = []
        after = None
        while (page := due_list(connection, PROGRAM, TODAY, limit=7, after=after)).next_key is not None:
            assert len(page.items) == 7
            found += page.items
            after = page.next_key
    assert (*found, *page.items) == whole


@pytest.mark.parametrize("most", [5, EVERYTHING])
def test_an_order_made_before_tells_what_holds_now(engine: Engine, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due, "MOST_AT_ONCE", most)
    with engine.begin() as connection:
        World(9, TODAY).store(connection)
        ordered = due_order(connection, PROGRAM, TODAY)
        whole = due_list(connection, PROGRAM, TODAY, limit=EVERYTHING)
        assert due_list(connection, PROGRAM, TODAY, limit=EVERYTHING, ordered=ordered).items == whole.items
        first = whole.items[0].duty.candidate_id
        people = CASE_TABLES["candidates"]
        connection.execute(update(people).where(people.c.candidate_id == first).values(region=None))
        left = due_list(connection, PROGRAM, TODAY, limit=EVERYTHING, ordered=ordered).items
    assert [item.region for item in left if item.duty.candidate_id == first][:1] == [None]


def test_many_people_are_told_from_few(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with engine.begin() as connection:
        World(9, TODAY).store(connection)
        n = connection.execute(select(func.count()).select_from(CASE_TABLES["candidates"])).scalar_one()
        monkeypatch.setattr(due, "WIDE", n)
        assert not is_wide(connection, PROGRAM, TODAY)
        monkeypatch.setattr(due, "WIDE", n - 1)
        assert is_wide(connection, PROGRAM, TODAY)
        assert not is_wide(connection, worker("620102"), TODAY)


def test_one_kind_is_the_list_without_the_others(engine: Engine) -> None:
    with engine.begin() as connection:
        World(9, TODAY).store(connection)
        whole = due_list(connection, PROGRAM, TODAY, limit=EVERYTHING).items
        one = due_list(connection, PROGRAM, TODAY, limit=EVERYTHING, kinds=(DutyKind.REFERRAL,)).items
    assert one == tuple(item for item in whole if item.duty.kind is DutyKind.REFERRAL)
    assert one


def test_an_office_sees_its_own_people_and_a_place_names_those_below_it(engine: Engine) -> None:
    with engine.begin() as connection:
        world = World(5, TODAY)
        world.store(connection)
        place = {str(file.candidate.candidate_id): file.candidate.region for file in world.files}

        def places(subject: Subject, region: str | None) -> set[str | None]:
            found = due_list(connection, subject, TODAY, region, EVERYTHING)
            return {place[item.duty.candidate_id] for item in found.items}

        assert places(worker("620102"), None) == {"620102"}
        assert places(worker("620102"), "620502") == set()
        assert places(PROGRAM, "620100") == places(PROGRAM, "兰州市") == {"620100", "620102", "620103"}
        assert places(PROGRAM, "620171") == {"620171"}
        assert places(PROGRAM, "620200") == {"620201"}
        assert places(PROGRAM, "620000") == places(PROGRAM, None) == set(place.values())


def test_whoever_moves_takes_what_was_done_to_the_new_county(engine: Engine) -> None:
    with engine.begin() as connection:
        World(5, TODAY).store(connection)
        before = due_list(connection, PROGRAM, TODAY, "620102", EVERYTHING).items
        moved, people = before[0].duty, CASE_TABLES["candidates"]
        noted(connection)
        connection.execute(update(people).where(people.c.candidate_id == moved.candidate_id).values(region="620502"))
        old = due_list(connection, PROGRAM, TODAY, "620102", EVERYTHING).items
        new = due_list(connection, PROGRAM, TODAY, "620502", EVERYTHING).items
    assert moved.candidate_id not in {item.duty.candidate_id for item in old}
    assert moved in [item.duty for item in new]


def test_places_follow_the_dated_tree_where_there_is_one(engine: Engine) -> None:
    with engine.begin() as connection:
        plain = area_of(connection, "620500", TODAY).codes
        Organisations(connection).seed_gansu(by=COMMAND_LINE)
        assert area_of(connection, "620500", TODAY).codes == plain
        c = organisation_codes.c
        noted(connection)
        handed_over = update(organisation_codes).where(c.code == "620502").values(valid_to=date(2026, 12, 31))
        connection.execute(handed_over)
        assert "620502" in (area_of(connection, "620500", date(2026, 12, 31)).codes or ())
        assert "620502" not in (area_of(connection, "620500", date(2027, 1, 1)).codes or ())
        for region in ("110105", "火星", "620502"):
            with pytest.raises(NoSuchRegion):
                area_of(connection, region, date(2027, 1, 1))


def test_who_was_shown_is_in_the_audit_under_their_own_name(engine: Engine) -> None:
    with engine.begin() as connection:
        World(5, TODAY).store(connection)
        page = due_list(connection, worker("620102"), TODAY, limit=3)
        c = audit.c
        noted_people = select(c.object_id).where(c.action == "candidates.read", c.object_kind == "candidate")
        seen = set(connection.execute(noted_people).scalars())
    assert seen == {item.duty.candidate_id for item in page.items}
    assert seen


def test_roles_without_people_are_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        for role in (Role.ANALYST, Role.AUDITOR, Role.COMPANY_POSTER):
            with pytest.raises(Forbidden):
                due_list(connection, worker("620102", role=role), TODAY)


def test_newest_list_with_good_matches_moves_a_person_forward(engine: Engine) -> None:
    with engine.begin() as connection:
        World(5, TODAY).store(connection)
        before = due_list(connection, PROGRAM, TODAY, limit=EVERYTHING, kinds=(DutyKind.FOUR_ONES,)).items
        who = before[len(before) // 2].duty
        for fits in (["unknown", "fits"], ["fits", "fits_with_accommodation"]):
            _keep_list(connection, who.candidate_id, fits)
        after = due_list(connection, PROGRAM, TODAY, limit=EVERYTHING, kinds=(DutyKind.FOUR_ONES,)).items
        own = duties_for(connection, PROGRAM, who.candidate_id, TODAY)
    moved = next(item.duty for item in after if item.duty.candidate_id == who.candidate_id)
    assert moved == replace(who, strong_matches=2, bonus_days=terms_on(TODAY).strong_days)
    assert moved.key < who.key
    assert moved in own
    assert [item.duty.key for item in after] == sorted(item.duty.key for item in after)


def _keep_list(connection: Connection, owner: str, outcomes: list[str]) -> None:
    noted(connection)
    lines = [{"outcome": outcome, "fit": 0.7} for outcome in outcomes]
    document = {"run_id": str(uuid4()), "candidate_id": owner, "as_of": TODAY.isoformat(), "items": lines}
    RunRepository(connection).save_document({**document, "model_version": "m", "rules_version": "r"})


def test_lists_kept_before_good_matches_were_counted_say_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        world = World(5, TODAY)
        world.store(connection)
        noted(connection)
        old = {
            "run_id": "old", "candidate_id": world.files[0].candidate.candidate_id, "as_of": TODAY,
            "model_version": "m", "rules_version": "r", "created_at": datetime.now(UTC), "payload": "{}",
        }  # fmt: skip
        connection.execute(insert(shortlist_runs).values(**old))
        page = due_list(connection, PROGRAM, TODAY, limit=EVERYTHING)
    assert all(item.duty.strong_matches is None for item in page.items)


def test_lines_name_what_is_due_by_when_and_by_which_text(engine: Engine) -> None:
    with engine.begin() as connection:
        World(5, TODAY).store(connection)
        told = "\n".join(due_lines(due_list(connection, PROGRAM, TODAY, "兰州市", limit=25)))
    for words in ("四个一", "2026-12-31 前", "从没有服务记录", "甘政办发〔2025〕67号", "待核实", "后面还有"):
        assert words in told
