"""Places: the names that mislead, one code for each, and distances."""

import re

import pytest

from matching.regions import (
    GANSU,
    RegionError,
    distance_km,
    divisions,
    is_prefecture_wide,
    point,
    prefecture,
    province,
    region_code,
    region_name,
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("甘肃", "620000"),
        ("兰州", "620100"),
        ("兰州市", "620100"),
        ("城关区", "620102"),  # Lhasa has one too; at home it is Lanzhou's
        ("兰州市城关区", "620102"),
        ("甘肃省兰州市城关区", "620102"),
        ("拉萨市城关区", "540102"),
        ("兰州新区", "620171"),
        ("嘉峪关", "620200"),
        ("嘉峪关市", "620200"),
        ("620201", "620201"),
        ("甘肃矿区", "620299"),
        ("临夏州", "622900"),
        ("临夏回族自治州", "622900"),
        ("临夏市", "622901"),
        ("临夏县", "622921"),
        ("甘南州", "623000"),
        ("华亭", "620881"),
        ("华亭县", "620881"),  # a city since 2018
        ("华亭市", "620881"),
        ("620824", "620881"),
        ("北京市朝阳区", "110105"),
        ("620102000000", "620102"),  # a statistical code down to the village
        (" 兰州市 城关区 ", "620102"),
    ],
)
def test_name_or_code_is_one_division(text: str, code: str) -> None:
    assert region_code(text) == code


@pytest.mark.parametrize(
    ("text", "choices"), [("朝阳区", ("北京市朝阳区", "长春市朝阳区")), ("临夏", ("临夏市", "临夏县"))]
)
def test_name_of_several_is_refused_and_says_which(text: str, choices: tuple[str, ...]) -> None:
    with pytest.raises(RegionError) as caught:
        region_code(text)
    assert all(choice in str(caught.value) for choice in choices)


@pytest.mark.parametrize("text", ["月球", "629999", "62010", "6201020", "000000", "", "市辖区"])
def test_what_is_no_division_is_refused(text: str) -> None:
    with pytest.raises(RegionError):
        region_code(text)


def test_new_county_elsewhere_in_the_country_is_taken_and_in_gansu_it_is_not() -> None:
    assert region_code("330199") == "330199"
    with pytest.raises(RegionError):
        region_code("620199")


def test_gansu_has_its_fourteen_prefectures_and_two_areas_of_its_own() -> None:
    found = {code for code in divisions() if province(code) == GANSU and is_prefecture_wide(code)} - {GANSU}
    assert found == {f"62{n:02d}00" for n in (*range(1, 13), 29, 30)}
    assert {"620171", "620299", "620201"} <= set(divisions())
    assert "620824" not in divisions()


def test_every_division_of_gansu_comes_back_from_the_name_it_is_shown_by() -> None:
    for code, region in divisions().items():
        if province(code) == GANSU and region.name != "市辖区" and code != "620201":
            assert region_code(region_name(code)) == code


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("620102", "兰州市城关区"),
        ("620171", "兰州市兰州新区"),
        ("620201", "嘉峪关市"),
        ("110105", "北京市朝阳区"),
        ("620000", "甘肃省"),
        ("622901", "临夏回族自治州临夏市"),
    ],
)
def test_place_is_shown_as_people_say_it(code: str, name: str) -> None:
    assert region_name(code) == name


def test_county_lies_in_its_prefecture_and_province() -> None:
    assert (prefecture("620102"), province("620102")) == ("620100", "620000")
    assert prefecture("620000") == "620000"


def test_every_division_of_gansu_has_a_point_in_or_near_the_province() -> None:
    points = {code: point(code) for code in divisions() if province(code) == GANSU}
    assert [code for code, place in points.items() if place is None] == []
    for place in points.values():
        assert place is not None
        assert 92 < place[0] < 109
        assert 32 < place[1] < 43


def test_county_without_a_point_has_that_of_its_prefecture_and_an_unknown_one_none() -> None:
    assert point("620199") == point("620100")
    assert point("999999") is None


def test_distances_are_those_of_the_map() -> None:
    lanzhou, tianshui, jiayuguan = point("620100"), point("620500"), point("620200")
    assert lanzhou is not None
    assert tianshui is not None
    assert jiayuguan is not None
    assert distance_km(lanzhou, tianshui) == pytest.approx(235, abs=25)
    assert distance_km(lanzhou, jiayuguan) == pytest.approx(600, abs=40)
    assert distance_km(lanzhou, tianshui) == distance_km(tianshui, lanzhou)
    assert distance_km(lanzhou, lanzhou) == 0
    assert distance_km((0, 0), (0, 90)) == pytest.approx(10_007, abs=2)
    assert distance_km((0, 0), (180, 0)) == pytest.approx(20_015, abs=2)


def test_messages_are_in_chinese() -> None:
    with pytest.raises(RegionError) as caught:
        region_code("Lanzhou")
    assert re.search("[一-鿿]", str(caught.value))
