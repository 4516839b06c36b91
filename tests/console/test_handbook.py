"""The handbook: what it shows is what the pages are, its words and ways are there, and it opens without signing in."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Request

from api.pages.handbook import CHAPTERS, FOLDER, address_of, chapters
from api.pages.words import words
from tests.console.conftest import Console
from tests.console.handbook import COMMAND, FINGERPRINT, HEIGHT, PICTURES, SHOTS, WIDTH, champion, structure, walk
from tests.console.test_browser import WEIGHT, sideways, violations

TEXTS = {name: (FOLDER / f"{name}.md").read_text(encoding="utf-8") for name in CHAPTERS}
FEW_KB = 60 * 1024


def test_pages_are_made_of_what_the_handbook_shows(console: Console, browser: Browser) -> None:
    shown = json.loads(FINGERPRINT.read_text(encoding="utf-8"))
    assert set(shown) == set(SHOTS), f"run {COMMAND}"
    for name, page in walk(console, browser, champion(console)):
        found, before = set(structure(page)), set(shown[name])
        assert found, name
        assert found == before, (
            f"{name}: gone {sorted(before - found)}, new {sorted(found - before)}; "
            f"look whether its chapter still holds, then run {COMMAND}"
        )


def test_each_picture_is_there_small_and_shown_with_words_for_who_does_not_see_it() -> None:
    told = [one for text in TEXTS.values() for one in re.findall(r"!\[([^\]]*)\]\(pictures/([a-z-]+)\.png\)", text)]
    names = [name for _, name in told]
    assert sorted(names) == sorted(SHOTS)
    assert {path.stem for path in PICTURES.iterdir()} == set(names)
    for words_for_it, name in told:
        assert len(words_for_it) >= 10, name
        path = PICTURES / f"{name}.png"
        assert path.stat().st_size <= FEW_KB, name
        with Image.open(path) as image:
            assert image.size == (WIDTH, HEIGHT), name


@pytest.mark.parametrize("name", CHAPTERS)
def test_what_a_chapter_tells_to_press_is_said_by_a_page(name: str) -> None:
    said = set(words().texts.values())
    assert re.findall("【[^】]+】", TEXTS[name])
    gone = [one for one in re.findall("【([^】]+)】", TEXTS[name]) if one not in said]
    assert gone == []


def test_every_way_within_the_handbook_leads_somewhere() -> None:
    known = {address_of(name) for name in CHAPTERS}
    for name in CHAPTERS:
        known |= {f"{address_of(name)}#{one}" for one in re.findall(r'<h2 id="([^"]+)"', chapters()[name].text)}
    for name in CHAPTERS:
        ways = re.findall(r"\]\(((?!pictures/)[^)]+)\)", TEXTS[name])
        for way in ways:
            chapter, _, part = way.partition("#")
            assert address_of(chapter.removesuffix(".md")) + (f"#{part}" if part else "") in known, (name, way)


def test_it_is_reached_from_every_page_and_without_signing_in(console: Console, browser: Browser) -> None:
    window = console.window(browser)
    window.open("/sign-in")
    window.page.locator("footer").get_by_role("link", name=words()("handbook.title")).click()
    window.page.wait_for_url("**/help")
    assert violations(window.page) == []
    window.page.get_by_role("link", name=chapters()["caseworker"].title).first.click()
    window.page.wait_for_url("**/help/caseworker")
    image = window.page.locator("main img").first
    image.scroll_into_view_if_needed()
    assert image.evaluate("async (one) => { await one.decode(); return one.naturalWidth }") == WIDTH
    address = image.get_attribute("src")
    answer = window.page.request.get(f"{console.base}{address}")
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    assert window.open("/help/nobody").status == 404
    assert window.foreign == []
    assert window.complaints == []
    window.close()


def _noting(sizes: list[int]) -> Callable[[Request], None]:
    def note(request: Request) -> None:
        sizes.append(request.sizes()["responseBodySize"])

    return note


@pytest.mark.parametrize("name", CHAPTERS)
def test_chapter_has_no_violation_is_not_scrolled_sideways_and_light(
    console: Console, browser: Browser, name: str
) -> None:
    for width in (1280, 320):
        window, sizes = console.window(browser, width=width), list[int]()
        window.page.on("requestfinished", _noting(sizes))
        window.open(address_of(name))
        window.page.wait_for_load_state("networkidle")
        assert sum(sizes) <= WEIGHT
        assert violations(window.page) == []
        assert sideways(window.page) == []
        assert window.complaints == []
        window.close()


def test_package_holds_the_chapters_and_their_pictures() -> None:
    project = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert '"handbook/*.md", "handbook/pictures/*.png"' in project
