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


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as a page shows it."""

    word: str
    address: str
    is_here: bool


STAFF = frozenset({Role.CASEWORKER, Role.SUPERVISOR})
ENTRIES = [
    Entry("nav.people", "/people", Action.READ_CANDIDATES, STAFF),
    Entry("nav.tasks", "/tasks", Action.READ_TASKS, STAFF),
    Entry("nav.models", "/models", Action.READ_MODELS, frozenset({Role.ANALYST})),
]
"""In the order in which they are shown, after the first page; add a page here and it is at the head of all."""


def navigation(subject: Subject, path: str) -> list[Link]:
    """Return where a subject can go; the first page is everybody's."""
    links = [Link("nav.home", "/", path == "/")]
    for entry in ENTRIES:
        if _is_open_to(entry, subject):
            links.append(Link(entry.word, entry.address, path == entry.address or path.startswith(f"{entry.address}/")))
    return links


def _is_open_to(entry: Entry, subject: Subject) -> bool:
    if subject.is_local:
        return True
    if subject.role is None or (entry.roles and subject.role not in entry.roles):
        return False
    purpose = usual_purpose(subject.role, entry.action, subject.purpose)
    return Subject(None, None, subject.role, frozenset(), purpose).may(entry.action)
