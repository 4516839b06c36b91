"""Figures for a report on social responsibility: each equals its rows; a company is told by placement, of its own."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from matching.vocabulary import Accommodation, AccommodationState, Concession, EmployerKind, PlacementForm, VacancyKind
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Purpose, Role, Subject
from pipelines.registers.errors import NoSuchEmployer
from pipelines.reports.plan.files import write_layout
from pipelines.reports.social import social_cells, social_layout, social_lines, social_report
from pipelines.schema import EMPLOYERS, PLACEMENTS
from pipelines.store.repositories import TableRepository
from tests.support.builders import TODAY
from tests.support.caseload import two_counties
from tests.support.people import a_person, a_vacancy
from tests.support.plan_sheets import imported
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted

FIRM, OTHER = "91620000MA00000007", "91620000MA71000018"
YEAR = TODAY.year
COMPANY = Subject(
    None, None, Role.COMPANY_POSTER, frozenset(), Purpose.RECRUITMENT, employer_id=FIRM, actor="poster"
)  # fmt: skip


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with a_store(request.param, tmp_path) as opened:
        with opened.begin() as connection:
            TableRepository(noted(connection), EMPLOYERS, PROGRAM).insert(
                [
                    {"employer_id": one, "name": "某平台", "kind": EmployerKind.PLATFORM, "region": "620102"}
                    for one in (FIRM, OTHER)
                ]
            )
            for one in ("c-1", "c-2", "c-3", "c-4"):
                a_person(connection, one)
            march = date(YEAR, 3, 1)
            a_vacancy(
                connection, "d-1", FIRM, kind=VacancyKind.DIRECTED, openings=3, opens_on=march,
                accommodations={Accommodation.RAMP: AccommodationState.VERIFIED}, concessions=(Concession.PROMOTION,),
            )  # fmt: skip
            a_vacancy(connection, "d-2", OTHER, kind=VacancyKind.DIRECTED, openings=3, opens_on=march)
            placed = (
                ("p-1", "c-1", FIRM, PlacementForm.QUOTA, march, None),
                ("p-2", "c-2", FIRM, PlacementForm.QUOTA, date(YEAR - 1, 5, 1), date(YEAR - 1, 7, 1)),
                ("p-3", "c-3", FIRM, PlacementForm.FLEXIBLE, march, None),
                ("p-4", "c-4", OTHER, PlacementForm.QUOTA, march, None),
                ("p-5", "c-1", FIRM, PlacementForm.QUOTA, date(YEAR, 10, 1), None),
            )
            TableRepository(noted(connection), PLACEMENTS, PROGRAM).insert(
                [
                    {
                        "placement_id": name, "candidate_id": who, "employer_id": firm, "form": form,
                        "starts_on": starts, "ends_on": ends, "vacancy_id": "d-1" if name == "p-1" else None,
                    }
                    for name, who, firm, form, starts, ends in placed
                ]
            )  # fmt: skip
        imported(
            opened, tmp_path, "unit_records", "record_id,employer_id,kind,year,on,until,posts,concessions,place",
            f"r-1,{FIRM},directed_promise,{YEAR},,,4,,",
            f"r-2,{FIRM},alliance_member,,{YEAR}-02-03,,,,",
            f"r-3,{FIRM},concession,,{YEAR}-02-03,,,promotion;free_training,",
            f"r-4,{FIRM},publication,{YEAR},{YEAR}-06-01,,,,公司网站",
            f"r-5,{OTHER},directed_promise,{YEAR},,,9,,",
        )  # fmt: skip
        yield opened


def told(engine: Engine, subject: Subject, employer_id: str = FIRM, year: int = YEAR) -> dict[str, int]:
    with engine.begin() as connection:
        report = social_report(connection, subject, employer_id, year, TODAY)
    return {one["name"]: one["count"] for one in report["figures"]}


def test_figures_are_counted_from_the_records_of_the_employer_alone(engine: Engine) -> None:
    assert told(engine, PROGRAM) == {
        "hired": 2, "staying": 2, "stayed_6m": 2, "promised": 4, "directed": 1, "accommodations": 1,
        "concessions": 2, "benefits": 0, "published": 1,
    }  # fmt: skip
    assert told(engine, PROGRAM, OTHER)["promised"] == 9
    before = told(engine, PROGRAM, year=YEAR - 1)
    assert (before["hired"], before["stayed_6m"], before["directed"]) == (1, 0, 0)


def test_each_number_is_that_of_its_rows(engine: Engine) -> None:
    with engine.begin() as connection:
        report = social_report(connection, PROGRAM, FIRM, YEAR, TODAY)
    rows = {one["name"]: one["rows"] for one in report["figures"]}
    for one in report["figures"]:
        assert all(set(row) == {column["name"] for column in one["columns"]} for row in one["rows"])
    assert len({row["candidate_id"] for row in rows["hired"]}) == 2
    assert [row["placement_id"] for row in rows["hired"]] == ["p-1", "p-3", "p-5"]
    assert sum(row["posts"] for row in rows["promised"]) == 4
    assert report["alliance_since"] == f"{YEAR}-02-03"


def test_company_is_told_of_what_it_reports_itself_and_of_no_person(engine: Engine) -> None:
    with engine.begin() as connection:
        report = social_report(connection, COMPANY, FIRM, YEAR, TODAY)
    figures = {one["name"]: one for one in report["figures"]}
    assert [row["placement_id"] for row in figures["hired"]["rows"]] == ["p-1", "p-5"]
    assert figures["hired"]["count"] == 1
    assert not any(word in str(report) for word in ("c-1", "c-2", "c-3", "candidate_id"))
    with pytest.raises(NoSuchEmployer):
        told(engine, COMPANY, OTHER)


def test_an_office_of_another_place_sees_nothing_and_another_purpose_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        who = two_counties(connection)
    assert told(engine, who["liwei"])["promised"] == 4
    with pytest.raises(NoSuchEmployer):
        told(engine, who["far"])
    with pytest.raises(Forbidden):
        told(engine, who["liwei"].stating(Purpose.STATISTICS))


def test_sheet_document_and_words_say_the_same_numbers(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        report = social_report(connection, PROGRAM, FIRM, YEAR, TODAY)
    cells = {row[3]: (row[4], row[6]) for row in social_cells(report)[1:]}
    assert cells["本年新招用残疾人"] == ("2", "p-1;p-3;p-5")
    assert cells["发布的定向、预留岗位"] == ("1", "d-1")
    assert any("承诺的定向岗位：4" in line for line in social_lines(report))
    for ending in ("docx", "html", "xlsx"):
        out = tmp_path / f"report.{ending}"
        write_layout(social_layout(report), out)
        assert out.stat().st_size > 1000
    assert "本年新招用残疾人：2" in (tmp_path / "report.html").read_text(encoding="utf-8")
