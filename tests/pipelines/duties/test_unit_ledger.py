"""Records of units from imported sheets to the lists: promised against posted and filled, published, unpaid."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from matching.regions import GANSU
from matching.vocabulary import Concession, EmployerKind, Level, PlacementForm, VacancyKind, YesNo
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Purpose, Role, Subject
from pipelines.consent.errors import NoSuchReport
from pipelines.duties.places import Area
from pipelines.duties.unit_ledger import LISTS, ledger_cells, unit_ledger, unit_ledger_lines
from pipelines.export import csv_text, export
from pipelines.plan_tables import PLAN_TABLES
from pipelines.schema import EMPLOYERS, PLACEMENTS
from pipelines.store.repositories import TableRepository
from tests.support.builders import TODAY
from tests.support.caseload import THERE, two_counties
from tests.support.people import a_person, a_vacancy
from tests.support.plan_sheets import imported
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted

EVERYWHERE = Area(GANSU, "甘肃省", None)
ORGAN, STATE, PLATFORM, FAR = "11620000MB0000000H", "91620000MA71000018", "91620000MA00000007", "91620000MA7100002B"
YEAR = TODAY.year
MARCH, APRIL = date(YEAR, 3, 1), date(YEAR, 4, 1)
HEAD = (
    "记录编号,统一社会信用代码,记录种类,年度,日期,期限或截止日期,岗位数,其中预留给残疾人的岗位数,岗位编号,放宽的条件,减免,平台优惠,"
    "公示或服务点地址,岗位条件"
)


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Give a store with four units, their posts and people, and their records by an imported sheet."""
    with a_store(request.param, tmp_path) as opened:
        with opened.begin() as connection:
            told = (
                (ORGAN, "某局", EmployerKind.ORGAN, Level.PREFECTURE, "620102"),
                (STATE, "某国企", EmployerKind.STATE_OWNED, None, "620102"),
                (PLATFORM, "某平台", EmployerKind.PLATFORM, None, "620102"),
                (FAR, "远方企业", EmployerKind.PRIVATE, None, THERE),
            )
            TableRepository(noted(connection), EMPLOYERS, PROGRAM).insert(
                [
                    {
                        "employer_id": code,
                        "name": name,
                        "kind": kind,
                        "level": level,
                        "region": region,
                        "is_school": YesNo.NO,
                        "establishment": 200,
                        "headcount": 200,
                    }
                    for code, name, kind, level, region in told
                ]
            )
            for one in ("c-1", "c-2", "c-3"):
                a_person(connection, one)
            a_vacancy(connection, "d-1", STATE, kind=VacancyKind.DIRECTED, openings=3, opens_on=MARCH)
            a_vacancy(connection, "d-2", STATE, kind=VacancyKind.RESERVED, openings=2, opens_on=APRIL)
            a_vacancy(connection, "d-old", STATE, kind=VacancyKind.DIRECTED, openings=9, opens_on=date(YEAR - 1, 3, 1))
            a_vacancy(connection, "d-open", STATE, openings=9, opens_on=MARCH)
            a_vacancy(connection, "d-3", FAR, kind=VacancyKind.DIRECTED, opens_on=MARCH)
            a_vacancy(connection, "k-1", PLATFORM, concessions=(Concession.FREE_TRAINING,), opens_on=MARCH)
            placed = (("p-1", "c-1", STATE, "d-1"), ("p-2", "c-2", STATE, "d-open"), ("p-3", "c-3", ORGAN, None))
            TableRepository(noted(connection), PLACEMENTS, PROGRAM).insert(
                [
                    {
                        "placement_id": name,
                        "candidate_id": who,
                        "employer_id": firm,
                        "vacancy_id": post,
                        "form": PlacementForm.QUOTA,
                        "starts_on": APRIL,
                    }
                    for name, who, firm, post in placed
                ]
            )
        report = imported(
            opened, tmp_path, "unit_records", HEAD,
            f"r-1,{STATE},年度定向招聘承诺,{YEAR},,{YEAR}-12-31,4,,,,,,,",
            f"r-2,{ORGAN},project_plan,{YEAR},,{YEAR}-06-30,1,,,,,,,",
            f"r-3,{ORGAN},岗位申报,{YEAR},,,2,,,放宽年龄;户籍,,,,能操作电脑",
            f"r-4,{ORGAN},向社会公示,{YEAR},{YEAR}-05-06,,,,,,,,市政府门户网站,",
            f"r-5,{STATE},社区公共服务点,,{MARCH},,10,3,,,减免摊位费;rent,,某社区报刊亭,",
            f"r-6,{PLATFORM},助残就业创业企业联盟成员,,{MARCH},,,,,,,,,",
            f"r-7,{PLATFORM},平台减免和帮扶,,{MARCH},,,,,,,派单倾斜;franchise_fee,,",
        )  # fmt: skip
        assert report.rejected == 1, "放宽的条件 takes the words of its vocabulary alone"
        report = imported(
            opened, tmp_path, "unit_records", HEAD, f"r-3,{ORGAN},岗位申报,{YEAR},,,2,,,放宽年龄;放宽户籍,,,,能操作电脑"
        )
        assert report.rejected == 0, report.rejections
        yield opened


@pytest.fixture
def who(engine: Engine) -> dict[str, Subject]:
    with engine.begin() as connection:
        return {
            login: subject.stating(Purpose.SUPERVISION) if subject.role is Role.SUPERVISOR else subject
            for login, subject in two_counties(connection).items()
        }


def listed(
    engine: Engine, subject: Subject, name: str, year: int = YEAR, area: Area = EVERYWHERE
) -> list[dict[str, Any]]:
    with engine.begin() as connection:
        document = unit_ledger(connection, subject, name, year, TODAY, area)
    assert set(ledger_cells(document)[0]) == {one["label"] for one in document["columns"]}
    return list(document["rows"])


def test_promises_stand_against_what_was_posted_and_filled_and_equal_independent_sql(
    engine: Engine, who: dict[str, Subject]
) -> None:
    rows = {row["employer_id"]: row for row in listed(engine, who["head"], "directed")}
    state = rows[STATE]
    assert [state[name] for name in ("promised", "vacancies", "openings", "filled")] == [4, 2, 5, 1]
    # Who promised nothing and posted is there; its number of openings was not said.
    far = rows[FAR]
    assert [far[name] for name in ("promised", "vacancies", "openings", "filled")] == [None, 1, None, 0]
    with engine.connect() as connection:
        by_hand = connection.execute(
            text(
                "SELECT count(DISTINCT p.candidate_id) FROM placements p JOIN vacancies v USING (vacancy_id)"
                " WHERE v.kind IN ('directed', 'reserved') AND v.employer_id = :one AND p.starts_on >= :first"
            ),
            {"one": STATE, "first": date(YEAR, 1, 1)},
        ).scalar()
    assert state["filled"] == by_hand
    assert [row["promised"] for row in listed(engine, who["head"], "directed", YEAR - 1)] == [None]


def test_public_bodies_plans_proposals_publication_and_levels(engine: Engine, who: dict[str, Subject]) -> None:
    plan = listed(engine, who["chief"], "plans")[0]
    assert (plan["name"], plan["promised"], plan["until"]) == ("某局", 1, f"{YEAR}-06-30")
    proposal = listed(engine, who["chief"], "proposals")[0]
    assert (proposal["relaxations"], proposal["conditions"]) == ("放宽年龄、放宽户籍", "能操作电脑")
    published = {row["employer_id"]: row for row in listed(engine, who["chief"], "publication")}
    assert (published[ORGAN]["published_on"], published[ORGAN]["place"]) == (f"{YEAR}-05-06", "市政府门户网站")
    assert published[STATE]["published_on"] is None
    levels = listed(engine, who["chief"], "levels")
    assert [(row["level"], row["kind"], row["units"], row["establishment"], row["placed"]) for row in levels] == [
        ("市级", "机关", 1, 200, 1)
    ]


def test_state_enterprise_without_a_levy_record_is_listed_until_there_is_one(
    engine: Engine, who: dict[str, Subject], tmp_path: Path
) -> None:
    assert [row["employer_id"] for row in listed(engine, who["chief"], "levy")] == [STATE]
    imported(engine, tmp_path, "unit_records", HEAD, f"r-8,{STATE},残保金缴纳,{YEAR},{TODAY},,,,,,,,,")
    assert listed(engine, who["chief"], "levy") == []


def test_service_points_alliance_and_concessions(engine: Engine, who: dict[str, Subject]) -> None:
    point = listed(engine, who["chief"], "points")[0]
    assert [point[name] for name in ("posts", "reserved", "reliefs")] == [10, 3, "减免摊位费、减免租赁费"]
    assert [row["on"] for row in listed(engine, who["chief"], "alliance")] == [MARCH.isoformat()]
    told = [(row["vacancy_id"], row["concessions"]) for row in listed(engine, who["chief"], "concessions")]
    assert told == [(None, "加盟费减免、派单倾斜"), ("k-1", "免费培训")] or told == [
        (None, "派单倾斜、加盟费减免"), ("k-1", "免费培训"),
    ]  # fmt: skip


def test_each_office_sees_the_units_of_its_places(engine: Engine, who: dict[str, Subject]) -> None:
    assert listed(engine, who["far"], "plans") == []
    assert [row["employer_id"] for row in listed(engine, who["far"], "directed")] == [FAR]
    assert [row["employer_id"] for row in listed(engine, who["head"], "plans")] == [ORGAN]
    with pytest.raises(Forbidden):
        listed(engine, who["head"].stating(Purpose.STATISTICS), "plans")
    with pytest.raises(NoSuchReport):
        listed(engine, who["head"], "nothing")


def test_sheet_of_another_countys_unit_and_conditions_unrelated_to_the_post_are_refused(
    engine: Engine, who: dict[str, Subject], tmp_path: Path
) -> None:
    tomorrow = TODAY + timedelta(days=1)
    report = imported(
        engine, tmp_path, "unit_records", "record_id,employer_id,kind,year,on,posts,reserved,place,conditions",
        f"x-1,{STATE},岗位申报,{YEAR},,1,,,限男性，身高1.7米以上",
        f"x-2,{FAR},project_plan,{YEAR},,1,,,",
        f"x-3,{STATE},project_plan,,,1,,,",
        f"x-4,{STATE},publication,{YEAR},{tomorrow},,,网站,",
        f"x-5,{STATE},publication,{YEAR},{TODAY},,,,",
        f"x-6,{STATE},service_point,,,2,3,亭,",
        f"x-7,{STATE},岗位申报,{YEAR},,1,,,年龄40岁以下",
        subject=who["liwei"],
    )  # fmt: skip
    wrong: dict[int, set[str]] = {}
    for one in report.rejections:
        wrong.setdefault(one.row, set()).add(one.column)
    assert list(wrong.values()) == [{"conditions"}, {"employer_id"}, {"year"}, {"on"}, {"place"}, {"posts"}]
    assert any("与岗位无关" in one.reason for one in report.rejections)
    assert report.accepted == 1


def test_every_list_is_told_in_words_and_as_a_sheet_and_records_come_back_equal(
    engine: Engine, who: dict[str, Subject], tmp_path: Path
) -> None:
    for name, wanted in LISTS.items():
        with engine.begin() as connection:
            document = unit_ledger(connection, who["head"], name, YEAR, TODAY, EVERYWHERE)
        assert wanted.title in unit_ledger_lines(document)[0]
        assert document["source"]["clause"].startswith("二(")
        assert csv_text(ledger_cells(document)).startswith(b"\xef\xbb\xbf")
    out = tmp_path / "out.csv"
    with engine.begin() as connection:
        n = export(connection, PLAN_TABLES["unit_records"], out, subject=PROGRAM)
    told = imported(engine, tmp_path, "unit_records", *out.read_text(encoding="utf-8-sig").splitlines())
    assert (told.unchanged, told.read) == (n, n)
