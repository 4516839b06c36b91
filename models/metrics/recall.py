"""Recall: which share of what a person went on to choose is among the first `k`."""

from collections.abc import Collection, Sequence


def recall(ranked: Sequence[str], relevant: Collection[str], *, k: int) -> float | None:
    """Return |first k ∩ relevant| / |relevant|; `None` where nothing is relevant."""
    if not relevant:
        return None
    wanted = set(relevant)
    return len(wanted.intersection(ranked[:k])) / len(wanted)
