"""Who of those placed in a year has one telephone: for certain, or perhaps, for want of a first day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from matching.entities import Candidate, CandidateId, EmployerId, Placement
from matching.rules.rulebook import Rulebook
from pipelines.case import Case

_MOST = "fraud.red_flags.f9_shared_persons"


@dataclass(frozen=True, slots=True)
class Sharing:
    """People placed in a year who have one telephone, the person asked about among them; nobody where none is known.

    Whoever has no placement that surely lay in the year is among `perhaps`, with the `undated` ones for want of whose
    first day nobody can say.
    """

    year: int
    certain: frozenset[CandidateId] = frozenset()
    units: frozenset[EmployerId] = frozenset()
    perhaps: frozenset[CandidateId] = frozenset()
    undated: tuple[Placement, ...] = ()

    def decided(self, book: Rulebook, as_of: date) -> Fraction | None:
        """Return how many they are where that is known or does not matter to the hint; else None."""
        least, most = len(self.certain), len(self.certain) + len(self.perhaps)
        if not most:
            return None
        parameter = book.parameters[_MOST]
        limit = parameter.read(parameter.on(as_of))
        if isinstance(limit, Fraction) and most < limit:
            return Fraction(most)
        settled = least == most or (isinstance(limit, Fraction) and least >= limit)
        return Fraction(least) if settled else None

    def words(self) -> tuple[str, ...]:
        """Return how many share a telephone, and with how many employers they are placed; nobody's name."""
        if len(self.certain) + len(self.perhaps) < 2:
            return ()
        told = f"共用一个电话的残疾职工{len(self.certain)}人，在{len(self.units)}个单位"
        if not self.perhaps:
            return (told,)
        open_ = f"另有{len(self.perhaps)}人的就业记录没有写开始日期，不知{self.year}年是否在职，可问用人单位"
        return (f"{told}；{open_}",)


def sharing_of(case: Case, candidate: Candidate | None, year: int) -> Sharing:
    """Return who of those placed in a year has the person's telephone, the person included; nobody without one.

    Addresses are left alone: in the country they name the village, and families and dormitories share one.
    """
    if candidate is None or not candidate.phone:
        return Sharing(year)
    elsewhere = case.same_phone.get(candidate.candidate_id, frozenset())
    held: dict[CandidateId, list[Placement]] = {}
    for one in case.placements:
        if one.employer_id is not None and _has_telephone(case, one.candidate_id, candidate, elsewhere):
            held.setdefault(one.candidate_id, []).append(one)
    certain, units, undated = set(), set(), []
    for owner, placements in held.items():
        sure = [one for one in placements if placed_in(one, year)]
        if sure:
            certain.add(owner)
            units |= {one.employer_id for one in sure if one.employer_id is not None}
        else:
            undated += _undated(placements, year)
    perhaps = frozenset(one.candidate_id for one in undated)
    return Sharing(year, frozenset(certain), frozenset(units), perhaps, tuple(undated))


def placed_in(placement: Placement, year: int) -> bool | None:
    """Return whether a placement lay in a year; None where its first day is not known and could be before or after."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    if placement.ends_on is not None and placement.ends_on < first:
        return False
    if placement.starts_on is not None:
        return placement.starts_on <= last
    # Of one that ended within the year its last day is known to be in it.
    return True if placement.ends_on is not None and placement.ends_on <= last else None


def _has_telephone(case: Case, owner: CandidateId, candidate: Candidate, elsewhere: frozenset[str]) -> bool:
    if owner == candidate.candidate_id or owner in elsewhere:
        return True
    own = case.candidates.get(owner)
    return own is not None and own.phone == candidate.phone


def _undated(placements: Sequence[Placement], year: int) -> list[Placement]:
    return [one for one in placements if placed_in(one, year) is None]
