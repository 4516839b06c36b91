"""The gates before a model version may answer: limits as dated data, and a pure evaluation of measures against them.

What could not be measured is unknown, and unknown is no pass. Who decides, and what a decision needs, is left to
`pipelines.registry`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from matching.packaged import parsed
from matching.rules.decision import Outcome
from models.metrics.intervals import Interval
from pipelines.errors import PipelineError
from pipelines.quarter.group_words import ATTRIBUTES, group_word

NEEDS_A_PERSON = "需人工核实"
_WORDS = {Outcome.MET: "通过", Outcome.NOT_MET: "未通过", Outcome.UNKNOWN: NEEDS_A_PERSON}


class NoGates(PipelineError):
    """No list of gates is in force on the day."""


class Bound(BaseModel):
    """A limit that the whole interval must not lie beyond, one that it may not even reach, one for the value itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    limit: float
    tolerance: float | None = None
    value: float | None = None


class Gate(BaseModel):
    """One gate: what is measured, the bound, and why it stands where it does."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    id: str
    label: str
    measure: str
    floor: Bound | None = None
    ceiling: Bound | None = None
    within: Literal["groups"] | None = Field(default=None, alias="in")
    must_see: float | None = None
    """A value so bad that a group as large as this one has to be seen to have it; else it is too small to tell."""
    unit: str = ""
    """In what a plain number is told."""
    why: str

    @model_validator(mode="after")
    def _one_bound(self) -> "Gate":
        if (self.floor is None) == (self.ceiling is None):
            raise ValueError(f"gate {self.id} needs either a floor or a ceiling")
        if self.must_see is not None and (self.within is None or self.floor is None):
            raise ValueError(f"gate {self.id}: must_see belongs to a floor of groups")
        return self

    @property
    def bound(self) -> Bound:
        """The bound, from whichever side."""
        return self.floor or self.ceiling or Bound(limit=0.0)


class GateList(BaseModel):
    """The gates that hold from a day on."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    since: date = Field(alias="from")
    small_group: int = Field(ge=10)
    confidence: float = Field(gt=0, lt=1)
    attributes: tuple[str, ...]
    gates: tuple[Gate, ...]


@cache
def _lists() -> tuple[GateList, ...]:
    path = Path(__file__).parents[1] / "data" / "gates.yaml"
    loaded = parsed(path.read_text(encoding="utf-8"))
    return tuple(GateList.model_validate(entry) for entry in loaded["versions"])


def gates_on(on: date) -> GateList:
    """Return the list in force on a day.

    Raises
    ------
    NoGates
        When none is.
    """
    held = [entry for entry in _lists() if entry.since <= on]
    if not held:
        raise NoGates(f"{on.isoformat()} 没有生效的核查标准")
    return max(held, key=lambda entry: entry.since)


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """Why something could not be measured, in plain Chinese."""

    because: str


Measured = Interval | float | Unmeasured
"""A value with its interval, a plain number, or why there is none."""
ByGroup = Mapping[str, Mapping[str, Measured]]
"""Attribute, group, value."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured of a challenger: over all, and for each group."""

    overall: Mapping[str, Measured]
    groups: Mapping[str, ByGroup]
    notes: Mapping[str, str] = field(default_factory=dict)
    """What is said beside a value: which feature, which source."""

    def as_dict(self) -> dict[str, Any]:
        """Return the measures as they travel in JSON."""
        return {
            "overall": {name: _value(value) for name, value in self.overall.items()},
            "groups": {
                name: {a: {g: _value(value) for g, value in groups.items()} for a, groups in attributes.items()}
                for name, attributes in self.groups.items()
            },
            "notes": dict(self.notes),
        }

    @classmethod
    def of_dict(cls, document: Mapping[str, Any]) -> "Measures":
        """Read what `as_dict` wrote."""
        return cls(
            {name: _measured(value) for name, value in document["overall"].items()},
            {
                name: {a: {g: _measured(value) for g, value in groups.items()} for a, groups in attributes.items()}
                for name, attributes in document["groups"].items()
            },
            document["notes"],
        )


def _value(value: Measured) -> Any:
    if isinstance(value, Interval):
        return {name: round(number, 6) for name, number in asdict(value).items()}
    return {"because": value.because} if isinstance(value, Unmeasured) else round(float(value), 6)


def _measured(value: Any) -> Measured:
    if not isinstance(value, dict):
        return float(value)
    return Unmeasured(value["because"]) if "because" in value else Interval(**value)


@dataclass(frozen=True, slots=True)
class GateResult:
    """How one gate came out, and for group gates how each group did."""

    gate: Gate
    outcome: Outcome
    reason: str
    groups: tuple["GroupResult", ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the result as it travels in JSON."""
        return {
            "id": self.gate.id,
            "label": self.gate.label,
            "outcome": self.outcome.value,
            "word": _WORDS[self.outcome],
            "reason": self.reason,
            "why": self.gate.why,
            "bound": {"side": "floor" if self.gate.floor else "ceiling"} | self.gate.bound.model_dump(),
            "groups": [asdict(group) | {"outcome": group.outcome.value} for group in self.groups],
        }


@dataclass(frozen=True, slots=True)
class GroupResult:
    """How one group did at one gate."""

    attribute: str
    group: str
    outcome: Outcome
    reason: str
    n: int = 0
    is_too_few: bool = False


def evaluate_gates(measures: Measures, held: GateList) -> tuple[GateResult, ...]:
    """Hold measures against every gate; the same measures give the same results."""
    return tuple(_of_groups(gate, measures, held) if gate.within else _of_all(gate, measures) for gate in held.gates)


def failed(results: Iterable[GateResult]) -> tuple[GateResult, ...]:
    """Return the gates that did not pass: failed ones and those that nobody could measure."""
    return tuple(result for result in results if result.outcome is not Outcome.MET)


def _of_all(gate: Gate, measures: Measures) -> GateResult:
    measured = measures.overall.get(gate.measure, Unmeasured("没有这项测量"))
    outcome, reason = _judged(gate, measured)
    note = measures.notes.get(gate.measure)
    return GateResult(gate, outcome, f"{reason}（{note}）" if note else reason)


def _of_groups(gate: Gate, measures: Measures, held: GateList) -> GateResult:
    by_group = measures.groups.get(gate.measure)
    if not by_group or set(by_group) < set(held.attributes):
        lacking = "、".join(ATTRIBUTES.get(a, a) for a in sorted(set(held.attributes) - set(by_group or {})))
        return GateResult(gate, Outcome.UNKNOWN, f"没有按这些属性测量：{lacking}")
    found = [
        _of_group(gate, attribute, group, measured)
        for attribute in held.attributes
        for group, measured in sorted(by_group[attribute].items())
    ]
    if not found:
        return GateResult(gate, Outcome.UNKNOWN, "没有可以测量的人群")
    worst = [group for group in found if group.outcome is Outcome.NOT_MET]
    unknown = [group for group in found if group.outcome is Outcome.UNKNOWN and not group.is_too_few]
    few = [group for group in found if group.is_too_few]
    if few and not worst and not unknown:
        return _with_too_few(gate, tuple(found), few)
    if worst or unknown:
        outcome = Outcome.NOT_MET if worst else Outcome.UNKNOWN
        named = [] if _is_one_reason(worst or unknown) else worst or unknown
        told = "；".join(f"{_named(g)}：{g.reason}" for g in named[:5]) or (worst or unknown)[0].reason
        more = len(named) - 5
        return GateResult(gate, outcome, told + (f"；另有{more}个人群" if more > 0 else ""), tuple(found))
    return GateResult(gate, Outcome.MET, f"{len(found)} 个人群都在界限之内", tuple(found))


def _of_group(gate: Gate, attribute: str, group: str, measured: Measured) -> GroupResult:
    outcome, reason = _judged(gate, measured)
    if not isinstance(measured, Interval):
        return GroupResult(attribute, group, outcome, reason)
    if outcome is not Outcome.NOT_MET and _is_too_few(gate, measured):
        told = f"{_shown(measured)}，人数太少，即使为 {gate.must_see:g} 也看不出，{NEEDS_A_PERSON}"
        return GroupResult(attribute, group, Outcome.UNKNOWN, told, measured.n, is_too_few=True)
    return GroupResult(attribute, group, outcome, reason, measured.n)


def _is_too_few(gate: Gate, measured: Interval) -> bool:
    """Return whether an interval as wide as this one would reach the limit from the value that has to be seen."""
    return gate.must_see is not None and gate.must_see + (measured.high - measured.mean) >= gate.bound.limit


def _with_too_few(gate: Gate, found: tuple[GroupResult, ...], few: Sequence[GroupResult]) -> GateResult:
    """Pass where of every attribute the larger part of people is in groups that can be told; else nobody knows."""
    told = f"{len(found) - len(few)} 个人群都在界限之内，{len(few)} 个人群人数太少，看不出好坏"
    people: dict[str, list[int]] = {}
    for group in found:
        held = people.setdefault(group.attribute, [0, 0])
        held[group.is_too_few] += group.n
    open_ = [ATTRIBUTES.get(name, name) for name, (seen, unseen) in people.items() if unseen >= seen]
    if open_:
        return GateResult(gate, Outcome.UNKNOWN, f"{told}；按{'、'.join(open_)}大多看不出，{NEEDS_A_PERSON}", found)
    return GateResult(gate, Outcome.MET, told, found)


def _named(result: GroupResult) -> str:
    """Return a group as the public reads of it."""
    return f"{ATTRIBUTES.get(result.attribute, result.attribute)}为{group_word(result.attribute, result.group)}"


def _is_one_reason(groups: Sequence[GroupResult]) -> bool:
    """True where no group is told apart and the same is said of all."""
    return {g.group for g in groups} == {"all"} and len({g.reason for g in groups}) == 1


def _judged(gate: Gate, measured: Measured) -> tuple[Outcome, str]:
    if isinstance(measured, Unmeasured):
        return Outcome.UNKNOWN, f"{NEEDS_A_PERSON}：{measured.because}"
    low, high = (measured.low, measured.high) if isinstance(measured, Interval) else (measured, measured)
    bound, is_floor, unit = gate.bound, gate.floor is not None, f" {gate.unit}" if gate.unit else ""
    told = f"{measured:.4g}" if unit and not isinstance(measured, Interval) else _shown(measured)
    shown, side = f"{told}{unit}", "不低于" if is_floor else "不高于"
    if (high < bound.limit) if is_floor else (low > bound.limit):
        return Outcome.NOT_MET, f"{shown}，应{side} {bound.limit:g}{unit}"
    if bound.tolerance is not None and ((low < bound.tolerance) if is_floor else (high > bound.tolerance)):
        return Outcome.UNKNOWN, f"{shown}，区间超出 {bound.tolerance:g}，样本不足以下结论，{NEEDS_A_PERSON}"
    mean = measured.mean if isinstance(measured, Interval) else measured
    if bound.value is not None and ((mean < bound.value) if is_floor else (mean > bound.value)):
        told = f"{shown}，应{side} {bound.value:g}{unit}，区间太宽，不足以下结论"
        return Outcome.UNKNOWN, f"{told}，{NEEDS_A_PERSON}"
    return Outcome.MET, f"{shown}，{side} {bound.limit:g}{unit}"


def _shown(measured: Interval | float) -> str:
    if isinstance(measured, Interval):
        return f"{measured.mean:.4f}［{measured.low:.4f}，{measured.high:.4f}］，n={measured.n}"
    return f"{measured:g}" if float(measured).is_integer() else f"{measured:.4f}"


def join_small(
    members: Mapping[str, Sequence[int]], *, least: int
) -> tuple[Mapping[str, Sequence[int]], Sequence[int] | None]:
    """Return the groups of at least so many members, and those of the others joined; None where all are large.

    Where the joined ones are still too few, the smallest of the others joins them: else subtracting from the whole
    would tell what is hidden.
    """
    large = {name: rows for name, rows in members.items() if len(rows) >= least}
    small = [row for name, rows in members.items() if name not in large for row in rows]
    while small and len(small) < least and large:
        name = min(large, key=lambda one: (len(large[one]), one))
        small += large.pop(name)
    return large, (small or None)
