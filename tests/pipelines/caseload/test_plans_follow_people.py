"""Plans with their steps, learning and campaigns follow a record that is joined, come back with it, and go with it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from matching.assistance import AssistanceLevel
from matching.plans import PlanKind
from pipelines.access.roles import Subject
from pipelines.caseload.merges import Merges, Wish
from pipelines.caseload.plans import NewPlan, Plans
from pipelines.consent.erasure import erase
from tests.support.builders import TODAY
from tests.support.caseload import NOW, two_counties
from tests.support.people import a_person
from tests.support.plan_sheets import imported
from tests.support.stores import BACKENDS, PROGRAM, a_store

FOLLOWING = ("plans", "tasks", "task_steps", "enrolments", "initiative_people", "ventures", "visits")


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with a_store(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture
def caseworker(engine: Engine, tmp_path: Path) -> Subject:
    """A caseworker of the county, and the same person registered twice: plans, learning and a programme hang on c-2."""
    with engine.begin() as connection:
        liwei = two_counties(connection)["liwei"]
        for owner in ("c-1", "c-2"):
            a_person(connection, owner)
        plans = Plans(connection, liwei, on=TODAY)
        plans.open("c-2", NewPlan(PlanKind.ASSISTANCE, AssistanceLevel.HARD, words="先陪同面试"), now=NOW)
        plans.open("c-2", NewPlan(PlanKind.GRADUATE), now=NOW)
    sheets = {
        "enrolments": ("enrolment_id,candidate_id,kind,status", "e-1,c-2,coaching,attending", "e-2,c-2,school,"),
        "initiatives": ("initiative_id,kind,title", "i-1,blind_bloom,心光绽放"),
        "initiative_people": ("candidate_id,initiative_id,step,on", f"c-2,i-1,joined,{TODAY.isoformat()}"),
        "ventures": ("venture_id,candidate_id,kind", "v-1,c-2,startup"),
        "visits": ("visit_id,candidate_id,kind,on,venture_id", f"w-1,c-2,startup_check,{TODAY.isoformat()},v-1"),
    }
    for name, lines in sheets.items():
        assert imported(engine, tmp_path, name, *lines).rejected == 0
    return liwei


def held(engine: Engine, owner: str) -> dict[str, int]:
    """Return how many rows of each table are somebody's."""
    with engine.connect() as connection:
        asked = {name: text(f"SELECT count(*) FROM {name} WHERE candidate_id = :owner") for name in FOLLOWING}
        return {name: int(connection.execute(one, {"owner": owner}).scalar_one()) for name, one in asked.items()}


def joined(engine: Engine, caseworker: Subject) -> str:
    with engine.begin() as connection:
        merges = Merges(connection, caseworker, on=TODAY, now=NOW)
        _, versions = merges.compare("c-1", "c-2")
        return merges.merge(Wish("c-1", "c-2", *versions, "同一人，两次登记", frozenset()))


def test_plans_and_learning_are_with_the_record_that_is_kept_and_come_back(engine: Engine, caseworker: Subject) -> None:
    before = held(engine, "c-2")
    assert min(before.values()) > 0
    merge_id = joined(engine, caseworker)
    assert (held(engine, "c-1"), set(held(engine, "c-2").values())) == (before, {0})
    with engine.begin() as connection:
        told = Plans(connection, caseworker, on=TODAY).of("c-1")
        assert {one["words"] for one in told if one["kind"] == "assistance"} == {"先陪同面试"}
        assert all(one["steps"] for one in told)
        Merges(connection, caseworker, on=TODAY, now=NOW).undo(merge_id)
    assert (held(engine, "c-2"), set(held(engine, "c-1").values())) == (before, {0})


def test_nothing_of_plans_and_learning_is_left_of_who_is_erased(engine: Engine, caseworker: Subject) -> None:
    joined(engine, caseworker)
    with engine.begin() as connection:
        erase(connection, ["c-1"], by=PROGRAM.by, why="request", on=TODAY + timedelta(days=4000))
    assert set(held(engine, "c-1").values()) == {0}
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM initiatives")).scalar_one() == 1
