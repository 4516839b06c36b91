"""One line of JSON for each request, the id of its trace, its headers of safety, and the last catch of faults.

A line holds the route's template, method, status and time; never a path, query, id, body, address or user.
"""

import json
import logging
import re
import secrets
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import other
from api.metrics import Metrics, known_method

logger = logging.getLogger("yougang.requests")
_TRACE_PARENT = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
_NO_TRACE = "0" * 32
TRACE_HEADER = "Trace-Id"
_OWN_FIELDS = ("trace_id", "method", "route", "status", "milliseconds")
SAFETY: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""On every answer; a route may say otherwise of caching."""
_SAFETY = tuple((name.lower().encode(), value.encode()) for name, value in SAFETY.items())
FOR_DATA = "default-src 'none'; frame-ancestors 'none'"
OVER_TLS = "max-age=31536000; includeSubDomains"


def for_pages(nonce: str) -> str:
    """Return the policy of a page: what comes from here, scripts and styles only with the nonce of this answer."""
    own = f"'self' 'nonce-{nonce}'"
    return (
        f"default-src 'none'; script-src {own}; style-src {own}; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def nonce_of(request: Request) -> str:
    """Return the nonce of the page that answers a request; the same at each call."""
    if not hasattr(request.state, "nonce"):
        request.state.nonce = secrets.token_urlsafe(16)
    nonce: str = request.state.nonce
    return nonce


class Traced:
    """The outermost layer of the service."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, whatever becomes of it, and tell that it was served."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["trace_id"] = trace_id(scope)
        began, status = time.perf_counter(), 0

        async def out(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _make_safe(scope, MutableHeaders(scope=message))
            await send(message)

        self.metrics.began()
        try:
            await self.app(scope, receive, out)
        except Exception as error:
            # Passed on, the server would log its words, and they may hold anything; its kind is enough to begin with.
            logger.error("unexpected fault kind=%s trace_id=%s", type(error).__name__, state["trace_id"])
            if status:
                raise ConnectionAbortedError("the answer had begun") from None
            await other("fault", state["trace_id"])(scope, receive, out)
        finally:
            self._tell(scope, status, time.perf_counter() - began)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        route = template(scope)
        self.metrics.ended(scope["method"], route, status, seconds)
        facts = (scope["state"]["trace_id"], known_method(scope["method"]), route, status, round(seconds * 1000, 1))
        logger.info("request", extra=dict(zip(_OWN_FIELDS, facts, strict=True)))


def trace_id(scope: Scope) -> str:
    """Return the trace that a request belongs to: the one it names in `traceparent`, or a new one."""
    found = _TRACE_PARENT.fullmatch(Headers(scope=scope).get("traceparent", ""))
    # An id has to differ, not to be secret: asking the system for secrets at every request costs more than the rest.
    return found[1] if found and found[1] != _NO_TRACE else secrets.token_hex(16)


def template(scope: Scope) -> str | None:
    """Return the template of the route that a request found, or None; never its path."""
    found = getattr(scope.get("route"), "path", None)
    return found if isinstance(found, str) else None


def _make_safe(scope: Scope, headers: MutableHeaders) -> None:
    there = {name for name, _ in headers.raw}
    headers.raw.extend(pair for pair in _SAFETY if pair[0] not in there)
    if b"content-security-policy" not in there:
        is_page = headers.get("content-type", "").startswith("text/html")
        headers.append("Content-Security-Policy", for_pages(nonce_of(Request(scope))) if is_page else FOR_DATA)
    headers.update(scope["state"].get("more_headers", {}))
    headers[TRACE_HEADER] = scope["state"]["trace_id"]
    if scope["scheme"] == "https":
        headers.setdefault("Strict-Transport-Security", OVER_TLS)


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; of an exception only its kind, for its words may repeat what was sent."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {"at": at, "level": record.levelname, "logger": record.name}
        line["message"] = record.getMessage()
        line |= {name: getattr(record, name) for name in _OWN_FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[0] is not None:
            line["fault"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False)


def log_as_json(level: int = logging.INFO) -> None:
    """Write the log of the process to standard error as lines of JSON; for a service that serves."""
    # A line tells neither: https://docs.python.org/3/howto/logging.html#optimization
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Both put paths or secrets into what they say.
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("oauthlib").setLevel(logging.WARNING)
