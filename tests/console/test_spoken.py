"""What a screen reader speaks: each name leads to one place, tables say what their cells are, charts speak."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from api.pages.render import heard
from tests.console.conftest import PROVINCE, Console
from tests.console.test_browser import CASEWORKER, PERSON

SUPERVISOR, ANALYST = f"supervisor-{PROVINCE}", f"analyst-{PROVINCE}"
PAGES = [
    (CASEWORKER, "/"),
    (CASEWORKER, "/people"),
    (CASEWORKER, f"/people/{PERSON}"),
    (CASEWORKER, f"/people/{PERSON}/list"),
    (CASEWORKER, f"/people/{PERSON}/learning"),
    (CASEWORKER, f"/people/{PERSON}/income"),
    (CASEWORKER, f"/people/{PERSON}/messages"),
    (CASEWORKER, f"/people/{PERSON}/notes"),
    (CASEWORKER, "/tasks"),
    (CASEWORKER, "/events"),
    (SUPERVISOR, "/supervision"),
    (SUPERVISOR, "/supervision/units"),
    (SUPERVISOR, "/supervision/ledger"),
    (SUPERVISOR, "/supervision/vacancies"),
    ("poster", "/"),
    ("poster", "/posts"),
    ("poster", "/posts/{post}/candidates"),
    ("poster", "/notices"),
    ("poster", "/company/quota"),
    ("poster", "/company/benefits"),
    (ANALYST, "/models"),
]
_SPOKEN = """() => {
  const main = document.querySelector('main'), told = one => one.textContent.trim().replace(/\\s+/g, ' ');
  document.querySelectorAll('details').forEach(one => one.open = true);
  const leads = {}, found = [];
  for (const one of main.querySelectorAll('a[href]')) {
    const to = leads[told(one)] ||= new Set();
    to.add(one.getAttribute('href'));
    if (to.size === 2) found.push('two places by one name: ' + told(one));
  }
  const acts = {};
  for (const one of main.querySelectorAll('button, summary')) {
    const name = one.tagName + ' ' + told(one);
    acts[name] = (acts[name] || 0) + 1;
    if (acts[name] === 2) found.push('two by one name: ' + name);
  }
  let last = 0;
  for (const one of [...document.querySelectorAll('h1, h2, h3, h4, h5')].filter(one => one.checkVisibility())) {
    const level = Number(one.tagName[1]);
    if (level > last + 1) found.push('a level is left out before: ' + told(one));
    last = level;
  }
  for (const one of main.querySelectorAll('table')) {
    if (!one.caption && !one.getAttribute('aria-labelledby')) found.push('a table without a name');
    if ([...one.querySelectorAll('th')].some(head => !head.scope)) found.push('a head without scope: ' + told(one));
    if (!one.querySelector('th')) found.push('a table without heads: ' + told(one).slice(0, 40));
  }
  for (const one of main.querySelectorAll('svg[role=img]')) {
    const parts = ['aria-labelledby', 'aria-describedby'].map(by => document.getElementById(one.getAttribute(by)));
    if (parts.some(part => !part || !told(part))) found.push('a silent chart');
    if (one.querySelector('text') && !one.querySelector('[aria-hidden=true] text')) found.push('its axes are read');
  }
  return found;
}"""
_BARE = ("InlineTextBox", "StaticText", "ListMarker")


@pytest.fixture(scope="module")
def pages(console: Console, browser: Browser) -> Iterator[Any]:
    """Open a page as somebody, in a window that each keeps."""
    windows: dict[str, Any] = {}

    def opened(login: str, address: str) -> Page:
        window = windows.get(login) or windows.setdefault(login, console.window(browser, login))
        window.open(address.format(post=console.companies.post))
        page: Page = window.page
        page.locator('[hx-trigger^="load delay"]').wait_for(state="detached", timeout=60_000)
        return page

    yield opened
    for window in windows.values():
        window.close()


@pytest.mark.parametrize(("login", "address"), PAGES)
def test_each_name_says_which_one(pages: Any, login: str, address: str) -> None:
    assert pages(login, address).evaluate(_SPOKEN) == []


def test_marks_before_what_folds_are_not_spoken(pages: Any) -> None:
    page = pages(CASEWORKER, f"/people/{PERSON}/list")
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    names = [
        one["name"]["value"]
        for one in nodes
        if one.get("name") and not one.get("ignored") and one["role"]["value"] not in _BARE
    ]
    assert any("为什么" in name for name in names)
    assert [name for name in names if set(name) & set("▸▾")] == []


def test_a_day_that_is_none_is_told_at_its_field(pages: Any) -> None:
    page = pages(CASEWORKER, f"/people/{PERSON}/services")
    page.fill("#f-on", "昨天")
    page.locator("main").get_by_role("button", name="登记").click()
    page.locator(".summary a").first.click()
    assert page.locator(".summary a").get_attribute("href") == "#f-on"
    assert page.evaluate("document.activeElement.id || location.hash.slice(1)") == "f-on"
    told = page.locator("#f-on").get_attribute("aria-describedby")
    assert told
    assert "YYYY-MM-DD" in " ".join(page.locator(f"#{one}").inner_text() for one in told.split())


def _tree(page: Page) -> list[dict[str, Any]]:
    session = page.context.new_cdp_session(page)
    nodes: list[dict[str, Any]] = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [one for one in nodes if not one.get("ignored")]


@pytest.mark.parametrize(
    ("masked", "said"),
    [("演***", "演某"), ("********0963", "尾号0963"), ("***", "未显示"), ("电话 ********0963", "电话 尾号0963")],
)
def test_asterisks_of_what_is_masked_are_only_seen(masked: str, said: str) -> None:
    shown = str(heard(masked))
    assert re.sub(r'<span aria-hidden="true">\**</span>|<[^>]*>', "", shown) == said
    assert re.sub(r'<span class="unseen">[^<]*</span>|<[^>]*>', "", shown) == masked


def test_what_is_masked_stays_escaped() -> None:
    assert "<b>" not in str(heard("<b>***"))
    assert str(heard("a < b")) == "a &lt; b"


@pytest.mark.parametrize(
    "address", ["/", "/people", f"/people/{PERSON}", f"/people/{PERSON}/list", "/tasks", "/notices"]
)
def test_no_asterisk_is_spoken(pages: Any, address: str) -> None:
    spoken = [one["name"]["value"] for one in _tree(pages(CASEWORKER, address)) if one.get("name")]
    assert [name for name in spoken if "**" in name] == []


def test_headings_carry_no_number_of_a_machine(pages: Any) -> None:
    for login, address in ((CASEWORKER, f"/people/{PERSON}/list"), ("poster", "/posts/{post}/candidates")):
        page = pages(login, address)
        headings = page.locator("main :is(h2, h3)").all_inner_texts()
        assert headings
        assert [text for text in headings if re.search(r"[0-9a-f]{12}", text)] == []


def test_an_id_beside_its_link_is_said_once(pages: Any) -> None:
    page = pages(CASEWORKER, "/people")
    heard_of = page.locator("ul.people li").first.evaluate(
        "one => { one = one.cloneNode(true); one.querySelectorAll('[aria-hidden]').forEach(part => part.remove());"
        " return one.textContent; }"
    )
    own, _, list_ = heard_of.partition("推荐名单")
    found = re.search(r"（(demo-c-\d+)）", own)
    assert found
    assert own.count(found[1]) == list_.count(found[1]) == 1
    assert re.search(r"区，|县，|市，", own), "what stands beside each other is not run together"


def test_what_was_done_is_told_once_with_the_post(pages: Any) -> None:
    page = pages(CASEWORKER, f"/people/{PERSON}/list")
    card = page.locator("#card-3")
    title = card.locator("h3").inner_text()
    card.get_by_role("button", name="推荐给单位").click()
    card.get_by_role("button", name="撤销").wait_for()
    told = card.get_by_role("group", name="已登记：推荐")
    expect(told).to_be_focused()
    assert title in str(page.locator(f"#{told.get_attribute('aria-labelledby')}").text_content())
    page.keyboard.press("Tab")
    expect(card.get_by_role("button", name="撤销")).to_be_focused()
    page.wait_for_timeout(700)
    assert page.locator("#live").inner_text() == ""
    page.keyboard.press("Enter")
    expect(page.locator("#live")).to_contain_text("已撤销")
    expect(card.get_by_role("heading", level=3)).to_be_focused()


def test_months_are_months(pages: Any) -> None:
    options = pages("poster", "/company/quota").locator("#first-0 option, #first-1 option").all_inner_texts()
    assert options[:2] == ["1 月", "2 月"]


def test_a_page_with_faults_says_so_first(pages: Any) -> None:
    page = pages(CASEWORKER, "/people/new")
    page.fill("#f-birth_date", "昨天")
    page.get_by_role("button", name="保存并继续").click()
    page.locator(".summary").wait_for()
    assert page.title().startswith("有误：")
    expect(page.locator(".summary")).to_be_focused()


def test_what_was_found_is_where_the_answer_begins(pages: Any) -> None:
    page = pages(CASEWORKER, "/people")
    page.fill("#who", "demo-c-00001")
    page.get_by_role("button", name="查找").click()
    expect(page.get_by_role("heading", level=2)).to_contain_text("找到")
    expect(page.get_by_role("heading", level=2)).to_be_focused()
