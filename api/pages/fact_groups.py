"""The facts of a person in the groups in which they are asked: one short step each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """Facts that are asked together: the key of its words, and the columns."""

    name: str
    columns: tuple[str, ...]


GROUPS = (
    Group(
        "identity",
        (
            "name", "certificate_number", "certificate_valid_until", "category", "grade", "sex", "birth_date", "phone",
            "region", "address",
        ),
    ),
    Group("functions", ("functions", "accommodations_needed")),
    Group(
        "wishes",
        (
            "job_wish", "wished_occupations", "wished_regions", "wished_wage_min", "work_modes", "hours_per_day_max",
            "transport", "max_commute_km",
        ),
    ),
    Group("abilities", ("education", "graduated_on", "skills", "certificates", "experience", "experience_years")),
    Group(
        "standing",
        (
            "hukou", "household_kinds", "household_id", "unemployed_since", "hard_to_employ_since",
            "hard_to_employ_until",
        ),
    ),
)  # fmt: skip
"""In the order in which a new person is asked; every one of them may be left for later."""
BY_NAME = {group.name: group for group in GROUPS}


def group_of(column: str) -> str | None:
    """Return the name of the group that a fact belongs to."""
    return next((group.name for group in GROUPS if column in group.columns), None)


def following(name: str) -> str | None:
    """Return the group that is asked next, or None after the last."""
    names = [group.name for group in GROUPS]
    place = names.index(name) + 1
    return names[place] if place < len(names) else None
