"""How crowded posts would be if everybody followed their own list, and by how much each would have to step back.

Scores alone send everybody to the same few posts. Each list is taken as attention handed out in proportion to
exp(score / temperature) over its head; a post that would get more than its bound gets a price, taken off its score in
every list alike, so that one number per post balances all lists and each list stays explainable by itself.
The prices are the dual of entropic transport with capacities (Cuturi 2013; bounds as in Peyré and Cuturi 2019, ch. 10).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CrowdingConfig:
    """What counts as crowded.

    `attention` is how many posts of a list a person looks at, in posts looked at in full; a post may get `slack` times
    the mean attention per opening, and never less than `least` before it counts as crowded at all.
    """

    attention: float
    slack: float
    least: float
    temperature: float
    rounds: int = 60
    step: float = 0.7


@dataclass(frozen=True, slots=True)
class Crowding:
    """For n posts: `price` float64 (n,) in units of the score, 0 where not crowded; when every list is followed without
    prices, `looks` (n,) people per opening and `expected` (n,) of what is bounded; `bound`, how much is no crowd.
    """

    price: Floats
    looks: Floats
    expected: Floats
    bound: float


def balance(
    lists: Sequence[NDArray[np.intp]],
    scores: Sequence[Floats],
    openings: Floats,
    config: CrowdingConfig,
    *,
    chances: Sequence[Floats] | None = None,
) -> Crowding:
    """Return the prices that keep every post within its bound.

    Parameters
    ----------
    lists, scores
        For each person the positions of the posts at the head of their list, and their scores, of one length each.
    openings
        Openings of each post, float64 (n,), above 0; a position that no list names may hold anything.
    chances
        For each person the probability that a look at a post ends in a placement, where it is known: bounds and
        `expected` then count placements, else looks.
    """
    n_posts = len(openings)
    price = np.zeros(n_posts)
    lengths = np.array([len(one) for one in lists], dtype=np.intp)
    if not lengths.sum():
        return Crowding(price, np.zeros(n_posts), np.zeros(n_posts), config.least)
    rows = np.concatenate([one for one in lists if len(one)])
    own = np.concatenate([one for one in scores if len(one)]) / config.temperature
    starts = np.concatenate(([0], np.cumsum(lengths[lengths > 0])[:-1]))
    # Nobody looks at more posts than their list holds.
    looks = np.repeat(np.minimum(config.attention, lengths[lengths > 0]), lengths[lengths > 0]).astype(np.float64)
    worth = looks if chances is None else looks * np.concatenate([one for one in chances if len(one)])

    def demand(counted: Floats) -> Floats:
        pull = own - price[rows] / config.temperature
        pull = np.exp(pull - np.repeat(np.maximum.reduceat(pull, starts), lengths[lengths > 0]))
        share = counted * pull / np.repeat(np.add.reduceat(pull, starts), lengths[lengths > 0])
        return np.bincount(rows, weights=share, minlength=n_posts).astype(np.float64)

    named = np.unique(rows)
    free = demand(worth)
    expected, seen = np.zeros(n_posts), np.zeros(n_posts)
    expected[named] = free[named] / openings[named]
    seen[named] = demand(looks)[named] / openings[named]
    bound = max(config.least, config.slack * float(free.sum() / openings[named].sum()))
    if expected.max() <= bound:
        return Crowding(price, seen, expected, bound)
    room = bound * openings[named]
    for _ in range(config.rounds):
        wanted = np.maximum(demand(worth)[named], 1e-12)
        price[named] = np.maximum(0.0, price[named] + config.step * config.temperature * np.log(wanted / room))
    return Crowding(np.round(price, 6), seen, expected, bound)
