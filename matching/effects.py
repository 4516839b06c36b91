"""How the effect of a measure is compared, as a dated rule; what may be asked, and what a comparison cannot say."""

from datetime import date
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from matching.packaged import parsed
from matching.vocabulary import Term


class EffectOutcome(Term):
    """What is asked of people after the month in which they received a measure."""

    PLACED = "placed", "就业"
    RETAINED_3M = "retained_3m", "稳定就业3个月"
    RETAINED_6M = "retained_6m", "稳定就业6个月"

    @property
    def months_kept(self) -> int:
        """For how many months the work has to last."""
        return {EffectOutcome.PLACED: 0, EffectOutcome.RETAINED_3M: 3, EffectOutcome.RETAINED_6M: 6}[self]


class StartingFrom(Term):
    """Whose outcome is compared: of who was without work at the end of the month, or of who was in work."""

    WITHOUT_WORK = "without_work", "当月底没有工作的人"
    IN_WORK = "in_work", "当月底在业的人"


class EffectSource(BaseModel):
    """The order, and how sure the numbers are."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    document: str
    clause: str
    quote: str
    status: str


class EffectRule(BaseModel):
    """One version of the rule (`data/effects.yaml`)."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    since: date = Field(alias="from")
    source: EffectSource
    within_months: int = Field(gt=0)
    least_people: int = Field(ge=10)
    least_outcomes: int = Field(ge=10)
    least_overlap: float = Field(gt=0, le=1)
    caliper: float = Field(gt=0)
    neighbours: int = Field(gt=0)
    told_difference: float = Field(gt=0)
    most_difference: float = Field(gt=0)
    rounds: int = Field(ge=100)
    confidence: float = Field(gt=0, lt=1)
    received: int = Field(gt=0)
    others: int = Field(gt=0)


@cache
def _versions() -> tuple[EffectRule, ...]:
    path = Path(__file__).parent / "data" / "effects.yaml"
    loaded = parsed(path.read_text(encoding="utf-8"))
    return tuple(EffectRule.model_validate(entry) for entry in loaded["versions"])


def effect_rule(on: date) -> EffectRule | None:
    """Return the rule in force on a day; None where none is."""
    held = [rule for rule in _versions() if rule.since <= on]
    return max(held, key=lambda rule: rule.since, default=None)


LIMITS = (
    "这是按登记的记录做的比较，不是试验：没有记录的因素（如本人意愿强弱、家庭支持、身体变化）可能同时影响领取和就业。",
    "求职意愿、技能、收入只有现在的登记，可能在领取之后变过，没有用来比较；性别、类别等级、文化程度、户口、地区按现在的登记。",
    "没有领取的人里，有的后来领取了，仍算没有领取：真实差别可能比这里大。",
    "就业按就业记录和推荐结果计；没有登记的就业看不到，两组登记得一样全时才不影响比较。",
    "结论只说这一时期领取的这些人，不能推到没有可比的人、别的地方或别的标准；也不说明换成别的措施会怎样。",
    "看不出差别不等于没有作用，可能是人数不够。",
    "不得据此停发、拒发任何个人的待遇。",
)
"""What the comparison cannot say."""
