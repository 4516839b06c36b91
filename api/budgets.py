"""How much costly work runs at once in a process; the layer that lets a few in, a few wait, and sends others away.

Without it a handful of lists for the asking would slow every other answer (threat 29).
"""

import asyncio
import re
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import problem_of
from api.problems import Busy

_RETRY_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Budget:
    """So many at once, so many more waiting, and for how many seconds at most; for addresses that match."""

    addresses: re.Pattern[str]
    at_once: int
    waiting: int
    seconds: float


BUDGETS = (
    # A list keeps a processor busy throughout: more at once end no earlier, they only make each other late.
    Budget(re.compile(r"/api/v1/(candidates/[^/]+/(shortlist|unlock)|vacancies/[^/]+/candidates)"), 4, 60, 3),
    Budget(re.compile(r"/people/[^/]+/(list|ask|lists/[^/]+/answers)"), 4, 60, 3),
    # A file holds the lock of writers and up to 50 MiB while it is read in.
    Budget(re.compile(r"/api/v1/imports/[^/]+|/offline"), 2, 8, 10),
    # One hash takes 64 MiB; those who wait hold a thread each.
    Budget(re.compile(r"/api/v1/(session(/password)?|oauth/token)|/sign-in|/password"), 8, 60, 5),
)


class Budgets:
    """The budgets of one process as a layer around an application."""

    def __init__(self, app: ASGIApp, budgets: tuple[Budget, ...] = BUDGETS) -> None:
        self.app = app
        self._gates = [_Gate(budget) for budget in budgets]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request when its turn comes, or say that there is enough to do."""
        gate = self._gate(scope)
        if gate is None:
            await self.app(scope, receive, send)
            return
        try:
            await gate.enter()
        except Busy as error:
            await problem_of(error, scope["state"].get("trace_id"))(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            gate.leave()

    def _gate(self, scope: Scope) -> "_Gate | None":
        if scope["type"] != "http":
            return None
        return next((gate for gate in self._gates if gate.budget.addresses.fullmatch(scope["path"])), None)


class _Gate:
    """The places of one budget."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self._places = asyncio.Semaphore(budget.at_once)
        self._n_waiting = 0

    async def enter(self) -> None:
        """Take a place.

        Raises
        ------
        Busy
            When too many wait already, or none became free in time.
        """
        if self._places.locked() and self._n_waiting >= self.budget.waiting:
            raise Busy("服务正忙", seconds=_RETRY_SECONDS)
        self._n_waiting += 1
        try:
            async with asyncio.timeout(self.budget.seconds):
                await self._places.acquire()
        except TimeoutError as error:
            raise Busy("服务正忙", seconds=_RETRY_SECONDS) from error
        finally:
            self._n_waiting -= 1

    def leave(self) -> None:
        """Give the place back."""
        self._places.release()
