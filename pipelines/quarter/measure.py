"""Everything that the gates look at, measured: in time, on today's stock, and for each group of people.

The groups (category, grade, sex, hukou, prefecture, how much is known) are looked at here only; they are never
features. Where something cannot be measured it is said why, so that the gate asks for a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from scipy.special import ndtri

from matching.entities import CandidateId
from models.metrics.intervals import (
    Interval,
    mean_interval,
    paired_difference,
    share_difference,
    student_interval,
    wilson_interval,
)
from pipelines.casebook import Casebook
from pipelines.evaluate import MeasuredPerson, groups_of, values_of
from pipelines.quarter.gates import ByGroup, GateList, Measured, Measures, Unmeasured, join_small
from pipelines.quarter.group_words import JOINED
from pipelines.quarter.profile import UNKNOWN, Binned, shifts
from pipelines.quarter.standing import HEAD, Asked, Standing, congestion, exposures, shown_share
from pipelines.retraining import HeardSources, moved

_SEED, _ROUNDS = 20221104, 500
LIST = "shortlist"
NO_RECORD = "现用版本没有登记的水平（它不是由季度流程产生的）"
Record = Mapping[str, Any]
"""What was kept with the champion when it was registered."""


@dataclass(frozen=True, slots=True)
class InTime:
    """The same people measured under both models, neither of which knows anything after the split day."""

    challenger: Sequence[MeasuredPerson]
    champion: Sequence[MeasuredPerson]
    document: Mapping[str, Any]
    is_same_model: bool


@dataclass(frozen=True, slots=True)
class Today:
    """The same people and posts under both models today."""

    asked: Asked
    challenger: Standing
    champion: Standing


def measures_of(
    casebook: Casebook,
    held: GateList,
    in_time: InTime,
    today: Today,
    sources: HeardSources,
    profile: Binned,
    record: Record | None,
    *,
    states_chance: bool,
    before: Binned | Unmeasured | None = None,
) -> Measures:
    """Return what the gates look at, but for the latency, which is not the same twice.

    `before` is the champion's profile, or why it cannot be read; None where none was kept.
    """
    recorded = _recorded(in_time, record)
    shifted, feature = _shifted(profile, before)
    notes = {"flooding_sources": "；".join(sources.trips)} | ({"most_shifted_feature": feature} if feature else {})
    if not states_chance:
        notes["chance_calibration"] = "这个版本不给出概率，没有可核对的"
    overall: dict[str, Measured] = {
        **_differences(in_time, held),
        **recorded,
        "chance_calibration": _chance(in_time, states_chance),
        "churn": _or_unmeasured(moved(_by_id(today, today.champion), _by_id(today, today.challenger)), "没有人有名单"),
        "flooding_sources": float(len(sources.trips)),
        "people_covered_difference": _covered(today, record),
        "vacancies_covered_difference": _shown_difference(today),
        "congestion_difference": _congestion_difference(today),
        "most_shifted_feature": shifted,
    }
    groups: dict[str, ByGroup] = {
        "labels_against_all": _labels(casebook, held, today.asked.on),
        "recall_difference": _by_group_in_time(in_time, held),
        "recall_against_record": group_levels(in_time, held, record),
        "gain_against_record": group_gains(in_time, held, record),
        "exposure_difference": _by_group_exposure(casebook, today, held),
        "covered_difference": _by_group_covered(casebook, today, held, record),
    }
    return Measures(overall, groups, {name: text for name, text in notes.items() if text})


def _or_unmeasured(value: float | None, because: str) -> Measured:
    return Unmeasured(because) if value is None else value


def _by_id(today: Today, found: Standing) -> dict[CandidateId, Sequence[Any]]:
    return dict(zip(today.asked.people, found.heads, strict=True))


# ---- in time --------------------------------------------------------------------------------------------------------


def _scored(people: Sequence[MeasuredPerson], model: str, k: int) -> dict[str, list[float | None]]:
    return values_of([(p, p.relevant) for p in people], model, k)


def _differences(in_time: InTime, held: GateList) -> dict[str, Measured]:
    k = in_time.document["k"]
    ours, theirs = _scored(in_time.challenger, LIST, k), _scored(in_time.champion, LIST, k)
    content = _scored(in_time.challenger, "content", k)
    hybrid = _scored(in_time.challenger, "hybrid", k)

    def difference(left: Sequence[float | None], right: Sequence[float | None]) -> Measured:
        found = paired_difference(left, right, seed=_SEED, level=held.confidence)
        return found or Unmeasured("检验期内没有可以比较的人")

    return {
        "recall_difference": difference(ours[f"recall@{k}"], theirs[f"recall@{k}"]),
        "ndcg_difference": difference(ours[f"ndcg@{k}"], theirs[f"ndcg@{k}"]),
        "gain_over_stated": difference(hybrid[f"ndcg@{k}"], content[f"ndcg@{k}"]),
    }


def _recorded(in_time: InTime, record: Record | None) -> dict[str, Measured]:
    """Hold the level against that of the champion when it was registered, which other data cannot have moved."""
    before = (record or {}).get("level")
    if not before or not before["mean"]:
        because = Unmeasured(NO_RECORD)
        return {"recall_against_record": because, "recall_gain_over_record": because}
    k = in_time.document["k"]
    now = mean_interval(_scored(in_time.challenger, LIST, k)[f"recall@{k}"], seed=_SEED)
    if now is None:
        because = Unmeasured("检验期内没有可以比较的人")
        return {"recall_against_record": because, "recall_gain_over_record": because}
    then = Interval(**before)
    gain = _gain(now, then)
    return {"recall_against_record": _ratio(gain, then), "recall_gain_over_record": gain}


def _gain(now: Interval, then: Interval) -> Interval:
    """Return the difference of two values from different people (Newcombe's square and add)."""
    mean = now.mean - then.mean
    below = float(np.hypot(now.mean - now.low, then.high - then.mean))
    above = float(np.hypot(now.high - now.mean, then.mean - then.low))
    return Interval(mean, mean - below, mean + above, now.n)


def _ratio(gain: Interval, then: Interval) -> Interval:
    return Interval(1 + gain.mean / then.mean, 1 + gain.low / then.mean, 1 + gain.high / then.mean, gain.n)


def _chance(in_time: InTime, states_chance: bool) -> Measured:
    if not states_chance:
        return 0.0  # what is not stated misleads nobody
    found = in_time.document["chance"]
    if found is None:
        return Unmeasured("检验期内有结果的推荐太少，或检验用的模型没有给出概率")
    return float(found["calibration_error"])


def _level_of(n_groups: int, held: GateList) -> float:
    """Return the level of one of many intervals, so that all hold at once (Bonferroni)."""
    return 1 - (1 - held.confidence) / max(1, n_groups)


def _members(groups: Sequence[Mapping[str, str]], attribute: str, held: GateList) -> Mapping[str, Sequence[int]]:
    """Return the positions of each group, small ones joined; joined ones that are too few still have an empty one."""
    found: dict[str, list[int]] = {}
    for at, named in enumerate(groups):
        found.setdefault(named[attribute], []).append(at)
    large, small = join_small(found, least=held.small_group)
    if small is None:
        return large
    return {**large, JOINED: small if len(small) >= held.small_group else ()}


def _n_groups(groups: Sequence[Mapping[str, str]], held: GateList) -> int:
    return sum(len(_members(groups, attribute, held)) for attribute in held.attributes)


_TOO_FEW = Unmeasured("人数太少，不能分别测量")


def _by_group_in_time(in_time: InTime, held: GateList) -> ByGroup:
    k = in_time.document["k"]
    name = f"recall@{k}"
    ours, theirs = _scored(in_time.challenger, LIST, k)[name], _scored(in_time.champion, LIST, k)[name]
    difference = [None if a is None or b is None else a - b for a, b in zip(ours, theirs, strict=True)]
    groups = [groups_of(person.candidate) for person in in_time.challenger]
    level = _level_of(_n_groups(groups, held), held)

    def measured(rows: Sequence[int]) -> Measured:
        found = student_interval([difference[row] for row in rows], level=level) if rows else None
        return found if found is not None and found.n >= held.small_group else _TOO_FEW

    return {a: {g: measured(rows) for g, rows in _members(groups, a, held).items()} for a in held.attributes}


def group_levels(in_time: InTime, held: GateList, record: Record | None) -> ByGroup:
    """Hold the recall of each group against that of the champion when it was registered.

    Where both versions have the same parameters their difference in the test is 0 for every group, whatever became of
    its records. A group that was not measured then is none here.
    """
    k = in_time.document["k"]
    return _against_record(in_time, held, record, "recall", _scored(in_time.challenger, LIST, k)[f"recall@{k}"])


def group_gains(in_time: InTime, held: GateList, record: Record | None) -> ByGroup:
    """Hold what each group's lists are better than the most sought posts against the same when it was registered.

    What a broken record leaves in the lists is what everybody seeks: taken off for each person, the rest falls to
    nothing and the interval is narrower. A group of which no gain was shown then is none here.
    """
    return _against_record(in_time, held, record, "gain", _gains(in_time))


def _gains(in_time: InTime) -> list[float | None]:
    """Return for each person how much better in NDCG the list is than the most sought posts."""
    k = in_time.document["k"]
    lists = (_scored(in_time.challenger, name, k)[f"ndcg@{k}"] for name in (LIST, "popularity"))
    return [None if own is None or most is None else own - most for own, most in zip(*lists, strict=True)]


def _against_record(
    in_time: InTime, held: GateList, record: Record | None, kept: str, values: Sequence[float | None]
) -> ByGroup:
    """Return for each group its value against what was kept of it, as a ratio."""
    before: Mapping[str, Any] = (record or {}).get("fairness") or {}
    was_kept = any(kept in row for groups in before.values() for row in groups.values())
    if not set(held.attributes) <= set(before) or not was_kept:
        return {a: {"all": Unmeasured(NO_RECORD)} for a in held.attributes}
    groups = [groups_of(person.candidate) for person in in_time.challenger]
    level = _level_of(_n_groups(groups, held), held)
    wider = float(ndtri((1 + level) / 2) / ndtri((1 + held.confidence) / 2))
    found: dict[str, dict[str, Measured]] = {a: {} for a in held.attributes}
    for attribute in held.attributes:
        for group, rows in _members(groups, attribute, held).items():
            then = (before[attribute].get(group) or {}).get(kept)
            now = student_interval([values[row] for row in rows], level=level) if rows else None
            if now is None or now.n < held.small_group or not then:
                continue
            # Of a gain that was not shown then nothing can be lost.
            if then["low" if kept == "gain" else "mean"] > 0:
                known = _widened(Interval(**then), wider)
                found[attribute][group] = _ratio(_gain(now, known), known)
    return found


def _widened(interval: Interval, by: float) -> Interval:
    below, above = interval.mean - interval.low, interval.high - interval.mean
    return Interval(interval.mean, interval.mean - by * below, interval.mean + by * above, interval.n)


# ---- records --------------------------------------------------------------------------------------------------------


def _labels(casebook: Casebook, held: GateList, on: date) -> ByGroup:
    """Return the share of each group that has any act within a year, against that of everybody.

    Those of whom the attribute is not known are no group here: who comes seldom is also who stated little.
    """
    since = on - timedelta(days=365)
    active = {act.candidate_id for act in casebook.interactions if since < act.at <= on}
    people = sorted(casebook.candidates)
    groups = [groups_of(casebook.candidates[i]) for i in people]
    has = np.array([i in active for i in people])
    overall = float(has.mean()) if len(has) else 0.0
    if not overall:
        return {a: {"all": Unmeasured("近一年没有任何互动记录")} for a in held.attributes}
    level = _level_of(_n_groups(groups, held), held)

    def measured(rows: Sequence[int]) -> Measured:
        found = wilson_interval(int(has[list(rows)].sum()), len(rows), level=level) if rows else None
        return _TOO_FEW if found is None else _scaled(found, 1 / overall)

    return {
        a: {g: measured(rows) for g, rows in _members(groups, a, held).items() if g != UNKNOWN} for a in held.attributes
    }


def _scaled(interval: Interval, by: float) -> Interval:
    return Interval(interval.mean * by, interval.low * by, interval.high * by, interval.n)


def _shifted(profile: Binned, before: Binned | Unmeasured | None) -> tuple[Measured, str | None]:
    if isinstance(before, Unmeasured):
        return before, None
    if not before:
        return Unmeasured(NO_RECORD), None
    found = shifts(before, profile)
    if not found:
        return Unmeasured("没有可以比较的特征"), None
    lacking = sorted(set(before) - set(profile))
    if lacking:
        return Unmeasured(f"缺少特征：{'、'.join(lacking)}"), None
    return found[0].moved, found[0].text


# ---- today ----------------------------------------------------------------------------------------------------------


def _has_list(found: Standing) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.asarray(found.n_listed >= HEAD)


def _covered(today: Today, record: Record | None) -> Measured:
    now = wilson_interval(int(_has_list(today.challenger).sum()), len(today.asked.people), level=0.95)
    then = ((record or {}).get("covered") or {}).get("all")
    before = (
        Interval(**then)
        if then
        else wilson_interval(int(_has_list(today.champion).sum()), len(today.asked.people), level=0.95)
    )
    return Unmeasured("没有求职者") if now is None or before is None else share_difference(now, before)


def _by_group_covered(casebook: Casebook, today: Today, held: GateList, record: Record | None) -> ByGroup:
    groups = [groups_of(casebook.candidates[i]) for i in today.asked.people]
    has, had = _has_list(today.challenger), _has_list(today.champion)
    level = _level_of(_n_groups(groups, held), held)
    kept = (record or {}).get("covered") or {}

    def measured(attribute: str, group: str, rows: Sequence[int]) -> Measured:
        if not rows:
            return _TOO_FEW
        now = wilson_interval(int(has[list(rows)].sum()), len(rows), level=level)
        then = kept.get(attribute, {}).get(group)
        before = Interval(**then) if then else wilson_interval(int(had[list(rows)].sum()), len(rows), level=level)
        return _TOO_FEW if now is None or before is None else share_difference(now, before)

    return {a: {g: measured(a, g, rows) for g, rows in _members(groups, a, held).items()} for a in held.attributes}


def covered_record(casebook: Casebook, today: Today, held: GateList) -> dict[str, Any]:
    """Return the share with a list, of everybody and by group, as it is kept with a model."""
    groups = [groups_of(casebook.candidates[i]) for i in today.asked.people]
    has, level = _has_list(today.challenger), _level_of(_n_groups(groups, held), held)
    whole = wilson_interval(int(has.sum()), len(has), level=0.95)
    found: dict[str, Any] = {"all": None if whole is None else asdict(whole)}
    for attribute in held.attributes:
        found[attribute] = {
            group: asdict(interval)
            for group, rows in _members(groups, attribute, held).items()
            if rows and (interval := wilson_interval(int(has[list(rows)].sum()), len(rows), level=level))
        }
    return found


def _shown_difference(today: Today) -> Measured:
    now = shown_share(today.challenger.heads, today.challenger.n_open)
    before = shown_share(today.champion.heads, today.champion.n_open)
    return Unmeasured("没有在招岗位") if now is None or before is None else now - before


def _congestion_difference(today: Today) -> Measured:
    now, before = congestion(today.challenger.heads), congestion(today.champion.heads)
    return Unmeasured("没有人有名单") if now is None or before is None else now - before


def _by_group_exposure(casebook: Casebook, today: Today, held: GateList) -> ByGroup:
    groups = [groups_of(casebook.candidates[i]) for i in today.asked.people]
    level = _level_of(_n_groups(groups, held), held)
    found: dict[str, dict[str, Measured]] = {}
    for attribute in held.attributes:
        members = _members(groups, attribute, held)
        ours, theirs = exposures(today.challenger, members), exposures(today.champion, members)
        found[attribute] = {
            group: _exposure_difference(ours[group], theirs[group], level) if rows else _TOO_FEW
            for group, rows in members.items()
        }
    return found


def _exposure_difference(ours: Sequence[Any], theirs: Sequence[Any], level: float) -> Measured:
    """Return the difference of exposure against parity, with an interval from posts drawn again."""
    n = len(ours[0])
    if not n or not ours[1].sum() or not theirs[1].sum():
        return Unmeasured("没有可以推荐的岗位")
    drawn = np.random.default_rng(_SEED).integers(0, n, size=(_ROUNDS, n))
    sums = [array[drawn].sum(axis=1) for array in (*ours, *theirs)]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = sums[0] / sums[1] - sums[2] / sums[3]
    spread = float(np.nanstd(ratios)) * float(ndtri((1 + level) / 2))
    mean = float(ours[0].sum() / ours[1].sum() - theirs[0].sum() / theirs[1].sum())
    return Interval(mean, mean - spread, mean + spread, n)


def fairness_sheet(casebook: Casebook, in_time: InTime, today: Today, held: GateList) -> dict[str, Any]:
    """Return for each group how many were measured, how well lists met what they did, who has a list, and exposure.

    Groups of fewer than ten are joined, and left out where they are still too few.
    """
    k = in_time.document["k"]
    recalls, gains = _scored(in_time.challenger, LIST, k)[f"recall@{k}"], _gains(in_time)
    tested = [groups_of(person.candidate) for person in in_time.challenger]
    asked = [groups_of(casebook.candidates[i]) for i in today.asked.people]
    has = _has_list(today.challenger)
    found: dict[str, Any] = {}
    for attribute in held.attributes:
        by_test, by_day = _members(tested, attribute, held), _members(asked, attribute, held)
        shown = exposures(today.challenger, by_day)
        found[attribute] = {
            group: {
                "n_asked": len(by_day.get(group, ())) or None,
                "n_tested": len(by_test.get(group, ())) or None,
                "recall": _told(student_interval([recalls[i] for i in by_test[group]], level=held.confidence))
                if by_test.get(group)
                else None,
                "gain": _told(student_interval([gains[i] for i in by_test[group]], level=held.confidence))
                if by_test.get(group)
                else None,
                "covered": _told(
                    wilson_interval(int(has[list(rows)].sum()), len(rows), level=held.confidence)
                    if (rows := by_day.get(group, ()))
                    else None
                ),
                "exposure": round(float(shown[group][0].sum() / shown[group][1].sum()), 4)
                if group in shown and shown[group][1].sum()
                else None,
            }
            for group in sorted(set(by_test) | set(by_day))
        }
    return found


def _told(interval: Interval | None) -> dict[str, float] | None:
    return None if interval is None else {name: round(value, 5) for name, value in asdict(interval).items()}
