"""Education, experience, headcount, date and tag texts, invented by hand, with what each must be read as."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.vocabulary import Accommodation, Education, WorkMode, YesNo
from pipelines.schema import TABLES
from pipelines.sources.benefits import read_days_per_week, read_offers, read_social_insurance, skills_of
from pipelines.sources.readers import READERS
from pipelines.sources.words import (
    read_count,
    read_date,
    read_education,
    read_experience,
    read_work_mode,
    read_yes_no,
)

EDUCATION = (
    ("不限", "none"),
    ("学历不限", "none"),
    ("不限学历", "none"),
    ("无要求", "none"),
    ("6个月,学历不限", "none"),
    ("初中及以下", "none"),
    ("初中以下", "none"),
    ("小学", "primary"),
    ("初中", "junior"),
    ("初中及以上", "junior"),
    ("高中", "senior"),
    ("高中以上学历", "senior"),
    ("中专", "vocational"),
    ("中技", "vocational"),
    ("中专/中技", "vocational"),
    ("中技/中专", "vocational"),
    ("职高", "vocational"),
    ("职业高中", "vocational"),
    ("技校", "vocational"),
    ("大专", "college"),
    ("大专以上", "college"),
    ("大学专科", "college"),
    ("大专/本科", "college"),
    ("本科", "bachelor"),
    ("本科\xa0\xa0", "bachelor"),
    ("本科以上", "bachelor"),
    ("统招本科及以上", "bachelor"),
    ("以内本科", "bachelor"),
    ("5个月,本科", "bachelor"),
    ("硕士", "master"),
    ("研究生", "master"),
    ("MBA", "master"),
    ("博士", "doctor"),
    ("博士后", "doctor"),
)

EXPERIENCE = (
    ("经验不限", "0"),
    ("不限", "0"),
    ("无经验", "0"),
    ("无需经验", "0"),
    ("应届毕业生", "0"),
    ("在校/应届", "0"),
    ("在校生/应届生", "0"),
    ("1年以下", "0"),
    ("1年以内", "0"),
    ("3年以下", "0"),
    ("1年", "1"),
    ("2年", "2"),
    ("1-3年", "1"),
    ("3-4年", "3"),
    ("3～5年", "3"),
    ("5-10年", "5"),
    ("1-3年学历不限", "1"),
    ("10年以上", "10"),
    ("10年及以上", "10"),
    ("一年以上", "1"),
    ("两年以上工作经验", "2"),
    ("三至五年", "3"),
    ("半年以上", "0.5"),
    ("一年半", "1.5"),
    ("6个月以上", "0.5"),
)


@pytest.mark.parametrize(("text", "expected"), EDUCATION)
def test_education_is_the_lowest_degree_asked_for(text: str, expected: str) -> None:
    reading = read_education(text)
    assert reading.value is Education(expected)
    assert reading.understood


@pytest.mark.parametrize("text", ["", "\xa0", "3-5年", "应届生", "经验不限", "1年以内", "-"])
def test_education_cell_that_speaks_of_something_else_is_unknown(text: str) -> None:
    reading = read_education(text)
    assert (reading.value, reading.stated) == (None, False)


@pytest.mark.parametrize("text", ["其他", "不限专业", "见描述"])
def test_education_that_cannot_be_told_is_unknown_and_said_so(text: str) -> None:
    reading = read_education(text)
    assert (reading.value, reading.understood, reading.stated) == (None, False, True)


def test_bare_no_limit_in_another_column_says_nothing_of_education() -> None:
    assert read_education("不限", is_own_column=False).value is None
    assert read_education("本科", is_own_column=False).value is Education.BACHELOR


@pytest.mark.parametrize(("text", "years"), EXPERIENCE)
def test_experience_is_the_least_number_of_years(text: str, years: str) -> None:
    assert read_experience(text).value == Decimal(years)


@pytest.mark.parametrize("text", ["", "本科", "学历不限", "5天/周", "5个月,本科"])
def test_experience_cell_that_speaks_of_something_else_is_unknown(text: str) -> None:
    reading = read_experience(text)
    assert (reading.value, reading.stated) == (None, False)


def test_experience_out_of_order_is_not_understood() -> None:
    assert not read_experience("5-3年").understood


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("10人", 10),
        ("5 人", 5),
        ("20人人", 20),
        ("2名", 2),
        ("３人", 3),
        ("3-5人", 3),
        ("招聘8人", 8),
        ("1500人", 1500),
    ],
)
def test_count_is_read(text: str, count: int) -> None:
    assert read_count(text).value == count


@pytest.mark.parametrize("text", ["若干", "数名", "数名人", "不限人", "人", "报名人数：", "若干人", "名人"])
def test_count_left_open_is_unknown_and_understood(text: str) -> None:
    reading = read_count(text)
    assert (reading.value, reading.understood) == (None, True)


@pytest.mark.parametrize("text", ["33312323", "0", "很多"])
def test_count_that_cannot_be_is_not_understood(text: str) -> None:
    assert not read_count(text).understood


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2015年02月28日", date(2015, 2, 28)),
        ("2015年3月1日", date(2015, 3, 1)),
        ("2023-12-12 04:00:00", date(2023, 12, 12)),
        ("2023/1/5", date(2023, 1, 5)),
        ("2023.01.05", date(2023, 1, 5)),
        ("20230105", date(2023, 1, 5)),
    ],
)
def test_date_is_read(text: str, day: date) -> None:
    assert read_date(text).value == day


@pytest.mark.parametrize("text", ["1970-01-01", "1970年01月01日", "长期有效", ""])
def test_missing_time_stamp_is_an_unknown_day(text: str) -> None:
    reading = read_date(text)
    assert (reading.value, reading.understood) == (None, True)


@pytest.mark.parametrize("text", ["2015-02-30", "昨天"])
def test_day_that_does_not_exist_is_not_understood(text: str) -> None:
    assert not read_date(text).understood


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("不接受居家办公", WorkMode.ONSITE),
        ("接受居家办公", WorkMode.HYBRID),
        ("支持远程工作", WorkMode.HYBRID),
        ("远程办公", WorkMode.REMOTE),
        ("居家日用", None),
        ("远程教育", None),
    ],
)
def test_work_mode_is_read_only_where_it_is_said(text: str, mode: WorkMode | None) -> None:
    assert read_work_mode(text).value is mode


@pytest.mark.parametrize(("text", "answer"), [("是", YesNo.YES), ("√", YesNo.YES), ("无", YesNo.NO), ("", None)])
def test_yes_and_no_are_read_and_empty_stays_unknown(text: str, answer: YesNo | None) -> None:
    assert read_yes_no(text).value is answer


def test_benefits_degrees_and_employer_kinds_are_no_skills() -> None:
    tags = [
        "五险一金",
        "年终奖",
        "本科",
        "3-4年",
        "民营",
        "100-299人",
        "残疾",
        "不接受居家办公",
        "Java",
        "java",
        "PHP开发经验",
    ]
    assert skills_of(tags) == ("Java", "PHP开发")


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("包吃包住,免费班车", {"dormitory", "shuttle"}),
        ("公司提供住宿", {"dormitory"}),
        ("免费工作餐和住宿", {"dormitory"}),
        ("弹性工作制", {"flexible_hours"}),
        ("居家办公", {"remote_work"}),
        ("不包住", set()),
        ("不提供住宿", set()),
        ("无住宿", set()),
        ("住宿自理", set()),
        ("提供交通住宿补贴", set()),
        ("适用于餐饮、住宿、娱乐行业", set()),
        ("诚聘班车司机", set()),
        ("不接受居家办公", set()),
    ],
)
def test_accommodation_is_offered_only_where_the_text_offers_it(text: str, offered: set[str]) -> None:
    assert set(read_offers(text)) == {Accommodation(name) for name in offered}


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("五险一金,年终奖", YesNo.YES),
        ("转正后缴纳社保", YesNo.YES),
        ("长白班、包吃住、办理社保", YesNo.YES),
        ("不交社保", YesNo.NO),
        ("无社保", YesNo.NO),
        ("负责员工考勤、工资及社保的办理", None),
        ("员工社保公积金办理", None),
        ("商业意外险", None),
    ],
)
def test_social_insurance_is_told_from_the_task_of_handling_it(text: str, answer: YesNo | None) -> None:
    assert read_social_insurance(text).value is answer


@pytest.mark.parametrize(
    ("text", "days"), [("周末双休", 5), ("做六休一", 6), ("单双休", None), ("大小周", None), ("", None)]
)
def test_days_per_week_are_read_and_alternating_weeks_stay_unknown(text: str, days: int | None) -> None:
    assert read_days_per_week(text).value == (None if days is None else Decimal(days))


COLUMN_OF = {
    "title": "title",
    "description": "description",
    "employer": "employer_name",
    "wage_min": "wage_min",
    "wage_max": "wage_max",
    "education": "education_min",
    "education_elsewhere": "education_min",
    "experience": "experience_years_min",
    "experience_elsewhere": "experience_years_min",
    "place": "region",
    "place_rest": "address",
    "date": "opens_on",
    "count": "openings",
    "yes_no": "social_insurance",
    "work_mode": "work_mode",
    "social_insurance": "social_insurance",
    "days_per_week": "days_per_week",
    "accommodations": "accommodations",
}
_SOME_TEXT = st.text(max_size=30) | st.text(
    alphabet="0123456789一二两十千万元年月天kK-至.·/不限以上下经验本科省市区", max_size=14
)


@pytest.mark.parametrize("reader", sorted(COLUMN_OF))
@settings(deadline=None)  # the first place loads the division table
@given(text=_SOME_TEXT)
def test_whatever_a_cell_holds_a_reader_answers_with_a_cell_that_the_schema_takes(reader: str, text: str) -> None:
    column = TABLES["vacancies"].column(COLUMN_OF[reader])
    cell = READERS[reader](text).text
    if cell or not column.required:
        column.parse(cell)
