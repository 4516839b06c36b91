"""What was shown to whom: the heads of stored lists with their lines, for a cycle that counts exposure."""

import json
from collections.abc import Iterator
from datetime import date

from sqlalchemy import Connection, select

from matching.entities import CandidateId
from pipelines.access.roles import Subject
from pipelines.store import tables
from pipelines.store.errors import OutOfReach


class RunLog:
    """Every stored list; for the program alone."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        if not subject.is_local:
            raise OutOfReach("只有程序自身可以读取全部名单")
        self.connection = connection

    def shown(self, *, until: date) -> Iterator[tuple[CandidateId, date, tuple[str, ...]]]:
        """Yield person, day and the vacancies shown, the first line first, of lists up to a day, in a fixed order."""
        runs = tables.shortlist_runs.c
        wanted = (
            select(runs.candidate_id, runs.as_of, runs.payload)
            .where(runs.as_of <= until)
            .order_by(runs.as_of, runs.candidate_id, runs.created_at, runs.run_id)
        )
        for candidate_id, on, payload in self.connection.execute(wanted):
            lines = json.loads(payload).get("items", [])
            yield CandidateId(candidate_id), on, tuple(line["vacancy_id"] for line in lines if "vacancy_id" in line)
