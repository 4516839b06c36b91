"""The form by which any benefit is claimed: begun from the benefit, kept through the same ledger as at the interface.

The amount begins empty unless the rule names one confirmed sum for the whole; left empty it is verified by a person.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from sqlalchemy import Connection

from api.access import Access, AccessDep, SubjectDep, declare, page_for
from api.clock import moment
from api.errors import problem_title
from api.forms import Form, form_sent
from api.idempotency import Answer, once
from api.pages.benefits import benefits_address
from api.pages.fields import Field, Option, Wrong
from api.pages.people import person_line
from api.pages.quota import entries_of
from api.pages.render import REQUEST_KEY, page, see_other
from api.pages.words import words
from api.routes.claims import NewClaim, proposal_of
from api.rows import acting, note_refused, telling_crossed
from api.settings import today
from matching.regions import divisions, region_name
from matching.rules.rulebook import rulebook
from pipelines.access.errors import NoSuchPerson
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.claims.costs import COSTS, usual_cost
from pipelines.claims.errors import ClaimOverlaps
from pipelines.claims.ledger import Ledger
from pipelines.registers.cases import candidate_benefits, employer_benefits, placement_benefits
from pipelines.registers.errors import Fault, NoSuchRecord, RowRefused
from pipelines.registers.names import employer_names
from pipelines.registers.people import People
from pipelines.registers.rows import Register
from pipelines.schema import PLACEMENTS, holds_citizen_number
from pipelines.store.selections import SomeEmployers

router = APIRouter(prefix="/claims", include_in_schema=False)
_WRITE = page_for(Action.WRITE_BENEFITS, Purpose.BENEFIT_DECISION)
_FIELDS = ("from_month", "to_month", "cost_basis", "county", "amount")
_ABOUT = ("rule_id", "candidate_id", "employer_id", "placement_id")
_HINTED = frozenset({"from_month", "to_month", "amount"})
_WHOLE = ("once", "total")
_MONTH = re.compile(r"(20\d{2})\D{1,3}(\d{1,2})\D?")


@dataclass(frozen=True, slots=True)
class _About:
    """What a claim would be of: the benefit as it is answered today, for whom, and where they belong."""

    rule_id: str
    candidate_id: str | None
    employer_id: str | None
    placement_id: str | None
    entry: Mapping[str, Any]
    person: Mapping[str, Any] | None
    employer: str | None
    county: str | None


def _about(connection: Connection, subject: Subject, sent: Mapping[str, str]) -> _About:
    """Return what a form is about, as far as the subject sees it.

    Raises
    ------
    NoSuchPerson, NoSuchEmployer, NoSuchRecord
        When there is nobody or nothing like that, or nothing visible.
    """
    book = rulebook()
    person, employer, job = (sent.get(name) or None for name in ("candidate_id", "employer_id", "placement_id"))
    if job is not None:
        held = Register(connection, PLACEMENTS, subject).one((job,), Action.READ_PLACEMENTS).values
        person, employer = held["candidate_id"], held["employer_id"]
        found = placement_benefits(connection, subject, book, job, today())
    elif person is not None:
        found = candidate_benefits(connection, subject, book, person, today())
    elif employer is not None:
        found = employer_benefits(connection, subject, book, employer, today())
    else:
        raise NoSuchRecord("没有这条记录")
    entry = next((one for one in entries_of(found) if one["rule_id"] == sent.get("rule_id")), None)
    if entry is None:
        raise NoSuchRecord("没有这条记录")
    values = None if person is None else People(connection, subject).one(person, Action.READ_CANDIDATES).row.values
    firm = None if employer is None else SomeEmployers(connection, subject).of(employer)
    is_firms = values is None or entry["payee"] in ("employer", "institution")
    places = [None if firm is None else firm.region, None if values is None else values["region"]]
    return _About(
        entry["rule_id"],
        person,
        employer,
        job,
        entry,
        None if values is None else person_line(values),
        employer_names(connection, subject, [employer]).get(employer or ""),
        next((one for one in (places if is_firms else places[::-1]) if one), None),
    )


@router.get("/new")
@declare(_WRITE)
def new(
    request: Request,
    access: AccessDep,
    subject: SubjectDep,
    rule_id: str = "",
    candidate_id: str = "",
    employer_id: str = "",
    placement_id: str = "",
) -> Response:
    """Show the form for claiming a benefit, begun from what the rules answer today."""
    sent = dict(zip(_ABOUT, (rule_id, candidate_id, employer_id, placement_id), strict=True))
    return _page(request, access, subject, sent)


@dataclass(frozen=True, slots=True)
class _Refused:
    """A form that came back, and why."""

    form: Form
    faults: Sequence[Fault] = ()
    said: str = ""
    crossed: Sequence[Mapping[str, str]] = ()


def _page(
    request: Request,
    access: Access,
    subject: Subject,
    sent: Mapping[str, str],
    refused: _Refused | None = None,
    status: int = 200,
) -> Response:
    with acting(access, subject, Action.WRITE_BENEFITS) as connection:
        about = _about(connection, subject, sent)
    fields = _fields(about, subject, refused)
    labels = {one.name: one.label for one in fields}
    faults = [] if refused is None else list(refused.faults)
    return page(
        request,
        "claim_new.html",
        status,
        entry=about.entry,
        person=about.person,
        employer_id=about.employer_id,
        employer=about.employer,
        about={name: getattr(about, name) for name in _ABOUT},
        fields=fields,
        faults=[
            Wrong(name, labels[name], one.reason)
            for one in faults
            for name in [one.column if one.column in labels else _FIELDS[0]]
        ],
        refused="" if refused is None else refused.said,
        crossed=() if refused is None else refused.crossed,
        back=benefits_address(about.candidate_id, about.employer_id),
    )


def _fields(about: _About, subject: Subject, refused: _Refused | None) -> list[Field]:
    t = words()
    first = date(today().year, today().month, 1)
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    begins = {
        "from_month": f"{first:%Y-%m}",
        "to_month": f"{after:%Y-%m}",
        "cost_basis": usual_cost(about.rule_id) or "",
        "county": about.county or "",
        "amount": _whole_sum(about.entry),
    }
    held = begins if refused is None else {name: refused.form.text(name) for name in _FIELDS}
    held = {name: "" if holds_citizen_number(text) else text for name, text in held.items()}
    wrong = {} if refused is None else {one.column: one.reason for one in reversed(refused.faults)}
    choose = ("", t("claims.choose_one"))
    options = {
        "cost_basis": [choose, *((one, t(f"claim_cost.{one}")) for one in COSTS)],
        "county": [choose, *((code, region_name(code)) for code in _counties(subject, held["county"]))],
    }
    return [
        Field(
            name,
            t(f"claims_field.{name}"),
            "select" if name in options else "text",
            "" if name in options else held[name],
            tuple(Option(value, label, value == held[name]) for value, label in options.get(name, ())),
            hint=t(f"claims_hint.{name}") if name in _HINTED else "",
            fault=wrong.get(name, ""),
            is_short=True,
            inputmode="decimal" if name == "amount" else "",
        )
        for name in _FIELDS
    ]


def _counties(subject: Subject, held: str) -> list[str]:
    """Return the places that may be claimed from, and the one that stands in the form, whatever it is."""
    is_all = subject.is_local or subject.is_whole_province
    ours = [code for code in sorted(divisions()) if code.startswith("62") and (is_all or code in subject.codes)]
    return ours if held in ours or held not in divisions() else [*ours, held]


def _whole_sum(entry: Mapping[str, Any]) -> str:
    """Return the sum that a rule names for the whole; empty where it is by month, a ceiling, open or unconfirmed."""
    told = entry["amount"]
    is_sure = entry["outcome"] == "met" and told is not None and told["status"] == "known" and not entry["to_verify"]
    if not is_sure or told["is_ceiling"] or told["per"] not in _WHOLE:
        return ""
    return str(told["amount"])


@router.post("")
@declare(_WRITE)
def propose(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Propose the claim; another person decides it."""
    form = form_sent(request)
    sent = {name: form.text(name) for name in _ABOUT}
    try:
        body = _body(form, access, subject, sent)

        def work(connection: Connection) -> Answer:
            claim = Ledger(connection, subject, at=moment()).propose(rulebook(), proposal_of(body))
            about = ("claim", claim.claim_id) if claim.candidate_id is None else ("candidate", claim.candidate_id)
            return Answer(201, None, {"Location": f"/claims/{quote(claim.claim_id, safe='')}"}, about)

        with telling_crossed(access, subject):
            done = once(request, access, subject, work, key=form.text(REQUEST_KEY))
    except NoSuchPerson:
        note_refused(access, subject, Action.WRITE_BENEFITS)
        raise
    except RowRefused as error:
        return _page(request, access, subject, sent, _Refused(form, error.faults), 422)
    except ClaimOverlaps as error:
        back = _Refused(form, said=problem_title(error), crossed=error.others)
        return _page(request, access, subject, sent, back, 409)
    return see_other(done.headers["Location"], "claim_proposed")


def _body(form: Form, access: Access, subject: Subject, sent: Mapping[str, str]) -> NewClaim:
    """Return what a form sends as the interface takes it, with all that is wrong with it at its fields.

    Raises
    ------
    RowRefused
        When a field cannot be what it should.
    NoSuchPerson, NoSuchEmployer, NoSuchRecord
        When it is about nobody or nothing visible.
    """
    with acting(access, subject, Action.WRITE_BENEFITS) as connection:
        about = _about(connection, subject, sent)
    given = {
        "rule_id": about.rule_id,
        "candidate_id": about.candidate_id,
        "employer_id": about.employer_id,
        "from_month": _month(form.text("from_month")),
        "to_month": _month(form.text("to_month")),
        "cost_basis": form.text("cost_basis"),
        "county": form.text("county"),
        "amount": form.text("amount").replace(",", "").replace("，", "") or None,
    }
    try:
        return NewClaim.model_validate(given)
    except ValidationError as error:
        names = dict.fromkeys(str(one["loc"][0]) for one in error.errors(include_input=False))
        raise RowRefused([Fault(name, words()(f"claims_wrong.{name}")) for name in names]) from None


def _month(text: str) -> str:
    """Return a month as the interface writes it; 2026年3月 and 2026/3 are the same."""
    found = _MONTH.fullmatch(text)
    return f"{found[1]}-{int(found[2]):02d}" if found else text
