"""Pages of supervisors, auditors and analysts in a browser: axe empty, filled and in error; 320 px; without script."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from pipelines.access.roles import Purpose, Role
from pipelines.access.sessions import subject_for
from pipelines.inspections.queue import Draw, Inspections
from pipelines.registry import Registry
from pipelines.schema import EMPLOYERS
from pipelines.store.repositories import TableRepository
from pipelines.vacancy_workflow.service import VacancyWork
from tests.console.conftest import COUNTY, PROVINCE, Console
from tests.console.test_browser import NARROW, WEIGHT, sideways, violations
from tests.support.accounts import a_user, place_of, the_accounts
from tests.support.browser import Window
from tests.support.firms import lawful, moment_of
from tests.support.model_cards import a_challenger
from tests.support.province import TODAY
from tests.support.stores import PROGRAM, noted

SUPERVISOR, ANALYST, AUDITOR, ADMINISTRATOR = (
    f"{role}-{PROVINCE}" for role in ("supervisor", "analyst", "auditor", "administrator")
)
_ALL = (SUPERVISOR, ANALYST, AUDITOR, ADMINISTRATOR)
EMPTY = {
    "no inspection": (SUPERVISOR, "/supervision/inspections"),
    "nothing decided": (SUPERVISOR, "/supervision/inspections?decided=1"),
    "no vacancy waits": (SUPERVISOR, "/supervision/vacancies"),
    "no rule was proposed": (SUPERVISOR, "/supervision/rules"),
    "no run": (ANALYST, "/models/runs"),
    "one version without a card": (ANALYST, "/models"),
    "nothing to compare": (ANALYST, "/models/compare"),
    "no such row": (AUDITOR, "/audit?actor=nobody"),
}
FILLED = {
    "progress": (SUPERVISOR, "/supervision"),
    "units": (SUPERVISOR, "/supervision/units"),
    "units that publish": (SUPERVISOR, "/supervision/units?duty=publish"),
    "households": (SUPERVISOR, "/supervision/households"),
    "inspections": (SUPERVISOR, "/supervision/inspections"),
    "an inspection": (SUPERVISOR, "/supervision/inspections/{inspection}?evidence=1"),
    "vacancies": (SUPERVISOR, "/supervision/vacancies"),
    "a vacancy": (SUPERVISOR, "/supervision/vacancies/{vacancy}"),
    "placements": (SUPERVISOR, "/supervision/placements"),
    "a placement": (SUPERVISOR, "/supervision/placements/{placement}"),
    "reads": (SUPERVISOR, "/supervision/reads"),
    "the whole chain": (SUPERVISOR, "/supervision/reads/chain"),
    "the first page of a supervisor": (SUPERVISOR, "/"),
    "models": (ANALYST, "/models"),
    "a card": (ANALYST, "/models/{model}"),
    "two side by side": (ANALYST, "/models/compare?left={model}&right={other}"),
    "drift": (ANALYST, "/models/drift"),
    "the register": (ANALYST, "/register"),
    "the audit": (AUDITOR, "/audit"),
    "the first page of an auditor": (AUDITOR, "/"),
    "accounts": (ADMINISTRATOR, "/accounts"),
    "no such version": (ANALYST, "/models/nothing"),
    "no such inspection": (SUPERVISOR, "/supervision/inspections/nothing"),
    "not for this role": (AUDITOR, "/supervision"),
}


@pytest.fixture(scope="module")
def auditor(console: Console) -> None:
    """Somebody who audits the province."""
    with console.engine.begin() as connection:
        a_user(noted(connection), AUDITOR, Role.AUDITOR, PROVINCE)


@pytest.fixture(scope="module")
def ids(console: Console, auditor: None, browser: Browser) -> dict[str, str]:
    """Fill the queues, and return the ids of what is in them; what is empty is looked at before."""
    for name, (login, address) in EMPTY.items():
        window = console.window(browser, login, width=NARROW)
        window.open(address)
        assert violations(window.page) == [], name
        assert sideways(window.page) == [], name
        window.close()
    return filled(console)


def filled(console: Console) -> dict[str, str]:
    with console.engine.begin() as connection:
        noted(connection)
        chief = the_accounts(connection).get(SUPERVISOR).user_id
        supervisor = subject_for(
            connection, place_of(Role.SUPERVISOR, PROVINCE), Role.SUPERVISOR, Purpose.SUPERVISION, TODAY, user_id=chief
        )
        drawn = Inspections(connection, supervisor, on=TODAY, now=moment_of(TODAY)).draw(Draw(TODAY.year, 7, 3, 3))
        author = the_accounts(connection).get(f"caseworker-{COUNTY}").user_id
        caseworker = subject_for(
            connection, place_of(Role.CASEWORKER, COUNTY), Role.CASEWORKER, Purpose.JOB_MATCHING, TODAY, user_id=author
        )
        rows = TableRepository(connection, EMPLOYERS, PROGRAM).rows()
        employer = next(str(row["employer_id"]) for row in rows if row["region"] == COUNTY)
        work = VacancyWork(connection, caseworker, on=TODAY, now=moment_of(TODAY))
        seen = work.draft(lawful(), employer)
        work.check(seen.standing.vacancy_id, seen.standing.row_version)
        registry = Registry(connection, console.models)
        first, other = (a_challenger(registry, is_passed=passed) for passed in (True, False))
    return {
        "inspection": next(one.inspection_id for one in drawn if one.flags != "[]"),
        "vacancy": seen.standing.vacancy_id,
        "placement": "demo-p-00001",
        "other": first,
        "model": other,
    }


def whole(page: Page) -> None:
    """Wait until what is worked out beside the page is there; the page asks for it by itself."""
    expect(page.locator("text=正在统计")).to_have_count(0, timeout=60_000)


@pytest.fixture(scope="module", params=[1280, NARROW])
def windows(request: pytest.FixtureRequest, console: Console, browser: Browser, auditor: None) -> Iterator[object]:
    """A window of each of them, wide and as narrow as 400 % zoom leaves it."""
    opened = {login: console.window(browser, login, width=request.param) for login in _ALL}
    yield opened
    for window in opened.values():
        window.close()


@pytest.mark.parametrize("name", FILLED)
def test_page_of_staff_has_no_violation_and_no_sideways_scrolling(
    windows: dict[str, Window], ids: dict[str, str], name: str
) -> None:
    login, address = FILLED[name]
    window = windows[login]
    window.asked.clear()
    window.complaints.clear()
    window.open(address.format(**ids))
    whole(window.page)
    assert violations(window.page) == []
    assert sideways(window.page) == []
    assert window.foreign == []
    assert window.complaints == []


def test_keyboard_reaches_the_charts_and_every_form_with_the_focus_in_sight(
    console: Console, browser: Browser, ids: dict[str, str]
) -> None:
    window = console.window(browser, ANALYST)
    window.open(f"/models/{ids['model']}")
    seen: set[str] = set()
    for _ in range(90):
        window.page.keyboard.press("Tab")
        told = window.page.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();
            return [e.className + '|' + e.id + '|' + e.tagName,
            s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0,
            r.width > 0 && r.top < innerHeight && r.bottom > 0] }"""
        )
        if told[0].endswith("BODY"):  # round once
            break
        assert told[1:] == [True, True], told
        seen.add(told[0])
    assert "chart wide-chart||DIV" in seen
    assert "|reason|TEXTAREA" in seen
    window.close()


@pytest.mark.parametrize("name", ["progress", "a card", "reads"])
def test_first_load_of_staff_pages_is_light(console: Console, browser: Browser, ids: dict[str, str], name: str) -> None:
    login, address = FILLED[name]
    window = console.window(browser, login)
    window.open(address.format(**ids))
    whole(window.page)
    window.close()
    window = console.window(browser, login)
    sizes: list[int] = []
    window.page.on("requestfinished", lambda one: sizes.append(sum(_size(one))))
    window.open(address.format(**ids))
    window.page.wait_for_load_state("networkidle")
    assert len(sizes) >= 4
    assert sum(sizes) <= WEIGHT
    window.close()


def _size(request: object) -> tuple[int, int]:
    told = request.sizes()  # type: ignore[attr-defined]  # of the library
    return told["responseBodySize"], told["responseHeadersSize"]


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_inspection_is_decided_from_the_queue_on(
    console: Console, browser: Browser, ids: dict[str, str], script: bool
) -> None:
    window = console.window(browser, SUPERVISOR, script=script)
    page = window.page
    window.open("/supervision/inspections")
    page.locator(".card a").first.click()
    page.wait_for_load_state("load")
    window.submit("main form button[type=submit]")
    assert "summary" in page.evaluate("document.activeElement.className") or not script
    assert violations(page) == [] if script else True
    expect(page.locator(".summary")).to_contain_text("须选一项结论")
    page.get_by_label("未发现问题").check()
    page.get_by_label("理由").fill("看过合同和流水")
    page.get_by_label("看过的材料").fill("合同、银行流水")
    window.submit("main form button[type=submit]")
    expect(page.locator("h1")).to_have_text("请再看一遍再登记结论")
    if script:
        assert violations(page) == []
    window.submit("main form button[name=change]")
    assert page.get_by_label("看过的材料").input_value() == "合同、银行流水"
    window.submit("main form button[type=submit]")
    window.submit("main form button[name=looked_again]")
    expect(page.locator(".said").first).to_contain_text("核查结论已登记")
    assert window.complaints == []
    window.close()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_version_with_failed_gates_is_promoted_with_a_reason_and_rolled_back(
    console: Console, browser: Browser, ids: dict[str, str], script: bool
) -> None:
    window = console.window(browser, ANALYST, script=script)
    page = window.page
    window.open(f"/models/{ids['model']}")
    window.submit("main form button[type=submit]")
    expect(page.locator(".summary")).to_contain_text("须由制作人以外")
    if script:
        assert violations(page) == []
    page.get_by_label("理由", exact=True).fill("样本太少，已逐组核实")
    window.submit("main form button[type=submit]")
    expect(page.locator("main")).to_contain_text("还没有启用")
    if script:
        assert violations(page) == []
    window.submit("main form button[type=submit]")
    expect(page.locator("main")).to_contain_text("已启用")
    expect(page.locator("main")).to_contain_text("样本太少，已逐组核实")
    window.open("/models")
    window.submit("main form button[type=submit]")
    expect(page.locator("h1")).to_contain_text("再看一遍")
    window.submit("main form button[type=submit]")
    expect(page.locator("main")).to_contain_text("已恢复上一版本")
    window.close()


def test_page_that_is_worked_out_comes_by_itself(console: Console, browser: Browser) -> None:
    window = console.window(browser, f"supervisor-{PROVINCE}")
    window.open(f"/supervision?year={TODAY.year - 1}")
    whole(window.page)
    expect(window.page.get_by_role("heading", name=re.compile("本年新增就业"))).to_be_visible()
    assert window.complaints == []
    window.close()
