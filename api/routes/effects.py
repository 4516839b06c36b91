"""Effect of subsidies and measures on those who received them: which can be asked for, and the comparison of one."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from api.access import AccessDep, SubjectDep, declare, for_action
from api.settings import today
from matching.effects import EffectOutcome, StartingFrom
from pipelines.access.roles import Action, Purpose
from pipelines.duties.places import area_of
from pipelines.effects.people import end_of
from pipelines.effects.report import Question, effect_document, measures_document
from pipelines.effects.sheets import effect_layout
from pipelines.reports.plan.files import write_layout

router = APIRouter(prefix="/effects", tags=["reports"])
_READ = for_action(Action.READ_REPORTS, Purpose.STATISTICS)
_MONTH = r"^20[0-9]{2}-(0[1-9]|1[0-2])$"
Month = Annotated[str | None, Query(pattern=_MONTH, description="月份，如 2025-01；默认上一年全年")]
Region = Annotated[str | None, Query(min_length=1, max_length=64, description="行政区划代码或名称")]
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def months_of(first: str | None, last: str | None, on: date) -> tuple[date, date]:
    """Return the first days of the first and the last month that are asked for; last year where nothing is said."""
    begin = date(on.year - 1, 1, 1) if first is None else date.fromisoformat(f"{first}-01")
    return begin, date(begin.year, 12, 1) if last is None else date.fromisoformat(f"{last}-01")


@router.get("")
@declare(_READ)
def measures(
    access: AccessDep,
    subject: SubjectDep,
    first: Month = None,
    last: Month = None,
    region: Region = None,
) -> dict[str, Any]:
    """Return which measures people received in some months; a small number of people is not told."""
    on = today()
    begin, end = months_of(first, last, on)
    with access.engine.begin() as connection:
        return measures_document(connection, subject, begin, end_of(end), area_of(connection, region, on))


@router.get("/{measure}")
@declare(_READ)
def effect(
    access: AccessDep,
    subject: SubjectDep,
    measure: str,
    first: Month = None,
    last: Month = None,
    outcome: EffectOutcome = EffectOutcome.PLACED,
    start: StartingFrom | None = None,
    region: Region = None,
    form: Annotated[Literal["json", "docx"], Query(description="json 或 docx")] = "json",
) -> Any:
    """Return the effect of one measure with its method, balance, interval and limits, or why no number is told."""
    on = today()
    begin, end = months_of(first, last, on)
    with access.engine.begin() as connection:
        question = Question(measure, begin, end, outcome, start)
        told = effect_document(connection, subject, question, on, area_of(connection, region, on))
    return told if form == "json" else effect_file(told)


def effect_file(told: Mapping[str, Any]) -> Response:
    """Return an effect as a Word document."""
    with TemporaryDirectory() as scratch:
        out = Path(scratch) / "effect.docx"
        write_layout(effect_layout(told), out)
        headers = {"Content-Disposition": 'attachment; filename="yougang-effect.docx"'}
        return Response(out.read_bytes(), media_type=WORD, headers=headers)
