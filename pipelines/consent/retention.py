"""How long records are kept: inactive, warned, anonymised after the term, with what is held back and what is unknown.

Notices go after terms of their own.

Terms are dated data (`pipelines/data/retention.yaml`). Of whom no day of activity is known nothing is decided here.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection

from pipelines.access.audit import record
from pipelines.access.roles import By, Purpose, program_subject
from pipelines.consent.effects import SHANGHAI
from pipelines.consent.erasure import Erased, erase, held_back, months_before
from pipelines.consent.texts import term
from pipelines.notices.reminders import FROM_DAYS
from pipelines.store import anonymising
from pipelines.store.consents import RequestRepository, WarningRepository
from pipelines.store.notices import Terms, drop_out_of_term, n_out_of_term
from pipelines.store.repositories import CandidateRepository

_PROGRAM = program_subject("retention", Purpose.PERSONS_REQUEST)


@dataclass(frozen=True, slots=True)
class Retention:
    """What a day asks for: who is to be warned, whose warning falls away, who is due, held back, or unknown."""

    on: date
    inactive_since: dict[str, date]
    to_warn: tuple[str, ...]
    active_again: tuple[str, ...]
    due: tuple[str, ...]
    held: tuple[str, ...]
    without_a_day: tuple[str, ...]
    n_notices: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return it as it travels in JSON; ids only."""
        return {
            "on": self.on.isoformat(),
            "to_warn": [
                {"candidate_id": one, "inactive_since": self.inactive_since[one].isoformat()} for one in self.to_warn
            ],
            "active_again": list(self.active_again),
            "due": list(self.due),
            "held": list(self.held),
            "without_a_day": len(self.without_a_day),
            "notices": self.n_notices,
        }


def plan(connection: Connection, on: date) -> Retention:
    """Return what a day asks for; nothing is changed."""
    everybody = CandidateRepository(connection, _PROGRAM).ids()
    active = anonymising.last_active(connection)
    at_work, held = anonymising.employed(connection, on), held_back(connection, on)
    limit = months_before(on, term("inactive_after_months", on))
    inactive = {str(i): active[i] for i in everybody if i in active and active[i] <= limit and i not in at_work}
    warned = WarningRepository(connection).all()
    granted = set(RequestRepository(connection, _PROGRAM).granted_erasures())
    due = {i for i, warning in warned.items() if i in inactive and warning["due_on"] <= on} | granted
    return Retention(
        on=on,
        inactive_since=inactive,
        to_warn=tuple(sorted(i for i in inactive if i not in warned)),
        active_again=tuple(sorted(i for i in warned if i not in inactive)),
        due=tuple(sorted(due - held)),
        held=tuple(sorted(due & held)),
        without_a_day=tuple(sorted(i for i in everybody if i not in active)),
        n_notices=n_out_of_term(connection, notice_terms(on)),
    )


def notice_terms(on: date) -> Terms:
    """Return until when notices are old: those read or ended, and those never read."""
    read, unread = (
        datetime.combine(months_before(on, term(name, on)), time(), SHANGHAI)
        for name in ("notice_read_months", "notice_unread_months")
    )
    return Terms(read, unread, tuple(kind.value for kind in FROM_DAYS))


def carry_out(connection: Connection, found: Retention, *, by: By) -> Erased:
    """Warn, take warnings back, drop old notices, and anonymise who is due, in the caller's transaction."""
    record(
        connection,
        by,
        "retention.run",
        object_kind="retention",
        details={
            "warned": len(found.to_warn),
            "active_again": len(found.active_again),
            "due": len(found.due),
            "held": len(found.held),
            "notices": found.n_notices,
        },
    )
    drop_out_of_term(connection, notice_terms(found.on))
    warnings, days = WarningRepository(connection), term("warned_for_days", found.on)
    warnings.drop(found.active_again)
    warnings.add(
        [
            {
                "candidate_id": one,
                "inactive_since": found.inactive_since[one],
                "warned_on": found.on,
                "due_on": found.on + timedelta(days=days),
            }
            for one in found.to_warn
        ]
    )
    return erase(connection, found.due, by=by, why="retention", on=found.on)
