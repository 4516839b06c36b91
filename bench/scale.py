"""What lists for a country would take: unit costs in, cores, memory, hours and money out.

`python -m bench.scale` prints the table of docs/scale.md; every unit cost can be given anew when it was measured anew.
"""

import argparse
import math
from dataclasses import dataclass

MS = 1 / 3_600_000  # hours in a millisecond


@dataclass(frozen=True)
class Costs:
    """Unit costs; times are of one processor.

    Attributes
    ----------
    base_ms, per_1000_ms
        One list: the part that does not grow with the stock, and that for each 1,000 vacancies of the part.
    packing_ms
        One person in the process that asks: hashing, packing, writing, and the one list of each block that it makes.
    vacancy_kb, person_kb, line_b
        Sent of a vacancy to each worker, of a person with a block, and written of a line.
    open_s_per_1000
        Making 1,000 vacancies ready in a worker, once.
    price
        Of a processor for an hour. An assumption.
    """

    base_ms: float = 0.8
    per_1000_ms: float = 0.02
    packing_ms: float = 0.5
    vacancy_kb: float = 1.7
    person_kb: float = 0.39
    line_b: float = 15.0
    open_s_per_1000: float = 0.04
    price: float = 0.3


@dataclass(frozen=True)
class Plan:
    """So many people in equal parts, each against so many vacancies, on so many processors."""

    name: str
    people: float
    vacancies: float
    parts: int
    cores: int
    lines: int = 50


PLANS = (
    Plan("province, whole stock", 600_000, 50_000, 1, 16),
    Plan("country, whole stock", 18_000_000, 1_000_000, 1, 40),
    Plan("country, by prefecture, 50,000 each", 18_000_000, 50_000, 340, 64),
    Plan("country, by prefecture, 100,000 each", 18_000_000, 100_000, 340, 64),
)


def row(plan: Plan, costs: Costs) -> str:
    """Return one line of the table."""
    each_ms = costs.base_ms + costs.per_1000_ms * plan.vacancies / 1000
    workers = plan.people * each_ms * MS
    ready = plan.cores * plan.parts * costs.open_s_per_1000 * plan.vacancies / 1000 / 3600
    if plan.parts > 1:
        ready /= plan.cores  # a part is opened by the workers that it has, not by all
    asking = plan.people * costs.packing_ms * MS
    # One process packs and writes for one cluster; with parts, several clusters can each have their own.
    askers = max(1, math.ceil(asking * plan.cores / (workers + ready))) if plan.parts > 1 else 1
    hours = max((workers + ready) / plan.cores, asking / askers)
    stock_gb = plan.vacancies * costs.vacancy_kb / 1e6
    out_gb = plan.people * plan.lines * costs.line_b / 1e9
    money = hours * (plan.cores + askers) * costs.price
    return (
        f"| {plan.name} | {each_ms:.1f} | {workers + ready:.1f} | {asking:.1f} | {plan.cores} + {askers} | {hours:.2f} "
        f"| {stock_gb:.2f} | {plan.people * costs.person_kb / 1e6:.1f} | {out_gb:.1f} | {money:.1f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in vars(Costs()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=value)
    costs = Costs(**vars(parser.parse_args()))
    print(
        "| plan | ms a list | worker hours | asking hours | cores | hours | GB sent once | GB of people | GB out | 元 |"
    )
    print("| --- " * 10 + "|")
    for plan in PLANS:
        print(row(plan, costs))


if __name__ == "__main__":
    main()
