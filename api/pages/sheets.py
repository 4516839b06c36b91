"""Sheets to hand out: for the person in large print and plain words, for an employer by function, for the file.

Each is made of what the pages show already; the employer's is byte for byte what the company's own view would say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from api.access import AccessDep, SubjectDep, declare, page_for
from api.pages.lists import list_of_person, own_address
from api.pages.pdf import pdf
from api.pages.people import file_shown
from api.pages.render import page
from api.pages.sheet import Sheet
from api.pages.shown import BETWEEN
from api.pages.words import words
from api.rows import acting
from api.settings import today
from matching.vocabulary import Function
from pipelines.access.roles import Action, Purpose
from pipelines.consent.released import as_company_sees
from pipelines.registers.person_file import person_file
from pipelines.registers.runs import stored_list

router = APIRouter(prefix="/people/{candidate_id}/sheets", include_in_schema=False)
_READ = page_for(Action.READ_SHORTLIST, Purpose.JOB_MATCHING)
_FOR_PERSON = frozenset({"wage", "place", "skill", "preference", "accommodation"})
"""Kinds of reasons that say something to the person; grounds and outcomes of the order are the office's."""
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """What a sheet is made of."""

    connection: Any
    subject: Any
    candidate_id: str
    run: Mapping[str, Any] | None
    vacancy_ids: tuple[str, ...]


def _chosen(asked: Asked) -> list[Mapping[str, Any]]:
    """Return the lines of the list that the sheet is about: those named, else the first few."""
    items: list[Mapping[str, Any]] = [] if asked.run is None else asked.run["items"]
    named = [item for item in items if item["vacancy_id"] in asked.vacancy_ids]
    return named or items[:_SHOWN]


def _for_the_person(asked: Asked) -> Sheet:
    t = words()
    sheet = Sheet(t("sheet.person"), is_large=True)
    if asked.run is None:
        raise HTTPException(404)
    sheet.line(t("sheet.person_lead"))
    of_person: dict[str, None] = {}
    for place, item in enumerate(_chosen(asked), 1):
        sheet.heading(f"{place}. {item['title']}")
        stated = item["vacancy"]
        told = [item["employer"], *(stated[name] for name in ("region", "wage", "hours", "work_mode") if stated[name])]
        sheet.line("，".join(told))
        sheet.list([reason["text"] for reason in item["reasons"] if reason["kind"] in _FOR_PERSON])
        if item["accommodations"]:
            named = BETWEEN.join(one["label"] for one in item["accommodations"])
            sheet.line(t("sheet.person_accommodations", named=named))
        of_post = [one["label"] for one in item["missing"] if one["fact"].startswith("vacancy.")]
        of_person |= {_plainly(one): None for one in item["missing"] if not one["fact"].startswith("vacancy.")}
        if of_post:
            sheet.line(t("sheet.person_missing", named=BETWEEN.join(of_post)))
    if of_person:  # once for all posts: it is the same person
        sheet.heading(t("sheet.person_open_facts"))
        sheet.line(t("sheet.person_tell", named=BETWEEN.join(of_person)))
    notice = asked.run["notice"]
    sheet.heading(t("list.rights"))
    sheet.line(f"{notice['text']}{notice['refusal']}{notice['review']}")
    sheet.line(asked.run["in_charge"]["text"])
    return sheet


def _plainly(missing: Mapping[str, str]) -> str:
    """Return what is missing as one says it to the person: of a function the doing, not how far it is limited."""
    head, _, name = missing["fact"].partition(".")
    return Function(name).label if head == "functions" and name else missing["label"]


def _for_the_employer(asked: Asked) -> Sheet:
    t = words()
    if len(asked.vacancy_ids) != 1:
        raise HTTPException(404)
    seen = as_company_sees(asked.connection, asked.subject, asked.candidate_id, asked.vacancy_ids[0], on=today())
    sheet = Sheet(t("sheet.employer"))
    sheet.facts([(t("compare.post"), seen["title"]), (t("sheet.number"), seen["person"])])
    sheet.heading(t("sheet.employer_functions"))
    sheet.facts([(one["label"], one["text"]) for one in seen["functions"]])
    if not seen["functions"]:
        sheet.line(t("sheet.employer_no_demands"))
    sheet.heading(t("compare.accommodations"))
    sheet.list([f"{one['label']}（{t('state.' + one['state'])}）" for one in seen["accommodations"]])
    if not seen["accommodations"]:
        sheet.line(t("compare.none"))
    if seen["agreed"]:
        sheet.heading(t("sheet.employer_agreed"))
        sheet.facts([(t(f"disclosed.{name}"), _plain(value)) for name, value in seen["agreed"].items()])
    sheet.note(t("sheet.employer_notice"))
    return sheet


def _plain(value: Any) -> str:
    if value in (None, [], {}):
        return words()("form.unknown")
    if isinstance(value, Mapping):
        return "；".join(_plain(one) for one in value.values() if one)
    return BETWEEN.join(map(str, value)) if isinstance(value, list) else str(value)


def _for_the_file(asked: Asked) -> Sheet:
    t = words()
    found = file_shown(person_file(asked.connection, asked.subject, asked.candidate_id, on=today()), today())
    sheet = Sheet(t("sheet.file"))
    sheet.facts([(t("sheet.number"), asked.candidate_id), (t("person.on"), today().isoformat())])
    for group in found["groups"]:
        sheet.heading(t(f"group.{group['name']}"))
        known = [fact for fact in group["facts"] if fact["value"] is not None]
        sheet.facts([(fact["label"], f"{fact['value']}（{fact['source']}）") for fact in known])
        unknown = [fact["label"] for fact in group["facts"] if fact["value"] is None]
        if unknown:
            sheet.line(f"{t('person.unknown')}：{BETWEEN.join(unknown)}")
    sheet.heading(t("person.functions_title"))
    sheet.list([f"{row.label}：{row.words}" for row in found["functions"]["rows"]])
    sheet.heading(t("person.consents"))
    sheet.list([f"{one['label']}：{one['state_label']}" for one in found["consents"]["now"]])
    sheet.heading(t("person.services"))
    if not found["services"]:
        sheet.line(t("person.no_services"))
    sheet.list([f"{one['on']} {one['kind']} {one['outcome'] or ''}" for one in found["services"]])
    sheet.heading(t("person.history"))
    if not found["acts"]:
        sheet.line(t("person.no_history"))
    sheet.list([f"{one['at']} {one['kind']} {one['title']} {one['reason'] or ''}" for one in found["acts"]])
    if asked.run is not None:
        _add_list(sheet, asked.run)
    sheet.signature(t("sheet.signed"))
    return sheet


def _add_list(sheet: Sheet, run: Mapping[str, Any]) -> None:
    t = words()
    sheet.heading(t("list.title"))
    sheet.line(t("list.as_of", on=run["as_of"], model=run["model_version"], rules=run["rules_version"]))
    for item in run["items"]:
        sheet.line(f"{item['rank']}. {item['title']}（{item['employer']}）{t('outcome.' + item['outcome'])}")
        sheet.list([reason["text"] for reason in item["reasons"]])
    sheet.list([f"{t('list.excluded_n', n=one['vacancies'])}{one['reason']}" for one in run["excluded"]])
    sheet.note(f"{run['notice']['text']}{run['in_charge']['text']}")


KINDS: Mapping[str, Callable[[Asked], Sheet]] = {
    "person": _for_the_person,
    "employer": _for_the_employer,
    "file": _for_the_file,
}


@router.get("/{kind}")
@declare(_READ)
def sheet(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, kind: str) -> Response:
    """Return a sheet as a page to print, or with `.pdf` behind its name as a file."""
    name, _, suffix = kind.partition(".")
    if name not in KINDS or suffix not in ("", "pdf"):
        raise HTTPException(404)
    run_id, chosen = request.query_params.get("run", ""), tuple(request.query_params.getlist("v"))
    with acting(access, subject, Action.READ_SHORTLIST) as connection:
        run = list_of_person(stored_list(connection, subject, run_id), candidate_id) if run_id else None
        made = KINDS[name](Asked(connection, subject, candidate_id, run, chosen))
    if suffix:
        told = {"Content-Disposition": f'attachment; filename="yougang-{name}.pdf"'}
        return Response(pdf(made), media_type="application/pdf", headers=told)
    back = own_address(candidate_id, f"/lists/{run_id}" if run_id else "")
    return page(request, "sheet.html", sheet=made, kind=name, query=str(request.query_params), back=back)
