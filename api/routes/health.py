"""Whether the service runs, and whether it can answer."""

from fastapi import APIRouter, Request

from api.desk_keeper import DeskKeeper
from api.settings import today

router = APIRouter(tags=["health"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(request: Request) -> dict[str, str]:
    """Say that database, model and stock are there; 503 where not."""
    keeper: DeskKeeper = request.app.state.keeper
    desk = keeper.desk(today())
    return {"status": "ready", "model_version": desk.model_version, "rules_version": desk.rules.version}
