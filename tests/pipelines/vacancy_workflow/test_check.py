"""What the check of a vacancy finds, and what it leaves alone."""

from dataclasses import replace
from datetime import date

import pytest

from matching.entities import Employer, EmployerId
from matching.rules.dated import rules_on
from matching.vocabulary import EmployerKind
from pipelines.vacancy_workflow.check import PUBLIC_BODIES, Announced, Checked, Finding, Weight, check_vacancy
from pipelines.vacancy_workflow.content import Content, Task
from tests.support.firms import CONTACT, DAY, FIRM, LAWFUL, TASKS, lawful


def checked(content: Content, *, verified: bool = True, employer: Employer | None = None, on: date = DAY) -> Checked:
    known = employer or Employer(employer_id=EmployerId(FIRM), name="甲公司")
    announced = Announced(content, content.vacancy("v-1", FIRM), known, verified)
    return check_vacancy(announced, rules_on(on))


def codes(checked: Checked, weight: Weight) -> list[str]:
    return [finding.code for finding in checked.findings if finding.weight is weight]


def finding(checked: Checked, code: str) -> Finding:
    (found,) = (finding for finding in checked.findings if finding.code == code)
    return found


def test_a_lawful_vacancy_passes() -> None:
    result = checked(lawful())
    assert result.passed
    assert codes(result, Weight.QUESTION) == []


@pytest.mark.parametrize(
    ("words", "quote", "clause"),
    [
        ("限男性，能倒班。", "限男性", "第三条、第二十七条"),
        ("身高165cm以上。", "身高165cm以上", "第二十六条"),
        ("18-35岁。", "18-35岁", "第二十六条"),
        ("身体健康，无传染病。", "身体健康", "第二十九条"),
        ("形象好气质佳。", "形象好", "第二十六条"),
    ],
)
def test_a_condition_on_the_body_without_a_task_is_named_with_its_source(words: str, quote: str, clause: str) -> None:
    result = checked(lawful(description=f"整理档案。{words}"))
    found = [f for f in result.findings if f.code == "condition_without_task"]
    assert not result.passed
    assert found[0].quote == quote
    assert found[0].source is not None
    assert (found[0].source.document, found[0].source.clause) == ("就业促进法", clause)


@pytest.mark.parametrize("field", ["title", "tasks", "skills", "certificates"])
def test_a_condition_is_found_wherever_it_stands(field: str) -> None:
    content = lawful() if field == "tasks" else lawful(**{field: "限男性"})
    if field == "tasks":
        content = replace(content, tasks=(*TASKS, Task("搬运，限男性")))
    assert "condition_without_task" in codes(checked(content), Weight.BLOCKING)


def test_a_condition_that_a_task_of_the_company_explains_is_for_the_approver_to_judge() -> None:
    content = lawful(description="整理档案。裸眼视力5.0以上。")
    assert codes(checked(content), Weight.BLOCKING) == ["condition_without_task"]
    explained = replace(content, tasks=(*TASKS, Task("辨认微缩胶片", explains=("eyesight",))))
    result = checked(explained)
    assert result.passed
    assert "辨认微缩胶片" in finding(result, "condition_with_task").text


def test_no_task_explains_a_condition_of_sex() -> None:
    content = replace(lawful(description="整理档案。限男性。"), tasks=(*TASKS, Task("值夜班", explains=("sex",))))
    assert codes(checked(content), Weight.BLOCKING) == ["condition_without_task"]


def test_a_demand_of_level_3_names_the_task_that_needs_it() -> None:
    untied = Content.of_cells({**LAWFUL, "demands": "hands=3;lifting=4;sitting=2"}, (), CONTACT)
    found = [f.field for f in checked(untied).findings if f.code == "demand_without_task"]
    assert found == ["demands.lifting", "demands.hands"]
    in_the_text = Content.of_cells(
        {**LAWFUL, "demands": "lifting=4", "description": "搬运每件50公斤的货物。"}, (), CONTACT
    )
    assert checked(in_the_text).passed


def test_a_public_body_is_told_the_plan_for_its_demands() -> None:
    untied = Content.of_cells({**LAWFUL, "demands": "lifting=4"}, (), CONTACT)
    organ = Employer(employer_id=EmployerId(FIRM), name="某局", kind=EmployerKind.ORGAN)
    assert finding(checked(untied, employer=organ), "demand_without_task").source == PUBLIC_BODIES


@pytest.mark.parametrize(("wage", "passes"), [("2019.99", False), ("2020", True)])
def test_the_wage_is_at_least_the_minimum_of_the_county(wage: str, passes: bool) -> None:
    result = checked(lawful(wage_min=wage))
    assert result.passed is passes
    if not passes:
        found = finding(result, "wage_below_minimum")
        assert "2020" in found.text
        assert found.source is not None
        assert found.source.document == "甘政办发〔2023〕83号"


def test_the_minimum_is_that_of_the_county_and_of_the_day() -> None:
    class_4 = {"region": "620523", "wage_min": "1900"}  # 甘谷县
    assert checked(lawful(**class_4)).passed
    assert not checked(lawful(wage_min="1900")).passed
    assert checked(lawful(wage_min="1900", closes_on="2022-12-31"), on=date(2022, 6, 1)).passed


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"wage_min": "", "wage_max": ""}, "wage_unknown"),
        ({"region": ""}, "minimum_wage_unknown"),
        ({"region": "620100"}, "minimum_wage_unknown"),
    ],
)
def test_what_is_unknown_is_a_question_and_no_refusal(cells: dict[str, str], code: str) -> None:
    result = checked(lawful(**cells))
    assert result.passed
    assert code in codes(result, Weight.QUESTION)


def test_an_unknown_lower_end_is_measured_by_the_upper_one() -> None:
    assert codes(checked(lawful(wage_min="", wage_max="1500")), Weight.BLOCKING) == ["wage_below_minimum"]


@pytest.mark.parametrize(("wage", "passes"), [("1700", False), ("1900", True)])
def test_part_time_work_is_measured_by_the_hour(wage: str, passes: bool) -> None:
    # 4 hours on 5 days are 86 and two thirds a month; 21 yuan an hour are 1820.
    result = checked(lawful(wage_min=wage, hours_per_day="4", days_per_week="5"))
    assert result.passed is passes
    assert "wage_below_minimum" not in codes(result, Weight.BLOCKING)


@pytest.mark.parametrize("kind", ["internship", "auxiliary", "rural_public_welfare"])
def test_work_that_is_paid_by_other_rules_is_a_question(kind: str) -> None:
    result = checked(lawful(kind=kind, wage_min="1500"))
    assert result.passed
    assert codes(result, Weight.QUESTION) == ["wage_below_minimum"]


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"openings": ""}, "openings_missing"),
        ({"openings": "0"}, "openings_missing"),
        ({"closes_on": ""}, "closing_day_missing"),
        ({"closes_on": "2026-11-23"}, "closing_day_past"),
        ({"welcomes": "hearing"}, "welcomes_without_direction"),
    ],
)
def test_what_has_to_be_stated_blocks_where_it_is_missing(cells: dict[str, str], code: str) -> None:
    assert codes(checked(lawful(**cells)), Weight.BLOCKING) == [code]


def test_the_last_day_may_be_today() -> None:
    assert checked(lawful(closes_on=DAY.isoformat())).passed


@pytest.mark.parametrize("contact", [None, "  "])
def test_somebody_to_ask_about_accommodations_has_to_be_named(contact: str | None) -> None:
    content = replace(lawful(), accommodation_contact=contact)
    assert codes(checked(content), Weight.BLOCKING) == ["accommodation_contact_missing"]


@pytest.mark.parametrize(("kind", "weight"), [("directed", Weight.BLOCKING), ("open", Weight.ADVICE)])
def test_an_unverified_employer_blocks_what_is_announced_for_disabled_people(kind: str, weight: Weight) -> None:
    result = checked(lawful(kind=kind), verified=False)
    assert finding(result, "employer_unverified").weight is weight


def test_an_employer_that_is_not_registered_blocks() -> None:
    content = lawful()
    announced = Announced(content, content.vacancy("v-1", FIRM), None, is_verified=False)
    assert check_vacancy(announced, rules_on(DAY)).blocking == ("employer_unknown",)


def test_a_minimum_that_may_be_outdated_is_told_and_does_not_block() -> None:
    assert "minimum_wage_to_confirm" in codes(checked(lawful()), Weight.ADVICE)


def test_a_category_alone_is_never_a_ground_to_pass_or_fail() -> None:
    for category in ("vision", "hearing", "mental"):
        result = checked(lawful(kind="directed", welcomes=category))
        assert [f.as_dict() for f in result.findings] == [
            f.as_dict() for f in checked(lawful(kind="directed", welcomes="physical")).findings
        ]
