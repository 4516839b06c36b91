"""Campaigns on pages, from imported sheets to the calendar: who fits, whom somebody invites, what followed."""

from collections.abc import Iterator

import pytest

from tests.support.pages import Visitor
from tests.support.plan_sheets import imported
from tests.support.province import TODAY
from tests.support.service import Service
from tests.support.staffed import a_staffed_province, visitor, worked_out

MONTH = f"{TODAY:%Y-%m}"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The small province, with a campaign that all open posts stand at and a place of a programme."""
    folder = tmp_path_factory.mktemp("events")
    with a_staffed_province(folder) as opened:
        with opened.engine.connect() as connection:
            posts = connection.exec_driver_sql("SELECT vacancy_id FROM vacancies ORDER BY vacancy_id").scalars().all()
        imported(
            opened.engine, folder, "initiatives", "initiative_id,kind,title,region,starts_on,ends_on,online,places",
            f"f-1,金秋招聘月,城关区金秋招聘会,620102,{TODAY},{TODAY},否,",
            "s-1,snail_wings,蜗牛之翼城关站,620102,,,否,5",
        )  # fmt: skip
        imported(
            opened.engine, folder, "initiative_posts", "initiative_id,vacancy_id", *(f"f-1,{one}" for one in posts)
        )
        yield opened


@pytest.fixture
def li(service: Service) -> Visitor:
    """A caseworker of the county."""
    return visitor(service, "caseworker")


def test_campaign_goes_from_the_calendar_to_who_fits_to_who_came(service: Service, li: Visitor) -> None:
    shown = li.open(f"/events?month={MONTH}")
    assert "城关区金秋招聘会" in shown.text
    assert 'data-head="周' in li.answer.text, "on a phone a day says which of the week it is"
    assert "蜗牛之翼城关站" in shown.text
    assert "蜗牛之翼城关站" not in li.open(f"/events?month={MONTH}&what=campaign").text
    assert "城关区金秋招聘会" not in li.open("/events?month=2026-01").text
    shown = worked_out(li, "/events/f-1/suggestions")
    form = next(one for one in shown.forms if "step" in one.fields and one.fields["step"] == ["invited"])
    fits = [held["value"] for tag, held in shown.tags if tag == "input" and held.get("name") == "candidate_ids"]
    assert fits, "somebody of the county fits a post of all that are open"
    assert 0 < shown.text.count("还要问 ") <= len(fits), "once a person, not again at each post"
    with service.engine.connect() as connection:
        lives = connection.exec_driver_sql("SELECT candidate_id FROM candidates WHERE region = '620102'")
        assert set(fits) <= set(lives.scalars())
        invited = connection.exec_driver_sql("SELECT count(*) FROM initiative_people").scalar()
    assert invited == 0, "nobody is invited by the program"
    assert "请勾选" in li.send(form, 422).text
    shown = li.send(form, candidate_ids=fits[:2])
    assert "已登记 2 人" in shown.text
    assert "已邀请 2" in shown.text
    again = worked_out(li, "/events/f-1/suggestions")
    boxes = [held["value"] for _, held in again.tags if held.get("name") == "candidate_ids"]
    assert boxes.count(fits[0]) == 1, "among those who were invited, and no more among those who might be"
    assert "已经邀请或参加的 2 人" in again.text
    form = li.open("/events/f-1").form("/events/f-1/people")
    shown = li.send(form, candidate_ids=fits[0], step="attended", on=TODAY.isoformat())
    assert "到场参加 1" in shown.text
    with service.engine.connect() as connection:
        wanted = "SELECT object_id FROM audit WHERE action = 'initiatives.write' AND object_kind = 'candidate'"
        assert set(fits[:2]) <= set(connection.exec_driver_sql(wanted).scalars())


def test_campaign_is_made_and_changed_by_forms(li: Visitor) -> None:
    form = li.open("/events/new").form("/events/new")
    assert "此列不能为空" in li.send(form, 422, kind="fair").text
    form = li.open("/events/new").form("/events/new")
    shown = li.send(form, kind="private_month", title="民营企业专场", region="620102", starts_on=TODAY.isoformat())
    assert "活动已建立" in shown.text
    assert "民营企业招聘月" in shown.text
    address = li.path
    form = li.open(f"{address}/edit").form(f"{address}/edit")
    assert "活动已修改" in li.send(form, cancelled_on=TODAY.isoformat()).text
    assert "取消" in li.open(address).text
    assert "没有这个编号" in li.send(li.open(address).form(f"{address}/posts"), 422, vacancy_id="nothing").text


def test_programme_stands_on_the_person_and_the_list_and_a_referral_is_kept(service: Service, li: Visitor) -> None:
    with service.engine.connect() as connection:
        wanted = "SELECT candidate_id FROM candidates WHERE region = '620102' ORDER BY candidate_id LIMIT 1"
        person = str(connection.exec_driver_sql(wanted).scalar())
    shown = li.open(f"/people/{person}/list")
    assert "蜗牛之翼城关站" in shown.text
    assert "其他人同样可以转介" in shown.text
    shown = li.open(f"/people/{person}")
    assert "甘政办发〔2022〕97号 二(四)" in shown.text
    shown = li.send(shown.form(f"/people/{person}/offers"))
    assert "已登记转介" in shown.text
    assert "愿意参加" in shown.text
    assert person in li.open("/events/s-1").text
