"""Yearly records of units, the lists made of them, and the figures for a report on social responsibility."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from api.access import AccessDep, SubjectDep, declare, for_action
from api.cursors import PageDep
from api.etags import IfMatchVersion
from api.row_models import NewUnitRecord, UnitRecord, UnitRecordPage, UnitRecordPatch
from api.rows import changed, made_once, page_answer, row_answer
from api.settings import today
from matching.plan_actions import RecordKind
from pipelines.access.roles import Action, Purpose
from pipelines.duties.places import area_of
from pipelines.duties.unit_ledger import LISTS, ledger_cells, unit_ledger
from pipelines.export import csv_text
from pipelines.plan_tables import UNIT_RECORDS
from pipelines.reports.plan.files import write_layout
from pipelines.reports.social import social_cells, social_layout, social_report

router = APIRouter(tags=["units"])
_READ = for_action(Action.READ_UNIT_RECORDS, Purpose.JOB_MATCHING)
_WRITE = for_action(Action.WRITE_UNIT_RECORDS, Purpose.JOB_MATCHING)
_QUOTA = for_action(Action.READ_QUOTA, Purpose.JOB_MATCHING)
Year = Annotated[int | None, Query(ge=2000, le=2100, description="年度，默认今年")]
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
CSV = "text/csv; charset=utf-8"
_Id = Annotated[str | None, Query(min_length=1, max_length=128)]


@router.get("/unit-records", responses={200: {"model": UnitRecordPage}})
@declare(_READ)
def unit_records(
    access: AccessDep,
    subject: SubjectDep,
    page: PageDep,
    employer_id: _Id = None,
    kind: RecordKind | None = None,
    year: Year = None,
) -> Response:
    """Return the records of the visible units by id."""
    filters = {"employer_id": employer_id, "kind": None if kind is None else kind.value, "year": year}
    return page_answer(access, subject, UNIT_RECORDS, Action.READ_UNIT_RECORDS, page, filters)


@router.post("/unit-records", status_code=201, responses={201: {"model": UnitRecord}, 200: {"model": UnitRecord}})
@declare(_WRITE)
def add_unit_record(request: Request, access: AccessDep, subject: SubjectDep, body: NewUnitRecord) -> Response:
    """Keep what a unit plans, promises, published, paid or joined; without an id it gets one."""
    return made_once(
        request, access, subject, UNIT_RECORDS, Action.WRITE_UNIT_RECORDS, body, made_here="record_id"
    )  # fmt: skip


@router.get("/unit-records/lists/{name}")
@declare(_READ)
def unit_list_of(
    access: AccessDep,
    subject: SubjectDep,
    name: str,
    year: Year = None,
    region: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    form: Annotated[Literal["json", "csv"], Query(description="json 或 csv")] = "json",
) -> Any:
    """Return one of the lists: plans, proposals, publication, directed, levy, levels, points, alliance, concessions."""
    on = today()
    with access.engine.begin() as connection:
        area = area_of(connection, region, on)
        document = unit_ledger(connection, subject, name, year or on.year, on, area)
    return csv_answer(ledger_cells(document), f"units-{document['list']}") if form == "csv" else document


def csv_answer(cells: list[list[str]], name: str) -> Response:
    """Return cells as a sheet that opens in Excel."""
    told = {"Content-Disposition": f'attachment; filename="yougang-{name}.csv"'}
    return Response(csv_text(cells), media_type=CSV, headers=told)


@router.get("/unit-records/{record_id}", responses={200: {"model": UnitRecord}})
@declare(_READ)
def unit_record(access: AccessDep, subject: SubjectDep, record_id: str) -> Response:
    """Return one record, with its version as ETag."""
    return row_answer(access, subject, UNIT_RECORDS, Action.READ_UNIT_RECORDS, (record_id,))


@router.patch("/unit-records/{record_id}", responses={200: {"model": UnitRecord}})
@declare(_WRITE)
def change_unit_record(
    access: AccessDep, subject: SubjectDep, record_id: str, body: UnitRecordPatch, version: IfMatchVersion
) -> Response:
    """Change named facts (RFC 7396); null says that a fact is unknown again."""
    return changed(access, subject, UNIT_RECORDS, Action.WRITE_UNIT_RECORDS, (record_id,), body, version)


@router.get("/employers/{employer_id}/social-report")
@declare(_QUOTA)
def social_report_of(
    access: AccessDep,
    subject: SubjectDep,
    employer_id: str,
    year: Year = None,
    form: Annotated[Literal["json", "csv", "docx"], Query(description="json、csv 或 docx")] = "json",
) -> Any:
    """Return the figures of an employer for its report on social responsibility, each with the rows it counts."""
    on = today()
    with access.engine.begin() as connection:
        document = social_report(connection, subject, employer_id, year or on.year, on)
    return document if form == "json" else social_file(document, form)


def social_file(document: dict[str, Any], kind: str) -> Response:
    """Return the figures as a sheet or a Word document."""
    name = f"social-{document['year']}"
    if kind == "csv":
        return csv_answer(social_cells(document), name)
    with TemporaryDirectory() as scratch:
        out = Path(scratch) / "report.docx"
        write_layout(social_layout(document), out)
        told = {"Content-Disposition": f'attachment; filename="yougang-{name}.docx"'}
        return Response(out.read_bytes(), media_type=WORD, headers=told)


__all__ = ["LISTS", "csv_answer", "router", "social_file"]
