"""What people of the demo province get to see: caseworkers, fairs, the network, neighbours.

Nobody sees the whole market: what is shown decides a good part of what happens, whoever it would suit.
"""

from collections import defaultdict, deque
from typing import Literal

import numpy as np

from matching.vocabulary import WorkMode
from pipelines.synthetic.employers import Employers
from pipelines.synthetic.people import People
from pipelines.synthetic.vacancies import Vacancies
from pipelines.synthetic.words import Bools, Floats, Ints, counties, county_area

Style = Literal["careful", "pile", "stereotype"]

_TALK_DAYS = 120
_PEOPLE_PER_CASEWORKER = 120


class Caseworkers:
    """Who serves whom, which posts each office knows, and how each one refers."""

    def __init__(self, people: People, vacancies: Vacancies, employers: Employers, rng: np.random.Generator) -> None:
        """Give every county its caseworkers; each knows the posts of some employers only, and hears of them late."""
        self.of_person = np.zeros(len(people), dtype=np.int64)
        self.known: list[Ints] = []
        self.styles: list[Style] = []
        self.heard_after: list[int] = []
        for county in range(len(counties())):
            own = np.flatnonzero(people.county == county)
            count = max(1, -(-len(own) // _PEOPLE_PER_CASEWORKER)) if len(own) else 0
            self.of_person[own] = len(self.known) + rng.integers(0, max(count, 1), len(own))
            for _ in range(count):
                self._hire(county, vacancies, len(employers.records), rng)

    def _hire(self, county: int, vacancies: Vacancies, n_employers: int, rng: np.random.Generator) -> None:
        area_of = county_area()
        home = np.array([mode is WorkMode.REMOTE for mode in vacancies.mode], dtype=bool)
        reach = np.select(
            [vacancies.county == county, area_of[vacancies.county] == area_of[county]], [0.75, 0.3], 0.012
        )
        contacts = rng.random(n_employers)  # an office knows an employer, not a post
        self.known.append(np.flatnonzero(contacts[vacancies.employer] < reach + 0.1 * home))
        self.styles.append(("careful", "pile", "stereotype")[int(rng.choice(3, p=(0.5, 0.27, 0.23)))])
        self.heard_after.append(int(rng.integers(3, 25)))


class Market:
    """Which posts are open on a day, and in which lists they come up."""

    def __init__(self, vacancies: Vacancies, employers: Employers, rng: np.random.Generator) -> None:
        """Start before the first day, with every post unfilled."""
        self._rng = rng
        self.opens = vacancies.opens
        self.closes = vacancies.closes
        self.filled_on = np.full(len(vacancies), np.iinfo(np.int64).max)
        self._area = county_area()[vacancies.county]
        self._pull = np.exp(0.5 * employers.attraction[vacancies.employer] + rng.normal(0, 0.5, len(vacancies)))
        self._lists: dict[int, tuple[Ints, Floats]] = {}
        self._lists_on = -1
        self._fairs: dict[tuple[int, int], Ints] = {}

    def open_among(self, posts: Ints, day: int) -> Ints:
        """Return those of the posts that are open and not filled on the day."""
        is_open = (self.opens[posts] <= day) & (self.closes[posts] >= day) & (self.filled_on[posts] > day)
        return np.asarray(posts[is_open])

    def is_open(self, post: int, day: int) -> bool:
        """True while the post is open and not filled."""
        return bool(self.opens[post] <= day <= self.closes[post] and self.filled_on[post] > day)

    def online(self, area: int, day: int, k: int) -> Ints:
        """Draw about `k` different posts from the front pages, two thirds of the own area, much-clicked ones first."""
        near = self._draw(area, day, -(-2 * k // 3))
        far = self._draw(-1, day, k // 3)
        drawn = np.concatenate([near, far])
        _, first = np.unique(drawn, return_index=True)
        return self.open_among(drawn[np.sort(first)], day)

    def _draw(self, area: int, day: int, k: int) -> Ints:
        if day != self._lists_on:
            self._lists, self._lists_on = {}, day
        if area not in self._lists:
            inside = np.arange(len(self.opens)) if area < 0 else np.flatnonzero(self._area == area)
            posts = self.open_among(inside, day)
            age = day - self.opens[posts]
            # A post takes a week or two to be indexed and shared, then slowly sinks.
            weights = self._pull[posts] * (1 - np.exp(-age / 9)) * (np.exp(-age / 75) + 0.08)
            self._lists[area] = posts, np.cumsum(weights)
        posts, running = self._lists[area]
        if not len(posts):
            return posts
        if not running[-1]:
            return posts[:0]
        return np.asarray(posts[np.searchsorted(running, self._rng.random(k) * running[-1])])

    def fair(self, area: int, day: int) -> Ints:
        """Return the dozen posts shown at this month's fair of the area, the same for all who come."""
        key = area, day // 30
        if key not in self._fairs:
            posts = self.open_among(np.flatnonzero(self._area == area), day)
            order = np.argsort(-(np.log(self._pull[posts]) + self._rng.gumbel(size=len(posts))), kind="stable")
            self._fairs[key] = posts[order[:12]]
        return self.open_among(self._fairs[key], day)


class Talk:
    """Word of mouth: what neighbours lately applied for or got."""

    def __init__(self) -> None:
        """Start with silence."""
        self._heard: dict[int, deque[tuple[int, int]]] = defaultdict(lambda: deque(maxlen=30))

    def tell(self, village: int, day: int, post: int) -> None:
        """Let the village hear of a post."""
        self._heard[village].append((day, post))

    def lately(self, village: int, day: int) -> list[int]:
        """Return the posts talked of in the last four months, the newest last."""
        heard = self._heard.get(village)
        if not heard:
            return []
        return list(dict.fromkeys(post for told, post in heard if told >= day - _TALK_DAYS))


def notable_trades(leanings: Floats, threshold: float) -> Bools:
    """Return which trades a stereotype sends a category to, (categories, trades)."""
    return np.asarray(leanings >= np.log(threshold))
