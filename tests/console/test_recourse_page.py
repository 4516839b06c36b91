"""What would bring a vacancy forward, from the page that asks about any: in place, and without script as a page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from pipelines.recourse import NOTE, recourse
from tests.conftest import Town
from tests.console.conftest import PROVINCE, Console
from tests.console.test_browser import sideways, violations
from tests.support.browser import Window

PERSON = "demo-c-00001"
FAR, CANNOT = "demo-v-0002", "demo-v-0120"
"""Too far for the person; and one that asks for what the person cannot do, whatever is arranged."""


@pytest.fixture(params=[True, False], ids=["with script", "without script"])
def window(request: pytest.FixtureRequest, console: Console, browser: Browser) -> Iterator[Window]:
    """A caseworker's window, with script and without."""
    opened = console.window(browser, f"caseworker-{PROVINCE}", script=request.param)
    yield opened
    assert opened.complaints == []
    opened.close()


def test_caseworker_asks_from_a_vacancy_left_out_what_would_bring_it_among_the_first_ten(
    window: Window, town: Town
) -> None:
    document = recourse(town.desk(), PERSON, FAR)
    page = window.page
    window.open(f"/people/{PERSON}/ask?post={FAR}")
    has_script = bool(page.locator("html.has-script").count())
    page.get_by_role("link", name="怎样才能排进前十位").click()
    told = page.locator("#way-1 .aside" if has_script else "#way .aside")
    expect(told).to_contain_text(f"现在不列入：{document['now']['excluded_by']}")
    expect(told).to_contain_text(NOTE)
    assert ("/recourse/" in page.url) is not has_script
    if has_script:
        expect(told).to_be_focused()
    advised = [item.inner_text() for item in told.locator(":scope > ul > li").all()]
    helping = [change for change in document["changes"] if change["helps"]]
    assert helping
    assert len(advised) == len(helping)
    for text, change in zip(advised, helping, strict=True):
        assert change["label"] in text
        assert f"（由{change['who']}）" in text
        assert (f"会到第 {change['rank']} 位" if change["rank"] else change["excluded_by"]) in text
    for change in document["changes"]:
        if not change["helps"]:
            assert not any(change["label"] in text for text in advised)
            expect(told.locator("details")).to_contain_text(change["label"])
    expect(told).to_contain_text(f"会到第 {document['together']['rank']} 位")


def test_a_ground_that_nothing_takes_away_is_no_advice(window: Window) -> None:
    window.open(f"/people/{PERSON}/recourse/{CANNOT}")
    told = window.page.locator("#way")
    expect(told).to_contain_text("没有一件能去掉这个原因：岗位明确要求行走")
    expect(told.locator(":scope > div > ul")).to_have_count(0)


@pytest.mark.parametrize(("width", "zoom"), [(320, 1), (1280, 4)])
def test_page_fits_a_narrow_screen_and_four_times_the_size(
    console: Console, browser: Browser, width: int, zoom: int
) -> None:
    opened = console.window(browser, f"caseworker-{PROVINCE}", width=width // zoom)
    opened.open(f"/people/{PERSON}/recourse/{FAR}")
    assert sideways(opened.page) == []
    assert violations(opened.page) == []
    opened.close()


def test_first_ten_are_not_asked_about(window: Window) -> None:
    window.open(f"/people/{PERSON}/list")
    cards = window.page.locator("li.card")
    assert cards.count() > 10
    asked = [card.get_by_role("link", name="怎样才能排进前十位").count() for card in cards.all()]
    assert asked[:10] == [0] * 10
    assert any(asked[10:])
