"""`python -m bench.groups [--world FOLDER]`: whom lists serve worse, by group, as tables in Markdown.

Without a folder the demonstration province is invented (seed of the program; `--people` makes it smaller). Split at one
day, as `yougang evaluate` does, for recall and NDCG of what a caseworker would have been shown; on the last day lists
are made for everybody, or `--sample` people drawn evenly, for what they hold. Groups of fewer than `SMALL` people in a
measure are joined, and withheld where that is too few still. Intervals hold 95 % each, not all at once.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from matching.entities import CandidateId
from models.metrics.intervals import Interval, student_interval, wilson_interval
from pipelines.casebook import Casebook
from pipelines.desk import Desk
from pipelines.evaluate import EvaluateConfig, MeasuredPerson, measured_people, split_day, values_of
from pipelines.groups import groups_of
from pipelines.quarter.gates import join_small
from pipelines.quarter.group_words import JOINED
from pipelines.synthetic import ProvinceConfig, invent, write_tables
from pipelines.train import train
from pipelines.worlds import load_world

SMALL, LINES = 20, 10
ATTRIBUTES = ("category", "grade", "sex", "hukou", "prefecture", "facts_known")
LABELS = {"facts_known": "facts known, of 7"}
_SEED, _LEVEL = 20221104, 0.95
TODAY = date(2026, 11, 23)


@dataclass(frozen=True, slots=True)
class ListFacts:
    """What one person's list holds: lines, mean `fit` of the first ten, share of them to ask about first, questions."""

    n_listed: int
    fit: float | None
    to_ask: float | None
    questions: int


@dataclass(frozen=True, slots=True)
class Measure:
    """One column: its name, and the value of each person, None where there is none."""

    name: str
    values: Sequence[float | None]
    is_share: bool = False


def list_facts(desk: Desk, candidate_id: CandidateId) -> ListFacts:
    """Make a person's list and look at it."""
    found = desk.shortlist(candidate_id, k=LINES)
    fits = [item.fit for item in found.items]
    asks = [bool(item.missing) for item in found.items]
    return ListFacts(
        found.n_ranked,
        float(np.mean(fits)) if fits else None,
        float(np.mean(asks)) if asks else None,
        len(found.unlocks),
    )


def tables(people: Sequence[Mapping[str, str]], measures: Sequence[Measure], attributes: Sequence[str]) -> list[str]:
    """Return one Markdown table an attribute: groups by rows, measures by columns, each with its interval."""
    lines: list[str] = []
    head = " | ".join(measure.name for measure in measures)
    for attribute in attributes:
        rows: dict[str, list[int]] = {}
        for at, groups in enumerate(people):
            rows.setdefault(groups[attribute], []).append(at)
        large, small = join_small(rows, least=SMALL)
        if small is not None and len(small) >= SMALL:
            large = {**large, JOINED: small}
        lines += ["", f"| {LABELS.get(attribute, attribute)} | people | {head} |"]
        lines.append("| --- " * (2 + len(measures)) + "|")
        for name in sorted(large, key=_order):
            cells = [_cell(measure, large[name]) for measure in measures]
            lines.append(f"| {name.replace('_', ' ')} | {len(large[name])} | {' | '.join(cells)} |")
    return lines


def _order(name: str) -> tuple[bool, bool, str]:
    return name == JOINED, name == "unknown", name


def _cell(measure: Measure, rows: Sequence[int]) -> str:
    known = [value for row in rows if (value := measure.values[row]) is not None]
    if len(known) < SMALL:
        return "withheld"
    found: Interval | None
    if measure.is_share:
        found = wilson_interval(int(sum(known)), len(known), level=_LEVEL)
    else:
        found = student_interval(known, level=_LEVEL)
    return "–" if found is None else f"{found.mean:.2f} [{found.low:.2f}, {found.high:.2f}]"


def in_time(casebook: Casebook, config: EvaluateConfig) -> tuple[list[Mapping[str, str]], list[Measure]]:
    """Return groups and measures of those who acted after the split day, under a model that knows nothing of it."""
    split = config.split_at or split_day(casebook, config.split_share)
    model = train(casebook, until=split, config=config.train)
    people: list[MeasuredPerson] = measured_people(casebook, model, split, config)
    found = values_of([(person, person.relevant) for person in people], "shortlist", config.k)
    scored = values_of([(person, person.relevant) for person in people], "hybrid", config.k)
    ndcg, recall = f"ndcg@{config.k}", f"recall@{config.k}"
    return [groups_of(person.candidate) for person in people], [
        Measure(f"recall@{config.k}", found[recall]),
        Measure(f"NDCG@{config.k}", found[ndcg]),
        Measure(f"recall@{config.k} of the score", scored[recall]),
    ]


def on_the_day(casebook: Casebook, on: date, sample: int) -> tuple[list[Mapping[str, str]], list[Measure]]:
    """Return groups and measures of lists as they stand on a day."""
    desk = Desk.open(casebook, train(casebook, until=on), "bench", on)
    people = desk.active()
    if len(people) > sample:
        chosen = np.sort(np.random.default_rng(_SEED).choice(len(people), sample, replace=False))
        people = [people[i] for i in chosen]
    found = [list_facts(desk, one) for one in people]

    def of(value: Callable[[ListFacts], float | None]) -> list[float | None]:
        return [value(one) for one in found]

    return [groups_of(casebook.candidates[one]) for one in people], [
        Measure("fit shown", of(lambda one: one.fit)),
        Measure("no list", of(lambda one: float(one.n_listed == 0)), is_share=True),
        Measure(f"under {LINES} lines", of(lambda one: float(one.n_listed < LINES)), is_share=True),
        Measure("lines to ask about", of(lambda one: one.to_ask)),
        Measure("facts that hold posts up", of(lambda one: float(one.questions))),
    ]


def main() -> int:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--world", type=Path, help="a folder of tables; the invented province where not given")
    asked.add_argument("--people", type=int, default=2000)
    asked.add_argument("--sample", type=int, default=1000)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="yougang-groups-") as scratch:
        folder = given.world or Path(scratch) / "province"
        if given.world is None:
            config = ProvinceConfig(today=TODAY, n_candidates=given.people, n_vacancies=int(0.4 * given.people))
            write_tables(invent(config), folder)
        casebook = load_world(folder, today=TODAY).learnable()
    for title, (people, measures) in (
        ("What people did later", in_time(casebook, EvaluateConfig())),
        ("Lists of the day", on_the_day(casebook, TODAY, given.sample)),
    ):
        print(f"\n{title}: {len(people)} people")
        print("\n".join(tables(people, measures, ATTRIBUTES)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
