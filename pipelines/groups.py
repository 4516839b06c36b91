"""The groups that people are measured in, by attribute; no model ever sees them."""

from collections.abc import Mapping

from matching.entities import Candidate
from matching.regions import prefecture, region_name

_FACTS = ("education", "skills", "experience", "wished_occupations", "transport", "functions", "max_commute_km")
UNKNOWN = "unknown"


def groups_of(candidate: Candidate) -> Mapping[str, str]:
    """Return the groups that a person is measured in, by attribute."""
    certificate = candidate.certificate
    category, sex = candidate.known_category, candidate.known_sex
    grade = certificate.grade if certificate else candidate.grade
    known = sum(getattr(candidate, name) not in (None, (), {}) for name in _FACTS)
    return {
        "category": category.value if category else UNKNOWN,
        "grade": str(grade) if grade else UNKNOWN,
        "sex": sex.value if sex else UNKNOWN,
        "hukou": candidate.hukou.value if candidate.hukou else UNKNOWN,
        "prefecture": region_name(prefecture(candidate.region)) if candidate.region else UNKNOWN,
        "facts_known": "0-2" if known <= 2 else "3-5" if known <= 5 else "6-7",
    }


def with_county(candidate: Candidate) -> Mapping[str, str]:
    """Return the same with the county, by its code."""
    return {**groups_of(candidate), "county": candidate.region or UNKNOWN}
