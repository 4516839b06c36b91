"""Invented posts: what the work is really like, and what of it the posting says.

Closing days are settled by `history`, because a post that is filled closes; so records are made last.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

import numpy as np

from matching.entities import Vacancy, VacancyId
from matching.vocabulary import (
    Accommodation,
    AccommodationState,
    Concession,
    DisabilityCategory,
    EmployerKind,
    Function,
    VacancyKind,
    WorkMode,
    YesNo,
)
from pipelines.synthetic.employers import Employers, local_weights, trade_weights
from pipelines.synthetic.people import best_closings
from pipelines.synthetic.postings import describe
from pipelines.synthetic.words import (
    ACCOMMODATIONS,
    FUNCTIONS,
    OPEN_ENDED,
    Bools,
    Floats,
    Ints,
    Levels,
    Trade,
    counties,
    licences,
    pick,
    trades,
)

_KINDS: Mapping[EmployerKind, Mapping[str, float]] = {
    EmployerKind.ORGAN: {
        "rural_public_welfare": 52,
        "public_welfare": 25,
        "directed": 8,
        "reserved": 5,
        "internship": 4,
        "open": 6,
    },
    EmployerKind.INSTITUTION: {"open": 42, "directed": 8, "reserved": 10, "public_welfare": 24, "internship": 16},
    EmployerKind.STATE_OWNED: {"open": 71, "directed": 9, "reserved": 10, "public_welfare": 5, "internship": 5},
    EmployerKind.PRIVATE: {"open": 88, "directed": 4, "reserved": 4, "internship": 4},
    EmployerKind.PLATFORM: {"open": 92, "directed": 8},
    EmployerKind.SOCIAL_ORGANISATION: {
        "open": 56,
        "directed": 17,
        "auxiliary": 12,
        "reserved": 5,
        "public_welfare": 10,
    },
    EmployerKind.PRIVATE_NON_ENTERPRISE: {"open": 77, "directed": 9, "reserved": 7, "internship": 7},
    EmployerKind.CONCENTRATED: {"open": 48, "directed": 29, "reserved": 18, "auxiliary": 5},
    EmployerKind.AUXILIARY: {"auxiliary": 92, "open": 8},
    EmployerKind.MASSAGE: {"open": 79, "directed": 17, "internship": 4},
    EmployerKind.INDIVIDUAL_BUSINESS: {"open": 97, "directed": 2, "internship": 1},
}
_EVERYWHERE = ("office", "manual")  # families that employers of any industry may need
_BASE_OFFERS = {
    "concentrated": 0.42,
    "auxiliary": 0.42,
    "massage": 0.3,
    "social_organisation": 0.3,
    "institution": 0.2,
    "organ": 0.2,
}
_CERTAIN_OFFERS = {"screen_reader": "massage", "job_coach": "auxiliary", "simple_steps": "auxiliary"}
# Accommodations that make no sense outside some families of trades.
_ONLY_IN = {
    "screen_reader": ("screen", "office", "massage"),
    "captions": ("screen", "office"),
    "large_print": ("screen", "office", "service", "massage"),
    "shuttle": ("factory", "farm", "logistics"),
    "lifting_aid": ("factory", "logistics", "manual", "kitchen", "farm"),
    "adapted_tools": ("factory", "craft", "technical", "kitchen"),
    "lift": ("screen", "office", "service", "massage", "care"),
}
_WELCOMES = ("physical", "hearing", "vision", "intellectual", "speech", "mental")


@dataclass(slots=True)
class Vacancies:
    """The truth about m posts, one row each; day numbers are `date.toordinal`, `closes` may be `OPEN_ENDED`."""

    employer: Ints
    trade: Ints
    kind: tuple[VacancyKind, ...]
    county: Ints
    longitude: Floats
    latitude: Floats
    opens: Ints
    closes: Ints
    openings: Ints
    wage: Floats
    wage_max: Floats
    hours: Floats
    night: Bools
    mode: tuple[WorkMode, ...]
    demands: Levels
    accommodations: Bools
    closed_gaps: Levels
    education: Ints  # rank
    experience: Ints
    licences: Bools
    unlawful: Bools

    def __len__(self) -> int:
        """Number of posts."""
        return len(self.employer)


def invent_vacancies(m: int, employers: Employers, today: date, rng: np.random.Generator) -> Vacancies:
    """Invent `m` posts of these employers; the first go once round the areas, as the employers do."""
    size = rng.lognormal(0, 0.7, len(employers.records))
    employer = np.zeros(m, dtype=np.int64)
    if m:
        employer[:] = rng.choice(len(size), size=m, p=size / size.sum())
    employer[: min(m, 16, len(size))] = np.arange(min(m, 16, len(size)))
    kinds, chosen = _kinds_and_trades(employer, employers, rng)
    table = [trades()[t] for t in chosen]
    county = _counties(employer, employers, kinds, rng)
    opens, closes = _windows(m, today, rng)
    longitude, latitude = _places(county, table, rng)
    mode = tuple(_mode(trade, rng) for trade in table)
    hours = _hours(table, rng)
    wage, wage_max = _wages(table, kinds, county, hours, rng)
    demands = _demands(table, mode, rng)
    offers = _offers(table, employer, employers, mode, rng)
    looks = employers.judges_looks[employer]
    return Vacancies(
        employer=employer,
        trade=chosen,
        kind=kinds,
        county=county,
        longitude=longitude,
        latitude=latitude,
        opens=opens,
        closes=closes,
        openings=_openings(kinds, employer, employers, rng),
        wage=wage,
        wage_max=wage_max,
        hours=hours,
        night=rng.random(m) < np.array([t.night for t in table]),
        mode=mode,
        demands=demands,
        accommodations=offers,
        closed_gaps=best_closings(offers),
        education=np.array([t.education.rank if t.education else 0 for t in table]) * (rng.random(m) < 0.75),
        experience=np.array([t.experience for t in table]) * (rng.random(m) < 0.8),
        licences=np.array([[name in t.certificates for name in licences()] for t in table], dtype=bool).reshape(
            m, len(licences())
        ),
        unlawful=rng.random(m) < np.array([t.unlawful for t in table]) * np.where(looks, 1.8, 0.35),
    )


@cache
def _trade_shares(employer: EmployerKind, kind: VacancyKind, own: int) -> Floats:
    """Which trades a post of this kind is about, for an employer whose own trade is `own`; zeros if none."""
    home = trades()[own]
    shares = trade_weights(employer) * np.array([kind in t.kinds for t in trades()])
    near = np.array(
        [6.0 if t.industry == home.industry else 0.5 if t.family in _EVERYWHERE else 0.08 for t in trades()]
    )
    return np.asarray(shares * near)


def _kinds_and_trades(
    employer: Ints, employers: Employers, rng: np.random.Generator
) -> tuple[tuple[VacancyKind, ...], Ints]:
    kinds: list[VacancyKind] = []
    chosen = np.zeros(len(employer), dtype=np.int64)
    for row, owner in enumerate(employer):
        nature = employers.kinds[int(owner)]
        kind = VacancyKind.parse(pick(rng, _KINDS[nature]))
        if kind is VacancyKind.RURAL_PUBLIC_WELFARE and rng.random() > counties()[employers.county[owner]].rural_share:
            kind = VacancyKind.PUBLIC_WELFARE
        local = local_weights(int(employers.county[owner]))
        shares = _trade_shares(nature, kind, int(employers.trade[owner])) * local
        if not shares.sum():
            kind = VacancyKind.OPEN
            shares = trade_weights(nature)
        kinds.append(kind)
        chosen[row] = rng.choice(len(shares), p=shares / shares.sum())
    return tuple(kinds), chosen


def _counties(employer: Ints, employers: Employers, kinds: tuple[VacancyKind, ...], rng: np.random.Generator) -> Ints:
    """Mostly where the employer is; some posts lie elsewhere in the area."""
    county = employers.county[employer].copy()
    area_of = np.array([c.area for c in counties()])
    moved = rng.random(len(employer)) < 0.1
    for row in np.flatnonzero(moved):
        if kinds[row] in (VacancyKind.OPEN, VacancyKind.INTERNSHIP):
            county[row] = rng.choice(np.flatnonzero(area_of == area_of[county[row]]))
    return county


def _windows(m: int, today: date, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Days on which posts open and are meant to close.

    More than a fifth are new, most of the rest are open today, a third of all being standing offers of long ago;
    the others are past.
    """
    end = today.toordinal()
    draw = rng.random(m)
    months = _season_days(m, end, rng)
    age = np.select(
        [draw < 0.22, draw < 0.56, draw < 0.885],
        [rng.integers(0, 22, m), rng.integers(22, 270, m), rng.integers(150, 900, m)],
        end - months,
    )
    opens = end - age.astype(np.int64)
    stated = rng.random(m) < 0.62
    still_open = draw < 0.885
    closes_later = end + rng.integers(5, 150, m)
    closed = np.minimum(opens + rng.integers(25, 160, m), end - 1)
    return opens, np.where(still_open, np.where(stated, closes_later, OPEN_ENDED), closed).astype(np.int64)


SEASON = (0.45, 0.9, 1.6, 1.35, 1.1, 0.95, 0.85, 0.9, 1.25, 1.15, 0.9, 0.6)
"""How busy each month is, January first: quiet before the Spring Festival, busy after it and in autumn."""


def _season_days(m: int, end: int, rng: np.random.Generator) -> Ints:
    """Days of the past two years, more of them in busy months; at least a month before the end."""
    days = np.arange(end - 725, end - 30)
    weights = np.array([SEASON[date.fromordinal(int(day)).month - 1] for day in days])
    return rng.choice(days, size=m, p=weights / weights.sum())


def _places(county: Ints, table: list[Trade], rng: np.random.Generator) -> tuple[Floats, Floats]:
    rural = np.array([trade.family in ("farm", "outdoor") for trade in table])
    spread = np.where(rural, 0.1, 0.03)
    points = np.array([c.point for c in counties()])[county]
    jitter = rng.normal(0, 1, (len(county), 2)) * spread[:, None]
    return (points[:, 0] + jitter[:, 0]).round(4), (points[:, 1] + jitter[:, 1]).round(4)


def _mode(trade: Trade, rng: np.random.Generator) -> WorkMode:
    if rng.random() >= trade.remote:
        return WorkMode.ONSITE
    return WorkMode.REMOTE if rng.random() < 0.7 else WorkMode.HYBRID


def _hours(table: list[Trade], rng: np.random.Generator) -> Floats:
    """Hours a day: most as the trade has them, some full-time posts shorter or longer."""
    usual = np.array([t.hours for t in table])
    return np.asarray(usual + rng.choice([0, 0, 0, 0, 0, 0, -2, -4, 1], len(table)) * (usual >= 8))


def _wages(
    table: list[Trade], kinds: tuple[VacancyKind, ...], county: Ints, hours: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Lower and upper wage, in tens of yuan; full-time posts pay the county's floor at least."""
    pay = np.array([c.pay_level for c in counties()])[county]
    floor = np.array([c.pay_floor for c in counties()])[county]
    low = np.array([t.wage[0] for t in table])
    high = np.array([t.wage[1] for t in table])
    level = np.clip(rng.normal(1, 0.09, len(table)), 0.75, 1.3) * pay
    wage, top = low * level, low * level + (high - low) * rng.uniform(0.25, 1, len(table)) * level
    shortened = np.where([t.hours >= 8 for t in table], np.minimum(hours / 8, 1), 1)
    wage, top = wage * shortened, top * shortened
    part_time = (hours < 8) | np.isin([k.value for k in kinds], ["auxiliary"])
    fixed = np.isin([k.value for k in kinds], ["public_welfare"])
    wage = np.where(part_time, wage, np.maximum(wage, floor))
    top = np.where(fixed, wage + 200, np.maximum(top, wage))
    return np.ceil(wage / 10) * 10, np.ceil(top / 10) * 10


def _demands(table: list[Trade], mode: tuple[WorkMode, ...], rng: np.random.Generator) -> Levels:
    """The trade's demands, some of them a level up or down at this post; home work needs no journey."""
    demands = np.array([t.demands for t in table], dtype=np.int16).reshape(len(table), len(FUNCTIONS))
    shift = rng.choice([-1, 0, 0, 0, 0, 1], size=demands.shape) * (demands > 0)
    varied = np.clip(demands + shift, 0, 4)
    names = [f.value for f in FUNCTIONS]
    home = np.array([m is WorkMode.REMOTE for m in mode], dtype=bool)
    for name in ("walking", "standing", "travelling_alone"):
        varied[home, names.index(name)] = 0
    return np.asarray(varied, dtype=np.int8)


def _offers(
    table: list[Trade], employer: Ints, employers: Employers, mode: tuple[WorkMode, ...], rng: np.random.Generator
) -> Bools:
    """What the workplace really has, whether or not the posting says so."""
    offers = np.zeros((len(table), len(ACCOMMODATIONS)), dtype=bool)
    names = [a.value for a in ACCOMMODATIONS]
    for row, trade in enumerate(table):
        nature = employers.kinds[employer[row]].value
        base = _BASE_OFFERS.get(nature, 0.05) * (0.5 + employers.welcome[employer[row]])
        sensible = np.array([trade.family in _ONLY_IN.get(name, (trade.family,)) for name in names])
        offers[row] = (rng.random(len(names)) < 1.5 * base) & sensible
        offers[row, names.index("dormitory")] = rng.random() < (
            0.4 if trade.family in ("factory", "logistics") else 0.06
        )
        offers[row, names.index("remote_work")] = mode[row] is not WorkMode.ONSITE
        for name, kind in _CERTAIN_OFFERS.items():
            offers[row, names.index(name)] |= nature == kind and rng.random() < 0.75
    return offers


def _openings(kinds: tuple[VacancyKind, ...], employer: Ints, employers: Employers, rng: np.random.Generator) -> Ints:
    m = len(kinds)
    many = np.array([employers.kinds[e] in (EmployerKind.PRIVATE, EmployerKind.PLATFORM) for e in employer])
    wide = np.array([kind in (VacancyKind.AUXILIARY, VacancyKind.RURAL_PUBLIC_WELFARE) for kind in kinds])
    drawn = 1 + rng.geometric(np.where(many, 0.22, np.where(wide, 0.25, 0.5)), m) - 1
    return np.clip(drawn, 1, 30).astype(np.int64)


def vacancy_records(
    truth: Vacancies, employers: Employers, closes: Ints, rng: np.random.Generator
) -> tuple[Vacancy, ...]:
    """Return the postings, as complete as postings are; `closes` holds the days on which they ended or will end."""
    width = max(4, len(str(len(truth))))
    return tuple(
        _record(row, f"demo-v-{row + 1:0{width}d}", truth, employers, int(closes[row]), rng)
        for row in range(len(truth))
    )


def _record(
    row: int, vacancy_id: str, truth: Vacancies, employers: Employers, closes: int, rng: np.random.Generator
) -> Vacancy:
    trade, kind, mode = trades()[truth.trade[row]], truth.kind[row], truth.mode[row]
    owner = employers.records[truth.employer[row]]
    nature = employers.kinds[truth.employer[row]]
    structured = bool(rng.random() < 0.5)
    title = trade.titles[int(rng.integers(len(trade.titles)))]
    says = rng.random(16)
    employed = kind not in (VacancyKind.AUXILIARY, VacancyKind.RURAL_PUBLIC_WELFARE, VacancyKind.INTERNSHIP)
    insured = (
        YesNo.YES if rng.random() < (0.75 if employed and nature is not EmployerKind.PLATFORM else 0.2) else YesNo.NO
    )
    place = counties()[truth.county[row]]
    return Vacancy(
        vacancy_id=VacancyId(vacancy_id),
        employer_id=owner.employer_id,
        employer_name=owner.name if says[0] < 0.9 else None,
        title=title,
        description=None
        if structured and says[1] < 0.3
        else describe(
            trade,
            hours=float(truth.hours[row]),
            night=bool(truth.night[row]),
            unlawful=bool(truth.unlawful[row]),
            mode=mode,
            rng=rng,
        ),
        occupation=trade.occupation if says[2] < 0.7 else None,
        kind=kind if says[3] < 0.97 or kind is not VacancyKind.OPEN else None,
        welcomes=_welcomed(trade, rng) if kind.is_announced_for_disabled_people else (),
        region=place.code,
        address=f"{place.name}演示路{int(rng.integers(1, 300))}号（演示地址）" if says[4] < 0.75 else None,
        longitude=float(truth.longitude[row]) if says[5] < 0.65 else None,
        latitude=float(truth.latitude[row]) if says[5] < 0.65 else None,
        work_mode=mode if says[6] < 0.85 or mode is not WorkMode.ONSITE else None,
        openings=int(truth.openings[row]),
        wage_min=Decimal(int(truth.wage[row])) if says[7] < 0.88 else None,
        wage_max=Decimal(int(truth.wage_max[row])) if says[7] < 0.84 else None,
        hours_per_day=Decimal(int(truth.hours[row])) if says[8] < 0.7 else None,
        days_per_week=Decimal(str(trade.days)) if says[9] < 0.6 else None,
        night_shift=(YesNo.YES if truth.night[row] else YesNo.NO) if says[10] < 0.7 else None,
        education_min=trade.education if truth.education[row] > 0 else None,
        experience_years_min=Decimal(int(truth.experience[row])) if says[11] < 0.5 or truth.experience[row] else None,
        skills=trade.skills if says[12] < 0.65 else (),
        certificates=trade.certificates,
        contract_months=int(rng.choice([6, 12, 24, 36], p=[0.12, 0.5, 0.13, 0.25]))
        if employed and says[13] < 0.7
        else None,
        social_insurance=insured if says[14] < 0.7 else None,
        demands=_stated_demands(truth.demands[row], rng) if structured else {},
        accommodations=_stated_offers(truth.accommodations[row], rng),
        concessions=_concessions(rng) if nature is EmployerKind.PLATFORM else (),
        opens_on=date.fromordinal(int(truth.opens[row])),
        closes_on=None if closes == OPEN_ENDED else date.fromordinal(closes),
    )


def _welcomed(trade: Trade, rng: np.random.Generator) -> tuple[DisabilityCategory, ...]:
    if trade.welcomes:
        return trade.welcomes
    if rng.random() < 0.55:
        return ()
    count = int(rng.integers(1, 4))
    chosen = set(rng.choice(_WELCOMES, size=count, replace=False, p=(0.4, 0.22, 0.08, 0.12, 0.1, 0.08)))
    return tuple(c for c in DisabilityCategory if c.value in chosen)


def _stated_demands(demands: Levels, rng: np.random.Generator) -> dict[Function, int]:
    """Two thirds of structured postings answer for every function, the others only for what they ask."""
    complete = rng.random() < 0.67
    return {f: int(level) for f, level in zip(FUNCTIONS, demands, strict=True) if complete or level > 0}


def _stated_offers(offers: Bools, rng: np.random.Generator) -> dict[Accommodation, AccommodationState]:
    """Half of what is there is stated; a few claims are not true."""
    stated: dict[Accommodation, AccommodationState] = {}
    for accommodation, there in zip(ACCOMMODATIONS, offers, strict=True):
        draw = rng.random()
        if there and draw < 0.12:
            stated[accommodation] = AccommodationState.VERIFIED
        elif (there and draw < 0.5) or (not there and draw < 0.004):
            stated[accommodation] = AccommodationState.DECLARED
    return stated


def _concessions(rng: np.random.Generator) -> tuple[Concession, ...]:
    return tuple(concession for concession in Concession if rng.random() < 0.35)
