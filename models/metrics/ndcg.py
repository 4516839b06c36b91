"""NDCG: as recall, but the higher the better, against the best order that was possible."""

import math
from collections.abc import Collection, Sequence


def ndcg(ranked: Sequence[str], relevant: Collection[str], *, k: int) -> float | None:
    """Return Σ 1/log2(rank + 1) over relevant ranks up to k, divided by the same of a perfect list.

    `None` where nothing is relevant. All relevant vacancies count alike; one that is listed twice counts once.
    """
    if not relevant:
        return None
    wanted = set(relevant)
    found = 0.0
    for rank, vacancy in enumerate(ranked[:k], start=1):
        if vacancy in wanted:
            wanted.discard(vacancy)
            found += discount(rank)
    return found / sum(discount(rank) for rank in range(1, min(k, len(set(relevant))) + 1))


def discount(rank: int) -> float:
    """Return how much attention a rank gets, 1 for the first and falling with the logarithm."""
    return 1 / math.log2(rank + 1)
