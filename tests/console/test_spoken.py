"""What a screen reader speaks: each name leads to one place, tables say what their cells are, charts speak."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

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
