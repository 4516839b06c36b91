"""How likely a pair is to end in a placement: a probability that is checked, with an interval and its reasons.

A score ranks within one list; this number is read as it stands, so it is refused below a number of outcomes.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import expit, logit, ndtri

from models.arrays import AnyArray, Floats
from models.artefact import Artefact
from models.errors import InvalidInput
from models.scaling import Scaling, by_component, check_names


@dataclass(frozen=True)
class ChanceConfig:
    """Settings of the chance model.

    Attributes
    ----------
    names
        The components in their order.
    prior
        Weight in log-odds of a component, on its own scale, that the learnt one is drawn towards; 0 where not given.
    prior_strength
        Precision of that prior per spread of the component.
    non_negative
        Components whose weight may not fall below 0.
    level
        Share of intervals that are to hold the true probability, as far as the model is right.
    n_folds, seed
        Of the check on pairs that were not learnt from.
    """

    names: tuple[str, ...]
    prior: Mapping[str, float] = field(default_factory=dict)
    prior_strength: float = 1.0
    non_negative: frozenset[str] = frozenset()
    level: float = 0.9
    n_folds: int = 5
    seed: int = 20221104

    def __post_init__(self) -> None:
        check_names(self.names, self.prior)
        check_names(self.names, self.non_negative)
        if not 0 < self.level < 1:
            raise InvalidInput(f"level is a share between 0 and 1; it was {self.level}.")
        if self.n_folds < 2:
            raise InvalidInput(f"A check needs at least 2 folds; there were {self.n_folds}.")


@dataclass(frozen=True)
class Calibration:
    """How the stated probabilities compare with what happened, on pairs that were not learnt from.

    Attributes
    ----------
    slope
        Of the outcome's log-odds on the stated log-odds; 1 is right, below 1 the statements are too bold.
    brier, brier_of_mean
        Mean squared error, and that of stating the mean rate for everyone; lower is better.
    bins
        Mean stated probability, observed share and number of pairs, by tenths of the pairs from low to high.
    """

    n: int
    slope: float
    brier: float
    brier_of_mean: float
    bins: tuple[tuple[float, float, int], ...]

    @property
    def holds(self) -> bool:
        """Whether stating these probabilities is better than the mean rate, and not far too bold or too timid."""
        return self.brier < self.brier_of_mean and 0.7 <= self.slope <= 1.5


@dataclass(frozen=True, eq=False)
class Chances:
    """Probability of each pair with the bounds of its interval; three arrays of shape (n,)."""

    probability: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)
class ChanceModel:
    """Logistic regression with a prior, its boldness corrected by the check; made by `fit_if_enough`."""

    config: ChanceConfig
    scaling: Scaling
    base: float
    weights: Floats
    covariance: Floats
    calibration: Calibration

    @classmethod
    def fit_if_enough(
        cls,
        config: ChanceConfig,
        pairs: Floats,
        placed: AnyArray,
        *,
        groups: AnyArray | None = None,
        minimum: int = 50,
    ) -> "ChanceModel | None":
        """Learn from pairs and how they ended, or return `None` below `minimum` outcomes of either kind.

        Parameters
        ----------
        pairs
            Components, (n, n_components); NaN where unknown.
        placed
            1 where the pair ended in a placement, 0 where it did not, (n,).
        groups
            Whom each pair belongs to, (n,); one person's pairs are kept together in the check.

        Raises
        ------
        InvalidInput
            When shapes do not fit together or an outcome is neither 0 nor 1.
        """
        outcomes = np.asarray(placed, dtype=np.float64)
        if outcomes.shape != (len(pairs),) or not np.isin(outcomes, (0.0, 1.0)).all():
            raise InvalidInput("Every pair needs one outcome, 0 or 1.")
        if min(outcomes.sum(), (1 - outcomes).sum()) < minimum:
            return None
        scaling = Scaling.fit(config.names, pairs)
        scaled = scaling.apply(pairs)
        stated = _cross_fitted(config, scaling, scaled, outcomes, groups)
        calibration = _calibrate(stated, outcomes)
        base, weights = _fit(config, scaling, scaled, outcomes)
        # Too bold statements are drawn together; too timid ones are left, since a small sample invents timidity easily.
        trust = float(np.clip(calibration.slope, 0.0, 1.0))
        weights = weights * trust
        base = _base_for_rate(scaled @ weights, float(outcomes.mean())) if trust < 1 else base
        covariance = _covariance(config, scaled, base, weights)
        return cls(config, scaling, base, weights, covariance, calibration)

    def probability(self, pairs: Floats) -> Floats:
        """Return the probability of a placement for each pair, (n,)."""
        return np.asarray(expit(self.base + self.scaling.apply(pairs) @ self.weights), dtype=np.float64)

    def chances(self, pairs: Floats) -> Chances:
        """Return probabilities with intervals; wide ones where such pairs were hardly seen (delta method)."""
        scaled = self.scaling.apply(pairs)
        log_odds = self.base + scaled @ self.weights
        design = np.column_stack([np.ones(len(scaled)), scaled])
        errors = np.sqrt(np.einsum("ni,ij,nj->n", design, self.covariance, design))
        reach = ndtri((1 + self.config.level) / 2) * errors
        return Chances(expit(log_odds), expit(log_odds - reach), expit(log_odds + reach))

    def contributions(self, pairs: Floats) -> Floats:
        """Return what each component adds in log-odds, (n, n_components); with `base` they sum to the log-odds.

        An unknown component (NaN) adds exactly 0.
        """
        return np.asarray(self.scaling.apply(pairs) * self.weights, dtype=np.float64)

    @property
    def weights_(self) -> dict[str, float]:
        """Weight in log-odds of each component on its own scale."""
        return dict(zip(self.config.names, (self.weights / self.scaling.spreads).tolist(), strict=True))

    def to_artefact(self) -> Artefact:
        """Return everything learnt as plain arrays and settings."""
        settings = asdict(self.config)
        settings["names"], settings["non_negative"] = list(self.config.names), sorted(self.config.non_negative)
        settings["prior"] = dict(self.config.prior)
        return Artefact(
            {
                "means": self.scaling.means,
                "spreads": self.scaling.spreads,
                "weights": self.weights,
                "covariance": self.covariance,
            },
            {"config": settings, "base": self.base, "calibration": asdict(self.calibration)},
        )

    @classmethod
    def from_artefact(cls, artefact: Artefact) -> "ChanceModel":
        """Return the model as it was saved."""
        saved = artefact.metadata
        settings = dict(saved["config"])
        settings["names"], settings["non_negative"] = tuple(settings["names"]), frozenset(settings["non_negative"])
        config = ChanceConfig(**settings)
        checked = dict(saved["calibration"])
        checked["bins"] = tuple((stated, seen, int(n)) for stated, seen, n in checked["bins"])
        arrays = artefact.arrays
        scaling = Scaling(config.names, arrays["means"], arrays["spreads"])
        calibration = Calibration(**checked)
        return cls(config, scaling, saved["base"], arrays["weights"], arrays["covariance"], calibration)


def _fit(config: ChanceConfig, scaling: Scaling, scaled: Floats, outcomes: Floats) -> tuple[float, Floats]:
    """Return intercept and weights per spread that minimise the negative log posterior."""
    prior = by_component(config.names, config.prior) * scaling.spreads

    def loss(parameters: Floats) -> tuple[float, Floats]:
        log_odds = parameters[0] + scaled @ parameters[1:]
        pull = parameters[1:] - prior
        surprise = np.logaddexp(0.0, log_odds) - outcomes * log_odds
        error = expit(log_odds) - outcomes
        value = float(surprise.sum() + config.prior_strength / 2 * pull @ pull)
        return value, np.concatenate([[error.sum()], error @ scaled + config.prior_strength * pull])

    start = np.concatenate([[logit((outcomes.sum() + 0.5) / (len(outcomes) + 1))], prior])
    bounds = [(None, None), *((0.0, None) if name in config.non_negative else (None, None) for name in config.names)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(found[0]), np.asarray(found[1:], dtype=np.float64)


def _covariance(config: ChanceConfig, scaled: Floats, base: float, weights: Floats) -> Floats:
    """Return the covariance of intercept and weights from the curvature of the posterior at its top."""
    design = np.column_stack([np.ones(len(scaled)), scaled])
    probability = expit(base + scaled @ weights)
    curvature = (design * (probability * (1 - probability))[:, None]).T @ design
    curvature += np.diag([0.0, *[config.prior_strength] * len(weights)])
    return np.asarray(np.linalg.inv(curvature), dtype=np.float64)


def _cross_fitted(
    config: ChanceConfig, scaling: Scaling, scaled: Floats, outcomes: Floats, groups: AnyArray | None
) -> Floats:
    """Return for each pair the log-odds by a model that has not seen it, nor the same person."""
    owners = np.arange(len(scaled)) if groups is None else np.unique(groups, return_inverse=True)[1]
    fold_of_owner = np.random.default_rng(config.seed).permutation(int(owners.max()) + 1) % config.n_folds
    folds = fold_of_owner[owners]
    stated = np.zeros(len(scaled))
    for fold in range(config.n_folds):
        held = folds == fold
        if held.all() or not held.any():
            continue
        base, weights = _fit(config, scaling, scaled[~held], outcomes[~held])
        stated[held] = base + scaled[held] @ weights
    return stated


def _calibrate(stated: Floats, outcomes: Floats) -> Calibration:
    probability = expit(stated)
    tenths = np.array_split(np.argsort(probability, kind="stable"), min(10, len(stated)))
    return Calibration(
        n=len(stated),
        slope=_slope(stated, outcomes),
        brier=float(np.mean((probability - outcomes) ** 2)),
        brier_of_mean=float(outcomes.mean() * (1 - outcomes.mean())),
        bins=tuple((float(probability[at].mean()), float(outcomes[at].mean()), len(at)) for at in tenths),
    )


def _slope(stated: Floats, outcomes: Floats) -> float:
    """Return the slope of Platt's line, by Newton steps on its two parameters; 0 where nothing was told apart."""
    centred = stated - stated.mean()
    if np.allclose(centred, 0.0):
        return 0.0
    design = np.column_stack([np.ones(len(stated)), centred])
    parameters = np.array([logit(outcomes.mean()), 1.0])
    for _ in range(50):
        probability = expit(design @ parameters)
        curvature = (design * (probability * (1 - probability))[:, None]).T @ design + np.eye(2) * 1e-9
        step = np.linalg.solve(curvature, design.T @ (outcomes - probability))
        parameters = parameters + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-9:
            break
    return float(parameters[1])


def _base_for_rate(added: Floats, rate: float) -> float:
    """Return the intercept at which the mean probability is the observed rate."""
    spread = float(np.abs(added).max(initial=0.0)) + abs(float(logit(rate))) + 1.0
    return float(brentq(lambda base: float(expit(base + added).mean()) - rate, -spread, spread))
