"""People, employers and placements as facts of the rules: only what is stored, nothing assumed.

Names are those of `facts/stored.yaml`. What a table does not hold is left out and so unknown.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction

from matching.entities import Candidate, Employer, Placement
from matching.rules.values import Value
from matching.vocabulary import Education, EmployerKind, HouseholdKind, YesNo

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


def _holds_certificate(candidate: Candidate, day: date) -> bool | None:
    if candidate.certificate_valid_until is not None and candidate.certificate_valid_until < day:
        return False
    stated = candidate.certificate_number or candidate.category or candidate.grade
    return True if stated else None


def _employed(candidate: Candidate, placements: Iterable[Placement], day: date) -> bool | None:
    for placement in placements:
        begun = placement.starts_on is not None and placement.starts_on <= day
        if begun and (placement.ends_on is None or placement.ends_on >= day):
            return True
    return False if candidate.unemployed_since is not None else None


def candidate_facts(candidate: Candidate, day: date, placements: Iterable[Placement] = ()) -> dict[str, Value]:
    """Return what is stored of a person, as of a day."""
    category = candidate.known_category
    certificate = candidate.certificate
    kinds = tuple(kind.value for kind in candidate.household_kinds)
    employed = _employed(candidate, placements, day)
    return known(
        {
            "birth_date": candidate.known_birth_date,
            "sex": None if candidate.known_sex is None else candidate.known_sex.value,
            "holds_certificate": _holds_certificate(candidate, day),
            "certificate_category": None if category is None else int(category.code),
            "certificate_grade": certificate.grade if certificate else candidate.grade,
            "certificate_valid_until": candidate.certificate_valid_until,
            "region": candidate.region,
            "hukou": None if candidate.hukou is None else candidate.hukou.value,
            "education": None if candidate.education is None else candidate.education.value,
            "graduated_on": candidate.graduated_on,
            "job_wish": _yes(candidate.job_wish),
            "employed": employed,
            "household_kinds": kinds or None,
            "unemployed_since": candidate.unemployed_since,
            "hard_to_employ_since": candidate.hard_to_employ_since,
            "hard_to_employ_until": candidate.hard_to_employ_until,
            "has_certificates": tuple(candidate.certificates) or None,
        }
    )


def employer_facts(employer: Employer) -> dict[str, Value]:
    """Return what is stored of an employer."""
    kind = employer.kind
    return known(
        {
            "employer_kind": None if kind is None else kind.label,
            "legal_form": None if kind is None else LEGAL_FORMS.get(kind),
            "employer_level": None if employer.level is None else employer.level.label,
            "is_school": _yes(employer.is_school),
            "employer_region": employer.region,
            "headcount": employer.headcount,
            "establishment": employer.establishment,
            "average_wage": employer.average_wage,
            "registered_on": employer.registered_on,
        }
    )


def graduate_of_college(candidate: Candidate) -> bool | None:
    """True where the education known is college or higher."""
    return None if candidate.education is None else candidate.education.rank >= Education.COLLEGE.rank


HOUSEHOLD_LABELS: Mapping[str, str] = {kind.value: kind.label for kind in HouseholdKind}
