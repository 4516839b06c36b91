"""A template and what it shows to an answer; a redirect with a word to say on the page that it leads to.

Templates are given everything: they ask nothing of a store and reckon nothing. An undefined name is an error, so that a
slip in a template is found where it is, and every text comes from the catalogue of words.
"""

import gzip
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from api.clock import moment
from api.forms import CSRF_FIELD, masked
from api.logs import nonce_of
from api.pages.navigation import Link, navigation
from api.pages.statics import SCRIPT, SCRIPT_WITH_PARTS, STYLE, mark_of, static, takes_gzip, text_of
from api.pages.unread import unread_of
from api.pages.words import Words, words
from api.settings import SHANGHAI
from pipelines.access.roles import Subject
from pipelines.access.sessions import IDLE, SignedIn
from pipelines.notices.inbox import MOST_COUNTED

FOLDER = Path(__file__).resolve().parent.parent / "templates"
SAID_COOKIE = "yougang-said"
STYLE_COOKIE = "yougang-style"
_STYLE_SECONDS = 30 * 24 * 3600
_SAID = re.compile(r"[a-z_]{1,40}(:[0-9]{1,6}){0,3}", re.ASCII)
_SMALL = 600
_PROBLEM = "problem.html"
REQUEST_KEY = "request_key"
ROW_VERSION = "row_version"


@dataclass(frozen=True, slots=True)
class Who:
    """Who looks at a page: the name shown, the role, and whether there is a session that can be ended."""

    name: str
    role: str
    is_signed_in: bool


@cache
def environment() -> Environment:
    """Return the environment of the templates."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"static": static, "t": words()}
    made.filters |= {"day": lambda text: text if len(text) == _DAY else moment_shown(text)[:10], "moment": moment_shown}
    made.filters["path"] = lambda text: quote(str(text), safe="")
    made.filters["heard"] = heard
    return made


_HIDDEN = re.compile(r"\*{2,}")


def heard(text: object) -> Markup:
    """Return a masked text whose asterisks are only seen: “asterisk” read eighteen times tells nobody who it is."""
    whole, t = str(text), words()
    found = _HIDDEN.search(whole)
    if found is None:
        return escape(whole)
    before, stars, after = whole[: found.start()], found.group(), whole[found.end() :]
    alone = t("people.masked_all")
    said = t("people.masked_number") if after[:1].isalnum() else t("people.masked_name") if before else alone
    shown = Markup('<span aria-hidden="true">{}</span><span class="unseen">{}</span>').format(stars, said)
    return escape(before) + shown + escape(after)


_DAY = len("2026-11-30")


def moment_shown(text: str) -> str:
    """Return a moment, as documents have it, by the clock of Gansu: 2026-11-30 08:05."""
    return f"{datetime.fromisoformat(text).astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def page(request: Request, template: str, status: int = 200, **shown: Any) -> Response:
    """Return a page.

    What `shown` holds the template shows; beside it every template has who looks, where to go, and the token of forms.
    """
    text = environment().get_template(template).render(**_around(request, template), **shown)
    answer = _packed(request, _with_its_script(text), status)
    if not _has_style(request):
        answer.set_cookie(STYLE_COOKIE, mark_of(STYLE), max_age=_STYLE_SECONDS, path="/", httponly=True, samesite="lax")
    if SAID_COOKIE in request.cookies:
        answer.delete_cookie(SAID_COOKIE, path="/", httponly=True, samesite="lax")
    return answer


def _has_style(request: Request) -> bool:
    """Return whether a browser was given the style before, which it keeps from then on.

    A first page carries it within itself: on a county's line a file beside it waits for a connection of its own, which
    takes as long as all the rest, and nothing is seen before. The cookie holds the fingerprint of the file, the same
    for everybody. What takes the place of a part stands in a page that has it; under another nonce it would be refused.
    """
    return "HX-Request" in request.headers or request.cookies.get(STYLE_COOKIE) == mark_of(STYLE)


_EXCHANGES = re.compile(r"\shx-[a-z]+=")


def _with_its_script(text: str) -> str:
    """Let a page that exchanges parts of itself have the script for it.

    It is four fifths of all that a first page weighs, and more than the first window of a new connection holds: on a
    county's line whoever opens a page without such parts would wait a third of a second for what nothing there uses.
    """
    if _EXCHANGES.search(text) is None:
        return text
    return text.replace(static(SCRIPT), static(SCRIPT_WITH_PARTS), 1)


_HEADERS = {
    "Vary": "Accept-Encoding",
    # Where no referrer goes out at all, browsers hide the origin of forms as well, and those are refused then.
    "Referrer-Policy": "same-origin",
}


def _packed(request: Request, text: str, status: int) -> Response:
    body = text.encode()
    if len(body) < _SMALL or not takes_gzip(request):
        return HTMLResponse(body, status, headers=_HEADERS)
    # The one secret in a page, the token of its forms, is under a new mask in each answer (BREACH).
    return HTMLResponse(gzip.compress(body, 6, mtime=0), status, headers={**_HEADERS, "Content-Encoding": "gzip"})


def _around(request: Request, template: str) -> Mapping[str, Any]:
    t = words()
    signed_in: SignedIn | None = getattr(request.state, "signed_in", None)
    subject: Subject | None = getattr(request.state, "subject", None)
    now = moment().astimezone(SHANGHAI)
    return {
        "nonce": nonce_of(request),
        "style": None if _has_style(request) else Markup(text_of(STYLE)),  # noqa: S704  our own file
        "who": _who(t, signed_in, subject),
        "idle_minutes": int(IDLE.total_seconds() // 60),
        "opened_at": f"{now:%H:%M}",
        "ends_at": f"{now + IDLE:%H:%M}",
        "links": _links(request, subject),
        "n_unread": 0 if template == _PROBLEM else unread_of(request, subject),
        "most_unread": MOST_COUNTED,
        "csrf_field": CSRF_FIELD,
        "csrf_token": "" if signed_in is None else masked(signed_in.csrf_token),
        "request_key": secrets.token_urlsafe(12),
        "said": _said(t, request.cookies.get(SAID_COOKIE, "")),
    }


def _who(t: Words, signed_in: SignedIn | None, subject: Subject | None) -> Who | None:
    if signed_in is not None:
        return Who(signed_in.display_name, t(f"role.{signed_in.role.value}"), is_signed_in=True)
    if subject is not None and subject.is_local:
        return Who(t("who.local"), "", is_signed_in=False)
    return None


def _links(request: Request, subject: Subject | None) -> list[Link]:
    return [] if subject is None else navigation(subject, request.url.path)


def see_other(address: str, said: str = "", *numbers: int) -> RedirectResponse:
    """Return the way to a page after something was done; `said` is the key under `said.` that the page then says.

    The word travels in a cookie that holds nothing but the key and small numbers, never a fact of anybody.
    """
    answer = RedirectResponse(address, 303)
    return say(answer, said, *numbers) if said else answer


def say(answer: RedirectResponse, said: str, *numbers: int) -> RedirectResponse:
    """Let the next page say a word."""
    word = ":".join([said, *map(str, numbers)])
    answer.set_cookie(SAID_COOKIE, word, max_age=60, path="/", httponly=True, samesite="lax")
    return answer


def _said(t: Words, word: str) -> str:
    """Return what a page says first; a cookie that we did not write says nothing."""
    if not _SAID.fullmatch(word):
        return ""
    key, *numbers = word.split(":")
    text = t.texts.get(f"said.{key}", "")
    try:
        return text.format(*numbers)
    except (IndexError, KeyError):
        return ""
