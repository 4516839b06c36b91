"""Records of publicity as a subject sees them, by year and place; every office sees what is public anyway."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection

from pipelines.access.roles import Subject
from pipelines.publicity_tables import COURSE_REVIEWS, PUBLICITY
from pipelines.store.repositories import TableRepository


class PublicityRows(TableRepository):
    """The records of publicity."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        super().__init__(connection, PUBLICITY, subject)

    def between(self, first: date, last: date, codes: frozenset[str] | None = None) -> list[dict[str, Any]]:
        """Return the records of some days, of everywhere or of some codes, the latest first."""
        c = self.table.c
        wanted = self._readable().where(c.on.between(first, last))
        if codes is not None:
            wanted = wanted.where(c.region.in_(sorted(codes)))
        found = self.connection.execute(wanted.order_by(c.on.desc(), c.publicity_id))
        return [self._values(row) for row in found]


class CourseReviewRows(TableRepository):
    """The publications and evaluations of training projects."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        super().__init__(connection, COURSE_REVIEWS, subject)

    def of(self, course_ids: Sequence[str], on: date) -> dict[str, list[dict[str, Any]]]:
        """Return those of some courses until a day, the latest first, by course."""
        c, found = self.table.c, dict[str, list[dict[str, Any]]]()
        wanted = self._readable().where(c.course_id.in_(course_ids), c.on <= on)
        for row in self.connection.execute(wanted.order_by(c.on.desc(), c.review_id)):
            values = self._values(row)
            found.setdefault(values["course_id"], []).append(values)
        return found
