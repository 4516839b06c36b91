"""Many vacancies of one company by a sheet: each row a draft of its own, that is checked and approved like any other.

A row goes through the same door as a draft made by hand, in a transaction of its own. A row that is wrong is told alone
with its column and reason; one that says what a vacancy of the company says already is unchanged, so that a mended
sheet can be sent whole. Nothing of a sheet is ever published by itself.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine

from pipelines.access.audit import record
from pipelines.access.roles import Action, Subject
from pipelines.errors import PipelineError
from pipelines.ingest import IngestReport
from pipelines.registers.errors import RowRefused
from pipelines.registers.rows import require
from pipelines.registers.uploads import BROKEN, Outcome, Upload, end
from pipelines.schema import VACANCIES, ColumnSpec, TableSpec, holds_citizen_number, text_column, texts_column
from pipelines.sheets import RawRow, SheetError, inert, open_sheet, plain, resolve_headers
from pipelines.store.uploads import UploadRepository
from pipelines.template import write_template
from pipelines.vacancy_workflow.content import OWN_COLUMNS, Content, Task
from pipelines.vacancy_workflow.errors import DraftQuota
from pipelines.vacancy_workflow.listing import Filters, page_of_vacancies
from pipelines.vacancy_workflow.service import VacancyWork, Work

MOST_ROWS = 1000
_TASKS, _CONTACT = texts_column("tasks", "基本工作任务"), text_column("accommodation_contact", "便利联系人")
_FIRST: tuple[ColumnSpec, ...] = tuple(c for c in OWN_COLUMNS if c.name != "employer_name")
SHEET = TableSpec("vacancies", "招聘岗位", (), (*_FIRST, _TASKS, _CONTACT), VACANCIES.entity)
"""What a company fills in: the vacancy's own columns with its tasks and whom to ask; its name and code are known."""


@dataclass
class Taken:
    """What became of the rows of a sheet."""

    read: int = 0
    accepted: int = 0
    unchanged: int = 0
    faults: list[tuple[int, str, str, str]] = field(default_factory=list)
    """Row, column, value and reason; a row may have several."""

    @property
    def rejected(self) -> int:
        """How many rows were not taken."""
        return self.read - self.accepted - self.unchanged

    def report(self, *, is_dry_run: bool) -> IngestReport:
        """Return it as an import is told."""
        return IngestReport(
            table=SHEET.name,
            read=self.read,
            accepted=self.accepted,
            unchanged=self.unchanged,
            rejected=self.rejected,
            dry_run=is_dry_run,
            rejections=(),
            notes={},
        )

    def rejects(self) -> str | None:
        """Return the rejected rows as CSV that opens in a spreadsheet, or None where there are none."""
        if not self.faults:
            return None
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["行号", "列", "值", "原因"])
        writer.writerows([row, *map(inert, (column, value, reason))] for row, column, value, reason in self.faults)
        return "\ufeff" + out.getvalue()


def empty_sheet() -> bytes:
    """Return the empty sheet with its drop-down values and explanations."""
    with TemporaryDirectory(prefix="yougang-sheet-") as folder:
        path = Path(folder) / "sheet.xlsx"
        write_template(SHEET, path)
        return path.read_bytes()


def begin_sheet(connection: Connection, subject: Subject, *, is_dry_run: bool, at: datetime) -> Upload:
    """Keep that a sheet of vacancies arrived, to be made into drafts.

    Raises
    ------
    Forbidden
        When the role may not send in sheets, or not write vacancies, for the stated purpose.
    """
    require(subject, Action.WRITE_IMPORTS)
    require(subject, Action.WRITE_VACANCIES)
    upload = Upload(str(uuid4()), SHEET, is_dry_run)
    record(
        connection, subject.by, Action.WRITE_IMPORTS.value, object_kind="upload", object_id=upload.upload_id,
        details={"table": SHEET.name, "dry-run": is_dry_run}, at=at,
    )  # fmt: skip
    UploadRepository(connection, subject).add(
        {
            "upload_id": upload.upload_id,
            "organisation_id": subject.organisation_id,
            "actor": subject.by.actor,
            "table_name": SHEET.name,
            "is_dry_run": is_dry_run,
            "state": "running",
            "started_at": at,
        }
    )
    return upload


def take_sheet(
    engine: Engine, subject: Subject, upload: Upload, sheet: Path, *, on: date, now: datetime
) -> dict[str, Any]:
    """Make a draft of each row of a sheet and return what became of it; a dry run keeps none."""
    found = BROKEN
    try:
        taken = _rows(engine, subject, sheet, is_dry_run=upload.is_dry_run, on=on, now=now)
        found = Outcome("done", taken.report(is_dry_run=upload.is_dry_run), taken.rejects())
    except SheetError:
        found = Outcome("unreadable", None, None)
    except PipelineError:
        found = BROKEN
    finally:
        # Whatever happened, nobody is left to wait for a sheet that nobody reads any longer.
        with engine.begin() as connection:
            document = end(connection, subject, upload, found, at=now)
    return document


def _rows(engine: Engine, subject: Subject, sheet: Path, *, is_dry_run: bool, on: date, now: datetime) -> Taken:
    taken = Taken()
    with engine.begin() as connection:
        known = _known(VacancyWork(connection, subject, on=on, now=now))
    with open_sheet(sheet) as opened:
        columns = resolve_headers(opened.headers, SHEET)
        for raw in opened.rows:
            taken.read += 1
            if taken.read > MOST_ROWS:
                taken.faults.append((raw.number, "", "", f"一次最多 {MOST_ROWS} 行，请分几次上传"))
                continue
            content = _content(raw, columns, taken)
            if content is None:
                continue
            if content.packed in known:
                taken.unchanged += 1
                continue
            if _drafted(engine, subject, content, raw.number, taken, is_dry_run=is_dry_run, on=on, now=now):
                taken.accepted += 1
                known.add(content.packed)
    return taken


def _known(work: VacancyWork) -> set[str]:
    """Return what the company's vacancies say, so that a sheet that comes again makes none of them twice."""
    found: set[str] = set()
    after: str | None = None
    while True:
        seen, has_more = page_of_vacancies(
            work, Filters(employer_id=work.subject.employer_id), after=after, limit=100
        )  # fmt: skip
        for one in seen:
            content = one.content if isinstance(one, Work) else Content.of_row(one.values)
            if content is not None:
                found.add(_as_sent(content).packed)
        if not has_more:
            return found
        last = seen[-1]
        after = last.standing.vacancy_id if isinstance(last, Work) else str(last.values["vacancy_id"])


def _as_sent(content: Content) -> Content:
    """Return a vacancy as a company's sheet would say it: declared accommodations, tasks in words, no name."""
    plain_one = content.as_a_company_may_say(None).with_values(employer_name=None)
    return replace(plain_one, tasks=tuple(Task(one.text) for one in content.tasks))


def _content(raw: RawRow, columns: Mapping[str, str], taken: Taken) -> Content | None:
    if raw.problem is not None:
        taken.faults.append((raw.number, columns.get(raw.problem[0], raw.problem[0]), "", raw.problem[1]))
        return None
    cells = {name: plain(raw.cells.get(header, "")) for header, name in columns.items()}
    told, contact = cells.pop("tasks", ""), cells.pop("accommodation_contact", "").strip()
    tasks = tuple(Task(text) for text in dict.fromkeys(_TASKS.parse(told) or ()))
    try:
        content = Content.of_cells(cells, tasks, contact or None)
        return _as_sent(content)
    except RowRefused as error:
        taken.faults += list(_told(raw.number, error, cells))
        return None


def _told(number: int, error: RowRefused, cells: Mapping[str, str]) -> Iterator[tuple[int, str, str, str]]:
    for fault in error.faults:
        value = cells.get(fault.column, "")
        yield number, fault.column, "" if holds_citizen_number(value) else value[:200], fault.reason


def _drafted(
    engine: Engine,
    subject: Subject,
    content: Content,
    number: int,
    taken: Taken,
    *,
    is_dry_run: bool,
    on: date,
    now: datetime,
) -> bool:
    """Make one draft; in a dry run look whether it could be made."""
    try:
        with engine.connect() as connection, connection.begin() as transaction:
            VacancyWork(connection, subject, on=on, now=now).draft(content, None)
            if is_dry_run:
                transaction.rollback()
    except RowRefused as error:
        taken.faults += list(_told(number, error, {}))
        return False
    except DraftQuota:
        taken.faults.append((number, "", "", "今天新建岗位的次数已到上限，请明天再上传这一行"))
        return False
    return True


def column_label(name: str) -> str:
    """Return what people call a column of the sheet."""
    known = SHEET.by_name.get(name)
    return name if known is None else known.label


def shown_rows(text: str) -> Sequence[Sequence[str]]:
    """Return rejected rows as a page tells them: row, column as people call it, value, and why."""
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))[1:]
    return [(number, column_label(column), value, why) for number, column, value, why in rows]
