"""Organs, institutions and state enterprises: quota gaps, the duty to employ at least one, what is published.

Every answer is that of the rules that `yougang quota` asks (`quota.required`, `quota.public_sector_min_one`,
`quota.publicity_duty`), for all units at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection

from matching.duties.terms import DutyTerms, Ground
from matching.entities import Employer
from matching.regions import region_name
from matching.rules.bulk import Answers, decide_all
from matching.rules.decision import Outcome
from matching.rules.rulebook import NOTICE, rulebook
from matching.rules.subjects import employer_facts, is_running, people_of
from matching.rules.values import Value, as_decimal
from matching.vocabulary import EmployerKind, Term
from pipelines.access.audit import record
from pipelines.access.roles import Action, Subject
from pipelines.consent.errors import NoSuchReport
from pipelines.duties.places import Area
from pipelines.duties.unit_counts import counts_of, facts_in_columns, number
from pipelines.registers.rows import require
from pipelines.store.read_ahead import Reading, read_ahead
from pipelines.store.staff_rows import Staff, StaffRows

LEADING = (EmployerKind.ORGAN, EmployerKind.INSTITUTION, EmployerKind.STATE_OWNED)
"""The kinds that the plan wants to lead (带头安排)."""
_MIN_ONE, _PUBLISH = "quota.public_sector_min_one", "quota.publicity_duty"


class UnitState(Term):
    """Where a unit stands with a duty."""

    DONE = "done", "已做到"
    NOT_DONE = "not_done", "尚未做到"
    TO_VERIFY = "to_verify", "待核实"
    NOT_CONCERNED = "not_concerned", "不适用"


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit with its numbers of a year; None is unknown. `must_publish` is the duty alone."""

    employer: Employer
    required: Fraction | None
    certain: Fraction
    possible: Fraction
    quota: UnitState
    min_one: UnitState
    must_publish: bool | None
    placed: int | None

    @property
    def gap(self) -> Fraction | None:
        """How many persons are missing for certain, exact; None where the number of staff is not known."""
        return None if self.required is None else max(Fraction(0), self.required - self.possible)

    def as_dict(self) -> dict[str, Any]:
        """Return the unit as it travels in JSON."""
        one = self.employer
        return {
            "employer_id": one.employer_id,
            "name": one.name,
            "kind": None if one.kind is None else one.kind.value,
            "kind_label": None if one.kind is None else one.kind.label,
            "level": None if one.level is None else one.level.value,
            "level_label": None if one.level is None else one.level.label,
            "region": one.region,
            "region_name": None if one.region is None else region_name(one.region),
            "establishment": one.establishment,
            "headcount": None if one.headcount is None else format(one.headcount, "f"),
            "required": _text(self.required),
            "counted": _text(self.certain),
            "counted_at_most": _text(self.possible),
            "gap": _text(self.gap),
            "quota": self.quota.value,
            "quota_label": self.quota.label,
            "min_one": self.min_one.value,
            "min_one_label": self.min_one.label,
            "must_publish": self.must_publish,
            "placed": self.placed,
        }


def _text(number: Fraction | None) -> str | None:
    return None if number is None else format(as_decimal(number, 4), "f")


def units_of(connection: Connection, subject: Subject, terms: DutyTerms) -> tuple[Unit, ...]:
    """Return the visible organs, institutions and state enterprises with their numbers of the year, by id.

    An employer's figures are the law's, over everybody whom it employs, whoever sees these people.
    """
    with read_ahead(connection) as reading:
        return units_read(connection, subject, terms, reading)()


def units_read(
    connection: Connection, subject: Subject, terms: DutyTerms, reading: Reading
) -> Callable[[], tuple[Unit, ...]]:
    """Ask for the same by what carries out statements; what is returned tells it, once."""
    rows = StaffRows(connection, subject, [kind.value for kind in LEADING])
    staff = rows.reading_staff(terms.year_start, terms.year_end, reading)
    return lambda: _units(staff(), terms)


def _units(staff: Staff, terms: DutyTerms) -> tuple[Unit, ...]:
    book, year, employers = rulebook(), terms.on.year, staff.employers
    if not employers:
        return ()
    day = date(year + 1, 7, 1)  # what `yougang quota` asks the year's numbers for, until the year of payment has come
    counts = counts_of(staff, book, year, terms.on, day)
    given = [{**employer_facts(one), "levy_date": day, "annual_count": counts[one.employer_id][0]} for one in employers]
    required = decide_all(book, "quota.required", facts_in_columns(book, given), day)
    lines = [number(required, "required", row) for row in range(len(employers))]
    states = [_quota_state(line, *counts[one.employer_id]) for line, one in zip(lines, employers, strict=True)]
    placed = _placed(staff, terms.on)
    facts = [
        _duty_facts(one, state, counts[one.employer_id][0], placed.get(one.employer_id), terms.on)
        for one, state in zip(employers, states, strict=True)
    ]
    columns = facts_in_columns(book, facts)
    least, publish = (decide_all(book, name, columns, terms.on) for name in (_MIN_ONE, _PUBLISH))
    return tuple(
        Unit(
            employer=one,
            required=lines[row],
            certain=counts[one.employer_id][0],
            possible=counts[one.employer_id][1],
            quota=states[row],
            min_one=_min_one(one, least, row),
            must_publish=_flag(publish, "must_publish", row),
            placed=_whole(facts[row].get("disabled_employed")),
        )
        for row, one in enumerate(employers)
    )


def min_one_ground(year: int) -> tuple[Ground, date | None] | None:
    """Return what the duty to employ at least one rests on in a year, with its deadline; None where none was seen."""
    book = rulebook()
    version = book.rule(_MIN_ONE).rule.version_in_year(year)
    if version is None:
        return None
    deadline = book.parameters[f"{_MIN_ONE}.deadline"].in_year(year)
    until = None if deadline is None or deadline.value is None else date.fromisoformat(str(deadline.value))
    return Ground(version.cited, version.source.status), until


def _placed(staff: Staff, on: date) -> dict[str, int | None]:
    """Return how many people run for each employer on a day; None where that is not certain."""
    runs: dict[str, list[tuple[str, bool | None]]] = {}
    for one in staff.placed:
        runs.setdefault(one.employer_id, []).append((one.candidate_id, is_running(one.starts_on, one.ends_on, on)))
    return {employer_id: people_of(found) for employer_id, found in runs.items()}


def _quota_state(required: Fraction | None, certain: Fraction, possible: Fraction) -> UnitState:
    if required is None or (certain < required <= possible):
        return UnitState.TO_VERIFY
    return UnitState.DONE if certain >= required else UnitState.NOT_DONE


def _duty_facts(
    employer: Employer, state: UnitState, count: Fraction, placed: int | None, on: date
) -> dict[str, Value]:
    """Return what the duties of a unit are asked with: as for one unit in `pipelines.quota`."""
    facts: dict[str, Value] = {**employer_facts(employer), "annual_count": count, "as_of_year": Fraction(on.year)}
    if placed is not None:
        facts["disabled_employed"] = Fraction(placed)
    if state in (UnitState.DONE, UnitState.NOT_DONE):
        facts["quota_met"] = state is UnitState.DONE
    return facts


def _min_one(employer: Employer, answered: Answers, row: int) -> UnitState:
    applies = _flag(answered, "applies", row)
    if applies is False or employer.kind is EmployerKind.STATE_OWNED:
        return UnitState.NOT_CONCERNED
    outcome = {1: Outcome.MET, 0: Outcome.NOT_MET}.get(int(answered.outcomes()[row]), Outcome.UNKNOWN)
    if outcome is Outcome.UNKNOWN or applies is None:
        return UnitState.TO_VERIFY
    return UnitState.DONE if outcome is Outcome.MET else UnitState.NOT_DONE


def _flag(answered: Answers, name: str, row: int) -> bool | None:
    if name not in answered.results:
        return None
    value = answered.results[name].full(answered.rows).value(row, answered.reasons)
    return value if isinstance(value, bool) else None


def _whole(value: Value | None) -> int | None:
    return int(value) if isinstance(value, Fraction) else None


DUTIES: Mapping[str, str] = {
    "min_one": "至少安排1名残疾人的机关、事业单位",
    "quota": "机关、事业单位和国有企业按比例安排",
    "publish": "应当向社会公示安排残疾人就业情况的单位",
}


def unit_list(connection: Connection, subject: Subject, terms: DutyTerms, area: Area, duty: str) -> dict[str, Any]:
    """Return the units of a place that a duty concerns, those that have not met it first; the read is recorded.

    Of publication it says who has to; when and where they did stands in the ledger of units (`unit_ledger`).

    Raises
    ------
    NoSuchReport
        When there is no such duty.
    Forbidden
        When the role may not read reports for the stated purpose.
    """
    if duty not in DUTIES:
        raise NoSuchReport("没有这个报表")
    # Not for a company: of its count, in which a severe grade counts twice, the grade could be read.
    require(subject, Action.READ_REPORTS)
    here = [
        unit
        for unit in units_of(connection, subject, terms)
        if (area.codes is None or unit.employer.region in area.codes) and _is_concerned(unit, duty)
    ]
    order = {UnitState.NOT_DONE: 0, UnitState.TO_VERIFY: 1, UnitState.DONE: 2, UnitState.NOT_CONCERNED: 3}
    here.sort(key=lambda unit: (order[_state(unit, duty)], unit.employer.employer_id))
    least = min_one_ground(terms.on.year) if duty == "min_one" else None
    # Last: whoever holds the end of the audit keeps all others waiting, and the units of a province take long.
    record(connection, subject.by, Action.READ_REPORTS.value, object_kind="report", object_id=duty)
    return {
        "duty": duty,
        "title": DUTIES[duty],
        "year": terms.on.year,
        "as_of": terms.on.isoformat(),
        "region": area.code,
        "region_name": area.name,
        "source": None if least is None else least[0].as_dict(),
        "deadline": None if least is None or least[1] is None else least[1].isoformat(),
        "items": [unit.as_dict() for unit in here],
        "notice": NOTICE,
    }


def _state(unit: Unit, duty: str) -> UnitState:
    if duty == "publish":
        return UnitState.TO_VERIFY
    return unit.min_one if duty == "min_one" else unit.quota


def _is_concerned(unit: Unit, duty: str) -> bool:
    if duty == "publish":
        return unit.must_publish is not False
    return _state(unit, duty) is not UnitState.NOT_CONCERNED


def unit_lines(document: Mapping[str, Any]) -> list[str]:
    """Return a list of units in plain Chinese."""
    until = f"，期限 {document['deadline']}" if document["deadline"] else ""
    lines = [f"{document['region_name']}，{document['as_of']}，{document['title']}{until}"]
    for unit in document["items"]:
        told = [f"{unit['name'] or '名称未登记'}（{unit['employer_id']}，{unit['kind_label']}）"]
        if document["duty"] == "publish":
            told.append("应当公示" if unit["must_publish"] else "是否应当公示待核实")
            told.append("何时在哪里公示见单位台账的公示表")
        else:
            told.append(unit["min_one_label"] if document["duty"] == "min_one" else unit["quota_label"])
            told.append(f"编制 {'未登记' if unit['establishment'] is None else unit['establishment']}")
            told.append(
                f"应安排 {unit['required'] or '待核实'}，已计入 {unit['counted']}，差额 {unit['gap'] or '待核实'}"
            )
        lines.append("，".join(told))
    if not document["items"]:
        lines.append("没有这样的单位")
    return [*lines, document["notice"]]
