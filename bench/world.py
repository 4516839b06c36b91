"""What every invented world has: tables, the right order, and how much of it could be known at all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import logsumexp

from matching.entities import CandidateId, VacancyId
from matching.occupations import families
from matching.regions import divisions, point

TODAY = date(2026, 11, 23)
N_DAYS, N_TOPICS = 540, 16
LEVELS = ("none", "primary", "junior", "senior", "college", "bachelor")
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Act = tuple[int, int, str, int]
"""Person, vacancy, kind and day of an act."""


@dataclass(frozen=True, slots=True)
class World:
    """The tables by name, header first, and what decides.

    `utility` (people, vacancies) is how well each is liked; all of it but each person's own taste is `general`, and the
    taste is a normal weight of each person on the columns of `nature` (vacancies, tastes). `open` (vacancies, 2) are
    the first and last day of each, `choices` the acts by which people chose.
    """

    tables: dict[str, list[list[Any]]]
    utility: Floats
    general: Floats
    nature: Floats
    open: Ints
    choices: Sequence[Act]
    people: dict[str, int]
    vacancies: dict[str, int]

    def right(self, candidate_id: CandidateId, vacancy_ids: Sequence[VacancyId]) -> Floats:
        """Return how well vacancies truly are liked."""
        return np.asarray(self.utility[self.people[candidate_id], [self.vacancies[one] for one in vacancy_ids]])

    def knowable(self, until: date) -> Callable[[CandidateId, Sequence[VacancyId]], Floats]:
        """Return what somebody would say who knows all that decides but the taste of each person.

        That is learned, person by person, from the choices up to a day, as well as it can be: no model can be expected
        to come nearer to the right order.
        """
        last = (until - TODAY).days + N_DAYS
        acts: dict[int, list[tuple[int, int]]] = {}
        for person, vacancy, _, day in self.choices:
            if day <= last:
                acts.setdefault(person, []).append((vacancy, day))

        def scores(candidate_id: CandidateId, vacancy_ids: Sequence[VacancyId]) -> Floats:
            person = self.people[candidate_id]
            at = [self.vacancies[one] for one in vacancy_ids]
            taste = self._likely_taste(person, acts.get(person, []))
            return np.asarray(self.general[person, at] + self.nature[at] @ taste)

        return scores

    def _likely_taste(self, person: int, acts: Sequence[tuple[int, int]]) -> Floats:
        start = np.zeros(self.nature.shape[1])
        if not acts or not self.nature.any():
            return start
        offers = [np.flatnonzero((self.open[:, 0] <= day) & (self.open[:, 1] >= day)) for _, day in acts]

        def loss(taste: Floats) -> tuple[float, Floats]:
            value, slope = float(taste @ taste) / 2, taste.copy()
            for (chosen, _), offered in zip(acts, offers, strict=True):
                score = self.general[person, offered] + self.nature[offered] @ taste
                total = logsumexp(score)
                value += total - self.general[person, chosen] - self.nature[chosen] @ taste
                slope += np.exp(score - total) @ self.nature[offered] - self.nature[chosen]
            return value, slope

        return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B").x)


class Words:
    """What topics sound like: titles of an occupation family, words of the topic's own, and words of no topic."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        named = [family for family in families().values() if family.words]
        chosen = [named[i] for i in rng.permutation(len(named))[:N_TOPICS]]
        self.titles = [[family.words[i % len(family.words)] for i in range(3)] for family in chosen]
        self._own = [[*titles, *(f"kw{k}x{i}" for i in range(25))] for k, titles in enumerate(self.titles)]

    def text(self, topic: int, n: int) -> str:
        """Return n words of a topic, the frequent ones often, among half as many of no topic."""
        own = self._own[topic]
        drawn = [own[min(int(i) - 1, len(own) - 1)] for i in self._rng.geometric(0.12, n)]
        drawn += [f"nz{i}" for i in self._rng.integers(0, 400, n // 2)]
        return " ".join(drawn[i] for i in self._rng.permutation(len(drawn)))


def gansu() -> tuple[list[str], Floats]:
    """Return the counties of the province and their longitudes and latitudes, (n, 2)."""
    places = [code for code in sorted(divisions()) if code.startswith("62") and not code.endswith("00") and point(code)]
    return places, np.array([point(code) for code in places])


def choices(
    rng: np.random.Generator,
    mean_acts: float,
    utility: Floats,
    open_days: Ints,
    *,
    kind: Callable[[], str] = lambda: "applied",
    fresh: float = 0.0,
) -> list[Act]:
    """Draw who chose what and when; a fifth of the people came late.

    `kind` says, choice by choice, of what kind the act is.
    `fresh` is how much a vacancy of the day is liked above one of long ago; a month takes it down to 1/e.
    """
    n, m = utility.shape
    opens, closes = open_days[:, 0], open_days[:, 1]
    came = np.where(rng.random(n) < 0.2, rng.integers(3 * N_DAYS // 4, N_DAYS, n), rng.integers(0, N_DAYS // 3, n))
    found = []
    counts = np.asarray(rng.poisson(rng.gamma(1.2, mean_acts / 1.2, n)))
    for person, n_acts in enumerate(counts.tolist()):
        free = np.ones(m, dtype=bool)
        for day in np.sort(rng.integers(came[person], N_DAYS, n_acts)):
            offered = np.flatnonzero(free & (opens <= day) & (closes >= day))
            if not len(offered):
                continue
            liked = utility[person, offered]
            if fresh:
                liked = liked + fresh * np.exp(-(day - opens[offered]) / 30)
            chosen = int(offered[np.argmax(liked + rng.gumbel(size=len(offered)))])
            free[chosen] = False
            found.append((person, chosen, kind(), int(day)))
    return found


def as_day(number: int | np.int64) -> str:
    """Return a day of a world as it is written."""
    return (TODAY - timedelta(days=N_DAYS) + timedelta(days=int(number))).isoformat()
