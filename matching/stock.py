"""The vacancies of a day side by side as arrays, so that one person is held against all of them at once.

A stock is read-only and the same for every person; what is asked of it is in `retrieval`, `fit` and `components`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matching.accommodation import WorkContext, context_of
from matching.entities import Employer, EmployerId, Vacancy, VacancyId
from matching.errors import UnknownVacancy
from matching.fit import FUNCTIONS, DemandArrays, Demands, ExpectedGaps
from matching.licences import licences, required_licences
from matching.occupations import families
from matching.reach import SpotArrays, UsualPlaces, spot
from matching.reading import VacancyReading
from matching.settings import ranking_settings
from matching.vocabulary import (
    Accommodation,
    AccommodationState,
    DisabilityCategory,
    Education,
    EmployerKind,
    Term,
    VacancyKind,
    WorkMode,
)

ACCOMMODATIONS = tuple(Accommodation)
KINDS = tuple(VacancyKind)
MODES = tuple(WorkMode)
EMPLOYER_KINDS = tuple(EmployerKind)
CATEGORIES = tuple(DisabilityCategory)
FAMILIES = tuple(families())
GROUPS = tuple(dict.fromkeys(family.group for family in families().values()))
LICENCES = tuple(licences())
_FAMILY_POSITION = {family_id: i for i, family_id in enumerate(FAMILIES)}
_GROUP_OF_FAMILY = np.array([GROUPS.index(families()[f].group) for f in FAMILIES], dtype=np.int16)


@dataclass(frozen=True, slots=True)
class StockItem:
    """One vacancy with what was read from its text, its employer's record if any, and how many are placed in it."""

    vacancy: Vacancy
    reading: VacancyReading
    employer: Employer | None = None
    n_placed: int = 0

    @property
    def employer_name(self) -> str:
        """Name of the employer as recorded, else as the posting states it."""
        if self.employer is not None and self.employer.name:
            return self.employer.name
        return self.vacancy.employer_name or "用人单位名称未提供"

    @property
    def openings_left(self) -> int | None:
        """Openings not yet filled, or None where the number of openings is not known."""
        openings = self.vacancy.openings
        return None if openings is None else max(0, openings - self.n_placed)

    @property
    def offered(self) -> Mapping[Accommodation, AccommodationState]:
        """Accommodations as offered; work at home is offered by a remote post itself."""
        offered = dict(self.vacancy.accommodations)
        if self.vacancy.work_mode is WorkMode.REMOTE:
            offered.setdefault(Accommodation.REMOTE_WORK, AccommodationState.DECLARED)
        return offered

    @property
    def context(self) -> WorkContext | None:
        """What the work is like, by its occupation and stated demands; None where its occupation is not known."""
        family = families().get(self.reading.family_id or "")
        if family is None:
            return None
        return context_of(self.reading.traits, family.group, self.vacancy.demands)

    @property
    def demands(self) -> Demands:
        """What the vacancy demands: as stated, else as derived."""
        if self.vacancy.demands:
            return Demands(self.vacancy.demands, is_stated=True, context=self.context)
        levels = {function: derived.level for function, derived in self.reading.demands.items()}
        return Demands(levels, is_stated=False, context=self.context)


def _numbers(values: Sequence[object]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else float(str(value)) for value in values], dtype=np.float64)


def _positions(values: Sequence[Term | None], terms: tuple[Term, ...]) -> NDArray[np.int8]:
    place = {term: i for i, term in enumerate(terms)}
    return np.array([-1 if value is None else place[value] for value in values], dtype=np.int8)


def _days(values: Sequence[date | None], unknown: int) -> NDArray[np.int32]:
    return np.array([unknown if value is None else value.toordinal() for value in values], dtype=np.int32)


def _flags(
    sets: Sequence[Sequence[Term] | Mapping[Accommodation, AccommodationState]], terms: tuple[Term, ...]
) -> NDArray[np.bool_]:
    place = {term: i for i, term in enumerate(terms)}
    flags = np.zeros((len(sets), len(terms)), dtype=np.bool_)
    for row, members in enumerate(sets):
        for member in members:
            flags[row, place[member]] = True
    return flags


@dataclass(frozen=True, slots=True)
class Stock:
    """n vacancies, in the order of their ids; every array has n rows.

    `is_choosy` bool (n,): announced for some categories; `needs_licence` bool (n,): for any of them;
    `opens`, `closes` int32 ordinal days (0 and the largest for unknown); `openings_left`, `wage_min`, `wage_max`,
    `hours`, `experience` float64, NaN unknown; `kind`, `mode`, `education` int8, -1 unknown; `welcomes` bool (n, 7);
    `is_senior` bool (n,), by the title;
    `family`, `group` int16, -1 unknown; `licence` bool (n, n_licences); `employer` int32 and
    `employer_kind` int8 positions;
    `skills` (n, n_skills), a row's stated skills each with its share, so that a row sums to 1 or 0. `expected` and
    `usual_places` are measured over all n vacancies, so that one vacancy is judged alike alone and among the others.
    """

    items: tuple[StockItem, ...]
    position: Mapping[VacancyId, int]
    demands: DemandArrays
    expected: ExpectedGaps
    spots: SpotArrays
    usual_places: UsualPlaces
    opens: NDArray[np.int32]
    closes: NDArray[np.int32]
    openings_left: NDArray[np.float64]
    kind: NDArray[np.int8]
    welcomes: NDArray[np.bool_]
    is_choosy: NDArray[np.bool_]
    mode: NDArray[np.int8]
    wage_min: NDArray[np.float64]
    wage_max: NDArray[np.float64]
    hours: NDArray[np.float64]
    education: NDArray[np.int8]
    experience: NDArray[np.float64]
    is_senior: NDArray[np.bool_]
    family: NDArray[np.int16]
    group: NDArray[np.int16]
    licence: NDArray[np.bool_]
    needs_licence: NDArray[np.bool_]
    employer: NDArray[np.int32]
    employer_kind: NDArray[np.int8]
    skills: sparse.csc_matrix
    skill_column: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.items)

    @classmethod
    def of(cls, items: Sequence[StockItem]) -> "Stock":
        """Set vacancies side by side; the order of `items` does not matter."""
        ordered = tuple(sorted(items, key=lambda item: item.vacancy.vacancy_id))
        vacancies = [item.vacancy for item in ordered]
        skills, skill_column = _skill_shares(vacancies)
        family = np.array(
            [_FAMILY_POSITION.get(item.reading.family_id or "", -1) for item in ordered], dtype=np.int16
        ).reshape(len(ordered))
        demands = _demand_arrays(ordered)
        spots = _spot_arrays(vacancies)
        senior = ranking_settings().senior_titles
        welcomes, licence = _flags([v.welcomes for v in vacancies], CATEGORIES), _licence_flags(ordered)
        return cls(
            items=ordered,
            position={vacancy.vacancy_id: i for i, vacancy in enumerate(vacancies)},
            demands=demands,
            expected=ExpectedGaps.of(demands),
            spots=spots,
            usual_places=UsualPlaces.of(spots),
            opens=_days([v.opens_on for v in vacancies], 0),
            closes=_days([v.closes_on for v in vacancies], np.iinfo(np.int32).max),
            openings_left=_numbers([item.openings_left for item in ordered]),
            kind=_positions([v.kind for v in vacancies], KINDS),
            welcomes=welcomes,
            is_choosy=np.asarray(welcomes.any(axis=1)),
            mode=_positions([v.work_mode for v in vacancies], MODES),
            wage_min=_numbers([v.wage_min for v in vacancies]),
            wage_max=_numbers([v.wage_max for v in vacancies]),
            hours=_numbers([v.hours_per_day for v in vacancies]),
            education=np.array([_rank(v.education_min) for v in vacancies], dtype=np.int8),
            experience=_numbers([v.experience_years_min for v in vacancies]),
            is_senior=np.array([senior.word_in(v.title) is not None for v in vacancies], dtype=np.bool_),
            family=family,
            group=np.where(family >= 0, _GROUP_OF_FAMILY[family], -1).astype(np.int16),
            licence=licence,
            needs_licence=np.asarray(licence.any(axis=1)),
            employer=_employer_positions(ordered),
            employer_kind=_positions(
                [item.employer.kind if item.employer else None for item in ordered], EMPLOYER_KINDS
            ),
            skills=skills,
            skill_column=skill_column,
        )

    def row(self, vacancy_id: str) -> int:
        """Return the position of a vacancy.

        Raises
        ------
        UnknownVacancy
            When the stock does not hold it.
        """
        try:
            return self.position[VacancyId(vacancy_id)]
        except KeyError as error:
            raise UnknownVacancy("没有这个岗位编号") from error

    def open_rows(self, day: date) -> NDArray[np.intp]:
        """Return the positions of the vacancies that are open on a day; an unknown day of closing is open."""
        ordinal = day.toordinal()
        return np.flatnonzero((self.opens <= ordinal) & (ordinal <= self.closes))


def _rank(education: Education | None) -> int:
    return -1 if education is None else education.rank


def _demand_arrays(items: Sequence[StockItem]) -> DemandArrays:
    levels = np.full((len(items), len(FUNCTIONS)), -1, dtype=np.int8)
    column = {function: i for i, function in enumerate(FUNCTIONS)}
    is_stated = np.zeros(len(items), dtype=np.bool_)
    context = np.full(len(items), -1, dtype=np.int8)
    for row, item in enumerate(items):
        demands = item.demands
        if demands.is_stated:
            is_stated[row] = True
            levels[row] = 0
        for function, level in demands.levels.items():
            levels[row, column[function]] = level
        if demands.context is not None:
            context[row] = demands.context
    offered = _flags([item.offered for item in items], ACCOMMODATIONS)
    return DemandArrays.of(levels, is_stated, context, offered)


def _spot_arrays(vacancies: Sequence[Vacancy]) -> SpotArrays:
    spots = [spot(v.longitude, v.latitude, v.region) for v in vacancies]
    return SpotArrays(
        longitude=np.array([s.longitude if s else np.nan for s in spots]),
        latitude=np.array([s.latitude if s else np.nan for s in spots]),
        radius_km=np.array([s.radius_km if s else np.nan for s in spots]),
        region=np.array([int(v.region) if v.region else 0 for v in vacancies], dtype=np.int32),
    )


def _licence_flags(items: Sequence[StockItem]) -> NDArray[np.bool_]:
    flags = np.zeros((len(items), len(LICENCES)), dtype=np.bool_)
    column = {licence_id: i for i, licence_id in enumerate(LICENCES)}
    for row, item in enumerate(items):
        if not item.vacancy.certificates:
            continue
        family = families().get(item.reading.family_id or "")
        for licence in required_licences(item.vacancy, family):
            flags[row, column[licence.licence_id]] = True
    return flags


def _skill_shares(vacancies: Sequence[Vacancy]) -> tuple[sparse.csc_matrix, Mapping[str, int]]:
    column: dict[str, int] = {}
    indices: list[int] = []
    data: list[float] = []
    ends = [0]
    for vacancy in vacancies:
        stated = list(dict.fromkeys(skill.casefold() for skill in vacancy.skills))
        indices += [column.setdefault(skill, len(column)) for skill in stated]
        data += [1.0 / len(stated) for _ in stated]
        ends.append(len(indices))
    shape = (len(vacancies), len(column))
    rows = sparse.csr_matrix(
        (np.array(data, dtype=np.float32), np.array(indices, dtype=np.int32), np.array(ends)), shape=shape
    )
    return sparse.csc_matrix(rows), column


def _employer_positions(items: Sequence[StockItem]) -> NDArray[np.int32]:
    names = [str(item.vacancy.employer_id or item.vacancy.employer_name or item.vacancy.vacancy_id) for item in items]
    place = {name: i for i, name in enumerate(sorted(set(names)))}
    return np.array([place[name] for name in names], dtype=np.int32)


def items_of(
    vacancies: Sequence[Vacancy],
    readings: Mapping[VacancyId, VacancyReading],
    employers: Mapping[EmployerId, Employer],
    placed: Mapping[VacancyId, int],
) -> list[StockItem]:
    """Join vacancies with their readings, employers and numbers placed."""
    return [
        StockItem(
            vacancy=vacancy,
            reading=readings[vacancy.vacancy_id],
            employer=employers.get(vacancy.employer_id) if vacancy.employer_id else None,
            n_placed=placed.get(vacancy.vacancy_id, 0),
        )
        for vacancy in vacancies
    ]
