"""The words of the domain: one enumeration per term, the value as it travels, the label as people read it.

Names and values follow the fixed interface tables; standards: GB/T 26341-2010 (categories and grades).
"""

from enum import StrEnum
from typing import Self


class Term(StrEnum):
    """A word with its Chinese label; `Term.parse` takes either."""

    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        """Make a member that compares as `value` and is shown as `label`; a call with the value alone looks it up."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the member named by its value or its Chinese label.

        Raises
        ------
        ValueError
            When the text is neither; the message lists what would be right, in Chinese to who wrote Chinese.
        """
        wanted = text.strip()
        for member in cls:
            if wanted in (member.value, member.label) or wanted.lower() == member.value:
                return member
        known = "、".join(f"{member.value}（{member.label}）" if wanted.isascii() else member.label for member in cls)
        raise ValueError(f"应为下列之一：{known}")


class Function(Term):
    """What a task can ask of a body or mind; functions and demands share this list."""

    SEEING = "seeing", "视物"
    HEARING = "hearing", "听声"
    SPEAKING = "speaking", "说话"
    READING_WRITING = "reading_writing", "读写"
    UNDERSTANDING = "understanding", "理解"
    CONCENTRATING = "concentrating", "专注"
    INTERACTING = "interacting", "与人交往"
    WALKING = "walking", "行走"
    STANDING = "standing", "站立"
    SITTING = "sitting", "久坐"
    LIFTING = "lifting", "搬举"
    HANDS = "hands", "手部操作"
    STAMINA = "stamina", "耐力"
    SELF_CARE = "self_care", "生活自理"
    TRAVELLING_ALONE = "travelling_alone", "独自出行"


class Accommodation(Term):
    """合理便利: what closes a gap between a limitation and a demand."""

    RAMP = "ramp", "坡道"
    LIFT = "lift", "电梯"
    ACCESSIBLE_TOILET = "accessible_toilet", "无障碍卫生间"
    SCREEN_READER = "screen_reader", "读屏软件"
    LARGE_PRINT = "large_print", "大字资料"
    SIGN_INTERPRETER = "sign_interpreter", "手语翻译"
    CAPTIONS = "captions", "字幕"
    TEXT_COMMUNICATION = "text_communication", "文字沟通"
    SEAT = "seat", "工作座椅"
    JOB_COACH = "job_coach", "就业辅导员"
    SIMPLE_STEPS = "simple_steps", "分步简明指引"
    FLEXIBLE_HOURS = "flexible_hours", "弹性工时"
    QUIET_SPACE = "quiet_space", "安静空间"
    REMOTE_WORK = "remote_work", "居家办公"
    SHUTTLE = "shuttle", "接送班车"
    ADAPTED_TOOLS = "adapted_tools", "改装工具"
    LIFTING_AID = "lifting_aid", "搬运助力"
    DORMITORY = "dormitory", "宿舍"


class AccommodationState(Term):
    """How sure an accommodation is; `to_arrange` is never stored for a vacancy, only answered."""

    VERIFIED = "verified", "已核实"
    DECLARED = "declared", "单位自报"
    TO_ARRANGE = "to_arrange", "需安排"


class DisabilityCategory(Term):
    """残疾类别 (GB/T 26341-2010); `code` is the digit in the certificate number."""

    VISION = "vision", "视力"
    HEARING = "hearing", "听力"
    SPEECH = "speech", "言语"
    PHYSICAL = "physical", "肢体"
    INTELLECTUAL = "intellectual", "智力"
    MENTAL = "mental", "精神"
    MULTIPLE = "multiple", "多重"

    @property
    def code(self) -> str:
        """The digit of the certificate number: 1 is vision and 2 hearing; many pages swap them."""
        return str(list(DisabilityCategory).index(self) + 1)

    @classmethod
    def from_code(cls, code: str) -> "DisabilityCategory":
        """Return the category of a certificate digit.

        Raises
        ------
        ValueError
            For a digit outside 1 to 7.
        """
        members = list(cls)
        if not code.isascii() or not code.isdigit() or not 1 <= int(code) <= len(members):
            raise ValueError("残疾类别代码应为 1 至 7")
        return members[int(code) - 1]


class EmployerKind(Term):
    """用人单位性质."""

    ORGAN = "organ", "机关"
    INSTITUTION = "institution", "事业单位"
    STATE_OWNED = "state_owned", "国有企业"
    PRIVATE = "private", "民营企业"
    PLATFORM = "platform", "平台企业"
    SOCIAL_ORGANISATION = "social_organisation", "社会组织"
    PRIVATE_NON_ENTERPRISE = "private_non_enterprise", "民办非企业单位"
    CONCENTRATED = "concentrated", "集中使用残疾人的用人单位"
    AUXILIARY = "auxiliary", "辅助性就业机构"
    MASSAGE = "massage", "盲人按摩机构"
    INDIVIDUAL_BUSINESS = "individual_business", "个体工商户"


class Level(Term):
    """Administrative level of an employer."""

    CENTRAL = "central", "中央"
    PROVINCE = "province", "省级"
    PREFECTURE = "prefecture", "市级"
    COUNTY = "county", "县级"
    TOWNSHIP = "township", "乡级"


class VacancyKind(Term):
    """How a vacancy is announced."""

    OPEN = "open", "公开招聘"
    DIRECTED = "directed", "定向招聘"
    RESERVED = "reserved", "预留岗位"
    PUBLIC_WELFARE = "public_welfare", "公益性岗位"
    RURAL_PUBLIC_WELFARE = "rural_public_welfare", "乡村公益性岗位"
    AUXILIARY = "auxiliary", "辅助性就业岗位"
    INTERNSHIP = "internship", "就业见习"

    @property
    def is_announced_for_disabled_people(self) -> bool:
        """Directed and reserved posts are announced for disabled people (定向招聘, 预留岗位)."""
        return self in (VacancyKind.DIRECTED, VacancyKind.RESERVED)


class WorkMode(Term):
    """Where the work is done."""

    ONSITE = "onsite", "到岗"
    REMOTE = "remote", "居家"
    HYBRID = "hybrid", "部分居家"


class Education(Term):
    """学历, ordered from none to doctor; compare by `rank`."""

    NONE = "none", "未上学"
    PRIMARY = "primary", "小学"
    JUNIOR = "junior", "初中"
    SENIOR = "senior", "高中"
    VOCATIONAL = "vocational", "中专/中技"
    COLLEGE = "college", "大专"
    BACHELOR = "bachelor", "本科"
    MASTER = "master", "硕士"
    DOCTOR = "doctor", "博士"

    @property
    def rank(self) -> int:
        """Position for comparison; senior and vocational are equal (both 高中阶段教育)."""
        return _EDUCATION_RANK[self]


_EDUCATION_RANK = dict(zip(Education, (0, 1, 2, 3, 3, 4, 5, 6, 7), strict=True))


class Transport(Term):
    """How a person gets to work."""

    WALK = "walk", "步行"
    WHEELCHAIR = "wheelchair", "轮椅"
    TRICYCLE = "tricycle", "三轮车/代步车"
    BUS = "bus", "公交"
    CAR = "car", "汽车"
    ACCOMPANIED = "accompanied", "需人陪同"
    NONE = "none", "无法出行"


class HouseholdKind(Term):
    """Kinds of household that the plan names."""

    POVERTY_EXITED = "poverty_exited", "脱贫户"
    MONITORED = "monitored", "防返贫监测户"
    DIBAO = "dibao", "低保户"
    ZERO_EMPLOYMENT = "zero_employment", "零就业家庭"


class Hukou(Term):
    """户籍性质."""

    URBAN = "urban", "城镇"
    RURAL = "rural", "农村"


class Sex(Term):
    """性别, as on the citizen card."""

    MALE = "male", "男"
    FEMALE = "female", "女"


class YesNo(Term):
    """An answer that was given; no answer is `None`, never `no`."""

    YES = "yes", "是"
    NO = "no", "否"


class BaseLimit(Term):
    """Where a base of insurance (缴费基数) stands between its lower and upper limit."""

    FLOOR = "floor", "按下限缴费"
    CEILING = "ceiling", "按上限缴费"
    BETWEEN = "between", "在上下限之间"


class InteractionKind(Term):
    """What happened between a candidate and a vacancy, from a look to six months in the job."""

    VIEWED = "viewed", "浏览"
    REFERRED = "referred", "推荐"
    APPLIED = "applied", "应聘"
    INTERVIEWED = "interviewed", "面试"
    OFFERED = "offered", "录用意向"
    PLACED = "placed", "入职"
    RETAINED_3M = "retained_3m", "稳岗三个月"
    RETAINED_6M = "retained_6m", "稳岗六个月"
    DECLINED_BY_CANDIDATE = "declined_by_candidate", "本人婉拒"
    DECLINED_BY_EMPLOYER = "declined_by_employer", "单位未录用"


class PlacementForm(Term):
    """就业形式."""

    QUOTA = "quota", "按比例就业"
    CONCENTRATED = "concentrated", "集中就业"
    SELF_EMPLOYED = "self_employed", "自主创业"
    PUBLIC_WELFARE = "public_welfare", "公益性岗位就业"
    AUXILIARY = "auxiliary", "辅助性就业"
    FLEXIBLE = "flexible", "灵活就业"
    FARMING = "farming", "农村种养加"


class ServiceKind(Term):
    """Services recorded for a person; the first four are the plan's 四个一."""

    INFORMATION_CHECK = "information_check", "基础信息核对"
    ABILITY_ASSESSMENT = "ability_assessment", "职业能力评估"
    NEED_REGISTRATION = "need_registration", "就业需求登记"
    EMPLOYMENT_SERVICE = "employment_service", "就业服务"
    GRADUATE_PLAN = "graduate_plan", "一生一策"
    TRAINING = "training", "培训"
    OTHER = "other", "其他"


class Concession(Term):
    """What platform companies waive or give (plan 二(三))."""

    FRANCHISE_FEE = "franchise_fee", "加盟费减免"
    SERVICE_FEE = "service_fee", "增值服务费减免"
    DISPATCH_PRIORITY = "dispatch_priority", "派单倾斜"
    FREE_TRAINING = "free_training", "免费培训"
    PROMOTION = "promotion", "宣传推广"


class Outcome(Term):
    """Answer of the functional comparison for one vacancy."""

    FITS = "fits", "功能适合"
    FITS_WITH_ACCOMMODATION = "fits_with_accommodation", "有便利即适合"
    UNKNOWN = "unknown", "待核实"
    DOES_NOT_FIT = "does_not_fit", "功能不适合"


class ReasonKind(Term):
    """What a reason speaks of."""

    SKILL = "skill", "技能"
    PLACE = "place", "地点"
    WAGE = "wage", "工资"
    FUNCTION = "function", "功能"
    ACCOMMODATION = "accommodation", "便利"
    POLICY = "policy", "政策"
    HISTORY = "history", "经历"
    PREFERENCE = "preference", "意愿"


class Ground(Term):
    """The four kinds of ground that are told apart; see `matching.retrieval` for which may exclude."""

    LAW = "law", "法定条件"
    SAFETY = "safety", "岗位明示要求"
    ACCOMMODATION = "accommodation", "可由便利解决"
    PREFERENCE = "preference", "本人意愿"
