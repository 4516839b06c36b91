"""The words of casework: what a note is about, what there is to do, and how a task ends."""

from matching.vocabulary import Term


class NotePurpose(Term):
    """What a note is about."""

    CONTACT = "contact", "联系本人"
    VISIT = "visit", "入户走访"
    GUIDANCE = "guidance", "职业指导"
    EMPLOYER = "employer", "与用人单位沟通"
    PLACEMENT = "placement", "上岗跟踪"
    TRAINING = "training", "培训"
    FAMILY = "family", "与监护人、家属沟通"
    OTHER = "other", "其他"


class TaskKind(Term):
    """What there is to do."""

    CONTACT = "contact", "电话联系"
    VISIT = "visit", "上门走访"
    PAPERS = "papers", "收取、补办材料"
    FOLLOW_UP = "follow_up", "回访"
    EMPLOYER = "employer", "联系用人单位"
    TRAINING = "training", "培训报名、送训"
    OTHER = "other", "其他"


class TaskStatus(Term):
    """Where a task stands."""

    OPEN = "open", "待办"
    DONE = "done", "已办"
    DROPPED = "dropped", "不再需要"


class TaskAct(Term):
    """What was done about a task."""

    MADE = "made", "建立"
    POSTPONED = "postponed", "延期"
    HANDED = "handed", "转交"
    DONE = "done", "办结"
    DROPPED = "dropped", "取消"
