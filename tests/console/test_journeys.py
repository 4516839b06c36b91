"""A caseworker's day from signing in to signing out, with script and without."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.console.conftest import Console
from tests.console.test_browser import violations
from tests.support.accounts import PASSWORD
from tests.support.browser import Window

PERSON = "demo-c-00001"
LOGINS = {True: "signs-in", False: "without-script"}


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def window(request: pytest.FixtureRequest, console: Console, browser: Browser) -> Iterator[Window]:
    """A window of somebody who is not signed in yet, with script and without."""
    opened = console.window(browser, script=request.param)
    opened.page.set_default_timeout(20_000)
    yield opened
    assert opened.foreign == []
    assert opened.complaints == []
    opened.close()


def has_script(window: Window) -> bool:
    """True where the window runs scripts."""
    return bool(window.page.locator("html.has-script").count())


def press(window: Window, name: str, *, within: str = "main") -> None:
    """Press a button or follow a link by what it says, and wait for what comes of it."""
    one = (
        window.page.locator(within)
        .get_by_role("button", name=name)
        .or_(window.page.locator(within).get_by_role("link", name=name))
    )
    one.first.click()
    window.page.wait_for_load_state("networkidle")


def signed_in(window: Window, console: Console, login: str) -> None:
    """Sign in by the form."""
    window.open("/")
    window.page.get_by_label("登录名").fill(login)
    window.page.get_by_label("密码", exact=True).fill(PASSWORD)
    window.page.get_by_label("动态口令").fill(console.code(login))
    press(window, "登录")
    expect(window.page.get_by_role("heading", level=1)).to_contain_text("今日")


def registered(window: Window, name: str) -> str:
    """Register somebody of whom little is known, in the five steps; return the id."""
    page = window.page
    press(window, "求职者", within="header")
    press(window, "登记新的求职者")
    page.get_by_label("姓名").fill(name)
    page.get_by_label("居住地区").select_option(label="兰州市城关区")
    page.get_by_label("这些内容来自").select_option(label="本人")
    press(window, "保存并继续")
    expect(page.locator(".said")).to_contain_text("已登记")
    page.get_by_label("行走", exact=True).select_option(label="重度困难")
    page.get_by_label("手部操作").select_option(label="无困难")
    press(window, "保存，下一步")
    page.get_by_label("意向职业").fill("客服、数据标注")
    press(window, "保存，下一步")
    press(window, "保存，下一步")  # nothing is known: it can be passed over
    press(window, "保存，下一步")
    expect(page).to_have_url(re.compile("/people/[^/]+/lists/"))
    found = re.search("/people/([^/]+)/lists/", page.url)
    assert found
    return found[1]


def test_a_day_of_a_caseworker(window: Window, console: Console) -> None:
    page = window.page
    window.open("/sign-in")
    login = LOGINS[has_script(window)]
    signed_in(window, console, login)
    name = "马小试" if has_script(window) else "牛小试"
    new = registered(window, name)

    press(window, "档案")
    expect(page.locator("main")).to_contain_text("来源：本人")
    expect(page.locator("main")).to_contain_text("客服、数据标注")
    assert name not in page.title()

    press(window, "求职者", within="header")
    page.get_by_label("查找求职者").fill(name[:2])
    press(window, "查找")
    assert name[0] not in page.url
    expect(page.locator(".people > li")).to_have_count(1)
    expect(page.locator(".people")).to_contain_text(new)

    page.locator(".people").get_by_role("link", name="推荐名单").click()
    expect(page.locator("main")).to_contain_text("只供参考，不是决定")
    expect(page.locator("main")).to_contain_text("负责人")
    first = page.locator("#card-1")
    first.locator("summary", has_text="为什么").click()
    expect(first.locator(".reasons li").first).to_be_visible()

    _act_and_undo(window)
    _answer(window)

    page.get_by_label("岗位名称、单位名称或岗位编号").fill("员")
    press(window, "查问")
    expect(page.get_by_role("heading", level=2)).to_contain_text("找到")

    press(window, "退出登录", within="header")
    window.open("/people")
    expect(page.get_by_role("heading", level=1)).to_have_text("登录")


def _act_and_undo(window: Window) -> None:
    page = window.page
    card = page.locator("#card-2")
    card.get_by_role("button", name="推荐给单位").click()
    expect(card.locator(".acts").first).to_contain_text("已登记：推荐")
    if has_script(window):
        expect(card.locator("[data-focus]")).to_be_focused()
    card.get_by_role("button", name="撤销").click()
    expect(card.get_by_role("button", name="推荐给单位")).to_be_visible()
    expect(card).not_to_contain_text("已登记：推荐")
    if has_script(window):
        expect(card.get_by_role("heading", level=3)).to_be_focused()
        expect(page.locator("#live")).to_contain_text("已撤销")
    card.locator("summary", has_text="本人不愿意").click()
    card.get_by_label("原因").select_option(label="离家太远，来回不方便")
    card.get_by_role("button", name="登记婉拒").click()
    expect(card.locator(".acts").first).to_contain_text("离家太远，来回不方便")
    window.page.wait_for_load_state("networkidle")


def _answer(window: Window) -> None:
    """Answer the first question of a list; it is made anew and says what changed."""
    page = window.page
    before = page.url
    form = page.locator("#questions form").first
    box = form.locator("input[type=radio], input[type=checkbox]")
    if box.count():
        box.first.check()
    else:
        form.locator("input[type=text], select").first.fill("2026-01-15")
    form.get_by_role("button", name="记下并更新名单").click()
    expect(page.get_by_role("heading", name="有了新的回答")).to_be_visible()
    expect(page).not_to_have_url(before)
    if has_script(window):
        expect(page.locator("[data-focus]").first).to_be_attached()
        assert violations(page) == []
        page.go_back()
        expect(page).to_have_url(before)
        expect(page.get_by_role("heading", name="有了新的回答")).to_have_count(0)
        page.go_forward()
        expect(page.get_by_role("heading", name="有了新的回答")).to_be_visible()


def test_filters_keep_the_order_and_the_places(window: Window, console: Console) -> None:
    page = window.page
    window.context.add_cookies([{"name": "yougang", "value": console.cookie("caseworker-620000"), "url": console.base}])
    window.open(f"/people/{PERSON}/list")
    all_of_it = page.locator(".card > .card-in h3").all_text_contents()
    page.locator("summary", has_text="筛选").click()
    page.locator("#list").get_by_label("待核实").check()
    press(window, "筛选", within="#list")
    expect(page).to_have_url(re.compile("outcome=unknown"))
    expect(page.locator("#list input[name=outcome][value=unknown]")).to_be_checked()
    expect(page.locator("#list")).to_contain_text("取消筛选")
    shown = page.locator(".card > .card-in h3").all_text_contents()
    assert 0 < len(shown) < len(all_of_it)
    assert shown == [title for title in all_of_it if title in shown]
    assert "outcome=unknown" in page.url


def test_two_vacancies_stand_side_by_side(window: Window, console: Console) -> None:
    page = window.page
    window.context.add_cookies([{"name": "yougang", "value": console.cookie("caseworker-620000"), "url": console.base}])
    window.open(f"/people/{PERSON}/list")
    for place in (1, 3):
        page.locator(f"#card-{place}").get_by_label("选来比较").check()
    press(window, "比较所选的两个岗位")
    expect(page.locator("thead th")).to_have_count(3)
    expect(page.locator("thead")).to_contain_text("1. ")
    expect(page.locator("thead")).to_contain_text("3. ")
    if has_script(window):
        assert violations(page) == []


def test_what_a_person_states_is_looked_at_again_before_it_is_kept(window: Window, console: Console) -> None:
    page = window.page
    token = console.cookie("caseworker-620000")
    window.context.add_cookies([{"name": "yougang", "value": token, "url": console.base}])
    window.open(f"/people/{PERSON}/consents")
    before = page.locator("section[aria-labelledby=now-head]").inner_text()
    page.get_by_label("目的", exact=True).select_option(value="matching")
    page.get_by_role("radio", name="撤回同意").check()
    page.get_by_text("监护人或见证人").click()
    page.get_by_label("见证人姓名").fill("山小见")
    press(window, "登记")
    again = page.locator("main")
    expect(again).to_contain_text("请再看一遍再登记")
    for told in ("撤回同意", "山小见", PERSON, "须由本人重新同意"):
        expect(again).to_contain_text(told)
    if has_script(window):
        assert violations(page) == []
    press(window, "回去修改")
    assert page.get_by_role("radio", name="撤回同意").is_checked()
    assert page.get_by_label("见证人姓名").input_value() == "山小见"
    assert page.locator("section[aria-labelledby=now-head]").inner_text() == before  # nothing is kept yet
    page.get_by_role("radio", name="同意", exact=True).check()
    page.get_by_label("本人已听读现行告知书").check()
    press(window, "登记")
    expect(again).to_contain_text("直到撤回")
    press(window, "登记")
    expect(page.locator(".said")).to_contain_text("同意")
    assert page.locator("section[aria-labelledby=now-head]").inner_text() != before


def test_who_applied_is_still_compared_and_described_to_the_employer_and_a_filter_leads_to_the_list(
    window: Window, console: Console
) -> None:
    page = window.page
    window.context.add_cookies([{"name": "yougang", "value": console.cookie("caseworker-620000"), "url": console.base}])
    window.open(f"/people/{PERSON}/list")
    card = page.locator(".card:has(button:has-text('本人愿意'))").first
    place = card.get_attribute("id")
    card.get_by_role("button", name="本人愿意，应聘").click()
    acted = page.locator(f"#{place}")
    expect(acted.locator(".acts").first).to_contain_text("已登记：应聘")
    expect(acted.get_by_label("选来比较")).to_be_visible()
    expect(acted.get_by_role("link", name="到手收入")).to_be_visible()
    expect(acted.get_by_role("link", name="给单位的说明")).to_be_visible()
    page.locator("summary", has_text="筛选").click()
    for name in ("待核实", "有便利即适合", "功能适合"):
        page.locator("#list").get_by_label(name, exact=True).check()
    press(window, "筛选", within="#list")
    expect(page.locator("#list")).to_contain_text("取消筛选")
    if has_script(window):
        expect(page.locator("#list-head")).to_be_focused()
        expect(page.locator("#list-head")).to_contain_text("共列出")  # what has the focus is read, and not said twice
        expect(page.locator("#live")).not_to_contain_text("已登记")
    page.locator(f"#{place}").get_by_role("button", name="撤销").click()
    expect(page.locator(f"#{place}").get_by_role("button", name="本人愿意，应聘")).to_be_visible()


def test_where_the_focus_went_is_seen_by_whoever_uses_the_keyboard(console: Console, browser: Browser) -> None:
    window = console.window(browser, "caseworker-620000")
    page = window.page
    window.open(f"/people/{PERSON}/list")
    button = page.get_by_role("button", name="推荐给单位").first
    button.focus()
    place = button.locator("xpath=ancestor::li[contains(@class, 'card')]").get_attribute("id")
    page.keyboard.press("Enter")
    told = page.locator(f"#{place} [data-focus]")
    expect(told).to_be_focused()
    assert told.evaluate("(one) => getComputedStyle(one).outlineStyle") == "solid"
    page.locator(f"#{place}").get_by_role("button", name="撤销").press("Enter")
    expect(page.locator(f"#{place} h3")).to_be_focused()
    window.close()


def test_what_the_certificate_number_says_is_not_called_unknown(console: Console, browser: Browser) -> None:
    window = console.window(browser, "caseworker-620000", script=False)
    window.open(f"/people/{PERSON}")
    for label in ("残疾类别", "残疾等级"):
        expect(window.page.locator("dl > div", has=window.page.get_by_text(label, exact=True))).to_contain_text(
            "由残疾人证号得出"
        )
    for unknown in window.page.locator("dd.unknown").all_inner_texts():
        assert "残疾类别" not in unknown
    window.close()


def test_sheet_for_the_person_asks_each_thing_once_and_as_one_says_it(console: Console, browser: Browser) -> None:
    window = console.window(browser, "caseworker-620000", script=False)
    page = window.page
    window.open("/people/demo-c-00003/list")
    page.locator("a[href*='/sheets/person?']:visible").first.click()
    sheet = page.locator("article").inner_text()
    assert "受限程度" not in sheet
    assert sheet.count("还想和您一起弄清楚") == 1
    assert "不想说的可以不说" in sheet
    for line in sheet.splitlines():
        assert not line.startswith("还要问单位") or "本人" not in line
    window.close()
