"""People, employers and vacancies as frozen values; where a fact is `None`, nobody has supplied it yet.

Field names are the column names of the interface tables, so that import, store and export share them.
Reading and writing are left to `pipelines`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NewType

from matching.identity import Certificate, parse_certificate
from matching.vocabulary import (
    Accommodation,
    AccommodationState,
    BaseLimit,
    Concession,
    DisabilityCategory,
    Education,
    EmployerKind,
    Function,
    HouseholdKind,
    Hukou,
    InteractionKind,
    Level,
    PlacementForm,
    ServiceKind,
    Sex,
    Transport,
    VacancyKind,
    WorkMode,
    YesNo,
)

CandidateId = NewType("CandidateId", str)
VacancyId = NewType("VacancyId", str)
EmployerId = NewType("EmployerId", str)

LimitationLevel = int
"""0 no limitation, 1 mild, 2 moderate, 3 severe, 4 complete."""

DemandLevel = int
"""0 not needed to 4 essential in full."""


@dataclass(frozen=True, slots=True)
class FactSource:
    """Who supplied a fact, and on which day."""

    by: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Employer:
    """用人单位, keyed by its 统一社会信用代码."""

    employer_id: EmployerId
    name: str | None = None
    kind: EmployerKind | None = None
    level: Level | None = None
    is_school: YesNo | None = None
    region: str | None = None
    address: str | None = None
    industry: str | None = None
    headcount: Decimal | None = None
    establishment: int | None = None
    average_wage: Decimal | None = None
    registered_on: date | None = None
    contact: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacancy:
    """招聘岗位. `demands` and `accommodations` are what was stated, empty where nothing was."""

    vacancy_id: VacancyId
    employer_id: EmployerId | None = None
    employer_name: str | None = None  # as the posting states it; foreign postings carry no credit code
    title: str
    description: str | None = None
    occupation: str | None = None
    kind: VacancyKind | None = None
    welcomes: tuple[DisabilityCategory, ...] = ()
    region: str | None = None
    address: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    work_mode: WorkMode | None = None
    openings: int | None = None
    wage_min: Decimal | None = None
    wage_max: Decimal | None = None
    hours_per_day: Decimal | None = None
    days_per_week: Decimal | None = None
    night_shift: YesNo | None = None
    education_min: Education | None = None
    experience_years_min: Decimal | None = None
    skills: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    contract_months: int | None = None
    social_insurance: YesNo | None = None
    demands: Mapping[Function, DemandLevel] = field(default_factory=dict)
    accommodations: Mapping[Accommodation, AccommodationState] = field(default_factory=dict)
    concessions: tuple[Concession, ...] = ()
    opens_on: date | None = None
    closes_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """残疾人求职者. Nothing is assumed: an empty tuple or mapping means that nothing was stated."""

    candidate_id: CandidateId
    name: str | None = None
    certificate_number: str | None = field(default=None, repr=False)
    certificate_valid_until: date | None = None
    category: DisabilityCategory | None = field(default=None, repr=False)
    grade: int | None = field(default=None, repr=False)
    sex: Sex | None = None
    birth_date: date | None = field(default=None, repr=False)
    hukou: Hukou | None = None
    region: str | None = None
    address: str | None = field(default=None, repr=False)
    longitude: float | None = field(default=None, repr=False)
    latitude: float | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    education: Education | None = None
    graduated_on: date | None = None
    skills: tuple[str, ...] = ()
    experience: str | None = None
    experience_years: Decimal | None = None
    certificates: tuple[str, ...] = ()
    wished_occupations: tuple[str, ...] = ()
    wished_regions: tuple[str, ...] = ()
    wished_wage_min: Decimal | None = None
    work_modes: tuple[WorkMode, ...] = ()
    max_commute_km: Decimal | None = None
    transport: Transport | None = None
    hours_per_day_max: Decimal | None = None
    functions: Mapping[Function, LimitationLevel] = field(default_factory=dict)
    accommodations_needed: tuple[Accommodation, ...] = ()
    job_wish: YesNo | None = None
    unemployed_since: date | None = None
    hard_to_employ_since: date | None = None
    hard_to_employ_until: date | None = None
    household_id: str | None = None
    household_kinds: tuple[HouseholdKind, ...] = ()
    consent_matching_on: date | None = None
    consent_disclosure: YesNo | None = None
    sources: Mapping[str, FactSource] = field(default_factory=dict, repr=False, compare=False)

    @property
    def certificate(self) -> Certificate | None:
        """The parsed certificate number, or None where none was supplied."""
        return parse_certificate(self.certificate_number) if self.certificate_number else None

    @property
    def known_category(self) -> DisabilityCategory | None:
        """Category from the certificate, else as stated; only directed and reserved posts may ask for it."""
        certificate = self.certificate
        return certificate.category if certificate else self.category

    @property
    def known_birth_date(self) -> date | None:
        """Birth date as stated, else from the certificate."""
        if self.birth_date is not None:
            return self.birth_date
        certificate = self.certificate
        return certificate.birth_date if certificate else None

    @property
    def known_sex(self) -> Sex | None:
        """Sex as stated, else from the certificate."""
        if self.sex is not None:
            return self.sex
        certificate = self.certificate
        return certificate.sex if certificate else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One recorded act between a candidate and a vacancy."""

    candidate_id: CandidateId
    vacancy_id: VacancyId
    kind: InteractionKind
    at: date
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """安排就业: a person employed."""

    placement_id: str
    candidate_id: CandidateId
    employer_id: EmployerId | None = None
    vacancy_id: VacancyId | None = None
    form: PlacementForm | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    monthly_wage: Decimal | None = None
    contract_months: int | None = None
    social_insurance: YesNo | None = None
    wage_paid_by_bank: YesNo | None = None
    attendance_confirmed: YesNo | None = None
    insurance_base: Decimal | None = None
    insurance_base_limit: BaseLimit | None = None
    insured_by: EmployerId | None = None
    remote_agreement: YesNo | None = None
    is_dispatch: YesNo | None = None
    dispatch_agency: EmployerId | None = None
    dispatch_host: EmployerId | None = None
    counted: YesNo | None = None
    """Whether the employer of this record counts the person (计入安排残疾人数)."""

    @property
    def is_dispatched(self) -> bool | None:
        """True where a dispatch (劳务派遣) is stated or a party of one named; None where nothing says so."""
        if self.is_dispatch is not None:
            return self.is_dispatch is YesNo.YES
        return True if self.dispatch_agency is not None or self.dispatch_host is not None else None

    @property
    def agency(self) -> EmployerId | None:
        """Who dispatches: as named, else the record's employer where another one is the host."""
        return self.dispatch_agency or self._other_than(self.dispatch_host)

    @property
    def host(self) -> EmployerId | None:
        """Where a dispatched person works: as named, else the record's employer where another one dispatches."""
        return self.dispatch_host or self._other_than(self.dispatch_agency)

    def _other_than(self, party: EmployerId | None) -> EmployerId | None:
        return self.employer_id if self.is_dispatched and party is not None and party != self.employer_id else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service given to a person."""

    candidate_id: CandidateId
    kind: ServiceKind
    on: date
    by: str | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A training course."""

    course_id: str
    provider: str | None = None
    title: str | None = None
    description: str | None = None
    skills: tuple[str, ...] = ()
    certificate: str | None = None
    class_: str | None = None
    region: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    places: int | None = None
    accommodations: tuple[Accommodation, ...] = ()
