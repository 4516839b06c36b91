"""How much a request may bring and how long it may take; applied before any route sees it.

The body is read here, as far as its limit and no further, and handed on from a file without a name; its digest tells
repeats of a request apart. An answer that takes too long is given up, while the work behind it ends by itself.
"""

import asyncio
import hashlib
import logging
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem_of
from api.problems import AnswerTooSlow, DoorError, RequestTooLarge, RequestTooSlow

logger = logging.getLogger(__name__)
MIB = 1024 * 1024
_IN_MEMORY = MIB
_PIECE = 64 * 1024
_NOTHING = hashlib.sha256().hexdigest()


@dataclass(frozen=True, slots=True)
class Limit:
    """What a request to an address may bring, how long that and the answer may take; in bytes and seconds."""

    body: int
    arrival: float
    answer: float


USUAL = Limit(MIB, 30, 60)
"""A row of any table as JSON has a few kilobytes; the slowest list takes seconds."""
BY_PREFIX = {
    # Sheets of tens of thousands of rows, over a county's line; read and stored in one go.
    "/api/v1/imports": Limit(50 * MIB, 300, 600),
    "/offline": Limit(50 * MIB, 300, 600),
}


class Limits:
    """The limits as the layer around an application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._late: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request within its limits."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = _limit(scope["path"])
        try:
            body = await _arrived(scope, receive, limit)
        except DoorError as error:
            await problem_of(error, scope["state"].get("trace_id"))(scope, receive, send)
            return
        await self._answered(scope, body, receive, send, limit)

    async def _answered(self, scope: Scope, body: IO[bytes] | None, receive: Receive, send: Send, limit: Limit) -> None:
        door = _Door(send)
        handed_on = receive if body is None else _again(body, receive)
        work = asyncio.ensure_future(self.app(scope, handed_on, door.send))
        if body is not None:
            work.add_done_callback(lambda _: body.close())
        try:
            done, _ = await asyncio.wait({work}, timeout=limit.answer)
        except asyncio.CancelledError:
            work.cancel()
            raise
        if not done and not door.is_started:
            door.is_shut = True
            self._late.add(work)
            work.add_done_callback(self._forget)
            error = AnswerTooSlow("处理时间过长")
            await problem_of(error, scope["state"].get("trace_id"))(scope, receive, send)
            return
        await work

    def _forget(self, work: asyncio.Task[None]) -> None:
        """Let go of work whose answer nobody waits for; a fault of it has been looked at, so that nobody prints it."""
        self._late.discard(work)
        if not work.cancelled() and work.exception() is not None:
            logger.error("a late answer ended in a fault kind=%s", type(work.exception()).__name__)


class _Door:
    """Lets messages out until it is shut."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.is_started = self.is_shut = False

    async def send(self, message: Message) -> None:
        if not self.is_shut:
            self.is_started = True
            await self._send(message)


def _limit(path: str) -> Limit:
    return next((limit for prefix, limit in BY_PREFIX.items() if path.startswith(prefix)), USUAL)


async def _arrived(scope: Scope, receive: Receive, limit: Limit) -> IO[bytes] | None:
    """Return the body, or None where there is none, and leave its digest with the request.

    Raises
    ------
    RequestTooLarge
        As soon as it says or shows that it is; the rest is not read.
    RequestTooSlow
        When it did not arrive in time.
    """
    headers = Headers(scope=scope)
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit.body:
        raise RequestTooLarge("请求内容过大")
    state = scope.setdefault("state", {})
    if announced in ("", "0") and "transfer-encoding" not in headers:
        state["body_digest"] = _NOTHING
        return None
    body: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # closed when the answer is done
    try:
        async with asyncio.timeout(limit.arrival):
            state["body_digest"] = await _read(receive, body, limit.body)
    except TimeoutError as error:
        body.close()
        raise RequestTooSlow("请求内容没有及时送达") from error
    except DoorError:
        body.close()
        raise
    body.seek(0)
    return body


async def _read(receive: Receive, body: IO[bytes], most: int) -> str:
    size, is_more, digest = 0, True, hashlib.sha256()
    while is_more:
        message = await receive()
        if message["type"] != "http.request":
            raise RequestTooSlow("请求在送达之前中断")  # half a body must not be taken for a whole one
        piece = message.get("body", b"")
        size += len(piece)
        if size > most:
            raise RequestTooLarge("请求内容过大")
        body.write(piece)
        digest.update(piece)
        is_more = message.get("more_body", False)
    return digest.hexdigest()


def _again(body: IO[bytes], receive: Receive) -> Receive:
    """Return what hands the body on in pieces, and afterwards what comes from outside."""
    is_over = False

    async def from_body() -> Message:
        nonlocal is_over
        if is_over:
            return await receive()
        piece = body.read(_PIECE)
        is_over = len(piece) < _PIECE
        return {"type": "http.request", "body": piece, "more_body": not is_over}

    return from_body
