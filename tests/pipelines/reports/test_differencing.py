"""Threat 9, tried by who has every published table: months beside each other, and beside the reports of the year.

All that is told goes into one linear program: each shown number within its rounding, each sum of lines, what can only
grow from one month to the next, and what of the yearly report is a part of a table. The least and the most that a
hidden small cell can be are asked of it. Nothing that was published may leave only one number.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog
from sqlalchemy import Connection

from matching.regions import GANSU
from pipelines.reports.plan.count import count_plan
from pipelines.reports.plan.figures import FIGURES
from pipelines.reports.suppress import Line, rounded, suppressed
from pipelines.reports.tables import everything
from tests.support.plan_year import PlanYear
from tests.support.stores import PROGRAM, a_store

NOVEMBER, MONTHS = date(2026, 11, 23), (date(2026, 9, 30), date(2026, 10, 31))
GROWING = {"placements", "services", "placed", "placed_in_plan", "trained"}
FEWEST = 4  # the least and the most that a small cell can be are as far apart at least: five numbers are left


@dataclass(frozen=True)
class Published:
    """Cells with how they add up and which are not told; `kind` and `month` say of which publication."""

    kind: str
    month: date
    cells: Mapping[Any, int]
    lines: list[Line]
    hidden: frozenset[Any]

    def within(self, places: set[str]) -> "Published":
        """Return the same without places where nothing is counted, whose noughts add nothing to a sum."""
        kept = {cell: n for cell, n in self.cells.items() if cell[1] in places}
        lines = [
            Line(one.total, tuple(part for part in one.parts if part in kept))
            for one in self.lines
            if one.total in kept
        ]
        return Published(self.kind, self.month, kept, lines, frozenset(cell for cell in self.hidden if cell in kept))


class Attack:
    """What somebody with all these publications can work out."""

    def __init__(
        self, published: list[Published], parts: Sequence[tuple[Any, Any]] = (), *, is_rounded: bool = True
    ) -> None:
        """Where `is_rounded` is false the numbers were shown as they are."""
        self.published = published
        names = [(one.kind, one.month, cell) for one in published for cell in one.cells]
        self.at: dict[Any, int] = {name: place for place, name in enumerate(names)}
        self.bounds = [
            (0, None) if cell in one.hidden else (max(10, rounded(n) - 5), rounded(n) + 4) if is_rounded else (n, n)
            for one in published
            for cell, n in one.cells.items()
        ]
        self.truth = np.array([n for one in published for n in one.cells.values()])
        sums = [
            {self._of(one, line.total): -1, **{self._of(one, part): 1 for part in line.parts}}
            for one in published
            for line in one.lines
        ]
        less = [
            {self._of(one, cell): 1, self._of(later, cell): -1}
            for one, later in pairwise(published)
            if one.kind == later.kind
            for cell in one.cells
            if cell[0] in GROWING and cell in later.cells
        ]
        less += [{self.at[small]: 1, self.at[large]: -1} for small, large in parts]
        self.sums, self.less = self._rows(sums), self._rows(less)

    def _of(self, one: Published, cell: Any) -> int:
        return self.at[one.kind, one.month, cell]

    def _rows(self, rows: list[dict[int, int]]) -> Any:
        entries = [(number, place, value) for number, row in enumerate(rows) for place, value in row.items()]
        numbers, places, values = zip(*entries, strict=True) if entries else ((), (), ())
        return sparse.csr_matrix((values, (numbers, places)), shape=(len(rows), len(self.at)))

    def small(self) -> Iterator[tuple[Any, int]]:
        """Yield every cell of one to nine with its place."""
        for one in self.published:
            for cell, n in one.cells.items():
                if 0 < n < 10:
                    assert cell in one.hidden
                    yield (one.kind, one.month, cell), self._of(one, cell)

    def range_of(self, place: int) -> tuple[float, float]:
        """Return the least and the most that a cell can be."""
        found = []
        for sign in (1, -1):
            aim = np.zeros(len(self.at))
            aim[place] = sign
            asked = linprog(
                aim,
                A_eq=self.sums,
                b_eq=np.zeros(self.sums.shape[0]),
                A_ub=self.less if self.less.shape[0] else None,
                b_ub=np.zeros(self.less.shape[0]) if self.less.shape[0] else None,
                bounds=self.bounds,
                method="highs",
            )
            found.append(np.inf if asked.fun is None else sign * float(asked.fun))
        return found[0], found[1]

    def narrow(self) -> list[Any]:
        """Return the small cells that have fewer numbers left than they should; what is assumed is true."""
        assert not (self.sums @ self.truth).any()
        assert (self.less @ self.truth <= 0).all()
        found = []
        for name, place in self.small():
            least, most = self.range_of(place)
            assert least - 1e-6 <= self.truth[place] <= most + 1e-6
            if most - least < FEWEST - 1e-6:
                found.append((name, self.truth[place], least, most))
        return found


def tables(connection: Connection, month: date) -> Published:
    tally = everything(connection, month)
    hidden = suppressed(tally.cells, tally.lines, small=tally.of_few)
    return Published("tables", month, tally.cells, tally.lines, hidden)


def of_the_year(connection: Connection, month: date) -> Published:
    tally = count_plan(connection, PROGRAM, month.year, month)
    people = {cell: n for cell, n in tally.cells.items() if not FIGURES[cell[0]].is_public}
    return Published("year", month, people, tally.lines, suppressed(people, tally.lines))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Published]:
    """Two months of tables and of the yearly report over imported people, a few to hundreds in a place."""
    folder: Path = tmp_path_factory.mktemp("months")
    with a_store("sqlite", folder) as engine:
        PlanYear(3, NOVEMBER, 1200).taken_in(engine, folder)
        with engine.connect() as connection:
            found = [publish(connection, month) for publish in (tables, of_the_year) for month in MONTHS]
    used = {cell[1] for one in found for cell, n in one.cells.items() if n}
    return [one.within(used) for one in found]


def parts_of(month: date) -> list[tuple[Any, Any]]:
    """Return which cells of the yearly report count a part of those whom a cell of the tables counts."""
    clocks = ("information_check", "ability_assessment", "need_registration", "employment_service")
    forms = ("quota", "concentrated", "flexible", "farming", "unknown")
    pairs = [
        (("trained", "trained"), ("services", "training")),
        *(((name, "done"), ("services", name)) for name in clocks),
        *((("placed", form), ("placements", form)) for form in forms),
        (("wish", "yes"), ("people", "looking")),
        (("wish", "no"), ("people", "not_looking")),
        (("wish", "unknown"), ("people", "unknown")),
        (("graduates", "all"), ("education", "大专及以上")),
    ]
    return [
        (("year", month, (own[0], place, own[1])), ("tables", month, (whole[0], place, whole[1])))
        for place in ("620100", "620500", "620200", GANSU)
        for own, whole in pairs
    ]


def test_threat_9_no_small_cell_follows_from_two_months_and_the_reports_of_the_year(told: list[Published]) -> None:
    attack = Attack(told, [pair for month in MONTHS for pair in parts_of(month)])
    assert len(list(attack.small())) > 100
    assert len([cell for one in told for cell in one.cells if cell not in one.hidden]) > 300
    assert attack.narrow() == []


@pytest.mark.parametrize("seed", range(12))
def test_threat_9_no_small_cell_follows_from_any_number_of_months_that_only_grow(seed: int) -> None:
    """Dense tables of few counties, whose cells come out from under ten one after another."""
    draw = np.random.default_rng(seed)
    n_months, shape = int(draw.choice([2, 3, 6, 12])), tuple(draw.integers(2, 4, size=3))
    numbers, published = draw.poisson(draw.choice([2, 4, 8, 11, 14, 25, 60], size=shape)), []
    for month in range(n_months):
        numbers = numbers + draw.poisson(draw.choice([0.2, 1, 3]), size=shape)
        cells, lines = a_table(numbers)
        told = suppressed(cells, lines)
        published.append(Published("tables", date(2026, 1 + month, 1), cells, lines, told))
    assert Attack(published).narrow() == []


def test_the_attack_finds_a_small_cell_where_numbers_are_told_as_they_are_and_nothing_beside_it_is_hidden() -> None:
    cells, lines = a_table(np.array([[[3, 40], [50, 60]], [[70, 80], [90, 20]]]))
    small = frozenset(cell for cell, n in cells.items() if n < 10)
    without_others = Published("tables", MONTHS[0], cells, lines, small)
    assert [(n, least, most) for _, n, least, most in Attack([without_others], is_rounded=False).narrow()] == [
        (3, 3, 3)
    ]


def a_table(numbers: Any) -> tuple[dict[Any, int], list[Line]]:
    """Return counts by prefecture, county and word as cells with how they add up."""
    n_prefectures, n_counties, n_words = numbers.shape
    words: dict[str, Any] = {str(word): (word,) for word in range(n_words)} | {"all": tuple(range(n_words))}
    cells: dict[Any, int] = {}
    lines = []
    for word, which in words.items():
        own = numbers[:, :, list(which)].sum(axis=2)
        for p in range(n_prefectures):
            counties = tuple(("placements", f"{p}.{c}", word) for c in range(n_counties))
            cells |= {cell: int(own[p, c]) for c, cell in enumerate(counties)}
            cells["placements", str(p), word] = int(own[p].sum())
            lines.append(Line(("placements", str(p), word), counties))
        cells["placements", GANSU, word] = int(own.sum())
        whole = tuple(("placements", str(p), word) for p in range(n_prefectures))
        lines.append(Line(("placements", GANSU, word), whole))
    for place in {cell[1] for cell in cells}:
        parts = tuple(("placements", place, str(word)) for word in range(n_words))
        lines.append(Line(("placements", place, "all"), parts))
    return cells, lines
