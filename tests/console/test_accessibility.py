"""What of WCAG 2.2 AA no checker of a page finds: spacing of text, what covers the focus, order, names of pages."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.console.conftest import Console
from tests.console.test_browser import ADDRESSES, CASEWORKER, NARROW, PERSON, violations
from tests.console.test_words import TEMPLATES

_SPACED = """() => {
  for (const one of document.querySelectorAll('body *')) {
    for (const [name, value] of [['line-height', '1.5'], ['letter-spacing', '.12em'], ['word-spacing', '.16em']])
      one.style.setProperty(name, value, 'important');
    if (one.tagName === 'P') one.style.setProperty('margin-bottom', '2em', 'important');
  }
  const cut = one => /hidden|clip/.test(getComputedStyle(one).overflow) && !one.closest('.unseen, svg, select')
    && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1);
  const found = [...document.querySelectorAll('body :not(input, textarea)')].filter(cut)
    .map(one => one.outerHTML.slice(0, 120));
  return document.documentElement.scrollWidth > innerWidth ? ['sideways', ...found] : found;
}"""
_COVERED = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect();
  for (const x of [.02, .5, .98]) for (const y of [.05, .5, .95]) {
    const hit = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
    if (hit && (hit === one || one.contains(hit))) return '';
  }
  return one.outerHTML.slice(0, 120);
}"""


@pytest.mark.parametrize("name", ["today", "a person's file", "the list", "a new person", "consents", "net income"])
def test_text_with_more_space_is_not_cut_off(console: Console, browser: Browser, name: str) -> None:
    window = console.window(browser, CASEWORKER, width=NARROW)
    window.open(ADDRESSES[name])
    window.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert window.page.evaluate(_SPACED) == []
    window.close()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (NARROW, 256)], ids=["as usual", "1280 x 1024 at 400 %"])
def test_what_has_the_focus_is_covered_by_nothing(console: Console, browser: Browser, width: int, height: int) -> None:
    window = console.window(browser, CASEWORKER, width=width)
    window.page.set_viewport_size({"width": width, "height": height})
    window.open(f"/people/{PERSON}/list")
    window.page.keyboard.press("Tab")
    window.page.keyboard.press("Enter")
    for key in ["Tab"] * 60 + ["Shift+Tab"] * 40:
        window.page.keyboard.press(key)
        assert window.page.evaluate(_COVERED) == ""
    window.close()


def test_checker_looks_at_sizes_of_targets(console: Console, browser: Browser) -> None:
    window = console.window(browser, CASEWORKER)
    window.open("/people")
    window.page.evaluate("""() => {
      const two = document.createElement('p');
      two.innerHTML = '<button type="button">x</button><button type="button">y</button>';
      document.querySelector('main').prepend(two);
      for (const one of two.children)
        for (const [name, value] of [['min-height', '0'], ['padding', '0'], ['width', '9px'], ['height', '9px']])
          one.style.setProperty(name, value);
    }""")
    assert any(one.startswith("target-size") for one in violations(window.page))
    window.close()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_row_that_becomes_a_block_says_what_each_of_its_values_is(path: Path) -> None:
    for table in re.findall(r'<table class="stack.*?</table>', path.read_text(encoding="utf-8"), re.DOTALL):
        for row in re.findall(r"<tr\b(?:(?!</tr>).)*<td.*?</tr>", table, re.DOTALL):
            cells = re.findall(r"<t[dh]\b[^>]*>", row)
            assert [cell for cell in cells[1:] if "data-head" not in cell and "colspan" not in cell] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_what_is_pressed_is_named_by_the_words_that_are_seen(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"<(?:a|button|summary|input|select|textarea)\b[^>]*\baria-label(?:ledby)?=", text) == []


def test_nothing_happens_by_focus_or_choice_alone_and_pasting_is_free(console: Console, browser: Browser) -> None:
    window = console.window(browser)
    window.open("/sign-in")
    page = window.page
    for selector, token in (("#login", "username"), ("#password", "current-password"), ("#code", "one-time-code")):
        assert page.get_attribute(selector, "autocomplete") == token
        page.focus(selector)
        page.keyboard.insert_text("pasted")
        assert page.input_value(selector) == "pasted"
    assert page.url == f"{console.base}/sign-in"
    window.close()
    window = console.window(browser, CASEWORKER)
    window.open(f"/people/{PERSON}/facts/functions")
    before = window.page.url
    window.page.locator("select").first.select_option(index=2)
    window.page.wait_for_timeout(700)
    assert window.page.url == before
    assert window.page.evaluate("document.querySelector('h1') !== document.activeElement")
    window.close()
