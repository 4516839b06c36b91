"""Training and test rows, split at one day for everyone; splitting at random or by person would leak the future."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from models.errors import InvalidInput, NotEnoughData
from models.interactions import Interactions


@dataclass(frozen=True, eq=False)
class Split:
    """Rows until the day, and rows after it."""

    day: date
    train: Interactions
    test: Interactions


def split_at(interactions: Interactions, day: date, *, new_pairs_only: bool = True) -> Split:
    """Split at the end of a day.

    Parameters
    ----------
    new_pairs_only
        Leave out of the test every pair that was seen in training, since repeating it would count as foresight.
    """
    train, test = interactions.until(day), interactions.after(day)
    if new_pairs_only:
        width = len(interactions.vacancy_ids)
        seen = train.candidates * width + train.vacancies
        test = test.where(~np.isin(test.candidates * width + test.vacancies, seen))
    return Split(day, train, test)


def day_for_share(interactions: Interactions, share: float) -> date:
    """Return the latest day after which at least this share of the rows lies.

    Raises
    ------
    InvalidInput
        When the share is not between 0 and 1.
    NotEnoughData
        When there are not two days, so that no split has rows on both sides.
    """
    if not 0 < share < 1:
        raise InvalidInput(f"share is between 0 and 1; it was {share}.")
    days, counts = np.unique(interactions.days, return_counts=True)
    if len(days) < 2:
        raise NotEnoughData("A split in time needs interactions of at least two days.")
    after = len(interactions) - np.cumsum(counts)
    enough = np.flatnonzero(after >= share * len(interactions))
    return date.fromisoformat(str(days[enough[-1] if len(enough) else 0]))
