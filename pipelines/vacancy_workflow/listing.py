"""Pages of vacancies: what is published, and the drafts that the subject works on, by id in one list.

Four statements make a page however long it is: the ids, where they stand, their versions, and the published rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, false, not_, or_, select, true, union_all

from pipelines.access.roles import Action, Subject
from pipelines.registers.rows import require
from pipelines.store.repositories import VacancyRepository
from pipelines.store.workflow_tables import vacancy_workflow
from pipelines.vacancy_workflow.repository import Workflows
from pipelines.vacancy_workflow.service import Published, VacancyWork, Work
from pipelines.vacancy_workflow.states import PAUSE_AFTER, Live, State

STATES = tuple(dict.fromkeys([*(state.value for state in State), *(live.value for live in Live)]))
_ON_ITS_WAY = (State.DRAFT.value, State.CHECKED.value, State.APPROVED.value)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is asked for; None is no filter."""

    kind: str | None = None
    region: str | None = None
    employer_id: str | None = None
    is_open: bool | None = None
    state: str | None = None
    concession: str | None = None
    """Published vacancies that name this relief or help."""


class _Rows(VacancyRepository):
    """The published rows, as a part of the list."""

    def ids(self, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
        """Return the statement of the ids of what fulfils the conditions."""
        return self._readable(self.table.c.vacancy_id).where(*conditions)


def page_of_vacancies(
    work: VacancyWork, filters: Filters, *, after: str | None, limit: int
) -> tuple[list[Work | Published], bool]:
    """Return the next visible vacancies by id, and whether more follow.

    Raises
    ------
    Forbidden
        When the role may not read vacancies for the stated purpose.
    """
    require(work.subject, Action.READ_VACANCIES)
    ids = _ids(work.connection, work.subject, filters, work.on, after, limit + 1)
    return _seen(work, ids[:limit]), len(ids) > limit


def _ids(
    connection: Connection, subject: Subject, filters: Filters, on: date, after: str | None, limit: int
) -> list[str]:
    rows, workflows = _Rows(connection, subject), Workflows(connection, subject)
    v, w = rows.table.c, vacancy_workflow.c
    published = [*_equal(v, filters), _published_where(v, workflows, filters, on)]
    drafts = [*_equal(w, filters), w.published_version.is_(None), _drafts_where(filters)]
    if filters.concession is not None:
        published.append(v.concessions.contains(filters.concession, autoescape=True))
        drafts.append(false())
    if after is not None:
        published.append(v.vacancy_id > after)
        drafts.append(w.vacancy_id > after)
    # Each part by its own key and no longer than the page: else all of both would be sorted for it.
    parts = [
        rows.ids(published).order_by(v.vacancy_id).limit(limit).subquery(),
        workflows.ids(drafts).order_by(w.vacancy_id).limit(limit).subquery(),
    ]
    both = union_all(*(select(part.c.vacancy_id) for part in parts)).subquery()
    statement = select(both.c.vacancy_id).order_by(both.c.vacancy_id).limit(limit)
    return list(connection.execute(statement).scalars())


def _equal(columns: Any, filters: Filters) -> list[ColumnElement[bool]]:
    named = {"kind": filters.kind, "region": filters.region, "employer_id": filters.employer_id}
    return [columns[name] == value for name, value in named.items() if value is not None]


def _published_where(v: Any, workflows: Workflows, filters: Filters, on: date) -> ColumnElement[bool]:
    w = vacancy_workflow.c
    last = on - PAUSE_AFTER
    is_open = and_(or_(v.opens_on.is_(None), v.opens_on <= on), or_(v.closes_on.is_(None), v.closes_on >= on))
    not_ended = or_(v.closes_on.is_(None), v.closes_on >= on)
    still = w.state != State.CLOSED.value

    def has(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
        found: ColumnElement[bool] = v.vacancy_id.in_(workflows.ids(conditions))
        return found

    by_state: dict[str, ColumnElement[bool]] = {
        **{state: has(w.state == state) for state in (*_ON_ITS_WAY, State.CLOSED.value)},
        Live.PUBLISHED.value: and_(not_ended, or_(not_(has()), has(still, w.confirm_from > on))),
        Live.CONFIRMATION_DUE.value: and_(not_ended, has(still, w.confirm_from <= on, w.confirm_from >= last)),
        Live.PAUSED.value: has(still, w.confirm_from < last),
        Live.ENDED.value: and_(v.closes_on < on, or_(not_(has()), has(still, w.confirm_from >= last))),
    }
    where: ColumnElement[bool] = true() if filters.state is None else by_state[filters.state]
    if filters.is_open is None:
        return where
    return and_(where, is_open if filters.is_open else not_(is_open))


def _drafts_where(filters: Filters) -> ColumnElement[bool]:
    if filters.is_open:
        return false()
    if filters.state is None:
        return true()
    return vacancy_workflow.c.state == filters.state


def _seen(work: VacancyWork, ids: Sequence[str]) -> list[Work | Published]:
    standings = work.workflows.many(ids)
    newest = work.workflows.contents([(one.vacancy_id, one.version) for one in standings.values()])
    published = work.workflows.published_contents(ids)
    keys = [(one,) for one in ids if one not in standings]
    versions = work.rows.versions(keys)  # before the rows: a change in between is met as one, not written over
    rows = work.rows.find(keys)
    found: list[Work | Published] = []
    for one in ids:
        if one in standings:
            found.append(work.seen(standings[one], newest[one], published.get(one)))
        elif (one,) in rows and (one,) in versions:
            found.append(Published(rows[one,], versions[one,], published.get(one)))
    return found
