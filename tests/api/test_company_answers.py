"""A company answers referrals and asks how many people could do a post, over HTTP as on the pages."""

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from pipelines.access.roles import Role
from pipelines.schema import INTERACTIONS, VACANCIES
from pipelines.store.repositories import TableRepository
from pipelines.store.tables import organisations
from tests.api.test_matrix import MINE, V1, Province
from tests.support.accounts import FIRM
from tests.support.stores import PROGRAM, noted
from tests.threats.doors import a_province

POST = "own-post"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    """A province in which somebody was referred to a post of the company."""
    with a_province(tmp_path_factory.mktemp("answers")) as opened:
        with opened.engine.begin() as connection:
            own = select(organisations.c.employer_id).where(organisations.c.organisation_id == FIRM)
            employer_id = connection.execute(own).scalar_one()
            post = {"vacancy_id": POST, "employer_id": employer_id, "title": "文员", "region": "620102"}
            TableRepository(noted(connection), VACANCIES, PROGRAM).insert([dict.fromkeys(VACANCIES.by_name) | post])
            act = {"candidate_id": MINE, "vacancy_id": POST, "at": date(2026, 11, 20)}
            act["kind"] = INTERACTIONS.column("kind").parse("referred")
            TableRepository(connection, INTERACTIONS, PROGRAM).insert([dict.fromkeys(INTERACTIONS.by_name) | act])
        yield opened


def test_company_answers_once_however_often_it_is_sent_and_takes_it_back(whole: Province) -> None:
    headers = whole.enter(Role.COMPANY_POSTER)
    at = f"{V1}/vacancies/{POST}/released"

    def send(path: str, body: Any = None, key: str | None = None) -> Any:
        more = {"Idempotency-Key": key or str(uuid4())}
        return whole.client.post(f"{at}/{path}", json=body, headers={**headers, **more})

    (item,) = whole.client.get(at, headers=headers).json()["items"]
    person = item["person"]
    assert item["answer"] is None
    assert send(f"{person}/answers", {"kind": "declined_by_employer"}).status_code == 422
    assert send(f"{person}/answers", {"kind": "retained_6m"}).status_code == 422
    assert send("p-nobody/answers", {"kind": "interviewed"}).status_code == 404
    key = str(uuid4())
    first = send(f"{person}/answers", {"kind": "declined_by_employer", "reason": "hours"}, key)
    assert (first.status_code, first.json()["kind"]) == (201, "declined_by_employer")
    assert send(f"{person}/answers", {"kind": "declined_by_employer", "reason": "hours"}, key).json() == first.json()
    (answered,) = whole.client.get(at, headers=headers).json()["items"]
    assert answered["answer"]["reason"] == "工作时间谈不拢"
    assert send(f"{person}/answers/undo").status_code == 204
    assert send(f"{person}/answers/undo").status_code == 409


def test_preview_is_told_in_bands_to_the_company_alone(whole: Province) -> None:
    path = f"{V1}/vacancies/{POST}/preview"
    told = whole.client.get(path, headers=whole.enter(Role.COMPANY_APPROVER))
    assert told.status_code == 200
    assert told.json() == {
        "region": "620100", "label": "兰州市", "is_asked": False, "now": None, "one_more": [], "unknown": None,
    }  # fmt: skip
    for role, status in ((Role.ANALYST, 404), (Role.AUDITOR, 404)):
        assert whole.client.get(path, headers=whole.enter(role)).status_code == status
