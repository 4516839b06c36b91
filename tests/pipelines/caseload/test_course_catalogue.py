"""The catalogue of courses asks the database as often for many courses as for few."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from pipelines.caseload.learning import Learning
from tests.support.builders import TODAY
from tests.support.plan_sheets import imported
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted
from tests.threats.doors import statements

COURSES = ("course_id,title,places", *(f"k-{n:02d},电商客服,{n}" for n in range(1, 21)))
PEOPLE = ("candidate_id", "p-1", "p-2")
ENROLMENTS = (
    "enrolment_id,candidate_id,kind,course_id,status",
    "e-1,p-1,course,k-03,enrolled",
    "e-2,p-2,course,k-03,left",
)


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with a_store(request.param, tmp_path) as opened:
        for name, lines in (("candidates", PEOPLE), ("courses", COURSES), ("enrolments", ENROLMENTS)):
            assert imported(opened, tmp_path, name, *lines).rejected == 0
        yield opened


def test_free_places_are_those_that_nobody_takes_and_are_asked_for_at_once(engine: Engine) -> None:
    asked = []
    with engine.begin() as connection:
        learning = Learning(noted(connection), PROGRAM, on=TODAY)
        for limit in (2, 20):
            with statements(engine) as sent:
                rows, _ = learning.catalogue(after=None, limit=limit)
            asked.append(len(sent))
    assert asked[0] == asked[1]
    assert len(rows) == 20
    assert [row["free"] for row in rows[:4]] == [1, 2, 2, 4]  # one of three is taken, who left took none
