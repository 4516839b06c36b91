"""Hit: whether at least one of the first `k` is what a person went on to choose."""

from collections.abc import Collection, Sequence


def hit(ranked: Sequence[str], relevant: Collection[str], *, k: int) -> float | None:
    """Return 1 when one of the first k is relevant, else 0; `None` where nothing is relevant."""
    if not relevant:
        return None
    return float(not set(relevant).isdisjoint(ranked[:k]))
