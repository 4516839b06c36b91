"""Reasons that a caseworker can read out: few, true, recomputable, and with a source where they cite one."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.components import COMPONENTS, Asked, History
from matching.matcher import match
from matching.ranking import Weights
from matching.vocabulary import (
    Accommodation,
    AccommodationState,
    Concession,
    Education,
    Function,
    ReasonKind,
    Transport,
    VacancyKind,
    WorkMode,
)
from tests.support.builders import (
    LANZHOU,
    QILIHE,
    TIANSHUI,
    a_candidate,
    a_shortlist,
    a_stock,
    a_vacancy,
    an_index,
    demanding,
    limited,
    reason_texts,
    rules,
    yuan,
)


def test_the_accommodation_that_closes_the_gap_is_named_with_its_state() -> None:
    vacancy = a_vacancy(demands=demanding(standing=2), accommodations={Accommodation.SEAT: AccommodationState.DECLARED})
    shortlist = a_shortlist(a_candidate(functions=limited(standing=4)), vacancy)
    assert "站立不便，可由工作座椅（单位自报）解决" in reason_texts(shortlist)
    assert shortlist.items[0].accommodations == {Accommodation.SEAT: AccommodationState.DECLARED}


def test_an_unlawful_condition_is_flagged_and_not_obeyed() -> None:
    vacancy = a_vacancy(title="收银员", description="要求：限女性，形象好，身高165以上。")
    shortlist = a_shortlist(a_candidate(functions=limited()), vacancy)
    flagged = [r for r in shortlist.items[0].reasons if "与任务无关" in r.text]
    assert len(flagged) == 1
    assert flagged[0].source is not None


def test_a_distance_says_how_sure_it_is() -> None:
    person = a_candidate(region=LANZHOU, longitude=103.8253, latitude=36.0575, transport=Transport.BUS)
    exact = a_shortlist(person, a_vacancy(longitude=103.86, latitude=36.05))
    assert any("公里" in text and "估算" not in text and "公交" in text for text in reason_texts(exact))
    rough = a_shortlist(a_candidate(region=LANZHOU), a_vacancy(region=QILIHE))
    assert any("按县区驻地估算" in text for text in reason_texts(rough))


def test_a_long_way_is_said_beside_another_warning_however_much_speaks_for_a_post() -> None:
    person = a_candidate(
        functions=limited(seeing=2, standing=4),
        region=LANZHOU,
        education=Education.JUNIOR,
        skills=("打字",),
        wished_occupations=("客服",),
        wished_wage_min=yuan(2500),
    )
    post = a_vacancy(
        title="客服",
        region=TIANSHUI,
        education_min=Education.BACHELOR,
        skills=("打字",),
        wage_min=yuan(3000),
        wage_max=yuan(4000),
        demands=demanding(seeing=2, standing=2),
        accommodations={
            Accommodation.SEAT: AccommodationState.DECLARED,
            Accommodation.DORMITORY: AccommodationState.DECLARED,
        },
    )
    told = reason_texts(a_shortlist(person, post))
    assert any("岗位要求本科，本人为初中" in text for text in told), told
    assert any("超出日常通勤" in text for text in told), told
    assert any("工作座椅" in text for text in told), told


def test_education_below_the_stated_one_is_said() -> None:
    shortlist = a_shortlist(a_candidate(education=Education.JUNIOR), a_vacancy(education_min=Education.BACHELOR))
    assert any("岗位要求本科，本人为初中" in text for text in reason_texts(shortlist))


def test_a_wage_below_the_countys_minimum_is_flagged_with_its_source() -> None:
    shortlist = a_shortlist(a_candidate(), a_vacancy(wage_max=yuan(1500)))
    flagged = [r for r in shortlist.items[0].reasons if "最低工资" in r.text]
    assert flagged[0].source is not None
    assert "需人工核实" in flagged[0].text


def _strength_of_skills(weight: float) -> float:
    values = Weights.prior().values.copy()
    values[COMPONENTS.index("skills")] = weight
    index = an_index(a_stock(a_vacancy(skills=("打字", "会计"))))
    asked = Asked.of(a_candidate(skills=("Excel", "打字")), History(), None)
    found = match(asked, index, rules(), Weights(values), k=1)
    return next(r.weight for r in found.items[0].reasons if r.kind is ReasonKind.SKILL)


def test_skills_that_order_nothing_are_said_after_what_does() -> None:
    assert _strength_of_skills(0.0) < 3.0 < 5.0 <= _strength_of_skills(1.0)


def test_shared_skills_are_named_from_the_facts() -> None:
    shortlist = a_shortlist(a_candidate(skills=("Excel", "打字")), a_vacancy(skills=("打字", "会计")))
    skill = next(r for r in shortlist.items[0].reasons if r.kind is ReasonKind.SKILL)
    assert skill.facts["skills"] == ["打字"]


def test_a_line_of_which_nothing_is_known_still_has_a_reason() -> None:
    assert len(reason_texts(a_shortlist(a_candidate(), a_vacancy(region=None, title="其他")))) >= 1


people = st.fixed_dictionaries(
    {},
    optional={
        "functions": st.dictionaries(st.sampled_from(list(Function)), st.integers(0, 4)),
        "region": st.sampled_from([LANZHOU, TIANSHUI]),
        "wished_occupations": st.sampled_from([("客服",), ("保洁", "搬运"), ("没有听说过的职业",)]),
        "skills": st.sampled_from([("打字",), ("Excel", "开车")]),
        "education": st.sampled_from(list(Education)),
        "wished_wage_min": st.integers(1000, 8000).map(yuan),
        "transport": st.sampled_from(list(Transport)),
        "accommodations_needed": st.sampled_from([(Accommodation.SEAT,), (Accommodation.SHUTTLE,)]),
    },
)
STOCK = [
    a_vacancy("a", title="电话客服", skills=("打字",), demands=demanding(hearing=3, speaking=3, sitting=3)),
    a_vacancy("b", title="保洁员", wage_max=yuan(1800), description="身体健康，五官端正"),
    a_vacancy("c", title="搬运工", region=TIANSHUI, description="长期站立，搬运重物"),
    a_vacancy("d", title="数据标注", work_mode=WorkMode.REMOTE, education_min=Education.COLLEGE),
    a_vacancy("e", title="护林员", kind=VacancyKind.RURAL_PUBLIC_WELFARE, region=None),
    a_vacancy(
        "f",
        title="盲人按摩师",
        kind=VacancyKind.DIRECTED,
        accommodations={Accommodation.SEAT: AccommodationState.VERIFIED},
    ),
]


@settings(deadline=None, max_examples=80)
@given(people)
def test_every_line_has_one_to_five_reasons_and_every_policy_reason_its_clause(facts: dict[str, Any]) -> None:
    shortlist = a_shortlist(a_candidate(**facts), *STOCK)
    for item in shortlist.items:
        assert 1 <= len(item.reasons) <= 5
        assert len({reason.text for reason in item.reasons}) == len(item.reasons)
        for reason in item.reasons:
            assert reason.text
            assert "None" not in reason.text
            if reason.kind is ReasonKind.POLICY:
                assert reason.source is not None
                assert reason.source.document
                assert reason.source.clause


@settings(deadline=None, max_examples=40)
@given(people)
def test_reasons_made_again_are_the_same(facts: dict[str, Any]) -> None:
    once, again = (a_shortlist(a_candidate(**facts), *STOCK) for _ in range(2))
    assert [i.reasons for i in once.items] == [i.reasons for i in again.items]


@pytest.mark.parametrize("fact", ["functions.standing", "vacancy.demands"])
def test_what_is_missing_says_who_can_supply_it(fact: str) -> None:
    vacancies = [a_vacancy("a", demands=demanding(standing=3)), a_vacancy("b", title="其他")]
    shortlist = a_shortlist(a_candidate(functions={Function.HANDS: 1}), *vacancies)
    missing = {m.fact: m for item in shortlist.items for m in item.missing}
    assert missing[fact].who_can_supply
    assert missing[fact].label


def test_unlock_counts_the_vacancies_that_a_missing_fact_holds_up() -> None:
    vacancies = [
        a_vacancy("a", demands=demanding(standing=3)),
        a_vacancy("b", demands=demanding(standing=2, hands=2)),
        a_vacancy("c", demands=demanding(sitting=2)),
    ]
    shortlist = a_shortlist(a_candidate(functions=limited()), *vacancies)
    assert [u for u in shortlist.unlocks if u.missing.fact.startswith("functions")] == []
    blank = a_shortlist(a_candidate(region=LANZHOU), *vacancies)
    held = {u.missing.fact: (u.n_vacancies, u.n_alone) for u in blank.unlocks}
    assert held["functions.standing"] == (2, 1)
    assert held["functions.hands"] == (1, 0)


def test_what_a_platform_waives_is_a_reason_with_its_clause_and_a_promise_to_verify() -> None:
    post = a_vacancy(concessions=(Concession.DISPATCH_PRIORITY, Concession.FREE_TRAINING))
    reasons = a_shortlist(a_candidate(), post).items[0].reasons
    told = next(reason for reason in reasons if "平台承诺" in reason.text)
    assert "派单倾斜、免费培训" in told.text
    assert "请核实" in told.text
    assert told.source is not None
    assert told.source.clause == "二(三)"
    plain = a_shortlist(a_candidate(), a_vacancy()).items[0].reasons
    assert not any("平台承诺" in reason.text for reason in plain)
