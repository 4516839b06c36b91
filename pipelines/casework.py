"""The caseworker's questions about money: what a person, an employer or a placement may claim.

Everything is answered by the rules from what is stored; what is not stored stays unknown and is asked for.
"""

from collections.abc import Mapping
from datetime import date

from matching.entities import Employer
from matching.rules.benefits import Package, package
from matching.rules.rulebook import Rulebook
from matching.rules.values import Value
from pipelines.case import Case
from pipelines.counted import count_range, counted_persons
from pipelines.errors import PipelineError


def employer_claims(case: Case, book: Rulebook, employer: Employer, day: date) -> dict[str, Value]:
    """Return an employer's facts for a claim made today: with the count of the last full year where it is settled."""
    facts: dict[str, Value] = {**case.employer_facts(employer, day), "levy_date": day}
    persons = counted_persons(case, book, employer, day.year - 1, day)
    certain, possible = count_range(book, persons, day)
    if persons and certain == possible:
        facts["annual_count"] = certain
    return facts


def all_facts(case: Case, book: Rulebook, day: date) -> dict[str, dict[str, Mapping[str, Value]]]:
    """Return the facts of every person, employer and placement, by kind of subject and id."""
    return {
        "person": {key: case.person_facts(person, day) for key, person in case.candidates.items()},
        "employer": {key: employer_claims(case, book, employer, day) for key, employer in case.employers.items()},
        "placement": {one.placement_id: case.placement_facts(one, day) for one in case.placements},
    }


def benefits_of_candidate(case: Case, book: Rulebook, candidate_id: str, as_of: date) -> Package:
    """Return what a person may claim.

    Raises
    ------
    PipelineError
        When there is no such person.
    """
    return package(book, ("person",), case.person_facts(case.candidate(candidate_id), as_of), as_of)


def benefits_of_employer(case: Case, book: Rulebook, employer_id: str, as_of: date) -> Package:
    """Return what an employer may claim; the count of the last full year goes in where nothing of it is open.

    Raises
    ------
    PipelineError
        When there is no such employer.
    """
    facts = employer_claims(case, book, case.employer(employer_id), as_of)
    return package(book, ("employer",), facts, as_of)


def benefits_of_placement(case: Case, book: Rulebook, placement_id: str, as_of: date) -> Package:
    """Return what can be claimed together for a placement of this person with this employer, and by whom.

    Raises
    ------
    PipelineError
        When there is no such placement.
    """
    placement = next((one for one in case.placements if one.placement_id == placement_id), None)
    if placement is None:
        raise PipelineError("没有这个就业记录编号")
    facts: dict[str, Value] = {**case.placement_facts(placement, as_of), "levy_date": as_of}
    return package(book, ("person", "employer", "placement"), facts, as_of)
