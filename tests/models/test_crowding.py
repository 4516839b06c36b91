"""Prices that balance lists: what they promise of every instance."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.crowding import Crowding, CrowdingConfig, balance

CONFIG = CrowdingConfig(attention=3.0, slack=1.2, least=1.0, temperature=0.5)


def followed(
    lists: list[NDArray[np.intp]], scores: list[NDArray[np.float64]], price: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the attention that each post gets where every list is followed."""
    found = np.zeros(len(price))
    for rows, own in zip(lists, scores, strict=True):
        pull = np.exp((own - price[rows] - (own - price[rows]).max()) / CONFIG.temperature)
        found[rows] += min(CONFIG.attention, len(rows)) * pull / pull.sum()
    return found


@st.composite
def instances(draw: st.DrawFn) -> tuple[list[NDArray[np.intp]], list[NDArray[np.float64]], NDArray[np.float64]]:
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n_posts, n_people = draw(st.integers(4, 12)), draw(st.integers(1, 40))
    sought = rng.normal(size=n_posts) * draw(st.floats(0, 3))
    lists = [rng.permutation(n_posts)[: draw(st.integers(3, 4))].astype(np.intp) for _ in range(n_people)]
    scores = [sought[rows] + rng.normal(size=len(rows)) for rows in lists]
    return lists, scores, rng.integers(1, 5, n_posts).astype(float)


@given(instances())
@settings(max_examples=60, deadline=None)
def test_nothing_is_priced_that_is_not_crowded_and_no_price_is_negative(
    instance: tuple[list[NDArray[np.intp]], list[NDArray[np.float64]], NDArray[np.float64]],
) -> None:
    lists, scores, openings = instance
    found = balance(lists, scores, openings, CONFIG)
    assert (found.price >= 0).all()
    demand = followed(lists, scores, found.price)
    # A price is paid only where it holds a post down at its bound.
    priced = found.price > 1e-4
    assert (demand[priced] >= 0.9 * found.bound * openings[priced]).all()


@given(instances())
@settings(max_examples=60, deadline=None)
def test_the_order_of_people_changes_no_price(
    instance: tuple[list[NDArray[np.intp]], list[NDArray[np.float64]], NDArray[np.float64]],
) -> None:
    lists, scores, openings = instance
    turned = balance(lists[::-1], scores[::-1], openings, CONFIG)
    assert np.allclose(balance(lists, scores, openings, CONFIG).price, turned.price, atol=1e-5)


def one_sought_post(n_people: int) -> Crowding:
    rows = [np.arange(10, dtype=np.intp)] * n_people
    scores = [np.array([3.0, *[0.0] * 9])] * n_people
    return balance(rows, scores, np.full(10, 10.0), CONFIG)


def test_the_one_post_that_everybody_would_begin_with_steps_back_and_comes_to_its_bound() -> None:
    found = one_sought_post(60)
    assert found.price[0] > 1
    assert (found.price[1:] == 0).all()
    demand = followed([np.arange(10)] * 60, [np.array([3.0, *[0.0] * 9])] * 60, found.price)
    assert demand[0] / 10 <= found.bound * 1.01
    assert found.expected[0] > 2 * found.bound


def test_where_openings_suffice_for_all_nothing_steps_back() -> None:
    assert not one_sought_post(3).price.any()


def test_nobody_asked_for_a_list_means_no_price() -> None:
    assert not balance([], [], np.ones(4), CONFIG).price.any()
    assert not balance([np.zeros(0, dtype=np.intp)], [np.zeros(0)], np.ones(4), CONFIG).price.any()
