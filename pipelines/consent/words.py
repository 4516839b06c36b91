"""The words of consent with their Chinese labels."""

from matching.vocabulary import Term


class ConsentPurpose(Term):
    """What a consent is for; each is given and withdrawn by itself (个人信息保护法 第二十九条)."""

    MATCHING = "matching", "参与岗位匹配"
    DISCLOSURE = "disclosure", "向用人单位提供信息"
    STATISTICS_AND_TRAINING = "statistics_and_training", "用于统计和改进排序"
    CONTACT = "contact", "电话或上门联系"


class ConsentAct(Term):
    """What a person stated."""

    GIVEN = "given", "同意"
    REFUSED = "refused", "不同意"
    WITHDRAWN = "withdrawn", "撤回同意"


class StatementForm(Term):
    """How it was stated."""

    WRITTEN = "written", "书面"
    ELECTRONIC = "electronic", "电子确认"
    ORAL = "oral", "口头"


class Speaker(Term):
    """Who stated it."""

    PERSON = "person", "本人"
    GUARDIAN = "guardian", "监护人"


class DisclosedItem(Term):
    """What an employer learns beside the view without a name; each is agreed to by itself."""

    NAME = "name", "姓名"
    PHONE = "phone", "联系电话"
    CATEGORY = "category", "残疾类别"
    GRADE = "grade", "残疾等级"
    CERTIFICATE_NUMBER = "certificate_number", "残疾人证号"
    POLICY = "policy", "本人的帮扶政策和补贴"
    PROFILE = "profile", "技能、学历、经历年限、大致路程和可工作时间"


class RequestKind(Term):
    """What a person can ask for."""

    EXTRACT = "extract", "查阅、复制"
    CORRECTION = "correction", "更正、补充"
    ERASURE = "erasure", "删除"
    REVIEW = "review", "人工复核"


class Refusal(Term):
    """Why a company does not take somebody: about the post and the work, never about a disability."""

    FILLED = "filled", "岗位已招满"
    SKILLS = "skills", "技能或证书不符合岗位任务"
    HOURS = "hours", "工作时间谈不拢"
    WAGE = "wage", "工资谈不拢"
    ACCOMMODATION = "accommodation", "需要的便利目前安排不了"
    NOT_REACHED = "not_reached", "联系不上本人"
    DID_NOT_COME = "did_not_come", "约定后没有到场"
    OTHER = "other", "其他原因"
