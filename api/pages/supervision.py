"""How a region gets on, for supervisors: the plan's figures, services by county, units under a duty, households.

What is counted takes longer than a page may for a province, so that it is counted beside the requests and kept a while.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from api.access import AccessDep, SubjectDep, declare, page_for
from api.cursors import PageDep
from api.kept_work import KeptWork
from api.pages.plots import Parts, counts, parts
from api.pages.render import page
from api.pages.tables import Figure, Table
from api.pages.tabs import tabs_of
from api.pages.words import words
from api.problems import Busy
from api.rows import acting
from api.settings import today
from matching.duties.households import HouseholdState
from matching.duties.terms import terms_on
from matching.regions import GANSU
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Action, Purpose, Subject
from pipelines.duties.households import HouseholdPage, households_found, note_households
from pipelines.duties.places import area_of
from pipelines.duties.units import DUTIES, unit_list
from pipelines.reports.plan.files import write_report
from pipelines.reports.plan.layout import Sheet, laid_out
from pipelines.reports.plan.progress import progress_of
from pipelines.reports.plan.report import FIRST_YEAR, LAST_YEAR, note_plan_read, plan_report

router = APIRouter(prefix="/supervision", include_in_schema=False)
READ = page_for(Action.READ_REPORTS, Purpose.SUPERVISION)
_PEOPLE = page_for(Action.READ_CANDIDATES, Purpose.SUPERVISION)
MOMENT_SECONDS = 0.2
_PATIENCE_SECONDS = 40
_KINDS = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html; charset=utf-8",
}
_COUNTIES = 20
Year = Annotated[int | None, Query(ge=FIRST_YEAR, le=LAST_YEAR)]


def _refuse_without_people(subject: Subject) -> None:
    """Analysts have reports of their own, with small numbers suppressed; these are exact over a place."""
    if not subject.sees_people:
        raise Forbidden("您的角色没有这个页面")


def _kept(request: Request) -> KeptWork:
    kept: KeptWork = request.app.state.kept_reports
    return kept


@router.get("")
@declare(READ)
def progress(request: Request, access: AccessDep, subject: SubjectDep, year: Year = None) -> Response:
    """Show the figures of a year, each as a chart with its table."""
    _refuse_without_people(subject)
    on = today()
    wanted = year or on.year

    def work() -> dict[str, Any]:
        with access.engine.connect() as connection:
            return progress_of(connection, subject, wanted, on)

    with access.engine.begin() as connection:
        note_plan_read(connection, subject)
    found = _kept(request).get((subject, "progress", wanted, on), work, wait=MOMENT_SECONDS)
    return page(
        request,
        "supervision.html",
        tabs=tabs_of(subject, "/supervision"),
        year=wanted,
        years=list(range(on.year, on.year - 5, -1)),
        again=f"/supervision?year={wanted}",
        found=found,
        lead=[] if found is None else laid_out(found["report"]).lead,
        figures=[] if found is None else _figures(found),
        by_hand=[] if found is None else found["report"]["not_counted"],
    )


def _figures(found: Mapping[str, Any]) -> list[Figure]:
    """Return every figure of the report, and after the four services what is due county by county."""
    report = found["report"]
    figures = []
    for figure, sheet in zip(report["figures"], laid_out(report).sheets, strict=True):
        figures.append(_figure(figure, sheet))
        if figure["name"] == "employment_service":
            figures.append(_by_county(found["counties"]))
    return figures


def _figure(figure: Mapping[str, Any], sheet: Sheet) -> Figure:
    """Return a figure of the report: done and not done as parts of a bar, else the one column that is drawn."""
    t, unit = words(), figure["unit"]
    columns = {column["name"]: column["label"] for column in figure["columns"]}
    pair = next(((one, other) for one, other in _PAIRS if one in columns and other in columns), None)
    whole: Mapping[str, Any] = next((row["counts"] for row in figure["rows"] if row["place"] == GANSU), {})
    places = [row for row in figure["rows"] if row["place"] != GANSU] or figure["rows"]
    name, title = f"f-{figure['name']}", sheet.title
    notes = list(sheet.notes[:-1])  # the last one is for the command line
    if pair is not None:
        total = t("supervision.total_pair", one=columns[pair[0]], n=whole.get(pair[0]), other=columns[pair[1]],
                  m=whole.get(pair[1]), unit=unit)  # fmt: skip
        rows = [_parts(row["label"], row["counts"], pair) for row in places]
        drawing = parts(title, t("supervision.drawn", unit=unit), name, rows, (columns[pair[0]], columns[pair[1]]))
    else:
        drawn = "all" if "all" in columns else next(iter(columns))
        total = t("supervision.total", n=whole.get(drawn), unit=unit)
        bars = [(row["label"], row["counts"][drawn]) for row in places]
        drawing = counts(title, t("supervision.drawn", unit=unit), name, bars)
        notes.append(t("supervision.drawn_column", column=columns.get(drawn, drawn)))
    table = [[str(cell) for cell in row] for row in sheet.rows]
    return Figure(title, drawing, Table(title, sheet.head, table), notes, total)


_PAIRS = (("done", "due"), ("done", "not_done"), ("with_work", "without"), ("with_plan", "without_plan"))


def _parts(label: str, told: Mapping[str, int | None], pair: tuple[str, str]) -> Parts:
    one, other = told[pair[0]], told[pair[1]]
    return Parts(label, one, other, f"{one} / {other}")


def _by_county(found: Mapping[str, Any]) -> Figure:
    t, titles, rows = words(), found["figures"], found["rows"]
    heads = [t("supervision.county"), *(t("supervision.due_of", title=title) for title in titles.values())]
    table = [
        [row["label"], *(f"{row['counts'][name]['due']} / {sum(row['counts'][name].values())}" for name in titles)]
        for row in rows
    ]
    title = t("supervision.by_county")
    bars = [(row["label"], row["due"]) for row in rows[:_COUNTIES]]
    drawing = counts(title, t("supervision.by_county_drawn", n=len(bars)), "f-county", bars) if bars else None
    total = t("supervision.by_county_total", n=len(rows))
    return Figure(title, drawing, Table(title, heads, table), [t("supervision.by_county_note", n=_COUNTIES)], total)


@router.get("/report.{kind}")
@declare(READ)
def report(
    request: Request,
    access: AccessDep,
    subject: SubjectDep,
    kind: Literal["docx", "xlsx", "html"],
    year: Year = None,
    public: bool = False,
) -> Response:
    """Hand the yearly report out as a file: with exact numbers for the office, or as it may be published."""
    on = today()
    wanted = year or on.year

    def work() -> bytes:
        with access.engine.begin() as connection:
            document = plan_report(connection, subject, wanted, on, is_exact=not public)
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / f"report.{kind}"
            write_report(document, out)
            return out.read_bytes()

    with access.engine.begin() as connection:
        note_plan_read(connection, subject)
    found = _kept(request).get((subject, kind, public, wanted, on), work, wait=_PATIENCE_SECONDS)
    if found is None:
        raise Busy("还在统计", seconds=_PATIENCE_SECONDS)
    told = {"Content-Disposition": f'attachment; filename="yougang-plan-{wanted}.{kind}"'}
    return Response(found, media_type=_KINDS[kind], headers=told)


@router.get("/units")
@declare(READ)
def units(
    request: Request,
    access: AccessDep,
    subject: SubjectDep,
    duty: Literal["min_one", "quota", "publish"] = "quota",
    state: Literal["all", "not_done", "to_verify", "done"] = "all",
) -> Response:
    """Show the organs, institutions and state enterprises under a duty, those that have not met it first."""
    _refuse_without_people(subject)
    on = today()

    def work() -> dict[str, Any]:
        # The read is recorded in this transaction, after the counting.
        with access.engine.begin() as connection:
            return unit_list(connection, subject, terms_on(on), area_of(connection, None, on), duty)

    found = _kept(request).get((subject, "units", duty, on), work, wait=MOMENT_SECONDS)
    items = [] if found is None else [one for one in found["items"] if state in ("all", _state_of(one, duty))]
    return page(
        request,
        "supervision_units.html",
        tabs=tabs_of(subject, "/supervision/units"),
        duty=duty,
        duties=DUTIES,
        state=state,
        again=f"/supervision/units?duty={duty}",
        found=found,
        items=items[:_MOST_UNITS],
        n_items=len(items),
        drawing=None if found is None or duty == "publish" else _units_drawn(found, duty),
    )


_MOST_UNITS = 200


def _state_of(unit: Mapping[str, Any], duty: str) -> str:
    return "to_verify" if duty == "publish" else str(unit[duty])


def _units_drawn(found: Mapping[str, Any], duty: str) -> Figure | None:
    """Return how many units of each kind stand where."""
    t = words()
    states = ("done", "not_done", "to_verify")
    kinds = dict.fromkeys(one["kind_label"] for one in found["items"])
    told = {
        kind: [sum(one["kind_label"] == kind and one[duty] == state for one in found["items"]) for state in states]
        for kind in kinds
    }
    if not told:
        return None
    title = t("supervision.units_drawn")
    rows = [Parts(kind or t("form.unknown"), n[0], n[1], f"{n[0]} / {n[1]}") for kind, n in told.items()]
    legend = (t("supervision.state_done"), t("supervision.state_not_done"))
    heads = [t("supervision.kind"), *(t(f"supervision.state_{state}") for state in states)]
    table = [[kind or t("form.unknown"), *map(str, n)] for kind, n in told.items()]
    drawing = parts(title, t("supervision.drawn", unit=t("supervision.units")), "f-units", rows, legend)
    return Figure(title, drawing, Table(title, heads, table))


@router.get("/households")
@declare(_PEOPLE)
def households(
    request: Request,
    access: AccessDep,
    subject: SubjectDep,
    part: PageDep,
    state: HouseholdState = HouseholdState.WITHOUT,
) -> Response:
    """Show households in one state, by number; whose members are shown is recorded."""
    filters = {"state": state.value}
    after = part.after(subject, filters)
    last, on = None if after is None else str(after[0]), today()

    def work() -> HouseholdPage:
        with access.engine.connect() as connection:
            return households_found(connection, subject, on, None, part.limit, states=(state,), after=last)

    found: HouseholdPage | None = _kept(request).get(
        (subject, "households", state, last, part.limit, on), work, wait=MOMENT_SECONDS
    )
    if found is not None:
        with acting(access, subject, Action.READ_CANDIDATES) as connection:
            note_households(connection, subject, found)
    return page(
        request,
        "supervision_households.html",
        tabs=tabs_of(subject, "/supervision/households"),
        found=None if found is None else found.as_dict(),
        again=str(request.url.path) + (f"?{request.url.query}" if request.url.query else ""),
        state=state,
        states=list(HouseholdState),
        following=None if found is None or found.next_key is None else part.next(subject, filters, (found.next_key,)),
        is_first=after is None,
    )
