"""The benchmarks: `make bench` prints a table and writes `var/bench.json`.

Times are of this machine and this hour; read the ratios. The stock is an invented province's vacancies, repeated under
new ids and places until there are 67,000, about the size of the real posting sets together.
"""

import json
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import Engine

from bench.batch import batch_rows
from bench.rules import rule_rows
from matching.entities import Vacancy, VacancyId
from matching.regions import divisions
from pipelines.access.roles import program_subject
from pipelines.access.vault import new_key
from pipelines.casebook import Casebook
from pipelines.desk import Desk
from pipelines.ingest import IngestReport, ingest
from pipelines.readings import read_all, read_text
from pipelines.schema import TABLES
from pipelines.store.session import engine_for, upgrade
from pipelines.synthetic import Province, ProvinceConfig, invent, write_tables
from pipelines.train import train

TODAY = date(2026, 11, 23)
N_VACANCIES = 67_000
ROUNDS = 40
T = TypeVar("T")


def main() -> None:
    """Run every benchmark."""
    rows: list[dict[str, Any]] = []
    province, seconds = _timed(lambda: invent(ProvinceConfig(today=TODAY)))
    _add(rows, "invent 2,000 people and 800 vacancies", seconds, 1)
    rows += _imports(province)
    _, seconds = _timed(lambda: [read_text(v) for v in province.vacancies])
    _add(rows, "read a vacancy's text", seconds, len(province.vacancies))
    small = casebook_of(province, province.vacancies)
    model, seconds = _timed(lambda: train(small, until=TODAY))
    _add(rows, "train on the province", seconds, 1)
    large = casebook_of(province, _repeated(province.vacancies))
    desk, seconds = _timed(lambda: Desk.open(large, model, "bench", TODAY))
    _add(rows, f"open a desk over {N_VACANCIES:,} vacancies", seconds, 1)
    rows += _shortlists(desk)
    rows += batch_rows(small, model, TODAY)
    rows += rule_rows()
    for row in rows:
        print(line(row))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:,.0f} MiB")
    out = Path("var") / "bench.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps({"rows": rows, "peak_mib": round(peak)}, ensure_ascii=False, indent=2), encoding="utf-8")


def line(row: dict[str, Any]) -> str:
    """Return a row as it is printed."""
    if "ratio" in row:
        return f"{row['what']:<78}{row['ratio']:>12.1f} x"
    return f"{row['what']:<78}{row['each_ms']:>12.2f} ms{row['per_second']:>14,.0f}/s"


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def _add(rows: list[dict[str, Any]], what: str, seconds: float, n: int) -> None:
    rows.append({"what": what, "each_ms": 1000 * seconds / n, "per_second": n / seconds, "n": n})


def casebook_of(province: Province, vacancies: tuple[Vacancy, ...]) -> Casebook:
    """Return the province's cases with some vacancies."""
    return Casebook(
        candidates={c.candidate_id: c for c in province.candidates},
        vacancies=vacancies,
        employers={e.employer_id: e for e in province.employers},
        interactions=province.interactions,
        placements=province.placements,
        courses=province.courses,
        texts=read_all(vacancies),
    )


def _repeated(vacancies: tuple[Vacancy, ...]) -> tuple[Vacancy, ...]:
    """Return the vacancies under new ids and places, all open, until there are enough."""
    counties = sorted(code for code in divisions() if code.startswith("62") and not code.endswith("00"))
    rng = np.random.default_rng(1)
    places = rng.choice(counties, size=N_VACANCIES)
    return tuple(
        replace(
            vacancies[n % len(vacancies)],
            vacancy_id=VacancyId(f"bench-{n:06d}"),
            region=str(places[n]),
            longitude=None,
            latitude=None,
            closes_on=None,
        )
        for n in range(N_VACANCIES)
    )


def _imports(province: Province) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with TemporaryDirectory() as scratch:
        write_tables(province, Path(scratch))
        engine = engine_for(f"sqlite:///{scratch}/bench.db", new_key("bench"))
        upgrade(engine)
        for name in ("employers", "vacancies", "candidates", "interactions"):
            file = Path(scratch) / f"{name}.csv"
            for round_name in ("import", "import again"):
                report, seconds = _timed(partial(_import, engine, name, file))
                _add(rows, f"{round_name}: one row of {name}", seconds, report.read)
        engine.dispose()
    return rows


def _import(engine: Engine, name: str, file: Path) -> IngestReport:
    return ingest(engine, TABLES[name], file, subject=program_subject("bench"), supplied_by="bench", on=TODAY)


def _shortlists(desk: Desk) -> list[dict[str, Any]]:
    """Time one list after the other; the first is not counted, as caches fill with it."""
    people = desk.active()[: ROUNDS + 1]
    times = [_timed(partial(desk.document, person, k=20))[1] for person in people][1:]
    rows: list[dict[str, Any]] = []
    n = len(desk.index.stock)
    _add(rows, f"one shortlist of 20 over {n:,} vacancies, median", statistics.median(times), 1)
    _add(rows, f"one shortlist of 20 over {n:,} vacancies, slowest of {len(times)}", max(times), 1)
    _, seconds = _timed(lambda: [desk.lines(person, k=50) for person in people])
    _add(rows, f"50 lines without reasons over {n:,} vacancies, as a batch writes them", seconds, len(people))
    return rows


if __name__ == "__main__":
    main()
