"""The effect of a measure as a document: what was compared, how alike people are, and what it cannot say.

Staff are told over the people whom they see; everybody else over the province, with counts in tens and shares in whole
hundredths. Where people are not comparable the answer is 需人工核实 with its reason, never a number.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Connection

from matching.duties.clocks import birth_band
from matching.duties.terms import terms_on
from matching.effects import LIMITS, EffectOutcome, EffectRule, StartingFrom, effect_rule
from matching.rules.functions import plus_months
from matching.rules.rulebook import NOTICE
from models.effect import Comparison, EffectConfig, Refusal, compare
from models.metrics.intervals import Interval
from pipelines.access.audit import record
from pipelines.access.roles import Action, Purpose, Subject, program_subject
from pipelines.consent.effects import learning_refused
from pipelines.duties.places import Area
from pipelines.effects.errors import EffectNotAsked
from pipelines.effects.measures import Measure, measure_of, measures_found
from pipelines.effects.people import FACTS, Compared, as_columns, compared, end_of, months_drawn
from pipelines.registers.rows import require
from pipelines.reports.generalise import K
from pipelines.reports.plan.layout import BY_HAND
from pipelines.reports.suppress import rounded
from pipelines.store.case_files import CaseFiles
from pipelines.store.effect_rows import EffectRows

_SEED = 20221231
_BLOCK, _MOST_LOOKED_AT = 4000, 40_000
_BINS = 5
FEW = f"少于{K}"
_WHY = {
    Refusal.FEW_RECEIVED: "领取且跟踪期已满的人太少",
    Refusal.FEW_OTHERS: "没有领取而可以比较的人太少",
    Refusal.FEW_OUTCOMES: "两组中就业或未就业的人太少",
    Refusal.NO_OVERLAP: "领取的人里，多数找不到情况相近而没有领取的人",
    Refusal.NOT_ALIKE: "加权以后两组的情况仍相差太大",
}
_LEFT_OUT = {
    "refused": "本人不同意用于统计",
    "not_followed": "跟踪期未满",
    "before": "此前已经领取过",
    "other_start": "当月底的就业状况不同",
    "undated": "就业记录没有日期",
    "age": "不在就业年龄段",
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: which measure, received in which months, for which outcome, of whom."""

    measure: str
    first: date
    last: date
    outcome: EffectOutcome = EffectOutcome.PLACED
    start: StartingFrom | None = None
    """None: as most who received it stood."""


def measures_document(connection: Connection, subject: Subject, first: date, last: date, area: Area) -> dict[str, Any]:
    """Return the measures that people received between two days, few of them not told by number.

    Raises
    ------
    Forbidden
        When the role may not read reports for the stated purpose.
    """
    require(subject, Action.READ_REPORTS)
    found = measures_found(_rows(connection, subject, area), first, last)
    told = [
        {"name": one.name, "label": one.label, "when": one.when, "people": _told_count(n, subject)} for one, n in found
    ]
    return {"from": _month(first), "to": _month(last), "items": told}


def effect_document(connection: Connection, subject: Subject, asked: Question, on: date, area: Area) -> dict[str, Any]:
    """Return the effect of a measure with everything that it rests on, or why there is none; the read is recorded.

    Raises
    ------
    NoSuchMeasure
        When there is no measure of this name.
    EffectNotAsked
        When the months are out of order, or no evaluation is ordered on the day.
    Forbidden
        When the role may not read reports for the stated purpose.
    """
    require(subject, Action.READ_REPORTS)
    measure = measure_of(asked.measure)
    rule = effect_rule(on)
    first, last = asked.first.replace(day=1), end_of(asked.last)
    if rule is None:
        raise EffectNotAsked("这一天没有评估的规定")
    if first > last:
        raise EffectNotAsked("开始月份晚于结束月份")
    record(connection, subject.by, Action.READ_REPORTS.value, object_kind="report", object_id="effect")
    study = _Study(connection, subject, measure, rule, asked.outcome, on, area)
    people, start = study.people(first, last, asked.start)
    columns, names = as_columns(people, rule.least_outcomes)
    received = np.array([one.received for one in people], dtype=bool)
    outcome = np.array([one.outcome for one in people], dtype=bool)
    found = compare(columns, received, outcome, config=_config(rule), seed=_SEED)
    return _Document(subject, asked, measure, rule, start, area, on).of(found, names, received, study.left_out)


def _config(rule: EffectRule) -> EffectConfig:
    return EffectConfig(
        least_people=rule.least_people,
        least_outcomes=rule.least_outcomes,
        caliper=rule.caliper,
        neighbours=rule.neighbours,
        least_overlap=rule.least_overlap,
        most_difference=rule.most_difference,
        rounds=rule.rounds,
        level=rule.confidence,
    )


def _reading(subject: Subject) -> Subject:
    """Return whose rows are counted: staff count the people whom they see, everybody else the province."""
    return subject if subject.sees_people else program_subject("reports", Purpose.STATISTICS)


def _rows(connection: Connection, subject: Subject, area: Area) -> EffectRows:
    return EffectRows(connection, _reading(subject), area.codes)


def _told_count(n: int, subject: Subject) -> int | None:
    """Return a count as it may be told; None for a small one."""
    return None if n < K else n if subject.sees_people else rounded(n)


class _Study:
    """The people of one comparison."""

    def __init__(
        self, connection: Connection, subject: Subject, measure: Measure, rule: EffectRule, outcome: EffectOutcome,
        on: date, area: Area,
    ) -> None:  # fmt: skip
        self.rows = _rows(connection, subject, area)
        self._files = CaseFiles(connection, _reading(subject))
        self._refused = learning_refused(connection)
        self.measure, self.rule, self.outcome, self.on = measure, rule, outcome, on
        self.left_out: Counter[str] = Counter()
        self._rng = np.random.default_rng(_SEED)
        self._narrow = not _reading(subject).is_local and not subject.is_whole_province

    def people(self, first: date, last: date, wanted: StartingFrom | None) -> tuple[list[Compared], StartingFrom]:
        """Return who is compared, and how those who received it stood at the end of the month."""
        receipts = self.rows.receipts(self.measure.table, self.measure.kind, last)
        earliest: dict[str, date] = {}
        for who, on in receipts:
            earliest[who] = min(on, earliest.get(who, on))
        months = {who: end_of(on) for who, on in earliest.items() if on >= first}
        self.left_out["before"] += len({who for who, on in receipts if on >= first and earliest[who] < first})
        chosen = self._drawn(sorted(months), self.rule.received)
        histories = self.rows.histories(chosen)
        start = wanted or _start_of(histories, months)
        others_start = months.values()
        own = self._compared(chosen, months, start, received=True, count=True)
        others: list[Compared] = []
        if months:
            pool = [who for who in self.rows.ids() if who not in earliest]
            pool = [pool[place] for place in self._rng.permutation(len(pool))[:_MOST_LOOKED_AT].tolist()]
            for begin in range(0, len(pool), _BLOCK):
                part = pool[begin : begin + _BLOCK]
                drawn = dict(zip(part, months_drawn(others_start, len(part), self._rng), strict=True))
                others += self._compared(part, drawn, start, received=False, count=False)
                if len(others) >= self.rule.others:
                    break
        return [*own, *others[: self.rule.others]], start

    def _drawn(self, ids: Sequence[str], most: int) -> list[str]:
        return [ids[place] for place in sorted(self._rng.permutation(len(ids))[:most].tolist())]

    def _compared(
        self, ids: Sequence[str], months: Mapping[str, date], start: StartingFrom, *, received: bool, count: bool
    ) -> list[Compared]:
        histories, births = self.rows.histories(ids), self._files.births(ids)
        without = self.measure.kind if self.measure.table == "service" else ""
        found = []
        for who, history in histories.items():
            told = self._left_out(who, months[who], start, births[who])
            if not told:
                one = compared(
                    history, births[who], months[who], received=received, without=without,
                    outcome=self.outcome, start=start, rule=self.rule, narrow=self._narrow,
                )  # fmt: skip
                if isinstance(one, Compared):
                    found.append(one)
                    continue
                told = one
            self.left_out[told] += count
        return found

    def _left_out(self, who: str, month: date, start: StartingFrom, birth: Any) -> str:
        if who in self._refused:
            return "refused"
        within = 0 if start is StartingFrom.IN_WORK else self.rule.within_months
        if plus_months(month, within + self.outcome.months_kept) > self.on:
            return "not_followed"
        band = birth_band(terms_on(month))
        return "age" if band is not None and band.holds(*birth) is False else ""


def _start_of(histories: Mapping[str, Any], months: Mapping[str, date]) -> StartingFrom:
    """Return how most people stood at the end of their month."""
    working = sum(
        any(begun is not None and begun <= months[who] and (ended is None or ended > months[who])
            for begun, ended, _ in history.placements)
        for who, history in histories.items()
    )  # fmt: skip
    return StartingFrom.IN_WORK if 2 * working > len(histories) else StartingFrom.WITHOUT_WORK


@dataclass(frozen=True, slots=True)
class _Document:
    subject: Subject
    asked: Question
    measure: Measure
    rule: EffectRule
    start: StartingFrom
    area: Area
    on: date

    def of(
        self, found: Comparison, names: Sequence[str], received: Any, left_out: Mapping[str, int]
    ) -> dict[str, Any]:  # fmt: skip
        """Return it as it travels in JSON; shares are of 1."""
        effect = found.effect
        shares = {} if effect is None else {"received": effect.received_share, "others": effect.others_share}
        return {
            "measure": self.measure.name,
            "label": self.measure.label,
            "when": self.measure.when,
            "from": _month(self.asked.first),
            "to": _month(self.asked.last),
            "outcome": self.asked.outcome.value,
            "outcome_label": self.outcome_words,
            "start": self.start.value,
            "start_label": self.start.label,
            "region": self.area.code,
            "region_label": self._where,
            "as_of": self.on.isoformat(),
            "counts": {
                "received": _told_count(found.n_received, self.subject),
                "others": _told_count(found.n_others, self.subject),
            },
            "left_out": [
                {"why": why, "label": _LEFT_OUT[why], "people": _told_count(n, self.subject)}
                for why, n in sorted(left_out.items()) if n
            ],
            "naive": self._interval(found.naive if found.refusal not in _FEW_PEOPLE else None),
            "effect": None if effect is None else {
                "received_share": self._share(shares["received"]),
                "others_share": self._share(shares["others"]),
                "difference": self._interval(effect.difference),
                "ratio": None if effect.ratio is None else round(effect.ratio.mean, 2),
                "e_value": None if effect.e_value is None else round(effect.e_value, 2),
                "e_value_of_bound": None if effect.e_value_of_bound is None else round(effect.e_value_of_bound, 2),
            },
            "outcome_code": self._code(found),
            "refusal": None if found.refusal is None else found.refusal.value,
            "verdict": self._verdict(found),
            "balance": self._balance(found, names),
            "told_difference": self.rule.told_difference,
            "overlap": {
                "share": None if found.overlap is None else round(found.overlap, 2),
                "people_by_weight": None if found.n_effective is None else rounded(round(found.n_effective)),
                "bins": _bins(found, received),
            },
            "method": self._method(),
            "limits": list(LIMITS),
            "source": self.rule.source.model_dump(),
            "notice": NOTICE,
        }  # fmt: skip

    @property
    def outcome_words(self) -> str:
        """What is asked of people, with its time."""
        outcome, within = self.asked.outcome, self.rule.within_months
        if self.start is StartingFrom.IN_WORK:
            return f"{outcome.months_kept}个月后仍在业" if outcome.months_kept else "当月底后仍在业"
        return f"此后{within}个月内就业" + (f"并满{outcome.months_kept}个月" if outcome.months_kept else "")

    @property
    def _where(self) -> str:
        """Whose people are counted; staff without a place named see those of their own."""
        sees_all = self.subject.is_local or self.subject.is_whole_province or not self.subject.sees_people
        return self.area.name if self.area.codes is not None or sees_all else "本单位负责的人"

    def _share(self, share: float) -> float:
        return round(share, 3 if self.subject.sees_people else 2)

    def _interval(self, told: Interval | None) -> dict[str, float] | None:
        if told is None:
            return None
        return {"value": self._share(told.mean), "low": self._share(told.low), "high": self._share(told.high)}

    def _code(self, found: Comparison) -> str:
        if found.effect is None:
            return "by_hand"
        told = found.effect.difference
        return "more" if told.low > 0 else "fewer" if told.high < 0 else "not_seen"

    def _verdict(self, found: Comparison) -> str:
        if found.effect is None:
            why = "" if found.refusal is None else _WHY[found.refusal]
            return f"{BY_HAND}：{why}，不给出数字。"
        told, level = found.effect.difference, f"{self.rule.confidence:.0%}"
        low, high = points(told.low), points(told.high)
        if self._code(found) == "not_seen":
            return f"看不出差别：相差 {points(told.mean)} 个百分点（{level}区间 {low} 至 {high}），不等于没有作用。"
        word = "高" if told.mean > 0 else "低"
        return (
            f"领取的人“{self.outcome_words}”的比例比情况相近而没有领取的人{word} {points(abs(told.mean))} 个百分点"
            f"（{level}区间 {low} 至 {high}）。"
        )

    def _balance(self, found: Comparison, names: Sequence[str]) -> list[dict[str, Any]]:
        """Return of each fact the largest difference of any of its words; which word is not told."""
        told: dict[str, list[Any]] = {}
        for name, one in zip(names, found.balance, strict=False):
            told.setdefault(name, []).append(one)
        rows = []
        for name, ones in told.items():
            before, after = (
                max(abs(one.before) for one in ones),
                [abs(one.after) for one in ones if one.after is not None],
            )
            rows.append(
                {"fact": name, "label": FACTS[name], "before": round(before, 2),
                 "after": round(max(after), 2) if len(after) == len(ones) else None}
            )  # fmt: skip
        return sorted(rows, key=lambda row: -row["before"])

    def _method(self) -> list[str]:
        rule = self.rule
        return [
            f"谁算领取：{self.asked.first:%Y-%m}至{self.asked.last:%Y-%m}第一次领取“{self.measure.label}”的人（{self.measure.when}），"
            f"只取{self.start.label}。没有领取的人按同样的月份分布取一个月份，同样从当月底看起。",
            "怎样让两组相近：用当月以前就知道的情况（"
            + "、".join(FACTS[name] for name in FACTS)
            + "）算出每人领取的可能（逻辑回归），"
            "没有领取的人按可能大小加权，使两组平均情况一致（倾向得分逆概率加权，领取者的平均差别）。",
            f"谁不比：情况相近（倾向得分对数几率相差{rule.caliper}个标准差以内）而没有领取的人不足{rule.neighbours}人的，不算在内；"
            f"可比的不到{rule.least_overlap:.0%}、任何一组不足{rule.least_people}人、加权后仍有一项相差超过{rule.most_difference}个标准差的，不给数字。",
            f"区间：按人重新抽取{rule.rounds}次、每次重新计算，取中间{rule.confidence:.0%}（自助法）。抽取固定，同样的记录每次结果一样。",
            "E值：没有记录的因素须同时使领取和就业的可能各高到这么多倍，才能把差别完全解释掉；越大越稳，1表示不用别的因素也说得通。",
        ]


_FEW_PEOPLE = (Refusal.FEW_RECEIVED, Refusal.FEW_OTHERS, Refusal.FEW_OUTCOMES)


def _bins(found: Comparison, received: Any) -> list[dict[str, Any]]:
    """Return how the propensity lies in both groups, in equal parts of those who received it; few are not told."""
    if not len(found.propensity):
        return []
    edges = np.quantile(found.propensity[received], np.linspace(0, 1, _BINS + 1)[1:-1])
    place = np.searchsorted(edges, found.propensity, side="right")
    rows = []
    for number in range(_BINS):
        own, others = (int(((place == number) & mask).sum()) for mask in (received, ~received))
        few = own < K or others < K
        rows.append(
            {
                "part": number + 1,
                "received": None if few else round(own / int(received.sum()), 2),
                "others": None if few else round(others / int((~received).sum()), 2),
            }
        )
    return rows


def points(share: float) -> str:
    """Return a share in hundredths, as points."""
    return f"{share * 100:.1f}"


def _month(day: date) -> str:
    return f"{day:%Y-%m}"
