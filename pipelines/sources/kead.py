"""Real disabled job seekers of Korea (KEAD, 2025) as facts, a wish and groups: to measure what facts tell of a wish.

The file lies outside the repository (open government data, KOGL type 1: Korea Employment Agency for Persons with
Disabilities, 장애인 구직자 현황). Each row is one registration with one wished occupation and no outcome, so a wish
is what a person asks for, not work they got. Type and severity of disability are groups to measure by, never facts to
predict from; nobody is to be identified.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.errors import SheetError

SEEKERS = "seekers.csv.gz"
_COLUMNS = ("구직등록일", "연령", "희망지역", "희망직종", "희망임금", "장애유형", "중증여부")
_WAGE = r"\((?P<kind>[^)]*)\)(?P<amount>\d+)"
CATEGORIES = {
    "시각장애": "vision",
    "청각장애": "hearing",
    "언어장애": "speech",
    "지체장애": "physical",
    "뇌병변장애": "physical",
    "지적장애": "intellectual",
    "자폐성장애": "intellectual",
    "정신장애": "mental",
}
"""The categories of China that the types answer to; inner organs and faces have none there (`other`)."""


@dataclass(frozen=True, slots=True)
class Seekers:
    """n registrations in the order of their days.

    `facts` are names of what is known of each (`place:…`, `age:…`, `wage:…`), `wish` the occupation asked for;
    `day` datetime64 (n,), `category`, `severity` and `kind` are groups.
    """

    day: NDArray[np.datetime64]
    facts: Sequence[tuple[str, ...]]
    wish: Sequence[str]
    category: Sequence[str]
    severity: Sequence[str]
    kind: Sequence[str]

    def __len__(self) -> int:
        return len(self.wish)


def read_seekers(source: Path) -> Seekers:
    """Read the folder of the set; rows without a day or a wish are left out.

    Raises
    ------
    SheetError
        When the file or a column of it is missing.
    """
    try:
        table = pd.read_csv(source / SEEKERS, dtype=str, keep_default_na=False)
    except (OSError, EOFError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise SheetError(f"无法读取 {SEEKERS}") from error
    missing = [column for column in _COLUMNS if column not in table.columns]
    if missing:
        raise SheetError(f"{SEEKERS} 缺少列：{'、'.join(missing)}")
    table["day"] = pd.to_datetime(table["구직등록일"], format="%Y-%m-%d", errors="coerce")
    table = table[table["day"].notna() & table["희망직종"].ne("")].sort_values("day", kind="stable")
    return Seekers(
        day=table["day"].to_numpy(dtype="datetime64[D]"),
        facts=_facts(table),
        wish=table["희망직종"].tolist(),
        category=[CATEGORIES.get(kind, "other") for kind in table["장애유형"]],
        severity=[
            "severe" if word == "중증" else "mild" if word == "경증" else "unknown" for word in table["중증여부"]
        ],
        kind=table["장애유형"].tolist(),
    )


def _facts(table: pd.DataFrame) -> list[tuple[str, ...]]:
    age = pd.to_numeric(table["연령"], errors="coerce")
    place = table["희망지역"].str.split()
    wage = table["희망임금"].str.extract(_WAGE)
    found = []
    for years, parts, kind, amount in zip(age, place, wage["kind"], wage["amount"], strict=True):
        known = [] if np.isnan(years) else [f"age:{int(years) // 5}"]
        if parts:
            known += [f"province:{parts[0]}", f"place:{' '.join(parts)}"]
        if isinstance(kind, str) and kind and int(amount):
            known.append(f"wage:{kind}{int(amount)}")
            known += [] if np.isnan(years) else [f"wage_kind_and_age:{kind}{int(years) // 10}"]
        found.append(tuple(known))
    return found
