"""The measures whose effect can be asked for, each with the rows that say who received it and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from matching.plan_actions import initiative_labels
from matching.plans import EnrolmentKind, PlanKind
from matching.rules.rulebook import rulebook
from matching.vocabulary import ServiceKind
from pipelines.effects.errors import NoSuchMeasure
from pipelines.store.effect_rows import EffectRows

_TRAININGS = (
    EnrolmentKind.COURSE,
    EnrolmentKind.MASSAGE_CLASS,
    EnrolmentKind.MASSAGE_MASTER,
    EnrolmentKind.MASSAGE_SHOP,
    EnrolmentKind.CONTINUING,
)
_WHEN = {
    "claim": "批准的申领，按申领的第一个月",
    "plan": "建立计划的日期",
    "service": "服务记录的日期",
    "learning": "学完的日期",
    "coaching": "开始辅导的日期",
    "initiative": "到场或进入项目的日期",
}


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure: the table that keeps it, its kind there, its words, and how its day is read."""

    table: str
    kind: str
    label: str

    @property
    def name(self) -> str:
        """The name by which it is asked for."""
        return f"{self.table}:{self.kind}"

    @property
    def when(self) -> str:
        """How the day of receipt is read."""
        return _WHEN[self.table]


def _fixed() -> Mapping[str, Measure]:
    found = [Measure("plan", one.value, one.label) for one in PlanKind]
    found += [
        Measure("service", one.value, f"服务：{one.label}") for one in ServiceKind if one is not ServiceKind.OTHER
    ]
    found += [Measure("learning", one.value, f"学完：{one.label}") for one in _TRAININGS]
    found.append(Measure("coaching", EnrolmentKind.COACHING.value, EnrolmentKind.COACHING.label))
    return {one.name: one for one in found}


def measure_of(name: str) -> Measure:
    """Return a measure by its name.

    Raises
    ------
    NoSuchMeasure
        When there is none.
    """
    fixed = _fixed()
    if name in fixed:
        return fixed[name]
    table, _, kind = name.partition(":")
    if table == "claim":
        try:
            return Measure(table, kind, rulebook().rule(kind).rule.title)
        except KeyError:
            pass
    elif table == "initiative" and kind in initiative_labels():
        return Measure(table, kind, initiative_labels()[kind])
    raise NoSuchMeasure("没有这项补贴或措施")


def measures_found(rows: EffectRows, first: date, last: date) -> list[tuple[Measure, int]]:
    """Return the measures that anybody visible received between two days, each with how many people; most first."""
    found = []
    for table in _WHEN:
        for kind, n in rows.received(table, first, last).items():
            try:
                found.append((measure_of(f"{table}:{kind}"), n))
            except NoSuchMeasure:
                continue  # no measure of its own, or under a rule that is gone
    return sorted(found, key=lambda one: (-one[1], one[0].name))
