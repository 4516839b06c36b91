"""Records of units on pages: noted by a form, seen in the list and its sheet; a company's own figures as a document."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from pipelines.access.roles import Role
from tests.support.accounts import FIRM
from tests.support.pages import Visitor
from tests.support.plan_sheets import imported
from tests.support.province import TODAY
from tests.support.service import OWN, Service
from tests.support.staffed import a_staffed_province, visitor, worked_out
from tests.support.stores import noted

YEAR = TODAY.year
LEDGER = "/supervision/ledger"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("units")
    with a_staffed_province(folder) as opened:
        employer = employer_of(opened)
        imported(
            opened.engine, folder, "unit_records", "record_id,employer_id,kind,year,posts",
            f"r-1,{employer},年度定向招聘承诺,{YEAR},7",
        )  # fmt: skip
        opened.user("poster", Role.COMPANY_POSTER)
        with opened.engine.begin() as connection:
            own = text("UPDATE organisations SET employer_id = :one WHERE organisation_id = :firm")
            noted(connection).execute(own, {"one": employer, "firm": FIRM})
        yield opened


def employer_of(service: Service) -> str:
    with service.engine.connect() as connection:
        wanted = f"SELECT employer_id FROM employers WHERE region = '{OWN}' ORDER BY employer_id LIMIT 1"
        return str(connection.exec_driver_sql(wanted).scalar())


def test_supervisor_sees_every_list_and_notes_a_record(service: Service) -> None:
    chief = visitor(service, "chief")
    shown = chief.open(f"{LEDGER}?name=directed&year={YEAR}")
    assert "定向招聘承诺与落实" in shown.text
    for name in ("levels", "plans", "proposals", "publication", "levy", "points", "alliance", "concessions"):
        assert "单位台账" in worked_out(chief, f"{LEDGER}?name={name}").text
    form = next(one for one in shown.forms if one.action.startswith(LEDGER))
    told = chief.send(form, 422, employer_id=employer_of(service), kind="publication", year=str(YEAR))
    assert "须写明在哪里公示" in told.text
    form = next(one for one in chief.open(LEDGER).forms if one.action.startswith(LEDGER))
    told = chief.send(form, employer_id=employer_of(service), kind="alliance_member", on=f"{YEAR}-01-05")
    assert "已登记" in told.text
    assert f"{YEAR}-01-05" in chief.open(f"{LEDGER}?name=alliance").text
    sheet = chief.client.get(f"{LEDGER}.csv?name=directed&year={YEAR}", headers=chief.headers)
    assert sheet.headers["content-type"].startswith("text/csv")
    assert ",7," in sheet.text
    assert employer_of(service) in sheet.text


def test_company_opens_its_own_figures_and_takes_them_away(service: Service) -> None:
    poster = Visitor(service.client, service.enter("poster", Role.COMPANY_POSTER))
    shown = poster.open("/company/report")
    assert "承诺的定向岗位：7" in shown.text
    assert "求职者编号" not in shown.text
    document = poster.client.get(f"/company/report?year={YEAR}&form=docx", headers=poster.headers)
    assert document.content[:2] == b"PK"
    poster.open(LEDGER, 403)


def test_office_opens_the_figures_from_the_employer(service: Service) -> None:
    li = visitor(service, "caseworker")
    employer = employer_of(service)
    links = [held.get("href") for tag, held in li.open(f"/employers/{employer}").tags if tag == "a"]
    assert f"/employers/{employer}/report" in links
    assert "承诺的定向岗位：7" in li.open(f"/employers/{employer}/report").text
    visitor(service, "elsewhere").open(f"/employers/{employer}/report", 404)
