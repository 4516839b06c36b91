"""Refusals as pages: what any part of the service refuses of a page, a person is told on one.

Everything is refused as a problem document. For who reads pages the layer makes a page of it, with the same words and
the same status, or leads to where the refusal can be mended: to sign in, to set a password, to set a second factor.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import policy_of
from api.errors import other
from api.forms import Form
from api.pages.render import page
from api.pages.words import words
from api.routes.problems import advised
from pipelines.schema import holds_citizen_number

logger = logging.getLogger(__name__)
_PROBLEM = "application/problem+json"
_NOT_PAGES = ("/api/", "/healthz", "/readyz", "/metrics", "/problems/")
_MENDED_AT = {
    "not-signed-in": "/sign-in",
    "password-change-required": "/password",
    "second-factor-required": "/second-factor",
}


class Pages:
    """The layer around the service."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; a problem document on the way to who reads pages becomes one."""
        if scope["type"] != "http" or scope["path"].startswith(_NOT_PAGES):
            await self.app(scope, receive, send)
            return
        held = _Held(scope, send)
        try:
            await self._asked(scope, receive, held)
        finally:
            for file in getattr(Request(scope).state, "form", Form()).files.values():
                file.file.close()
        if held.start is not None:
            answer = told(Request(scope), json.loads(held.body), Headers(raw=held.start["headers"]))
            await answer(scope, receive, send)

    async def _asked(self, scope: Scope, receive: Receive, held: "_Held") -> None:
        """Hand a request on; of a fault who reads pages is told on one."""
        try:
            await self.app(scope, receive, held.send)
        except Exception as error:
            if held.is_passed or not reads_pages(scope):
                raise
            trace_id = scope["state"]["trace_id"]
            logger.error("unexpected fault kind=%s trace_id=%s", type(error).__name__, trace_id)
            await other("fault", trace_id)(scope, receive, held.send)


class _Held:
    """Holds a problem document back, and lets everything else pass."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self.start: Message | None = None
        self.body = b""
        self.is_passed = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self._is_for_a_page(message):
            self.start = message
        elif self.start is None:
            self.is_passed = True
            await self._send(message)
        else:
            self.body += message.get("body", b"")

    def _is_for_a_page(self, message: Message) -> bool:
        is_problem = Headers(raw=message["headers"]).get("content-type", "").startswith(_PROBLEM)
        return is_problem and reads_pages(self._scope)


def reads_pages(scope: Scope) -> bool:
    """True where a page was asked for, or anything by who shows pages."""
    policy = policy_of(scope.get("endpoint"))
    headers = Headers(scope=scope)
    return (
        (policy is not None and policy.is_page) or "text/html" in headers.get("accept", "") or "hx-request" in headers
    )


def _advice(status: int) -> str:
    """Return what to do, without the headers and fields that only programs know."""
    t = words()
    if status in (401, 422):
        return ""
    return t(f"advice.{status}") if f"advice.{status}" in t else advised(status)


def told(request: Request, problem: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    """Return the page of a problem document, or the way to where it can be mended."""
    kind = str(problem["type"]).rpartition("/")[2]
    if kind in _MENDED_AT:
        return _led(request, _MENDED_AT[kind])
    status = int(problem["status"])
    faults = [str(fault["detail"]) for fault in problem.get("errors", [])]
    answer = page(
        request,
        "problem.html",
        status,
        title=problem["title"],
        detail=problem.get("detail") or "",
        faults=faults,
        advice=_advice(status),
        trace_id=problem["trace_id"],
    )
    for name in ("retry-after", "allow"):
        if name in headers:
            answer.headers[name] = headers[name]
    return answer


def _led(request: Request, address: str) -> Response:
    """Lead somewhere else; to what was being read, one comes back after signing in."""
    if (
        request.method == "GET"
        and request.url.path != "/"
        and address == "/sign-in"
        and not holds_citizen_number(request.url.path)
    ):
        address += f"?next={quote(request.url.path, safe='')}"
    if "hx-request" in request.headers:
        return Response(status_code=204, headers={"HX-Redirect": address})
    return Response(status_code=303, headers={"Location": address})
