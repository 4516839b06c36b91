"""Named components of a pair (likeness, distance, …) brought to one scale, where unknown stays neutral."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.arrays import Floats
from models.errors import InvalidInput


@dataclass(frozen=True, eq=False)
class Scaling:
    """Mean and spread of each component, learnt from the pairs of fitting.

    A component that is unknown for a pair is NaN; it counts as the mean, so it neither raises nor lowers a score. A
    component that never varied keeps a spread of 1.
    """

    names: tuple[str, ...]
    means: Floats
    spreads: Floats

    @classmethod
    def fit(cls, names: Sequence[str], pairs: Floats) -> "Scaling":
        """Learn means and spreads of the columns of pairs, shape (n, len(names)); NaN is left out."""
        check_components(names, pairs)
        known = ~np.isnan(pairs)
        counts = np.maximum(known.sum(axis=0), 1)
        means = np.where(known, pairs, 0.0).sum(axis=0) / counts
        variances = (np.where(known, pairs - means, 0.0) ** 2).sum(axis=0) / counts
        # Rounding leaves a spread of about 1e-17 to a constant column; dividing by it would blow up noise.
        varies = variances > 1e-18 * np.maximum(means**2, 1e-6)
        return cls(tuple(names), means, np.where(varies, np.sqrt(np.where(varies, variances, 1.0)), 1.0))

    def apply(self, pairs: Floats) -> Floats:
        """Return (pairs − means) / spreads with 0 where unknown; the last axis holds the components."""
        check_components(self.names, pairs)
        scaled = (pairs - self.means) / self.spreads
        return np.where(np.isnan(scaled), 0.0, scaled)


def check_components(names: Sequence[str], pairs: Floats) -> None:
    """Refuse pairs whose last axis is not the components, or that hold an infinite value.

    Raises
    ------
    InvalidInput
        With what would be right.
    """
    if pairs.shape[-1] != len(names):
        raise InvalidInput(f"A pair needs its {len(names)} components {', '.join(names)}; it has {pairs.shape[-1]}.")
    if np.isinf(pairs).any():
        wrong = [name for name, column in zip(names, np.moveaxis(pairs, -1, 0), strict=True) if np.isinf(column).any()]
        raise InvalidInput(f"A component is finite, or NaN where unknown; infinite: {', '.join(wrong)}.")


def by_component(names: Sequence[str], values: Mapping[str, float]) -> Floats:
    """Return the values in the order of the components, 0 where a component has none.

    Raises
    ------
    InvalidInput
        When a name is not a component.
    """
    check_names(names, values)
    return np.array([float(values.get(name, 0.0)) for name in names])


def check_names(names: Sequence[str], given: Collection[str]) -> None:
    """Refuse names that are not components.

    Raises
    ------
    InvalidInput
        With the names.
    """
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise InvalidInput(f"Not a component: {', '.join(unknown)}; there are {', '.join(names)}.")
