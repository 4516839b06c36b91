"""A company's day from signing in to signing out, with script and without: a post to its end, referrals, the quota."""

import io
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect

from api.access import Access
from pipelines.access.errors import TooManyRequests
from pipelines.access.roles import Subject
from tests.console.conftest import PROVINCE, Console
from tests.console.test_browser import WEIGHT, sideways, violations
from tests.console.test_journeys import press
from tests.support.browser import Window
from tests.support.company import PASSWORD
from tests.support.province import TODAY

SUFFIX = {True: "有脚本", False: "无脚本"}


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def has_script(request: pytest.FixtureRequest) -> bool:
    """With script and without."""
    return bool(request.param)


@pytest.fixture
def window(has_script: bool, console: Console, browser: Browser) -> Iterator[Window]:
    """A window of somebody who is not signed in yet."""
    opened = console.window(browser, script=has_script)
    opened.page.set_default_timeout(20_000)
    yield opened
    assert opened.foreign == []
    assert opened.complaints == []
    opened.close()


def look(page: Page) -> None:
    """Look for violations of accessibility; what looks needs scripts itself."""
    if page.locator("html.has-script").count():
        assert violations(page) == []


def enter(window: Window, login: str) -> Page:
    """Sign in by the form, out of whatever session there is."""
    window.context.clear_cookies()
    window.open("/sign-in")
    window.page.get_by_label("登录名").fill(login)
    window.page.get_by_label("密码", exact=True).fill(PASSWORD)
    press(window, "登录")
    expect(window.page.locator("h1")).to_be_visible()
    return window.page


def drafted(window: Window, title: str) -> None:
    """Make a draft in the four short steps, with one demand that no task explains yet."""
    page = window.page
    press(window, "招聘岗位", within="header")
    press(window, "新建岗位")
    page.get_by_label("岗位名称").fill(title)
    page.get_by_label("岗位类型").select_option(label="公开招聘")
    page.get_by_label("岗位描述").fill("整理档案，录入数据。要求形象好。")
    page.get_by_label("基本工作任务").fill("录入数据\n接听电话")
    press(window, "保存，下一步")
    page.get_by_label("手部操作", exact=True).first.select_option(label="3 很多、要求高")
    page.get_by_label("坐", exact=False).first.wait_for()
    if page.locator("html.has-script").count():
        expect(page.locator("#preview")).to_contain_text("能做的：")
    press(window, "保存，下一步")
    page.get_by_label("读屏软件").check()
    page.get_by_label("便利联系人").fill("人事部 0931-0000000")
    press(window, "保存，下一步")
    page.get_by_label("招聘人数").fill("2")
    page.get_by_label("工作地区").select_option(label="兰州市城关区")
    page.get_by_label("月工资下限").fill("3000")
    page.get_by_label("截止日期").fill("2027-06-30")
    press(window, "保存，下一步")
    expect(page.locator("h1")).to_contain_text(title)


def test_post_goes_from_draft_to_closed_by_two_people(window: Window, has_script: bool) -> None:
    title = f"资料员{SUFFIX[has_script]}"
    page = enter(window, "poster")
    drafted(window, title)
    address = page.url
    press(window, "检查并提交复核")
    expect(page.locator("main")).to_contain_text("有必须更正的内容")
    expect(page.locator("main")).to_contain_text("就业促进法")  # looks are no condition of work
    expect(page.locator("main")).to_contain_text("没有写明哪项工作任务需要")
    look(page)

    page.get_by_role("link", name="去修改：做什么").first.click()
    page.get_by_label("岗位描述").fill("整理档案，录入数据。")
    press(window, "保存")
    press(window, "修改功能要求")
    page.locator("fieldset", has_text="录入数据").get_by_label("手部操作").check()
    press(window, "保存")
    press(window, "检查并提交复核")
    expect(page.locator(".said")).to_contain_text("检查通过")
    expect(page.get_by_role("button", name="复核通过")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("须由另一人复核")

    enter(window, "other-approver")
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 404

    enter(window, "approver")
    expect(page.locator("main")).to_contain_text("等待您复核")
    page.goto(address)
    page.get_by_text("退回修改", exact=True).first.click()
    page.get_by_label("要改什么").fill("请写明工作时间")
    press(window, "退回修改", within="details")
    expect(page.locator("main")).to_contain_text("请写明工作时间")

    enter(window, "poster")
    expect(page.locator("main")).to_contain_text("已退回，请修改后再提交")
    page.goto(address)
    press(window, "修改人数、待遇、地点和时间")
    page.get_by_label("每日工时").fill("8")
    press(window, "保存")
    press(window, "检查并提交复核")

    enter(window, "approver")
    page.goto(address)
    press(window, "复核通过")
    press(window, "发布")
    expect(page.locator(".said")).to_contain_text("已发布")

    enter(window, "poster")
    page.goto(address)
    press(window, "确认仍在招聘")
    expect(page.locator(".said")).to_contain_text("已确认")
    press(window, "修改提供的便利")  # a change of what is published goes back to the check
    page.get_by_label("电梯").check()
    press(window, "保存")
    expect(page.locator("main")).to_contain_text("求职者看到的仍是原来的内容")
    page.get_by_text("关闭岗位", exact=True).first.click()
    page.get_by_label("为什么关闭").select_option(label="已招满")
    press(window, "关闭岗位", within="details:has(#close-reason)")
    expect(page.locator("main")).to_contain_text("已关闭，原因：已招满")
    press(window, "退出登录", within="header")
    expect(page).to_have_url(re.compile("/sign-in"))


def test_choice_that_the_preview_goes_by_keeps_the_focus(console: Console, browser: Browser) -> None:
    window = console.window(browser, "poster")
    page = window.page
    window.open(f"/posts/{console.companies.post}/steps/demands")
    choice = page.get_by_label("行走", exact=True).first
    choice.focus()
    choice.press("End")
    expect(page.locator("#live")).to_contain_text("能做的")
    expect(choice).to_be_focused()
    assert window.complaints == []
    window.close()


def test_draft_is_kept_with_nothing_known_and_a_wrong_field_is_told_beside_it(window: Window) -> None:
    page = enter(window, "poster")
    page.goto(f"{window.base}/posts/new")
    press(window, "保存，下一步")
    expect(page.locator(".said")).to_contain_text("草稿已保存")
    for _ in range(2):
        press(window, "保存，下一步")
    page.get_by_label("截止日期").fill("2027-02-30")
    page.get_by_label("月工资下限").fill("很多")
    press(window, "保存，下一步")
    expect(page.locator(".summary li")).to_have_count(2)
    if page.locator("html.has-script").count():
        assert "summary" in page.evaluate("document.activeElement.className")
    look(page)
    assert page.input_value("#f-closes_on") == "2027-02-30"
    page.get_by_label("截止日期").fill("")
    page.get_by_label("月工资下限").fill("")
    press(window, "保存，下一步")
    expect(page.locator("h1")).to_contain_text("未命名岗位")


def test_referral_is_answered_taken_back_and_refused_with_a_reason(window: Window, console: Console) -> None:
    page = enter(window, "poster")
    press(window, "去答复")
    before = page.locator("main").inner_text()
    assert not re.search(r"肢体残疾|视力残疾|[一二三四]级", before)
    cards = page.locator(".card:not(.done)")
    waiting = cards.count()
    assert waiting > 0
    assert bool(page.get_by_text("没有写明功能要求").count()) == (page.locator(".card .reasons li").count() == 0)
    press(window, "邀请面试", within=".card:not(.done)")
    expect(page.locator(".said")).to_contain_text("邀请面试")
    expect(cards).to_have_count(waiting - 1)
    look(page)
    press(window, "撤销", within=".card.done")
    expect(page.locator(".said")).to_contain_text("已撤销")
    expect(cards).to_have_count(waiting)
    cards.first.get_by_text("未录用", exact=False).first.click()
    press(window, "答复未录用", within=".card:not(.done) details[open]")
    expect(page.locator(".summary")).to_contain_text("未录用的须选一项原因")
    cards.first.get_by_text("未录用", exact=False).first.click()
    cards.first.get_by_label("原因").select_option(label="工作时间谈不拢")
    press(window, "答复未录用", within=".card:not(.done) details[open]")
    expect(page.locator(".card.done").first).to_contain_text("工作时间谈不拢")
    press(window, "撤销", within=".card.done")


def test_company_reckons_its_year_and_is_told_what_is_wrong(window: Window) -> None:
    page = enter(window, "poster")
    press(window, "单位信息", within="header")
    press(window, "补充或修改")
    page.get_by_label("在职职工人数").fill("200")
    page.get_by_label("职工年平均工资").fill("60000")
    press(window, "保存")
    press(window, "按比例就业", within="header")
    expect(page.locator("main")).to_contain_text("应安排人数")
    look(page)
    page.locator("#n-0").fill("0")
    press(window, "测算")
    expect(page.locator(".summary")).to_contain_text("人数应为 1 以上的整数")
    look(page)
    page.locator("#n-0").fill("1")
    page.locator("#weight-0").select_option(label="一、二级残疾职工")
    page.locator("#social_wage").fill("80000")
    press(window, "测算")
    # 200 × 1.5 % = 3; one of grade 1 or 2 for twelve months counts as 2; the gap is 1, at half: 1 × 60 000 × 0.5.
    expect(page.locator("dl").first).to_contain_text("3 人")
    expect(page.locator("dl").first).to_contain_text("30000.00 元")
    expect(page.locator("main")).to_contain_text("少缴 2500.00 元")  # one more person in December alone
    look(page)
    press(window, "减免和补贴", within="header")
    expect(page.locator("main")).to_contain_text("要交的材料")
    look(page)


def test_in_december_the_next_person_is_said_to_count_for_the_year_to_come(
    console: Console, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.pages.quota.today", lambda: date(TODAY.year, 12, 1))
    window = console.window(browser, "poster", script=False)
    page = window.page
    window.open("/company/edit")
    page.get_by_label("在职职工人数").fill("200")
    page.get_by_label("职工年平均工资").fill("60000")
    press(window, "保存")
    window.open("/company/quota")
    page.locator("#n-0").fill("1")
    page.locator("#social_wage").fill("80000")
    press(window, "测算")
    expect(page.locator("main")).to_contain_text(f"计入 {TODAY.year + 1} 年度")
    expect(page.locator("main")).not_to_contain_text("暂不能算")
    window.close()


def test_new_company_registers_itself_once_and_waits_for_an_office(console: Console, browser: Browser) -> None:
    window = console.window(browser, script=False)
    page = enter(window, "new-poster")
    expect(page.locator("main")).to_contain_text("还没有登记本单位")
    for address in ("/posts/new", "/posts/sheet", "/company/quota", "/company/benefits"):
        page.goto(f"{window.base}{address}")
        expect(page).to_have_url(re.compile("/company/edit$"))  # all of it rests on what is registered
    page.goto(window.base)
    press(window, "登记本单位")
    page.get_by_label("登记注册日期").fill("昨天")
    press(window, "登记，等待核验")
    expect(page.locator(".summary")).to_contain_text("登记注册日期")
    look(page)
    page.get_by_label("登记注册日期").fill("2020-01-02")
    page.get_by_label("单位名称").fill("新单位有限公司")
    page.get_by_label("所在地区").select_option(label="兰州市城关区")
    press(window, "登记，等待核验")
    expect(page.locator("main")).to_contain_text("还没有核验")
    press(window, "补充或修改")
    assert page.get_by_label("所在地区").count() == 0  # which office is in charge only an office changes
    page.get_by_label("行业").fill("家政服务")
    press(window, "保存")
    expect(page.locator("main")).to_contain_text("家政服务")
    page.goto(f"{window.base}/company/quota")
    expect(page.locator("main")).to_contain_text("暂无图可看")  # an empty grid would look like a picture of nothing
    expect(page.locator("main svg")).to_have_count(0)
    window.close()


def test_office_verifies_an_employer_by_its_licence_and_ends_it(console: Console, browser: Browser) -> None:
    window = console.window(browser, f"caseworker-{PROVINCE}")
    page = window.page
    window.open("/employers")
    look(page)
    page.get_by_label("按统一社会信用代码查找").fill("no-such-code")
    press(window, "查找")
    expect(page.locator(".summary")).to_contain_text("没有找到")
    look(page)
    page.get_by_label("按统一社会信用代码查找").fill(console.companies.other)
    press(window, "查找")
    press(window, "登记核验")
    expect(page.locator(".summary")).to_contain_text("请选择怎样核验的")
    look(page)
    page.get_by_label("查验营业执照").check()
    press(window, "登记核验")
    expect(page.locator("main")).to_contain_text("已核验")
    look(page)
    press(window, "撤销核验")
    expect(page.locator("main")).to_contain_text("尚未核验")
    page.set_viewport_size({"width": 320, "height": 800})
    assert sideways(page) == []
    window.close()


def test_sheet_is_tried_first_then_taken_and_never_twice(window: Window, tmp_path: Path, has_script: bool) -> None:
    page = enter(window, "poster")
    press(window, "招聘岗位", within="header")
    press(window, "用表格批量新建")
    with page.expect_download() as begun:
        page.get_by_role("link", name="下载空表").click()
    book = openpyxl.load_workbook(io.BytesIO(Path(begun.value.path()).read_bytes()))
    names = [cell.value for cell in book.worksheets[0][1]]
    assert {"岗位名称", "岗位功能要求", "基本工作任务", "便利联系人"} <= set(names)
    sheet = tmp_path / "posts.csv"
    rows = [f"表格岗位一{SUFFIX[has_script]},3000,手部操作=2", f"表格岗位二{SUFFIX[has_script]},很多,手部操作=9"]
    sheet.write_text("\n".join(["岗位名称,月工资下限,岗位功能要求", *rows]), encoding="utf-8")
    page.locator("#file").set_input_files(sheet)
    press(window, "上传")
    expect(page.locator("main")).to_contain_text("可用 1 行，已有 0 行，需要修改 1 行")
    expect(page.locator("main")).to_contain_text("什么都没有保存")
    expect(page.locator("tbody")).to_contain_text("月工资下限")
    expect(page.locator("tbody")).to_contain_text("如 行走=2；手部操作=3")
    look(page)
    for told in ("可用 1 行，已有 0 行", "可用 0 行，已有 1 行"):
        press(window, "再传一次")
        page.locator("#file").set_input_files(sheet)
        page.get_by_label("先试读").uncheck()
        press(window, "上传")
        expect(page.locator("main")).to_contain_text(told)
    page.goto(f"{window.base}/posts?state=draft")
    expect(page.locator("main")).to_contain_text(f"表格岗位一{SUFFIX[has_script]}")


ADDRESSES = {
    "the first page": "/",
    "the posts": "/posts",
    "drafts": "/posts?state=draft",
    "paused ones": "/posts?state=paused",
    "a new post": "/posts/new",
    "a post": "/posts/{post}",
    **{f"a step: {name}": f"/posts/{{post}}/steps/{name}" for name in ("tasks", "demands", "accommodations", "terms")},
    "referred people": "/posts/{post}/candidates",
    "the quota": "/company/quota",
    "the quota of last year": "/company/quota?year=2025",
    "benefits": "/company/benefits",
    "the company": "/company",
    "changing the company": "/company/edit",
    "a sheet": "/posts/sheet",
}


OF_ANY = [("new-poster", name) for name, address in ADDRESSES.items() if "{post}" not in address]
"""Empty: a company that has not registered itself has none of what the others show."""


@pytest.mark.parametrize(("login", "name"), [*(("poster", name) for name in ADDRESSES), *OF_ANY])
def test_page_has_no_violation_and_is_not_scrolled_sideways(
    console: Console, browser: Browser, login: str, name: str
) -> None:
    for width in (1280, 320):
        window = console.window(browser, login, width=width)
        window.open(ADDRESSES[name].replace("{post}", console.companies.post))
        assert violations(window.page) == []
        assert width > 320 or sideways(window.page) == []
        assert window.foreign == []
        assert window.complaints == []
        window.close()


@pytest.mark.parametrize("address", ["/", "/company/quota", "/posts/{post}/steps/demands", "/company/benefits"])
def test_first_load_is_light(console: Console, browser: Browser, address: str) -> None:
    window, sizes = console.window(browser, "poster"), list[int]()

    def note(request: Any) -> None:
        told = request.sizes()
        sizes.append(told["responseBodySize"] + told["responseHeadersSize"])

    window.page.on("requestfinished", note)
    window.open(address.replace("{post}", console.companies.post))
    window.page.wait_for_load_state("networkidle")
    assert len(sizes) >= 4
    assert sum(sizes) <= WEIGHT
    window.close()


def test_who_asks_too_often_still_writes(console: Console, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Access, __: Subject) -> None:
        raise TooManyRequests("", seconds=60)

    monkeypatch.setattr(Access, "take_preview", refuse)
    window = console.window(browser, "poster", script=False)
    window.open(f"/posts/{console.companies.post}/steps/demands")
    expect(window.page.locator("#preview")).to_contain_text("稍后再估算")
    window.close()


def test_office_sees_a_company_s_post_and_other_roles_see_none(console: Console, browser: Browser) -> None:
    for login, status in (
        (f"supervisor-{PROVINCE}", 200),
        (f"caseworker-{PROVINCE}", 200),
        (f"analyst-{PROVINCE}", 403),
    ):
        window = console.window(browser, login)
        assert window.open(f"/posts/{console.companies.post}").status == status
        window.close()


def test_post_whose_last_day_is_over_is_said_to_be_so(console: Console, browser: Browser) -> None:
    window = console.window(browser, f"caseworker-{PROVINCE}", script=False)
    window.open("/posts?limit=100")
    lines = window.page.locator("main li", has_text="截止").filter(has_text="已发布").all_inner_texts()
    told = {line: re.search(r"(\d{4}-\d{2}-\d{2}) 截止", line) for line in lines}
    days = {line: found[1] for line, found in told.items() if found}
    assert any(day < TODAY.isoformat() for day in days.values())
    for line, day in days.items():
        assert ("已过截止日期" in line) == (day < TODAY.isoformat()), line
    window.close()
