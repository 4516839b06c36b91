"""Threat 5: what an employer sees says what a person does at work, and nothing of what the person has."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from matching.entities import Candidate, CandidateId, Vacancy, VacancyId
from matching.vocabulary import (
    Accommodation,
    AccommodationState,
    DisabilityCategory,
    Education,
    Function,
    HouseholdKind,
    Sex,
    WorkMode,
    YesNo,
)
from pipelines.consent.employer_view import agreed_view, employer_view
from pipelines.consent.words import DisclosedItem
from tests.support.builders import a_candidate, a_vacancy, certificate_number, demanding, limited

levels = st.dictionaries(st.sampled_from(list(Function)), st.integers(0, 4), max_size=8)
accommodations = st.lists(st.sampled_from(list(Accommodation)), max_size=4, unique=True).map(tuple)
skills = st.lists(st.sampled_from(["打字", "盲文", "手语", "Excel"]), max_size=3, unique=True).map(tuple)
vacancies = st.builds(
    Vacancy,
    vacancy_id=st.just(VacancyId("v")),
    title=st.sampled_from(["录入员", "保洁员", "客服"]),
    region=st.sampled_from([None, "620102", "620502"]),
    demands=levels,
    skills=skills,
    work_mode=st.sampled_from([None, *WorkMode]),
    accommodations=st.dictionaries(
        st.sampled_from(list(Accommodation)), st.sampled_from([AccommodationState.DECLARED]), max_size=3
    ),
)
people = st.builds(
    Candidate,
    candidate_id=st.just(CandidateId("c")),
    region=st.sampled_from([None, "620102", "620502"]),
    education=st.sampled_from([None, *Education]),
    functions=levels,
    accommodations_needed=accommodations,
    skills=skills,
    experience_years=st.sampled_from([None, Decimal(0), Decimal("2.5"), Decimal(12)]),
    work_modes=st.lists(st.sampled_from(list(WorkMode)), max_size=2, unique=True).map(tuple),
)
# What says what somebody has, who they are, or where they live; none of it is work.
conditions = st.fixed_dictionaries(
    {
        "category": st.sampled_from([None, *DisabilityCategory]),
        "grade": st.sampled_from([None, 1, 2, 3, 4]),
        "certificate_number": st.sampled_from([None, certificate_number(1, 1), certificate_number(7, 4)]),
        "name": st.sampled_from([None, "王小明", "李四"]),
        "sex": st.sampled_from([None, *Sex]),
        "birth_date": st.sampled_from([None, date(1970, 1, 1), date(2001, 5, 6)]),
        "phone": st.sampled_from([None, "13900001111"]),
        "address": st.sampled_from([None, "某某路7号"]),
        "longitude": st.sampled_from([None, 103.8]),
        "latitude": st.sampled_from([None, 36.0]),
        "household_kinds": st.sampled_from([(), (HouseholdKind.DIBAO,), (HouseholdKind.ZERO_EMPLOYMENT,)]),
        "household_id": st.sampled_from([None, "h-1"]),
        "hard_to_employ_until": st.sampled_from([None, date(2027, 1, 1)]),
        "unemployed_since": st.sampled_from([None, date(2024, 1, 1)]),
        "experience": st.sampled_from([None, "因视力残疾离职"]),
        "consent_disclosure": st.sampled_from([None, *YesNo]),
    }
)


def as_sent(candidate: Candidate, vacancy: Vacancy) -> bytes:
    return json.dumps(employer_view(candidate, vacancy), ensure_ascii=False).encode()


@given(people, vacancies, conditions, conditions)
def test_threat_5_two_people_alike_in_function_look_alike_to_the_byte(
    person: Candidate, vacancy: Vacancy, one: dict[str, object], other: dict[str, object]
) -> None:
    assert as_sent(replace(person, **one), vacancy) == as_sent(replace(person, **other), vacancy)  # type: ignore[arg-type]  # fields by name


def test_threat_5_a_function_is_answered_in_words_of_work_and_no_level_goes_out() -> None:
    vacancy = a_vacancy(demands=demanding(hands=2, walking=2, seeing=1, hearing=0))
    view = employer_view(a_candidate(functions={**limited(walking=3), Function.HANDS: 2}), vacancy)
    answers = {row["function"]: row["answer"] for row in view["functions"]}
    assert answers == {"hands": "suffices", "walking": "with_accommodation", "seeing": "suffices"}
    assert "level" not in str(view)
    assert "limitation" not in str(view)


def test_threat_5_equal_answers_hide_different_levels() -> None:
    vacancy = a_vacancy(demands=demanding(walking=1))
    views = [as_sent(a_candidate(functions=limited(walking=level)), vacancy) for level in (0, 1, 2, 3)]
    assert len(set(views)) == 1


def test_an_unknown_function_is_not_told_as_a_no() -> None:
    view = employer_view(a_candidate(), a_vacancy(demands=demanding(hands=3)))
    assert [row["answer"] for row in view["functions"]] == ["unknown"]


def test_before_consent_there_are_functions_and_accommodations_and_nothing_else() -> None:
    vacancy = a_vacancy(demands=demanding(hands=2), skills=("打字",), region="620102")
    person = a_candidate(
        functions=limited(), skills=("打字",), education=Education.COLLEGE, experience_years=Decimal(4), region="620502"
    )
    view = employer_view(person, vacancy)
    assert set(view) == {"functions", "accommodations", "reasons"}
    assert as_sent(person, vacancy) == as_sent(a_candidate(functions=limited()), vacancy)


def test_skills_that_the_vacancy_does_not_ask_for_are_not_shown_to_whom_the_profile_is_told_either() -> None:
    vacancy = a_vacancy(skills=("打字",), region="620102")
    person = a_candidate(
        skills=("盲文", "打字"), education=Education.COLLEGE, experience_years=Decimal(4), region="620102"
    )
    told = agreed_view(person, vacancy, frozenset({DisclosedItem.PROFILE}))["profile"]
    assert told["skills"] == ["打字"]
    assert "盲文" not in str(told)
    assert (told["education"], told["experience_years"], told["distance"]) == ("大专", "3—5年", "5公里以内")


def test_only_what_was_agreed_to_is_told() -> None:
    person = a_candidate(name="王小明", phone="13900001111", certificate_number=certificate_number(4, 2))
    assert agreed_view(person, a_vacancy(), frozenset({DisclosedItem.NAME})) == {"name": "王小明"}
    told = agreed_view(person, a_vacancy(), frozenset({DisclosedItem.CATEGORY, DisclosedItem.GRADE}))
    assert told == {"category": "肢体", "grade": 2}
