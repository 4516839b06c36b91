"""The effect of a measure as supervisors and analysts see it: from sheets to the page, the API and the document."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from docx import Document

from tests.support.effects import MEASURE, World, taken_in
from tests.support.service import Service
from tests.support.staffed import a_staffed_province, visitor, worked_out

HERE = "/supervision/effects"
ASKED = f"first=2025-06&last=2025-06&measure={MEASURE}"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The province, and people of a world where a service adds to the share that finds work."""
    folder: Path = tmp_path_factory.mktemp("effects")
    with a_staffed_province(folder) as opened:
        taken_in(opened.engine, folder, World(n=700, effect=0.25, seed=2))
        yield opened


def test_a_supervisor_chooses_a_measure_and_sees_the_difference_with_its_method(service: Service) -> None:
    chief = visitor(service, "province")
    listed = worked_out(chief, f"{HERE}?first=2025-06&last=2025-06")
    assert "服务：职业能力评估" in listed.text
    page = worked_out(chief, f"{HERE}?{ASKED}")
    shown = page.text
    told = service.client.get(f"/api/v1/effects/{MEASURE}?first=2025-06&last=2025-06").json()
    assert told["outcome_code"] == "more"
    assert told["verdict"] in shown
    for words in ("两组的情况相差多少", "两组有没有可比的人", "不能说明什么", "倾向得分", "E值"):
        assert words in shown
    assert sum(tag == "svg" for tag, _ in page.tags) == 3
    document = Document(BytesIO(service.client.get(f"{HERE}.docx?{ASKED}").content))
    assert told["verdict"] in [one.text for one in document.paragraphs]


def test_an_analyst_sees_the_same_page_in_round_numbers_and_nobody_else_does(service: Service) -> None:
    shown = worked_out(visitor(service, "analyst"), f"{HERE}?{ASKED}").text
    assert "高" in shown
    told = service.client.get(f"/api/v1/effects/{MEASURE}?first=2025-06&last=2025-06").json()
    assert told["counts"]["received"] % 10 == 0
    visitor(service, "auditor")
    assert service.client.get(f"/api/v1/effects/{MEASURE}").status_code == 403


def test_what_cannot_be_compared_is_told_as_to_be_checked_by_hand(service: Service) -> None:
    shown = worked_out(visitor(service, "province"), f"{HERE}?first=2025-05&last=2025-05&measure={MEASURE}").text
    assert "需人工核实：领取且跟踪期已满的人太少" in shown
    assert "就业比例相差多少" not in shown


def test_a_measure_that_is_none_and_months_out_of_order_are_refused(service: Service) -> None:
    visitor(service, "province")
    assert service.client.get("/api/v1/effects/claim:none").status_code == 404
    refused = service.client.get(f"/api/v1/effects/{MEASURE}?first=2025-06&last=2025-01")
    assert (refused.status_code, "晚于" in refused.text) == (422, True)
    assert service.client.get(f"/api/v1/effects/{MEASURE}?first=2025-13").status_code == 422
