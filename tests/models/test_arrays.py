import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from models.arrays import empty_rows, row_dots, scale_rows, top_positions, unit_rows
from models.base import Dataset, rows_at
from models.errors import InvalidInput
from tests.support.recommender_contract import checkerboard


def matrix(rows: list[list[float]]) -> sparse.csr_matrix[np.float32]:
    return sparse.csr_matrix(np.array(rows, dtype=np.float32))


def test_unit_rows_have_length_one_and_an_empty_row_stays_empty() -> None:
    assert unit_rows(matrix([[3, 4], [0, 0]])).toarray() == pytest.approx(np.array([[0.6, 0.8], [0, 0]]))


def test_scaling_rows_leaves_the_given_matrix_alone() -> None:
    given_matrix = matrix([[1, 2], [3, 4]])
    assert scale_rows(given_matrix, np.array([2.0, 0.5])).toarray().tolist() == [[2, 4], [1.5, 2]]
    assert given_matrix.toarray().tolist() == [[1, 2], [3, 4]]


def test_row_dots_are_the_products_row_by_row() -> None:
    assert row_dots(matrix([[1, 2], [3, 4]]), matrix([[5, 6], [0, 1]])).tolist() == [17, 4]


def test_empty_rows_have_the_shape_asked_for() -> None:
    assert empty_rows(2, 3).toarray().tolist() == [[0, 0, 0], [0, 0, 0]]
    assert empty_rows(0, 0).shape == (0, 0)


@given(st.lists(st.sampled_from([-np.inf, 0.0, 1.0, 2.5]), max_size=30), st.integers(1, 40))
def test_top_is_the_stable_sort_cut_off(values: list[float], k: int) -> None:
    scores = np.array(values, dtype=np.float64)
    expected = [at for at in np.argsort(-scores, kind="stable") if scores[at] > -np.inf][:k]
    assert top_positions(scores, k).tolist() == expected


def test_unknown_position_is_an_empty_row() -> None:
    assert rows_at(matrix([[1, 2], [3, 4]]), np.array([1, -1, 0])).toarray().tolist() == [[3, 4], [0, 0], [1, 2]]


def test_features_of_another_number_of_people_are_refused() -> None:
    world = checkerboard()
    with pytest.raises(InvalidInput, match="23 rows of candidate features for 24 candidate ids"):
        Dataset(world.interactions, world.candidate_features[:23], world.vacancy_features)
    with pytest.raises(InvalidInput, match="vacancy features"):
        Dataset(world.interactions, world.candidate_features, world.vacancy_features[:3])
