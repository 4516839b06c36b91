"""The words of notices: what they tell, and why they came to a reader."""

from matching.vocabulary import Term
from pipelines.store.notice_readers import CHARGE, LOCAL_USER, OFFICE


class NoticeKind(Term):
    """What a notice tells; those that come from days are made by `reminders`, the others with what they tell of."""

    ANSWERED = "answered", "用人单位答复推荐"
    REFERRED = "referred", "推荐待答复"
    HANDED = "handed", "求职者转交给您"
    PLANNED = "handover_planned", "预定的转交"
    PLAN_HELD = "handover_held", "预定的转交没有办成"
    TASK = "task", "任务交给您"
    APPROVED = "approved", "岗位复核通过"
    SENT_BACK = "sent_back", "岗位退回修改"
    VERIFIED = "verified", "单位核验"
    CLAIM_DECIDED = "claim_decided", "申领办结"
    CLAIM_CROSSED = "claim_crossed", "交叉申领被拒收"
    IMPORT_FAILED = "import_failed", "导入未成功"
    TASK_DUE = "task_due", "任务到期"
    CONFIRM = "confirm", "岗位待确认"
    FOLLOW_UP = "follow_up", "就业后回访"
    CERTIFICATE = "certificate", "残疾人证换证"
    CONTRACT = "contract", "劳动合同到期"
    HARD_TO_EMPLOY = "hard_to_employ", "就业困难人员认定到期"
    REFERRAL = "referral", "推荐没有回音"
    GRADUATE_FOLLOW = "graduate_follow", "一生一策跟进"
    ASSISTANCE = "assistance", "就业援助计划跟进"
    HOUSEHOLD = "household", "脱贫户、监测对象预警"
    LEARNING = "learning", "资格考试和继续教育"
    STARTUP = "startup", "创业经营核查"
    COACHING = "coaching", "就业辅导员走访"


class Because(Term):
    """Why a notice came to a reader."""

    CHARGE = CHARGE, "您是这位求职者的负责人"
    OFFICE = OFFICE, "这位求职者还没有负责人，由服务机构的工作人员共同跟进"
    LOCAL = LOCAL_USER, "本机还没有设立账号"
    OWNER = "owner", "任务写明由您办理"
    RECEIVER = "receiver", "转交写明由您接手"
    SUPERVISOR = "supervisor", "您是本机构的主管"
    AUTHOR = "author", "这个版本由您编写"
    COMPANY = "company", "这是您单位的事项"
    PROPOSER = "proposer", "申领由您提出"
    GIVER = "giver", "转交由您转出或接手"
    SENDER = "sender", "表格由您发送"
