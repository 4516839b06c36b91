"""Placements to confirm: those that run and of which nobody has said that the person is at work; settled one by one."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api.access import AccessDep, SubjectDep, declare, page_for
from api.cursors import PageDep
from api.errors import problem_title
from api.etags import stale
from api.forms import Form, form_sent
from api.pages.fields import cells_from, fields_of, wrongs
from api.pages.people import person_line
from api.pages.render import ROW_VERSION, page, see_other
from api.pages.shown import shown
from api.pages.tabs import tabs_of
from api.rows import acting
from api.settings import today
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.registers.errors import AlreadyRegistered, Fault, RowRefused
from pipelines.registers.names import employer_names
from pipelines.registers.rows import Register
from pipelines.registers.unconfirmed import FACTS, unconfirmed
from pipelines.schema import CANDIDATES, PLACEMENTS

router = APIRouter(prefix="/supervision/placements", include_in_schema=False)
_WRITE = page_for(Action.WRITE_PLACEMENTS, Purpose.JOB_MATCHING)
_HERE = "/supervision/placements"
_TOLD = ("form", "starts_on", "social_insurance", "wage_paid_by_bank")


@router.get("")
@declare(_WRITE)
def placements(request: Request, access: AccessDep, subject: SubjectDep, part: PageDep) -> Response:
    """Show the placements of the day that wait to be confirmed."""
    filters: dict[str, Any] = {}
    after = part.after(subject, filters)
    with acting(access, subject, Action.READ_PLACEMENTS) as connection:
        last = None if after is None else str(after[0])
        rows, has_more = unconfirmed(connection, subject, today(), after=last, limit=part.limit)
        people = Register(connection, CANDIDATES, subject).repository.find(
            [(row.values["candidate_id"],) for row in rows]
        )
        names = employer_names(connection, subject, [row.values["employer_id"] for row in rows])
    lines = [
        {
            "placement_id": row.values["placement_id"],
            "person": person_line(people[row.values["candidate_id"],]),
            "employer_id": row.values["employer_id"],
            "facts": [
                (column.label, shown(column, row.values[column.name])) for column in map(PLACEMENTS.column, _TOLD)
            ],
        }
        for row in rows
    ]
    following = part.next(subject, filters, (rows[-1].values["placement_id"],)) if has_more else None
    return page(
        request,
        "placements.html",
        tabs=tabs_of(subject, _HERE),
        lines=lines,
        names=names,
        following=following,
        on=today().isoformat(),
    )


@router.get("/{placement_id}")
@declare(_WRITE)
def placement(request: Request, access: AccessDep, subject: SubjectDep, placement_id: str) -> Response:
    """Ask what is known of one placement."""
    return _asked(request, access, subject, placement_id)


def _asked(
    request: Request,
    access: Any,
    subject: Subject,
    placement_id: str,
    *,
    form: Form | None = None,
    faults: tuple[Fault, ...] = (),
    status: int = 200,
) -> Response:
    with acting(access, subject, Action.READ_PLACEMENTS) as connection:
        row = Register(connection, PLACEMENTS, subject).one((placement_id,), Action.READ_PLACEMENTS)
        people = Register(connection, CANDIDATES, subject).repository.find([(row.values["candidate_id"],)])
        names = employer_names(connection, subject, [row.values["employer_id"]])
    return page(
        request,
        "placement.html",
        status,
        placement_id=placement_id,
        person=person_line(people[row.values["candidate_id"],]),
        employer=names.get(row.values["employer_id"] or "", row.values["employer_id"]),
        version=row.version,
        fields=fields_of(PLACEMENTS, FACTS, row.values, form, faults),
        faults=wrongs(PLACEMENTS, faults, FACTS),
    )


@router.post("/{placement_id}")
@declare(_WRITE)
def confirm(request: Request, access: AccessDep, subject: SubjectDep, placement_id: str) -> Response:
    """Keep what was found out; what nobody knows stays unknown."""
    form = form_sent(request)
    version = form.text(ROW_VERSION)
    try:
        with acting(access, subject, Action.WRITE_PLACEMENTS) as connection:
            register = Register(connection, PLACEMENTS, subject)
            stored = register.one((placement_id,), Action.READ_PLACEMENTS)
            cells = cells_from(PLACEMENTS, FACTS, stored.values, form)
            if not cells:
                return see_other(_HERE, "facts_same")
            number = int(version) if version.isascii() and version.isdigit() and len(version) < 18 else 0
            row = register.change((placement_id,), cells, number, Action.WRITE_PLACEMENTS, on=today())
    except RowRefused as error:
        return _asked(request, access, subject, placement_id, form=form, faults=error.faults, status=422)
    except AlreadyRegistered as error:
        told = (Fault(FACTS[0], problem_title(error)),)
        return _asked(request, access, subject, placement_id, form=form, faults=told, status=409)
    if row is None:
        stale()
    return see_other(_HERE, "placement_confirmed")
