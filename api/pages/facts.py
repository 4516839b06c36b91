"""The facts of a person, asked and changed a group at a time, each with whom it comes from."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from api.access import AccessDep, SubjectDep, declare
from api.errors import problem_title
from api.etags import stale
from api.forms import Form, form_sent
from api.pages.fact_groups import BY_NAME, GROUPS, Group, following
from api.pages.fields import CLEARED, Option, cells_from, fields_of, wrongs
from api.pages.people import READ, SOURCES, WRITE, head_of
from api.pages.render import ROW_VERSION, page, see_other
from api.pages.words import words
from api.rows import acting
from api.settings import today
from matching.vocabulary import Function
from pipelines.access.roles import Action
from pipelines.registers.errors import CertificateTaken, Fault, RowRefused
from pipelines.registers.people import People
from pipelines.registers.rows import Row
from pipelines.schema import CANDIDATES

router = APIRouter(prefix="/people/{candidate_id}/facts", include_in_schema=False)


def _group(name: str) -> Group:
    if name not in BY_NAME:
        raise HTTPException(404)
    return BY_NAME[name]


@router.get("/{group}")
@declare(READ)
def ask(
    request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, group: str, step: str = ""
) -> Response:
    """Ask the facts of a group, as they stand."""
    asked = _group(group)
    with acting(access, subject, Action.READ_CANDIDATES) as connection:
        row = People(connection, subject).one(candidate_id, Action.READ_CANDIDATES).row
    return _page(request, asked, row, is_step=bool(step))


def _page(
    request: Request,
    group: Group,
    row: Row,
    *,
    is_step: bool,
    form: Form | None = None,
    faults: tuple[Fault, ...] = (),
    status: int = 200,
) -> Response:
    plain = [name for name in group.columns if name != "functions"]
    known = [name for name in plain if CANDIDATES.column(name).sensitive and row.values[name] is not None]
    return page(
        request,
        "facts.html",
        status,
        **head_of(row.values),
        group=group,
        groups=GROUPS,
        is_step=is_step,
        fields=fields_of(CANDIDATES, plain, row.values, form, faults),
        levels=_levels(row, form) if "functions" in group.columns else [],
        sealed=[(name, CANDIDATES.column(name).label) for name in known],
        cleared_field=CLEARED,
        faults=wrongs(CANDIDATES, faults, group.columns),
        version=form.text(ROW_VERSION) if form else row.version,
        sources=SOURCES,
        source=form.text("source") if form else "",
    )


def _levels(row: Row, form: Form | None) -> list[dict[str, Any]]:
    """Return how far each function is limited, to choose from; what nobody asked is unknown."""
    t, held = words(), row.values["functions"] or {}
    found = []
    for function in Function:
        chosen = str(held.get(function, "")) if form is None else form.text(f"functions.{function.value}")
        known = tuple(Option(str(n), t(f"level.l{n}"), str(n) == chosen) for n in range(5))
        options = (Option("", t("level.unknown"), chosen not in "01234" or not chosen), *known)
        found.append({"name": function.value, "label": function.label, "options": options})
    return found


@router.post("/{group}")
@declare(WRITE)
def change(request: Request, access: AccessDep, subject: SubjectDep, candidate_id: str, group: str) -> Response:
    """Change what the form says otherwise than what is stored; a field left empty says that it is unknown again."""
    asked, form = _group(group), form_sent(request)
    version, is_step = form.text(ROW_VERSION), bool(form.text("step"))
    with acting(access, subject, Action.WRITE_CANDIDATES) as connection:
        people = People(connection, subject)
        row = people.one(candidate_id, Action.READ_CANDIDATES).row
        cells = cells_from(CANDIDATES, asked.columns, row.values, form)
        faults = _written(people, candidate_id, cells, version, form.text("source"))
    if faults:
        return _page(request, asked, row, is_step=is_step, form=form, faults=faults, status=422)
    return _onward(candidate_id, asked, form, n_changed=len(cells))


def _written(people: People, candidate_id: str, cells: dict[str, str], version: str, source: str) -> tuple[Fault, ...]:
    """Write what changed; return what cannot be taken."""
    if not cells:
        return ()
    if not version.isascii() or not version.isdigit():
        stale()
    by = source if source in SOURCES else None
    try:
        row = people.change(candidate_id, cells, int(version), on=today(), supplied_by=by)
    except RowRefused as error:
        return error.faults
    except CertificateTaken as error:
        return (Fault("certificate_number", problem_title(error)),)
    if row is None:
        stale()
    return ()


def _onward(candidate_id: str, group: Group, form: Form, *, n_changed: int) -> Response:
    person = f"/people/{quote(candidate_id, safe='')}"
    if form.text("step"):
        next_one = following(group.name)
        goes_to = f"{person}/facts/{next_one}?step=1" if next_one else f"{person}/list"
        return see_other(goes_to, "facts_saved", n_changed) if n_changed else see_other(goes_to)
    return see_other(person, "facts_saved", n_changed) if n_changed else see_other(person, "facts_same")
