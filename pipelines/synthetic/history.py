"""Two years of invented behaviour: visits, what is shown on them, what comes of it, who stays.

The days run forward over all people together, so that a filled post is filled for everyone and talk spreads.
What people see is left to `exposure`, how they and employers judge to `choices`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np

from matching.vocabulary import InteractionKind, VacancyKind
from pipelines.synthetic.choices import Appeal, Minds, logistic
from pipelines.synthetic.employers import Employers
from pipelines.synthetic.exposure import Caseworkers, Market, Talk, notable_trades
from pipelines.synthetic.people import HISTORY_DAYS, People, leanings
from pipelines.synthetic.vacancies import SEASON, Vacancies
from pipelines.synthetic.words import CATEGORIES, Floats, Ints, county_area, load, trades

Cause = Literal["choice", "chance", "exposure", "employer"]

_VISITS_A_YEAR = 4.0
_SILENT_REFUSALS = 0.35


@dataclass(frozen=True, slots=True)
class Act:
    """One act by positions and day number; `cause` says what really decided it, and is never exported."""

    person: int
    post: int
    kind: InteractionKind
    day: int
    cause: Cause
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One placement by positions and day numbers; `left` is None while it lasts or nobody reported its end."""

    person: int
    post: int
    starts: int
    left: int | None
    wage: float


@dataclass(slots=True)
class History:
    """All acts, in the order of their days; the jobs; and the days on which posts closed in the end."""

    acts: list[Act] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    closes: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def causes(self) -> Counter[Cause]:
        """Count what decided the acts: how much of the history is chance, exposure or the employer."""
        return Counter(act.cause for act in self.acts)


def live_through(
    people: People, vacancies: Vacancies, employers: Employers, today: date, rng: np.random.Generator
) -> History:
    """Let two years pass and return what happened until today."""
    world = _World(people, vacancies, employers, today.toordinal(), rng)
    for person, day in _visits(people, today, rng):
        world.visit(person, day)
    return world.finish()


def _visits(people: People, today: date, rng: np.random.Generator) -> Iterable[tuple[int, int]]:
    """Draw who looks for work on which day: busier by season, growing with the months, quiet at weekends."""
    end = today.toordinal()
    days = np.arange(end - HISTORY_DAYS, end + 1)
    dates = [date.fromordinal(int(day)) for day in days]
    weights = np.array([SEASON[d.month - 1] * (0.3 if d.weekday() >= 5 else 1.0) for d in dates])
    weights = weights * (0.7 + 0.6 * (days - days[0]) / HISTORY_DAYS)
    before = np.concatenate([[0.0], np.cumsum(weights)])
    first = np.clip(people.registered - days[0], 0, HISTORY_DAYS)
    ahead = (before[-1] - before[first]) / before[-1]
    expected = people.active * people.activity * _VISITS_A_YEAR * 2 * ahead
    counts = rng.poisson(expected)
    person = np.repeat(np.arange(len(people)), counts)
    start = before[first[person]]
    day = np.searchsorted(before, start + rng.random(len(person)) * (before[-1] - start), side="right") - 1
    order = np.lexsort((rng.random(len(person)), day))
    last = len(days) - 1
    return zip(person[order].tolist(), (days[0] + np.minimum(day[order], last)).tolist(), strict=True)


class _World:
    """The province on the move; every method appends to the history."""

    def __init__(
        self, people: People, vacancies: Vacancies, employers: Employers, end: int, rng: np.random.Generator
    ) -> None:
        self._people, self._vacancies, self._employers = people, vacancies, employers
        self._end, self._rng = end, rng
        self._minds = Minds(people, vacancies, employers)
        self._market = Market(vacancies, employers, rng)
        self._caseworkers = Caseworkers(people, vacancies, employers, rng)
        self._talk = Talk()
        self._stereotypes = notable_trades(leanings(np.arange(len(CATEGORIES))), 1.6)
        families = [trade.family for trade in trades()]
        self._family = np.array([families.index(family) for family in families])
        self._area = county_area()[people.county].tolist()
        self._filled = np.zeros(len(vacancies), dtype=np.int64)
        self._applicants = np.zeros(len(vacancies), dtype=np.int64)
        self._last_act = vacancies.opens.copy()
        self._busy_until = [0] * len(people)
        self._dealt_with: list[set[int]] = [set() for _ in range(len(people))]
        self._viewed: list[set[int]] = [set() for _ in range(len(people))]
        self._history = History()
        self._reasons = load("words")

    def visit(self, person: int, day: int) -> None:
        """Let a person look for work once, by one of four ways."""
        if self._busy_until[person] > day:
            return
        draw = self._rng.random(3)
        heard = self._talk.lately(int(self._people.village[person]), day)
        if heard and draw[0] < 0.55 * self._people.sociable[person]:
            self._hear_from_neighbours(person, day, heard)
        elif draw[1] < self._people.online[person]:
            self._browse(person, day)
        elif draw[2] < 0.12:
            self._go_to_the_fair(person, day)
        else:
            self._see_the_caseworker(person, day)

    def finish(self) -> History:
        """Close what was filled, put the acts in order and return the history."""
        history = self._history
        history.acts.sort(key=lambda act: (act.day, act.person, act.post, list(InteractionKind).index(act.kind)))
        ended = np.maximum(self._market.filled_on, self._last_act)
        closes = self._vacancies.closes
        history.closes = np.where(ended <= self._end, np.minimum(closes, ended), closes)
        return history

    # --- ways of getting to know a post ---

    def _new_to(self, person: int, posts: Ints) -> Ints:
        done = self._dealt_with[person]
        return np.array([post for post in posts.tolist() if post not in done], dtype=np.int64)

    def _appeal(self, person: int, posts: Ints) -> Appeal:
        return self._minds.appeal(person, posts, caution=float(self._rng.uniform(0.5, 1.5)))

    def _browse(self, person: int, day: int) -> None:
        """Look through a front page or search for the wished words; some clicks are mere curiosity."""
        searches = bool(self._rng.random() < 0.5)
        posts = self._new_to(person, self._market.online(self._area[person], day, 48 if searches else 12))
        if searches:
            likeness = self._likeness(person, posts) * 2.0 + self._rng.gumbel(size=len(posts))
            posts = posts[np.argsort(-likeness, kind="stable")[:12]]
        if not len(posts):
            return
        appeal = self._appeal(person, posts)
        lazy = self._rng.random(len(posts)) < 0.3
        pull = np.where(lazy, 0.0, 0.7 * appeal.total + 0.7) - 0.14 * np.arange(len(posts))
        looked = np.flatnonzero(self._rng.random(len(posts)) < 1 / (1 + np.exp(-pull)))[:5]
        for position in looked:
            self._view(person, int(posts[position]), day, "exposure" if lazy[position] else "choice")
        self._apply_to_best(person, posts, appeal, looked, day, eagerness=0.0)

    def _hear_from_neighbours(self, person: int, day: int, heard: list[int]) -> None:
        """Follow what neighbours did: the latest talk first, whether or not it suits."""
        posts = self._new_to(person, self._market.open_among(np.array(heard[-4:], dtype=np.int64), day))
        if not len(posts):
            self._see_the_caseworker(person, day)
            return
        appeal = self._appeal(person, posts)
        if self._rng.random() < 0.6:
            self._view(person, int(posts[-1]), day, "exposure")
        self._apply_to_best(person, posts, appeal, np.arange(len(posts)), day, eagerness=0.9)

    def _go_to_the_fair(self, person: int, day: int) -> None:
        """Pass a few stands, and leave a paper at the best or at any."""
        posts = self._new_to(person, self._market.fair(self._area[person], day))
        if not len(posts):
            return
        stands = self._rng.permutation(len(posts))[:4]
        appeal = self._appeal(person, posts)
        for position in stands[:2]:
            self._view(person, int(posts[position]), day, "exposure")
        self._apply_to_best(person, posts, appeal, stands, day, eagerness=0.4)

    def _see_the_caseworker(self, person: int, day: int) -> None:
        """Be referred to one or two posts out of those that this caseworker happens to know."""
        worker = int(self._caseworkers.of_person[person])
        known = self._market.open_among(self._caseworkers.known[worker], day - self._caseworkers.heard_after[worker])
        known = self._new_to(person, self._market.open_among(known, day))
        if not len(known):
            return
        style = self._caseworkers.styles[worker]
        scores = self._paper_fit(person, known, style, day)
        wanted = 1 + int(self._rng.random() < 0.4)
        chosen = np.argsort(-(scores + self._rng.gumbel(size=len(known))), kind="stable")[:wanted]
        for post in known[chosen].tolist():
            self._refer(person, post, day, "choice" if style == "careful" else "exposure")

    def _paper_fit(self, person: int, posts: Ints, style: str, day: int) -> Floats:
        """How a caseworker picks: by the file, from the top of the pile, or by category."""
        people, vacancies = self._people, self._vacancies
        age = day - vacancies.opens[posts]
        if style == "pile":
            return np.asarray(-age / 15.0)
        if style == "stereotype":
            typical = self._stereotypes[people.category[person], vacancies.trade[posts]]
            return np.asarray(2.5 * typical - age / 90.0)
        wished = self._likeness(person, posts)
        near = vacancies.county[posts] == people.county[person]
        strain = np.minimum(self._minds.gaps(person, posts).sum(axis=1), 5)
        return np.asarray(1.2 * wished + 1.0 * near - 0.5 * strain - age / 120.0)

    def _likeness(self, person: int, posts: Ints) -> Floats:
        """How near posts are to what the person says is wanted: 2.4 for a named trade, 0.9 for its family."""
        wished, trade = self._people.wishes[person], self._vacancies.trade[posts]
        return np.where(np.isin(trade, wished), 2.4, 0.9 * np.isin(self._family[trade], self._family[wished]))

    # --- what comes of it ---

    def _view(self, person: int, post: int, day: int, cause: Cause) -> None:
        if post in self._viewed[person] and self._rng.random() < 0.7:
            return
        self._viewed[person].add(post)
        self._record(person, post, InteractionKind.VIEWED, day, cause)

    def _refer(self, person: int, post: int, day: int, cause: Cause) -> None:
        self._record(person, post, InteractionKind.REFERRED, day, cause)
        self._dealt_with[person].add(post)
        appeal = self._appeal(person, np.array([post]))
        if self._rng.random() < self._people.lapse[person]:
            agrees, why = bool(self._rng.random() < 0.55), "chance"
        else:
            agrees, why = bool(self._rng.random() < logistic(float(appeal.total[0]) + 1.3)), "choice"
        if agrees:
            self._apply(person, post, day + int(self._rng.integers(0, 4)), "chance" if why == "chance" else "choice")
        elif self._rng.random() < 0.5:
            self._decline(person, post, day + int(self._rng.integers(0, 6)), appeal, by_chance=why == "chance")

    def _apply_to_best(
        self, person: int, posts: Ints, appeal: Appeal, among: Ints, day: int, *, eagerness: float
    ) -> None:
        """Apply to what appeals most, or, in a lapse, to whatever comes first to hand."""
        if not len(among):
            return
        if self._rng.random() < self._people.lapse[person]:
            if self._rng.random() < 0.45:
                self._apply(person, int(posts[self._rng.choice(among)]), day, "chance")
            return
        felt = appeal.total[among] + self._rng.gumbel(scale=0.8, size=len(among))
        best = among[int(np.argmax(felt))]
        if self._rng.random() < logistic(float(felt.max()) - 0.9 + eagerness):
            self._apply(person, int(posts[best]), day, "choice")

    def _apply(self, person: int, post: int, day: int, cause: Cause) -> None:
        """Apply, and let the employer see to it."""
        if not self._market.is_open(post, day) or day > self._end:
            return
        self._dealt_with[person].add(post)
        self._record(person, post, InteractionKind.APPLIED, day, cause)
        if self._rng.random() < 0.5:
            self._talk.tell(int(self._people.village[person]), day, post)
        rivals = int(self._applicants[post])
        self._applicants[post] += 1
        view, objection = self._minds.employer_view(person, post, rivals)
        heard = day + 1 + int(self._rng.geometric(0.2))
        if self._rng.random() >= logistic(view + 1.1):
            self._refuse(person, post, heard, objection)
            return
        self._record(person, post, InteractionKind.INTERVIEWED, heard, "employer")
        self._interview(person, post, heard, view, objection)

    def _interview(self, person: int, post: int, day: int, view: float, objection: str) -> None:
        appeal = self._appeal(person, np.array([post]))
        decided = day + int(self._rng.geometric(0.3))
        if self._rng.random() < 0.1:
            self._decline(person, post, decided, appeal, by_chance=True)
            return
        if self._filled[post] >= self._vacancies.openings[post]:
            self._refuse(person, post, decided, "full")
            return
        if self._rng.random() >= logistic(view + 0.5 + self._rng.normal(0, 0.7)):
            self._refuse(person, post, decided, objection)
            return
        self._record(person, post, InteractionKind.OFFERED, decided, "employer")
        if self._rng.random() >= logistic(float(appeal.total[0]) + 1.6):
            self._decline(person, post, decided + int(self._rng.integers(0, 5)), appeal, by_chance=False)
            return
        starts = self._by_closing(post, decided + int(self._rng.geometric(0.14)))
        if self._busy_until[person] > starts:  # another application was quicker
            self._decline(person, post, starts, appeal, by_chance=True)
            return
        self._place(person, post, starts, appeal)

    def _place(self, person: int, post: int, day: int, appeal: Appeal) -> None:
        """Start the job, take the opening, and see how long it lasts."""
        self._filled[post] += 1
        if self._filled[post] >= self._vacancies.openings[post]:
            self._market.filled_on[post] = min(self._market.filled_on[post], day)
        self._record(person, post, InteractionKind.PLACED, day, "employer")
        left = day + self._months_stayed(person, post, appeal) * 30 + int(self._rng.integers(0, 30))
        self._busy_until[person] = left
        if day > self._end:
            return
        self._talk.tell(int(self._people.village[person]), day, post)
        for kind, after, known in ((InteractionKind.RETAINED_3M, 91, 0.9), (InteractionKind.RETAINED_6M, 183, 0.85)):
            if left >= day + after and self._rng.random() < known:
                self._record(person, post, kind, day + after, "choice")
        wage = self._vacancies.wage[post]
        wage += self._rng.uniform(0, 0.6) * (self._vacancies.wage_max[post] - wage)
        reported = left if left <= self._end and self._rng.random() < 0.9 else None
        self._history.jobs.append(Job(person, post, day, reported, float(round(wage / 10) * 10)))

    def _months_stayed(self, person: int, post: int, appeal: Appeal) -> int:
        """Months until the person leaves: strain, the way and the pay wear people out; internships end."""
        worn = sum(max(0.0, -float(values[0])) for values in appeal.against.values())
        hazard = 0.06 + 0.035 * min(worn, 4) + 0.04 * self._rng.random()
        months = int(self._rng.geometric(min(hazard, 0.6))) - 1
        return min(months, 6) if self._vacancies.kind[post] is VacancyKind.INTERNSHIP else months

    def _refuse(self, person: int, post: int, day: int, objection: str) -> None:
        """Turn an applicant down; often nobody is told."""
        if self._rng.random() < _SILENT_REFUSALS and objection != "full":
            return
        cause: Cause = "chance" if objection in ("chance", "full") else "employer"
        said = objection if self._rng.random() < 0.6 or objection == "full" else "chance"
        reason = self._one_of(self._reasons["employer_declines"][said])
        self._record(person, post, InteractionKind.DECLINED_BY_EMPLOYER, day, cause, reason)

    def _decline(self, person: int, post: int, day: int, appeal: Appeal, *, by_chance: bool) -> None:
        concern = "chance" if by_chance else appeal.main_concern(0)
        reason = self._one_of(self._reasons["candidate_declines"][concern])
        cause: Cause = "chance" if concern == "chance" else "choice"
        self._record(person, post, InteractionKind.DECLINED_BY_CANDIDATE, day, cause, reason)

    def _one_of(self, options: list[str]) -> str:
        return options[int(self._rng.integers(len(options)))]

    def _by_closing(self, post: int, day: int) -> int:
        """Employers settle everything by the closing day."""
        return min(day, int(self._vacancies.closes[post]))

    def _record(
        self, person: int, post: int, kind: InteractionKind, day: int, cause: Cause, reason: str | None = None
    ) -> None:
        stays = kind in (InteractionKind.RETAINED_3M, InteractionKind.RETAINED_6M)
        day = day if stays else self._by_closing(post, day)
        if day > self._end:
            return
        if not stays:
            self._last_act[post] = max(self._last_act[post], day)
        self._history.acts.append(Act(person, post, kind, day, cause, reason))
