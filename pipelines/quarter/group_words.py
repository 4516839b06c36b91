"""The groups of the fairness sheet in plain Chinese, by the words of the vocabulary."""

from matching.vocabulary import DisabilityCategory, Hukou, Sex, Term

JOINED = "small_groups"
"""The groups of an attribute that are too small to be shown, joined into one."""
ATTRIBUTES = {
    "category": "残疾类别",
    "grade": "残疾等级",
    "sex": "性别",
    "hukou": "户籍性质",
    "prefecture": "市州",
    "facts_known": "已填项数（共7项）",
}
SEGMENTS = {
    "all": "全体",
    "warm_people": "有记录的人",
    "cold_people": "没有记录的人",
    "cold_vacancies": "没有记录的岗位",
}
"""Whom, or which vacancies, a measure in time is of."""
_TERMS: dict[str, type[Term]] = {"category": DisabilityCategory, "sex": Sex, "hukou": Hukou}
_GRADES = {"1": "一级", "2": "二级", "3": "三级", "4": "四级"}
_ANY = {JOINED: "人数少的各组合计", "unknown": "未知", "all": "全体"}


def group_word(attribute: str, group: str) -> str:
    """Return what a group of an attribute is called; one that has no other word keeps its own name."""
    terms = _TERMS.get(attribute, ())
    known = {term.value: term.label for term in terms} | (_GRADES if attribute == "grade" else {})
    return known.get(group) or _ANY.get(group, group)
