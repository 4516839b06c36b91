"""The pages of one part of the console beside one another: those that whoever looks may open."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.pages.navigation import STAFF, Entry, is_open_to
from pipelines.access.roles import Action, Role, Subject


@dataclass(frozen=True, slots=True)
class Tab:
    """One of the pages."""

    word: str
    address: str
    is_here: bool


SUPERVISION = (
    Entry("supervision.tab_progress", "/supervision", Action.READ_REPORTS, STAFF),
    Entry("supervision.tab_units", "/supervision/units", Action.READ_REPORTS, STAFF),
    Entry("supervision.tab_ledger", "/supervision/ledger", Action.READ_UNIT_RECORDS, frozenset({Role.SUPERVISOR})),
    Entry("supervision.tab_tables", "/supervision/tables", Action.READ_REPORTS),
    Entry("supervision.tab_households", "/supervision/households", Action.READ_CANDIDATES),
    Entry("supervision.tab_effects", "/supervision/effects", Action.READ_REPORTS),
    Entry("supervision.tab_inspections", "/supervision/inspections", Action.READ_INSPECTIONS),
    Entry("supervision.tab_vacancies", "/supervision/vacancies", Action.APPROVE_VACANCIES),
    Entry("supervision.tab_placements", "/supervision/placements", Action.WRITE_PLACEMENTS),
    Entry("supervision.tab_reads", "/supervision/reads", Action.READ_READS),
    Entry("supervision.tab_rules", "/supervision/rules", Action.RELEASE_RULES),
)


def tabs_of(subject: Subject, here: str, entries: Sequence[Entry] = SUPERVISION) -> list[Tab]:
    """Return the tabs that a subject may open; `here` is the address of the present one."""
    return [Tab(one.word, one.address, one.address == here) for one in entries if is_open_to(one, subject)]
