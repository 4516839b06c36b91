"""People as pages: finding one, registering one, and the file of one."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from sqlalchemy import Connection

from api.access import AccessDep, SubjectDep, declare, page_for
from api.cursors import PageDep
from api.documents import row_document
from api.errors import problem_title
from api.forms import Form, form_sent
from api.idempotency import Answer, once
from api.pages.charts import Bar, bars
from api.pages.fact_groups import GROUPS
from api.pages.fields import cells_from, fields_of, wrongs
from api.pages.render import REQUEST_KEY, page, see_other
from api.pages.shown import shown
from api.pages.words import words
from api.rows import acting, key_of
from api.settings import today
from matching.identity import IdentityError, normalise_certificate, parse_certificate, read_certificate
from matching.regions import region_name
from matching.vocabulary import Function
from pipelines.access.errors import Forbidden, NoSuchPerson
from pipelines.access.roles import Action, Purpose
from pipelines.caseload.merges import kept_instead
from pipelines.consent.effects import refuse_unwanted_contact
from pipelines.initiatives.offers import offers_for
from pipelines.registers.errors import CertificateTaken, Fault, RowRefused
from pipelines.registers.finding import find_people
from pipelines.registers.masks import in_full, masked
from pipelines.registers.people import People
from pipelines.registers.person_file import PersonFile, person_file
from pipelines.registers.rows import Register, Row
from pipelines.schema import CANDIDATES, SERVICES

router = APIRouter(prefix="/people", include_in_schema=False)
READ = page_for(Action.READ_CANDIDATES, Purpose.JOB_MATCHING)
WRITE = page_for(Action.WRITE_CANDIDATES, Purpose.JOB_MATCHING)
_IDENTITY = page_for(Action.READ_IDENTITY, Purpose.CONTACT)
_FOUND = 50
SOON_DAYS = 90
WHY_IN_FULL = (Purpose.CONTACT, Purpose.IDENTITY_CHECK, Purpose.BENEFIT_DECISION, Purpose.PERSONS_REQUEST)


def person_line(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a person as a list shows them: masked, with what tells two apart."""
    told = masked(row_document(CANDIDATES, values))
    spec = CANDIDATES
    return {
        "candidate_id": values["candidate_id"],
        "name": told["name"],
        "born": told["birth_date"],
        "region": None if values["region"] is None else region_name(values["region"]),
        "category": shown(spec.column("category"), values["category"]),
        "job_wish": shown(spec.column("job_wish"), values["job_wish"]),
        "phone": told["phone"],
    }


@router.get("")
@declare(READ)
def people(request: Request, access: AccessDep, subject: SubjectDep, part: PageDep) -> Response:
    """Return a page of the people whom the subject sees."""
    filters: dict[str, Any] = {}
    after = part.after(subject, filters)
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        register = Register(connection, CANDIDATES, subject)
        rows, has_more = register.page(
            after=after, limit=part.limit, filters=filters, action=Action.READ_CANDIDATES
        )  # fmt: skip
    following = part.next(subject, filters, key_of(CANDIDATES, rows[-1])) if has_more else None
    return page(request, "people.html", **_listed(rows), following=following, is_search=False, is_first=after is None)


def _listed(rows: list[Row]) -> dict[str, Any]:
    return {"people": [person_line(row.values) for row in rows]}


@router.post("/search")
@declare(READ)
def search(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Find people by what they say of themselves; asked by a form, so that no name stands in an address."""
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        rows = find_people(connection, subject, form_sent(request).text("who"), limit=_FOUND)
    return page(request, "people.html", **_listed(rows), following=None, is_search=True, is_first=True)


# ---- a new person ----

_FIRST = GROUPS[0]


def _new_page(
    request: Request, form: Form | None = None, faults: tuple[Fault, ...] = (), status: int = 200
) -> Response:
    fields = fields_of(CANDIDATES, _FIRST.columns, {}, form, faults)
    told = wrongs(CANDIDATES, faults, _FIRST.columns)
    return page(
        request, "person_new.html", status, fields=fields, faults=told, groups=GROUPS, group=_FIRST, sources=SOURCES,
        source=form.text("source") if form else "",
    )  # fmt: skip


SOURCES = ("person", "document", "family", "community", "employer", "other_office")
"""Whom facts come from, as `source.` words; stored with each fact beside its day."""


@router.get("/new")
@declare(WRITE)
def new_person(request: Request) -> Response:
    """Ask the first step of a new person."""
    return _new_page(request)


@router.post("/new")
@declare(WRITE)
def add_person(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Register a person with whatever is known; what is not stays unknown and is asked later."""
    form = form_sent(request)
    cells = cells_from(CANDIDATES, _FIRST.columns, {}, form)
    source = form.text("source")

    def work(connection: Connection) -> Answer:
        by = source if source in SOURCES else None
        row, _ = People(connection, subject).add(cells, on=today(), supplied_by=by)
        candidate_id = row.values["candidate_id"]
        return Answer(201, None, {"Location": f"/people/{quote(candidate_id, safe='')}"}, ("candidate", candidate_id))

    try:
        done = once(request, access, subject, work, key=form.text(REQUEST_KEY))
    except RowRefused as error:
        return _new_page(request, form, error.faults, 422)
    except CertificateTaken as error:
        return _new_page(request, form, (Fault("certificate_number", problem_title(error)),), 422)
    return see_other(f"{done.headers['location']}/facts/functions?step=1", "person_added")


@router.post("/certificate")
@declare(WRITE)
def check_certificate(request: Request, access: AccessDep, subject: SubjectDep) -> Response:
    """Say at once whether a certificate number can be right, and what it says; never whose it is."""
    form, t = form_sent(request), words()
    number = normalise_certificate(form.text("certificate_number"))
    told: dict[str, Any] = {"is_wrong": False, "text": ""}
    if number:
        try:
            found = parse_certificate(number)
            told["text"] = t(
                "certificate.reads",
                category=found.category.label,
                grade=t(f"grade.g{found.grade}"),
                sex=found.sex.label,
                born=found.birth_date.year,
            )
        except IdentityError as error:
            told = {"is_wrong": True, "text": str(error)}
    return page(request, "_certificate.html", **told)


# ---- the file of a person ----


@router.get("/{candidate_id}")
@declare(READ)
def person(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Return what is kept of a person, sensitive facts masked; an id from before a merge leads to the kept file."""
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        try:
            found = person_file(connection, subject, candidate_id, on=today())
        except NoSuchPerson:
            kept = kept_instead(connection, subject, candidate_id)
            if kept is None:
                raise
            return see_other(f"/people/{quote(kept, safe='')}", "was_merged")
        offers = offers_for(connection, subject, candidate_id, today())
    return page(request, "person.html", **file_shown(found, today()), offers=offers, identity=None, why=WHY_IN_FULL)


@router.post("/{candidate_id}/identity")
@declare(_IDENTITY)
def identity(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str) -> Response:
    """Return name, numbers and address in full, for the purpose that the form states; nothing of it is kept."""
    stated = form_sent(request).text("purpose")
    purpose = next((one for one in WHY_IN_FULL if one.value == stated), None)
    if purpose is None:
        raise Forbidden("完整查看身份信息须写明目的")
    asking = subject.stating(purpose)
    with acting(access, asking, Action.READ_IDENTITY) as connection:
        found = People(connection, asking).one(candidate_id, Action.READ_IDENTITY)
        if purpose is Purpose.CONTACT:
            refuse_unwanted_contact(connection, candidate_id)
    told = in_full(row_document(CANDIDATES, found.row.values))
    spec = CANDIDATES
    lines = [(spec.column(name).label, value) for name, value in told.items() if name != "candidate_id" and value]
    return page(request, "identity.html", candidate_id=candidate_id, lines=lines, purpose=purpose.value)


def head_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the head of every page about a person shows."""
    return {"person": person_line(values)}


def file_shown(found: PersonFile, on: date) -> dict[str, Any]:
    """Return a person's file as its page shows it."""
    values, sources = found.record.row.values, found.record.sources
    told = masked(row_document(CANDIDATES, values))
    t = words()
    by_number = _told_by_number(values)
    groups = []
    for group in GROUPS:
        facts = []
        for name in group.columns:
            column = CANDIDATES.column(name)
            value = told[name] if column.sensitive else shown(column, values[name])
            if name == "birth_date" and value is not None:
                value = t("unit.birth_date", n=value)
            if name == "functions":
                value = None if values[name] in (None, {}) else t("person.as_picture")
            source = source_words(sources.get(name))
            if value is None and name in by_number:
                value, source = by_number[name], t("person.by_number")
            facts.append({"name": name, "label": column.label, "value": value, "source": source})
        groups.append({"name": group.name, "facts": facts, "n_unknown": sum(fact["value"] is None for fact in facts)})
    return {
        **head_of(values),
        "version": found.record.row.version,
        "groups": groups,
        "functions": functions_shown(values["functions"] or {}),
        "alerts": alerts(values, on),
        "consents": found.consents,
        "services": [
            {name: shown(SERVICES.column(name), row[name]) for name in ("kind", "on", "by", "outcome")}
            for row in found.services
        ],
        "acts": [
            {
                "at": row["at"].isoformat(),
                "kind": row["kind"].label,
                "reason": row["reason"],
                "title": found.posts.get(row["vacancy_id"], (row["vacancy_id"], ""))[0],
                "employer": found.posts.get(row["vacancy_id"], ("", ""))[1],
                "vacancy_id": row["vacancy_id"],
            }
            for row in found.acts
        ],
        "placements": [
            {
                "from": None if row["starts_on"] is None else row["starts_on"].isoformat(),
                "to": None if row["ends_on"] is None else row["ends_on"].isoformat(),
                "form": None if row["form"] is None else row["form"].label,
                "wage": None if row["monthly_wage"] is None else f"{row['monthly_wage']:f}",
                "title": found.posts.get(row["vacancy_id"] or "", ("", ""))[0],
                "employer": found.posts.get(row["vacancy_id"] or "", ("", ""))[1],
            }
            for row in found.placements
        ],
    }


def _told_by_number(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the certificate number says, as far as facts are shown: lists go by it, so it is not unknown."""
    number = values["certificate_number"]
    if number is None:
        return {}
    try:
        told = read_certificate(number)
    except IdentityError:
        return {}
    return {
        "category": told.category.label,
        "grade": shown(CANDIDATES.column("grade"), told.grade),
        "sex": told.sex.label,
        "birth_date": words()("unit.birth_date", n=told.birth_date.year),
    }


def source_words(source: Mapping[str, str] | None) -> str:
    """Return who supplied a fact and when, in words."""
    if source is None:
        return ""
    t, by = words(), source["by"]
    who = t(f"source.{by}") if by in SOURCES else t("source.staff") if by.startswith("user:") else by
    return t("source.said", who=who, on=source["on"])


def alerts(values: Mapping[str, Any], on: date) -> list[str]:
    """Return what to know of a person first."""
    t, found = words(), []
    ends = values["certificate_valid_until"]
    if ends is not None and (ends - on).days < SOON_DAYS:
        found.append(t("alert.certificate_over" if ends < on else "alert.certificate_soon", on=ends.isoformat()))
    if values["job_wish"] is None:
        found.append(t("alert.wish_unknown"))
    if not values["functions"]:
        found.append(t("alert.functions_unknown"))
    return found


def functions_shown(held: Mapping[Function, int]) -> dict[str, Any]:
    """Return the functions as a picture and as the rows of the table beside it."""
    t = words()
    rows = [
        Bar(f.label, held.get(f), t("level.unknown") if held.get(f) is None else t(f"level.l{held[f]}"))
        for f in Function
    ]
    told = t("person.functions_desc", known=len(held), all=len(Function))
    drawn = bars(t("person.functions_title"), told, "functions", rows, most=4)
    return {"chart": drawn, "rows": rows, "is_known": bool(held)}
