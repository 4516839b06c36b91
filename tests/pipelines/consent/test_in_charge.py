"""Who is told to be in charge of a list: nobody is named for an office that does not have them."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from pipelines.access.roles import Purpose
from pipelines.consent.in_charge import with_in_charge
from pipelines.store.tables import CASE_TABLES
from tests.support.service import OWN, Service
from tests.support.staffed import a_staffed_province, subject_of


@pytest.fixture
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with a_staffed_province(tmp_path_factory.mktemp("in-charge")) as opened:
        yield opened


def test_where_nobody_is_named_whoever_asks_answers_for_their_own_office(service: Service) -> None:
    people, told = CASE_TABLES["candidates"].c, {}
    for login in ("caseworker", "elsewhere"):
        subject = subject_of(service, login, Purpose.JOB_MATCHING)
        with service.engine.connect() as connection:
            person = connection.execute(select(people.candidate_id).where(people.region == OWN).limit(1)).scalar_one()
            told[login] = with_in_charge(connection, subject, {"candidate_id": person})["in_charge"]
        assert told[login]["person"] == login
        assert told[login]["text"] == f"由{told[login]['office']}的{login}负责解释和复核"
    assert told["elsewhere"]["office"] != told["caseworker"]["office"]
