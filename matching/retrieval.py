"""Who may be listed: every open vacancy is kept, or left out under one named reason.

Only three grounds exclude: law, a stated demand that nothing closes (safety), and the person's own hard wishes
(preference). What an accommodation can fix, what is only derived, and what is not known never exclude.
A directed or reserved post that is announced for other categories is left out by the announcement itself; it is the
one place where a category is looked at, and an unknown category is never a no.
"""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from matching.entities import Candidate
from matching.fit import FUNCTIONS, FitArrays, compare_all, limitation_vector
from matching.licences import Licence, holds, licences
from matching.reach import Distances, distances, reach_settings
from matching.rules.dated import Rules
from matching.rules.person import is_past_retirement, is_under_working_age
from matching.settings import ranking_settings
from matching.source import Source
from matching.stock import ACCOMMODATIONS, CATEGORIES, KINDS, LICENCES, MODES, Stock
from matching.vocabulary import Accommodation, Ground, VacancyKind, WorkMode


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why vacancies are left out: a sentence, its ground (None for posts already filled), its source if any."""

    code: str
    text: str
    ground: Ground | None
    source: Source | None = None
    general: str | None = None

    @property
    def general_text(self) -> str:
        """The reason without this person's own figures, for counts over many people."""
        return self.general or self.text


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What one person may be listed for.

    `rows` are the stock's open vacancies, ascending; the other arrays run beside `rows`. `excluded_by` is the position
    in `exclusions` or -1; `distance` and `fit` are kept for ranking and explaining.
    """

    rows: NDArray[np.intp]
    excluded_by: NDArray[np.int16]
    exclusions: tuple[Exclusion, ...]
    distance: Distances
    fit: FitArrays

    @property
    def listed(self) -> NDArray[np.intp]:
        """Positions within `rows` of the vacancies that are ranked."""
        return np.flatnonzero(self.excluded_by < 0)


class _Excluder:
    """Collects exclusions; the first that applies to a vacancy names it."""

    def __init__(self, n: int) -> None:
        self.by = np.full(n, -1, dtype=np.int16)
        self.found: list[Exclusion] = []

    def add(self, applies: NDArray[np.bool_], exclusion: Exclusion) -> None:
        free = applies & (self.by < 0)
        if free.any():
            self.by[free] = len(self.found)
            self.found.append(exclusion)


def retrieve(candidate: Candidate, stock: Stock, rules: Rules, *, rows: NDArray[np.intp] | None = None) -> Retrieval:
    """Hold one person against every vacancy that is open on the day of `rules`, or against those at `rows`."""
    rows = stock.open_rows(rules.on) if rows is None else rows
    distance = distances(candidate, stock.spots.take(rows))
    fit = compare_all(
        limitation_vector(candidate.functions),
        stock.demands,
        rows=rows,
        needs_any=bool(candidate.accommodations_needed),
        expected=stock.expected,
    )
    excluder = _Excluder(len(rows))
    _exclude_filled(excluder, stock, rows)
    _exclude_by_law(excluder, candidate, stock, rows, rules)
    _exclude_by_demand(excluder, fit)
    _exclude_by_wish(excluder, candidate, stock, rows, distance)
    return Retrieval(rows, excluder.by, tuple(excluder.found), distance, fit)


def _exclude_filled(excluder: _Excluder, stock: Stock, rows: NDArray[np.intp]) -> None:
    filled = stock.openings_left[rows] <= 0  # NaN, an unknown number, is never filled
    excluder.add(filled, Exclusion("filled", "招聘名额已满", None))


def _exclude_by_law(
    excluder: _Excluder, candidate: Candidate, stock: Stock, rows: NDArray[np.intp], rules: Rules
) -> None:
    everything = np.ones(len(rows), dtype=np.bool_)
    if is_under_working_age(candidate, rules):
        age = rules.find("person.minimum_working_age")
        text = f"未满{age.value}周岁，用人单位不得招用"
        excluder.add(everything, Exclusion("under_age", text, Ground.LAW, age.cited))
    kind = stock.kind[rows]
    if is_past_retirement(candidate, rules):
        welfare = kind == KINDS.index(VacancyKind.PUBLIC_WELFARE)
        text = "已过法定退休年龄，公益性岗位安置的是劳动年龄内的就业困难人员"
        excluder.add(
            welfare, Exclusion("past_retirement", text, Ground.LAW, Source("就业促进法", "第五十二条、第五十三条"))
        )
    _exclude_announced_for_others(excluder, candidate, stock, rows)
    _exclude_without_licence(excluder, candidate, stock, rows)


def _exclude_announced_for_others(
    excluder: _Excluder, candidate: Candidate, stock: Stock, rows: NDArray[np.intp]
) -> None:
    category = candidate.known_category
    if category is None:
        return
    announced = np.isin(stock.kind[rows], [i for i, kind in enumerate(KINDS) if kind.is_announced_for_disabled_people])
    others = announced & stock.is_choosy[rows] & ~stock.welcomes[rows, CATEGORIES.index(category)]
    text = "定向或预留岗位，招聘公告面向其他残疾类别"
    excluder.add(others, Exclusion("announced_for_others", text, Ground.LAW, Source("招聘公告", "招聘对象")))


def _exclude_without_licence(excluder: _Excluder, candidate: Candidate, stock: Stock, rows: NDArray[np.intp]) -> None:
    if not candidate.certificates:
        return  # not stated is not known: the shortlist asks for it instead
    required = stock.licence[rows]
    for column, licence_id in enumerate(LICENCES):
        if licence_id in ranking_settings().licences_to_ask:
            continue
        licence = licences()[licence_id]
        if required[:, column].any() and not _may_hold(candidate.certificates, licence):
            text = f"法定须持有{licence.label}，本人已登记的证书中没有"
            excluder.add(
                required[:, column],
                Exclusion(f"licence_{licence_id}", text, Ground.LAW, Source(licence.document, licence.clause)),
            )


def _may_hold(certificates: tuple[str, ...], licence: Licence) -> bool:
    """True where the person holds the licence, or one of the same clause of which the trade is not told on one side."""
    if holds(certificates, licence):
        return True
    untold = ranking_settings().licences_of_any_kind
    return any(
        holds(certificates, other)
        for other in licences().values()
        if (other.document, other.clause) == (licence.document, licence.clause)
        and (other.licence_id in untold or licence.licence_id in untold)
    )


def _exclude_by_demand(excluder: _Excluder, fit: FitArrays) -> None:
    does_not_fit = fit.outcome == 3
    for position, function in enumerate(FUNCTIONS):
        applies = does_not_fit & (fit.deciding == position)
        text = f"岗位明确要求{function.label}，超出本人目前能力，且没有便利可以补足"
        excluder.add(
            applies, Exclusion(f"demand_{function.value}", text, Ground.SAFETY, Source("岗位信息", "岗位功能要求"))
        )


def excluded_at_sight(candidate: Candidate, stock: Stock, rows: NDArray[np.intp], rules: Rules) -> NDArray[np.bool_]:
    """True where something else than fit and way leaves a vacancy out, bool (len(rows),), as `retrieve` would."""
    excluder = _Excluder(len(rows))
    _exclude_filled(excluder, stock, rows)
    _exclude_by_law(excluder, candidate, stock, rows, rules)
    _exclude_by_conditions(excluder, candidate, stock, rows)
    return np.asarray(excluder.by >= 0)


def _exclude_by_wish(
    excluder: _Excluder, candidate: Candidate, stock: Stock, rows: NDArray[np.intp], distance: Distances
) -> None:
    _exclude_by_conditions(excluder, candidate, stock, rows)
    if candidate.max_commute_km is not None:
        beyond = _beyond_commute(candidate, float(candidate.max_commute_km), stock, rows, distance)
        text = f"超过本人最远通勤{_plain(candidate.max_commute_km)}公里，且无宿舍、班车，也不在意向地区"
        general = "超过本人所填最远通勤，且无宿舍、班车，也不在意向地区"
        excluder.add(beyond, Exclusion("commute", text, Ground.PREFERENCE, _OWN_WORD, general))


_OWN_WORD = Source("本人意愿", "求职登记")


def _exclude_by_conditions(excluder: _Excluder, candidate: Candidate, stock: Stock, rows: NDArray[np.intp]) -> None:
    mode = stock.mode[rows]
    if candidate.work_modes:
        accepted = [MODES.index(m) for m in candidate.work_modes]
        if {WorkMode.ONSITE, WorkMode.REMOTE} <= set(candidate.work_modes):
            accepted.append(MODES.index(WorkMode.HYBRID))  # partly each of the two that are accepted
        refused = (mode >= 0) & ~np.isin(mode, accepted)
        wanted = "、".join(m.label for m in candidate.work_modes)
        text = f"本人只接受的工作方式：{wanted}"
        general = "不在本人可接受的工作方式之内"
        excluder.add(refused, Exclusion("work_mode", text, Ground.PREFERENCE, _OWN_WORD, general))
    if candidate.hours_per_day_max is not None:
        flexible = stock.demands.offered[rows][:, ACCOMMODATIONS.index(Accommodation.FLEXIBLE_HOURS)]
        longer = (stock.hours[rows] > float(candidate.hours_per_day_max)) & ~flexible
        text = f"每日工时超过本人可承受的{_plain(candidate.hours_per_day_max)}小时，单位未提供弹性工时"
        general = "每日工时超过本人所填上限，单位未提供弹性工时"
        excluder.add(longer, Exclusion("hours", text, Ground.PREFERENCE, _OWN_WORD, general))


def _beyond_commute(
    candidate: Candidate, limit: float, stock: Stock, rows: NDArray[np.intp], distance: Distances
) -> NDArray[np.bool_]:
    """True where even the shortest possible way breaks the person's limit and nothing else brings them there."""
    offered = stock.demands.offered[rows]
    brought = offered[:, ACCOMMODATIONS.index(Accommodation.DORMITORY)]
    # A shuttle runs daily: it brings nobody across the province.
    is_daily = np.nan_to_num(distance.typical, nan=0.0) <= reach_settings().shuttle_km
    brought |= offered[:, ACCOMMODATIONS.index(Accommodation.SHUTTLE)] & is_daily
    at_home = stock.mode[rows] == MODES.index(WorkMode.REMOTE)
    moves = in_regions(stock.spots.region[rows], candidate.wished_regions)
    beyond: NDArray[np.bool_] = (distance.least > limit) & ~brought & ~at_home & ~moves
    return beyond


def in_regions(codes: NDArray[np.int32], regions: tuple[str, ...]) -> NDArray[np.bool_]:
    """True where a region code lies in one of the regions; a prefecture holds its counties, a province its all."""
    inside = np.zeros(codes.shape, dtype=np.bool_)
    for region in regions:
        number = int(region)
        width = 10_000 if number % 10_000 == 0 else 100 if number % 100 == 0 else 1
        inside |= codes // width == number // width
    return inside


def _plain(value: Decimal) -> str:
    return format(value.normalize(), "f")
