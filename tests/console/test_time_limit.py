"""The end of a session for want of use: told well before, and put off by one press, with what was typed still there."""

import re
from datetime import timedelta

from playwright.sync_api import Browser, expect

from pipelines.access.sessions import IDLE
from tests.console.conftest import PROVINCE, Console
from tests.console.test_browser import sideways, violations

NEARLY = int((IDLE - timedelta(minutes=4)).total_seconds() * 1000)


def test_who_types_for_long_is_told_and_stays_by_one_press(console: Console, browser: Browser) -> None:
    window = console.window(browser, f"caseworker-{PROVINCE}", width=320)
    page = window.page
    page.clock.install()
    window.open("/people/new")
    page.get_by_label("姓名").fill("羊小试")
    bar = page.locator("#expiring")
    page.clock.fast_forward(NEARLY // 2)
    expect(bar).to_be_hidden()
    page.clock.fast_forward(NEARLY // 2)
    expect(bar).to_be_visible()
    expect(bar).to_contain_text("退出登录")
    assert bar.get_attribute("role") == "alert"
    assert violations(page) == []
    assert sideways(page) == []
    with page.expect_response("**/still-here") as answer:
        bar.get_by_role("button").press("Enter")
    assert answer.value.status == 204
    expect(bar).to_be_hidden()
    assert page.get_by_label("姓名").input_value() == "羊小试"
    page.clock.fast_forward(NEARLY)
    expect(bar).to_be_visible()
    window.close()


def test_who_was_signed_out_meanwhile_is_led_to_sign_in(console: Console, browser: Browser) -> None:
    window = console.window(browser, f"caseworker-{PROVINCE}")
    window.page.clock.install()
    window.open("/people")
    window.page.clock.fast_forward(NEARLY)
    window.context.clear_cookies()
    window.page.locator("#expiring").get_by_role("button").click()
    expect(window.page).to_have_url(f"{console.base}/sign-in")
    window.close()


def test_page_without_a_session_has_no_such_end(console: Console, browser: Browser) -> None:
    window = console.window(browser)
    window.open("/sign-in")
    assert window.page.locator("#expiring").count() == 0
    assert window.complaints == []
    window.close()


def test_each_page_says_without_script_when_the_session_ends(console: Console, browser: Browser) -> None:
    window = console.window(browser, f"caseworker-{PROVINCE}", script=False)
    window.open("/people/new")
    told = window.page.locator("#ends")
    minutes = int(IDLE.total_seconds() // 60)
    expect(told).to_contain_text(f"{minutes} 分钟没有动作会自动退出登录")
    opened, ends = re.findall(r"[0-9]{2}:[0-9]{2}", told.inner_text())
    hours = [int(clock[:2]) * 60 + int(clock[3:]) for clock in (opened, ends)]
    assert (hours[1] - hours[0]) % 1440 == minutes
    window.open("/help")
    assert window.page.locator("#ends").count() == 0
    window.close()
