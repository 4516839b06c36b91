import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.metrics import hit, ndcg, recall

RANKED = ["a", "b", "c", "d"]


def test_nobody_is_judged_by_nothing() -> None:
    assert recall(RANKED, [], k=3) is None
    assert ndcg(RANKED, [], k=3) is None
    assert hit(RANKED, [], k=3) is None


def test_empty_list_finds_nothing() -> None:
    assert (recall([], ["a"], k=3), ndcg([], ["a"], k=3), hit([], ["a"], k=3)) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("relevant", "k", "expected"), [(["a"], 1, 1.0), (["a", "z"], 4, 0.5), (["d"], 3, 0.0)])
def test_recall_is_the_share_of_the_relevant_found(relevant: list[str], k: int, expected: float) -> None:
    assert recall(RANKED, relevant, k=k) == expected


def test_recall_counts_against_all_relevant_even_if_k_is_smaller() -> None:
    assert recall(RANKED, ["a", "b", "c", "d"], k=1) == 0.25


def test_hit_asks_for_one_only() -> None:
    assert hit(RANKED, ["z", "b"], k=2) == 1.0
    assert hit(RANKED, ["z", "b"], k=1) == 0.0


def test_ndcg_by_hand() -> None:
    found = 1 / math.log2(3) + 1 / math.log2(5)
    possible = 1 + 1 / math.log2(3)
    assert ndcg(RANKED, ["b", "d"], k=4) == pytest.approx(found / possible)


def test_ndcg_of_the_best_order_is_one_also_with_more_relevant_than_k() -> None:
    assert ndcg(RANKED, ["a", "b", "z"], k=2) == pytest.approx(1.0)


def test_vacancy_listed_twice_counts_once() -> None:
    assert ndcg(["a", "a"], ["a", "b"], k=2) == pytest.approx(1 / (1 + 1 / math.log2(3)))
    assert recall(["a", "a"], ["a", "b"], k=2) == 0.5


@given(st.permutations(RANKED), st.sets(st.sampled_from([*RANKED, "z"]), min_size=1), st.integers(1, 6))
def test_metrics_agree_with_one_another(ranked: list[str], relevant: set[str], k: int) -> None:
    share, gain, any_hit = recall(ranked, relevant, k=k), ndcg(ranked, relevant, k=k), hit(ranked, relevant, k=k)
    assert share is not None
    assert gain is not None
    assert 0 <= share <= 1
    assert 0 <= gain <= 1 + 1e-12
    assert (share > 0) == (gain > 0) == (any_hit == 1.0)


@given(st.permutations(RANKED), st.integers(0, 2))
def test_moving_the_relevant_up_raises_ndcg(ranked: list[str], at: int) -> None:
    better = ranked.copy()
    better[at], better[at + 1] = better[at + 1], better[at]
    relevant = [ranked[at + 1]]
    assert (ndcg(better, relevant, k=4) or 0) > (ndcg(ranked, relevant, k=4) or 0)
