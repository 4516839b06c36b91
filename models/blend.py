"""A linear score over named components of a pair, learnt from what people chose among what they were not choosing.

The score is a sum of one contribution per component, so a reason for a rank can be read off it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

from models.arrays import Floats, Mask
from models.artefact import Artefact
from models.errors import InvalidInput, NotFitted
from models.scaling import Scaling, by_component, check_components, check_names


@dataclass(frozen=True)
class BlendConfig:
    """Settings of the blend.

    Attributes
    ----------
    names
        The components in their order.
    prior
        Weight of a component, on its own scale, that the learnt one is drawn towards; 0 where not given.
    prior_strength
        How many choices the prior is worth, roughly; the fewer choices are seen, the nearer the weights stay to it.
    non_negative
        Components whose weight may not fall below 0, as more of them is never worse (likeness, fit).
    fixed
        Weights, on the component's own scale, that are given and not learnt; the others are learnt beside them.
    """

    names: tuple[str, ...]
    prior: Mapping[str, float] = field(default_factory=dict)
    prior_strength: float = 5.0
    non_negative: frozenset[str] = frozenset()
    fixed: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_names(self.names, self.prior)
        check_names(self.names, self.non_negative)
        check_names(self.names, self.fixed)
        if len(set(self.names)) != len(self.names):
            raise InvalidInput("Every component has a name of its own.")
        if not self.prior_strength > 0:
            raise InvalidInput(f"prior_strength must be above 0; it was {self.prior_strength}.")
        if any(self.prior.get(name, 0.0) < 0 for name in self.non_negative):
            raise InvalidInput("A component that may not fall below 0 cannot have a prior below 0.")


class PairwiseBlend:
    """Conditional logit: the chosen vacancy against others that the same person could have chosen.

    Minimises Σ_g u_g · (ln Σ_j c_gj · exp s_gj − s_g,chosen) + λ/2 · Σ (w − prior)², w and prior per spread of the
    component; c is the number of vacancies that a drawn one stands for.
    """

    def __init__(self, config: BlendConfig) -> None:
        self.config = config
        self.n_groups_ = 0
        self._scaling: Scaling | None = None
        self._weights = np.zeros(0)

    def fit(
        self,
        positives: Floats,
        negatives: Floats,
        *,
        valid: Mask | None = None,
        group_weights: Floats | None = None,
        stand_for: Floats | None = None,
    ) -> "PairwiseBlend":
        """Learn the weights; without any group they are the prior.

        Parameters
        ----------
        positives
            Components of what was chosen, (m, n_components); NaN where unknown.
        negatives
            Components of what was not, (m, n_negatives, n_components).
        valid
            Which negatives there are, (m, n_negatives); all where not given.
        group_weights
            Weight of each group, (m,); 1 where not given.
        stand_for
            How many vacancies each negative stands for, (m, n_negatives), above 0; 1 where not given. Without it,
            negatives that were drawn because they look right teach that looking right counts against a vacancy.

        Raises
        ------
        InvalidInput
            When shapes do not fit together or a value is infinite.
        """
        self._check_shapes(positives, negatives)
        m, n_negatives = negatives.shape[:2]
        present = np.ones((m, n_negatives), dtype=np.bool_) if valid is None else valid
        scaling = Scaling.fit(self.config.names, np.concatenate([positives, negatives[present]]))
        differences = scaling.apply(negatives) - scaling.apply(positives)[:, None, :]
        weights = np.ones(m) if group_weights is None else np.asarray(group_weights, dtype=np.float64)
        counts = np.ones((m, n_negatives)) if stand_for is None else np.asarray(stand_for, dtype=np.float64)
        if counts.shape != (m, n_negatives) or not (counts > 0).all():
            raise InvalidInput(f"stand_for has shape ({m}, {n_negatives}) and is above 0 everywhere.")
        prior = by_component(self.config.names, {**self.config.prior, **self.config.fixed}) * scaling.spreads
        learnt = self._minimise(differences, np.where(present, np.log(counts), -np.inf), weights, prior) if m else prior
        self._scaling = scaling
        self._weights = learnt / scaling.spreads
        self.n_groups_ = m
        return self

    @property
    def weights_(self) -> dict[str, float]:
        """Weight of each component on its own scale."""
        self._fitted()
        return dict(zip(self.config.names, self._weights.tolist(), strict=True))

    @property
    def importances_(self) -> dict[str, float]:
        """Weight of each component per spread, which can be compared between components."""
        return dict(zip(self.config.names, (self._weights * self._fitted().spreads).tolist(), strict=True))

    def contributions(self, pairs: Floats) -> Floats:
        """Return what each component adds to the score against the mean pair, same shape as `pairs`.

        An unknown component (NaN) adds exactly 0.
        """
        scaling = self._fitted()
        check_components(self.config.names, pairs)
        added = (pairs - scaling.means) * self._weights
        return np.where(np.isnan(added), 0.0, added)

    def scores(self, pairs: Floats) -> Floats:
        """Return the score of each pair, the sum of its contributions; comparable within one person's list only."""
        return np.asarray(self.contributions(pairs).sum(axis=-1), dtype=np.float64)

    def to_artefact(self) -> Artefact:
        """Return weights and scaling as plain arrays, settings as plain values."""
        scaling = self._fitted()
        config = self.config
        return Artefact(
            {"weights": self._weights, "means": scaling.means, "spreads": scaling.spreads},
            {
                "names": list(config.names),
                "prior": dict(config.prior),
                "prior_strength": config.prior_strength,
                "non_negative": sorted(config.non_negative),
                "fixed": dict(config.fixed),
                "n_groups": self.n_groups_,
            },
        )

    @classmethod
    def from_artefact(cls, artefact: Artefact) -> "PairwiseBlend":
        """Return the blend as it was saved."""
        settings = artefact.metadata
        config = BlendConfig(
            tuple(settings["names"]),
            settings["prior"],
            settings["prior_strength"],
            frozenset(settings["non_negative"]),
            settings.get("fixed", {}),
        )
        blend = cls(config)
        blend._scaling = Scaling(config.names, artefact.arrays["means"], artefact.arrays["spreads"])
        blend._weights = artefact.arrays["weights"]
        blend.n_groups_ = settings["n_groups"]
        return blend

    def _minimise(self, differences: Floats, offsets: Floats, group_weights: Floats, prior: Floats) -> Floats:
        strength = self.config.prior_strength

        def loss(weights: Floats) -> tuple[float, Floats]:
            margins = differences @ weights + offsets
            # The chosen one has margin 0; ln(1 + Σ exp margins) is its surprise.
            totals = np.logaddexp(0.0, logsumexp(margins, axis=1)) if margins.shape[1] else np.zeros(len(margins))
            shares = np.exp(margins - totals[:, None]) * group_weights[:, None]
            pull = weights - prior
            value = float(group_weights @ totals + strength / 2 * pull @ pull)
            return value, np.einsum("gj,gjp->p", shares, differences) + strength * pull

        bounds = [self._bounds(name, float(start)) for name, start in zip(self.config.names, prior, strict=True)]
        return np.asarray(minimize(loss, prior, jac=True, method="L-BFGS-B", bounds=bounds).x, dtype=np.float64)

    def _bounds(self, name: str, prior: float) -> tuple[float | None, float | None]:
        if name in self.config.fixed:
            return prior, prior
        return (0.0, None) if name in self.config.non_negative else (None, None)

    def _check_shapes(self, positives: Floats, negatives: Floats) -> None:
        n = len(self.config.names)
        if positives.ndim != 2 or negatives.ndim != 3 or len(positives) != len(negatives):
            raise InvalidInput(
                f"positives has shape (m, {n}) and negatives (m, n_negatives, {n}); they have {positives.shape} and "
                f"{negatives.shape}."
            )
        check_components(self.config.names, positives)
        check_components(self.config.names, negatives)

    def _fitted(self) -> Scaling:
        if self._scaling is None:
            raise NotFitted(self)
        return self._scaling


def smallest_as_good(values: Mapping[float, Floats]) -> float:
    """Return the smallest step whose mean value is within one standard error of the best step's.

    Parameters
    ----------
    values
        For each step its values over the same cases, (n,), higher being better; the error is that of the paired
        differences.
    """
    best = max(sorted(values), key=lambda step: float(values[step].mean()))
    for step in sorted(values):
        behind = values[best] - values[step]
        if behind.mean() <= behind.std() / np.sqrt(len(behind)):
            return step
    return best


def sample_negatives(
    chosen: Sequence[Sequence[int]], groups: Sequence[int], n_vacancies: int, *, n_negatives: int, seed: int
) -> np.ndarray:
    """Draw vacancies that a person did not choose, uniformly, shape (len(groups), n_negatives).

    Parameters
    ----------
    chosen
        For each person the positions of everything chosen.
    groups
        For each group the person that it belongs to.

    Raises
    ------
    InvalidInput
        When a person chose every vacancy.
    """
    rng = np.random.default_rng(seed)
    drawn = np.zeros((len(groups), n_negatives), dtype=np.int64)
    sets = [set(positions) for positions in chosen]
    for row, person in enumerate(groups):
        if len(sets[person]) >= n_vacancies:
            raise InvalidInput("There is nothing left to draw for a person who chose every vacancy.")
        found: list[int] = []
        while len(found) < n_negatives:
            draw = rng.integers(0, n_vacancies, size=2 * n_negatives).tolist()
            found.extend(position for position in draw if position not in sets[person])
        drawn[row] = found[:n_negatives]
    return drawn
