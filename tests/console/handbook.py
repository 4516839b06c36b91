"""The pages that the handbook shows: how each is come by, its picture, and what it is made of.

A page is compared by its structure, never by its pixels: the texts of headings, labels, buttons and links that the
catalogue of words or a table's specification holds. Names, dates and numbers of the invented province are none of it.
"""

import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from api.pages.words import words
from matching.vocabulary import Accommodation, Function
from pipelines.registry import Registry
from pipelines.schema import CANDIDATES, EMPLOYERS, VACANCIES
from tests.console.conftest import PROVINCE, Console

FOLDER = Path(__file__).resolve().parents[2] / "api/handbook"
PICTURES = FOLDER / "pictures"
FINGERPRINT = Path(__file__).with_name("handbook.json")
COMMAND = "python -m tests.checks.handbook"
WIDTH, HEIGHT, COLOURS = 1000, 640, 24
PERSON = "demo-c-00001"
CASEWORKER, SUPERVISOR, ANALYST, POSTER = (
    f"caseworker-{PROVINCE}",
    f"supervisor-{PROVINCE}",
    f"analyst-{PROVINCE}",
    "poster",
)


@dataclass(frozen=True)
class Shot:
    """A page of the handbook: who looks, where, what is opened first, and what stands at the head of the picture."""

    login: str | None
    address: str
    prepare: Callable[[Page], None] = lambda _: None
    head: str = "body"


def _reasons(page: Page) -> None:
    page.locator("#card-1 summary", has_text="为什么").click()


def _declining(page: Page) -> None:
    page.locator("#card-2 summary", has_text="本人不愿意").click()


def _compared(page: Page) -> None:
    for place in (1, 3):
        page.locator(f"#card-{place}").get_by_label("选来比较").check()
    with page.expect_navigation():
        page.get_by_role("button", name="比较所选的两个岗位").click()


def _follow(name: str) -> Callable[[Page], None]:
    def follow(page: Page) -> None:
        with page.expect_navigation():
            page.locator("main").get_by_role("link", name=name).first.click()

    return follow


def _previewed(page: Page) -> None:
    page.get_by_label("手部操作", exact=True).first.select_option("3")
    page.locator("#preview", has_text="能做的：").wait_for()


SHOTS: Mapping[str, Shot] = {
    "sign-in": Shot(None, "/sign-in"),
    "today": Shot(CASEWORKER, "/"),
    "new-person": Shot(CASEWORKER, "/people/new"),
    "functions": Shot(CASEWORKER, f"/people/{PERSON}/facts/functions", head="h1"),
    "person": Shot(CASEWORKER, f"/people/{PERSON}"),
    "questions": Shot(CASEWORKER, f"/people/{PERSON}/list", head="#questions"),
    "reasons": Shot(CASEWORKER, f"/people/{PERSON}/list", _reasons, "#card-1"),
    "declining": Shot(CASEWORKER, f"/people/{PERSON}/list", _declining, "#card-2"),
    "compared": Shot(CASEWORKER, f"/people/{PERSON}/list", _compared, "h1"),
    "ask": Shot(CASEWORKER, f"/people/{PERSON}/ask?post=员", head="h1"),
    "way": Shot(CASEWORKER, f"/people/{PERSON}/recourse/demo-v-0002", head="h1"),
    "map": Shot(CASEWORKER, f"/people/{PERSON}/list", _follow("在地图上看"), "h1"),
    "income": Shot(CASEWORKER, f"/people/{PERSON}/income?vacancy=demo-v-0001", head="h1"),
    "large-print": Shot(CASEWORKER, f"/people/{PERSON}/list", _follow("打印给本人（大字）"), "h1"),
    "services": Shot(CASEWORKER, f"/people/{PERSON}/services", head="h1"),
    "consents": Shot(CASEWORKER, f"/people/{PERSON}/consents", head="h1"),
    "notes": Shot(CASEWORKER, f"/people/{PERSON}/notes", head="h1"),
    "offline": Shot(CASEWORKER, "/offline"),
    "messages": Shot(CASEWORKER, f"/people/{PERSON}/messages", head="h1"),
    "notices": Shot(CASEWORKER, "/notices?all=1", head="h1"),
    "company-home": Shot(POSTER, "/"),
    "post-demands": Shot(POSTER, "/posts/{post}/steps/demands", _previewed, "h1"),
    "post": Shot(POSTER, "/posts/{post}"),
    "referred": Shot(POSTER, "/posts/{post}/candidates"),
    "quota": Shot(POSTER, "/company/quota"),
    "caseload": Shot(SUPERVISOR, "/caseload"),
    "supervision": Shot(SUPERVISOR, "/supervision"),
    "units": Shot(SUPERVISOR, "/supervision/units"),
    "inspections": Shot(SUPERVISOR, "/supervision/inspections"),
    "reads": Shot(SUPERVISOR, "/supervision/reads"),
    "employers": Shot(SUPERVISOR, "/employers/{employer}", head="h2"),
    "models": Shot(ANALYST, "/models"),
    "model": Shot(ANALYST, "/models/{version}"),
}
_RECKONING = '[hx-trigger^="load delay"]'
"""What a page says while what it shows is still reckoned; a script comes back for it."""
_TEXTS = """() => [...document.querySelectorAll(
    'main :is(h1, h2, h3, legend, label, button, summary, caption, thead th, dt, .tabs a, a.button)')]
    .filter(one => !one.closest('#questions .field'))  // which questions there are hangs on the data
    .map(one => { const copy = one.cloneNode(true);
        copy.querySelectorAll('.unseen, .hint, input, select, textarea').forEach(part => part.remove());
        return [one.tagName.toLowerCase(), copy.textContent.trim().replace(/\\s+/g, ' ')]; })"""


def walk(
    console: Console, browser: Browser, version: str, names: Iterable[str] = tuple(SHOTS)
) -> Iterable[tuple[str, Page]]:
    """Yield each page of the handbook, in the state in which it is shown; it is closed after its turn."""
    for name in names:
        shot = SHOTS[name]
        window = console.window(browser, shot.login, width=WIDTH)
        firms = console.companies
        window.open(shot.address.format(post=firms.post, employer=firms.other, version=version))
        window.page.locator(_RECKONING).wait_for(state="detached", timeout=60_000)
        shot.prepare(window.page)
        yield name, window.page
        window.close()


def champion(console: Console) -> str:
    """Return the version of the model in use."""
    with console.engine.connect() as connection:
        return Registry(connection, console.models).in_use().version


def structure(page: Page) -> list[str]:
    """Return what a page is made of: each kind of part with its text, once, in order of the text."""
    told = {(tag, text) for tag, text in page.evaluate(_TEXTS) if _is_ours(text)}
    return sorted(f"{tag} {re.sub('[0-9]+', '#', text)}" for tag, text in told)


@cache
def _ours() -> re.Pattern[str]:
    """Return what the words of the pages match, with anything in their places."""
    labels = [column.label for spec in (CANDIDATES, VACANCIES, EMPLOYERS) for column in spec.columns]
    labels += [term.label for kind in (Function, Accommodation) for term in kind]
    # A text that is little more than a place would let names through.
    texts = [text for text in words().texts.values() if "{" not in text]
    return re.compile("|".join(re.escape(text) for text in {*labels, *texts}))


def _is_ours(text: str) -> bool:
    return bool(_ours().fullmatch(text))


def picture(page: Page, name: str) -> bytes:
    """Return the picture of a page as a PNG of few colours, `WIDTH` by `HEIGHT`."""
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    page.locator(SHOTS[name].head).first.evaluate(
        "(one) => scrollTo(0, Math.max(0, one.getBoundingClientRect().top + scrollY - 12))"
    )
    page.evaluate("document.activeElement && document.activeElement.blur()")
    image = Image.open(io.BytesIO(page.screenshot()))
    packed = io.BytesIO()
    image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
    return packed.getvalue()
