"""Effect of a measure on those who received it, against comparable people who did not: weighting by the propensity.

Formula: e(x) is the probability of having received the measure given facts known before (logistic regression). Those
who received it count 1, the others e / (1 - e), so that on the mean they are alike; the effect is the difference of the
two shares with the outcome (ATT, Hájek form; Rosenbaum & Rubin 1983). Intervals are those of a bootstrap of people that
fits e anew each time. The E-value says how strong something unrecorded would have to be to explain it all (VanderWeele
& Ding 2017). Where people are not comparable there is no number, but a reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.special import expit

from models.arrays import Floats, Mask
from models.errors import InvalidInput
from models.metrics.intervals import Interval, share_difference, wilson_interval

_PENALTY = 10.0
"""Inverse strength of the penalty on standardised facts: next to none, but a fact that all share decides nothing."""
_MOST_STEPS, _LONGEST_STEP, _STILL, _NEAR, _LEAST = 30, 2.0, 1e-6, 1e-2, 1e-6


class Refusal(StrEnum):
    """Why no effect is told."""

    FEW_RECEIVED = "few_received"
    FEW_OTHERS = "few_others"
    FEW_OUTCOMES = "few_outcomes"
    NO_OVERLAP = "no_overlap"
    NOT_ALIKE = "not_alike"


@dataclass(frozen=True, slots=True)
class EffectConfig:
    """What a comparison needs before it says anything.

    Attributes
    ----------
    least_people
        Fewer than so many in either group, or so many others by weight: no number.
    least_outcomes
        In each group at least so many with and so many without the outcome.
    caliper, neighbours
        Somebody is comparable with at least so many of the other group within so many standard deviations of the
        logit of e (0.2: Austin 2011).
    least_overlap
        Which share of those who received it has to be comparable.
    most_difference
        The largest standardised difference that may be left in any fact.
    rounds, level
        Rounds of the bootstrap, and the share of them that an interval holds.
    """

    least_people: int = 50
    least_outcomes: int = 10
    caliper: float = 0.2
    neighbours: int = 5
    least_overlap: float = 0.8
    most_difference: float = 0.2
    rounds: int = 300
    level: float = 0.95

    def __post_init__(self) -> None:
        if min(self.least_people, self.least_outcomes, self.neighbours, self.rounds) < 1:
            raise InvalidInput("People, outcomes, neighbours and rounds must be at least 1.")
        if not (0 < self.level < 1 and 0 <= self.least_overlap <= 1 and self.caliper > 0):
            raise InvalidInput("The level lies between 0 and 1, so does the overlap; the caliper is above 0.")


@dataclass(frozen=True, slots=True)
class Balance:
    """Standardised difference of one column between the groups, before and after weighting."""

    before: float
    after: float | None


@dataclass(frozen=True, slots=True)
class Effect:
    """The difference of shares, its ratio, and how strong something unrecorded would have to be (E-value)."""

    received_share: float
    others_share: float
    difference: Interval
    ratio: Interval | None
    e_value: float | None
    e_value_of_bound: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison: the raw difference, how far people are comparable, and the effect or why there is none."""

    n_received: int
    n_others: int
    naive: Interval | None
    overlap: float | None
    n_effective: float | None
    balance: Sequence[Balance]
    propensity: Floats
    effect: Effect | None
    refusal: Refusal | None


def compare(facts: Floats, received: Mask, outcome: Mask, *, config: EffectConfig, seed: int) -> Comparison:
    """Compare the outcome of those who received a measure with that of comparable others.

    Parameters
    ----------
    facts
        Shape (n_people, n_columns), nothing missing: an unknown fact is a column of its own.
    received, outcome
        Of each person; shape (n_people,).

    Raises
    ------
    InvalidInput
        When shapes differ or a fact is missing.
    """
    x, t, y = np.asarray(facts, dtype=np.float64), np.asarray(received, dtype=bool), np.asarray(outcome, dtype=bool)
    if x.ndim != 2 or not len(x) == len(t) == len(y):
        raise InvalidInput(
            f"Facts are {x.shape}, received {t.shape}, outcome {y.shape}: they are not of the same people."
        )
    if not np.isfinite(x).all():
        raise InvalidInput("A fact is missing; give unknown facts a column of their own.")
    n_received, n_others = int(t.sum()), int((~t).sum())
    told = _Told(n_received, n_others, _naive(t, y, config))
    if n_received < config.least_people:
        return told.refused(Refusal.FEW_RECEIVED)
    if n_others < config.least_people:
        return told.refused(Refusal.FEW_OTHERS)
    z = _standardised(x, t)
    propensity = _Propensity(z, t)
    e = propensity.of(np.ones(len(t)))
    near = _comparable(_logit(e), t, config)
    overlap = float(near[t].mean())
    weights = np.where(t, 1.0, e / (1 - e)) * near
    n_effective = _effective(weights[~t])
    balance = _balances(z, t, weights)
    found = _Found(overlap, n_effective, balance, e)
    if overlap < config.least_overlap or n_effective < config.least_people:
        return told.refused(Refusal.NO_OVERLAP, found)
    if any(one.after is not None and abs(one.after) > config.most_difference for one in balance):
        return told.refused(Refusal.NOT_ALIKE, found)
    held = [int((y[mask & near]).sum()) for mask in (t, ~t)] + [int((~y[mask & near]).sum()) for mask in (t, ~t)]
    if min(held) < config.least_outcomes:
        return told.refused(Refusal.FEW_OUTCOMES, found)
    return told.with_effect(found, _effect(propensity, t, y, near, e, config, seed))


@dataclass(frozen=True, slots=True)
class _Found:
    overlap: float
    n_effective: float
    balance: Sequence[Balance]
    propensity: Floats


@dataclass(frozen=True, slots=True)
class _Told:
    n_received: int
    n_others: int
    naive: Interval | None

    def refused(self, why: Refusal, found: _Found | None = None) -> Comparison:
        return self._made(found, None, why)

    def with_effect(self, found: _Found, effect: Effect) -> Comparison:
        return self._made(found, effect, None)

    def _made(self, found: _Found | None, effect: Effect | None, why: Refusal | None) -> Comparison:
        return Comparison(
            self.n_received,
            self.n_others,
            self.naive,
            None if found is None else found.overlap,
            None if found is None else found.n_effective,
            () if found is None else found.balance,
            np.empty(0) if found is None else found.propensity,
            effect,
            why,
        )


def _naive(t: Mask, y: Mask, config: EffectConfig) -> Interval | None:
    """Return the difference of the plain shares, None where one group is empty."""
    sides = [wilson_interval(int(y[mask].sum()), int(mask.sum()), level=config.level) for mask in (t, ~t)]
    if sides[0] is None or sides[1] is None:
        return None
    return share_difference(sides[0], sides[1])


def _standardised(x: Floats, t: Mask) -> Floats:
    """Return facts with the pooled spread of both groups as unit; a fact that all share is nought throughout."""
    spread = np.sqrt((x[t].var(axis=0) + x[~t].var(axis=0)) / 2)
    moved: Floats = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return moved


def _logit(e: Floats) -> Floats:
    found: Floats = np.log(e / (1 - e))
    return found


class _Propensity:
    """The logistic regression of who received it (Newton's method), fitted again from where it last stood."""

    def __init__(self, z: Floats, t: Mask) -> None:
        self._z, self._t = np.column_stack([np.ones(len(z)), z]), t.astype(np.float64)
        self._penalty = np.diag([0.0, *np.full(z.shape[1], 1 / _PENALTY)])
        self._at = np.zeros(z.shape[1] + 1)

    def of(self, counts: Floats) -> Floats:
        """Return e of everybody where each person stands so often in the data."""
        at, is_first = self._at, not self._at.any()
        for _ in range(_MOST_STEPS):
            e = expit(self._z @ at)
            spread = counts * e * (1 - e)
            slope = self._z.T @ (counts * (self._t - e)) - self._penalty @ at
            bend = (self._z * spread[:, None]).T @ self._z + self._penalty
            step = np.linalg.lstsq(bend, slope, rcond=None)[0]
            at = at + step * min(1.0, _LONGEST_STEP / max(float(np.abs(step).max()), _STILL))
            # Steps square what is left: after one below the hundredth there is nothing left that matters to a round.
            if float(np.abs(step).max()) < (_STILL if is_first else _NEAR):
                break
        if is_first:  # every later round ends near it
            self._at = at
        held: Floats = np.clip(expit(self._z @ at), _LEAST, 1 - _LEAST)
        return held


def _comparable(logit: Floats, t: Mask, config: EffectConfig) -> Mask:
    """Return who has enough of the other group nearby."""
    width = config.caliper * float(logit.std())
    near = np.zeros(len(t), dtype=bool)
    for mask in (t, ~t):
        other = np.sort(logit[~mask])
        own = logit[mask]
        count = np.searchsorted(other, own + width, side="right") - np.searchsorted(other, own - width, side="left")
        # Of those who received it there may be few: one of them nearby is enough for somebody to be compared with.
        near[mask] = count >= (config.neighbours if mask is t else 1)
    return near


def _effective(weights: Floats) -> float:
    total = float(weights.sum())
    return 0.0 if total == 0 else total * total / float((weights * weights).sum())


def _balances(z: Floats, t: Mask, weights: Floats) -> list[Balance]:
    before = z[t].mean(axis=0) - z[~t].mean(axis=0)
    own, others = weights[t], weights[~t]
    if not own.sum() or not others.sum():
        return [Balance(float(one), None) for one in before]
    after = np.average(z[t], axis=0, weights=own) - np.average(z[~t], axis=0, weights=others)
    return [Balance(float(one), float(other)) for one, other in zip(before, after, strict=True)]


def _effect(
    propensity: _Propensity, t: Mask, y: Mask, near: Mask, e: Floats, config: EffectConfig, seed: int
) -> Effect:
    rng = np.random.default_rng(seed)
    received, others = _shares(t, y, near, e, np.ones(len(t)))
    differences, ratios = [], []
    places = np.flatnonzero(t), np.flatnonzero(~t)
    for _ in range(config.rounds):
        counts = np.zeros(len(t))
        for group in places:
            counts[group] = np.bincount(rng.integers(0, len(group), len(group)), minlength=len(group))
        one, other = _shares(t, y, near, propensity.of(counts), counts)
        differences.append(one - other)
        ratios.append(one / other if other > 0 else np.inf)
    bounds = [(1 - config.level) / 2, (1 + config.level) / 2]
    low, high = np.quantile(differences, bounds)
    least, most = np.quantile(ratios, bounds, method="inverted_cdf")
    n = int((near & t).sum())
    ratio = None if others == 0 or not np.isfinite(most) else Interval(received / others, float(least), float(most), n)
    return Effect(
        received,
        others,
        Interval(received - others, float(low), float(high), n),
        ratio,
        None if ratio is None or ratio.mean == 0 else e_value(ratio.mean),
        None if ratio is None else _e_value_of_bound(ratio),
    )


def _shares(t: Mask, y: Mask, near: Mask, e: Floats, counts: Floats) -> tuple[float, float]:
    own, others = counts * (near & t), counts * (near & ~t) * e / (1 - e)
    return float((own * y).sum() / own.sum()), float((others * y).sum() / others.sum())


def e_value(ratio: float) -> float:
    """Return how strongly, as a ratio, something unrecorded must go with measure and outcome to explain a ratio away.

    Formula: RR + sqrt(RR (RR - 1)) with RR the ratio, or its inverse below 1.
    """
    above = ratio if ratio >= 1 else 1 / ratio
    return float(above + np.sqrt(above * (above - 1)))


def _e_value_of_bound(ratio: Interval) -> float | None:
    """Return the E-value of the bound nearer to 1; 1 where the interval holds 1."""
    if ratio.low <= 1 <= ratio.high:
        return 1.0
    bound = ratio.low if ratio.low > 1 else ratio.high
    return None if bound <= 0 else e_value(bound)
