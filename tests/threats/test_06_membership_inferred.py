"""6 | I: employer reconstructs a person by many narrow vacancies (membership inference).

Anonymous counts < 10 suppressed, differencing test over nested queries, quota of drafts per day.
"""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from api.errors import PROBLEMS
from matching.vocabulary import Function
from pipelines.access.roles import Role, Subject
from pipelines.consent.released import banded, released
from pipelines.vacancy_workflow import service
from pipelines.vacancy_workflow.errors import DraftQuota
from tests.support.firms import FIRM, a_firm, somebody, two_firms
from tests.support.people import a_person, a_vacancy
from tests.support.stores import a_store
from tests.threats.test_05_diagnosis_inferred import DAY

NESTED: tuple[dict[str, Any], ...] = (
    {"demands": {}},
    {"demands": {Function.HANDS: 2}},
    {"demands": {Function.HANDS: 4, Function.WALKING: 4}},
    {"demands": dict.fromkeys(Function, 4), "skills": ("很少有人会的",)},
    {"demands": dict.fromkeys(Function, 4), "skills": ("很少有人会的",), "region": "620103"},
)


def _pool(engine: Engine, poster: Subject, vacancy_id: str) -> Any:
    with engine.begin() as connection:
        return released(connection, poster, vacancy_id, on=DAY)["pool"]


@pytest.mark.parametrize("n_people", [0, 1, 9, 10, 11, 37])
def test_nested_vacancies_tell_no_more_than_one_and_no_small_number(tmp_path: Path, n_people: int) -> None:
    with a_store("sqlite", tmp_path) as engine:
        with engine.begin() as connection:
            two_firms(connection)
            for number, demands in enumerate(NESTED):
                a_vacancy(connection, f"v-{number}", FIRM, **demands)
            poster = somebody(connection, "poster", Role.COMPANY_POSTER, FIRM)
            for number in range(n_people):
                a_person(connection, f"c-{number}")
        pools = [_pool(engine, poster, f"v-{number}") for number in range(len(NESTED))]
        assert all(one == other for one, other in pairwise(pools))
        assert pools[0]["people"] == banded(n_people)


def test_no_number_below_ten_is_told_and_one_person_more_shows_only_at_the_edge_of_a_band() -> None:
    assert {banded(n) for n in range(10)} == {"少于10"}
    changes = [n for n in range(1, 500) if banded(n) != banded(n - 1)]
    assert changes == list(range(10, 500, 10))


def check_drafts_run_out(folder: Path) -> None:
    """Let a company make drafts until it may make no more that day."""
    with a_store("sqlite", folder) as engine:
        firm = a_firm(engine)
        for _ in range(service.DRAFTS_A_DAY):
            firm.draft()
        with pytest.raises(DraftQuota):
            firm.draft()


def test_company_that_drafts_one_narrow_vacancy_after_another_is_stopped_for_the_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert service.DRAFTS_A_DAY <= 100
    monkeypatch.setattr(service, "DRAFTS_A_DAY", 5)
    check_drafts_run_out(tmp_path)
    status = next(row[0] for kind, row in PROBLEMS.items() if issubclass(DraftQuota, kind))
    assert status == 429
