"""Writing exchange files and reading them back; certificate numbers leave the store here and for one purpose only.

Who may make one needs a right of its own (`Action.HAND_OUT_FILES`, for data exchange, people only); each person in the
file stands in the audit, and that a file was made as well. Rows are never left out for what is not known: the column
`asks` names it. Who does not want to be passed on is left out of the files that no law orders for an employer's year.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from matching.duties.clocks import birth_band
from matching.duties.terms import terms_on
from matching.entities import Candidate, CandidateId, Placement
from matching.rules.rulebook import Rulebook
from matching.rules.subjects import employed_on, runs_on
from matching.vocabulary import ServiceKind
from pipelines.access.audit import record, record_each
from pipelines.access.roles import Action, Subject
from pipelines.access.scope import ScopedCandidates
from pipelines.consent.effects import matching_refused
from pipelines.exchange.checks import STATES, Line, certification
from pipelines.exchange.errors import ExchangeError, NoSuchFile
from pipelines.exchange.sheets import SHEETS
from pipelines.export import write_sheet
from pipelines.registers.rows import require
from pipelines.schema import CellError, ColumnSpec, TableSpec
from pipelines.sheets import open_sheet, plain
from pipelines.sources.mapping import Mapping as SheetMapping
from pipelines.store.repositories import PlacementRepository, ServiceRepository
from pipelines.store.selections import SomeEmployers, some

Row = Mapping[str, Any]
_CITIZEN = 18


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which file: its kind, the year of work, and for certification the employer."""

    kind: str
    on: date
    year: int
    employer_id: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What a file holds: rows, rows that wait for a fact, and people who are in none of them and why."""

    kind: str
    rows: int
    asking: int
    refused: int
    elsewhere: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as it travels in JSON."""
        return {
            "kind": self.kind,
            "title": SHEETS[self.kind].label,
            "rows": self.rows,
            "asking": self.asking,
            "left_out": {"refused": self.refused, "elsewhere": self.elsewhere},
        }


def write_file(
    connection: Connection,
    subject: Subject,
    book: Rulebook,
    wanted: Wanted,
    out: Path,
    mapping: SheetMapping | None = None,
) -> Written:
    """Write an exchange file, .csv or .xlsx, under the headers of the mapping where it has any.

    Raises
    ------
    NoSuchFile
        When there is no such kind, or a certification without its employer.
    NoSuchEmployer
        When there is none, or none that is visible.
    Forbidden
        When the role may not hand out files for the stated purpose.
    PipelineError
        For an ending other than .csv and .xlsx, or a folder that cannot be written.
    """
    sheet = SHEETS.get(wanted.kind)
    if sheet is None:
        raise NoSuchFile(f"没有这种交换文件，可选：{'、'.join(SHEETS)}")
    require(subject, Action.HAND_OUT_FILES)
    refused = elsewhere = 0
    if wanted.kind == "certification":
        if wanted.employer_id is None:
            raise NoSuchFile("联网认证按单位申报，请写明用人单位编号")
        rows, elsewhere = _certified(connection, subject, book, wanted.employer_id, wanted)
    else:
        left_out = matching_refused(connection)
        everybody = ScopedCandidates(connection, subject).ids()
        named_in = [one for one in everybody if CandidateId(one) not in left_out]
        people = {one.candidate_id: one for one in some(connection, subject)[0].of(named_in)}
        refused = len(everybody) - len(named_in)
        make = _registered if wanted.kind == "realname" else _trained
        rows = list(make(connection, subject, people, wanted))
    _write(sheet, rows, out, mapping)
    named = list(dict.fromkeys(str(row["_candidate_id"]) for row in rows))
    details = {"file": wanted.kind}
    if named:
        word = Action.READ_IDENTITY.value
        record_each(connection, subject.by, word, object_kind="candidate", object_ids=named, details=details)
    record(
        connection, subject.by, Action.HAND_OUT_FILES.value, object_kind="exchange", object_id=wanted.kind,
        details={**details, "rows": len(rows)},
    )  # fmt: skip
    return Written(wanted.kind, len(rows), sum(bool(row["asks"]) for row in rows), refused, elsewhere)


def _write(sheet: TableSpec, rows: Iterable[Row], out: Path, mapping: SheetMapping | None) -> None:
    """Write rows under Chinese headers, or those of the mapping, in its words, without the columns that it drops."""
    if mapping is not None and mapping.file.table != sheet.name:
        raise ExchangeError(f"这份映射是给“{mapping.file.table}”的，不是“{sheet.name}”")
    renamed = {} if mapping is None else mapping.export_headers
    columns = [column for column in sheet.columns if mapping is None or column.name not in mapping.file.drop]
    said = {column.name: _said(column, mapping) for column in columns}
    headers = [renamed.get(column.name, column.label) for column in columns]
    cells = (
        [
            said[column.name].get(value) or column.format(value)
            for column in columns
            for value in (row.get(column.name),)
        ]
        for row in rows
    )
    write_sheet(out, sheet.label, headers, cells)


def _said(column: ColumnSpec, mapping: SheetMapping | None) -> dict[Any, str]:
    """Return what the platform calls values of a column."""
    words = {} if mapping is None else mapping.file.words.get(column.name, {})
    return {column.parse(ours): foreign for foreign, ours in reversed(words.items())}


def _identity(person: Candidate) -> dict[str, Any]:
    number = person.certificate_number
    return {
        "_candidate_id": person.candidate_id,
        "name": person.name,
        "citizen_number": None if number is None else number[:_CITIZEN],
        "certificate_number": number,
        "certificate_valid_until": person.certificate_valid_until,
    }


def _lacking(values: Row, names: Mapping[str, str], more: Iterable[str] = ()) -> str | None:
    """Return the labels of what a row does not tell, or None where nothing is lacking."""
    asked = [label for name, label in names.items() if values.get(name) in (None, (), "")]
    return "；".join(dict.fromkeys([*asked, *more])) or None


# ---- certification --------------------------------------------------------------------------------------------------


_ALWAYS_ASKED = ("合同类型", "发放工资月数", "养老、医疗保险缴费月数", "如实申报承诺书")
"""What the platform asks for and no row of ours tells."""


def _certified(
    connection: Connection, subject: Subject, book: Rulebook, employer_id: str, wanted: Wanted
) -> tuple[list[Row], int]:
    found = certification(connection, subject, book, employer_id, wanted.year, wanted.on)
    unit = {
        "year": found.year,
        "unit_name": found.employer.name,
        "employer_id": found.employer.employer_id,
        "unit_kind": found.employer.kind,
        "industry": found.employer.industry,
        "unit_region": found.employer.region,
    }
    return [{**unit, **_placed(line)} for line in found.lines], found.n_elsewhere


def _placed(line: Line) -> dict[str, Any]:
    placement = line.person.placement
    values = {
        **_identity(line.candidate),
        "placement_id": placement.placement_id,
        "starts_on": placement.starts_on,
        "ends_on": placement.ends_on,
        "contract_months": placement.contract_months,
        "monthly_wage": placement.monthly_wage,
        "months_in_year": len(line.person.months),
        "social_insurance": placement.social_insurance,
        "wage_paid_by_bank": placement.wage_paid_by_bank,
        "attendance_confirmed": placement.attendance_confirmed,
        "dispatch_agreement": _dispatch(placement),
        "checked": STATES[line.state],
    }
    names = {"name": "姓名", "dispatch_agreement": "是否劳务派遣"}
    return {**values, "asks": _lacking(values, names, [*line.asks, *_ALWAYS_ASKED])}


def _dispatch(placement: Placement) -> str | None:
    """Return who dispatches to whom; None where nobody says whether it is a dispatch."""
    if not placement.is_dispatched:
        return None if placement.is_dispatched is None else "不是劳务派遣"
    return f"派遣单位：{placement.agency or '未填'}；用工单位：{placement.host or '未填'}"


# ---- real-name system and training ----------------------------------------------------------------------------------


_STANDING = {True: "已就业", False: "未就业", None: "待核实"}


def _registered(
    connection: Connection, subject: Subject, people: Mapping[Any, Candidate], wanted: Wanted
) -> Iterator[Row]:
    """Yield everybody who is, or may be, in the age band of the real-name system on the day."""
    band, placements = birth_band(terms_on(wanted.on)), dict[Any, list[Placement]]()
    for one in PlacementRepository(connection, subject).all():
        placements.setdefault(one.candidate_id, []).append(one)
    employers = SomeEmployers(connection, subject)
    names: dict[str, str | None] = {}
    for key in sorted(people):
        person, own = people[key], placements.get(key, [])
        in_age = None if band is None else band.holds(person.known_birth_date, person.known_sex)
        if in_age is False:
            continue
        employed = employed_on(person, own, wanted.on)
        job = max((one for one in own if runs_on(one, wanted.on)), key=_begun, default=None)
        if job is not None and job.employer_id is not None and job.employer_id not in names:
            unit = employers.of(job.employer_id)
            names[job.employer_id] = None if unit is None else unit.name
        values = {
            **_identity(person),
            "candidate_id": person.candidate_id,
            "sex": person.known_sex,
            "region": person.region,
            "hukou": person.hukou,
            "education": person.education,
            "standing": _STANDING[employed],
            "form": None if job is None else job.form,
            "employed_on": None if job is None else job.starts_on,
            "unit_name": None if job is None or job.employer_id is None else names[job.employer_id],
            "unemployed_since": person.unemployed_since,
            "job_wish": person.job_wish,
        }
        more = [*(["出生日期或性别"] if in_age is None else []), *(["就业状况"] if employed is None else [])]
        more += ["就业形式"] if job is not None and job.form is None else []
        yield {**values, "asks": _lacking(values, _NEEDED, more)}


_NEEDED = {"name": "姓名", "certificate_number": "残疾人证号", "region": "地区", "hukou": "户口性质"}


def _begun(placement: Placement) -> tuple[date, str]:
    return placement.starts_on or date.min, placement.placement_id


def _trained(
    connection: Connection, subject: Subject, people: Mapping[Any, Candidate], wanted: Wanted
) -> Iterator[Row]:
    """Yield the trainings of the year, each with the certificates that the person is recorded to hold."""
    for one in ServiceRepository(connection, subject).all():
        person = people.get(one.candidate_id)
        if person is None or one.kind is not ServiceKind.TRAINING or one.on.year != wanted.year:
            continue
        values = {
            **_identity(person),
            "candidate_id": person.candidate_id,
            "region": person.region,
            "trained_on": one.on,
            "provider": one.by,
            "outcome": one.outcome,
            "skill_certificates": person.certificates,
        }
        yield {**values, "asks": _lacking(values, {**_NEEDED_OF_TRAINING}, ("培训项目", "培训时长"))}


_NEEDED_OF_TRAINING = {
    "name": "姓名", "certificate_number": "残疾人证号", "provider": "培训机构", "outcome": "培训结果",
    "skill_certificates": "职业证书",
}  # fmt: skip


# ---- reading back ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Problem:
    """A cell that cannot be read: where, and what would be right; never what stands there."""

    row: int
    column: str
    reason: str


def read_file(kind: str, path: Path, mapping: SheetMapping | None = None) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Return the rows of an exchange file as values by column, and the cells that could not be read.

    Raises
    ------
    NoSuchFile
        When there is no such kind.
    SheetError
        When the file cannot be read as a whole, or its headers are not those of the kind or the mapping.
    """
    sheet = SHEETS.get(kind)
    if sheet is None:
        raise NoSuchFile(f"没有这种交换文件，可选：{'、'.join(SHEETS)}")
    if mapping is not None and mapping.file.table != kind:
        raise ExchangeError(f"这份映射是给“{mapping.file.table}”的，不是“{kind}”")
    rows: list[dict[str, Any]] = []
    problems: list[Problem] = []
    with open_sheet(path) as opened:
        named = _named(sheet, opened.headers) if mapping is None else None
        if mapping is not None:
            mapping.check_headers(opened.headers)
        for read in opened.rows:
            raw = {header: plain(cell) for header, cell in read.cells.items()}
            found = mapping.translate(raw).cells if mapping is not None else _own(named or {}, raw)
            rows.append(_parsed(sheet, read.number, found, problems))
    return rows, problems


def _named(sheet: TableSpec, headers: Sequence[str]) -> dict[str, str]:
    """Return which header is which column, by name or label."""
    names = {**{column.label: column.name for column in sheet.columns}, **{c.name: c.name for c in sheet.columns}}
    unknown = [header for header in headers if header and header not in names]
    if unknown:
        raise ExchangeError(f"{sheet.label}没有列“{unknown[0]}”；别处的表请用映射文件")
    return {header: names[header] for header in headers if header}


def _own(named: Mapping[str, str], raw: Mapping[str, str]) -> dict[str, str]:
    return {named[header]: cell for header, cell in raw.items() if header in named}


def _parsed(sheet: TableSpec, number: int, cells: Mapping[str, str], problems: list[Problem]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column in sheet.columns:
        try:
            values[column.name] = column.parse(cells.get(column.name))
        except CellError as error:
            problems.append(Problem(number, column.name, str(error)))
            values[column.name] = None
    return values
