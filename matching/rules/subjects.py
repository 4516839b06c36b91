"""People, employers and placements as facts of the rules: what is stored and what follows from it, nothing assumed.

Names are those of `facts/*.yaml`. What a table does not hold is left out and so unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from matching.entities import Candidate, Employer, EmployerId, Placement, Service
from matching.rules.bulk import Columns, columns_of
from matching.rules.functions import completed_months
from matching.rules.rulebook import Rulebook
from matching.rules.values import Record, Value, missing
from matching.vocabulary import BaseLimit, Education, EmployerKind, PlacementForm, ServiceKind, YesNo

LEGAL_FORMS: Mapping[EmployerKind, str] = {
    EmployerKind.ORGAN: "机关",
    EmployerKind.INSTITUTION: "事业单位",
    EmployerKind.STATE_OWNED: "企业",
    EmployerKind.PRIVATE: "企业",
    EmployerKind.PLATFORM: "企业",
    EmployerKind.SOCIAL_ORGANISATION: "团体",
    EmployerKind.PRIVATE_NON_ENTERPRISE: "民办非企业单位",
    EmployerKind.INDIVIDUAL_BUSINESS: "个体工商户",
}
"""Kinds in the words of the levy law. A concentrated, auxiliary or massage employer may be of any form: unknown."""

_PLAIN_KINDS = frozenset(
    {EmployerKind.ORGAN, EmployerKind.INSTITUTION, EmployerKind.STATE_OWNED, EmployerKind.PLATFORM}
)
"""Kinds that are neither a massage house nor an auxiliary institution; a firm, shop or association may be one."""

_NOT_STATE_OWNED = frozenset(
    {
        EmployerKind.ORGAN,
        EmployerKind.INSTITUTION,
        EmployerKind.PRIVATE,
        EmployerKind.SOCIAL_ORGANISATION,
        EmployerKind.PRIVATE_NON_ENTERPRISE,
        EmployerKind.INDIVIDUAL_BUSINESS,
    }
)

_FEDERATIONS = ("残疾人联合会", "残联")
"""How the name of an organ of the federation (残联机关) ends."""

NO_ESTABLISHMENT = frozenset(
    {EmployerKind.PRIVATE, EmployerKind.PLATFORM, EmployerKind.STATE_OWNED, EmployerKind.INDIVIDUAL_BUSINESS}
)
"""Kinds of employer that have no posts on an establishment (编制)."""

_FOUR_ONES: Mapping[ServiceKind, str] = {
    ServiceKind.INFORMATION_CHECK: "year_done.info_check",
    ServiceKind.ABILITY_ASSESSMENT: "year_done.assessment",
    ServiceKind.NEED_REGISTRATION: "year_done.need_registration",
    ServiceKind.EMPLOYMENT_SERVICE: "year_done.service",
}


def known(facts: Mapping[str, object | None]) -> dict[str, Value]:
    """Return the facts that are there, numbers exact."""
    found: dict[str, Value] = {}
    for name, value in facts.items():
        if value is None:
            continue
        if isinstance(value, Decimal) or (isinstance(value, int) and not isinstance(value, bool)):
            found[name] = Fraction(value)
        else:
            found[name] = value  # type: ignore[assignment]  # flags, days, texts
    return found


def _yes(value: YesNo | None) -> bool | None:
    return None if value is None else value is YesNo.YES


def runs_on(placement: Placement, day: date) -> bool | None:
    """True where a placement runs on a day; None where its first day is not known and it has not ended."""
    return is_running(placement.starts_on, placement.ends_on, day)


def is_running(starts_on: date | None, ends_on: date | None, day: date) -> bool | None:
    """True where what begins and ends on two days runs on a day; None where that is not known."""
    if ends_on is not None and ends_on < day:
        return False
    return None if starts_on is None else starts_on <= day


def _holds_certificate(candidate: Candidate, day: date) -> bool | None:
    if candidate.certificate_valid_until is not None and candidate.certificate_valid_until < day:
        return False
    stated = candidate.certificate_number or candidate.category or candidate.grade
    return True if stated else None


def _certificate_kind(candidate: Candidate) -> str | None:
    """The table's certificate columns are those of the 残疾人证; one filled in says which certificate is held."""
    stated = (
        candidate.certificate_number,
        candidate.category,
        candidate.grade,
        candidate.certificate_valid_until,
    )
    return "cdpf" if any(item is not None for item in stated) else None


def employed_on(candidate: Candidate, placements: Sequence[Placement], day: date) -> bool | None:
    """True where a placement runs, False where the person is registered as out of work and none may run; else None."""
    running = [runs_on(placement, day) for placement in placements]
    if True in running:
        return True
    registered = candidate.unemployed_since
    return False if registered is not None and registered <= day and None not in running else None


def _works_as(form: PlacementForm, placements: Sequence[Placement], employed: bool | None, day: date) -> bool | None:
    """True where a placement of the form runs; False for a person out of work; else unknown."""
    if any(placement.form is form and runs_on(placement, day) for placement in placements):
        return True
    return False if employed is False else None


def _in_graduation_year(candidate: Candidate, day: date) -> bool | None:
    """The year of graduation (毕业年度) is the calendar year in which college was left."""
    college = graduate_of_college(candidate)
    if college is False:
        return False
    return None if college is None or candidate.graduated_on is None else candidate.graduated_on.year == day.year


def _holds_massage(candidate: Candidate, word: str) -> bool | None:
    """True where a stored certificate names it; a list that does not name it may be incomplete."""
    return True if any(word in name for name in candidate.certificates) else None


def services_in_year(services: Iterable[Service], day: date) -> dict[str, Value]:
    """Return how often each of the four services (四个一) was given to one person in the year of a day, until it."""
    done = dict.fromkeys(_FOUR_ONES.values(), Fraction(0))
    for service in services:
        name = _FOUR_ONES.get(service.kind)
        if name is not None and service.on.year == day.year and service.on <= day:
            done[name] += 1
    return dict(done)


def candidate_facts(
    candidate: Candidate,
    day: date,
    placements: Iterable[Placement] = (),
    services: Iterable[Service] | None = None,
) -> dict[str, Value]:
    """Return what is stored of a person, as of a day.

    `services` are those of the person in a register that is kept; without one (None) nobody knows what was done.
    """
    own = tuple(placements)
    category, certificate = candidate.known_category, candidate.certificate
    employed = employed_on(candidate, own, day)
    registered = candidate.unemployed_since
    facts = known(
        {
            "birth_date": candidate.known_birth_date,
            "sex": None if candidate.known_sex is None else candidate.known_sex.value,
            "holds_certificate": _holds_certificate(candidate, day),
            "certificate_kind": _certificate_kind(candidate),
            "certificate_category": None if category is None else int(category.code),
            "certificate_grade": certificate.grade if certificate else candidate.grade,
            "certificate_valid_until": candidate.certificate_valid_until,
            "region": candidate.region,
            "hukou": None if candidate.hukou is None else candidate.hukou.value,
            "education": None if candidate.education is None else candidate.education.value,
            "graduated_on": candidate.graduated_on,
            "graduation_year_now": _in_graduation_year(candidate, day),
            "job_wish": _yes(candidate.job_wish),
            "employed": employed,
            "self_employed": _works_as(PlacementForm.SELF_EMPLOYED, own, employed, day),
            "flexible_work": _works_as(PlacementForm.FLEXIBLE, own, employed, day),
            "household_kinds": tuple(kind.value for kind in candidate.household_kinds) or None,
            "unemployed_since": registered,
            "registered_unemployed": True if employed is False and registered is not None else None,
            "hard_to_employ_since": candidate.hard_to_employ_since,
            "hard_to_employ_until": candidate.hard_to_employ_until,
            "has_certificates": tuple(candidate.certificates) or None,
            "holds_medical_massage": _holds_massage(candidate, "盲人医疗按摩"),
            "holds_wellness_massage": _holds_massage(candidate, "保健按摩"),
        }
    )
    return facts if services is None else facts | services_in_year(services, day)


def _is_kind(kind: EmployerKind | None, wanted: EmployerKind) -> bool | None:
    return True if kind is wanted else False if kind in _PLAIN_KINDS else None


def _is_state_owned(kind: EmployerKind | None) -> bool | None:
    return True if kind is EmployerKind.STATE_OWNED else False if kind in _NOT_STATE_OWNED else None


def _is_federation(employer: Employer) -> bool | None:
    if employer.kind is not None and employer.kind is not EmployerKind.ORGAN:
        return False
    return None if employer.name is None else employer.name.endswith(_FEDERATIONS)


def _staff_count(staff: Sequence[Placement], day: date) -> int | None:
    """Return how many people the placements hold on a day; none recorded is not none employed."""
    return people_of((placement.candidate_id, runs_on(placement, day)) for placement in staff)


def people_of(runs: Iterable[tuple[str, bool | None]]) -> int | None:
    """Return how many people are there for certain, of placements with whether they run; None where it is not certain.

    Who has one that runs is there, whatever became of others; who may be there makes the number unknown.
    """
    there: set[str] = set()
    perhaps: set[str] = set()
    for owner, is_there in runs:
        if is_there is not False:
            (there if is_there else perhaps).add(owner)
    return len(there) if there and perhaps <= there else None


def employer_facts(
    employer: Employer, day: date | None = None, placements: Iterable[Placement] = ()
) -> dict[str, Value]:
    """Return what is stored of an employer; with a day also what its placements say of that day."""
    kind = employer.kind
    staff = tuple(placements)
    facts = known(
        {
            "employer_kind": None if kind is None else kind.label,
            "legal_form": None if kind is None else LEGAL_FORMS.get(kind),
            "employer_level": None if employer.level is None else employer.level.label,
            "is_school": _yes(employer.is_school),
            "is_state_owned": _is_state_owned(kind),
            "is_blind_massage": _is_kind(kind, EmployerKind.MASSAGE),
            "aux_institution": _is_kind(kind, EmployerKind.AUXILIARY),
            "is_dpf": _is_federation(employer),
            "is_new_form_platform": True if kind is EmployerKind.PLATFORM else None,
            "keygroup_is_enterprise": True if kind is not None and LEGAL_FORMS.get(kind) == "企业" else None,
            "employer_region": employer.region,
            "headcount": employer.headcount,
            "establishment": employer.establishment,
            "average_wage": employer.average_wage,
            "registered_on": employer.registered_on,
        }
    )
    if day is None:
        return facts
    running = [placement for placement in staff if runs_on(placement, day)]
    return facts | known(
        {
            "disabled_employed": _staff_count(staff, day),
            "disabled_staff": tuple(_staff_record(placement) for placement in running) or None,
        }
    )


def record_of(list_name: str, fields: Mapping[str, object | None]) -> Record:
    """Return one entry of a list of facts; a field that is not stored is unknown under its own name."""
    held = known(fields)
    return {name: held.get(name, missing(f"{list_name}.{name}")) for name in fields}


def _staff_record(placement: Placement) -> Record:
    """One person's terms; which insurances are paid the table does not say one by one."""
    return record_of(
        "disabled_staff",
        {
            "contract_term": placement.contract_months,
            "pension": None,
            "medical": None,
            "unemployment_insurance": None,
            "work_injury": None,
            "maternity": None,
            "paid_by_bank": _yes(placement.wage_paid_by_bank),
            "wage_paid": placement.monthly_wage,
            "on_post": _yes(placement.attendance_confirmed),
        },
    )


def placement_facts(placement: Placement, day: date) -> dict[str, Value]:
    """Return what is stored of a placement, as of a day."""
    insured, limit = _yes(placement.social_insurance), placement.insurance_base_limit
    public_post = None if placement.form is None else placement.form is PlacementForm.PUBLIC_WELFARE
    begun = placement.starts_on is not None and placement.starts_on <= day
    nth_month = completed_months(placement.starts_on, day) + 1 if begun and placement.starts_on else None
    return known(
        {
            "contract_months": placement.contract_months,
            # A stored term is that of a signed contract; no term stored says nothing of the contract.
            "has_labour_contract": True if placement.contract_months is not None else None,
            "gross_wage": placement.monthly_wage,
            "monthly_wage": placement.monthly_wage,
            "wage_reported": placement.monthly_wage,
            "social_insurance_paid": insured,
            "insured_by_employer": insured,
            "keygroup_insured": insured,
            "wage_bank_proof": _yes(placement.wage_paid_by_bank),
            "on_duty": _yes(placement.attendance_confirmed),
            "attendance_evidence": _yes(placement.attendance_confirmed),
            "on_public_post": public_post,
            "months_since_work": nth_month,
            "insurance_base": placement.insurance_base,
            "insurance_base_at_floor": limit if limit is None else limit is BaseLimit.FLOOR,
            "insurance_base_at_ceiling": limit if limit is None else limit is BaseLimit.CEILING,
            "insurance_payer": placement.insured_by,
            "contract_party": contract_party(placement),
            "remote_agreement": _yes(placement.remote_agreement),
            "is_dispatch": placement.is_dispatched,
        }
    )


def contract_party(placement: Placement) -> EmployerId | None:
    """Return who signed the labour contract: the agency of a dispatch, else the employer; None where it is open.

    A stored term is that of a contract with the record's employer, unless a dispatch is stated.
    """
    if placement.is_dispatched:
        return placement.agency
    is_signed = placement.is_dispatched is False or placement.contract_months is not None
    return placement.employer_id if is_signed else None


def stored_columns(book: Rulebook, cases: Iterable[Mapping[str, Value]]) -> Columns:
    """Return the facts of many stored subjects as columns; names that the book does not know are left out."""
    return columns_of(book, [{name: value for name, value in facts.items() if name in book.facts} for facts in cases])


def graduate_of_college(candidate: Candidate) -> bool | None:
    """True where the education known is college or higher."""
    return None if candidate.education is None else candidate.education.rank >= Education.COLLEGE.rank
