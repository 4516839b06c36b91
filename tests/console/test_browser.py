"""Every page in a browser: no violation of accessibility, no sideways scrolling, no other host, light, by keyboard."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.console.conftest import COUNTY, PROVINCE, Console
from tests.support.browser import Window

PERSON = "demo-c-00001"
CASEWORKER = f"caseworker-{PROVINCE}"
NARROW = 320
"""Also what 400 % zoom leaves of 1280 pixels."""
WEIGHT = 120 * 1024
ADDRESSES = {
    "today": "/",
    "people": "/people",
    "a new person": "/people/new",
    "notices": "/notices",
    "text messages": f"/people/{PERSON}/messages",
    "all notices": "/notices?all=1",
    "a person's file": f"/people/{PERSON}",
    "a person of whom nothing is known": "/people/demo-c-00003",
    **{
        f"the facts: {group}": f"/people/{PERSON}/facts/{group}"
        for group in ("identity", "functions", "wishes", "abilities", "standing")
    },
    "a step of the registration": f"/people/{PERSON}/facts/wishes?step=1",
    "the list": f"/people/{PERSON}/list",
    "why not this one": f"/people/{PERSON}/ask?post=员",
    "why not one that is not there": f"/people/{PERSON}/ask?post=没有这样的岗位",
    "what would bring a vacancy forward": f"/people/{PERSON}/recourse/demo-v-0002",
    "what is due of one kind": "/?kind=certificate",
    "recording a service": f"/people/{PERSON}/services",
    "consents": f"/people/{PERSON}/consents",
    "notes and tasks": f"/people/{PERSON}/notes",
    "tasks": "/tasks",
    "my people": "/caseload",
    "records of one person": "/duplicates",
    "two records": f"/people/{PERSON}/compared/demo-c-00003",
    "tasks that are due": "/tasks?whose=all&when=due",
    "net income": f"/people/{PERSON}/income",
    "net income with a vacancy": f"/people/{PERSON}/income?vacancy=demo-v-0001",
    "benefits of a person": f"/people/{PERSON}/benefits",
    "claiming a benefit": f"/claims/new?rule_id=flex.social_subsidy&candidate_id={PERSON}",
    "sheets without a line": "/offline",
    "the sheet for the file": f"/people/{PERSON}/sheets/file",
    "the sheet for the employer": f"/people/{PERSON}/sheets/employer?v=demo-v-0001",
    "nobody": "/people/nobody",
    "no such page": "/no-such-page",
}
OPEN = {"signing in": "/sign-in"}


@pytest.fixture(scope="module")
def wide(console: Console, browser: Browser) -> Iterator[Window]:
    """A window of a caseworker, wide."""
    window = console.window(browser, CASEWORKER)
    yield window
    window.close()


@pytest.fixture(scope="module")
def narrow(console: Console, browser: Browser) -> Iterator[Window]:
    """A window of a caseworker, as narrow as 400 % zoom leaves it."""
    window = console.window(browser, CASEWORKER, width=NARROW)
    yield window
    window.close()


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong with a page, every part of it opened; sizes of targets only if told."""
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found: Any = Axe().run(page, options={"rules": {"target-size": {"enabled": True}}})
    return [f"{one['id']}: {node['html'][:160]}" for one in found.response["violations"] for node in one["nodes"]]


def sideways(page: Page) -> list[str]:
    """Return what reaches beyond the window, where the page can be scrolled sideways."""
    return list(
        page.evaluate(
            """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('body *')]
            .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 120))"""
        )
    )


@pytest.mark.parametrize("name", ADDRESSES)
def test_page_has_no_violation_and_asks_nobody_else(wide: Window, name: str) -> None:
    wide.asked.clear()
    wide.complaints.clear()
    wide.open(ADDRESSES[name])
    assert violations(wide.page) == []
    assert wide.foreign == []
    assert wide.complaints == []


@pytest.mark.parametrize("name", ADDRESSES)
def test_narrow_page_is_not_scrolled_sideways(narrow: Window, name: str) -> None:
    narrow.open(ADDRESSES[name])
    narrow.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert sideways(narrow.page) == []


@pytest.mark.parametrize("name", OPEN)
def test_page_before_signing_in_has_no_violation(console: Console, browser: Browser, name: str) -> None:
    window = console.window(browser, width=NARROW)
    window.open(OPEN[name])
    assert violations(window.page) == []
    assert sideways(window.page) == []
    window.page.fill("#login", "nobody")
    window.page.fill("#password", "wrong-password-1")
    window.submit("main button[type=submit]")
    assert "summary" in window.page.evaluate("document.activeElement.className")
    assert violations(window.page) == []
    assert window.foreign == []
    window.close()


@pytest.mark.parametrize("link", ["在地图上看", "打印给本人（大字）", "打印档案"])
def test_what_a_list_leads_to_has_no_violation(wide: Window, narrow: Window, link: str) -> None:
    for window in (wide, narrow):
        window.open(f"/people/{PERSON}/list")
        with window.page.expect_navigation():
            window.page.get_by_role("link", name=link).first.click()
        assert violations(window.page) == []
        assert sideways(window.page) == []


@pytest.mark.parametrize("login", [f"{role}-{PROVINCE}" for role in ("supervisor", "analyst", "company_poster")])
def test_first_page_of_every_role_has_no_violation(console: Console, browser: Browser, login: str) -> None:
    window = console.window(browser, login)
    window.open("/")
    assert violations(window.page) == []
    window.close()


def test_form_with_faults_has_no_violation_and_leads_to_each_of_them(console: Console, browser: Browser) -> None:
    window = console.window(browser, CASEWORKER)
    window.open("/people/new")
    window.page.fill("#f-certificate_number", "62010219900101001X43")
    window.page.fill("#f-certificate_valid_until", "2031-02-30")
    window.submit("main form[action='/people/new'] button[type=submit]")
    assert violations(window.page) == []
    assert "62010219900101001X43" not in window.page.content()
    links = window.page.locator(".summary a")
    assert links.count() == 2
    for place in range(2):
        links.nth(place).click()
        assert window.page.evaluate("document.activeElement.id || location.hash").startswith(("f-", "#f-"))
    assert window.page.input_value("#f-certificate_valid_until") == "2031-02-30"
    window.close()


@pytest.mark.parametrize("name", ["people", "a person's file", "the list", "the facts: identity"])
def test_first_load_is_light(console: Console, browser: Browser, name: str) -> None:
    window = console.window(browser, CASEWORKER)
    sizes: list[int] = []

    def note(request: Any) -> None:
        told = request.sizes()
        sizes.append(told["responseBodySize"] + told["responseHeadersSize"])

    window.page.on("requestfinished", note)
    window.open(ADDRESSES[name])
    window.page.wait_for_load_state("networkidle")
    assert len(sizes) >= 3
    assert sum(sizes) <= WEIGHT
    window.close()


@pytest.mark.parametrize(("name", "has_parts"), [("today", False), ("people", False), ("the list", True)])
def test_only_a_page_that_exchanges_parts_carries_the_script_for_it(wide: Window, name: str, has_parts: bool) -> None:
    wide.asked.clear()
    wide.open(ADDRESSES[name])
    told = wide.page.evaluate("() => window.htmx ? [htmx.config.allowEval, htmx.config.historyCacheSize] : null")
    assert told == ([False, 0] if has_parts else None)
    assert wide.page.evaluate("document.documentElement.className") == "has-script"
    assert len([url for url in wide.asked if url.endswith(".js")]) == 1
    assert wide.page.locator("style").count() == 0


def test_keyboard_goes_through_a_page_with_the_focus_in_sight(wide: Window) -> None:
    wide.open(f"/people/{PERSON}/list")
    wide.page.keyboard.press("Tab")
    assert wide.page.evaluate("document.activeElement.className") == "skip"
    wide.page.keyboard.press("Enter")
    assert wide.page.evaluate("location.hash") == "#main"
    seen: list[str] = []
    for _ in range(40):
        wide.page.keyboard.press("Tab")
        told = wide.page.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
            return [e.outerHTML.slice(0, 80), s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0,
            r.width > 0 && r.top < innerHeight && r.bottom > 0, !!e.closest('main')] }"""
        )
        assert told[1], f"no focus to be seen: {told[0]}"
        assert told[2], f"out of sight: {told[0]}"
        assert told[3], f"before the main part: {told[0]}"
        seen.append(told[0])
    assert len(set(seen)) > 20


def test_county_sees_its_own_people_only(console: Console, browser: Browser) -> None:
    window = console.window(browser, f"caseworker-{COUNTY}")
    window.open("/people")
    assert window.page.locator(".people > li").count() > 0
    assert all("城关区" in text for text in window.page.locator(".people > li").all_text_contents())
    window.close()
