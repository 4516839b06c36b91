"""The law by day: ages, minimum wages and recognitions on both sides of each date, and rule files that are refused."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from matching.entities import Candidate
from matching.errors import NotInForce, RuleError
from matching.rules.dated import PARAMETERS, Rules, rules_on
from matching.rules.evaluation import decide, known_facts, read_facts
from matching.rules.parameters import load_parameters
from matching.rules.person import (
    age_in_months,
    age_on,
    is_past_retirement,
    is_recent_graduate,
    is_recognised_hard_to_employ,
    is_under_working_age,
    retirement_age,
)
from matching.rules.rulebook import rulebook
from matching.rules.wage import minimum_wage
from matching.vocabulary import Education, Sex
from tests.support.builders import TODAY, a_candidate, certificate_number

MALE, FEMALE = Sex.MALE, Sex.FEMALE


def born(year: int, month: int, day: int = 15) -> date:
    return date(year, month, day)


def months_of_retirement(birth: date, sex: Sex | None, on: date = TODAY) -> tuple[int, int]:
    age = retirement_age(birth, sex, rules_on(on))
    assert age is not None
    return age.earliest, age.latest


# Retirement, by the official examples and end points


@pytest.mark.parametrize(
    ("birth", "months"),
    [
        (born(1964, 12), 720),  # 60 in 2024-12: before the delay
        (born(1965, 1), 721),
        (born(1965, 4), 721),
        (born(1965, 5), 722),
        (born(1970, 6), 737),
        (born(1976, 8), 755),
        (born(1976, 9), 756),
        (born(2000, 1), 756),
    ],
)
def test_men_retire_a_month_later_for_every_four(birth: date, months: int) -> None:
    assert months_of_retirement(birth, MALE) == (months, months)


@pytest.mark.parametrize(
    ("birth", "group_50", "group_55"),
    [
        (born(1969, 12), 600, 660),
        (born(1970, 1), 600, 661),
        (born(1974, 12), 600, 675),
        (born(1975, 1), 601, 676),
        (born(1975, 3), 602, 676),
        (born(1981, 8), 640, 695),
        (born(1981, 9), 641, 696),
        (born(1984, 10), 659, 696),
        (born(1984, 11), 660, 696),
    ],
)
def test_women_retire_between_their_two_groups(birth: date, group_50: int, group_55: int) -> None:
    assert months_of_retirement(birth, FEMALE) == (group_50, group_55)


def test_person_of_unknown_sex_has_the_widest_bounds() -> None:
    earliest, latest = months_of_retirement(born(1970, 6), None)
    assert (earliest, latest) == (600, 737)


def test_before_2025_the_old_ages_hold() -> None:
    eve = date(2024, 12, 31)
    assert months_of_retirement(born(1970, 6), MALE, eve) == (720, 720)
    assert months_of_retirement(born(1970, 6), FEMALE, eve) == (600, 660)
    assert months_of_retirement(born(1970, 6), MALE, eve + timedelta(1)) == (737, 737)


def test_retirement_is_past_on_the_day_not_the_eve() -> None:
    man = a_candidate(birth_date=date(1965, 1, 15), sex=MALE)  # 60 years and 1 month: 2025-02-15
    assert is_past_retirement(man, rules_on(date(2025, 2, 14))) is False
    assert is_past_retirement(man, rules_on(date(2025, 2, 15))) is True


def test_woman_between_the_groups_is_neither_past_retirement_nor_before_it() -> None:
    woman = a_candidate(birth_date=date(1975, 3, 15), sex=FEMALE)
    assert is_past_retirement(woman, rules_on(date(2025, 5, 14))) is False
    assert is_past_retirement(woman, rules_on(date(2025, 5, 15))) is None
    assert is_past_retirement(woman, rules_on(date(2035, 1, 1))) is True


def test_retirement_is_unknown_without_a_birth_date_and_read_off_the_certificate() -> None:
    assert is_past_retirement(a_candidate(sex=MALE), rules_on(TODAY)) is None
    man = a_candidate(certificate_number=certificate_number(birth="19500101", sequence="123"))
    assert is_past_retirement(man, rules_on(TODAY)) is True


# Ages


@pytest.mark.parametrize(
    ("birth", "day", "months"),
    [
        (date(2000, 1, 31), date(2000, 2, 28), 0),
        (date(2000, 2, 29), date(2001, 2, 28), 11),
        (date(2000, 2, 29), date(2001, 3, 1), 12),
        (date(2000, 1, 15), date(2010, 1, 15), 120),
        (date(2000, 1, 15), date(2010, 1, 14), 119),
    ],
)
def test_only_completed_months_count(birth: date, day: date, months: int) -> None:
    assert age_in_months(birth, day) == months


def test_work_is_allowed_from_the_sixteenth_birthday() -> None:
    child = a_candidate(birth_date=date(2010, 11, 23))
    assert is_under_working_age(child, rules_on(date(2026, 11, 22))) is True
    assert is_under_working_age(child, rules_on(date(2026, 11, 23))) is False
    assert is_under_working_age(a_candidate(), rules_on(TODAY)) is None
    assert age_on(child, TODAY) == 16
    assert age_on(a_candidate(), TODAY) is None


# Minimum wage

CHENGGUAN, GAOLAN, LINXIA_CITY, DINGXI_COUNTY = "620102", "620123", "622901", "621121"


@pytest.mark.parametrize(
    ("region", "amounts"),
    [
        (CHENGGUAN, (1620, 1820, 2020)),
        (GAOLAN, (1570, 1770, 1960)),
        (LINXIA_CITY, (1520, 1720, 1910)),
        (DINGXI_COUNTY, (1470, 1670, 1850)),
        ("620171", (1620, 1820, 2020)),  # 兰州新区
        ("620881", (1520, 1720, 1910)),  # 华亭市
    ],
)
def test_minimum_wage_changes_on_its_day_by_class(region: str, amounts: tuple[int, ...]) -> None:
    days = (date(2017, 6, 1), date(2021, 8, 31), date(2021, 9, 1), date(2023, 10, 31), date(2023, 11, 1))
    found = [minimum_wage(region, rules_on(day)) for day in days]
    first, second, third = amounts
    assert [wage.amount if wage else None for wage in found] == [
        Decimal(amount) for amount in (first, first, second, second, third)
    ]


def test_minimum_wage_cites_its_document_and_asks_for_confirmation_when_old() -> None:
    fresh, old = (minimum_wage(CHENGGUAN, rules_on(day)) for day in (date(2025, 11, 1), date(2025, 11, 2)))
    assert fresh is not None
    assert old is not None
    assert (fresh.source.document, fresh.to_confirm, old.to_confirm) == ("甘政办发〔2023〕83号", False, True)


@pytest.mark.parametrize("region", ["620299", "620100", "110105", None])
def test_minimum_wage_is_unknown_where_no_class_is_named(region: str | None) -> None:
    assert minimum_wage(region, rules_on(TODAY)) is None


def test_minimum_wage_is_unknown_before_the_first_value() -> None:
    eve = rules_on(date(2017, 5, 31))
    assert minimum_wage(CHENGGUAN, eve) is None
    with pytest.raises(NotInForce, match="2017-05-31"):
        eve.find("wage.minimum.monthly")


# Recognition and graduates


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, None),
        (date(2026, 1, 1), None, None),
        (TODAY, TODAY, True),
        (date(2026, 1, 1), date(2026, 11, 22), False),
        (None, date(2026, 11, 22), False),
        (None, date(2027, 1, 1), None),
        (date(2026, 11, 24), None, False),
    ],
)
def test_recognition_runs_from_its_first_day_to_its_last(
    since: date | None, until: date | None, expected: bool | None
) -> None:
    person = a_candidate(hard_to_employ_since=since, hard_to_employ_until=until)
    assert is_recognised_hard_to_employ(person, TODAY) is expected


def test_certificate_alone_recognises_nobody() -> None:
    assert is_recognised_hard_to_employ(a_candidate(certificate_number=certificate_number(grade=1)), TODAY) is None


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        (a_candidate(education=Education.BACHELOR, graduated_on=date(2025, 7, 1)), True),
        (a_candidate(education=Education.BACHELOR, graduated_on=date(2024, 7, 1)), False),
        (a_candidate(education=Education.BACHELOR, graduated_on=date(2027, 7, 1)), False),
        (a_candidate(education=Education.COLLEGE), None),
        (a_candidate(graduated_on=date(2025, 7, 1)), None),
        (a_candidate(education=Education.SENIOR, graduated_on=date(2025, 7, 1)), False),
    ],
)
def test_recent_graduate_left_college_within_two_years(person: Candidate, expected: bool | None) -> None:
    assert is_recent_graduate(person, rules_on(TODAY)) is expected


# The plan's order


def cited(on: date) -> dict[str, str]:
    """Return the document of every ground of the order on a day."""
    return {ground: told["document"] for ground, told in rules_on(on).find("plan.policy_order").value.items()}


def test_policy_order_cites_the_plan_in_force() -> None:
    before, after = cited(date(2025, 11, 6)), cited(date(2025, 11, 7))
    assert before["reserved"] == "甘政办发〔2022〕97号"
    assert after["reserved"] == "甘政办发〔2025〕67号"
    assert set(before) == set(after)


def test_order_of_an_ended_plan_is_marked_as_ended() -> None:
    order = rules_on(date(2025, 11, 7)).find("plan.policy_order").value
    assert {told["status"] for told in order.values() if told["document"] == "甘政办发〔2022〕97号"} == {"ended"}


def test_there_is_no_order_before_the_plan() -> None:
    assert rules_on(date(2022, 8, 3)).find_or_none("plan.policy_order") is None
    assert rules_on(date(2022, 8, 4)).find_or_none("plan.policy_order") is not None


# Rule files

SOURCE = {"document": "某文件", "clause": "一", "status": "confirmed"}


def a_version(since: str, until: str | None = None, value: Any = 1, **more: Any) -> dict[str, Any]:
    return {"valid_from": since, "valid_to": until, "region": "620000", "source": SOURCE, "value": value, **more}


def a_folder(folder: Path, *versions: dict[str, Any], name: str = "number.yaml", **more: Any) -> Path:
    """Write one rule file and return its folder."""
    content = {"id": "a.number", "title": "数", "unit": "yuan", "versions": list(versions), **more}
    (folder / name).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return folder


def test_value_holds_on_its_first_and_last_day_and_is_never_extended(tmp_path: Path) -> None:
    unseen = a_version("2021-01-01", "2021-12-31", None, reason="not_seen")
    parameters = load_parameters(
        a_folder(tmp_path, a_version("2020-01-01", "2020-12-31", 1), unseen, a_version("2022-01-01", value=2))
    )
    days = ("2019-12-31", "2020-01-01", "2020-12-31", "2021-06-01", "2022-01-01", "2099-01-01")
    found = [Rules(date.fromisoformat(day), parameters, "x").find_or_none("a.number") for day in days]
    assert [version.value if version else None for version in found] == [None, 1, 1, None, 2, 2]


@pytest.mark.parametrize(
    "versions",
    [
        (a_version("2020-01-01"), a_version("2021-01-01")),
        (a_version("2020-01-01", "2021-01-01"), a_version("2021-01-01")),
        (a_version("2021-01-01"), a_version("2020-01-01", "2020-06-01")),
        (a_version("2020-01-02", "2020-01-01"),),
        (a_version("2020-01-01", "2020-12-31"), a_version("2021-01-02")),
        (a_version("2020-01-01", value=None),),
        (a_version("2020-01-01", reason="not_seen"),),
    ],
)
def test_versions_that_overlap_run_backwards_or_leave_out_a_day_are_refused_with_the_file(
    tmp_path: Path, versions: tuple[dict[str, Any], ...]
) -> None:
    with pytest.raises(RuleError, match=r"number\.yaml"):
        load_parameters(a_folder(tmp_path, *versions))


@pytest.mark.parametrize(
    ("version", "more"),
    [
        (a_version("2020-01-01", vaild_to="2021-01-01"), {}),
        (a_version("2020-01-01"), {"remark": "x"}),
        ({**a_version("2020-01-01"), "source": {**SOURCE, "page": 1}}, {}),
        ({key: value for key, value in a_version("2020-01-01").items() if key != "source"}, {}),
        (a_version("2020-13-01"), {}),
    ],
)
def test_file_that_is_no_rule_is_refused_with_its_name(
    tmp_path: Path, version: dict[str, Any], more: dict[str, Any]
) -> None:
    with pytest.raises(RuleError, match=r"number\.yaml"):
        load_parameters(a_folder(tmp_path, version, **more))


def test_one_id_in_two_files_is_refused(tmp_path: Path) -> None:
    a_folder(tmp_path, a_version("2020-01-01"), name="a.yaml")
    with pytest.raises(RuleError, match=r"b\.yaml.*a\.number"):
        load_parameters(a_folder(tmp_path, a_version("2020-01-01"), name="b.yaml"))


def test_every_parameter_of_the_project_names_its_source() -> None:
    parameters = load_parameters(PARAMETERS)
    assert len(parameters) == len(list(PARAMETERS.rglob("*.yaml")))
    for parameter in parameters.values():
        assert parameter.versions
        assert all(version.cited.document and version.cited.clause for version in parameter.versions)


def test_rules_of_two_days_are_of_one_version() -> None:
    assert rules_on(TODAY).version == rules_on(date(2020, 1, 1)).version


def test_unknown_rule_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        rules_on(TODAY).find("no.such.rule")


# One law, one answer: what the list asks for is what the rule says


@pytest.mark.parametrize("sex", [Sex.MALE, Sex.FEMALE])
@pytest.mark.parametrize("born", [date(1958, 3, 31), date(1964, 12, 1), date(1965, 1, 31), date(1984, 11, 9)])
@pytest.mark.parametrize("day", [date(2024, 12, 31), date(2025, 1, 1), TODAY, date(2035, 6, 1)])
def test_retirement_on_a_list_is_that_of_the_rule(sex: Sex, born: date, day: date) -> None:
    book, age = rulebook(), retirement_age(born, sex, rules_on(day))
    groups = (None,) if sex is Sex.MALE else ("worker", "cadre")
    told = []
    for group in groups:
        facts = {"birth_date": born, "sex": sex.value} | ({} if group is None else {"female_class": group})
        results = decide(book, "retire.statutory_age", known_facts(book, facts), day).results_dict()
        told.append(int(str(results["age_years"])) * 12 + int(str(results["age_months"])))
    assert age is not None
    assert (age.earliest, age.latest) == (min(told), max(told))


@pytest.mark.parametrize("region", ["620102", "620171", "621122", "620299", None])
@pytest.mark.parametrize("day", [date(2017, 5, 31), date(2021, 8, 31), date(2023, 11, 1), TODAY])
def test_minimum_wage_on_a_list_is_that_of_the_rule(region: str | None, day: date) -> None:
    wage = minimum_wage(region, rules_on(day))
    given = {"date": day.isoformat()} | ({} if region is None else {"county_code": region})
    book = rulebook()
    told = decide(book, "wage.minimum", read_facts(book, book.rule("wage.minimum"), given), day).results["monthly"]
    assert (None if wage is None else Fraction(wage.amount)) == (told if isinstance(told, Fraction) else None)
