"""The service: routers, handlers, the guard before every route, and the desk that they share.

While there is no account it serves one trusted user, so the command line binds it to the loopback address only.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from fastapi import APIRouter, Depends, FastAPI
from starlette.routing import BaseRoute

from api.access import OPEN, Access, declare, guard
from api.budgets import Budgets
from api.desk_keeper import DeskKeeper
from api.errors import add_handlers
from api.kept_work import KeptWork
from api.limits import Limits
from api.logs import Traced
from api.metrics import Metrics
from api.openapi import PROBLEM_RESPONSES, describe
from api.pages import PAGES
from api.pages.layer import Pages
from api.routes import (
    candidates,
    caseload,
    claims,
    consents,
    due,
    duplicates,
    effects,
    employers,
    exchange,
    health,
    initiatives,
    inspections,
    messages,
    metrics,
    notes,
    notices,
    oauth,
    people,
    plan_work,
    plans,
    problems,
    publicity,
    registers,
    released,
    reports,
    requests,
    session,
    unit_records,
    vacancies,
    ventures,
)
from api.session import with_keys
from api.settings import Settings

_ORDERS_KEPT_SECONDS = 300.0
"""How long an order of many people may be shown; the page says when it was made."""


def create_app(settings: Settings) -> FastAPI:
    """Return the application over one database."""
    settings = with_keys(settings)
    keeper = DeskKeeper(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        keeper.close()

    app = FastAPI(
        title="有岗 Yougang",
        version="0.1.0",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        dependencies=[Depends(guard)],
        responses=PROBLEM_RESPONSES,
    )
    app.state.keeper = keeper
    app.state.access = Access(keeper.engine, settings)
    app.state.metrics = Metrics()
    app.state.kept_drift = KeptWork(most=4, seconds=24 * 3600)
    app.state.kept_reports = KeptWork()
    app.state.kept_orders = KeptWork(seconds=_ORDERS_KEPT_SECONDS)
    add_handlers(app)
    app.add_middleware(Budgets)
    app.add_middleware(Limits)
    app.add_middleware(Pages)
    app.add_middleware(Traced, metrics=app.state.metrics)  # outermost: it sees and tells every answer
    app.router.routes.extend(_routes())
    describe(app)
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Return all routes with the guard before them, in the order in which they are looked through.

    They know of no database and are put together once in a process: what a route takes is worked out when it is first
    looked at, for all of them a third of a second, and an application that takes them over finds that done.
    """
    router = APIRouter(dependencies=[Depends(guard)], responses=PROBLEM_RESPONSES)
    # Routes are looked through in this order at every request: what is asked for most stands first.
    router.include_router(vacancies.router, prefix="/api/v1")
    router.include_router(people.router, prefix="/api/v1")
    for endpoint in (health.healthz, health.readyz):
        declare(OPEN)(endpoint)
    router.include_router(health.router)
    router.include_router(metrics.router)
    router.include_router(problems.router)
    router.include_router(candidates.router, prefix="/api/v1")
    router.include_router(session.router, prefix="/api/v1")
    for register in registers.ROUTERS:
        router.include_router(register, prefix="/api/v1")
    router.include_router(claims.router, prefix="/api/v1")
    for part in (
        consents,
        due,
        notes,
        notices,
        plans,
        plan_work,
        caseload,
        duplicates,
        effects,
        exchange,
        initiatives,
        inspections,
        messages,
        requests,
        unit_records,
        publicity,
        ventures,
        released,
        reports,
    ):
        router.include_router(part.router, prefix="/api/v1")
    router.include_router(oauth.router, prefix="/api/v1")
    router.include_router(employers.router, prefix="/api/v1")
    for page in PAGES:
        router.include_router(page)
    return tuple(router.routes)
