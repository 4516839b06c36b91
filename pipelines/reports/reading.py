"""Which report a subject gets: staff exact over their own scope, analysts what is safe over the province."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from pipelines.access.audit import record
from pipelines.access.roles import Action, Subject
from pipelines.consent.errors import NoSuchReport
from pipelines.registers.rows import require
from pipelines.reports.extract import analysts_extract
from pipelines.reports.tables import REPORTS, exact, published

EXTRACT = "extract"


def reports_for(subject: Subject) -> list[dict[str, str]]:
    """Return the names and titles of the reports that a subject can have.

    Raises
    ------
    Forbidden
        When the role may read none for the stated purpose.
    """
    require(subject, Action.READ_REPORTS)
    found = [{"name": report.name, "title": report.title} for report in REPORTS.values()]
    return found if subject.sees_people and not subject.is_local else [*found, {"name": EXTRACT, "title": "分析用摘录"}]


def report_for(connection: Connection, subject: Subject, name: str, *, on: date) -> dict[str, Any]:
    """Return a report; that it was read is recorded.

    Raises
    ------
    NoSuchReport
        When there is none of this name for the subject.
    Forbidden
        When the role may not read reports for the stated purpose.
    """
    if name not in {report["name"] for report in reports_for(subject)}:
        raise NoSuchReport("没有这个报表")
    record(connection, subject.by, Action.READ_REPORTS.value, object_kind="report", object_id=name)
    if name == EXTRACT:
        return analysts_extract(connection, on)
    return exact(connection, subject, name, on) if subject.sees_people else published(connection, name, on)


def report_lines(document: Mapping[str, Any]) -> list[str]:
    """Return a report in plain Chinese, a place a line."""
    lines = [f"{document['title']}，截至 {document['as_of']}"]
    for row in document["rows"]:
        told = [f"{one['label']} {_number(row['counts'][one['name']])}" for one in document["columns"]]
        lines.append(f"{row['label']}：{'，'.join(told)}")
    return lines if document["rows"] else [*lines, "没有数字"]


def _number(n: int | None) -> str:
    return "不公布" if n is None else str(n)
