"""The service: routers, handlers, the guard before every route, and the desk that they share.

While there is no account it serves one trusted user, so the command line binds it to the loopback address only.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI

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
    # Routes are looked through in this order at every request: what is asked for most stands first.
    app.include_router(vacancies.router, prefix="/api/v1")
    app.include_router(people.router, prefix="/api/v1")
    for endpoint in (health.healthz, health.readyz):
        declare(OPEN)(endpoint)
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.include_router(problems.router)
    app.include_router(candidates.router, prefix="/api/v1")
    app.include_router(session.router, prefix="/api/v1")
    for router in registers.ROUTERS:
        app.include_router(router, prefix="/api/v1")
    app.include_router(claims.router, prefix="/api/v1")
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
        app.include_router(part.router, prefix="/api/v1")
    app.include_router(oauth.router, prefix="/api/v1")
    app.include_router(employers.router, prefix="/api/v1")
    for router in PAGES:
        app.include_router(router)
    describe(app)
    return app
