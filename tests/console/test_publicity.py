"""Publicity, reviews of trainings, services of the alliance, titles and shops' grants: from sheets to what is seen."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from matching.rules.rulebook import rulebook
from pipelines.access.roles import Purpose
from pipelines.claims.ledger import Ledger, Proposal
from pipelines.publicity import publicity_lines
from tests.support.plan_sheets import imported
from tests.support.province import TODAY
from tests.support.service import Service
from tests.support.staffed import a_staffed_province, subject_of, visitor
from tests.support.stores import noted

DAY, YEAR = TODAY.isoformat(), TODAY.year
AGO, LATER = (TODAY - timedelta(days=30)).isoformat(), (TODAY + timedelta(days=20)).isoformat()
AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
FIRM = "91620000MA71000018"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """The province with the sheets taken in, and a claim of somebody who opened a shop."""
    with a_staffed_province(tmp_path) as opened:
        sheets: dict[str, tuple[str, ...]] = {
            "candidates": ("candidate_id,region", "opener,620102", "doctor,620102"),
            "employers": ("employer_id,name,kind,region", f"{FIRM},助残联盟公司,private,620102"),
            "courses": ("course_id,title,provider", "c-1,中药材加工,兰州某校", "c-2,电脑基础,兰州某校"),
            "publicity": (
                "publicity_id,region,on,medium,topic,title,place,by,reached",
                f"x-1,620102,{AGO},新闻报道,优惠政策,补贴怎么领,甘肃日报,城关区残联,20000",
                f"x-2,620102,{DAY},户外公益广告、宣传栏,帮扶措施,全国助残日,街道宣传栏,,",
                f"x-3,620502,{AGO},news,,,,,",
                "x-4,620102,2025-05-18,news,,,,,",
            ),
            "course_reviews": (
                "review_id,course_id,kind,on,until,place,result",
                f"r-1,c-1,项目公示,{AGO},{DAY},省残联网站,没有异议",
                f"r-2,c-1,培训评估,{DAY},,,合格，就业率待跟踪",
            ),
            "unit_records": (
                "record_id,employer_id,kind,year,on,alliance_services,served,place",
                f"u-1,{FIRM},联盟提供的服务,{YEAR},{AGO},雇主培训;人力资源服务外包,12,兰州",
                f"u-2,{FIRM},alliance_service,{YEAR},{DAY},就业创业培训,,",
            ),
            "enrolments": (
                "enrolment_id,candidate_id,kind,title,starts_on,ends_on,status,certificate,certificate_on",
                f"t-1,doctor,盲人医疗按摩职称评审,中级,{AGO},{LATER},enrolled,,",
                "t-2,opener,appraisal,初级,2025-01-10,,completed,医疗按摩医士,2025-06-01",
            ),
        }
        for name, lines in sheets.items():
            told = imported(opened.engine, tmp_path, name, *lines)
            assert (told.accepted, told.rejected) == (len(lines) - 1, 0), (name, told.rejections)
        with opened.engine.begin() as connection:
            noted(connection)
            own = Proposal("startup.lump_sum", 202611, 202612, "startup", "620102", candidate_id="opener")
            proposer = subject_of(opened, "province", Purpose.BENEFIT_DECISION)
            claim = Ledger(connection, proposer, at=AT).propose(rulebook(), own)
            decider = subject_of(opened, "second", Purpose.BENEFIT_DECISION)
            Ledger(connection, decider, at=AT).decide(claim.claim_id, is_approved=True, ground=None, version=1)
        told = imported(
            opened.engine, tmp_path, "sites", "site_id,kind,name,region,brand,claim_id,opened_on",
            f"m-1,massage_shop,金手指一店,620102,陇原金手指,{claim.claim_id},{DAY}",
            "m-2,massage_practice,城关医疗按摩所,620102,,gone,",
            "m-3,massage_shop,金手指二店,620102,陇原金手指,,",
        )  # fmt: skip
        assert told.rejected == 0, told.rejections
        yield opened


def test_publicity_is_listed_and_counted_and_reach_stays_unknown(service: Service) -> None:
    chief = visitor(service, "province")
    shown = chief.open("/publicity").text
    assert "本年登记 3 次，已登记受众 20000 人次，2 次没有登记受众" in shown
    assert "补贴怎么领" in shown
    assert "2025-05-18" not in shown
    told = service.client.get("/api/v1/publicity/of-year?region=620502").json()
    assert (told["count"], told["reached"]) == (1, None)
    form = chief.open("/publicity").form("/publicity")
    kept = chief.send(form, region="620102", medium="event", title="进社区", by="残联")
    assert "宣传已登记" in kept.text
    assert "本年登记 4 次" in kept.text


def test_yearly_report_counts_publicity_by_medium_and_place(service: Service) -> None:
    visitor(service, "province").open("/")
    report = service.client.get(f"/api/v1/reports/plan?year={YEAR}").json()
    figure = next(one for one in report["figures"] if one["name"] == "publicity")
    rows = {row["place"]: row["counts"] for row in figure["rows"]}
    assert figure["unit"] == "次"
    assert "三(四)" in figure["source"]["clause"]
    assert (rows["620000"]["all"], rows["620100"]["outdoor"], rows["620500"]["news"]) == (3, 1, 1)
    behind = service.client.get(f"/api/v1/reports/plan/rows?year={YEAR}&figure=publicity&area=620100").json()["items"]
    assert {one["id"] for one in behind} == {"x-1", "x-2"}


def test_an_office_records_publicity_of_its_own_place_alone(service: Service) -> None:
    page = visitor(service, "elsewhere")
    form = page.open("/publicity").form("/publicity")
    refused = page.send(form, 422, region="620102", medium="news").text
    assert "不在您的管辖范围" in refused
    kept = page.send(form, region="620502", medium="news", title="本地新闻")
    assert "本地新闻" in kept.text


def test_publication_and_evaluation_of_a_training_are_on_its_page_and_in_the_catalogue(service: Service) -> None:
    chief = visitor(service, "province")
    shown = chief.open("/courses/c-1").text
    assert "项目公示" in shown
    assert "没有异议" in shown
    assert "合格，就业率待跟踪" in shown
    catalogue = chief.open("/courses").text
    assert f"{DAY} 合格，就业率待跟踪" in catalogue
    page = chief.open("/courses/c-2")
    assert "还没有登记公示或评估" in page.text
    form = page.form("/courses/c-2/reviews")
    assert "须写明在哪里公示" in chief.send(form, 422, kind="publication").text
    assert "市残联公告栏" in chief.send(form, kind="publication", place="市残联公告栏").text


def test_services_of_the_alliance_are_a_list_of_the_year(service: Service) -> None:
    chief = visitor(service, "province")
    shown = chief.open(f"/supervision/ledger?name=alliance_services&year={YEAR}").text
    assert "雇主培训" in shown
    rows = service.client.get(f"/api/v1/unit-records/lists/alliance_services?year={YEAR}").json()["rows"]
    assert [row["served"] for row in rows] == [None, 12]


def test_titles_are_counted_and_the_day_of_a_decision_is_due(service: Service) -> None:
    chief = visitor(service, "province")
    chief.open("/plan-work/massage")
    row = next(one for one in _rows(service, "massage") if one["city"] == "兰州市")
    assert (row["appraised"], row["titled"]) == (1, 1)
    assert f"盲人医疗按摩职称评审应于 {LATER} 出结果" in chief.open("/?kind=learning").text
    page = chief.open("/people/doctor/learning")
    assert "盲人医疗按摩职称评审" in page.text
    form = page.form("/people/doctor/learning/dated")
    told = chief.send(form, kind="appraisal", title="副高级", starts_on=DAY).text
    assert "副高级" in told


def test_shops_tell_how_far_their_grant_came(service: Service) -> None:
    chief = visitor(service, "province")
    shown = chief.open("/plan-work/shops").text
    assert "申领已批准" in shown
    assert [row["grant"] for row in _rows(service, "shops")] == ["申领已批准", "申领待核实", "没有登记申领"]
    row = next(one for one in _rows(service, "massage") if one["city"] == "兰州市")
    assert (row["shops"], row["brand"], row["practices"], row["granted"]) == (2, 2, 1, 1)
    visitor(service, "elsewhere").open("/")
    assert [row["grant"] for row in _rows(service, "shops")] == ["申领待核实", "申领待核实", "没有登记申领"]


def _rows(service: Service, name: str) -> list[dict[str, str | int | None]]:
    rows: list[dict[str, str | int | None]] = service.client.get(f"/api/v1/plan-work/{name}").json()["rows"]
    return rows


def test_a_year_without_publicity_asks_for_no_audience() -> None:
    empty: dict[str, object] = {
        "source": {"document": "甘政办发〔2022〕97号", "clause": "三(四)"},
        "media": [],
        "reached": None,
    }
    empty |= {"reach_unknown": 0, "region_name": "甘肃省", "year": YEAR, "count": 0, "items": []}
    assert publicity_lines(empty)[1:] == ["没有登记"]
