"""A sheet of vacancies is no way around the check and the second person, nor into another county."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from pipelines.access.roles import Role, Subject
from pipelines.ingest import IngestReport, ingest
from pipelines.schema import VACANCIES
from pipelines.store.repositories import VacancyRepository
from pipelines.vacancy_workflow.states import CloseReason
from tests.support.firms import DAY, ELSEWHERE, HERE, Firm, a_firm, somebody
from tests.support.stores import BACKENDS, PROGRAM, a_store


@pytest.fixture(params=BACKENDS)
def firm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Firm]:
    with a_store(request.param, tmp_path) as engine:
        yield a_firm(engine)


def sent(engine: Engine, folder: Path, subject: Subject, **cells: str) -> IngestReport:
    sheet = folder / "vacancies.csv"
    sheet.write_text(f"{','.join(cells)}\n{','.join(cells.values())}\n", encoding="utf-8")
    return ingest(engine, VACANCIES, sheet, subject=subject, supplied_by="test", on=DAY)


def wage_of(engine: Engine, vacancy_id: str) -> str:
    with engine.connect() as connection:
        return str(VacancyRepository(connection, PROGRAM).find([(vacancy_id,)])[vacancy_id,]["wage_min"])


def a_stranger(firm: Firm) -> Subject:
    with firm.engine.begin() as connection:
        return somebody(connection, "elsewhere", Role.CASEWORKER, ELSEWHERE)


@pytest.mark.parametrize("whose", ["caseworker", "program"])
def test_threat_19_what_two_people_approved_is_not_written_over_by_a_sheet(
    firm: Firm, tmp_path: Path, whose: str
) -> None:
    published = firm.published()
    subject = firm.caseworker if whose == "caseworker" else PROGRAM
    row = {"vacancy_id": published.vacancy_id, "title": "文员", "region": HERE}
    refused = sent(firm.engine, tmp_path, subject, **row, wage_min="100")
    assert (refused.accepted, refused.rejected) == (0, 1)
    assert "发布流程" in refused.rejections[0].reason
    assert wage_of(firm.engine, published.vacancy_id) == "3000"
    # The same once more says nothing new.
    assert sent(firm.engine, tmp_path, subject, **row, wage_min="3000").unchanged == 1


def test_what_was_closed_here_is_not_opened_again_by_the_sheet_that_it_came_from(firm: Firm, tmp_path: Path) -> None:
    row = {"vacancy_id": "v-1", "title": "文员", "region": HERE, "closes_on": "2027-06-30"}
    assert sent(firm.engine, tmp_path, firm.caseworker, **row).accepted == 1
    with firm.engine.begin() as connection:
        firm.work(connection, firm.caseworker).close("v-1", 1, CloseReason.FILLED)
    assert sent(firm.engine, tmp_path, firm.caseworker, **row).rejected == 1
    with firm.engine.connect() as connection:
        assert VacancyRepository(connection, PROGRAM).open_on(DAY) == []


def test_threat_2_an_office_writes_vacancies_of_its_own_places_only(firm: Firm, tmp_path: Path) -> None:
    stranger = a_stranger(firm)
    row = {"vacancy_id": "v-1", "title": "文员", "wage_min": "3000"}
    assert sent(firm.engine, tmp_path, stranger, **row, region=HERE).rejected == 1
    assert sent(firm.engine, tmp_path, firm.caseworker, **row, region=HERE).accepted == 1
    for told in ({"region": HERE}, {"region": ELSEWHERE}, {"region": ""}):
        refused = sent(firm.engine, tmp_path, stranger, **{**row, **told, "wage_min": "100"})
        assert (refused.rejected, refused.rejections[0].column) == (1, "region")
    assert wage_of(firm.engine, "v-1") == "3000"
    assert sent(firm.engine, tmp_path, firm.caseworker, **{**row, "wage_min": "3100"}, region=HERE).accepted == 1
