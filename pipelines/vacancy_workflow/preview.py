"""How many registered people could do a post as it stands, and how many with one accommodation more; in bands only.

The numbers help a company to see what it asks for, and must tell of nobody. So the people are those of a fixed cell (a
prefecture), never narrower; a number below ten is only said to be that; the others are told in bands of ten after a
little noise that hangs on exactly whom the number counts (the cell key method), so that two questions that differ by
one person cannot be subtracted; and who asks is in the audit. The same question has the same answer all day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b, sha256
from typing import Any

from sqlalchemy import Connection

from matching.accommodation import MAX_LEVEL
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
_MARKS = 1 << 64
_NEEDED = CANDIDATES.column("accommodations_needed")


@dataclass(frozen=True, slots=True)
class Group:
    """So many people, and a mark of exactly which: the sum of one number a person."""

    n: int = 0
    mark: int = 0

    def __add__(self, other: "Group") -> "Group":
        return Group(self.n + other.n, (self.mark + other.mark) % _MARKS)


def one_person(candidate_id: str) -> Group:
    """Return a person as a group."""
    return Group(1, _mark(candidate_id))


def _mark(candidate_id: str) -> int:
    return int.from_bytes(blake2b(candidate_id.encode(), digest_size=8).digest())


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
    now, unknown, one_more = _sorted_out(vacancy, _profiles(connection, place))
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


Cells = tuple[str, str]
"""Limitations and needs of a person, as they are stored."""


def _profiles(connection: Connection, place: str) -> dict[Cells, Group]:
    """Return the people of a place by their profile; who does not want to be matched is not counted."""
    # Summed up as numbers and made groups once: a city has tens of thousands of people.
    found: dict[Cells, list[int]] = {}
    for candidate_id, functions, needed in profiles_in(connection, place, without=matching_refused(connection)):
        held = found.setdefault((functions, needed), [0, 0])
        held[0] += 1
        held[1] += _mark(candidate_id)
    return {cells: Group(n, mark % _MARKS) for cells, (n, mark) in found.items()}


@dataclass(frozen=True, slots=True)
class Part:
    """What one function decides: it stands in the way, nobody knows, or these accommodations are still lacking."""

    outcome: Outcome
    lacking: frozenset[Accommodation]


class Sorter:
    """Says of profiles what `matching.fit.compare` says of them, each function worked out once for all people."""

    def __init__(self, vacancy: Vacancy) -> None:
        self.item = StockItem(vacancy, read_vacancy(vacancy))
        asked = [function for function in Function if vacancy.demands.get(function, 0) > 0]
        levels = (None, *range(MAX_LEVEL + 1))
        self._parts = {
            f";{function.value}=": {None if n is None else str(n): self._part(function, n) for n in levels}
            for function in asked
        }
        self._needs: dict[str, frozenset[Accommodation]] = {}

    def _part(self, function: Function, level: int | None) -> Part:
        limits = dict.fromkeys(Function, 0)
        if level is None:
            del limits[function]
        else:
            limits[function] = level
        fit = compare(limits, self.item.demands, self.item.offered)
        to_arrange = {one for one, state in fit.accommodations.items() if state is AccommodationState.TO_ARRANGE}
        return Part(fit.outcome, frozenset(to_arrange))

    def _lacking_needs(self, cell: str) -> frozenset[Accommodation]:
        if cell not in self._needs:
            person = Candidate(candidate_id=CandidateId("-"), accommodations_needed=_NEEDED.parse(cell) or ())
            needed = needed_at(person, self.item)
            self._needs[cell] = frozenset(one for one in needed if one not in self.item.offered)
        return self._needs[cell]

    def sort(self, functions: str, needed: str) -> Part:
        """Return what becomes of a profile: cells as they are stored."""
        cell = f";{functions}"
        lacking, is_known = self._lacking_needs(needed), True
        for name, by_level in self._parts.items():
            at = cell.find(name)
            part = by_level[None if at < 0 else cell[at + len(name)]]
            if part.outcome is Outcome.DOES_NOT_FIT:
                return part
            is_known = is_known and part.outcome is not Outcome.UNKNOWN
            lacking |= part.lacking
        return Part(Outcome.FITS if is_known else Outcome.UNKNOWN, lacking)


def _sorted_out(vacancy: Vacancy, people: Mapping[Cells, Group]) -> tuple[Group, Group, dict[Accommodation, Group]]:
    """Return who could do a post now, of whom it is not known, and who could with one accommodation more, by it."""
    sorter = Sorter(vacancy)
    now, unknown, one_more = Group(), Group(), dict[Accommodation, Group]()
    for (functions, needed), group in people.items():
        part = sorter.sort(functions, needed)
        if part.outcome is Outcome.UNKNOWN:
            unknown += group
        elif part.outcome is Outcome.FITS and not part.lacking:
            now += group
        elif part.outcome is Outcome.FITS and len(part.lacking) == 1:
            (only,) = part.lacking
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
