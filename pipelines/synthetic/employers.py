"""Invented employers: who they are on paper, and how they treat applicants, which nobody records.

Their posts are left to `vacancies`. Credit codes carry the letters DEM as a mark.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import numpy as np
from stdnum.cn import uscc

from matching.entities import Employer, EmployerId
from matching.vocabulary import EmployerKind, Level, YesNo
from pipelines.synthetic.words import Bools, Floats, Ints, Trade, counties, load, pick, spread_over_counties, trades

HISTORY_FLOOR = 1000
"""Days before today on which every employer already exists, so that none advertises before its registration."""

EMPLOYER_SHARES: Mapping[str, float] = {
    "organ": 10,
    "institution": 9,
    "state_owned": 7,
    "private": 39,
    "platform": 4,
    "social_organisation": 4,
    "private_non_enterprise": 4,
    "concentrated": 5,
    "auxiliary": 4,
    "massage": 3.5,
    "individual_business": 9,
}
_CODE_PREFIX = {
    EmployerKind.ORGAN: "11",
    EmployerKind.INSTITUTION: "12",
    EmployerKind.SOCIAL_ORGANISATION: "51",
    EmployerKind.PRIVATE_NON_ENTERPRISE: "52",
    EmployerKind.AUXILIARY: "52",
    EmployerKind.INDIVIDUAL_BUSINESS: "92",
}
_HEADCOUNT = {
    EmployerKind.ORGAN: (45, 0.6),
    EmployerKind.INSTITUTION: (90, 0.8),
    EmployerKind.STATE_OWNED: (260, 0.8),
    EmployerKind.PRIVATE: (60, 1.0),
    EmployerKind.PLATFORM: (220, 0.8),
    EmployerKind.CONCENTRATED: (55, 0.5),
    EmployerKind.INDIVIDUAL_BUSINESS: (5, 0.5),
}
# What disabled applicants really meet, from 0 (turned away) to 1 (welcome): mean by kind; set by hand.
_WELCOME = {
    EmployerKind.CONCENTRATED: 0.85,
    EmployerKind.AUXILIARY: 0.95,
    EmployerKind.MASSAGE: 0.8,
    EmployerKind.SOCIAL_ORGANISATION: 0.8,
    EmployerKind.PRIVATE_NON_ENTERPRISE: 0.65,
    EmployerKind.ORGAN: 0.6,
    EmployerKind.INSTITUTION: 0.6,
    EmployerKind.PLATFORM: 0.65,
}


@dataclass(slots=True)
class Employers:
    """The records, and beside them the hidden habits: one row each."""

    records: tuple[Employer, ...]
    kinds: tuple[EmployerKind, ...]
    county: Ints
    trade: Ints
    welcome: Floats
    judges_looks: Bools
    refuses_accommodation: Bools
    attraction: Floats


@cache
def trade_weights(kind: EmployerKind) -> Floats:
    """Return how often an employer of this kind is about each trade."""
    return np.array([t.weight * t.at.get(kind, 0.0) for t in trades()])


@cache
def local_weights(county: int) -> Floats:
    """Return how much more or less often each trade is found in a county: towns have screens, the country has farms."""
    share = counties()[county].rural_share
    table = load("places")["in_town"] if share < 0.3 else load("places")["far_from_town"] if share > 0.7 else {}
    return np.array([float(table.get(t.family, 1.0)) for t in trades()])


def invent_employers(n: int, today: date, rng: np.random.Generator) -> Employers:
    """Invent `n` employers; the first go once round the areas."""
    town_weights = np.array([county.weight * (1.4 - county.rural_share) for county in counties()])
    county = spread_over_counties(n, town_weights, rng)
    kinds = [EmployerKind.parse(pick(rng, EMPLOYER_SHARES)) for _ in range(n)]
    trade = np.zeros(n, dtype=np.int64)
    records = []
    for row, kind in enumerate(kinds):
        weights = trade_weights(kind) * local_weights(int(county[row]))
        trade[row] = rng.choice(len(weights), p=weights / weights.sum())
        records.append(_record(row, kind, trades()[trade[row]], int(county[row]), today, rng))
    welcome = np.clip(rng.normal([_WELCOME.get(kind, 0.45) for kind in kinds], 0.18), 0.03, 0.98)
    return Employers(
        records=tuple(records),
        kinds=tuple(kinds),
        county=county,
        trade=trade,
        welcome=welcome,
        judges_looks=rng.random(n) < 0.28 * (1.15 - welcome) * 2,
        refuses_accommodation=rng.random(n) < 0.35 * (1.1 - welcome) * 2,
        attraction=rng.normal(0, 0.7, n),
    )


def credit_code(number: int, kind: EmployerKind, region: str) -> EmployerId:
    """Return a credit code with a right check character and the letters DEM in its organisation part.

    Source: GB 32100-2015 for the layout.
    """
    body = f"{_CODE_PREFIX.get(kind, '91')}{region}DEM{number:06d}"
    return EmployerId(body + uscc.calc_check_digit(body))


def employer_suffix(kind: EmployerKind, industry: str, rng: np.random.Generator) -> str:
    """Draw the ending of a name that suits the kind and the industry."""
    by_industry = load("words")["suffixes"][kind.value]
    options = by_industry.get(industry, by_industry["*"])
    return str(options[int(rng.integers(len(options)))])


def _record(
    number: int, kind: EmployerKind, trade: Trade, county: int, today: date, rng: np.random.Generator
) -> Employer:
    place = counties()[county]
    words = load("words")
    suffix = employer_suffix(kind, trade.industry, rng)
    brand = words["brands"][int(rng.integers(len(words["brands"])))]
    middle, spread = _HEADCOUNT.get(kind, (18, 0.7))
    headcount = max(1, round(middle * float(rng.lognormal(0, spread))))
    staffed = kind in (EmployerKind.ORGAN, EmployerKind.INSTITUTION)
    known = rng.random(9) < (0.97, 0.95, 0.8, 0.85, 0.75, 0.9, 0.6, 0.7, 0.65)
    level = _level(kind, suffix, rng) if staffed or kind is EmployerKind.STATE_OWNED else None
    registered = today - timedelta(days=HISTORY_FLOOR + int(rng.integers(0, 365 * 15)))
    return Employer(
        employer_id=credit_code(number, kind, place.code),
        name=f"{place.name}{brand}{suffix}（演示）",
        kind=kind if known[0] else None,
        level=level if known[2] else None,
        is_school=_is_school(suffix) if kind is EmployerKind.INSTITUTION and known[1] else None,
        region=place.code,
        address=f"{place.name}演示路{int(rng.integers(1, 300))}号（演示地址）" if known[3] else None,
        industry=trade.industry if known[5] else None,
        headcount=Decimal(headcount) if known[4] else None,
        establishment=max(5, round(headcount * float(rng.uniform(0.7, 1.1)))) if staffed and known[7] else None,
        average_wage=_average_wage(place.pay_level, rng) if known[6] else None,
        registered_on=registered if known[7] else None,
        contact=f"000-{9_000_000 + number:08d}" if known[8] else None,
    )


def _average_wage(pay_level: float, rng: np.random.Generator) -> Decimal:
    return Decimal(round(52_000 * pay_level * float(rng.lognormal(0, 0.25)) / 100) * 100)


def _level(kind: EmployerKind, suffix: str, rng: np.random.Generator) -> Level:
    if suffix in ("镇人民政府", "乡人民政府", "街道办事处"):
        return Level.TOWNSHIP
    shares = {"central": 3, "province": 8, "prefecture": 29, "county": 60}
    if kind is EmployerKind.STATE_OWNED:
        shares = {"central": 12, "province": 25, "prefecture": 33, "county": 30}
    return Level.parse(pick(rng, shares))


def _is_school(suffix: str) -> YesNo:
    return YesNo.YES if suffix in load("words")["schools"] else YesNo.NO
