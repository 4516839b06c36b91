"""The service: routers, handlers, the guard before every route, and the desk that they share.

While there is no account it serves one trusted user, so the command line binds it to the loopback address only.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI

from api.access import OPEN, Access, declare, guard
from api.desk_keeper import DeskKeeper
from api.errors import add_handlers
from api.routes import candidates, health, session
from api.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Return the application over one database."""
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
    )
    app.state.keeper = keeper
    app.state.access = Access(keeper.engine, settings)
    add_handlers(app)
    for endpoint in (health.healthz, health.readyz):
        declare(OPEN)(endpoint)
    app.include_router(health.router)
    app.include_router(candidates.router, prefix="/api/v1")
    app.include_router(session.router, prefix="/api/v1")
    return app
