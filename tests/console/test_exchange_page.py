"""The page of exchange files: what an employer's year waits for, and a file that only data exchange opens."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from openpyxl import load_workbook

from pipelines.access.audit import events
from tests.support.service import Service
from tests.support.staffed import a_staffed_province, visitor

YEAR = "2025"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with a_staffed_province(tmp_path_factory.mktemp("exchange")) as running:
        yield running


def an_employer(service: Service) -> str:
    """Return an employer of the county with placements."""
    with service.engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT p.employer_id FROM placements p JOIN employers e ON e.employer_id = p.employer_id"
            " WHERE p.starts_on <= '2025-12-31' GROUP BY p.employer_id ORDER BY COUNT(*) DESC"
        )
        return str(rows.first()[0])  # type: ignore[index]


def test_a_supervisor_sees_each_line_with_its_ground_and_downloads_the_same_people(service: Service) -> None:
    who, employer_id = visitor(service, "province"), an_employer(service)
    told = who.open(f"/exchange?employer_id={employer_id}&year={YEAR}")
    assert "条就业记录" in told.text
    assert "待补" in told.text
    assert "财税〔2015〕72号 第七条" in told.text
    answer = service.client.get(
        f"/exchange/files/certification?employer_id={employer_id}&year={YEAR}", headers=who.headers
    )
    sheet = load_workbook(BytesIO(answer.content)).worksheets[0]
    head = [cell.value for cell in sheet[1]]
    ids = {row[head.index("就业记录编号")].value for row in sheet.iter_rows(min_row=2)}
    assert ids
    assert all(str(one) in told.text for one in ids)
    with service.engine.connect() as connection:
        made = [one for one in events(connection) if one["action"] == "exchange.write"]
    assert made[-1]["purpose"] == "data_exchange"


def test_an_employer_that_there_is_none_of_is_said_at_its_field(service: Service) -> None:
    told = visitor(service, "elsewhere").open("/exchange?employer_id=nothing", 404)
    assert "没有这个单位，或不在您的辖区" in told.text
    assert "下载联网认证文件" not in told.text


def test_analysts_have_no_such_page(service: Service) -> None:
    visitor(service, "analyst").open("/exchange", 403)
