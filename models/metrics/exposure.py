"""Exposure: which share of the attention each group gets, attention falling with the rank."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from models.metrics.ndcg import discount

UNKNOWN_GROUP = "unknown"
"""Group of what has none stated."""


def exposure(lists: Iterable[Sequence[str]], group_of: Mapping[str, str | None], *, k: int) -> dict[str, float]:
    """Return for each group its share (0 to 1) of the attention of all first k; empty where nothing is listed.

    Parameters
    ----------
    lists
        Ranked ids: vacancies shown to people, or people shown to employers.
    group_of
        Group of each id; groups that are never shown are in the result with 0.
    """
    attention: dict[str, float] = defaultdict(float)
    for ranked in lists:
        for rank, shown in enumerate(ranked[:k], start=1):
            attention[group_of.get(shown) or UNKNOWN_GROUP] += discount(rank)
    total = sum(attention.values())
    if not total:
        return {}
    groups = sorted({group or UNKNOWN_GROUP for group in group_of.values()} | set(attention))
    return {group: attention.get(group, 0.0) / total for group in groups}
