"""Which rows of a table a subject sees: the condition that every query of a scoped table starts from.

Staff see the people of their subtree and those assigned to them; the root of the tree sees everybody, so that nobody
whose region is unknown is lost. A company sees what is its own. Everybody else sees no row.
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, false, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from pipelines.access.roles import Subject
from pipelines.store import tables

_OF_PEOPLE = frozenset(
    {"interactions", "placements", "services", "enrolments", "initiative_people", "ventures", "visits"}
)
_PUBLIC = frozenset({"courses", "sites", "labour_projects", "office_checks", "service_contracts", "course_reviews"})
_OF_STAFF = frozenset({"vacancies", "initiatives", "initiative_posts", "publicity"})
"""Seen by every office, so that people can be sent across counties; a company sees its own vacancies."""


class Among(FunctionElement[Any]):
    """A column among the few values that a query of its own finds.

    PostgreSQL reads a whole table for `a IN (…) OR b IN (SELECT …)`; asked for an array first, it uses both indices.
    """

    inherit_cache = True
    name = "among"
    type = NullType()  # of a Boolean SQLite would be asked whether it is 1, and would then use no index


@compiles(Among)
def _by_subquery(element: Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, found = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} IN {found}"


@compiles(Among, "postgresql")
def _by_array(element: Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, found = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} = ANY (ARRAY{found})"


def among(column: ColumnElement[Any], found: Select[Any]) -> ColumnElement[bool]:
    """Return the condition that a column is one of what a query finds, which must not hang on the row at hand."""
    return Among(column, found.scalar_subquery())


@lru_cache(maxsize=4096)
def reach(table: str, subject: Subject) -> ColumnElement[bool] | None:
    """Return the condition for a table, or None where the subject sees every row.

    Hangs on nothing but the subject, which says whole what it may see; put together once for each.
    """
    if subject.is_local or table in _PUBLIC:
        return None
    columns: Any = tables.CASE_TABLES[table].c
    if subject.employer_id is not None:
        own: ColumnElement[bool] = columns.employer_id == subject.employer_id if "employer_id" in columns else false()
        return own
    if not subject.sees_people:
        return false()
    if table in _OF_STAFF or subject.is_whole_province:
        return None
    if table == "employers":
        return _in_codes(columns.region, subject)
    if table == "unit_records":
        units = tables.CASE_TABLES["employers"].c
        there: ColumnElement[bool] = columns.employer_id.in_(
            select(units.employer_id).where(_in_codes(units.region, subject))
        )
        return there
    condition = _people(subject)
    if table == "candidates":
        return condition
    if table in _OF_PEOPLE:
        people = tables.CASE_TABLES["candidates"].c
        theirs: ColumnElement[bool] = columns.candidate_id.in_(select(people.candidate_id).where(condition))
        return theirs
    return false()


def _people(subject: Subject) -> ColumnElement[bool]:
    people, a = tables.CASE_TABLES["candidates"].c, tables.assignments.c
    assigned = select(a.candidate_id).where(
        a.organisation_id == subject.organisation_id,
        or_(a.user_id.is_(None), a.user_id == subject.user_id),
        a.ended_at.is_(None),
    )
    return or_(_in_codes(people.region, subject), among(people.candidate_id, assigned))


def _in_codes(region: ColumnElement[Any], subject: Subject) -> ColumnElement[bool]:
    # Whole codes, never a prefix: an office answers for what the dated table says.
    return region.in_(sorted(subject.codes))


def accepts(table: str, subject: Subject, values: Any) -> bool:
    """True where a subject may write a row with these values; what a row says of its place is what counts.

    A new person without a region is accepted: the door assigns them to the office that registers them.
    """
    if subject.is_local:
        return True
    if subject.employer_id is not None:
        return table in ("employers", "vacancies") and values.get("employer_id") == subject.employer_id
    if not subject.sees_people:
        return False
    if table in ("candidates", "employers", "vacancies", "initiatives", "publicity"):
        region = values.get("region")
        return subject.is_whole_province or region is None or region in subject.codes
    return True
