"""A browser over a running service, for the tests of the pages; where the system has none they are skipped."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str:
    """Return the path of the system's browser, or skip the test and say why."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium on this system")
    return found


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Give a headless browser."""
    path = chromium()
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Error as error:
            pytest.skip(f"Chromium does not start: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


class Window:
    """A window of a browser that notes what it asks of whom, and what it complains of."""

    def __init__(self, browser: Browser, base: str, *, width: int = 1280, script: bool = True) -> None:
        self.base = base
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": 800},
            java_script_enabled=script,
            locale="zh-CN",
            reduced_motion="reduce",
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._heard)

    def _heard(self, message: Any) -> None:
        # That an address was answered with a refusal is what tests of refusals ask for.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def open(self, path: str) -> Any:
        """Open an address and return its answer."""
        return self.page.goto(self.base + path, wait_until="load")

    def submit(self, selector: str) -> None:
        """Press what sends a form, and wait for the page that answers."""
        with self.page.expect_navigation(wait_until="load"):
            self.page.click(selector)

    @property
    def foreign(self) -> list[str]:
        """What was asked of anybody but the service itself."""
        return [url for url in self.asked if not url.startswith((self.base, "data:"))]

    def close(self) -> None:
        """Close it."""
        self.context.close()
