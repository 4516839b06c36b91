"""Conditions on a person's body are found and quoted; what only looks like one is left alone."""

import pytest

from matching.body_conditions import BodyCondition, find_body_conditions, kind_label, kinds
from matching.occupations import classify


def kinds_in(text: str, title: str = "") -> set[str]:
    return {condition.kind for condition in find_body_conditions(text, family=classify(title))}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("要求：形象好，气质佳", "appearance"),
        ("五官端正，待人热情", "appearance"),
        ("相貌端庄", "appearance"),
        ("身高165cm以上", "height"),
        ("身高1.7米以上", "height"),
        ("身高﹕女160CM以上", "height"),
        ("身材匀称", "weight"),
        ("体重120斤以下", "weight"),
        ("限男性", "sex"),
        ("女性优先", "sex"),
        ("性别：女", "sex"),
        ("男，25-40岁", "sex"),
        ("负责接待。\n（原文性别要求：女）", "sex"),
        ("招女工10名", "sex"),
        ("年龄18-45岁", "age"),
        ("35周岁以下", "age"),
        ("年龄不超过40周岁", "age"),
        ("1.30岁以下", "age"),
        ("年龄16周岁-----35周岁", "age"),
        ("25周岁以上", "age"),
        ("身体健康，吃苦耐劳", "health"),
        ("需体检合格", "health"),
        ("无心脏病、高血压", "health"),
        ("身体健康无残疾", "disability"),
        ("不招残疾人员，无身体缺陷", "disability"),
        ("无传染病", "infection"),
        ("非乙肝病毒携带者", "infection"),
        ("无纹身、烟疤", "tattoo"),
        ("视力良好", "eyesight"),
        ("裸眼视力5.0以上", "eyesight"),
        ("无色盲色弱", "eyesight"),
        ("听力正常", "hearing"),
        ("无口吃", "speech"),
        ("四肢健全", "limbs"),
        ("已婚已育优先", "marriage"),
        ("未婚", "marriage"),
        ("限本地户籍", "hukou"),
        ("本地人优先", "hukou"),
        ("属相不要属虎", "other"),
    ],
)
def test_a_condition_is_found(text: str, kind: str) -> None:
    assert kind in kinds_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "公司健康发展，前景广阔",
        "需持有效健康证",
        "提供健康体检和商业保险",
        "年度免费体检",
        "关注员工身心健康",
        "形象设计师，维护公司形象",
        "负责品牌形象推广",
        "品行端正，态度端正",
        "男女不限，年龄不限",
        "男、女不限",
        "性别：不限",
        "不限男女，有经验优先",
        "女装销售，男鞋专柜",
        "女性用品导购",
        "为客户年龄层定制方案",
        "服务3-12岁儿童",
        "公司员工平均年龄25岁",
        "90后年轻团队，氛围好",
        "年满18周岁以上",
        "熟悉本地市场",
        "户籍不限",
        "婚假、产假、生日礼金",
        "婚庆公司策划",
        "系统缺陷修复",
        "英语听力良好",
        "与客户沟通无障碍",
        "联系人：王女士",
        "退伍军人优先",
        "本企业可招收轻度残疾人员",
        "口齿清晰，普通话标准",
        "本科及以上学历，3-5年经验",
        "手脚麻利，做事勤快",
    ],
)
def test_what_is_no_condition_is_left_alone(text: str) -> None:
    assert kinds_in(text) == set()


def test_a_condition_quotes_the_words_of_the_posting() -> None:
    found = find_body_conditions("1、女，形象好，年龄18-35岁；2、会打字", family=None)
    text = "1、女，形象好，年龄18-35岁；2、会打字"
    assert {c.kind for c in found} == {"sex", "appearance", "age"}
    assert all(c.quote and c.quote in text for c in found)


def test_driving_explains_a_condition_of_eyesight() -> None:
    (condition,) = find_body_conditions("视力良好", family=classify("货车司机"))
    assert condition == BodyCondition("eyesight", "视力良好", "驾驶")


def test_nothing_explains_a_condition_of_eyesight_for_a_cleaner() -> None:
    (condition,) = find_body_conditions("视力良好", family=classify("保洁员"))
    assert condition.task is None


@pytest.mark.parametrize("text", ["限女性", "身高165cm以上", "形象好", "35岁以下", "身体健康", "四肢健全"])
def test_no_task_explains_a_condition_of_looks_sex_age_or_health(text: str) -> None:
    (condition,) = find_body_conditions(text, family=classify("司机"))
    assert condition.task is None


def test_marriage_and_register_are_not_of_the_body() -> None:
    by_kind = {c.kind: c for c in find_body_conditions("已婚，限本地户籍，35岁以下，限男性", family=None)}
    assert {kind for kind, c in by_kind.items() if not c.is_body} == {"marriage", "hukou"}
    assert {kind for kind, c in by_kind.items() if c.is_body} == {"age", "sex"}


def test_the_same_words_are_named_once() -> None:
    assert len(find_body_conditions("身体健康。普工：身体健康。", family=None)) == 1


def test_every_kind_has_a_chinese_label() -> None:
    assert all(kind_label(kind).strip() and not kind_label(kind).isascii() for kind in kinds())
