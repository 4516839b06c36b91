"""Equal exposure at equal merit: what is due to whom, and what settling it promises."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.exposure import (
    ExposureConfig,
    Offers,
    attention,
    due,
    gap_of,
    lift_of,
    ratios_of,
    settle,
    shares,
)

CONFIG = ExposureConfig(gap=0.10, places=10, most=0.3)


def offers(rng: np.random.Generator, *, silent: NDArray[np.bool_] | None = None, posts: int = 60) -> Offers:
    """Return posts for 120 people of like merit, of whom silent ones are placed a little lower than they deserve."""
    merit = rng.random((posts, 120))
    unsaid = np.zeros((posts, 120)) + (silent[None, :] if silent is not None else 0.0)
    return of(merit, value=merit - 0.08 * unsaid, unsaid=unsaid)


def of(merit: NDArray[np.float64], **changed: Any) -> Offers:
    """Return posts for people placed by merit who said everything."""
    shape, zeros = merit.shape, np.zeros(merit.shape)
    plain = Offers(
        tier=np.zeros(shape, dtype=np.int8),
        value=merit,
        score=zeros,
        merit=merit,
        could=np.ones(shape, dtype=np.bool_),
        unsaid=zeros,
        states=np.ones(shape[1], dtype=np.bool_),
        near=zeros,
    )
    return replace(plain, **changed)


def test_whoever_is_placed_by_merit_gets_what_is_due() -> None:
    found = offers(np.random.default_rng(1))
    got = attention(found, np.zeros(120), CONFIG.places)
    assert got.sum(axis=1) == pytest.approx(np.full(60, sum(1 / np.log2(np.arange(2, 12)))))
    assert due(found, got).sum() == pytest.approx(got.sum())
    ratio = shares(got.sum(axis=0), due(found, got).sum(axis=0), np.arange(60), level=0.95)
    assert ratio is not None
    assert ratio.low < 1 < ratio.high


def test_a_group_placed_lower_at_equal_merit_is_found_and_comes_forward_until_the_gap_is_kept() -> None:
    silent = np.arange(120) < 30
    found = offers(np.random.default_rng(2), silent=silent)
    members = {"known": {"little": np.flatnonzero(silent), "much": np.flatnonzero(~silent)}}
    ratios = []
    for lift in (np.zeros(120), lift_of(lifts := settle(found, members, CONFIG), members, 120)):
        got = attention(found, lift, CONFIG.places)
        ratios.append(ratios_of(got.sum(axis=0), due(found, got).sum(axis=0), members["known"]))
    assert ratios[0]["little"] < 0.8 < ratios[0]["much"]
    assert gap_of(list(ratios[0].values())) > 0.2
    assert gap_of(list(ratios[1].values())) <= CONFIG.gap
    assert lifts["known"]["much"] == 0.0
    assert 0 < lifts["known"]["little"] <= CONFIG.most


def test_nobody_comes_forward_where_nobody_is_short_and_nobody_by_more_than_the_most() -> None:
    rng = np.random.default_rng(3)
    even = offers(rng, posts=400)
    halves = {"half": {"first": np.arange(60), "second": np.arange(60, 120)}}
    assert set(settle(even, halves, CONFIG)["half"].values()) == {0.0}
    silent = np.arange(120) < 30
    little = {"known": {"little": np.flatnonzero(silent), "much": np.flatnonzero(~silent)}}
    bounded = ExposureConfig(gap=0.10, places=10, most=0.01)
    lifts = settle(offers(rng, silent=silent), little, bounded)
    assert max(lifts["known"].values()) <= 0.01


def test_coming_forward_moves_nobody_out_of_their_tier_and_nobody_in_who_could_not_be_shown() -> None:
    rng = np.random.default_rng(4)
    plain = offers(rng)
    tier = np.repeat(np.array([[0], [1]], dtype=np.int8), 60, axis=1).reshape(1, 120).repeat(60, axis=0)
    could = rng.random((60, 120)) < 0.5
    found = replace(plain, tier=tier, could=could, unsaid=np.ones((60, 120)))
    got = attention(found, np.where(np.arange(120) >= 60, 0.3, 0.0), CONFIG.places)
    assert not got[~could].any()
    for post in range(60):
        first = np.flatnonzero(got[post] > 0)
        assert could[post, :60].sum() < CONFIG.places or (first < 60).all()


def test_equals_of_merit_are_due_the_same_whatever_their_order() -> None:
    merit = np.tile(np.repeat([0.9, 0.5], 10), (5, 1))
    found = of(merit)
    owed = due(found, attention(found, np.zeros(20), 10))
    assert np.ptp(owed[:, :10]) == 0
    assert np.ptp(owed[:, 10:]) == 0
    assert owed[0, 0] > owed[0, 10]


def test_who_said_everything_keeps_their_value_and_who_said_nothing_is_due_what_their_neighbours_are() -> None:
    rng = np.random.default_rng(5)
    merit, near = rng.random((80, 120)), np.tile(np.where(np.arange(120) % 2 == 0, 0.95, 0.05), (80, 1))
    silent = np.arange(120) < 40
    merit = merit * 0.5 + near * 0.5
    seen = np.where(silent, 0.0, merit)
    found = of(merit, value=seen, unsaid=np.tile(silent.astype(float), (80, 1)), states=~silent, near=near)
    got = attention(found, np.zeros(120), 10)
    assert got[:, silent].sum() == 0
    owed = due(found, got).sum(axis=0)
    assert owed.sum() == pytest.approx(got.sum())
    # The silent ones who live near are due as much as those who live near and spoke; the far ones as little.
    assert owed[:40:2].mean() == pytest.approx(owed[40::2].mean(), rel=0.25)
    assert owed[1:40:2].mean() < 0.2 * owed[:40:2].mean()
    members = {"said": {"nothing": np.flatnonzero(silent), "all": np.flatnonzero(~silent)}}
    lifts = settle(found, members, ExposureConfig(gap=0.1, places=10, most=1.0))
    later = attention(found, lift_of(lifts, members, 120), 10)
    assert later[:, silent].sum() > 0
    spoke = np.flatnonzero(~silent)
    for post in range(80):  # among those who said everything nobody passes anybody
        ranked = spoke[np.argsort(-later[post, spoke], kind="stable")]
        shown = ranked[later[post, ranked] > 0]
        assert (np.diff(merit[post, shown]) <= 0).all()
