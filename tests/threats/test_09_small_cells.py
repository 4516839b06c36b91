"""9 | I: statistics small cells, and subtraction of two reports.

k ≥ 10 with complementary suppression; automatic differencing of all published tables.
"""

from collections.abc import Iterable
from datetime import date
from itertools import combinations

import numpy as np
from sqlalchemy import Connection

from pipelines.access.roles import Purpose, Role, Subject
from pipelines.reports.reading import report_for, reports_for
from pipelines.reports.suppress import suppressed
from pipelines.reports.tables import REPORTS, everything, month_end
from pipelines.store.session import engine_for
from tests.conftest import Town
from tests.support.accounts import KEYS
from tests.support.province import TODAY

K = 10
ANALYST = Subject(None, None, Role.ANALYST, frozenset(), Purpose.STATISTICS, actor="analyst")
MONTHS = (date(2026, 11, 23), date(2026, 10, 23), date(2026, 9, 23))


def _published(connection: Connection) -> Iterable[tuple[str, date, str, str, int | None]]:
    assert {report["name"] for report in reports_for(ANALYST)} >= set(REPORTS)
    for name in REPORTS:
        for on in MONTHS:
            for row in report_for(connection, ANALYST, name, on=on)["rows"]:
                yield from ((name, on, row["place"], word, n) for word, n in row["counts"].items())


def check_every_figure_and_difference(town: Town) -> None:
    """Take every published figure and every difference of two."""
    engine = engine_for(town.url, KEYS)
    with engine.begin() as connection:
        found = list(_published(connection))
    engine.dispose()
    numbers = sorted({n for *_, n in found if n is not None})
    assert len(numbers) >= 5
    assert min(numbers) >= K
    assert all(other - one >= K for one, other in combinations(numbers, 2))
    assert any(n is None for *_, n in found)


def test_no_published_figure_and_no_difference_of_two_is_small(town: Town) -> None:
    check_every_figure_and_difference(town)


def test_no_hidden_figure_follows_from_the_published_ones_by_any_sums_and_differences(town: Town) -> None:
    # Solved as linear equations over all tables at once: what is hidden must stay undetermined, one by one.
    engine = engine_for(town.url, KEYS)
    with engine.connect() as connection:
        tally = everything(connection, month_end(TODAY))
    engine.dispose()
    hidden = sorted(suppressed(tally.cells, tally.lines, small=tally.of_few))
    assert hidden
    place = {cell: number for number, cell in enumerate(hidden)}
    rows = []
    for line in tally.lines:
        row = np.zeros(len(hidden))
        for cell, sign in ((line.total, -1.0), *((part, 1.0) for part in line.parts)):
            if cell in place:
                row[place[cell]] += sign
        if row.any():
            rows.append(row)
    equations = np.array(rows)
    rank = np.linalg.matrix_rank(equations)
    _, values, directions = np.linalg.svd(equations)
    null = directions[int(rank) :]
    assert len(values)
    # A figure is determined exactly when no solution of the homogeneous system moves it.
    free = np.abs(null).max(axis=0) if len(null) else np.zeros(len(hidden))
    assert [cell for cell, moves in zip(hidden, free, strict=True) if moves < 1e-9 and tally.cells[cell] > 0] == []
