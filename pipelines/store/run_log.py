"""What was shown to whom: the heads of stored lists with their lines, for a cycle that counts exposure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from matching.entities import CandidateId
from pipelines.access.roles import Subject
from pipelines.store import tables
from pipelines.store.errors import OutOfReach


@dataclass(frozen=True, slots=True)
class ShownList:
    """A list that was given out: the vacancies shown, the first line first, and what was tried out on it.

    `by_lot` says which place was given by lot, among which vacancies and how likely each was; `beside` the heads under
    the champion and under the challenger that was asked as well. None where the list took no part.
    """

    candidate_id: CandidateId
    on: date
    shown: tuple[str, ...]
    by_lot: Mapping[str, Any] | None = None
    beside: Mapping[str, Any] | None = None


class RunLog:
    """Every stored list; for the program alone."""

    def __init__(self, connection: Connection, subject: Subject) -> None:
        if not subject.is_local:
            raise OutOfReach("只有程序自身可以读取全部名单")
        self.connection = connection

    def shown(self, *, until: date) -> Iterator[ShownList]:
        """Yield lists up to a day, in a fixed order."""
        runs = tables.shortlist_runs.c
        wanted = (
            select(runs.candidate_id, runs.as_of, runs.payload)
            .where(runs.as_of <= until)
            .order_by(runs.as_of, runs.candidate_id, runs.created_at, runs.run_id)
        )
        for candidate_id, on, payload in self.connection.execute(wanted):
            document = json.loads(payload)
            lines = document.get("items", [])
            shown = tuple(line["vacancy_id"] for line in lines if "vacancy_id" in line)
            yield ShownList(CandidateId(candidate_id), on, shown, document.get("by_lot"), document.get("beside"))
