"""Licences: only what a vacancy states and the law requires; wellness massage never needs the medical qualification."""

import pytest

from matching.entities import Vacancy, VacancyId
from matching.licences import holds, licences, massage_kind, misplaced_requirements, required_licences
from matching.occupations import classify


def a_vacancy(title: str, *certificates: str, description: str | None = None) -> Vacancy:
    return Vacancy(vacancy_id=VacancyId("v"), title=title, description=description, certificates=certificates)


def required_ids(vacancy: Vacancy) -> list[str]:
    return [licence.licence_id for licence in required_licences(vacancy, classify(vacancy.title))]


@pytest.mark.parametrize(
    ("title", "certificate", "licence_id"),
    [
        ("电工", "低压电工操作证", "electrician"),
        ("焊工", "焊工证", "welder"),
        ("叉车工", "叉车证", "forklift"),
        ("货车司机", "驾驶证", "driving"),
        ("货车司机", "C1", "driving"),
        ("护士", "护士执业证书", "nurse"),
        ("幼儿园教师", "教师资格证", "teacher"),
        ("厨师", "健康证", "food_health"),
        ("保安", "保安员证", "security_guard"),
        ("消防监控员", "消防设施操作员证", "fire_control"),
        ("律师", "法律职业资格证书", "lawyer"),
        ("盲人医疗按摩师", "盲人医疗按摩人员资格证书", "medical_massage"),
    ],
)
def test_a_stated_licence_that_the_law_asks_for_is_required(title: str, certificate: str, licence_id: str) -> None:
    assert licence_id in required_ids(a_vacancy(title, certificate))


def test_a_licence_that_is_not_stated_is_not_required() -> None:
    assert required_ids(a_vacancy("电工", description="需有电工证")) == []


def test_a_certificate_that_no_law_asks_for_in_this_work_is_not_required() -> None:
    assert required_ids(a_vacancy("文员", "健康证", "驾驶证", "计算机二级")) == []


def test_a_short_licence_class_is_not_found_inside_other_words() -> None:
    assert required_ids(a_vacancy("司机", "HSC10级证书")) == []


def test_wellness_massage_does_not_require_the_medical_qualification_and_says_so() -> None:
    vacancy = a_vacancy("保健按摩师", "盲人医疗按摩人员资格证书")
    assert massage_kind(vacancy) == "wellness"
    assert required_ids(vacancy) == []
    (message,) = misplaced_requirements(vacancy)
    assert "卫医政发〔2009〕37号" in message


def test_medical_massage_requires_it_and_nothing_is_misplaced() -> None:
    vacancy = a_vacancy("按摩师", "盲人医疗按摩人员资格证书", description="在中医院推拿科坐诊")
    assert massage_kind(vacancy) == "medical"
    assert required_ids(vacancy) == ["medical_massage"]
    assert misplaced_requirements(vacancy) == ()


def test_a_title_of_wellness_outweighs_a_hospital_in_the_text() -> None:
    assert massage_kind(a_vacancy("足疗技师", description="地址在人民医院对面")) == "wellness"


def test_other_work_is_no_massage() -> None:
    assert massage_kind(a_vacancy("保洁员", description="在医院做保洁")) is None


def test_a_massage_post_that_says_no_more_counts_as_wellness() -> None:
    assert massage_kind(a_vacancy("按摩师")) == "wellness"


def test_a_person_holds_a_licence_under_another_name_of_it() -> None:
    assert holds(("特种作业操作证（电工）",), licences()["electrician"])
    assert holds(("C1驾照",), licences()["driving"])
    assert not holds(("初级会计",), licences()["electrician"])
    assert not holds((), licences()["driving"])


def test_a_small_car_licence_is_not_one_for_lorries() -> None:
    vacancy = a_vacancy("货车司机", "B2驾驶证")
    assert set(required_ids(vacancy)) == {"driving", "driving_large"}
    assert not holds(("C1驾驶证",), licences()["driving_large"])
    assert holds(("A2驾驶证",), licences()["driving_large"])


def test_every_licence_names_document_and_clause() -> None:
    for licence in licences().values():
        assert licence.document
        assert licence.clause
        assert licence.source.document == licence.document
        assert licence.status in ("confirmed", "known-high")
