"""How many registered people could do a post as it stands, and how many with one accommodation more; in bands only.

The numbers help a company to see what it asks for, and must tell of nobody. So the people are those of a fixed cell (a
prefecture), never narrower; a number below ten is only said to be that; the others are told in bands of ten after a
little noise that hangs on exactly whom the number counts (the cell key method), so that two questions that differ by
one person cannot be subtracted; and who asks is in the audit. The same question has the same answer all day.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b, sha256
from typing import Any

from sqlalchemy import Connection

from matching.entities import Candidate, CandidateId, Vacancy
from matching.explanation import needed_at
from matching.fit import compare
from matching.reading import read_vacancy
from matching.regions import GANSU, prefecture, region_name
from matching.stock import StockItem
from matching.vocabulary import Accommodation, AccommodationState, Function, Outcome
from pipelines.access.audit import record
from pipelines.access.keyed import keyed_hash
from pipelines.access.roles import Action, Subject
from pipelines.access.vault import Vault
from pipelines.consent.effects import matching_refused
from pipelines.consent.released import banded
from pipelines.registers.rows import require
from pipelines.reports.generalise import K
from pipelines.schema import CANDIDATES
from pipelines.store.counts import profiles_in
from pipelines.store.sealed import vault_of

_USE = "preview"
_NOISE = 4
"""At most so many more or fewer before a number is told in its band."""
_MOST_TOLD = 5
_FUNCTIONS, _NEEDED = CANDIDATES.column("functions"), CANDIDATES.column("accommodations_needed")


@dataclass(frozen=True, slots=True)
class Profile:
    """What of a person bears on a post: limitations of the functions that it asks for, and what is needed there."""

    functions: tuple[tuple[Function, int], ...]
    needed: tuple[Accommodation, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """So many people, and a mark of exactly which: the sum of one number a person."""

    n: int = 0
    mark: int = 0

    def __add__(self, other: "Group") -> "Group":
        return Group(self.n + other.n, (self.mark + other.mark) % (1 << 64))


def one_person(candidate_id: str) -> Group:
    """Return a person as a group."""
    return Group(1, int.from_bytes(blake2b(candidate_id.encode(), digest_size=8).digest()))


def preview(
    connection: Connection, subject: Subject, vacancy: Vacancy, *, home: str | None, employer_id: str | None
) -> dict[str, Any]:
    """Return how many people of a prefecture could do a post by its stated demands; the asking is recorded.

    Parameters
    ----------
    vacancy : the post as it stands, saved or not.
    home : where its company has its seat, for a post whose place is not known yet.
    employer_id : whose post it is, for the audit.

    Raises
    ------
    Forbidden
        When the role may not write vacancies for the stated purpose.
    """
    require(subject, Action.WRITE_VACANCIES)
    record(connection, subject.by, "vacancies.preview", object_kind="employer", object_id=employer_id)
    region = vacancy.region or home
    place = GANSU if region is None else prefecture(region)
    told: dict[str, Any] = {"region": place, "label": region_name(place), "is_asked": bool(vacancy.demands)}
    if not vacancy.demands:
        return told | {"now": None, "one_more": [], "unknown": None}
    now, unknown, one_more = _sorted_out(vacancy, _profiles(connection, vacancy, place))
    vault = vault_of(connection)
    more = [(accommodation, _told(vault, place, now + extra)) for accommodation, extra in one_more.items()]
    before = _told(vault, place, now)
    # In the order of the bands and of the list: which of two of one band is longer is nobody's to know.
    more.sort(key=lambda one: (-_least(one[1]), list(Accommodation).index(one[0])))
    return told | {
        "now": before,
        "unknown": _told(vault, place, unknown),
        "one_more": [
            {"name": one.value, "label": one.label, "people": people}
            for one, people in more
            if _least(people) > _least(before)
        ][:_MOST_TOLD],
    }


def _profiles(connection: Connection, vacancy: Vacancy, place: str) -> dict[Profile, Group]:
    """Return the people of a place by what of them bears on a post; who does not want to be matched is not counted."""
    asked = [function for function in Function if vacancy.demands.get(function, 0) > 0]
    whole: dict[tuple[str, str], Group] = defaultdict(Group)
    for candidate_id, functions, needed in profiles_in(connection, place, without=matching_refused(connection)):
        whole[functions, needed] += one_person(candidate_id)
    found: dict[Profile, Group] = defaultdict(Group)
    for (functions, needed), group in whole.items():
        held: Mapping[Function, int] = _FUNCTIONS.parse(functions) or {}
        known = tuple((function, held[function]) for function in asked if function in held)
        found[Profile(known, _NEEDED.parse(needed) or ())] += group
    return found


def _sorted_out(vacancy: Vacancy, people: Mapping[Profile, Group]) -> tuple[Group, Group, dict[Accommodation, Group]]:
    """Return who could do a post now, of whom it is not known, and who could with one accommodation more, by it."""
    item = StockItem(vacancy, read_vacancy(vacancy))
    now, unknown, one_more = Group(), Group(), dict[Accommodation, Group]()
    rest = {function: 0 for function in Function if not vacancy.demands.get(function, 0)}
    for profile, group in people.items():
        limits = {**rest, **dict(profile.functions)}
        person = Candidate(candidate_id=CandidateId("-"), functions=limits, accommodations_needed=profile.needed)
        needed = needed_at(person, item)
        fit = compare(limits, item.demands, item.offered, needed)
        lacking = {one for one, state in fit.accommodations.items() if state is AccommodationState.TO_ARRANGE}
        lacking |= {one for one in needed if one not in item.offered}
        if fit.outcome is Outcome.UNKNOWN:
            unknown += group
        elif fit.outcome is not Outcome.DOES_NOT_FIT and not lacking:
            now += group
        elif fit.outcome is not Outcome.DOES_NOT_FIT and len(lacking) == 1:
            only = lacking.pop()
            one_more[only] = one_more.get(only, Group()) + group
    return now, unknown, one_more


def _told(vault: Vault, place: str, people: Group) -> str:
    """Return the band of a number of people; what was fewer than ten is never told as more, whatever the noise."""
    return banded(people.n if people.n < K else max(0, people.n + _noise(vault, place, people)))


def _noise(vault: Vault, place: str, people: Group) -> int:
    """Return the noise of a group: the same for the same people, however they were asked for, and nobody's to guess."""
    text = f"{place} {people.mark}"
    # Without keys there is the one trusted user of this machine, from whom nothing is hidden.
    digest = keyed_hash(vault, _USE, text).rpartition(".")[2] if vault.keys else sha256(text.encode()).hexdigest()
    return int(digest[:12], 16) % (2 * _NOISE + 1) - _NOISE


def _least(band: str) -> int:
    return int(band.partition("—")[0]) if "—" in band else 0
