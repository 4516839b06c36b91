"""Threat 9: what is published gives no small cell away, neither by itself nor by any sum or difference."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.reports.suppress import Line, derivable_cells, rounded, suppressed


def by_elimination(counts: dict[str, int], lines: list[Line], hidden: frozenset[str]) -> set[str]:
    """Return the hidden cells that exact Gaussian elimination works out: what the program does, done another way."""
    unknown = sorted(hidden)
    rows = []
    for line in lines:
        row = [Fraction((c in line.parts) - (c == line.total)) for c in unknown]
        if any(row):
            rows.append(row)
    pivots: list[int] = []
    for column in range(len(unknown)):
        pivot = next((r for r in range(len(pivots), len(rows)) if rows[r][column]), None)
        if pivot is None:
            continue
        at = len(pivots)
        rows[at], rows[pivot] = rows[pivot], rows[at]
        rows[at] = [x / rows[at][column] for x in rows[at]]
        for other in range(len(rows)):
            if other != at and rows[other][column]:
                rows[other] = [x - rows[other][column] * y for x, y in zip(rows[other], rows[at], strict=True)]
        pivots.append(column)
    return {
        unknown[column] for at, column in enumerate(pivots) if not any(x for i, x in enumerate(rows[at]) if i != column)
    }


def a_table(numbers: list[list[int]]) -> tuple[dict[str, int], list[Line]]:
    """Return a table of counties by words with both margins, as cells and lines."""
    counts = {f"{r}.{c}": n for r, row in enumerate(numbers) for c, n in enumerate(row)}
    n_rows, n_columns = len(numbers), len(numbers[0])
    lines = []
    for r in range(n_rows):
        counts[f"{r}.all"] = sum(numbers[r])
        lines.append(Line(f"{r}.all", tuple(f"{r}.{c}" for c in range(n_columns))))
    for c in [*map(str, range(n_columns)), "all"]:
        counts[f"all.{c}"] = sum(counts[f"{r}.{c}"] for r in range(n_rows))
        lines.append(Line(f"all.{c}", tuple(f"{r}.{c}" for r in range(n_rows))))
    lines.append(Line("all.all", tuple(f"all.{c}" for c in range(n_columns))))
    return counts, lines


tables = st.integers(2, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.one_of(st.integers(0, 14), st.integers(10, 300)), min_size=width, max_size=width),
        min_size=2,
        max_size=6,
    )
)


@settings(max_examples=150, deadline=None)
@given(tables)
def test_threat_9_no_small_cell_follows_from_the_published_ones(numbers: list[list[int]]) -> None:
    counts, lines = a_table(numbers)
    hidden = suppressed(counts, lines)
    assert {cell for cell, n in counts.items() if n < 10} <= hidden
    assert by_elimination(counts, lines, hidden) == set()


@settings(max_examples=150, deadline=None)
@given(tables, st.data())
def test_what_can_be_worked_out_is_found_as_exact_elimination_finds_it(
    numbers: list[list[int]], data: st.DataObject
) -> None:
    counts, lines = a_table(numbers)
    hidden = frozenset(data.draw(st.sets(st.sampled_from(sorted(counts)))))
    assert set(derivable_cells(counts, lines, hidden)) == by_elimination(counts, lines, hidden)


def test_a_single_small_cell_takes_a_second_one_with_it() -> None:
    counts = {"a": 3, "b": 40, "c": 50, "all": 93}
    assert suppressed(counts, [Line("all", ("a", "b", "c"))]) == {"a", "b"}


def test_a_remainder_of_few_people_is_not_left_by_two_small_cells() -> None:
    counts = {"a": 3, "b": 4, "c": 50, "d": 60, "all": 117}
    assert suppressed(counts, [Line("all", ("a", "b", "c", "d"))]) == {"a", "b", "c"}


def test_large_cells_alone_are_all_published() -> None:
    counts = {"a": 10, "b": 40, "all": 50}
    assert suppressed(counts, [Line("all", ("a", "b"))]) == frozenset()


def test_a_cell_of_few_people_is_hidden_however_often_they_are_counted() -> None:
    counts = {"a": 30, "b": 40, "c": 50, "all": 120}
    assert suppressed(counts, [Line("all", ("a", "b", "c"))], small={"a"}) == {"a", "b"}


def test_published_counts_are_tens_so_that_a_month_later_no_single_person_shows() -> None:
    assert [rounded(n) for n in (10, 14, 15, 24, 25, 104)] == [10, 10, 20, 20, 30, 100]
    assert all((rounded(n + 1) - rounded(n)) % 10 == 0 for n in range(10, 400))
