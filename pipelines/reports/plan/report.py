"""The yearly report of the plan: exact over whom the subject sees, or with small cells suppressed where it leaves.

What goes out is suppressed as the other reports are: counts under ten and what they could be worked out from are not
told, the others are told to the nearest ten, and who does not want to be counted is left out.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from matching.duties.terms import Ground
from matching.regions import GANSU
from matching.rules.dated import rules_on
from matching.rules.rulebook import NOTICE
from matching.rules.values import as_decimal
from pipelines.access.audit import record, record_each
from pipelines.access.errors import Forbidden
from pipelines.access.roles import Action, Subject, program_subject
from pipelines.consent.effects import learning_refused
from pipelines.consent.errors import NoSuchReport
from pipelines.duties.units import min_one_ground
from pipelines.registers.rows import require
from pipelines.reports.generalise import K
from pipelines.reports.plan.count import ELSEWHERE, Cell, Tally, count_plan, label_of
from pipelines.reports.plan.figures import ALL, FIGURES, NOT_COUNTED, Figure, plan_begins, target
from pipelines.reports.suppress import rounded, suppressed
from pipelines.reports.tables import month_end
from pipelines.store.plan_rows import PlanRow

FIRST_YEAR, LAST_YEAR = 2015, 2100
_GAPS = ("quota_public", "quota_state")
TITLE = "残疾人就业行动方案落实情况"


def plan_report(
    connection: Connection, subject: Subject, year: int, on: date, *, is_exact: bool | None = None
) -> dict[str, Any]:
    """Return the figures of a year by prefecture; that it was read is recorded.

    Parameters
    ----------
    is_exact : exact numbers, for those who see people only; None: exact for them, suppressed for everybody else.

    Raises
    ------
    Forbidden
        When the role may not read reports for the stated purpose, or not exactly.
    """
    require(subject, Action.READ_REPORTS)
    exact = subject.sees_people if is_exact is None else is_exact
    if exact and not subject.sees_people:
        raise Forbidden("您的角色不能为这一目的这样做")
    if exact:
        document = document_of(count_plan(connection, subject, year, on), year, None)
    else:
        day = on if on > date(year, 12, 31) else month_end(on)
        tally = count_plan(connection, _everybody(subject), year, day, without=frozenset(learning_refused(connection)))
        people = {cell: n for cell, n in tally.cells.items() if not FIGURES[cell[0]].is_public}
        document = document_of(tally, year, suppressed(people, tally.lines))
    # Last: whoever holds the end of the audit keeps all others waiting, and counting may take long.
    note_plan_read(connection, subject)
    return document


def note_plan_read(connection: Connection, subject: Subject) -> None:
    """Record that somebody reads the report.

    Raises
    ------
    Forbidden
        When the role may not read reports for the stated purpose.
    """
    require(subject, Action.READ_REPORTS)
    record(connection, subject.by, Action.READ_REPORTS.value, object_kind="report", object_id="plan")


def _everybody(subject: Subject) -> Subject:
    """Return the program itself: what is published is the same whoever asks."""
    return program_subject("reports", subject.purpose)


def rows_behind(
    connection: Connection,
    subject: Subject,
    year: int,
    on: date,
    cell: Cell,
    *,
    after: str | None = None,
    limit: int | None = None,
) -> tuple[list[PlanRow], bool]:
    """Return the rows behind a cell of the exact report, by whose they are, and whether there are more.

    A cell is a figure, an area and a word; whoever is named in the rows is recorded.

    Raises
    ------
    NoSuchReport
        When there is no such figure or word.
    Forbidden
        When the role may not read people for the stated purpose.
    """
    figure, area, word = cell
    if figure not in FIGURES or word not in (*FIGURES[figure].words, ALL):
        raise NoSuchReport("没有这个报表")
    require(subject, Action.READ_CANDIDATES)
    found = count_plan(connection, subject, year, on, only={figure}).rows_of(figure, word, area)
    left = [row for row in found if after is None or row[0] > after]
    shown = left[:limit]
    people = [row[0] for row in shown] if FIGURES[figure].counts == "people" else []
    if people:
        action = Action.READ_CANDIDATES.value
        record_each(connection, subject.by, action, object_kind="candidate", object_ids=people)
    return shown, len(left) > len(shown)


def document_of(tally: Tally, year: int, hidden: frozenset[Cell] | None) -> dict[str, Any]:
    """Return what was counted of a year as the report; `hidden` are the cells not told, None where all are."""
    on = tally.terms.on
    wanted, ground = target(on)
    begins = plan_begins(on)
    return {
        "name": "plan",
        "title": f"{TITLE}（{year}年）",
        "year": year,
        "as_of": on.isoformat(),
        "rules_version": rules_on(on).version,
        "is_exact": hidden is None,
        "rule": None
        if hidden is None
        else f"少于{K}的人数、户数，以及可由其他数字算出它的数字，不公布；其余四舍五入到十位；不同意用于统计的人不计入",
        "plan_begins": None if begins is None else begins.isoformat(),
        "target": {
            "title": "方案期内全省城乡新增残疾人就业目标",
            "value": wanted,
            "state": "stated" if wanted is not None else "to_verify",
            "source": ground.as_dict(),
            "by_area": "方案没有分市州的目标，市州目标需人工核实",
        },
        "places": [{"place": place, "label": label_of(place)} for place in _shown(tally, hidden)],
        "figures": [_figure(tally, figure, hidden) for figure in FIGURES.values()],
        "not_counted": [one.as_dict() for one in NOT_COUNTED],
        "notice": NOTICE,
    }


def _shown(tally: Tally, hidden: frozenset[Cell] | None) -> list[str]:
    """Return the places in their order; of exact ones only those where something was counted, and the province."""
    if hidden is not None:
        return [*tally.places, GANSU]
    used = {cell[1] for cell, n in tally.cells.items() if n}
    return [*(place for place in tally.places if place in used or len(used) == 0), GANSU]


def _figure(tally: Tally, figure: Figure, hidden: frozenset[Cell] | None) -> dict[str, Any]:
    ground: Ground = figure.ground(tally.terms.on)
    words = dict(figure.words)
    if figure.total is not None:
        words[ALL] = figure.total
    shown: dict[str, Any] = {
        "name": figure.name,
        "title": figure.title,
        "counts": figure.counts,
        "unit": figure.unit,
        "definition": figure.definition,
        "source": ground.as_dict(),
        "columns": [{"name": word, "label": label} for word, label in words.items()],
        "rows": [
            {
                "place": place,
                "label": label_of(place),
                "counts": {word: _told(tally, (figure.name, place, word), hidden) for word in words},
            }
            for place in _shown(tally, hidden)
        ],
    }
    if figure.name == "min_one" and (least := min_one_ground(tally.terms.on.year)) is not None:
        shown["deadline"] = None if least[1] is None else least[1].isoformat()
    if figure.name in _GAPS and hidden is None:
        shown["gaps"] = {
            place: format(as_decimal(tally.gap(figure.name, place), 4), "f") for place in _shown(tally, hidden)
        }
    return shown


def _told(tally: Tally, cell: Cell, hidden: frozenset[Cell] | None) -> int | None:
    n = tally.cells[cell]
    if hidden is None or FIGURES[cell[0]].is_public:
        return n
    return None if cell in hidden else rounded(n)


def coverage(figure: Mapping[str, Any], place: str) -> str | None:
    """Return the share of a service done in percent, from the numbers that are shown; None where one is not shown."""
    counts: Mapping[str, int | None] = next((row["counts"] for row in figure["rows"] if row["place"] == place), {})
    done, due = counts.get("done"), counts.get("due")
    if done is None or due is None or done + due == 0:
        return None
    return f"{100 * done / (done + due):.1f}%"


__all__ = [
    "ELSEWHERE",
    "FIRST_YEAR",
    "LAST_YEAR",
    "coverage",
    "document_of",
    "note_plan_read",
    "plan_report",
    "rows_behind",
]
