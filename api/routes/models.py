"""Model versions: what was trained, how it did, which one answers; promotion and rollback are the analysts' acts."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import StringConstraints
from sqlalchemy import Connection

from api.access import Access, AccessDep, SubjectDep, declare, for_action
from api.bodies import STORABLE, Body, Kept
from api.desk_keeper import DeskKeeper
from api.idempotency import Answer, once
from api.kept_work import KeptWork
from api.problems import Busy
from api.settings import today
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.model_documents import shown_version, version_document
from pipelines.quarter.drift_now import MONTHS, MOST_MONTHS, drift_of_store, note_drift_read, state_of_store
from pipelines.registers.errors import NoSuchModel, NothingToRestore
from pipelines.registers.rows import require
from pipelines.registry import Despite, NoModel, Registry
from pipelines.store.repositories import ModelVersion

router = APIRouter(prefix="/models", tags=["models"])
_READ = for_action(Action.READ_MODELS, Purpose.MODEL_TRAINING)
_WRITE = for_action(Action.WRITE_MODELS, Purpose.MODEL_TRAINING)
_WAIT_SECONDS = 40
"""Shorter than a request may take; until then who asked is told to come again."""


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


class Promotion(Kept):
    """一次启用或恢复：何人、何时、哪些核查没有通过（no_cycle：没有经过季度核查）、什么理由。"""

    act: str
    by: str
    at: str
    failed: list[str]
    reason: str | None


class Card(Version):
    """一个模型版本的登记内容：数据、参数、测量、核查，以及启用的经过。"""

    aliases: list[str]
    made_by: str | None
    card: dict[str, Any] | None
    promotions: list[Promotion]


class DriftAlert(Kept):
    """一个月里有变化的一项，以及可能的原因；原因是推断，须由人核实。"""

    month: str
    feature: str
    label: str
    text: str
    likely_cause: str


class Drift(Kept):
    """各月的求职者、岗位、结果和得分的变化。"""

    as_of: str
    months: list[str]
    reference: list[str]
    limit: float
    labels: dict[str, str]
    features: dict[str, dict[str, Any]]
    outcomes: dict[str, dict[str, Any]]
    alerts: list[DriftAlert]


class Reason(Body):
    """没有经过季度核查或核查没有通过的版本仍要启用：制作人以外的另一人所说的理由。"""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=STORABLE)]


def _registry(request: Request, connection: Connection) -> Registry:
    keeper: DeskKeeper = request.app.state.keeper
    return Registry(connection, keeper.settings.models)


def kept_drift(
    request: Request, access: Access, subject: Subject, months: int, *, wait: float
) -> dict[str, Any] | None:
    """Return the drift of the day, or None while it is being worked out; that it was asked for is recorded."""
    keeper: DeskKeeper = request.app.state.keeper
    on, models = today(), keeper.settings.models
    with access.engine.begin() as connection:
        note_drift_read(connection, subject)
        state = state_of_store(connection, models)

    def work() -> dict[str, Any]:
        return drift_of_store(access.engine, models, on, months=months)

    kept: KeptWork = request.app.state.kept_drift
    found: dict[str, Any] | None = kept.get((on, months, state), work, wait=wait)
    return found


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
        return {"items": [version_document(version) for version in _registry(request, connection).all()]}


@router.get("/drift", responses={200: {"model": Drift}})
@declare(_READ)
def drift(
    request: Request,
    access: AccessDep,
    subject: SubjectDep,
    months: Annotated[int, Query(ge=1, le=MOST_MONTHS, description="看最近几个整月")] = MONTHS,
) -> dict[str, Any]:
    """Return what moved by month, with alerts and their likely cause; worked out once a day and version."""
    found = kept_drift(request, access, subject, months, wait=_WAIT_SECONDS)
    if found is None:
        raise Busy("还在计算", seconds=_WAIT_SECONDS)
    return found


@router.get("/{version}", responses={200: {"model": Version}})
@declare(_READ)
def version(request: Request, access: AccessDep, subject: SubjectDep, version: str) -> dict[str, Any]:
    """Return one version with the summary of its training."""
    require(subject, Action.READ_MODELS)
    with access.engine.connect() as connection:
        return version_document(_get(_registry(request, connection), version))


@router.get("/{version}/card", responses={200: {"model": Card}})
@declare(_READ)
def card(request: Request, access: AccessDep, subject: SubjectDep, version: str) -> dict[str, Any]:
    """Return what is kept with a version: data, parameters, measures, gates, and who let it answer."""
    require(subject, Action.READ_MODELS)
    with access.engine.connect() as connection:
        registry = _registry(request, connection)
        return shown_version(registry, _get(registry, version).version)


@router.post("/{version}/promotion", responses={200: {"model": Version}})
@declare(_WRITE)
def promote(
    request: Request, access: AccessDep, subject: SubjectDep, version: str, body: Reason | None = None
) -> Response:
    """Let a version answer from now on; the present one is retired.

    One that has not passed its gates, or that no cycle has held against them, needs the reason of another person than
    the one who made it.
    """
    require(subject, Action.WRITE_MODELS)
    despite = None if body is None else Despite(body.reason, subject.by.actor, is_named=subject.user_id is not None)

    def work(connection: Connection) -> Answer:
        registry = _registry(request, connection)
        known = _get(registry, version).version
        return Answer(
            200, version_document(registry.promote(known, by=subject.by, despite=despite)), about=("model", known)
        )

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
        return Answer(200, version_document(restored), about=("model", restored.version))

    return once(request, access, subject, work)
