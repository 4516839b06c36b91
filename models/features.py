"""Named features to sparse matrices, with the names kept beside the columns.

A feature is `family:value` (`skill:excel`, `region:620102`, `missing:education`); which features a person or a vacancy
has is decided by the caller. The weighting here decides how good a hybrid model gets: rarity (idf), a weight per
family, and rows of unit length.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from models.arrays import Floats, Sparse, unit_rows
from models.artefact import Artefact, pack_strings, unpack_strings
from models.errors import InvalidInput, NotEnoughData

FAMILY_END = ":"
Row = Mapping[str, float]


@dataclass(frozen=True)
class FeatureWeighting:
    """How features are weighted.

    Attributes
    ----------
    families
        Weight by family, as the beginning of the name up to the colon; 1 where none is given, 0 leaves the family out.
    rarity
        Whether a feature weighs more the fewer rows have it: ln((1 + n) / (1 + n_with_it)) + 1.
    balanced
        Whether each family is brought to unit length in each row first, so that a long text does not drown the place.
    """

    families: Mapping[str, float] = field(default_factory=dict)
    rarity: bool = True
    balanced: bool = False

    def __post_init__(self) -> None:
        wrong = sorted(family for family, weight in self.families.items() if not (np.isfinite(weight) and weight >= 0))
        if wrong:
            raise InvalidInput(f"The weight of a family must be a finite number from 0; not so: {', '.join(wrong)}.")

    def family_weight(self, name: str) -> float:
        """Return the weight of the feature's family."""
        return float(self.families.get(family_of(name), 1.0))


def family_of(name: str) -> str:
    """Return the family of a feature, the part before the colon; the whole name where it has none."""
    return name.partition(FAMILY_END)[0]


@dataclass(frozen=True, eq=False)
class CodedRows:
    """Rows of features as numbers, to be made in one place and weighted in another.

    `names` are the features of this part; `features` and `values` (n_entries,) are a position among them and a value,
    row after row; row i has the entries from `ends[i]` to `ends[i + 1]`, (n_rows + 1,).
    """

    names: Sequence[str]
    features: Any
    values: Floats
    ends: Any

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "CodedRows":
        """Write rows as numbers; a value of 0 is the same as an absent feature."""
        positions: dict[str, int] = {}
        features: list[int] = []
        values: list[float] = []
        ends = [0]
        for row in rows:
            for name, value in row.items():
                if value:
                    features.append(positions.setdefault(name, len(positions)))
                    values.append(value)
            ends.append(len(features))
        own = np.array(features, dtype=np.int32), np.array(values, dtype=np.float64), np.array(ends, dtype=np.int64)
        return cls(tuple(positions), *own)

    def __len__(self) -> int:
        return len(self.ends) - 1

    def row(self, at: int) -> dict[str, float]:
        """Return one row as names and values."""
        own = slice(self.ends[at], self.ends[at + 1])
        names = [self.names[feature] for feature in self.features[own]]
        return dict(zip(names, self.values[own].tolist(), strict=True))

    def counts(self) -> dict[str, int]:
        """Return in how many rows each feature is."""
        found = np.bincount(self.features, minlength=len(self.names)).tolist()
        return dict(zip(self.names, found, strict=True))


class FeatureSpace:
    """The features seen often enough, each with its column and weight; unseen ones are left out."""

    def __init__(self, names: Sequence[str], rarities: Floats, weighting: FeatureWeighting) -> None:
        if len(names) != len(rarities):
            raise InvalidInput("A feature space needs one rarity per feature.")
        self.weighting = weighting
        self.names = tuple(names)
        self._columns = {name: column for column, name in enumerate(self.names)}
        self._families, self._family_of_column = _families(self.names)
        weights = np.array([weighting.family_weight(family + FAMILY_END) for family in self._families])
        self._rarities = np.asarray(rarities, dtype=np.float64)
        self._family_weights = weights[self._family_of_column] if self.names else np.zeros(0)

    @classmethod
    def fit(
        cls, rows: Iterable[Row], *, min_count: int = 1, weighting: FeatureWeighting | None = None
    ) -> "FeatureSpace":
        """Learn the features of these rows, sorted by name.

        Parameters
        ----------
        rows
            Feature name to value for each person or vacancy; a value of 0 is the same as an absent feature.
        min_count
            A feature must occur in at least so many rows.

        Raises
        ------
        NotEnoughData
            When no feature occurs that often.
        """
        counts: Counter[str] = Counter()
        n_rows = 0
        for row in rows:
            n_rows += 1
            counts.update(name for name, value in row.items() if value)
        return cls._of_counts(counts, n_rows, min_count, weighting)

    @classmethod
    def fit_coded(
        cls, parts: Iterable["CodedRows"], *, min_count: int = 1, weighting: FeatureWeighting | None = None
    ) -> "FeatureSpace":
        """Learn the features of rows that come in parts, as `fit` does of them all.

        Raises
        ------
        NotEnoughData
            When no feature occurs that often.
        """
        counts: Counter[str] = Counter()
        n_rows = 0
        for part in parts:
            n_rows += len(part)
            counts.update(part.counts())
        return cls._of_counts(counts, n_rows, min_count, weighting)

    @classmethod
    def _of_counts(
        cls, counts: Mapping[str, int], n_rows: int, min_count: int, weighting: FeatureWeighting | None
    ) -> "FeatureSpace":
        chosen = weighting or FeatureWeighting()
        names = sorted(name for name, count in counts.items() if count >= min_count and chosen.family_weight(name) > 0)
        if not names:
            raise NotEnoughData(f"No feature occurs in {min_count} of the {n_rows} rows.")
        seen = np.array([counts[name] for name in names], dtype=np.float64)
        rarities = np.log((1 + n_rows) / (1 + seen)) + 1 if chosen.rarity else np.ones(len(names))
        return cls(names, rarities, chosen)

    def __len__(self) -> int:
        return len(self.names)

    def column(self, name: str) -> int | None:
        """Return the column of a feature, `None` where it was not seen in fitting."""
        return self._columns.get(name)

    def transform(self, rows: Iterable[Row]) -> Sparse:
        """Return one unit row per person or vacancy, float32 (n_rows, n_features), indices sorted.

        A row without a known feature is empty. Equal rows give bit-equal rows, whatever the order of their features.

        Raises
        ------
        InvalidInput
            When a value is not finite.
        """
        columns: list[int] = []
        values: list[float] = []
        ends = [0]
        for row in rows:
            known = sorted(
                (self._columns[name], value) for name, value in row.items() if value and name in self._columns
            )
            columns.extend(column for column, _ in known)
            values.extend(value for _, value in known)
            ends.append(len(columns))
        return self._weighted(np.array(columns, dtype=np.int32), np.array(values, dtype=np.float64), np.array(ends))

    def transform_coded(self, part: "CodedRows") -> Sparse:
        """Return the rows of a part as `transform` does.

        Raises
        ------
        InvalidInput
            When a value is not finite.
        """
        column = np.array([self._columns.get(name, -1) for name in part.names], dtype=np.int64)
        row = np.repeat(np.arange(len(part)), np.diff(part.ends))
        at = column[part.features]
        known = np.flatnonzero(at >= 0)
        order = known[np.lexsort((at[known], row[known]))]
        ends = np.concatenate([[0], np.cumsum(np.bincount(row[order], minlength=len(part)))])
        return self._weighted(at[order].astype(np.int32), part.values[order], ends)

    def transform_parts(self, parts: Sequence["CodedRows"]) -> Sparse:
        """Return the rows of parts one under the other, float32 (n_rows, n_features); raises as `transform` does."""
        if not parts:
            return self.transform([])
        return sparse.csr_matrix(sparse.vstack([self.transform_coded(part) for part in parts], format="csr"))

    def _weighted(self, indices: Any, data: Floats, ends: Any) -> Sparse:
        """Return unit rows of entries that stand by row and, within one, by column."""
        if not np.isfinite(data).all():
            raise InvalidInput("A feature's value must be a finite number; leave the feature out where it is unknown.")
        data *= self._rarities[indices]
        if self.weighting.balanced:
            data /= self._family_lengths(data, indices, np.diff(ends))
        data *= self._family_weights[indices]
        matrix = sparse.csr_matrix((data.astype(np.float32), indices, ends), shape=(len(ends) - 1, len(self)))
        return unit_rows(matrix)

    def to_artefact(self) -> Artefact:
        """Return the names and weights as plain arrays and settings."""
        settings = {
            "families": dict(self.weighting.families),
            "rarity": self.weighting.rarity,
            "balanced": self.weighting.balanced,
        }
        return Artefact({"names": pack_strings(self.names), "rarities": self._rarities}, settings)

    @classmethod
    def from_artefact(cls, artefact: Artefact) -> "FeatureSpace":
        """Return the space as it was saved."""
        settings: Mapping[str, Any] = artefact.metadata
        weighting = FeatureWeighting(
            families=settings["families"], rarity=settings["rarity"], balanced=settings["balanced"]
        )
        return cls(unpack_strings(artefact.arrays["names"]), artefact.arrays["rarities"], weighting)

    def _family_lengths(self, data: Floats, columns: Any, row_lengths: Any) -> Floats:
        """Return for each entry the Euclidean length of its family within its row."""
        block = (
            np.repeat(np.arange(len(row_lengths)), row_lengths) * len(self._families) + self._family_of_column[columns]
        )
        _, position = np.unique(block, return_inverse=True)
        return np.sqrt(np.bincount(position, weights=data * data))[position]


def _families(names: Sequence[str]) -> tuple[list[str], Any]:
    families = sorted({family_of(name) for name in names})
    position = {family: index for index, family in enumerate(families)}
    return families, np.array([position[family_of(name)] for name in names], dtype=np.int64)
