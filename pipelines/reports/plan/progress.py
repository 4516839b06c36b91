"""How a region gets on: the plan's figures, and the four services county by county, from one count over who is seen."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from matching.regions import region_name
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Action, Subject
from pipelines.registers.rows import require
from pipelines.reports.plan.count import Tally, count_plan
from pipelines.reports.plan.figures import CLOCK_FIGURES, FIGURES
from pipelines.reports.plan.report import document_of

NOWHERE = "地区未登记"


def progress_of(connection: Connection, subject: Subject, year: int, on: date) -> dict[str, Any]:
    """Return the exact report of a year, and by county whom which of the four services is still due to.

    Counts only; nobody is named. That it is read is recorded by who shows it (`note_plan_read`).

    Raises
    ------
    Forbidden
        When the role may not read reports for the stated purpose, or sees nobody.
    """
    require(subject, Action.READ_REPORTS)
    if not subject.sees_people:
        raise Forbidden("您的角色不能为这一目的这样做")
    tally = count_plan(connection, subject, year, on)
    return {"report": document_of(tally, year, None), "counties": _counties(tally)}


def _counties(tally: Tally) -> dict[str, Any]:
    """Return for each county the number done and due of each service, most due of all first."""
    counted: dict[str, Counter[tuple[str, str]]] = {}
    for figure in CLOCK_FIGURES.values():
        for (region, word), n in tally.counted(figure).items():
            counted.setdefault(region or "", Counter())[figure, word] += n
    rows = [
        {
            "region": region or None,
            "label": region_name(region) if region else NOWHERE,
            "counts": {figure: _told(own, figure) for figure in CLOCK_FIGURES.values()},
            "due": sum(own[figure, "due"] for figure in CLOCK_FIGURES.values()),
        }
        for region, own in counted.items()
    ]
    rows.sort(key=lambda row: (-int(str(row["due"])), str(row["label"])))
    return {"figures": {name: FIGURES[name].title for name in CLOCK_FIGURES.values()}, "rows": rows}


def _told(own: Mapping[tuple[str, str], int], figure: str) -> dict[str, int]:
    return {"done": own[figure, "done"], "due": own[figure, "due"]}
