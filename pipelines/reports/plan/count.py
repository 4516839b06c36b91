"""Counting the figures of a year: every cell is a number of rows, and the rows of a cell can be asked for."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import Connection

from matching.duties.terms import CLOCKS, DutyTerms, terms_on
from matching.regions import GANSU, divisions, region_name
from matching.vocabulary import EmployerKind
from pipelines.access.roles import Subject
from pipelines.duties.households import household_states
from pipelines.duties.places import Area, prefectures_of
from pipelines.duties.units import Unit, UnitState, units_read
from pipelines.reports.plan.figures import ALL, CLOCK_FIGURES, FIGURES, UNKNOWN, plan_begins
from pipelines.reports.suppress import Line
from pipelines.store.plan_rows import ClockCode, PlanRow, PlanRows
from pipelines.store.publicity import PublicityRows
from pipelines.store.reach import reach
from pipelines.store.read_ahead import Reading, read_ahead
from pipelines.uncollected import uncollected

ELSEWHERE = "elsewhere"
Cell = tuple[str, str, str]
"""Figure, area (a code, `elsewhere`, or the province), word."""
_CLOCKS = tuple(CLOCKS)


_OF_UNITS = frozenset(name for name, figure in FIGURES.items() if figure.counts == "units")
_OF_CLOCKS = frozenset({*CLOCK_FIGURES.values(), "wish", "unsure"})


@dataclass(frozen=True)
class Tally:
    """The rows of every figure, and what is counted from them; `areas` are the prefectures in their order."""

    terms: DutyTerms
    areas: tuple[Area, ...]
    rows: Mapping[str, list[PlanRow]]
    codes: Counter[tuple[str | None, ClockCode]]
    """Everybody in the denominators of the services, counted once by region: they stand in several figures."""
    clocks: Sequence[tuple[str, str | None, ClockCode]] | None
    """The same one by one where rows were asked for: half a million of a province, whom counting need not keep."""
    units: tuple[Unit, ...]
    cells: dict[Cell, int] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)

    @property
    def places(self) -> tuple[str, ...]:
        """The areas by code, then everybody elsewhere."""
        return (*(area.code for area in self.areas), ELSEWHERE)

    def counted(self, figure: str) -> Counter[tuple[str | None, str]]:
        """Return how many rows of a figure there are by region, as stored, and word."""
        if figure not in _OF_CLOCKS:
            return Counter((region, word) for _, region, word in self.rows[figure])
        found: Counter[tuple[str | None, str]] = Counter()
        for (region, code), n in self.codes.items():
            word = _words_of(code).get(figure)
            if word is not None:
                found[region, word] += n
        return found

    def _all_rows(self, figure: str) -> Iterator[PlanRow]:
        if figure not in _OF_CLOCKS:
            yield from self.rows[figure]
            return
        if self.clocks is None:
            raise LookupError(f"{figure} was counted without its rows")
        for owner, region, code in self.clocks:
            word = _words_of(code).get(figure)
            if word is not None:
                yield owner, region, word

    def rows_of(self, figure: str, word: str, area: str) -> list[PlanRow]:
        """Return the rows behind one cell, by whose they are."""
        place = _places(self.areas)
        found = [
            row
            for row in self._all_rows(figure)
            if word in (ALL, row[2]) and area in (GANSU, place.get(row[1] or "", ELSEWHERE))
        ]
        return sorted(found)

    def gap(self, figure: str, area: str) -> Fraction:
        """Return how many persons the units of an area are short of for certain, where the staff is known."""
        return self._gaps[figure, area]

    @cached_property
    def _gaps(self) -> defaultdict[tuple[str, str], Fraction]:
        place, found = _places(self.areas), defaultdict[tuple[str, str], Fraction](Fraction)
        for unit in self.units:
            if unit.gap is None:
                continue
            for figure, kinds in _KINDS.items():
                if unit.employer.kind in kinds:
                    for area in (GANSU, place.get(unit.employer.region or "", ELSEWHERE)):
                        found[figure, area] += unit.gap
        return found


_PUBLIC = (EmployerKind.ORGAN, EmployerKind.INSTITUTION)
_KINDS: Mapping[str, tuple[EmployerKind, ...]] = {
    "quota_public": _PUBLIC,
    "quota_state": (EmployerKind.STATE_OWNED,),
}


@uncollected()
def count_plan(
    connection: Connection,
    subject: Subject,
    year: int,
    on: date,
    *,
    without: frozenset[str] = frozenset(),
    only: Collection[str] | None = None,
) -> Tally:
    """Count figures of a year until a day, over whom the subject sees, but for some people who are left out.

    `only` some figures are counted with their rows; None: all of them, of the services without.
    """
    terms = terms_on(min(on, date(year, 12, 31)))
    areas = prefectures_of(connection, terms.on)
    with read_ahead(connection, beside=only is None and reach("candidates", subject) is None) as reading:
        tally = _read(connection, subject, terms, areas, reading, only, without)
    _fill(tally)
    return tally


def _read(
    connection: Connection,
    subject: Subject,
    terms: DutyTerms,
    areas: tuple[Area, ...],
    reading: Reading,
    wanted: Collection[str] | None,
    without: frozenset[str],
) -> Tally:
    only = frozenset(FIGURES if wanted is None else wanted)
    found: dict[str, list[PlanRow]] = {name: [] for name in FIGURES}
    if "publicity" in only:
        codes = None if subject.is_local or subject.is_whole_province else subject.codes
        told = PublicityRows(connection, subject).between(terms.year_start, terms.on, codes)
        found["publicity"] = [(one["publicity_id"], one["region"], one["medium"].value) for one in told]
    # All is asked for before anything is gone through, in the same order: first who needs most to be worked out, so
    # that the database carries out what comes after meanwhile.
    read, begins = PlanRows(connection, subject, terms, reading), plan_begins(terms.on)
    # Before the households, whose members' ages are known from there on.
    coded = read.clocks() if _OF_CLOCKS & only else ()
    members = read.household_members() if "households" in only else None
    units_told = units_read(connection, subject, terms, reading) if _OF_UNITS & only else tuple
    firsts = {
        name: first
        for name, first in (("placed", terms.year_start), ("placed_in_plan", begins))
        if name in only and first is not None
    }
    entered = read.entered_work(tuple(firsts.values())) if firsts else ()
    trained = read.trained() if "trained" in only else ()
    graduates = read.graduates() if "graduates" in only else ()
    counted = (row for row in coded if row[0] not in without) if without else iter(coded)
    clocks = None if wanted is None else list(counted)
    by_code = _codes(counted if clocks is None else clocks)
    if members is not None:
        states = household_states(read, members)
        found["households"] = [(number, region, state.value) for number, region, state in states]
    units = units_told()
    for owner, region, form, are_first in entered:
        for name, is_first in zip(firsts, are_first, strict=True):
            if is_first:
                found[name].append((owner, region, (form or UNKNOWN) if name == "placed" else "entered"))
    found["trained"], found["graduates"] = list(trained), list(graduates)
    for unit in units:
        key, region = unit.employer.employer_id, unit.employer.region
        if unit.min_one is not UnitState.NOT_CONCERNED:
            found["min_one"].append((key, region, unit.min_one.value))
        for name, kinds in _KINDS.items():
            if unit.employer.kind in kinds:
                found[name].append((key, region, unit.quota.value))
    if without:
        found = {
            name: [row for row in rows if row[0] not in without] if FIGURES[name].counts == "people" else rows
            for name, rows in found.items()
        }
    return Tally(terms, areas, found, by_code, clocks, units)


def _codes(clocks: Iterable[tuple[str, str | None, ClockCode]]) -> Counter[tuple[str | None, ClockCode]]:
    # The same code is the same object: told apart as objects, of which there are hundreds of thousands.
    known: dict[int, ClockCode] = {}
    heaps: defaultdict[tuple[str | None, int], int] = defaultdict(int)
    for _, region, code in clocks:
        which = id(code)
        if which not in known:
            known[which] = code
        heaps[region, which] += 1
    found: Counter[tuple[str | None, ClockCode]] = Counter()
    for (region, which), n in heaps.items():
        found[region, known[which]] += n
    return found


@lru_cache(maxsize=4096)
def _words_of(code: ClockCode) -> Mapping[str, str]:
    """Return under which word a person with this code stands in each figure of the four services."""
    if code.without_work is None:
        return {"unsure": "unsure"}
    first, *others = (
        (CLOCK_FIGURES[kind], "done" if is_done else "due") for kind, is_done in zip(_CLOCKS, code.done, strict=True)
    )
    wish = UNKNOWN if code.wishes is None else "yes" if code.wishes else "no"
    return {first[0]: first[1], "wish": wish, **(dict(others) if code.wishes else {})}


def _places(areas: Iterable[Area]) -> dict[str, str]:
    """Return for each division code the area that it is counted in."""
    return {code: area.code for area in areas for code in area.codes or ()}


def _fill(tally: Tally) -> None:
    place = _places(tally.areas)
    for name, figure in FIGURES.items():
        counted: Counter[tuple[str, str]] = Counter()
        for (region, word), n in tally.counted(name).items():
            counted[place.get(region or "", ELSEWHERE), word] += n
        for area in tally.places:
            for word in figure.words:
                tally.cells[name, area, word] = counted[area, word]
            if figure.total is not None:
                tally.cells[name, area, ALL] = sum(counted[area, word] for word in figure.words)
        for word in (*figure.words, *((ALL,) if figure.total is not None else ())):
            tally.cells[name, GANSU, word] = sum(tally.cells[name, area, word] for area in tally.places)
        if not figure.is_public:
            _add_lines(tally, name)


def _add_lines(tally: Tally, name: str) -> None:
    """Say which cells add up to which: areas to the province, words to their total."""
    figure = FIGURES[name]
    words = (*figure.words, *((ALL,) if figure.total is not None else ()))
    for word in words:
        tally.lines.append(Line((name, GANSU, word), tuple((name, area, word) for area in tally.places)))
    total: Any = None if figure.total is None else (name, ALL)
    total = figure.total_of or total
    if total is not None:
        for area in (*tally.places, GANSU):
            parts = tuple((name, area, word) for word in figure.words)
            tally.lines.append(Line((total[0], area, total[1]), parts))


def label_of(place: str) -> str:
    """Return what an area is called."""
    return "省外、省本级或未登记地区" if place == ELSEWHERE else _own_name(place)


def _own_name(code: str) -> str:
    """Return a column's name: 兰州新区 and 甘肃矿区 stand beside the prefectures, not below one."""
    own = divisions().get(code)
    return own.name if own is not None else region_name(code)
