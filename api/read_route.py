"""Routes that look one thing up: who asks is found out and the thing is looked up in one go, in one thread.

FastAPI hands the guard and the endpoint to a thread each, and looks for parameters of every kind first; for a row that
is found by its id this takes longer than finding it. A route goes this way by what its endpoint asks for and nothing
else; every other of the same router is served as ever. The guard's work is the same, and comes first.
"""

import inspect
from collections.abc import Callable, Coroutine
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from api.access import AccessDep, SubjectDep, access_of, admit, subject_of

_AT_ONCE = 6
"""Of one route in a process. Threads that are all ready to go on take turns at one interpreter: more of them end no
earlier, and each turn costs. Who waits does so without a thread, and one route's crowd does not hold another up."""
_Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_Given = Callable[[Request], Any]
_FOUND: tuple[tuple[Any, _Given], ...] = (
    (Request, lambda request: request),
    (AccessDep, access_of),
    (SubjectDep, subject_of),
)


class ReadRoute(APIRoute):
    """A route whose endpoint, where it asks for nothing but texts of the address and who asks, is called at once."""

    def get_route_handler(self) -> _Handler:
        """Return what answers a request."""
        given = _given(self.endpoint, frozenset(self.param_convertors))
        if self.methods != {"GET"} or inspect.iscoroutinefunction(self.endpoint) or given is None:
            return super().get_route_handler()
        endpoint = self.endpoint

        def read(request: Request) -> Response:
            admit(request)
            answer: Response = endpoint(**{name: of(request) for name, of in given.items()})
            return answer

        places = CapacityLimiter(_AT_ONCE)

        async def handle(request: Request) -> Response:
            return await to_thread.run_sync(read, request, limiter=places)

        return handle


def _given(endpoint: Callable[..., Any], in_address: frozenset[str]) -> dict[str, _Given] | None:
    """Return where each argument comes from, or None where one comes from elsewhere or the answer is no response."""
    signature = inspect.signature(endpoint)
    if not inspect.isclass(signature.return_annotation) or not issubclass(signature.return_annotation, Response):
        return None
    given: dict[str, _Given] = {}
    for name, parameter in signature.parameters.items():
        if name in in_address and parameter.annotation is str:
            given[name] = _of_address(name)
            continue
        found = next((of for kind, of in _FOUND if parameter.annotation == kind), None)
        if found is None:
            return None
        given[name] = found
    return given if in_address <= given.keys() else None


def _of_address(name: str) -> _Given:
    return lambda request: request.path_params[name]
