"""Whether the service runs, and whether it can answer."""

from fastapi import APIRouter, Request

from api.access import access_of
from api.clock import moment
from api.desk_keeper import DeskKeeper
from api.settings import today
from pipelines.rule_release.gate import check_rules

router = APIRouter(tags=["health"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(request: Request) -> dict[str, str]:
    """Say that database, model, stock and released rules are there; 503 where not."""
    keeper: DeskKeeper = request.app.state.keeper
    access = access_of(request)
    with access.engine.begin() as connection:
        if access.has_accounts(connection):
            check_rules(connection, at=moment())
    desk = keeper.desk(today())
    return {"status": "ready", "model_version": desk.model_version, "rules_version": desk.rules.version}
