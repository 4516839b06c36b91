"""The demo province as one value: what to invent, what comes out, and how it is written as the seven tables."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from matching.entities import Candidate, Course, Employer, Interaction, Placement, Service, Vacancy
from pipelines import schema
from pipelines.synthetic.employers import invent_employers
from pipelines.synthetic.history import live_through
from pipelines.synthetic.people import invent_people
from pipelines.synthetic.personas import personas
from pipelines.synthetic.records import candidate_records
from pipelines.synthetic.services import courses, interactions, placements, services
from pipelines.synthetic.vacancies import invent_vacancies, vacancy_records

NOTICE = """# 虚构数据 / Invented data

本文件夹中的人员、单位、岗位和经历全部由程序虚构，仅供演示和测试，不对应任何真实个人或单位。
姓名以“演示”开头，单位名称以“（演示）”结尾，电话以 000 开头，信用代码含 DEM；证号虽能通过校验，但并非真实证号。
任何数字都不是统计结果，不得引用。

Every person, employer, post and event here was invented by a program for demonstration and tests; none is real, and
no figure is a statistic. Names begin with 演示, employers end with （演示）, phone numbers begin with 000, credit codes
contain DEM; certificate numbers pass the check digit but stand for nobody (sequence 900 and up).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvinceConfig:
    """How much to invent; the same configuration always gives the same province.

    Raises
    ------
    ValueError
        For a negative number of people or posts.
    """

    today: date
    n_candidates: int = 2000
    n_vacancies: int = 800
    seed: int = 20260101

    def __post_init__(self) -> None:
        """Check the sizes."""
        if self.n_candidates < 0 or self.n_vacancies < 0:
            raise ValueError("求职者和岗位的数量不能为负数")


@dataclass(frozen=True, slots=True)
class Province:
    """Everything invented, as the entities that an import would give."""

    employers: tuple[Employer, ...]
    vacancies: tuple[Vacancy, ...]
    candidates: tuple[Candidate, ...]
    interactions: tuple[Interaction, ...]
    placements: tuple[Placement, ...]
    services: tuple[Service, ...]
    courses: tuple[Course, ...]
    causes: Mapping[str, int]
    """Number of recorded acts that choice, chance, exposure and employers decided; for reports, never exported."""

    def table(self, name: str) -> Sequence[Any]:
        """Return the rows of one of the seven tables by its name."""
        tables: dict[str, Sequence[Any]] = {name: getattr(self, name) for name in schema.TABLES}
        return tables[name]


def invent(config: ProvinceConfig) -> Province:
    """Invent a province: people, employers, posts, and two years of history up to the given day."""
    dice = [np.random.default_rng([config.seed, part]) for part in range(7)]
    today = config.today
    people = invent_people(config.n_candidates, today, dice[0])
    n_employers = max(1, round(0.45 * config.n_vacancies)) if config.n_vacancies else 0
    employers = invent_employers(n_employers, today, dice[1])
    posts = invent_vacancies(config.n_vacancies, employers, today, dice[2])
    history = live_through(people, posts, employers, today, dice[3])
    postings = vacancy_records(posts, employers, history.closes, dice[4])
    known = candidate_records(people, today, dice[5])
    fixed = personas(today)[: config.n_candidates]
    return Province(
        employers=employers.records,
        vacancies=postings,
        candidates=(*fixed, *known[len(fixed) :]),
        interactions=interactions(history.acts, postings),
        placements=placements(history, people, posts, employers, postings, today, dice[6]),
        services=services(people, today, dice[6]),
        courses=courses(today, dice[6]),
        causes={str(cause): count for cause, count in history.causes().items()},
    )


def write_tables(province: Province, folder: Path) -> None:
    """Write the seven tables as CSV, and a notice that all of it is invented; the folder is made if need be.

    Raises
    ------
    OSError
        When the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for spec in schema.TABLES.values():
        with (folder / f"{spec.name}.csv").open("w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow([column.name for column in spec.columns])
            for entity in province.table(spec.name):
                writer.writerow([column.format(getattr(entity, column.attribute)) for column in spec.columns])
    (folder / "INVENTED.md").write_text(NOTICE, encoding="utf-8")
