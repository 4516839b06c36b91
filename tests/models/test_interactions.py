import math
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from models.columns import Columns
from models.errors import InvalidInput
from models.ids import IdMap
from models.interactions import Interactions

CANDIDATES, VACANCIES = IdMap(["ann", "bo"]), IdMap(["guard", "cook"])
ROWS = [
    ("bo", "cook", 1.0, "2025-03-02"),
    ("ann", "guard", 3.0, "2025-03-01"),
    ("ann", "guard", 0.5, "2025-03-03"),
]


def table(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(Columns.INTERACTIONS))


def taken(rows: list[tuple[Any, ...]]) -> Interactions:
    return Interactions.from_table(table(rows), CANDIDATES, VACANCIES)


def test_weights_of_a_pair_are_summed_in_the_matrix() -> None:
    matrix = taken(ROWS).to_csr()
    assert matrix.toarray().tolist() == [[3.5, 0.0], [0.0, 1.0]]
    assert matrix.dtype == np.float32


def test_rows_are_in_the_order_of_the_day_whatever_the_table_had() -> None:
    forwards, backwards = taken(ROWS), taken(ROWS[::-1])
    assert forwards.days.astype(str).tolist() == ["2025-03-01", "2025-03-02", "2025-03-03"]
    pd.testing.assert_frame_equal(forwards.to_table(), backwards.to_table())


def test_until_includes_the_day_and_after_does_not() -> None:
    history = taken(ROWS)
    assert history.until(date(2025, 3, 2)).days.astype(str).tolist() == ["2025-03-01", "2025-03-02"]
    assert history.after(date(2025, 3, 2)).days.astype(str).tolist() == ["2025-03-03"]
    assert len(history.until(date(2025, 3, 2))) + len(history.after(date(2025, 3, 2))) == len(history)


def test_first_and_last_day_are_none_without_rows() -> None:
    assert (taken(ROWS).first_day, taken(ROWS).last_day) == (date(2025, 3, 1), date(2025, 3, 3))
    assert (taken([]).first_day, taken([]).last_day) == (None, None)
    assert taken([]).to_csr().shape == (2, 2)


def test_warm_is_who_has_a_row() -> None:
    history = taken(ROWS).until(date(2025, 3, 1))
    assert history.warm_candidates().tolist() == [True, False]
    assert history.warm_vacancies().tolist() == [True, False]


def test_table_comes_back_with_outside_ids() -> None:
    back = taken(ROWS).to_table()
    assert tuple(back.columns) == Columns.INTERACTIONS
    assert sorted(back[Columns.CANDIDATE]) == ["ann", "ann", "bo"]
    assert Interactions.from_table(back, CANDIDATES, VACANCIES).weights.tolist() == [3.0, 1.0, 0.5]


@pytest.mark.parametrize("day", [date(2025, 3, 1), pd.Timestamp(2025, 3, 1, 23, 59), np.datetime64("2025-03-01")])
def test_time_of_day_is_cut_off(day: Any) -> None:
    assert taken([("ann", "cook", 1.0, day)]).last_day == date(2025, 3, 1)


@pytest.mark.parametrize("weight", [0.0, -1.0, math.nan, math.inf, None, "heavy"])
def test_weight_that_is_no_positive_number_is_refused(weight: Any) -> None:
    with pytest.raises(InvalidInput, match="1 are not"):
        taken([("ann", "cook", weight, "2025-03-01"), ROWS[0]])


@pytest.mark.parametrize("day", [None, "soon"])
def test_missing_day_is_refused(day: Any) -> None:
    with pytest.raises(InvalidInput, match="1 have none"):
        taken([("ann", "cook", 1.0, day), ROWS[0]])


def test_day_with_a_time_zone_is_refused() -> None:
    with pytest.raises(InvalidInput, match="time zone"):
        taken([("ann", "cook", 1.0, pd.Timestamp("2025-03-01", tz="UTC"))])


def test_missing_column_is_named() -> None:
    with pytest.raises(InvalidInput, match="weight"):
        Interactions.from_table(table(ROWS).drop(columns="weight"), CANDIDATES, VACANCIES)


def test_unknown_ids_are_refused_or_left_out_as_asked() -> None:
    rows = [*ROWS, ("cy", "cook", 1.0, "2025-03-01"), ("ann", "clerk", 1.0, "2025-03-01")]
    with pytest.raises(InvalidInput, match="2 interactions"):
        taken(rows)
    kept = Interactions.from_table(table(rows), CANDIDATES, VACANCIES, drop_unknown=True)
    assert len(kept) == 3


def test_arrays_cannot_be_changed_from_outside() -> None:
    with pytest.raises(ValueError, match="read-only"):
        taken(ROWS).weights[0] = 9.0


def of_many(n_people: int) -> Interactions:
    """Return one act of the first person, two of the second, and so on."""
    people = [person for person in range(n_people) for _ in range(person + 1)]
    rows = pd.DataFrame(
        {
            Columns.CANDIDATE: [f"c-{person:03}" for person in people],
            Columns.VACANCY: [f"v-{at % 7}" for at in range(len(people))],
            Columns.WEIGHT: 1.0,
            Columns.TIME: [date(2026, 1, 1 + at % 28) for at in range(len(people))],
        }
    )
    ids = IdMap(f"c-{person:03}" for person in range(n_people))
    return Interactions.from_table(rows, ids, IdMap(f"v-{at}" for at in range(7)))


@pytest.mark.parametrize("most", [10, 100, 400, 464])
def test_people_that_are_drawn_keep_all_their_rows_and_their_order(most: int) -> None:
    whole = of_many(30)
    some = whole.of_some(most, seed=1)
    assert most - 30 < len(some) <= most
    drawn = set(some.candidates.tolist())
    assert len(some) == sum(person + 1 for person in drawn)
    stays = np.isin(whole.candidates, sorted(drawn))
    assert some.vacancies.tolist() == whole.vacancies[stays].tolist()
    assert some.days.tolist() == whole.days[stays].tolist()


def test_another_seed_draws_others_and_few_rows_stay_as_they_are() -> None:
    whole = of_many(30)
    drawn = {frozenset(whole.of_some(100, seed=seed).candidates.tolist()) for seed in range(5)}
    assert len(drawn) == 5
    assert whole.of_some(465, seed=1) is whole
    with pytest.raises(InvalidInput, match="at least 1"):
        whole.of_some(0, seed=1)
