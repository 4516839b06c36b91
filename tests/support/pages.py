"""Somebody who reads pages without a browser: opens them, fills their forms in and sends them, token and all."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from html.parser import HTMLParser
from typing import Any

import pytest
from starlette.testclient import TestClient

import api.settings
from api.settings import SHANGHAI
from tests.support.province import TODAY


class _ThatDay(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "_ThatDay":
        return cls(TODAY.year, TODAY.month, TODAY.day, 9, tzinfo=tz or SHANGHAI)


@contextmanager
def on_that_day() -> Iterator[None]:
    """Let the day of pages be that of the province, so that its vacancies are open whenever the tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(api.settings, "datetime", _ThatDay)
        yield


@dataclass
class Sent:
    """A form as a page has it: where it goes, how, and what its fields hold."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)


class Read(HTMLParser):
    """A page as a browser takes it in: its forms, texts, tags and attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Sent] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._form: Sent | None = None
        self._select: str | None = None
        self._silent = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag, and what it adds to a form."""
        held = {name: value or "" for name, value in attrs}
        self.tags.append((tag, held))
        if tag in ("script", "style"):
            self._silent += 1
        if tag == "form":
            self._form = Sent(held.get("action", ""), held.get("method", "get").upper())
            self.forms.append(self._form)
        if self._form is None:
            return
        if tag == "select":
            self._select = held.get("name")
        if tag == "option" and self._select and ("selected" in held or self._select not in self._form.fields):
            self._form.fields[self._select] = [held.get("value", "")]
        if tag in ("input", "textarea") and held.get("name"):
            is_box = held.get("type") in ("checkbox", "radio")
            if not is_box or "checked" in held:
                self._form.fields.setdefault(held["name"], []).append(held.get("value", "on" if is_box else ""))

    def handle_endtag(self, tag: str) -> None:
        """End a form or a select."""
        if tag in ("script", "style"):
            self._silent -= 1
        if tag == "form":
            self._form = None
        if tag == "select":
            self._select = None

    def handle_data(self, data: str) -> None:
        """Note what is read."""
        if not self._silent:
            self.text += data

    def form(self, action: str) -> Sent:
        """Return the first form that goes to an address."""
        return next(one for one in self.forms if one.action == action)


class Visitor:
    """Somebody at a page."""

    def __init__(self, client: TestClient, headers: Mapping[str, str] | None = None) -> None:
        self.client, self.headers = client, {"Accept": "text/html"}
        # As a browser: the cookie is the client's, and what else shows a page to be ours stands in its forms alone.
        name, _, token = (headers or {}).get("Cookie", "").partition("=")
        if name:
            client.cookies.clear()
            client.cookies.set(name, token)
        self.answer: Any = None

    def open(self, path: str, status: int = 200) -> Read:
        """Open a page, following where it leads."""
        self.answer = self.client.get(path, headers=self.headers, follow_redirects=True)
        assert self.answer.status_code == status, (path, self.answer.status_code, Read(self.answer.text).text)
        return Read(self.answer.text)

    def send(self, form: Sent, status: int = 200, **filled: str | list[str]) -> Read:
        """Send a form with some fields filled in; None takes a field out."""
        fields = {**form.fields, **{n: [v] if isinstance(v, str) else v for n, v in filled.items()}}
        how: dict[str, Any] = {"data": fields} if form.method == "POST" else {"params": fields}
        self.answer = self.client.request(form.method, form.action, headers=self.headers, follow_redirects=True, **how)
        assert self.answer.status_code == status, (form.action, self.answer.status_code, Read(self.answer.text).text)
        return Read(self.answer.text)

    def send_twice(self, form: Sent, **filled: str | list[str]) -> Read:
        """Send a form, and what it shows to be looked at again."""
        again = self.send(form, 200, **filled).form(form.action)
        return self.send(again, looked_again="1")

    @property
    def path(self) -> str:
        """Where one is now."""
        return str(self.answer.url.path)
