"""What changed since a batch was written, and whose lists it touches.

A changed person is redone. A changed vacancy touches a person whose list holds it or another post of its employer, who
acted on it, or in whose list it can come to stand: its score, nearly, against the lowest of the list. Figures of the
whole stock that stand in for unknown places and demands touch those whose lists hold or could hold such a vacancy.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from matching.entities import CandidateId, VacancyId
from matching.fit import limitation_vector
from matching.stock import MODES, StockItem
from matching.vocabulary import WorkMode
from pipelines.casebook import Casebook
from pipelines.desk import Desk

if TYPE_CHECKING:
    from matching.many.lists import Lists

_PEOPLE, _STOCK = "people.state", "stock.state"  # columns too, under a name that nobody takes for lists


def _hashed(*values: object) -> str:
    return hashlib.sha256(repr(values).encode()).hexdigest()[:16]


def _values(row: Any) -> list[Any]:
    # Functions by their words: fifteen members written out in full take longer than all other facts together.
    names = () if row is None else row.__dataclass_fields__
    return [_plain(getattr(row, name)) for name in names if name != "sources"]


_IS_MAPPING: dict[type[Any], bool] = {}
"""By kind of value: an abstract class takes longer to ask than a value to write out."""


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind not in _IS_MAPPING:
        _IS_MAPPING[kind] = issubclass(kind, Mapping)
    return {str(name): level for name, level in value.items()} if _IS_MAPPING[kind] else value


def _employer(item: StockItem) -> str:
    return str(item.vacancy.employer_id or item.vacancy.employer_name or item.vacancy.vacancy_id)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What lists were made from: a hash of every person and vacancy, whose each vacancy is, and figures of the stock.

    `expected` float64 (3, 5, 15) as in `ExpectedGaps`; `usual` a hash of the usual places.
    """

    people: Mapping[CandidateId, str]
    vacancies: Mapping[VacancyId, str]
    employers: Mapping[VacancyId, str]
    expected: NDArray[np.float64]
    usual: str

    @classmethod
    def of(cls, desk: Desk) -> "Snapshot":
        """Take it of a desk."""
        stock = desk.index.stock
        gaps, usual = stock.expected, stock.usual_places
        return cls(
            people={i: _person(desk, i) for i in desk.active()},
            vacancies={
                item.vacancy.vacancy_id: _hashed(_values(item.vacancy), _values(item.employer), item.n_placed)
                for item in stock.items
            },
            employers={item.vacancy.vacancy_id: _employer(item) for item in stock.items},
            expected=np.stack([gaps.open, gaps.to_arrange, gaps.hard]).astype(np.float64),
            usual=_hashed(usual.spots.region.tolist(), usual.spots.longitude.tolist(), usual.share.tolist()),
        )

    def fingerprint(self, casebook: Casebook) -> str:
        """Return a hash of everything that lists are made from, to tell whether earlier ones still hold."""
        digest = hashlib.sha256()

        def take(rows: Iterable[object]) -> None:
            digest.update("\n".join(map(str, rows)).encode())
            digest.update(b"\0")

        take(f"{name} {own}" for name, own in self.people.items())
        take(f"{name} {own} {self.employers[name]}" for name, own in self.vacancies.items())
        take([self.expected.tolist(), self.usual])
        take(f"{a.candidate_id} {a.vacancy_id} {a.kind} {a.at} {a.reason}" for a in casebook.interactions)
        take(casebook.placements)
        take([casebook.crowding])
        return digest.hexdigest()[:16]

    def save(self, folder: Path, block_of: Mapping[CandidateId, int]) -> None:
        """Write it beside the blocks, with the block in which each person stands."""
        people = pa.table(
            {
                "candidate_id": list(block_of),
                "block": list(block_of.values()),
                "hash": [self.people[candidate_id] for candidate_id in block_of],
            }
        )
        vacancies = pa.table(
            {
                "vacancy_id": list(self.vacancies),
                "hash": list(self.vacancies.values()),
                "employer": [self.employers[vacancy_id] for vacancy_id in self.vacancies],
            }
        )
        figures = json.dumps({"expected": self.expected.tolist(), "usual": self.usual})
        write_whole(people, folder / _PEOPLE)
        write_whole(vacancies.replace_schema_metadata({"figures": figures}), folder / _STOCK)

    @classmethod
    def load(cls, folder: Path) -> "tuple[Snapshot, dict[CandidateId, int]] | None":
        """Read it back with the block of each person; None where it is not there."""
        if not (folder / _PEOPLE).exists() or not (folder / _STOCK).exists():
            return None
        people, vacancies = pq.read_table(folder / _PEOPLE), pq.read_table(folder / _STOCK)
        figures = json.loads(vacancies.schema.metadata[b"figures"])
        ids, held = people["candidate_id"].to_pylist(), vacancies["vacancy_id"].to_pylist()
        found = cls(
            dict(zip(ids, people["hash"].to_pylist(), strict=True)),
            dict(zip(held, vacancies["hash"].to_pylist(), strict=True)),
            dict(zip(held, vacancies["employer"].to_pylist(), strict=True)),
            np.array(figures["expected"]),
            figures["usual"],
        )
        return found, dict(zip(ids, people["block"].to_pylist(), strict=True))


def _person(desk: Desk, candidate_id: CandidateId) -> str:
    items = desk.index.stock.items
    past = [
        (items[row].vacancy.vacancy_id, act.kind, act.at, act.reason)
        for row, act in desk.past.get(candidate_id, {}).items()
    ]
    return _hashed(_values(desk.casebook.candidates[candidate_id]), desk.history.get(candidate_id, []), sorted(past))


def write_whole(table: pa.Table, path: Path) -> None:
    """Write a file as one whole: it is there in full, or as it was before."""
    half_written = path.with_suffix(".partial")
    pq.write_table(table, half_written)
    half_written.replace(path)


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between two snapshots, as far as it can touch a list.

    `people` who changed or came, `vacancies` that changed, came or went, `employers` whose they are or were, `rows`
    where those lie that are there now. `expected` bool (5, 15): levels of functions for which the figure of the stock
    moved; `usual`: whether the usual places did.
    """

    people: frozenset[CandidateId]
    vacancies: frozenset[VacancyId]
    employers: frozenset[str]
    rows: NDArray[np.intp]
    expected: NDArray[np.bool_]
    usual: bool

    @classmethod
    def between(cls, before: Snapshot, now: Snapshot, desk: Desk) -> "Changes":
        """Compare two snapshots; `desk` is that of the later one."""
        everyone = before.vacancies.keys() | now.vacancies.keys()
        vacancies = frozenset(v for v in everyone if before.vacancies.get(v) != now.vacancies.get(v))
        position = desk.index.stock.position
        return cls(
            people=frozenset(i for i, own in now.people.items() if before.people.get(i) != own),
            vacancies=vacancies,
            employers=frozenset(e for v in vacancies for e in (before.employers.get(v), now.employers.get(v)) if e),
            rows=np.array(sorted(position[v] for v in vacancies if v in position), dtype=np.intp),
            expected=np.asarray((before.expected != now.expected).any(axis=0)),
            usual=before.usual != now.usual,
        )

    def touched(
        self, desk: Desk, lists: "Lists | None", people: Sequence[CandidateId], table: pa.Table, *, k: int
    ) -> set[CandidateId]:
        """Return whose lists have to be made again, of people who are still there; `table` holds their lists so far."""
        found = {i for i in people if i in self.people}
        if not len(self.vacancies) or lists is None:
            return found
        stock, held = desk.index.stock, _Held.read(table)
        unread = np.asarray((stock.demands.levels < 0).any(axis=1))
        nowhere = np.isnan(stock.spots.longitude) & (stock.mode != MODES.index(WorkMode.REMOTE))
        floors: dict[bool, dict[CandidateId, float]] = {True: {}, False: {}}
        for candidate_id in people:
            if candidate_id in found:
                continue
            limits = limitation_vector(desk.casebook.candidates[candidate_id].functions)
            limited = np.flatnonzero(limits > 0)
            by_gaps = bool(self.expected[limits[limited], limited].any())
            lines = held.of(candidate_id)
            if self._acted_on(desk, candidate_id) or self._holds(
                desk, lines, (unread & by_gaps) | (nowhere & self.usual)
            ):
                found.add(candidate_id)
            else:
                floors[by_gaps][candidate_id] = held.floor(candidate_id, k)
        for by_gaps, own in floors.items():
            stands_in = (unread & by_gaps) | (nowhere & self.usual)
            rows = np.union1d(self.rows, np.flatnonzero(stands_in))
            found |= _reached(desk, lists, own, rows)
        return found

    def _acted_on(self, desk: Desk, candidate_id: CandidateId) -> bool:
        acts = desk.history.get(candidate_id, [])
        return any(vacancy_id in self.vacancies for vacancy_id, _ in acts)

    def _holds(self, desk: Desk, lines: Collection[VacancyId], stands_in: NDArray[np.bool_]) -> bool:
        stock = desk.index.stock
        for vacancy_id in lines:
            row = stock.position.get(vacancy_id)
            if row is None or vacancy_id in self.vacancies or stands_in[row]:
                return True
            if _employer(stock.items[row]) in self.employers:
                return True
        return False


@dataclass(frozen=True, slots=True)
class _Held:
    """The lists of a block by person: vacancies, and keys of the lines."""

    lines: Mapping[CandidateId, list[VacancyId]]
    keys: Mapping[CandidateId, list[float]]

    @classmethod
    def read(cls, table: pa.Table) -> "_Held":
        from matching.many.columns import BAND_STEP

        lines: dict[CandidateId, list[VacancyId]] = {}
        keys: dict[CandidateId, list[float]] = {}
        columns = (table[name].to_pylist() for name in ("candidate_id", "vacancy_id", "band", "score"))
        for candidate_id, vacancy_id, band, score in zip(*columns, strict=True):
            lines.setdefault(candidate_id, []).append(vacancy_id)
            keys.setdefault(candidate_id, []).append(score - BAND_STEP * band)
        return cls(lines, keys)

    def of(self, candidate_id: CandidateId) -> list[VacancyId]:
        return self.lines.get(candidate_id, [])

    def floor(self, candidate_id: CandidateId, k: int) -> float:
        """Return the key that a vacancy must reach to matter; a list whose last lines are equal is made again."""
        keys = self.keys.get(candidate_id, [])
        if len(keys) < k or (len(keys) > 1 and keys[-1] == keys[-2]):
            return -np.inf
        return min(keys)


def _reached(
    desk: Desk, lists: "Lists", floors: Mapping[CandidateId, float], rows: NDArray[np.intp]
) -> set[CandidateId]:
    """Return the people for whom one of the vacancies at `rows` may stand as high as their floor."""
    from matching.many.first_stage import TOLERANCE

    if not floors or not len(rows):
        return set()
    best = lists.best_among(desk.ask_many(list(floors)), rows)
    return {
        candidate_id
        for (candidate_id, floor), key in zip(floors.items(), best.tolist(), strict=True)
        if key > -np.inf and key >= floor - 2 * TOLERANCE
    }
