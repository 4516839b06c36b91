"""Model versions: what was trained, how it did, which one answers; promotion and rollback are the analysts' acts."""

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import Connection

from api.access import AccessDep, SubjectDep, declare, for_action
from api.bodies import Kept
from api.desk_keeper import DeskKeeper
from api.idempotency import Answer, once
from pipelines.access.roles import Action, Purpose
from pipelines.registers.errors import NoSuchModel, NothingToRestore
from pipelines.registers.rows import require
from pipelines.registry import NoModel, Registry
from pipelines.store.repositories import ModelVersion

router = APIRouter(prefix="/models", tags=["models"])
_READ = for_action(Action.READ_MODELS, Purpose.MODEL_TRAINING)
_WRITE = for_action(Action.WRITE_MODELS, Purpose.MODEL_TRAINING)


class Version(Kept):
    """一个模型版本。"""

    version: str
    status: str
    created_at: str
    trained_until: str
    champion_since: str | None
    summary: dict[str, Any]


class Versions(Kept):
    """全部模型版本，新的在前。"""

    items: list[Version]


def _told(version: ModelVersion) -> dict[str, Any]:
    since = version.champion_since
    return {
        "version": version.version,
        "status": version.status,
        "created_at": version.created_at.isoformat(),
        "trained_until": version.trained_until.isoformat(),
        "champion_since": None if since is None else since.isoformat(),
        "summary": json.loads(version.summary),
    }


def _registry(request: Request, connection: Connection) -> Registry:
    keeper: DeskKeeper = request.app.state.keeper
    return Registry(connection, keeper.settings.models)


def _get(registry: Registry, version: str) -> ModelVersion:
    try:
        return registry.get(version)
    except NoModel as error:
        raise NoSuchModel("没有这个模型版本") from error


@router.get("", responses={200: {"model": Versions}})
@declare(_READ)
def versions(request: Request, access: AccessDep, subject: SubjectDep) -> dict[str, Any]:
    """Return every version, the newest first."""
    require(subject, Action.READ_MODELS)
    with access.engine.connect() as connection:
        return {"items": [_told(version) for version in _registry(request, connection).all()]}


@router.get("/{version}", responses={200: {"model": Version}})
@declare(_READ)
def version(request: Request, access: AccessDep, subject: SubjectDep, version: str) -> dict[str, Any]:
    """Return one version with the summary of its training."""
    require(subject, Action.READ_MODELS)
    with access.engine.connect() as connection:
        return _told(_get(_registry(request, connection), version))


@router.post("/{version}/promotion", responses={200: {"model": Version}})
@declare(_WRITE)
def promote(request: Request, access: AccessDep, subject: SubjectDep, version: str) -> Response:
    """Let a version answer from now on; the present one is retired."""
    require(subject, Action.WRITE_MODELS)

    def work(connection: Connection) -> Answer:
        registry = _registry(request, connection)
        known = _get(registry, version).version
        return Answer(200, _told(registry.promote(known, by=subject.by)), about=("model", known))

    return once(request, access, subject, work)


@router.post("/rollback", responses={200: {"model": Version}})
@declare(_WRITE)
def rollback(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Let the version answer again that did so before the present one."""
    require(subject, Action.WRITE_MODELS)

    def work(connection: Connection) -> Answer:
        try:
            restored = _registry(request, connection).rollback(by=subject.by)
        except NoModel as error:
            raise NothingToRestore("没有可以恢复的上一版本") from error
        return Answer(200, _told(restored), about=("model", restored.version))

    return once(request, access, subject, work)
