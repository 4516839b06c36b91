"""Model versions as pages of analysts: the registry, a version's card, two side by side, promotion and going back.

Nobody is named in them but who made a version and who let it answer; what may answer the registry decides.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.access import AccessDep, SubjectDep, declare, page_for
from api.desk_keeper import DeskKeeper
from api.errors import problem_title
from api.etags import stale
from api.forms import Form, form_sent
from api.idempotency import Answer, once
from api.pages import model_sheets
from api.pages.again import CHANGE, Undone, is_confirmed, look_again
from api.pages.render import REQUEST_KEY, page, see_other
from api.pages.words import words
from pipelines.access.names import actor_names
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.model_documents import shown_version, version_document
from pipelines.registers.errors import NoSuchModel, NothingToRestore
from pipelines.registers.rows import require
from pipelines.registry import NOT_GATED, Despite, NoModel, PromotionRefused, Registry

router = APIRouter(prefix="/models", include_in_schema=False)
READ = page_for(Action.READ_MODELS, Purpose.MODEL_TRAINING)
_WRITE = page_for(Action.WRITE_MODELS, Purpose.MODEL_TRAINING)
_MOST_REASON = 2000


def registry_of(request: Request, connection: Connection) -> Registry:
    """Return the registry of the service."""
    keeper: DeskKeeper = request.app.state.keeper
    return Registry(connection, keeper.settings.models)


def address_of(version: str) -> str:
    """Return the address of a version's card."""
    return f"/models/{quote(version, safe='')}"


@router.get("")
@declare(READ)
def models(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """List every version, the newest first."""
    return _list(request, access, subject)


def _list(request: Request, access: Any, subject: Subject, *, refused: str = "", status: int = 200) -> Response:
    require(subject, Action.READ_MODELS)
    with access.engine.connect() as connection:
        registry = registry_of(request, connection)
        lines = [_line(registry, version.version) for version in registry.all()]
        names = actor_names(connection, [line["made_by"] for line in lines])
    earlier = [line for line in lines if line["status"] == "retired" and line["champion_since"]]
    return page(
        request,
        "models.html",
        status,
        lines=lines,
        names=names,
        back_to=max(earlier, key=lambda line: str(line["champion_since"]))["version"] if earlier else None,
        may_act=subject.may(Action.WRITE_MODELS),
        refused=refused,
    )


def _line(registry: Registry, version: str) -> dict[str, Any]:
    """Return a version as the list shows it; without its card, which is long."""
    document = shown_version(registry, version)
    card = document.pop("card")
    return {
        **document,
        "state": state_of(document),
        "has_card": card is not None,
        "n_failed": 0 if card is None else len(card["gates"]["failed"]),
    }


def state_of(document: dict[str, Any]) -> str:
    """Return where a version stands, as a word of the catalogue."""
    return "challenger" if "challenger" in document["aliases"] else str(document["status"])


@router.get("/compare")
@declare(READ)
def compare(request: Request, access: AccessDep, subject: SubjectDep, left: str = "", right: str = "") -> Response:
    """Show two versions side by side; where none are named, the challenger and the one in use."""
    require(subject, Action.READ_MODELS)
    with access.engine.connect() as connection:
        registry = registry_of(request, connection)
        every = registry.all()
        challenger = registry.challenger()
        known = {version.version for version in every}
        champion = next((v.version for v in every if v.status == "champion"), "")
        chosen = [left or (challenger.version if challenger else ""), right or champion]
        found = [shown_version(registry, one) if one in known else None for one in chosen]
    cards = [one["card"] for one in found if one is not None and model_sheets.is_measured(one["card"])]
    return page(
        request,
        "models_compare.html",
        versions=[version.version for version in every],
        chosen=chosen,
        found=found,
        rows=_rows([one for one in found if one is not None]),
        has_cards=len(cards) == len(chosen),
        tables=model_sheets.side_by_side(cards[0], cards[1]) if len(cards) == len(chosen) else [],
    )


def _rows(found: list[dict[str, Any]]) -> list[tuple[str, list[str | None]]]:
    """Return what two versions are made of, fact by fact."""
    t = words()
    facts = {
        "state": lambda one: t(f"models.state_{state_of(one)}"),
        "trained_until": lambda one: one["trained_until"],
        **{name: _of_card(name) for name in ("data_hash", "code", "rules_version", "parameters", "gates_failed")},
    }
    return [(t(f"models.{name}"), [told(one) for one in found]) for name, told in facts.items()]


def _of_card(name: str) -> Any:
    def told(one: dict[str, Any]) -> str | None:
        card = one["card"]
        if card is None:
            return None
        if name == "gates_failed":
            return str(len(card["gates"]["failed"]))
        if name == "parameters":
            return parameters(card)
        value = card.get(name)
        return None if value is None else str(value)

    return told


def parameters(card: dict[str, Any]) -> str | None:
    """Return the parameters that a version was learned with, in words."""
    held = card.get("parameters")
    t = words()
    return None if not held else t("between").join(f"{t(f'models.point_{name}')} {held[name]:g}" for name in held)


@router.post("/rollback")
@declare(_WRITE)
def rollback(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Let the version answer again that did so before the present one; looked at once more before."""
    require(subject, Action.WRITE_MODELS)
    form = form_sent(request)
    if CHANGE in form:
        return see_other("/models")

    def work(connection: Connection) -> Answer:
        try:
            restored = registry_of(request, connection).rollback(by=subject.by)
        except NoModel as error:
            raise NothingToRestore("没有可以恢复的上一版本") from error
        if restored.version != form.text("to"):
            stale()
        return Answer(200, version_document(restored), about=("model", restored.version))

    try:
        if not is_confirmed(form):
            return _look_again(request, access, form, work, address="/models/rollback", says="back")
        once(request, access, subject, work, key=form.text(REQUEST_KEY))
    except NothingToRestore as error:
        return _list(request, access, subject, refused=problem_title(error), status=409)
    return see_other("/models", "model_restored")


def _look_again(
    request: Request,
    access: Any,
    form: Form,
    work: Callable[[Connection], Answer],
    *,
    address: str,
    says: str,
    reason: str = "",
) -> Response:
    """Show which version would answer in place of which, what its gates found and what is said of that, and ask."""
    t = words()
    with access.engine.connect() as connection:
        present = registry_of(request, connection).in_use().version
    document: Any = {}
    with suppress(Undone), access.engine.begin() as connection:
        document = work(connection).document
        shown = shown_version(registry_of(request, connection), document["version"])
        raise Undone
    return look_again(
        request,
        form,
        [
            (t("models.again_version"), document["version"]),
            (t("models.trained_until"), document["trained_until"]),
            (t("models.again_present"), present),
            (t("models.gates"), _gates_told(shown)),
            (t("models.reason"), reason),
        ],
        address=address,
        title=t(f"models.again_{says}"),
        warns=t(f"models.again_{says}_warns"),
        do=t("models.promote_do" if says == "promote" else "models.back_do"),
    )


def _gates_told(document: dict[str, Any]) -> str:
    """Return in words what became of a version's gates, each that was not passed by its name."""
    t, card = words(), document["card"]
    trips = (document["summary"].get("gate") or {}).get("trips", [])
    if card is None:
        return t("stop").join([t("models.no_card_short"), *trips])
    left = [one["label"] for one in card["gates"]["results"] if one["id"] in card["gates"]["failed"]]
    return t("models.despite") + t("between").join(left) if left else t("models.none_failed")


@router.get("/{version}")
@declare(READ)
def card(request: Request, access: AccessDep, subject: SubjectDep, version: str) -> Response:
    """Show what is kept with a version."""
    return _card(request, access, subject, version)


def _card(
    request: Request,
    access: Any,
    subject: Subject,
    version: str,
    *,
    refused: str = "",
    reason: str = "",
    status: int = 200,
) -> Response:
    require(subject, Action.READ_MODELS)
    with access.engine.connect() as connection:
        document = _known(registry_of(request, connection), version)
        acts = document["promotions"]
        names = actor_names(connection, [document["made_by"], *(act["by"] for act in acts)])
    kept = document["card"]
    return page(
        request,
        "model.html",
        status,
        version=document,
        state=state_of(document),
        names=names,
        card=kept,
        parameters=None if kept is None else parameters(kept),
        gates=[] if kept is None else model_sheets.gate_lines(kept),
        in_time=model_sheets.in_time(kept) if model_sheets.is_measured(kept) else [],
        by_group=model_sheets.by_group(kept) if model_sheets.is_measured(kept) else [],
        off_policy=None if kept is None else model_sheets.off_policy(kept),
        failed_words={NOT_GATED: words()("models.no_card_short")}
        | ({} if kept is None else {one["id"]: one["label"] for one in kept["gates"]["results"]}),
        gate_at_training=(document["summary"].get("gate") or {}).get("trips", []),
        is_own=document["made_by"] is not None and document["made_by"] == subject.by.actor,
        may_act=subject.may(Action.WRITE_MODELS),
        refused=refused,
        reason=reason,
    )


def _known(registry: Registry, version: str) -> dict[str, Any]:
    try:
        return shown_version(registry, version)
    except NoModel as error:
        raise NoSuchModel("没有这个模型版本") from error


@router.post("/{version}/promotion")
@declare(_WRITE)
def promote(request: Request, access: AccessDep, subject: SubjectDep, version: str) -> Response:
    """Let a version answer from now on; over gates that were not passed only for another person's reason.

    Looked at once more before.
    """
    require(subject, Action.WRITE_MODELS)
    form = form_sent(request)
    reason = form.text("reason")[:_MOST_REASON]
    if CHANGE in form:
        return _card(request, access, subject, version, reason=reason)
    despite = Despite(reason, subject.by.actor, is_named=subject.user_id is not None) if reason else None

    def work(connection: Connection) -> Answer:
        registry = registry_of(request, connection)
        known = str(_known(registry, version)["version"])
        promoted = registry.promote(known, by=subject.by, despite=despite)
        return Answer(200, version_document(promoted), about=("model", known))

    try:
        if not is_confirmed(form):
            address = f"{address_of(version)}/promotion"
            return _look_again(request, access, form, work, address=address, says="promote", reason=reason)
        once(request, access, subject, work, key=form.text(REQUEST_KEY))
    except PromotionRefused as error:
        told = problem_title(error)
        return _card(request, access, subject, version, refused=told, reason=reason, status=409)
    return see_other(address_of(version), "model_promoted")


__all__ = ["READ", "address_of", "registry_of", "router"]
