"""Who is looked at how often at equal fit, and by how much a group that is looked at too seldom comes forward.

Every post hands out attention over the first of its people, 1 / log2(rank + 1) each. What is due to a person is what
people of the same place by merit get on the mean, over all posts; a group gets its due where both sums are alike
(equity of attention at equal merit, Biega et al. 2018; exposure as in Singh and Joachims 2018). Of whoever did not say
what merit is told by, nobody knows the place: due to them is what is due on the mean to those who said it and live as
near. What people of a group come forward by is never below 0, and counts as far as things are left unsaid: nobody's own
value falls, who said everything keeps it, and only those of one tier change places.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from models.metrics.intervals import Interval
from models.metrics.ndcg import discount

Floats = NDArray[np.float64]
Members = Mapping[str, Mapping[str, NDArray[np.intp]]]
"""Attribute, group, positions of its people; every person is in one group of each attribute."""
Lifts = Mapping[str, Mapping[str, float]]
"""Attribute, group, by how much its people come forward."""


@dataclass(frozen=True, slots=True)
class Offers:
    """For m posts and n people what orders people for a post, each (m, n): `tier` first, then `value`, then `score`.

    `merit` is what people of one tier are held equal by; `could` bool says who may be put before the post at all.
    `unsaid`, 0 to 1, is how much of what merit is told by is not known of a pair; `states` bool (n,) says who told
    enough to be placed by merit, and `near`, 0 to 1, is how near everybody is, whether they told or not.
    """

    tier: NDArray[np.int8]
    value: Floats
    score: Floats
    merit: Floats
    could: NDArray[np.bool_]
    unsaid: Floats
    states: NDArray[np.bool_]
    near: Floats


@dataclass(frozen=True, slots=True)
class ExposureConfig:
    """What is kept: the worst placed group of an attribute gets at least 1 − `gap` of what the best placed one gets.

    `places` are how many people are looked at for a post; `most` is what nobody who said nothing comes forward by more
    than, for one attribute; a gap is worked on until it is `aim` times the bound, so that it holds beyond rounding.
    """

    gap: float
    places: int
    most: float
    aim: float = 0.7
    rounds: int = 60
    step: float = 0.3


def attention(offers: Offers, lift: Floats, places: int) -> Floats:
    """Return what each person gets of each post's attention, float64 (m, n), where people come forward by `lift`."""
    found = np.zeros(offers.could.shape)
    weights = np.array([discount(rank) for rank in range(1, places + 1)])
    for post, could in enumerate(offers.could):
        people = np.flatnonzero(could)
        value = np.round(offers.value[post] + lift * offers.unsaid[post], 6)[people]
        keys = (-offers.score[post, people], -value, offers.tier[post, people])
        first = people[np.lexsort((people, *keys))[:places]]
        found[post, first] = weights[: len(first)]
    return found


def due(offers: Offers, got: Floats) -> Floats:
    """Return what is due to each person of each post's attention, float64 (m, n); together as much as was got.

    Places by merit are held equal in steps that double (1, 2–3, 4–7, …): at the head one place tells much, further down
    little. Equals of merit share their mean place.
    """
    steps = np.full(offers.could.shape, -1, dtype=np.int64)
    for post, could in enumerate(offers.could):
        people = np.flatnonzero(could & offers.states)
        if len(people):
            thinned = could.sum() / len(people)  # who said nothing stands somewhere between them
            merit = np.round(offers.merit[post, people], 6)
            steps[post, people] = _steps(offers.tier[post, people], merit, thinned)
    placed = steps >= 0
    owed = _mean_by(np.maximum(steps, 0), placed, got, placed)
    others = offers.could & ~placed
    if others.any():
        near = np.minimum((offers.near * _NEAR).astype(np.int64), _NEAR - 1)
        kinds = _NEAR * offers.tier.astype(np.int64) + near
        owed = owed + _mean_by(kinds, placed, owed, others)
    return owed * (got.sum() / owed.sum()) if owed.sum() else got


_NEAR = 10


def _mean_by(kinds: NDArray[np.int64], among: NDArray[np.bool_], values: Floats, to: NDArray[np.bool_]) -> Floats:
    """Return the mean value of each kind among some pairs, for the pairs marked `to`; 0 for the others."""
    if not among.any():
        return np.zeros(kinds.shape)
    most = int(kinds.max()) + 1
    n = np.bincount(kinds[among], minlength=most)
    mean = np.bincount(kinds[among], weights=values[among], minlength=most) / np.maximum(n, 1)
    mean[n == 0] = values[among].mean()
    return np.where(to, mean[kinds], 0.0)


def _steps(tier: NDArray[np.int8], merit: Floats, thinned: float) -> NDArray[np.int64]:
    order = np.lexsort((-merit, tier))
    is_new = np.ones(len(order), dtype=np.bool_)
    is_new[1:] = (np.diff(tier[order]) != 0) | (np.diff(merit[order]) != 0)
    starts = np.flatnonzero(is_new)
    ends = np.append(starts[1:], len(order))
    middle = (starts + ends + 1) / 2  # the mean of the places start + 1 … end
    place = np.empty(len(order))
    place[order] = np.repeat(middle, ends - starts)
    return np.asarray(np.floor(np.log2(1 + (place - 1) * thinned)), dtype=np.int64)


def shares(got: Floats, owed: Floats, rows: NDArray[np.intp], *, level: float) -> Interval | None:
    """Return what a group's people get of what is due to them, 1 where it is all; None where nothing is due.

    `got` and `owed` are sums by person, float64 (n,); the interval (a ratio, delta method) takes people as drawn.
    """
    ours, theirs = got[rows], owed[rows]
    if len(rows) < 2 or not theirs.sum():
        return None
    ratio = float(ours.sum() / theirs.sum())
    spread = np.sqrt(np.square(ours - ratio * theirs).sum() * len(rows) / (len(rows) - 1)) / theirs.sum()
    half = float(ndtri((1 + level) / 2) * spread)
    return Interval(ratio, max(0.0, ratio - half), ratio + half, len(rows))


def gap_of(ratios: Sequence[float]) -> float:
    """Return by which share the worst placed group lies below the best placed one; 0 of fewer than two groups."""
    return 1 - min(ratios) / max(ratios) if len(ratios) > 1 and max(ratios) > 0 else 0.0


def ratios_of(got: Floats, owed: Floats, groups: Mapping[str, NDArray[np.intp]]) -> dict[str, float]:
    """Return for each group what its people get of what is due to them; a group to whom nothing is due has its due."""
    return {
        name: float(got[rows].sum() / owed[rows].sum()) if owed[rows].sum() else 1.0 for name, rows in groups.items()
    }


def lift_of(lifts: Lifts, members: Members, n_people: int) -> Floats:
    """Return by how much each person comes forward, float64 (n_people,): the sum over their groups."""
    found = np.zeros(n_people)
    for attribute, groups in lifts.items():
        for name, lift in groups.items():
            found[members[attribute][name]] += lift
    return found


def settle(offers: Offers, members: Members, config: ExposureConfig) -> Lifts:
    """Return the smallest lifts found under which every attribute keeps its gap, or comes nearest to it.

    Lifts start at 0 and rise for groups that get less than the best placed one; where all groups of an attribute have
    risen, they come down together until one stands at 0 again, which changes no place.
    """
    n = offers.could.shape[1]
    lifts = {attribute: dict.fromkeys(groups, 0.0) for attribute, groups in members.items()}
    best, nearest = {a: dict(groups) for a, groups in lifts.items()}, np.inf
    aim = config.gap * config.aim
    for round_ in range(config.rounds):
        got = attention(offers, lift_of(lifts, members, n), config.places)
        owed = due(offers, got).sum(axis=0)
        ratios = {a: ratios_of(got.sum(axis=0), owed, groups) for a, groups in members.items()}
        beyond = sum(max(0.0, gap_of(list(of.values())) - aim) for of in ratios.values())
        if beyond < nearest:
            best, nearest = {a: dict(groups) for a, groups in lifts.items()}, beyond
        if beyond == 0.0:
            break
        step = config.step / (1 + round_ / 10)
        for attribute, of in ratios.items():
            _rise(lifts[attribute], of, aim, step, config.most)
    return best


def _rise(lifts: dict[str, float], ratios: Mapping[str, float], aim: float, step: float, most: float) -> None:
    if gap_of(list(ratios.values())) <= aim:
        return
    wanted = max(ratios.values()) * (1 - aim)
    for name, ratio in ratios.items():
        lifts[name] += step * max(0.0, wanted - ratio)
    least = min(lifts.values())
    for name in lifts:
        lifts[name] = round(min(most, lifts[name] - least), 6)
