"""What a vacancy asks is derived with its evidence; negations lower, company prose says nothing."""

import json

import pytest

from matching.entities import Vacancy, VacancyId
from matching.reading import READING_VERSION, VacancyReading, from_payload, read_vacancy, to_payload
from matching.vocabulary import Function, WorkMode


def read(description: str | None = None, *, title: str = "文员", occupation: str | None = None) -> VacancyReading:
    vacancy = Vacancy(vacancy_id=VacancyId("v"), title=title, description=description, occupation=occupation)
    return read_vacancy(vacancy)


def level(reading: VacancyReading, function: Function) -> int:
    return reading.demands[function].level


@pytest.mark.parametrize(
    ("text", "function", "least"),
    [
        ("需长期站立工作", Function.STANDING, 3),
        ("负责货物搬运", Function.LIFTING, 3),
        ("需登高作业", Function.WALKING, 3),
        ("普通话标准，口齿清晰", Function.SPEAKING, 3),
        ("接听客户电话", Function.HEARING, 3),
        ("两班倒", Function.STAMINA, 2),
        ("每天12小时", Function.STAMINA, 3),
        ("能适应出差", Function.TRAVELLING_ALONE, 3),
        ("跑业务，上门拜访客户", Function.TRAVELLING_ALONE, 3),
        ("厂区巡逻", Function.WALKING, 3),
        ("流水线作业，节奏快", Function.STAMINA, 2),
        ("心灵手巧", Function.HANDS, 3),
        ("负责外观检验", Function.SEEING, 3),
        ("文字功底扎实", Function.READING_WRITING, 3),
        ("持C1驾照", Function.SEEING, 3),
        ("能承受工作压力", Function.CONCENTRATING, 2),
    ],
)
def test_the_text_raises_a_demand_and_quotes_its_words(text: str, function: Function, least: int) -> None:
    demand = read(f"岗位要求：{text}", title="其他").demands[function]
    assert demand.level >= least
    assert demand.basis == "text"
    assert demand.evidence
    assert all(words in f"岗位要求：{text}" for words in demand.evidence)


@pytest.mark.parametrize("negation", ["无需", "不用", "不需要", "免", "无须"])
def test_a_negated_demand_lowers_and_never_raises(negation: str) -> None:
    usual = read(title="仓管员")
    lowered = read(f"{negation}搬运货物", title="仓管员")
    assert level(lowered, Function.LIFTING) < level(usual, Function.LIFTING)
    assert lowered.demands[Function.LIFTING].basis == "text"


def test_no_need_to_stand_is_not_read_as_standing() -> None:
    reading = read("无需站立，可坐着上班", title="营业员")
    assert level(reading, Function.STANDING) <= 1
    assert level(reading, Function.SITTING) == 3


@pytest.mark.parametrize(
    ("kilograms", "expected"), [("5公斤", 1), ("10公斤", 2), ("20kg", 3), ("30斤", 3), ("25公斤", 4), ("50公斤", 4)]
)
def test_the_weight_decides_the_level_of_lifting(kilograms: str, expected: int) -> None:
    assert level(read(f"能提{kilograms}重物", title="其他"), Function.LIFTING) == max(expected, _bare_lifting())


def _bare_lifting() -> int:
    found = read("能提重物", title="其他").demands.get(Function.LIFTING)
    return found.level if found else 0


@pytest.mark.parametrize(
    "text",
    [
        "公司是一家搬运机器人制造商，主营搬运设备",
        "【公司简介】\n本公司专业从事装卸搬运、高空作业服务\n【岗位职责】\n整理文件",
        "公司福利：提供出差补贴、夜班补贴、加班费",
        "联系电话：0930-0000000，请拨打电话报名",
    ],
)
def test_what_the_company_says_of_itself_is_no_demand_of_the_job(text: str) -> None:
    assert all(demand.basis == "occupation" for demand in read(text).demands.values())


def test_the_section_of_duties_after_the_company_is_read() -> None:
    reading = read("公司简介：专业从事物流。\n岗位职责：负责货物装卸", title="其他")
    assert level(reading, Function.LIFTING) == 3


def test_the_section_of_another_post_says_nothing_of_this_one() -> None:
    posting = "一、电工\n定期巡视设备\n二、搬运工\n负责装卸货物\n三、福利\n包吃住"
    assert read(posting, title="电工").demands[Function.LIFTING].basis == "occupation"
    assert read(posting, title="搬运工").demands[Function.LIFTING].basis == "text"


def test_written_service_lowers_hearing_and_speech() -> None:
    usual, written = read(title="客服专员"), read("不打电话，文字聊天回复", title="客服专员")
    for function in (Function.HEARING, Function.SPEAKING):
        assert level(written, function) < level(usual, function)


def test_an_occupation_gives_all_functions_and_names_itself_as_evidence() -> None:
    reading = read(title="保洁员")
    assert reading.family_id == "cleaner"
    assert set(reading.demands) == set(Function)
    assert all(d.basis == "occupation" and d.evidence == ("保洁员",) for d in reading.demands.values())


def test_a_vacancy_of_unknown_work_says_only_what_its_text_says() -> None:
    reading = read("需接听电话", title="其他")
    assert reading.family_id is None
    assert set(reading.demands) == {Function.HEARING, Function.SPEAKING}
    assert read(title="其他").demands == {}


def test_the_occupation_column_is_asked_where_the_title_names_nothing() -> None:
    assert read(title="急招", occupation="保洁员").family_id == "cleaner"
    assert read(title="焊工", occupation="保洁员").family_id == "welder"


def test_where_the_text_contradicts_itself_the_higher_demand_stands() -> None:
    reading = read("可坐着上班，旺季需长期站立", title="其他")
    assert level(reading, Function.STANDING) == 3
    assert len(reading.demands[Function.STANDING].evidence) == 2


def test_unlawful_conditions_are_flagged_and_change_no_demand() -> None:
    plain = read(title="文员")
    flagged = read("女，形象好，身高165cm以上，35岁以下，身体健康，四肢健全", title="文员")
    assert flagged.demands == plain.demands
    assert {c.kind for c in flagged.body_conditions} == {"sex", "appearance", "height", "age", "health", "limbs"}


def test_eyesight_that_no_task_explains_changes_no_demand() -> None:
    assert read("视力良好", title="保洁员").demands == read(title="保洁员").demands


def test_hearing_that_a_task_explains_raises_the_demand() -> None:
    reading = read("听力正常，负责接听电话", title="其他")
    assert level(reading, Function.HEARING) == 3
    assert reading.body_conditions[0].task == "接打电话"


def test_remote_work_asks_for_no_way_to_work() -> None:
    vacancy = Vacancy(vacancy_id=VacancyId("v"), title="文员", work_mode=WorkMode.REMOTE)
    demand = read_vacancy(vacancy).demands[Function.TRAVELLING_ALONE]
    assert (demand.level, demand.basis) == (0, "text")


@pytest.mark.parametrize("text", ["有C1驾照优先", "有装卸经验的优先", "能接受夜班者优先"])
def test_a_preference_is_no_demand(text: str) -> None:
    assert read(text).demands == read().demands


def test_traits_come_from_the_family() -> None:
    assert "screen_work" in read(title="文员").traits
    assert read(title="其他").traits == frozenset()


def test_a_reading_comes_back_from_json_as_it_was() -> None:
    reading = read("女，视力良好，需搬运货物，接听电话", title="司机")
    assert from_payload(json.loads(json.dumps(to_payload(reading)))) == reading


def test_the_same_vacancy_is_read_the_same_way_twice() -> None:
    assert read("普通话标准，能出差", title="销售代表") == read("普通话标准，能出差", title="销售代表")


def test_the_version_is_a_short_hash() -> None:
    assert len(READING_VERSION) == 12
    assert int(READING_VERSION, 16) >= 0
