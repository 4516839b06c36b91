"""Campaigns and programmes from imported sheets to what is counted: nothing typed in, each number with its rows."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from matching.plan_actions import CAMPAIGN, PROGRAMME, Step
from matching.vocabulary import DisabilityCategory, InteractionKind, PlacementForm, YesNo
from pipelines.access.errors import Forbidden, NoSuchPerson
from pipelines.access.roles import Purpose, Subject
from pipelines.consent.erasure import erase
from pipelines.export import export
from pipelines.initiatives.ledger import Ledger
from pipelines.initiatives.offers import offers_for
from pipelines.plan_tables import PLAN_TABLES
from pipelines.registers.errors import NoSuchRecord, RowRefused
from pipelines.schema import EMPLOYERS, PLACEMENTS
from pipelines.store.repositories import TableRepository
from tests.support.builders import TODAY
from tests.support.caseload import THERE, two_counties
from tests.support.people import a_person, a_vacancy, acted
from tests.support.plan_sheets import imported
from tests.support.stores import BACKENDS, PROGRAM, a_store, noted

FIRM, OTHER_FIRM = "91620000MA00000007", "91620000MA71000016"
BEGINS = TODAY - timedelta(days=40)
ENDS = TODAY - timedelta(days=38)


@pytest.fixture(params=BACKENDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with a_store(request.param, tmp_path) as opened:
        with opened.begin() as connection:
            employers = TableRepository(noted(connection), EMPLOYERS, PROGRAM)
            employers.insert([{"employer_id": FIRM, "name": "某公司", "region": "620102"}])
            for one in ("c-1", "c-2", "c-3"):
                a_person(connection, one)
            a_person(connection, "c-far", region=THERE, category=DisabilityCategory.HEARING)
            a_vacancy(connection, "v-1", FIRM)
            a_vacancy(connection, "v-2", FIRM, title="装配工")
            a_vacancy(connection, "v-elsewhere", None)
        fair = f"f-1,金秋招聘月,城关区专场,城关区残联,兰州市城关区,{BEGINS},{ENDS},否"
        imported(
            opened,
            tmp_path,
            "initiatives",
            "活动编号,活动或项目,名称,主办单位,举办地区,开始日期,结束日期,是否线上",
            fair,
            "s-1,天籁之家,天籁之家麦积站,天水市聋人协会,620503,,,否",
            "s-2,crafts,手工坊,兰州市肢残人协会,620103,,,否",
        )
        imported(opened, tmp_path, "initiative_posts", "活动编号,岗位编号", "f-1,v-1", "f-1,v-2")
        yield opened


@pytest.fixture
def who(engine: Engine) -> dict[str, Subject]:
    with engine.begin() as connection:
        return two_counties(connection)


def test_sheet_names_what_it_cannot_take(engine: Engine, tmp_path: Path) -> None:
    told = imported(
        engine, tmp_path, "initiatives", "initiative_id,kind,title,starts_on,ends_on",
        "x-1,没有的活动,甲,,", f"x-2,fair,乙,{ENDS},{BEGINS}", "x-3,fair,,,", "x-4,其他招聘活动,丙,,",
    )  # fmt: skip
    assert (told.accepted, told.rejected) == (1, 3)
    assert [one.column for one in told.rejections] == ["kind", "ends_on", "title"]
    told = imported(engine, tmp_path, "initiative_posts", "initiative_id,vacancy_id", "f-1,nowhere", "nothing,v-1")
    assert [one.column for one in told.rejections] == ["vacancy_id", "initiative_id"]
    tomorrow = TODAY + timedelta(days=1)
    told = imported(
        engine, tmp_path, "initiative_people", "candidate_id,initiative_id,step,on",
        f"c-1,f-1,到场参加,{tomorrow}", f"c-9,f-1,attended,{TODAY}", f"c-1,f-1,已邀请,{TODAY}",
    )  # fmt: skip
    assert [one.column for one in told.rejections] == ["on", "candidate_id"]
    assert told.accepted == 1


def test_what_followed_is_read_off_acts_and_placements_and_equals_independent_sql(
    engine: Engine, who: dict[str, Subject], tmp_path: Path
) -> None:
    day = ENDS.isoformat()
    steps = [
        f"c-1,f-1,到场参加,{day}",
        f"c-2,f-1,invited,{BEGINS}",
        f"c-2,f-1,attended,{day}",
        f"c-3,f-1,invited,{day}",
    ]
    imported(engine, tmp_path, "initiative_people", "candidate_id,initiative_id,step,on", *steps)
    with engine.begin() as connection:
        acted(connection, "c-1", "v-1", InteractionKind.REFERRED, ENDS)
        acted(connection, "c-1", "v-1", InteractionKind.PLACED, ENDS + timedelta(days=9))
        acted(connection, "c-2", "v-2", InteractionKind.REFERRED, ENDS)
        acted(connection, "c-2", "v-2", InteractionKind.VIEWED, ENDS)  # a look leads nowhere
        acted(connection, "c-2", "v-elsewhere", InteractionKind.REFERRED, ENDS)  # does not stand at it
        acted(connection, "c-3", "v-1", InteractionKind.REFERRED, ENDS)  # was asked and did not come
        acted(connection, "c-1", "v-2", InteractionKind.REFERRED, BEGINS - timedelta(days=1))  # before it
        rows = [
            {"placement_id": "p-1", "candidate_id": "c-1", "vacancy_id": "v-1", "starts_on": ENDS + timedelta(days=10)},
            {"placement_id": "p-2", "candidate_id": "c-2", "employer_id": FIRM, "starts_on": TODAY},
            {"placement_id": "p-3", "candidate_id": "c-2", "employer_id": OTHER_FIRM, "starts_on": TODAY},
            {"placement_id": "p-4", "candidate_id": "c-3", "employer_id": FIRM, "starts_on": TODAY},
        ]
        TableRepository(noted(connection), PLACEMENTS, PROGRAM).insert(
            [{**one, "form": PlacementForm.QUOTA} for one in rows]
        )
        told = Ledger(connection, who["liwei"], on=TODAY).one("f-1")
    assert told["people"] == {"invited": 2, "accepted": 0, "declined": 0, "attended": 2, "joined": 0, "left": 0}
    results = told["results"]
    counted = {kind: one["count"] for kind, one in results["acts"].items()}
    assert counted == {"referred": 2, "applied": 0, "interviewed": 0, "offered": 0, "placed": 1}
    assert (results["placed_people"], results["placements"]) == (2, 2)
    assert len(results["rows"]) == sum(counted.values())
    assert [one["placement_id"] for one in results["placement_rows"]] == ["p-1", "p-2"]
    came = "SELECT candidate_id FROM initiative_people WHERE initiative_id = 'f-1' AND step IN ('attended', 'joined')"
    posts = "SELECT vacancy_id FROM initiative_posts WHERE initiative_id = 'f-1'"
    with engine.connect() as connection:
        by_hand = connection.execute(
            text(
                f"SELECT kind, count(*) FROM interactions WHERE candidate_id IN ({came}) AND vacancy_id IN ({posts})"
                " AND kind <> 'viewed' AND at >= :first GROUP BY kind"
            ),
            {"first": BEGINS},
        ).all()
    assert {kind: count for kind, count in counted.items() if count} == {row[0]: row[1] for row in by_hand}
    posts_told = [(one["name"], [post["title"] for post in one["posts"]]) for one in told["employers"]]
    assert posts_told == [("某公司", ["录入员", "装配工"])]


def test_each_office_counts_its_own_people_and_the_province_all(
    engine: Engine, who: dict[str, Subject], tmp_path: Path
) -> None:
    imported(
        engine, tmp_path, "initiative_people", "candidate_id,initiative_id,step,on",
        f"c-1,f-1,attended,{ENDS}", f"c-far,f-1,attended,{ENDS}",
    )  # fmt: skip
    for login, seen in (("liwei", ["c-1"]), ("far", ["c-far"]), ("head", ["c-1", "c-far"])):
        with engine.begin() as connection:
            told = Ledger(connection, who[login], on=TODAY).one("f-1")
            lines, _ = Ledger(connection, who[login], on=TODAY).page(after=None, limit=9, what=CAMPAIGN)
        assert [one["candidate_id"] for one in told["participants"]] == seen
        assert lines[0]["people"]["attended"] == len(seen)
    with engine.begin() as connection, pytest.raises(NoSuchPerson):
        Ledger(connection, who["liwei"], on=TODAY).step("f-1", "c-far", Step.INVITED, TODAY)


def test_list_is_of_some_days_kinds_and_places(engine: Engine, who: dict[str, Subject]) -> None:
    def ids(login: str = "head", **wanted: object) -> list[str]:
        with engine.begin() as connection:
            found, _ = Ledger(connection, who[login], on=TODAY).page(after=None, limit=9, **wanted)  # type: ignore[arg-type]
        return [one["initiative_id"] for one in found]

    assert ids() == ["s-1", "s-2", "f-1"]
    assert ids(what=PROGRAMME) == ["s-1", "s-2"]
    assert ids(first=TODAY) == ["s-1", "s-2"]
    assert ids(first=BEGINS, last=BEGINS, what=CAMPAIGN) == ["f-1"]
    assert ids(last=BEGINS - timedelta(days=1), what=CAMPAIGN) == []
    assert ids(region="天水市") == ["s-1"]
    assert ids(region="兰州市") == ["s-2", "f-1"]


def test_only_the_own_place_changes_one_and_the_second_of_two_is_told(engine: Engine, who: dict[str, Subject]) -> None:
    with engine.begin() as connection, pytest.raises(RowRefused):
        Ledger(connection, who["far"], on=TODAY).change("f-1", {"title": "x"}, 1)
    with engine.begin() as connection:
        assert Ledger(connection, who["liwei"], on=TODAY).change("f-1", {"title": "改名"}, 1) is not None
    with engine.begin() as connection:
        assert Ledger(connection, who["mali"], on=TODAY).change("f-1", {"title": "又改"}, 1) is None
    with engine.begin() as connection, pytest.raises(NoSuchRecord):
        Ledger(connection, who["liwei"], on=TODAY).one("nothing")
    with engine.begin() as connection, pytest.raises(Forbidden):
        Ledger(connection, who["liwei"].stating(Purpose.STATISTICS), on=TODAY).one("f-1")


def test_programme_is_offered_to_everybody_near_ones_first_and_full_ones_take_nobody(
    engine: Engine, who: dict[str, Subject]
) -> None:
    with engine.begin() as connection:
        near = offers_for(connection, who["head"], "c-1", TODAY)
        far = offers_for(connection, who["head"], "c-far", TODAY)
    # A physical and a hearing disability are offered the same programmes; what is near stands first.
    assert [one["initiative_id"] for one in near["sites"]] == ["s-2", "s-1"]
    assert [one["initiative_id"] for one in far["sites"]] == ["s-1", "s-2"]
    assert "其他人同样可以转介" in "".join(near["sites"][0]["reasons"])
    assert near["sites"][0]["source"]["clause"] == "二(四)"
    assert near["sites"][0]["source"]["status"] == "ended"
    with engine.begin() as connection:
        ledger = Ledger(connection, who["head"], on=TODAY)
        assert ledger.change("s-2", {"places": "1"}, 1) is not None
        assert ledger.step("s-2", "c-1", Step.JOINED, TODAY) is True
        assert ledger.step("s-2", "c-1", Step.JOINED, TODAY) is False
    with engine.begin() as connection, pytest.raises(RowRefused):
        Ledger(connection, who["head"], on=TODAY).step("s-2", "c-2", Step.JOINED, TODAY)
    with engine.begin() as connection:
        told = offers_for(connection, who["head"], "c-1", TODAY)
        other = offers_for(connection, who["head"], "c-2", TODAY)
    assert (told["sites"][0]["step_label"], told["sites"][0]["step_on"]) == ("进入项目", TODAY.isoformat())
    assert "名额已满" in "".join(next(one for one in other["sites"] if one["initiative_id"] == "s-2")["reasons"])


def test_self_employment_is_reminded_of_where_wished_or_unknown_and_never_against_a_no(
    engine: Engine, who: dict[str, Subject]
) -> None:
    with engine.begin() as connection:
        a_person(connection, "c-shop", wished_occupations=("开小店",))
        a_person(connection, "c-no", job_wish=YesNo.NO)
        found = {
            one: offers_for(connection, who["head"], one, TODAY)["self_employment"] for one in ("c-shop", "c-1", "c-no")
        }
    assert [one["code"] for one in found["c-shop"]] == ["tobacco_licence", "service_point"]
    assert [one["is_wished"] for one in found["c-shop"]] == [True, True]
    assert [one["is_wished"] for one in found["c-1"]] == [None, None]
    assert "可以先问" in found["c-1"][0]["reason"]
    assert found["c-1"][0]["source"]["clause"] == "二(二)"
    assert found["c-no"] == []
    with engine.begin() as connection:
        before = offers_for(connection, who["head"], "c-1", date(2022, 8, 3))
    assert before["self_employment"] == []


def test_steps_go_with_the_erased_person_and_no_row_is_written_without_an_audit_row(
    engine: Engine, tmp_path: Path
) -> None:
    imported(engine, tmp_path, "initiative_people", "candidate_id,initiative_id,step,on", f"c-1,f-1,attended,{ENDS}")
    with engine.begin() as connection:
        erase(connection, ["c-1"], by=PROGRAM.by, why="request", on=TODAY)
        assert connection.execute(text("SELECT count(*) FROM initiative_people")).scalar() == 0
    for table in ("initiatives", "initiative_posts"):
        with engine.connect() as connection, pytest.raises(DBAPIError), connection.begin():
            connection.execute(text(f"DELETE FROM {table}"))


def test_what_was_imported_comes_back_equal(engine: Engine, tmp_path: Path) -> None:
    imported(engine, tmp_path, "initiative_people", "candidate_id,initiative_id,step,on", f"c-1,f-1,attended,{ENDS}")
    for name in ("initiatives", "initiative_posts", "initiative_people"):
        out = tmp_path / f"out-{name}.csv"
        with engine.begin() as connection:
            n = export(connection, PLAN_TABLES[name], out, subject=PROGRAM)
        assert n > 0
        told = imported(engine, tmp_path, name, *out.read_text(encoding="utf-8-sig").splitlines())
        assert (told.unchanged, told.read) == (n, n)
