"""Where the vacancies of a person's list lie, and how far: for a map, from the seat of the county lived in.

The distance is that of the list (straight line, from the address where one is known); the point that a map shows for
the person is the seat of the county, so that no map tells an address.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matching.entities import VacancyId
from matching.reach import comfortable_km
from matching.regions import point
from matching.retrieval import retrieve
from pipelines.desk import Desk

LonLat = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """A vacancy on the map; what is not known is None."""

    vacancy_id: str
    at: LonLat | None
    km: float | None


@dataclass(frozen=True, slots=True)
class Places:
    """The seat of where the person lives, how far they comfortably travel by their means, and the vacancies."""

    home: LonLat | None
    reach_km: float
    posts: tuple[Place, ...]


def places_of(desk: Desk, candidate_id: str, vacancy_ids: Sequence[str]) -> Places:
    """Return the places of vacancies for a person; those that are no longer open are left out.

    Raises
    ------
    NoSuchCandidate
        When there is no such person.
    MatchingRefused
        When the person does not want to be matched.
    """
    candidate = desk.ask(candidate_id).candidate
    retrieval = retrieve(candidate, desk.index.stock, desk.rules)
    at_of = {int(row): at for at, row in enumerate(retrieval.rows)}
    spots = desk.index.stock.spots
    found = []
    for vacancy_id in vacancy_ids:
        row = desk.index.stock.position.get(VacancyId(vacancy_id))
        at = None if row is None else at_of.get(row)
        if row is None or at is None:
            continue
        longitude, latitude = float(spots.longitude[row]), float(spots.latitude[row])
        km = float(retrieval.distance.typical[at])
        is_placed = not (np.isnan(longitude) or np.isnan(latitude))
        found.append(Place(vacancy_id, (longitude, latitude) if is_placed else None, None if np.isnan(km) else km))
    home = None if candidate.region is None else point(candidate.region)
    return Places(home, comfortable_km(candidate), tuple(found))
