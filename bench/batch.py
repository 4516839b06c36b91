"""The batch against other ways to the same first stage, and how its cost grows; `--whole` for the size of a province.

The world is the invented province's, repeated: vacancies under new ids, places and employers, people with other places,
wages and ways, half of them with earlier acts. Times are processor time of one process, but for batches that are
written, which many processes write.
"""

import argparse
import os
import resource
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from matching.components import COMPONENTS, Asked
from matching.entities import Candidate, CandidateId, EmployerId, Interaction, Vacancy, VacancyId
from matching.many.columns import LANES
from matching.many.lists import Lists
from matching.many.people import People
from matching.ranking import Weights
from matching.regions import divisions
from matching.vocabulary import InteractionKind, Transport
from pipelines.batch import neighbours_together, run_batch
from pipelines.batch_blocks import TOGETHER
from pipelines.casebook import Casebook
from pipelines.desk import Desk
from pipelines.engines.local import LocalEngine
from pipelines.ranking_model import RankingModel

ACTS_OF_A_PERSON = 8
ROUNDS = 3
COMPARED = 500
DENSE = 7000
"""People of one county of 600,000 in the province; the first stage is compared among them."""


@dataclass(frozen=True)
class Size:
    """How many people and vacancies."""

    people: int
    vacancies: int


LINES = (Size(1500, 12_500), Size(1500, 25_000), Size(1500, 50_000), Size(3000, 50_000))
WHOLE = Size(600_000, 50_000)


def a_world(small: Casebook, model: RankingModel, size: Size, on: date, *, homes: int | None = None) -> Desk:
    """Return a desk over the province repeated to a size; everybody lives in the first so many counties, or all."""
    counties = sorted(code for code in divisions() if code.startswith("62") and not code.endswith("00"))
    rng = np.random.default_rng(1)
    places = rng.choice(counties, size=size.vacancies).tolist()
    vacancies = [
        _vacancy(small.vacancies[n % len(small.vacancies)], n, place, n // len(small.vacancies))
        for n, place in enumerate(places)
    ]
    texts = {
        vacancy.vacancy_id: small.texts[small.vacancies[n % len(small.vacancies)].vacancy_id]
        for n, vacancy in enumerate(vacancies)
    }
    people = _people(list(small.candidates.values()), counties[:homes], size.people, rng)
    acts = [
        Interaction(
            candidate_id=person,
            vacancy_id=vacancies[row].vacancy_id,
            kind=InteractionKind.APPLIED,
            at=date(2026, 11, 1),
        )
        for person in list(people)[::2]
        for row in rng.integers(0, size.vacancies, size=int(rng.integers(1, ACTS_OF_A_PERSON + 1))).tolist()
    ]
    book = replace(small, candidates=people, vacancies=vacancies, texts=texts, interactions=acts, placements=())
    return Desk.open(book, model, "bench", on)


def _vacancy(like: Vacancy, n: int, place: str, copy: int) -> Vacancy:
    return replace(
        like,
        vacancy_id=VacancyId(f"bench-{n:06d}"),
        employer_id=like.employer_id if copy == 0 else EmployerId(f"{like.employer_id}-{copy}"),
        region=place,
        longitude=None,
        latitude=None,
        closes_on=None,
    )


def _people(
    like: list[Candidate], counties: list[str], n: int, rng: np.random.Generator
) -> dict[CandidateId, Candidate]:
    """Return people of whom most travel up to 80 km, so that about a fifth of the vacancies is open to each."""
    made: dict[CandidateId, Candidate] = {}
    ways = list(Transport)
    numbers = zip(
        rng.choice(counties, size=n).tolist(),
        rng.integers(15, 80, size=n).tolist(),
        rng.integers(0, len(ways), size=n).tolist(),
        rng.random(n).tolist(),
        strict=True,
    )
    for at, (place, wage, way, chance) in enumerate(numbers):
        own = CandidateId(f"bench-p-{at:06d}")
        person = like[at % len(like)]
        limit = Decimal(80) if person.max_commute_km is None and chance < 0.85 else person.max_commute_km
        made[own] = replace(
            person,
            candidate_id=own,
            region=place,
            longitude=None,
            latitude=None,
            wished_regions=(place,) if chance < 0.3 else (),
            wished_wage_min=Decimal(wage * 100),
            transport=ways[way],
            max_commute_km=limit,
        )
    return made


def batch_rows(small: Casebook, model: RankingModel, on: date) -> list[dict[str, Any]]:
    """Return the rows of the batch."""
    with threadpool_limits(1):
        return _batch_rows(small, model, on)


def _batch_rows(small: Casebook, model: RankingModel, on: date) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for size in LINES:
        desk = a_world(small, model, size, on)
        lists = Lists(desk.index, desk.rules, desk.model.weights)
        people = neighbours_together(desk)
        _made(desk, lists, people[:TOGETHER])  # what it compiles is not counted
        seconds = _seconds(partial(_made, desk, lists, people))
        rows.append(
            _row(f"batch: a list of 50, {size.people:,} people x {size.vacancies:,} vacancies", seconds, size.people)
        )
    # Side by side as in a whole province: there a county's people are enough for each reach and wish.
    return rows + _first_stage(a_world(small, model, Size(DENSE, LINES[-1].vacancies), on, homes=1))


def _made(desk: Desk, lists: Lists, people: list[CandidateId]) -> None:
    for start in range(0, len(people), TOGETHER):
        lists.of(desk.ask_many(people[start : start + TOGETHER]), k=50)


def _seconds(work: Callable[[], object], rounds: int = 1, *, clock: Callable[[], float] = time.process_time) -> float:
    """Return the seconds of the quickest round: of the processor, which others on the machine change least."""
    best = float("inf")
    for _ in range(rounds):
        start = clock()
        work()
        best = min(best, clock() - start)
    return best


def _row(what: str, seconds: float, n: int) -> dict[str, Any]:
    return {"what": what, "each_ms": 1000 * seconds / n, "per_second": n / seconds, "n": n}


def _ratio(what: str, ratio: float) -> dict[str, Any]:
    return {"what": what, "ratio": ratio}


def _first_stage(desk: Desk) -> list[dict[str, Any]]:
    """Compare the first stage with others that know the learned vectors alone, with these alone and with all."""
    from implicit.cpu.topk import topk  # only the benchmarks install it

    few = neighbours_together(desk)[:: DENSE // COMPARED]
    asked = desk.ask_many(few)
    lists = Lists(desk.index, desk.rules, desk.model.weights)
    people = People.of(asked, lists.facets)
    every = _seconds(lambda: lists.first.keep(people, most=200), ROUNDS) / len(few)
    bare = Lists(desk.index, desk.rules, Weights(np.array([float(name == "direction") for name in COMPONENTS])))
    own = _seconds(lambda: bare.first.keep(people, most=200), ROUNDS) / len(few)
    n = len(desk.index.stock)
    factors = np.ascontiguousarray(desk.index.units, dtype=np.float32)
    vectors = np.ascontiguousarray(people.direction)
    barred = _barred(lists, asked)
    share = 1 - barred.nnz / (n * len(few))

    def with_implicit() -> None:
        topk(factors, vectors, 200, filter_query_items=barred, num_threads=1)

    def one_by_one() -> None:
        for at in range(20):
            scores = factors @ vectors[at]
            scores[barred[at].indices] = -np.inf
            np.argpartition(scores, n - 200)

    other, numpy = _seconds(with_implicit, ROUNDS) / len(few), _seconds(one_by_one, ROUNDS) / 20
    predict = _lightfm(n, factors.shape[1])
    peak = _peak()
    flops = 2 * factors.shape[1] * share * n / own
    rows = [
        _row(f"first stage, every component, {share:.0%} of {n:,} eligible", every, 1),
        _row("first stage, learned vectors alone", own, 1),
        _ratio("  against implicit's topk with the same filter", other / own),
        _ratio("  against numpy, one person at a time", numpy / own),
        _ratio("  against LightFM.predict, one person", predict / own),
        _ratio("  share of the machine's matrix product, over eligible pairs alone, %", 100 * flops / peak),
    ]
    return rows


def _barred(lists: Lists, asked: Sequence[Asked]) -> sparse.csr_matrix:
    """Return which vacancies each person may not be listed for, as the first stage found."""
    n, parts = len(lists.facets.index.stock), []
    for start in range(0, len(asked), LANES):
        some = People.of(asked[start : start + LANES], lists.facets)
        kept = lists.first.keep(some, most=n)
        barred = np.ones((len(some), n), dtype=np.float32)
        barred[kept.person, kept.row] = 0.0
        parts.append(sparse.csr_matrix(barred))
    whole: sparse.csr_matrix = sparse.vstack(parts, format="csr")
    return whole


def _lightfm(n_vacancies: int, width: int) -> float:
    """Return the seconds of `LightFM.predict` for one person and all vacancies, with 60 features each."""
    from lightfm import LightFM

    rng = np.random.default_rng(2)
    n_features = 3000

    def features(n: int) -> sparse.csr_matrix:
        columns = rng.integers(0, n_features, size=60 * n)
        return sparse.csr_matrix(
            (np.full(60 * n, 1 / 60, dtype=np.float32), columns, np.arange(0, 60 * n + 1, 60)), shape=(n, n_features)
        )

    acts = sparse.coo_matrix((np.ones(1), (np.zeros(1, int), np.zeros(1, int))), shape=(10, n_vacancies))
    people, vacancies = features(10), features(n_vacancies)
    model = LightFM(no_components=width).fit(acts, user_features=people, item_features=vacancies, epochs=1)
    wanted = np.arange(n_vacancies)
    return _seconds(
        lambda: model.predict(0, wanted, user_features=people, item_features=vacancies, num_threads=1), ROUNDS
    )


def _peak() -> float:
    """Return the floating-point operations a second of a large product on one thread."""
    square = np.random.default_rng(3).random((2048, 2048), dtype=np.float32)
    with threadpool_limits(1):
        square @ square
        return 2 * 2048**3 / _seconds(lambda: square @ square, ROUNDS)


def whole(small: Casebook, model: RankingModel, on: date, size: Size) -> list[dict[str, Any]]:
    """Write a batch as the command does, with as many processes as processors, and bring it up to date once."""
    desk = a_world(small, model, size, on)
    folder, workers = Path(mkdtemp(prefix="yougang-bench-")), os.cpu_count() or 1
    told = f"{size.people:,} people x {size.vacancies:,} vacancies, {workers} processes"
    rows = []

    def written(what: str, over: Desk) -> None:
        before = _processor()
        seconds = _seconds(lambda: run_batch(over, folder, k=50, engine=LocalEngine(workers)), clock=time.perf_counter)
        rows.append({**_row(f"{what}: {told}", seconds, size.people), "seconds": seconds})
        rows.append(_row("  processor time of all processes", _processor() - before, size.people))

    try:
        written("batch, written", desk)
        first = next(iter(desk.casebook.candidates))
        changed = replace(desk.casebook.candidates[first], wished_wage_min=Decimal(4321))
        book = replace(desk.casebook, candidates={**desk.casebook.candidates, first: changed})
        written("batch, one person changed", replace(desk, casebook=book))
        vacancies = list(book.vacancies)
        vacancies[7] = replace(vacancies[7], wage_max=Decimal(9999))
        written("batch, one vacancy changed", Desk.open(replace(book, vacancies=vacancies), model, "bench", on))
    finally:
        shutil.rmtree(folder)
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        rows.append({"what": "peak memory, MiB", "ratio": resource.getrusage(who).ru_maxrss / 1024})
    return rows


def _processor() -> float:
    """Return the seconds that this process and those that it started spent on a processor."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def main() -> None:
    """Run the batch alone, small or at the size of a province."""
    from bench.__main__ import TODAY, casebook_of, line
    from pipelines.synthetic import ProvinceConfig, invent
    from pipelines.train import train

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--whole", action="store_true", help="600,000 people x 50,000 vacancies, written")
    parser.add_argument("--people", type=int, help="so many people x 50,000 vacancies, written")
    wanted = parser.parse_args()
    province = invent(ProvinceConfig(today=TODAY))
    small = casebook_of(province, province.vacancies)
    model = train(small, until=TODAY)
    if wanted.whole or wanted.people:
        rows = whole(small, model, TODAY, replace(WHOLE, people=wanted.people or WHOLE.people))
    else:
        rows = batch_rows(small, model, TODAY)
    for row in rows:
        print(line(row))


if __name__ == "__main__":
    main()
