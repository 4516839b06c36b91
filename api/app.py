"""The service: routers, handlers and the desk that they share.

There is no access control yet, so the command line binds it to the loopback address only.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api.desk_keeper import DeskKeeper
from api.errors import add_handlers
from api.routes import candidates, health
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
    )
    app.state.keeper = keeper
    add_handlers(app)
    app.include_router(health.router)
    app.include_router(candidates.router, prefix="/api/v1")
    return app
