"""The tables as they travel: the fixed names, what a cell may be, and that an empty cell is unknown."""

import re
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.vocabulary import Accommodation, AccommodationState, DisabilityCategory, Function, YesNo
from pipelines.schema import TABLES, CellError, ColumnSpec, split_list
from tests.support.builders import certificate_number

ALL_COLUMNS = [(table.name, column.name) for table in TABLES.values() for column in table.columns]
VACANCIES, CANDIDATES = TABLES["vacancies"], TABLES["candidates"]


def column(name: str, table: str = "vacancies") -> ColumnSpec:
    return TABLES[table].column(name)


def why_not(name: str, cell: str, table: str = "vacancies") -> str:
    """Return the reason for which a cell is refused."""
    with pytest.raises(CellError) as caught:
        column(name, table).parse(cell)
    return str(caught.value)


def test_seven_tables_have_their_keys() -> None:
    assert {name: table.key for name, table in TABLES.items()} == {
        "employers": ("employer_id",),
        "vacancies": ("vacancy_id",),
        "candidates": ("candidate_id",),
        "interactions": ("candidate_id", "vacancy_id", "kind", "at"),
        "placements": ("placement_id",),
        "services": ("candidate_id", "kind", "on"),
        "courses": ("course_id",),
    }


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_column_has_a_field_and_a_chinese_label_of_its_own(table: Any) -> None:
    names = {field.name for field in fields(table.entity)} - {"sources"}
    assert {c.attribute for c in table.columns} == names
    labels = [c.label for c in table.columns]
    assert len(set(labels)) == len(labels)
    assert all(re.search("[一-鿿]", label) for label in labels)


@pytest.mark.parametrize(("table", "name"), ALL_COLUMNS)
@pytest.mark.parametrize("cell", ["", "  ", "\u3000", None])
def test_empty_cell_is_unknown_or_refused_never_a_default(table: str, name: str, cell: str | None) -> None:
    spec = column(name, table)
    if spec.required:
        with pytest.raises(CellError, match="不能为空"):
            spec.parse(cell)
    else:
        assert spec.parse(cell) is None
        assert spec.format(None) == ""


@pytest.mark.parametrize(
    ("name", "cell", "value"),
    [
        ("openings", "0", 0),
        ("openings", "3.0", 3),
        ("wage_min", "1,234,567.5", Decimal("1234567.5")),
        ("wage_min", "１２３", Decimal(123)),
        ("wage_min", "3e3", Decimal(3000)),
        ("opens_on", "2026/3/1", date(2026, 3, 1)),
        ("opens_on", "2026年3月1日", date(2026, 3, 1)),
        ("opens_on", "20260301", date(2026, 3, 1)),
        ("opens_on", "2026-03-01 08:30:00", date(2026, 3, 1)),
        ("opens_on", "2026-03-01T08:30:00.5+08:00", date(2026, 3, 1)),
        ("region", "兰州市城关区", "620102"),
        ("night_shift", "否", YesNo.NO),
        ("welcomes", "视力；hearing; 视力;", (DisabilityCategory.VISION, DisabilityCategory.HEARING)),
        ("demands", "行走=2; hands=0", {Function.WALKING: 2, Function.HANDS: 0}),
        ("accommodations", "坡道", {Accommodation.RAMP: AccommodationState.DECLARED}),
        ("accommodations", "ramp=已核实", {Accommodation.RAMP: AccommodationState.VERIFIED}),
        ("skills", "打字；焊接;打字", ("打字", "焊接")),
    ],
)
def test_cell_is_understood(name: str, cell: str, value: Any) -> None:
    assert column(name).parse(cell) == value


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("wage_min", "1,5"),  # 1.5 or 15
        ("wage_min", "1,2345"),
        ("wage_min", "面议"),
        ("wage_min", "3000-4000"),
        ("wage_min", "-1"),
        ("wage_min", "NaN"),
        ("wage_min", "Infinity"),
        ("wage_min", "1e999999999"),
        ("wage_min", "0." + "0" * 50 + "1"),
        ("openings", "2.5"),
        ("openings", "10000001"),
        ("days_per_week", "8"),
        ("longitude", "181"),
        ("longitude", "nan"),
        ("opens_on", "2026-02-30"),
        ("opens_on", "2026-03-01 或 2026-04-01"),
        ("opens_on", "2026111"),  # 11 January or 1 November
        ("opens_on", "03/01/2026"),
        ("opens_on", "26-03-01"),
        ("night_shift", "也许"),
        ("demands", "stamina"),
        ("demands", "walking=5"),
        ("demands", "walking=1;walking=2"),
        ("demands", "flying=1"),
        ("accommodations", "ramp=to_arrange"),
        ("welcomes", "视力;不限"),
        ("region", "朝阳区"),
        ("vacancy_id", "v\x00"),
        ("vacancy_id", "v" * 129),
    ],
)
def test_cell_that_is_not_of_its_kind_is_refused_in_chinese_without_being_repeated(name: str, cell: str) -> None:
    reason = why_not(name, cell)
    assert re.search("[一-鿿]", reason)
    if name != "region" and len(cell) > 4:
        assert cell not in reason


@pytest.mark.parametrize("cell", ["0e999999999", "0e-999999999", "-0", "0.000"])
def test_zero_in_any_spelling_is_a_short_zero(cell: str) -> None:
    assert column("wage_min").format(column("wage_min").parse(cell)) == "0"


@pytest.mark.parametrize("cell", ["5", "0", "2.5", "五级"])
def test_grade_is_one_to_four(cell: str) -> None:
    assert why_not("grade", cell, "candidates")
    assert [column("grade", "candidates").parse(text) for text in ("1", "4", "一级", "四级")] == [1, 4, 1, 4]


def test_known_words_may_be_set_apart_as_people_write_them() -> None:
    needed = column("accommodations_needed", "candidates")
    assert needed.parse("坡道、无障碍卫生间，电梯") == needed.parse("ramp;accessible_toilet;lift")
    assert column("skills", "candidates").parse("打字、排版") == ("打字、排版",)


@pytest.mark.parametrize("spoil", [lambda n: n[:19], lambda n: n[:18] + "84", lambda n: n + "B" + "1" * 5000])
def test_wrong_certificate_is_refused_without_being_repeated(spoil: Any) -> None:
    number = certificate_number()
    assert number[:10] not in why_not("certificate_number", spoil(number), "candidates")


def test_certificate_is_read_with_spaces_and_small_letters() -> None:
    number = certificate_number()
    spaced = f"{number[:6]} {number[6:14]}-{number[14:]}b1".lower()
    assert column("certificate_number", "candidates").parse(spaced) == f"{number}B1"


def test_credit_code_is_checked() -> None:
    assert column("employer_id", "employers").parse("91620000ma00000007") == "91620000MA00000007"
    assert "校验位" in why_not("employer_id", "91620000MA00000008", "employers")


def test_unknown_word_is_told_what_would_be_right() -> None:
    assert why_not("work_mode", "在家") == "应为下列之一：到岗、居家、部分居家"
    assert column("work_mode").parse("居家") == column("work_mode").parse("remote")


@given(st.decimals(0, 10**9, allow_nan=False, allow_infinity=False, places=6))
def test_decimal_comes_back_equal_through_its_cell(value: Decimal) -> None:
    spec = column("wage_min")
    cell = spec.format(value)
    assert spec.parse(cell) == value
    assert spec.format(spec.parse(cell)) == cell


@given(st.dictionaries(st.sampled_from(Function), st.integers(0, 4), min_size=1))
def test_levels_come_back_equal_and_in_one_order(levels: dict[Function, int]) -> None:
    spec = column("demands")
    cell = spec.format(levels)
    assert spec.parse(cell) == levels
    assert spec.format(dict(reversed(levels.items()))) == cell


@given(st.floats(-180, 180))
def test_coordinate_comes_back_to_the_last_digit(value: float) -> None:
    assert column("longitude").parse(column("longitude").format(value)) == value


@pytest.mark.parametrize("name", [c.name for c in VACANCIES.columns if c.choices])
def test_every_choice_is_taken_as_value_and_label(name: str) -> None:
    for choice in column(name).choices:
        member = column(name).parse(choice)
        assert column(name).parse(member.label) is member
        assert column(name).format(member) == choice


def test_list_is_split_at_either_semicolon_and_keeps_its_order() -> None:
    assert split_list(" b；a; ;b;c ") == ["b", "a", "c"]


def test_entity_and_row_are_the_same_facts() -> None:
    values = {"candidate_id": "c1", "skills": ("打字",), "functions": {Function.WALKING: 0}, "grade": None}
    person = CANDIDATES.build(values)
    assert {k: v for k, v in CANDIDATES.values(person).items() if v is not None} == {
        k: v for k, v in values.items() if v is not None
    }


def test_class_of_a_course_reaches_its_entity() -> None:
    assert TABLES["courses"].build({"course_id": "k", "class": "技能"}).class_ == "技能"
