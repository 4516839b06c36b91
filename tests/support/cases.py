"""What lists are made from, to hold two casebooks against each other."""

from pipelines.casebook import Casebook


def cases_of(casebook: Casebook) -> tuple[object, ...]:
    """Return everything that lists are made from, in its order; where facts came from makes none."""
    return (
        list(casebook.candidates.items()),
        list(casebook.vacancies),
        list(casebook.employers.items()),
        list(casebook.interactions),
        list(casebook.placements),
        list(casebook.crowding),
    )
