"""Equal exposure at equal fit over a whole province's lists: measured by group, kept by a dated rule, with its price.

What counts as exposure, and what is kept, stands in `matching/data/exposure.yaml`. Groups of too few people are joined,
a county with the others of its prefecture, and withheld where they still are too few.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.components import COMPONENTS
from matching.entities import CandidateId
from matching.exposure import ExposureRule, Forward
from matching.matcher import Lines
from matching.ranking import rank, wishes_something
from matching.regions import is_prefecture_wide, prefecture
from matching.retrieval import retrieve
from matching.settings import ranking_settings
from models.exposure import (
    ExposureConfig,
    Lifts,
    Members,
    Offers,
    attention,
    due,
    gap_of,
    lift_of,
    settle,
    shares,
)
from models.metrics.intervals import Interval, student_interval
from models.metrics.ndcg import discount
from pipelines.desk import Desk
from pipelines.groups import UNKNOWN, with_county
from pipelines.quarter.gates import join_small
from pipelines.quarter.group_words import JOINED

Floats = NDArray[np.float64]
_SEED = 20221104


@dataclass(frozen=True, slots=True)
class Grouped:
    """Who is in which group: positions by attribute and group, and which values of the attribute each group joins."""

    members: Members
    joins: Mapping[str, Mapping[str, frozenset[str]]]

    def spread(self, lifts: Lifts) -> Lifts:
        """Return lifts by value in place of by group: each value has that of the group it was joined to."""
        return {
            attribute: {value: lift for name, lift in of.items() if lift > 0 for value in self.joins[attribute][name]}
            for attribute, of in lifts.items()
        }


@dataclass(frozen=True, slots=True)
class ByGroup:
    """One measure of one attribute: the groups before and after, and the gap; groups withheld are not in it."""

    before: Mapping[str, Interval]
    after: Mapping[str, Interval]

    @property
    def gap_before(self) -> float:
        """By which share the worst placed group lies below the best placed one, before."""
        return gap_of([one.mean for one in self.before.values()])

    @property
    def gap_after(self) -> float:
        """The same, after."""
        return gap_of([one.mean for one in self.after.values()])

    @property
    def gap_of_change(self) -> float:
        """By which share the group that keeps least of what it had lies below the one that keeps most."""
        return gap_of([self.after[name].mean / one.mean for name, one in self.before.items() if one.mean > 0])


@dataclass(frozen=True, slots=True)
class Looks:
    """What employers' attention comes to by group, who comes forward for it, and its price in fit and placements."""

    by_attribute: Mapping[str, ByGroup]
    forward: Forward
    n_people: int
    n_posts: int
    n_moved: int
    fit: tuple[float, float]
    placed: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class ShownFit:
    """How good what people are shown is by group, before and after crowded posts step back, and what that brings."""

    by_attribute: Mapping[str, ByGroup]
    scale: float
    fit: tuple[float, float]
    placed: tuple[float, float] | None


def grouped(groups: Sequence[Mapping[str, str]], rule: ExposureRule) -> Grouped:
    """Put people into groups that are large enough to be told."""
    members: dict[str, dict[str, NDArray[np.intp]]] = {}
    joins: dict[str, dict[str, frozenset[str]]] = {}
    for attribute in rule.attributes:
        values = [own[attribute] for own in groups]
        named = (
            _with_neighbours(values, rule.least) if attribute == "county" else dict(zip(values, values, strict=True))
        )
        rows: dict[str, list[int]] = {}
        for at, value in enumerate(values):
            rows.setdefault(named[value], []).append(at)
        large, small = join_small(rows, least=rule.least)
        found = {**large, **({JOINED: small} if small else {})}
        members[attribute] = {name: np.array(at, dtype=np.intp) for name, at in found.items()}
        joins[attribute] = {
            name: frozenset(value for value in named if (named[value] if named[value] in large else JOINED) == name)
            for name in found
        }
    return Grouped(members, joins)


def _with_neighbours(values: Sequence[str], least: int) -> dict[str, str]:
    """Return for each county its own group where it is large enough, else that of its prefecture."""
    n = {value: values.count(value) for value in set(values)}
    return {
        value: value if n[value] >= least or value == UNKNOWN or is_prefecture_wide(value) else prefecture(value)
        for value in n
    }


def looks_of(desk: Desk, openings: Floats, rule: ExposureRule) -> Looks | None:
    """Measure employers' attention by group over people and open posts drawn evenly, and find who comes forward.

    None where nobody can be put before any post. `openings` float64 (n,) are those of every post of the stock.
    """
    people, rng = desk.active(), np.random.default_rng(_SEED)
    open_rows = np.sort(desk.index.stock.open_rows(desk.rules.on))
    chosen = people if len(people) <= rule.people else [people[i] for i in _drawn(len(people), rule.people, rng)]
    rows = open_rows if len(open_rows) <= rule.posts else open_rows[_drawn(len(open_rows), rule.posts, rng)]
    if not len(chosen) or not len(rows):
        return None
    offers, chances = offers_of(desk, chosen, rows)
    if not offers.could.any():
        return None
    held = grouped([with_county(desk.casebook.candidates[one]) for one in chosen], rule)
    config = ExposureConfig(gap=rule.gap, places=rule.places, most=rule.most)
    lifts = settle(offers, told(held.members, rule.least), config) if rule.is_on else {}
    got = attention(offers, np.zeros(len(chosen)), rule.places)
    later = attention(offers, lift_of(lifts, held.members, len(chosen)), rule.places)
    return Looks(
        by_attribute=by_group(offers, held, rule, got, later),
        forward=Forward({a: of for a, of in held.spread(lifts).items() if of}),
        n_people=len(chosen),
        n_posts=len(rows),
        n_moved=int(((got > 0) != (later > 0)).any(axis=0).sum()),
        fit=(_mean_seen(offers.merit, got), _mean_seen(offers.merit, later)),
        placed=None
        if chances is None
        else (_placed_of(got * chances, openings[rows]), _placed_of(later * chances, openings[rows])),
    )


def told(members: Members, least: int) -> Members:
    """Return the groups that are large enough to be told and corrected."""
    return {a: {name: rows for name, rows in of.items() if len(rows) >= least} for a, of in members.items()}


def by_group(offers: Offers, held: Grouped, rule: ExposureRule, got: Floats, later: Floats) -> Mapping[str, ByGroup]:
    """Return what each group gets of what is due to it, before and after; the intervals hold all at once."""
    members = told(held.members, rule.least)
    level = 1 - (1 - rule.confidence) / max(1, sum(len(of) for of in members.values()))

    def measured(attended: Floats) -> Mapping[str, Mapping[str, Interval]]:
        ours, owed = attended.sum(axis=0), due(offers, attended).sum(axis=0)
        return {
            a: {name: one for name, rows in of.items() if (one := shares(ours, owed, rows, level=level)) is not None}
            for a, of in members.items()
        }

    before, after = measured(got), measured(later)
    return {attribute: ByGroup(before[attribute], after[attribute]) for attribute in members}


def _drawn(n: int, most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    return np.sort(rng.choice(n, most, replace=False)).astype(np.intp)


def offers_of(desk: Desk, people: Sequence[CandidateId], rows: NDArray[np.intp]) -> tuple[Offers, Floats | None]:
    """Return how people are ordered for posts, as `Desk.candidates_for` orders them, and each pair's chance."""
    shape, weights = (len(rows), len(people)), desk.model.weights
    tier, could = np.zeros(shape, dtype=np.int8), np.zeros(shape, dtype=np.bool_)
    value, score, merit, chances, unsaid, near = (np.zeros(shape) for _ in range(6))
    states = np.zeros(len(people), dtype=np.bool_)
    settings = ranking_settings().fit
    for at, candidate_id in enumerate(people):
        asked = desk.ask(candidate_id)
        found = rank(
            asked, desk.index, retrieve(asked.candidate, desk.index.stock, desk.rules, rows=rows), desk.rules, weights
        )
        own = found.order
        tier[own, at], could[own, at] = found.band, True
        merit[own, at], score[own, at] = found.fit.total, np.round(found.score, 6)
        value[own, at] = found.fit.total - found.fit.parts["unknown"]
        unsaid[own, at], states[at] = 1 - found.fit.known_share, wishes_something(asked.candidate)
        # A part is its value times its weight among what is known; the place is known of nearly everybody.
        weight = found.fit.known_share * sum(settings.weights.values()) + settings.unknown_weight
        near[own, at] = np.clip(found.fit.parts["place"] * weight / settings.weights["place"], 0.0, 1.0)
        if weights.chance is not None:
            used = [COMPONENTS.index(name) for name in weights.chance.config.names]
            chances[own, at] = weights.chance.probability(found.columns[:, used].astype(np.float64))
    return Offers(tier, value, score, merit, could, unsaid, states, near), None if weights.chance is None else chances


def _mean_seen(values: Floats, attended: Floats) -> float:
    return float((values * attended).sum() / attended.sum()) if attended.sum() else 0.0


def _placed_of(expected: Floats, openings: Floats) -> float:
    return float(np.minimum(expected.sum(axis=1), openings).sum())


def shown_fit(
    lists: Sequence[Lines],
    groups: Sequence[Mapping[str, str]],
    price: Floats,
    room: Floats,
    rule: ExposureRule,
    *,
    knows_chances: bool,
) -> ShownFit:
    """Measure how good what people are shown is before and after posts step back, and how far they may step back.

    Parameters
    ----------
    lists
        Heads of lists without any stepping back; one employer's turn among its own further posts is not made again.
    price, room
        By how much each post steps back, and how many openings it has for these people; float64 (n,).
    """
    members = told(grouped(groups, rule).members, rule.least)
    level = 1 - (1 - rule.confidence) / max(1, sum(len(of) for of in members.values()))
    without = _followed(lists, np.zeros_like(price), room, rule.lines, knows_chances=knows_chances)
    before = _means(without.share, members, level)
    scale = 1.0
    while True:
        found = _followed(lists, scale * price, room, rule.lines, knows_chances=knows_chances)
        after = _means(found.share, members, level)
        by_attribute = {a: ByGroup(before[a], after[a]) for a in members}
        kept = all(of.gap_of_change <= rule.gap for of in by_attribute.values())
        if kept or not rule.is_on or scale <= 0:
            break
        scale = round(scale - 0.1, 1)
    placed = (without.placed, found.placed) if knows_chances else None
    return ShownFit(by_attribute, scale, (without.fit, found.fit), placed)


@dataclass(frozen=True, slots=True)
class _Followed:
    share: Floats
    fit: float
    placed: float


def _followed(lists: Sequence[Lines], price: Floats, room: Floats, n: int, *, knows_chances: bool) -> _Followed:
    """Return what comes of everybody following the first n lines: fit shown against the best, its mean, placements."""
    weights = np.array([discount(place) for place in range(1, n + 1)])
    share, fits, demand = np.full(len(lists), np.nan), np.full(len(lists), np.nan), np.zeros(len(price))
    for at, one in enumerate(lists):
        if not len(one.rows):
            continue
        head = np.lexsort((np.arange(len(one.rows)), -(one.score - price[one.rows]), one.band))[:n]
        looks = weights[: len(head)]
        best = float(looks @ np.sort(one.fit)[::-1][: len(head)])
        fits[at] = looks @ one.fit[head] / looks.sum()
        share[at] = 1.0 if best <= 0 else looks @ one.fit[head] / best
        if knows_chances and one.chance is not None:
            np.add.at(demand, one.rows[head], looks * one.chance[head])
    has = ~np.isnan(fits)
    return _Followed(share, float(fits[has].mean()) if has.any() else 0.0, float(np.minimum(demand, room).sum()))


def _means(share: Floats, members: Members, level: float) -> Mapping[str, Mapping[str, Interval]]:
    return {
        attribute: {
            name: one
            for name, rows in of.items()
            if (one := student_interval([float(v) for v in share[rows] if not np.isnan(v)], level=level)) is not None
        }
        for attribute, of in members.items()
    }
