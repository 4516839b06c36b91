"""Services and consents of a person, written down on pages; each with its day, and the ledger keeps all."""

import re
from contextlib import suppress
from datetime import datetime, time
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response

from api.access import AccessDep, SubjectDep, declare, page_for
from api.clock import moment
from api.errors import problem_title
from api.forms import Form, form_sent
from api.pages.again import CHANGE, Undone, is_confirmed, look_again
from api.pages.fields import fields_of, wrongs
from api.pages.lists import own_address
from api.pages.people import head_of
from api.pages.render import page, see_other
from api.pages.words import words
from api.routes.consents import day_of
from api.rows import acting
from api.settings import SHANGHAI, today
from matching.vocabulary import ServiceKind, Term
from pipelines.access.roles import Action, Purpose
from pipelines.consent.errors import ConsentError
from pipelines.consent.ledger import Consents, Statement
from pipelines.consent.texts import current_texts
from pipelines.consent.words import ConsentAct, ConsentPurpose, DisclosedItem, Speaker, StatementForm
from pipelines.duties.due import duties_for, reasons_of
from pipelines.registers.errors import AlreadyRegistered, Fault, RowRefused
from pipelines.registers.people import People
from pipelines.registers.rows import Register
from pipelines.schema import SERVICES

router = APIRouter(prefix="/people/{candidate_id}", include_in_schema=False)
_WRITE = page_for(Action.WRITE_SERVICES, Purpose.JOB_MATCHING)
_STATE = page_for(Action.WRITE_CONSENTS, Purpose.JOB_MATCHING)
_T = TypeVar("_T", bound=Term)
_COLUMNS = ("kind", "on", "by", "outcome")


@router.get("/services")
@declare(_WRITE)
def ask(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Ask which service was given, with what is due beside it."""
    return _page(request, access, subject, candidate_id)


def _page(
    request: Request,
    access: Any,
    subject: Any,
    candidate_id: str,
    *,
    form: Any = None,
    faults: tuple[Fault, ...] = (),
    status: int = 200,
) -> Response:
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        row = People(connection, subject).one(candidate_id, Action.READ_CANDIDATES).row
        owed = duties_for(connection, subject, candidate_id, today())
    on = today()
    name = "" if getattr(request.state, "signed_in", None) is None else request.state.signed_in.display_name
    stored = {"kind": ServiceKind.EMPLOYMENT_SERVICE, "on": on, "by": name}
    return page(
        request,
        "service.html",
        status,
        **head_of(row.values),
        fields=fields_of(SERVICES, _COLUMNS, stored, form, faults),
        faults=wrongs(SERVICES, faults, _COLUMNS),
        owed=[{"label": duty.kind.label, "state": duty.state.label, "reasons": reasons_of(duty, on)} for duty in owed],
    )


@router.post("/services")
@declare(_WRITE)
def record(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Write a service down."""
    form = form_sent(request)
    cells = {"candidate_id": candidate_id, **{name: form.text(name) for name in _COLUMNS}}
    try:
        with acting(access, subject, Action.WRITE_SERVICES) as connection:
            Register(connection, SERVICES, subject).add(cells, Action.WRITE_SERVICES, on=today())
    except RowRefused as error:
        return _page(request, access, subject, candidate_id, form=form, faults=error.faults, status=422)
    except AlreadyRegistered as error:
        told = (Fault("kind", problem_title(error)),)
        return _page(request, access, subject, candidate_id, form=form, faults=told, status=409)
    return see_other(own_address(candidate_id), "service_recorded")


# ---- consents ----


@router.get("/consents")
@declare(_STATE)
def consents(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Show what a person stated, and the texts to read out before the next statement."""
    return _consents(request, access, subject, candidate_id)


_LONG_NUMBER = re.compile(r"(?:\d[\s-]?){15}")
_TYPED = {
    "purpose": "", "act": "", "text_version": "", "stated_by": "", "form": "", "stated_on": "", "guardian_name": "",
    "guardian_relation": "", "witness_name": "", "recipient": "", "ends_on": "",
}  # fmt: skip


def _consents(
    request: Request,
    access: Any,
    subject: Any,
    candidate_id: str,
    *,
    form: Form | None = None,
    refused: str = "",
    status: int = 200,
) -> Response:
    with acting(access, subject, Action.READ_CONSENTS) as connection:
        found = Consents(connection, subject).of(candidate_id, on=today())
        row = People(connection, subject).one(candidate_id, Action.READ_CANDIDATES).row
    return page(
        request,
        "consents.html",
        status,
        **head_of(row.values),
        consents=found,
        statements=[
            {
                **one,
                "purpose_label": ConsentPurpose(one["purpose"]).label,
                "act_label": ConsentAct(one["act"]).label,
            }
            for one in found["statements"]
        ],
        texts=[text.as_dict() for text in current_texts()],
        acts=list(ConsentAct),
        forms=list(StatementForm),
        speakers=list(Speaker),
        items=list(DisclosedItem),
        given=_TYPED | {"stated_on": today().isoformat()}
        if form is None
        else {n: _shown_again(form.text(n)) for n in _TYPED},
        given_items=() if form is None else form.all("items"),
        refused=refused,
    )


def _shown_again(text: str) -> str:
    """Return what was typed, for the form to have it again; what is as long as a certificate number no page repeats."""
    return "" if _LONG_NUMBER.search(text) else text


@router.post("/consents")
@declare(_STATE)
def state(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Record what a person states of one purpose; a withdrawal holds from the next read on."""
    form = form_sent(request)
    if CHANGE in form:
        return _consents(request, access, subject, candidate_id, form=form)
    try:
        statement = _statement(form)
        if not is_confirmed(form):
            with suppress(Undone), acting(access, subject, Action.WRITE_CONSENTS) as connection:
                Consents(connection, subject).state(candidate_id, statement, now=moment())
                raise Undone
            return _look_again(request, form, statement, candidate_id)
        with acting(access, subject, Action.WRITE_CONSENTS) as connection:
            document = Consents(connection, subject).state(candidate_id, statement, now=moment())
    except (ConsentError, RowRefused) as error:
        told = error.faults[0].reason if isinstance(error, RowRefused) else problem_title(error)
        return _consents(request, access, subject, candidate_id, form=form, refused=told, status=422)
    rest = f"/{document['consent_id']}/receipt" if statement.act is ConsentAct.WITHDRAWN else ""
    return see_other(own_address(candidate_id, f"/consents{rest}"), f"consent_{statement.act.value}")


def _statement(form: Form) -> Statement:
    told = {name: form.text(name) for name in ("guardian_name", "guardian_relation", "witness_name") if form.text(name)}
    stated_on = day_of("stated_on", form.text("stated_on"))
    return Statement(
        act=_term("act", ConsentAct, form.text("act")),
        purpose=_term("purpose", ConsentPurpose, form.text("purpose")),
        stated_at=moment() if stated_on == today() else datetime.combine(stated_on, time(12), SHANGHAI),
        speaker=_term("stated_by", Speaker, form.text("stated_by")),
        form=_term("form", StatementForm, form.text("form")),
        recipient=form.text("recipient") or None,
        items=tuple(item for item in DisclosedItem if item.value in form.all("items")),
        has_witness="witness_name" in told,
        text_version=form.text("text_version") or None,
        ends_on=day_of("ends_on", form.text("ends_on")) if form.text("ends_on") else None,
        particulars=told,
    )


def _look_again(request: Request, form: Form, statement: Statement, candidate_id: str) -> Response:
    t = words()
    return look_again(
        request,
        form,
        [
            (t("consents.person"), candidate_id),
            (t("consents.purpose"), statement.purpose.label),
            (t("consents.act"), statement.act.label),
            (t("consents.text"), t("consents.told", version=statement.text_version) if statement.text_version else ""),
            (t("consents.speaker"), statement.speaker.label),
            (t("consents.form"), statement.form.label),
            (t("person.on"), form.text("stated_on")),
            (t("consents.guardian"), form.text("guardian_name")),
            (t("consents.relation"), form.text("guardian_relation")),
            (t("consents.witness"), form.text("witness_name")),
            (t("consents.recipient"), statement.recipient or ""),
            (t("consents.items"), t("between").join(item.label for item in statement.items)),
            (t("consents.ends_on"), form.text("ends_on")),
        ],
        address=own_address(candidate_id, "/consents"),
        title=t("consents.again"),
        warns=t(f"consents.again_{statement.act.value}"),
        do=t("consents.save"),
    )


def _term(name: str, terms: type[_T], value: str) -> _T:
    """Return a word of a fixed list; what somebody agrees to is never guessed.

    Raises
    ------
    RowRefused
        When it is none of them.
    """
    found = next((one for one in terms if one.value == value), None)
    if found is None:
        raise RowRefused([Fault(name, words()("consents.choose"))])
    return found


@router.get("/consents/{consent_id}/receipt")
@declare(_STATE)
def receipt(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, consent_id: str) -> Response:
    """Return the receipt of a withdrawal, to print and hand over."""
    with acting(access, subject, Action.READ_CONSENTS) as connection:
        told = Consents(connection, subject).receipt(candidate_id, consent_id)
    return page(request, "receipt.html", candidate_id=candidate_id, receipt=told)
