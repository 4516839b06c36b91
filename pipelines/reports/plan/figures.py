"""The figures of the plan: what each counts, under which words, and by which document and clause."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from matching.duties.households import HouseholdState
from matching.duties.terms import CLOCKS, DutyKind, Ground, terms_on
from matching.publicity import Medium
from matching.rules.dated import rules_on
from matching.source import Source
from matching.vocabulary import PlacementForm, ServiceKind
from pipelines.duties.households import household_ground
from pipelines.duties.units import UnitState, min_one_ground

ALL = "all"
UNKNOWN = "unknown"
SEED, SUCCESSOR = "甘政办发〔2022〕97号", "甘政办发〔2025〕67号"
_SUCCESSOR_FROM = date(2025, 11, 7)
Counts = Literal["people", "households", "units", "events"]
_UNITS: Mapping[Counts, str] = {"people": "人", "households": "户", "units": "个", "events": "次"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its words add up to its total, which may be a cell of another figure (`total_of`)."""

    name: str
    title: str
    counts: Counts
    definition: str
    clause: str
    words: Mapping[str, str]
    total: str | None = None
    """What the sum of the words is called; None where the words stand alone or the sum is another figure's cell."""
    total_of: tuple[str, str] | None = None
    """Figure and word whose cell the words add up to."""
    is_public: bool = field(default=False)
    """Counts of employers or of what was told to the public, which are no secret: nothing of them is suppressed."""

    @property
    def unit(self) -> str:
        """The unit of measurement in Chinese."""
        return _UNITS[self.counts]

    def ground(self, on: date) -> Ground:
        """Return what the figure rests on: in force or not yet read in the successor, and how sure that is."""
        if self.name == "households" and (found := household_ground(on)) is not None:
            return found
        if self.name == "min_one" and (least := min_one_ground(on.year)) is not None:
            return least[0]
        if self.name in _CLOCK_NAMES and (found := terms_on(on).grounds.get(DutyKind.FOUR_ONES)) is not None:
            return found
        if self.name in _QUOTA_NAMES and (ratio := rules_on(on).find_or_none("quota.ratio.required")) is not None:
            return Ground(ratio.cited, ratio.source.status)
        if on < _SUCCESSOR_FROM:
            return Ground(Source(SEED, self.clause), "confirmed")
        return Ground(Source(SUCCESSOR, f"未读到，沿用{SEED} {self.clause}，请核对原文"), "known-medium")


_DONE = {"done": "本年已做", "due": "本年未做"}
_STATES = {state.value: state.label for state in UnitState if state is not UnitState.NOT_CONCERNED}
_CLOCK_TITLES = {kind: f"{kind.label}（有就业意愿的）" for kind in list(CLOCKS)[1:]}
CLOCK_FIGURES: Mapping[ServiceKind, str] = {kind: kind.value for kind in CLOCKS}
_CLOCK_NAMES = frozenset({*CLOCK_FIGURES.values(), "wish", "unsure"})
_QUOTA_NAMES = frozenset({"quota_public", "quota_state"})
_WITHOUT_WORK = (ServiceKind.INFORMATION_CHECK.value, ALL)

FIGURES: Mapping[str, Figure] = {
    figure.name: figure
    for figure in (
        Figure(
            "placed",
            "本年新增就业",
            "people",
            "本年开始一段就业的人，每人一次，按这段就业的形式；与前一段就业相隔不到一天的不算新增",
            "一",
            {**{form.value: form.label for form in PlacementForm}, UNKNOWN: "形式未登记"},
            total="新增就业",
        ),
        Figure(
            "placed_in_plan",
            "方案期内累计新增就业",
            "people",
            "从方案期第一天起开始一段就业的人，每人一次，到报告日为止",
            "一",
            {"entered": "累计新增就业"},
        ),
        Figure("trained", "本年参加培训", "people", "本年有培训记录的人，每人一次", "二(十)", {"trained": "参加培训"}),
        Figure(
            ServiceKind.INFORMATION_CHECK.value,
            "基础信息核对（就业年龄段未就业的）",
            "people",
            "报告日在就业年龄段、登记失业且没有在业记录的人，本年有没有基础信息核对",
            "二(九)",
            _DONE,
            total="就业年龄段未就业",
        ),
        Figure(
            "wish",
            "就业年龄段未就业的人有没有就业意愿",
            "people",
            "报告日在就业年龄段、登记失业且没有在业记录的人，按本人表示的意愿",
            "二(九)",
            {"yes": "有就业意愿", "no": "没有就业意愿", UNKNOWN: "意愿待核实"},
            total_of=_WITHOUT_WORK,
        ),
        *(
            Figure(
                kind.value,
                title,
                "people",
                f"就业年龄段未就业且有就业意愿的人，本年有没有{kind.label}",
                "二(九)",
                _DONE,
                total_of=("wish", "yes"),
            )
            for kind, title in _CLOCK_TITLES.items()
        ),
        Figure(
            "unsure",
            "是否就业或年龄待核实",
            "people",
            "没有在业记录，但是否就业、出生日期或性别不知道，不能断定是否在就业年龄段未就业的人",
            "二(九)",
            {"unsure": "待核实"},
        ),
        Figure(
            "graduates",
            "离校两年内没有在业记录的高校毕业生",
            "people",
            "报告日离校不满两年、没有在业记录的高校毕业生，有没有一生一策服务记录",
            "二(七)",
            {"with_plan": "有一生一策", "without_plan": "没有一生一策", "work_unknown": "是否就业待核实"},
            total="毕业生",
        ),
        Figure(
            "households",
            "脱贫户、防返贫监测户至少一人就业",
            "households",
            "有登记成员的农村脱贫户、监测户，按登记的成员；有劳动能力按就业年龄段计（约定），未登记的成员待核实",
            "二(六)",
            {state.value: state.label for state in HouseholdState},
            total="脱贫户、监测户",
        ),
        Figure(
            "min_one",
            "至少安排1名残疾人的机关、事业单位",
            "units",
            "编制达到下限、未达到规定比例的省级、市级机关和事业单位（中小学、幼儿园除外）",
            "二(一)",
            _STATES,
            total="适用的单位",
            is_public=True,
        ),
        *(
            Figure(
                name,
                f"{title}是否达到规定比例",
                "units",
                f"{title}按本年各月计入的残疾职工数，与在职职工人数乘规定比例相比；职工人数或计入月份不全的待核实",
                clause,
                _STATES,
                total=title,
                is_public=True,
            )
            for name, title, clause in (
                ("quota_public", "机关、事业单位", "二(一)"),
                ("quota_state", "国有企业", "二(二)"),
            )
        ),
        Figure(
            "publicity",
            "残疾人就业宣传",
            "events",
            "本年登记的宣传，每次一条，按宣传方式；没有登记的不等于没有开展",
            "三(四)",
            {medium.value: medium.label for medium in Medium},
            total="宣传次数",
            is_public=True,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class NotCounted:
    """An order of the plan that no figure counts: where rows of it are kept, if anywhere, and who knows the rest.

    What nobody wrote down there may have been done all the same, so each is to be verified by hand.
    """

    title: str
    clause: str
    knows: str
    kept: str | None = None

    @property
    def ask(self) -> str:
        """Return where to look, and with whom what is not there is verified."""
        asked = f"向{self.knows}核实"
        return asked if self.kept is None else f"已登记的见“{self.kept}”，没有登记的{asked}"

    def as_dict(self) -> dict[str, str]:
        """Return it as it travels in JSON."""
        return {"title": self.title, "clause": self.clause, "ask": self.ask, "state": "需人工核实"}


NOT_COUNTED = (
    NotCounted(
        "机关、事业单位招录中放宽开考比例、年龄、户籍的岗位数", "二(一)", "组织部门、人社部门",
        "单位台账：放宽条件的岗位申报",
    ),
    NotCounted(
        "已安排残疾人就业的单位是否已向社会公示", "二(一)、二(二)", "各单位、残联", "单位台账：安排残疾人就业情况公示"
    ),
    NotCounted(
        "国有企业是否及时足额缴纳残保金", "二(二)", "税务部门", "单位台账：未达比例、没有缴纳记录的国有企业"
    ),
    NotCounted("社区公共服务点预留岗位", "二(二)", "邮政管理部门", "单位台账：社区公共服务点的预留岗位"),
    NotCounted("烟草零售许可放宽", "二(二)", "烟草专卖部门"),
    NotCounted("残疾人组织助残就业服务项目及结果", "二(四)", "残联、各专门协会", "活动和项目"),
    NotCounted("辅助性就业机构的社会工作岗位", "二(五)", "民政部门、残联"),
    NotCounted("就业辅导员", "二(五)", "残联", "方案工作：就业辅导员"),
    NotCounted(
        "盲人按摩人员考试、资格审核、继续教育", "二(八)", "残联、卫生健康部门", "方案工作：盲人按摩"
    ),
    NotCounted("县级以上残疾人就业服务机构规范化建设", "二(九)", "各级残联", "方案工作：规范化建设"),
    NotCounted("政府购买残疾人就业服务的数量和金额", "二(九)", "财政部门、残联", "方案工作：政府购买服务"),
    NotCounted("残疾人职业技能竞赛和展示", "二(十)", "人社部门、残联", "培训课程：课程和竞赛"),
    NotCounted("政策落实情况和效果评估的次数", "三(五)", "各级残工委"),
)  # fmt: skip


def target(on: date) -> tuple[int | None, Ground]:
    """Return how many newly employed people the plan of a day wants in all, None where that was not seen."""
    rules = rules_on(on)
    version = rules.parameters["policy.plan.new_jobs_target"].on(on)
    if version is None:
        return None, Ground(Source("没有在这一天有效的方案", "—"), "unknown")
    value = None if version.value is None else int(version.value)
    return value, Ground(version.cited, version.source.status)


def plan_begins(on: date) -> date | None:
    """Return the first day from which a plan counts up, None on a day without one."""
    version = rules_on(on).find_or_none("policy.plan.first_day")
    return None if version is None else date.fromisoformat(str(version.value))
