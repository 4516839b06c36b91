"""An effect that was planted is found, one that was not is not; where nobody is comparable there is no number."""

import numpy as np
import pytest

from models.arrays import Floats
from models.effect import Comparison, EffectConfig, Refusal, compare, e_value
from models.errors import InvalidInput

SEEDS = range(20)
CONFIG = EffectConfig(rounds=120)
ROOM = 3
"""How many of 20 intervals of 95 % may miss: more than so many happens once in a hundred."""


def a_world(seed: int, *, n: int = 3000, effect: float = 0.0, pull: float = 1.0) -> Comparison:
    """Compare in a world where two facts send people to the measure and to work alike; `effect` is added."""
    rng = np.random.default_rng(seed)
    skill, age = rng.normal(size=n), rng.integers(0, 2, n)
    received = rng.random(n) < 1 / (1 + np.exp(1.4 - pull * skill - pull * age))
    share = 1 / (1 + np.exp(1.2 - 0.9 * skill - 0.7 * age)) * (1 - effect) + effect * received
    outcome = rng.random(n) < share
    facts: Floats = np.column_stack([skill, age == 1, age == 0]).astype(float)
    return compare(facts, received, outcome, config=CONFIG, seed=seed)


def test_a_planted_effect_lies_within_its_interval() -> None:
    missed = 0
    for seed in SEEDS:
        found = a_world(seed, effect=0.25).effect
        assert found is not None
        missed += not found.difference.low <= 0.25 <= found.difference.high
        assert found.difference.low > 0
        assert found.e_value is not None
        assert found.e_value > 1
    assert missed <= ROOM


def test_a_confounder_alone_is_no_effect_though_the_plain_comparison_says_so() -> None:
    missed = 0
    for seed in SEEDS:
        compared = a_world(seed)
        assert compared.naive is not None
        assert compared.naive.low > 0
        assert compared.effect is not None
        missed += not compared.effect.difference.low <= 0 <= compared.effect.difference.high
        assert max(abs(one.before) for one in compared.balance) > 0.3
        assert max(abs(one.after or 0.0) for one in compared.balance) < 0.15
    assert missed <= ROOM


def test_a_harm_is_told_as_well_as_a_gain() -> None:
    rng = np.random.default_rng(5)
    received = rng.random(2000) < 0.3
    outcome = rng.random(2000) < np.where(received, 0.2, 0.4)
    found = compare(np.ones((2000, 1)), received, outcome, config=CONFIG, seed=5).effect
    assert found is not None
    assert found.difference.high < 0
    assert found.ratio is not None
    assert found.ratio.high < 1
    assert found.e_value_of_bound is not None
    assert found.e_value_of_bound > 1


def test_people_who_have_nobody_like_them_get_no_number() -> None:
    rng = np.random.default_rng(1)
    received = np.arange(1000) < 300
    facts = np.where(received, 10.0, 0.0)[:, None] + rng.normal(size=(1000, 1))
    found = compare(facts, received, rng.random(1000) < 0.5, config=CONFIG, seed=1)
    assert (found.refusal, found.effect) == (Refusal.NO_OVERLAP, None)
    assert found.overlap is not None
    assert found.overlap < 0.2


@pytest.mark.parametrize(
    ("n_received", "n_others", "n_outcomes", "why"),
    [
        (49, 900, 400, Refusal.FEW_RECEIVED),
        (900, 49, 400, Refusal.FEW_OTHERS),
        (500, 500, 8, Refusal.FEW_OUTCOMES),
        (500, 500, 994, Refusal.FEW_OUTCOMES),
    ],
)
def test_too_few_people_or_outcomes_get_no_number(
    n_received: int, n_others: int, n_outcomes: int, why: Refusal
) -> None:
    n = n_received + n_others
    received = np.arange(n) < n_received
    outcome = np.zeros(n, dtype=bool)
    outcome[np.random.default_rng(2).permutation(n)[:n_outcomes]] = True
    found = compare(np.ones((n, 1)), received, outcome, config=CONFIG, seed=2)
    assert (found.refusal, found.effect) == (why, None)


def test_the_same_seed_says_the_same() -> None:
    assert a_world(3, effect=0.1).effect == a_world(3, effect=0.1).effect


@pytest.mark.parametrize(("ratio", "expected"), [(1.0, 1.0), (2.0, 3.41), (0.5, 3.41), (3.9, 7.26)])
def test_the_e_value_is_that_of_the_paper(ratio: float, expected: float) -> None:
    assert e_value(ratio) == pytest.approx(expected, abs=0.01)


def test_a_missing_fact_is_refused() -> None:
    with pytest.raises(InvalidInput, match="unknown facts"):
        compare(np.array([[np.nan], [1.0]]), np.array([True, False]), np.array([True, False]), config=CONFIG, seed=0)
