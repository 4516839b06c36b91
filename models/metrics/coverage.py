"""Coverage: which share of the stock is shown to anybody among the first `k`."""

from collections.abc import Iterable, Sequence


def coverage(lists: Iterable[Sequence[str]], n_vacancies: int, *, k: int) -> float | None:
    """Return the number of different vacancies in all first k, divided by `n_vacancies`; `None` without a stock."""
    if n_vacancies == 0:
        return None
    return len({vacancy for ranked in lists for vacancy in ranked[:k]}) / n_vacancies
