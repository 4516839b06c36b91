"""Where a role can go: the entries at the head of every page, each with the act that it needs."""

from dataclasses import dataclass

from pipelines.access.roles import Action, Role, Subject, usual_purpose


@dataclass(frozen=True, slots=True)
class Entry:
    """A page at the head of all others, for whom may do the act; `roles` narrow it further, empty for all."""

    word: str
    address: str
    action: Action
    roles: frozenset[Role] = frozenset()
    is_of_own_company: bool = False
    """About the company of whoever looks: the one user of a store without accounts has none."""


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as a page shows it."""

    word: str
    address: str
    is_here: bool


STAFF = frozenset({Role.CASEWORKER, Role.SUPERVISOR})
COMPANY = frozenset({Role.COMPANY_POSTER, Role.COMPANY_APPROVER})
ENTRIES = [
    Entry("nav.people", "/people", Action.READ_CANDIDATES, STAFF),
    Entry("nav.caseload", "/caseload", Action.WRITE_CANDIDATES, STAFF),
    Entry("nav.tasks", "/tasks", Action.READ_TASKS, STAFF),
    Entry("nav.plans", "/plans", Action.READ_TASKS, STAFF),
    Entry("nav.claims", "/claims", Action.READ_BENEFITS, STAFF),
    Entry("nav.courses", "/courses", Action.READ_COURSES, STAFF),
    Entry("nav.events", "/events", Action.READ_INITIATIVES, STAFF),
    Entry("nav.supervision", "/supervision", Action.READ_REPORTS, frozenset({Role.SUPERVISOR})),
    Entry("nav.effects", "/supervision/effects", Action.READ_REPORTS, frozenset({Role.ANALYST})),
    Entry("nav.tables", "/supervision/tables", Action.READ_REPORTS, frozenset({Role.ANALYST})),
    Entry("nav.models", "/models", Action.READ_MODELS, frozenset({Role.ANALYST})),
    Entry("nav.posts", "/posts", Action.READ_VACANCIES),
    Entry("nav.employers", "/employers", Action.VERIFY_EMPLOYERS, STAFF),
    Entry("nav.quota", "/company/quota", Action.READ_QUOTA, COMPANY, is_of_own_company=True),
    Entry("nav.benefits", "/company/benefits", Action.READ_BENEFITS, COMPANY, is_of_own_company=True),
    Entry("nav.social", "/company/report", Action.READ_QUOTA, COMPANY, is_of_own_company=True),
    Entry("nav.company", "/company", Action.READ_EMPLOYERS, COMPANY, is_of_own_company=True),
    Entry("nav.accounts", "/accounts", Action.ADMINISTER, frozenset({Role.ADMINISTRATOR})),
    Entry("nav.audit", "/audit", Action.READ_AUDIT, frozenset({Role.AUDITOR})),
]
"""In the order in which they are shown, after the first page; add a page here and it is at the head of all."""


def navigation(subject: Subject, path: str) -> list[Link]:
    """Return where a subject can go; the first page is everybody's."""
    links = [Link("nav.home", "/", path == "/")]
    for entry in ENTRIES:
        if is_open_to(entry, subject):
            links.append(Link(entry.word, entry.address, path == entry.address or path.startswith(f"{entry.address}/")))
    # Of two addresses that both begin the path the longer one is where one is.
    here = max((link.address for link in links if link.is_here), key=len, default="")
    return [Link(link.word, link.address, link.address == here) for link in links]


def is_open_to(entry: Entry, subject: Subject) -> bool:
    """True where a subject may open a page, for the purpose that it usually does so for."""
    if subject.is_local:
        return not entry.is_of_own_company
    if subject.role is None or (entry.roles and subject.role not in entry.roles):
        return False
    purpose = usual_purpose(subject.role, entry.action, subject.purpose)
    return Subject(None, None, subject.role, frozenset(), purpose).may(entry.action)
