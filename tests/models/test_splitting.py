from datetime import date

import pandas as pd
import pytest

from models.columns import Columns
from models.errors import InvalidInput, NotEnoughData
from models.ids import IdMap
from models.interactions import Interactions
from models.splitting import day_for_share, split_at

CANDIDATES, VACANCIES = IdMap(["ann", "bo"]), IdMap(["guard", "cook"])


def acts(*rows: tuple[str, str, str]) -> Interactions:
    table = pd.DataFrame(rows, columns=[Columns.CANDIDATE, Columns.VACANCY, Columns.TIME]).assign(weight=1.0)
    return Interactions.from_table(table, CANDIDATES, VACANCIES)


HISTORY = acts(
    ("ann", "guard", "2025-01-01"),
    ("bo", "guard", "2025-01-02"),
    ("ann", "guard", "2025-01-03"),
    ("ann", "cook", "2025-01-04"),
)


def test_the_day_itself_belongs_to_training() -> None:
    split = split_at(HISTORY, date(2025, 1, 2))
    assert split.train.last_day == date(2025, 1, 2)
    assert split.test.first_day == date(2025, 1, 4)


def test_pair_known_from_training_is_no_foresight() -> None:
    assert len(split_at(HISTORY, date(2025, 1, 2)).test) == 1
    assert len(split_at(HISTORY, date(2025, 1, 2), new_pairs_only=False).test) == 2


@pytest.mark.parametrize(("share", "day"), [(0.2, date(2025, 1, 3)), (0.25, date(2025, 1, 3)), (0.3, date(2025, 1, 2))])
def test_day_leaves_at_least_the_share_after_it(share: float, day: date) -> None:
    assert day_for_share(HISTORY, share) == day


def test_share_that_no_day_reaches_gives_the_first_day() -> None:
    assert day_for_share(HISTORY, 0.99) == date(2025, 1, 1)


def test_one_day_cannot_be_split_in_time() -> None:
    with pytest.raises(NotEnoughData, match="two days"):
        day_for_share(acts(("ann", "guard", "2025-01-01")), 0.5)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_share_is_between_nothing_and_everything(share: float) -> None:
    with pytest.raises(InvalidInput):
        day_for_share(HISTORY, share)
