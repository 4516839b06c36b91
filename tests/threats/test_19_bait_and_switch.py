"""19 | T: employer edits the vacancy after approval (bait and switch).

Any change to demands, pay or place returns it to review; recommendations use the approved version.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.access.roles import Purpose, local_subject
from pipelines.casebook import load_casebook
from pipelines.registers.errors import RegisterError
from pipelines.store.errors import NotFound, OutOfReach
from pipelines.store.repositories import VacancyRepository
from pipelines.vacancy_workflow.errors import NotPossible
from pipelines.vacancy_workflow.states import State
from tests.support.firms import ELSEWHERE, Firm, a_firm
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted

CHANGES: tuple[dict[str, str], ...] = (
    {"demands": "hands=4"},
    {"demands": ""},
    {"wage_min": "2800"},
    {"wage_max": ""},
    {"region": ELSEWHERE},
    {"address": "别处1号"},
    {"title": "搬运工", "description": "搬运重物。"},
    {"hours_per_day": "12"},
    {"night_shift": "yes"},
    {"accommodations": ""},
)


@pytest.fixture(params=BACKENDS)
def firm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Firm]:
    """A company with one who posts and one who approves."""
    with a_store(request.param, tmp_path) as engine:
        yield a_firm(engine)


def _ranked_on(firm: Firm, vacancy_id: str) -> Any:
    """Return the vacancy as lists are made of it."""
    with firm.engine.begin() as connection:
        casebook = load_casebook(connection, local_subject(Purpose.JOB_MATCHING))
    return next(vacancy for vacancy in casebook.vacancies if vacancy.vacancy_id == vacancy_id)


def check_change_goes_back_to_review(firm: Firm, cells: dict[str, str]) -> None:
    """Change a published vacancy, and see what people are ranked on."""
    published = firm.published()
    before = _ranked_on(firm, published.vacancy_id)
    changed = firm.change(firm.poster, published, **cells)
    assert (changed.state, changed.published_version) == (State.DRAFT, 1), cells
    assert _ranked_on(firm, published.vacancy_id) == before
    with pytest.raises(NotPossible):
        firm.do("publish", firm.poster, changed)
    assert _ranked_on(firm, published.vacancy_id) == before


def test_any_change_of_demands_pay_or_place_goes_back_and_people_are_ranked_on_what_was_approved(firm: Firm) -> None:
    for cells in CHANGES:
        check_change_goes_back_to_review(firm, cells)


def test_company_does_not_write_the_ranked_row_past_the_workflow(firm: Firm) -> None:
    published = firm.published()
    before = _ranked_on(firm, published.vacancy_id)
    with firm.engine.connect() as connection:
        row = VacancyRepository(connection, PROGRAM).find([(published.vacancy_id,)])[published.vacancy_id,]
    switched = {**row, "employer_id": "91110000600037341L", "title": "别的工作"}
    with pytest.raises((OutOfReach, RegisterError, NotFound)), firm.engine.begin() as connection:
        VacancyRepository(noted(connection), firm.stranger).replace([switched])
    assert _ranked_on(firm, published.vacancy_id) == before


def test_change_takes_effect_once_another_person_approved_it(firm: Firm) -> None:
    published = firm.published()
    changed = firm.change(firm.poster, published, wage_min="3300")
    approved = firm.do("approve", firm.approver, firm.do("check", firm.poster, changed))
    assert _ranked_on(firm, published.vacancy_id).wage_min == 3000
    firm.do("publish", firm.poster, approved)
    assert _ranked_on(firm, published.vacancy_id).wage_min == 3300
