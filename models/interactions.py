"""A checked, frozen table of who acted on what, how much it says, and on which day.

Columns, types and ids are checked on entry, so that nothing after this module does. Which act weighs how much is
decided by the caller; an act that speaks against a vacancy (a refusal) is not an interaction here.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from models.arrays import AnyArray, Floats, Mask, Positions, Sparse
from models.columns import Columns
from models.errors import InvalidInput
from models.ids import IdMap

Array = TypeVar("Array", bound=AnyArray)
Days = npt.NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class Interactions:
    """Rows of candidate position, vacancy position, weight above 0, and day; in the order of the day.

    Rows of the same day are ordered by candidate and vacancy, so the order of the table it came from has no effect.
    """

    candidates: Positions
    vacancies: Positions
    weights: Floats
    days: Days
    candidate_ids: IdMap
    vacancy_ids: IdMap

    @classmethod
    def from_table(
        cls, table: pd.DataFrame, candidate_ids: IdMap, vacancy_ids: IdMap, *, drop_unknown: bool = False
    ) -> "Interactions":
        """Check a table with the columns `Columns.INTERACTIONS` and take it over.

        Parameters
        ----------
        table
            Ids as text, weight a finite number above 0, time a day (`date`, `datetime64` or ISO text).
        drop_unknown
            Leave out rows whose candidate or vacancy is not in the maps, in place of refusing the table.

        Raises
        ------
        InvalidInput
            When a column is missing, a weight is not above 0, a day is missing, or an id is not in the maps.
        """
        missing = [name for name in Columns.INTERACTIONS if name not in table.columns]
        if missing:
            raise InvalidInput(f"The interaction table has no column {', '.join(missing)}.")
        candidates = candidate_ids.positions(table[Columns.CANDIDATE].tolist())
        vacancies = vacancy_ids.positions(table[Columns.VACANCY].tolist())
        known = (candidates >= 0) & (vacancies >= 0)
        if not drop_unknown and not known.all():
            raise InvalidInput(f"{np.count_nonzero(~known)} interactions have an id that is not in the id maps.")
        weights = _weights(table)
        days = _days(table)
        order = np.lexsort((vacancies, candidates, days))
        order = order[known[order]]
        return cls(
            _frozen(candidates[order]),
            _frozen(vacancies[order]),
            _frozen(weights[order]),
            _frozen(days[order]),
            candidate_ids,
            vacancy_ids,
        )

    def __len__(self) -> int:
        return len(self.candidates)

    def of_some(self, most: int, seed: int) -> "Interactions":
        """Return the rows of people drawn evenly, each with all of theirs, at most `most` rows; itself with fewer.

        Raises
        ------
        InvalidInput
            When `most` is below 1.
        """
        if most < 1:
            raise InvalidInput(f"most must be at least 1; it was {most}.")
        if len(self) <= most:
            return self
        people = np.random.default_rng(seed).permutation(np.unique(self.candidates))
        kept = people[np.cumsum(np.bincount(self.candidates)[people]) <= most]
        stays = np.isin(self.candidates, kept)
        return replace(
            self,
            candidates=_frozen(self.candidates[stays]),
            vacancies=_frozen(self.vacancies[stays]),
            weights=_frozen(self.weights[stays]),
            days=_frozen(self.days[stays]),
        )

    @property
    def first_day(self) -> date | None:
        """Day of the earliest row, `None` where there is no row."""
        return _as_date(self.days[0]) if len(self) else None

    @property
    def last_day(self) -> date | None:
        """Day of the latest row, `None` where there is no row."""
        return _as_date(self.days[-1]) if len(self) else None

    def until(self, day: date) -> "Interactions":
        """Return the rows of that day and before."""
        return self.where(self.days <= np.datetime64(day))

    def after(self, day: date) -> "Interactions":
        """Return the rows after that day."""
        return self.where(self.days > np.datetime64(day))

    def where(self, keep: Mask) -> "Interactions":
        """Return the rows for which `keep` is true; the ids stay as they are."""
        return Interactions(
            _frozen(self.candidates[keep]),
            _frozen(self.vacancies[keep]),
            _frozen(self.weights[keep]),
            _frozen(self.days[keep]),
            self.candidate_ids,
            self.vacancy_ids,
        )

    def to_csr(self) -> Sparse:
        """Return the summed weights, float32 (n_candidates, n_vacancies), indices sorted."""
        shape = (len(self.candidate_ids), len(self.vacancy_ids))
        summed = sparse.coo_matrix((self.weights.astype(np.float32), (self.candidates, self.vacancies)), shape=shape)
        matrix = summed.tocsr()
        matrix.sum_duplicates()
        return matrix

    def to_table(self) -> pd.DataFrame:
        """Return the rows with outside ids again, columns `Columns.INTERACTIONS`."""
        return pd.DataFrame(
            {
                Columns.CANDIDATE: self.candidate_ids.at(self.candidates),
                Columns.VACANCY: self.vacancy_ids.at(self.vacancies),
                Columns.WEIGHT: self.weights,
                Columns.TIME: self.days.astype("datetime64[s]"),
            }
        )

    def warm_candidates(self) -> Mask:
        """Tell for each candidate position whether there is a row, shape (n_candidates,)."""
        return np.bincount(self.candidates, minlength=len(self.candidate_ids)) > 0

    def warm_vacancies(self) -> Mask:
        """Tell for each vacancy position whether there is a row, shape (n_vacancies,)."""
        return np.bincount(self.vacancies, minlength=len(self.vacancy_ids)) > 0


def _weights(table: pd.DataFrame) -> Floats:
    weights = pd.to_numeric(table[Columns.WEIGHT], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = ~(np.isfinite(weights) & (weights > 0))
    if wrong.any():
        raise InvalidInput(f"A weight must be a finite number above 0; {np.count_nonzero(wrong)} are not.")
    return weights


def _days(table: pd.DataFrame) -> Days:
    times = pd.to_datetime(table[Columns.TIME], errors="coerce", format="ISO8601")
    if times.isna().any():
        raise InvalidInput(f"Every interaction needs its day; {int(times.isna().sum())} have none.")
    if times.dt.tz is not None:
        raise InvalidInput("A day of an interaction has no time zone; convert it to the local day first.")
    return times.to_numpy().astype("datetime64[D]")


def _frozen(values: Array) -> Array:
    values.setflags(write=False)
    return values


def _as_date(day: np.datetime64) -> date:
    return pd.Timestamp(day).date()
