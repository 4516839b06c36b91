"""Who may be listed: only law, a stated demand and the person's own hard wishes leave a vacancy out, each by name."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.matcher import Shortlist
from matching.retrieval import retrieve
from matching.vocabulary import (
    Accommodation,
    AccommodationState,
    DisabilityCategory,
    Function,
    Outcome,
    Sex,
    Transport,
    VacancyKind,
    WorkMode,
)
from tests.support.builders import (
    BEIJING,
    LANZHOU,
    TIANSHUI,
    a_candidate,
    a_shortlist,
    a_stock,
    a_vacancy,
    certificate_number,
    demanding,
    excluded_codes,
    limited,
    listed_ids,
    rules,
    yuan,
)


def test_a_person_of_whom_nothing_is_known_gets_every_open_vacancy() -> None:
    vacancies = [
        a_vacancy("stated", demands=demanding(standing=4, lifting=4)),
        a_vacancy("silent"),
        a_vacancy("directed", kind=VacancyKind.DIRECTED, welcomes=(DisabilityCategory.VISION,)),
        a_vacancy("licensed", title="电工", certificates=("电工证",)),
    ]
    shortlist = a_shortlist(a_candidate(), *vacancies)
    assert set(listed_ids(shortlist)) == {"stated", "silent", "directed", "licensed"}
    assert not shortlist.excluded
    assert all(item.outcome is Outcome.UNKNOWN and item.missing for item in shortlist.items)


def test_a_vacancy_is_listed_on_its_first_and_last_day_only_between() -> None:
    vacancy = a_vacancy(opens_on=date(2026, 11, 1), closes_on=date(2026, 11, 30))
    days = {date(2026, 10, 31): 0, date(2026, 11, 1): 1, date(2026, 11, 30): 1, date(2026, 12, 1): 0}
    for day, n in days.items():
        assert a_shortlist(a_candidate(), vacancy, on=day).n_open == n


def test_a_child_is_listed_nowhere_and_the_law_is_cited() -> None:
    shortlist = a_shortlist(a_candidate(birth_date=date(2011, 1, 1)), a_vacancy())
    assert excluded_codes(shortlist) == {"under_age": 1}
    assert shortlist.excluded[0].exclusion.source is not None
    of_age = a_shortlist(a_candidate(birth_date=date(2010, 11, 23)), a_vacancy())
    assert of_age.n_ranked == 1


def test_a_directed_post_for_others_is_left_out_by_its_announcement() -> None:
    post = a_vacancy(kind=VacancyKind.DIRECTED, welcomes=(DisabilityCategory.VISION, DisabilityCategory.HEARING))
    assert excluded_codes(a_shortlist(a_candidate(category=DisabilityCategory.PHYSICAL), post)) == {
        "announced_for_others": 1
    }
    assert a_shortlist(a_candidate(category=DisabilityCategory.HEARING), post).n_ranked == 1
    unknown = a_shortlist(a_candidate(), post)
    assert [m.fact for m in unknown.items[0].missing if m.fact == "category"] == ["category"]


def test_an_open_post_that_welcomes_a_category_leaves_nobody_out() -> None:
    post = a_vacancy(kind=VacancyKind.OPEN, welcomes=(DisabilityCategory.VISION,))
    assert a_shortlist(a_candidate(category=DisabilityCategory.PHYSICAL), post).n_ranked == 1


def test_a_medical_massage_post_asks_for_the_medical_qualification_and_a_wellness_post_does_not() -> None:
    medical = a_vacancy("medical", title="盲人医疗按摩师", certificates=("盲人医疗按摩人员资格证书",))
    wellness = a_vacancy("wellness", title="盲人保健按摩师", certificates=("盲人医疗按摩人员资格证书",))
    shortlist = a_shortlist(a_candidate(certificates=("保健按摩师证",)), medical, wellness)
    assert listed_ids(shortlist) == ["wellness"]
    assert [code.startswith("licence_") for code in excluded_codes(shortlist)] == [True]
    assert shortlist.licence_unlocks[0].n_vacancies == 1
    qualified = a_shortlist(a_candidate(certificates=("盲人医疗按摩人员资格证书",)), medical)
    assert listed_ids(qualified) == ["medical"]


def test_a_licence_that_names_no_trade_is_asked_about_and_never_a_no() -> None:
    post = a_vacancy(title="电工", certificates=("特种作业操作证（电工）",))
    assert a_shortlist(a_candidate(certificates=("低压电工证",)), post).n_ranked == 1
    assert a_shortlist(a_candidate(certificates=("特种作业操作证",)), post).n_ranked == 1
    assert a_shortlist(a_candidate(certificates=("计算机二级",)), post).n_ranked == 0


def test_a_certificate_that_anybody_gets_in_days_is_asked_for_and_never_a_no() -> None:
    post = a_vacancy(title="餐饮服务员", certificates=("健康证",))
    shortlist = a_shortlist(a_candidate(certificates=("计算机二级",)), post)
    assert shortlist.n_ranked == 1
    assert any("健康证" in reason.text for reason in shortlist.items[0].reasons)


def test_a_shuttle_brings_nobody_across_the_province() -> None:
    offers = {Accommodation.SHUTTLE: AccommodationState.VERIFIED}
    person = a_candidate(region=LANZHOU, max_commute_km=yuan(5))
    assert a_shortlist(person, a_vacancy(region=TIANSHUI, accommodations=offers)).n_ranked == 0


def test_partly_at_home_suits_whoever_takes_both() -> None:
    both = a_candidate(work_modes=(WorkMode.ONSITE, WorkMode.REMOTE))
    assert a_shortlist(both, a_vacancy(work_mode=WorkMode.HYBRID)).n_ranked == 1


def test_a_stated_demand_that_nothing_closes_is_named_with_its_function() -> None:
    loading = a_vacancy(title="仓库搬运工", demands=demanding(standing=4, lifting=4))
    shortlist = a_shortlist(a_candidate(functions=limited(standing=4)), loading)
    assert excluded_codes(shortlist) == {"demand_standing": 1}


def test_a_derived_demand_moves_back_and_asks_but_never_leaves_out() -> None:
    loading = a_vacancy("loading", title="仓库搬运工", description="需要长期站立，负责搬运货物，负重50公斤")
    office = a_vacancy("office", title="文员")
    shortlist = a_shortlist(a_candidate(functions=limited(standing=4, walking=4, lifting=4)), loading, office)
    assert listed_ids(shortlist) == ["office", "loading"]
    assert any("核实" in reason.text for reason in shortlist.items[1].reasons)


@pytest.mark.parametrize(
    ("functions", "title"),
    [
        ({"hearing": 4}, "电话客服"),
        ({"speaking": 4}, "呼叫中心话务员"),
        ({"walking": 4, "standing": 4}, "环卫清扫工"),
        ({"walking": 4, "standing": 4}, "外卖骑手"),
        ({"seeing": 4}, "货车司机"),
        ({"walking": 4, "lifting": 3}, "仓库搬运工"),
    ],
)
def test_what_a_person_plainly_cannot_do_is_asked_about_last(functions: dict[str, int], title: str) -> None:
    post, other = a_vacancy("post", title=title), a_vacancy("zz-other", title="其他")
    shortlist = a_shortlist(a_candidate(functions=limited(**functions)), post, other)
    assert listed_ids(shortlist) == ["zz-other", "post"]
    texts = [reason.text for reason in shortlist.items[1].reasons]
    assert any("超出本人目前能力" in text for text in texts)
    assert not any("未见障碍" in text for text in texts)


def test_own_hard_wishes_leave_out_and_unknown_ones_do_not() -> None:
    here, far, home = (
        a_vacancy("here"),
        a_vacancy("far", region=BEIJING),
        a_vacancy("home", region=BEIJING, work_mode=WorkMode.REMOTE),
    )
    person = a_candidate(region=LANZHOU, max_commute_km=yuan(10))
    shortlist = a_shortlist(person, here, far, home)
    assert set(listed_ids(shortlist)) == {"here", "home"}
    assert excluded_codes(shortlist) == {"commute": 1}
    assert a_shortlist(a_candidate(region=LANZHOU), here, far, home).n_ranked == 3
    moves = a_candidate(region=LANZHOU, max_commute_km=yuan(10), wished_regions=("110000",))
    assert a_shortlist(moves, far).n_ranked == 1


def test_hours_and_work_mode_are_the_persons_own_limits() -> None:
    long_day = a_vacancy("long", hours_per_day=yuan(10))
    flexible = a_vacancy(
        "flexible", hours_per_day=yuan(10), accommodations={Accommodation.FLEXIBLE_HOURS: AccommodationState.DECLARED}
    )
    shortlist = a_shortlist(a_candidate(hours_per_day_max=yuan(6)), long_day, flexible)
    assert listed_ids(shortlist) == ["flexible"]
    remote_only = a_shortlist(a_candidate(work_modes=(WorkMode.REMOTE,)), a_vacancy(work_mode=WorkMode.ONSITE))
    assert excluded_codes(remote_only) == {"work_mode": 1}
    not_said = a_shortlist(a_candidate(work_modes=(WorkMode.REMOTE,)), a_vacancy())
    assert not_said.n_ranked == 1


def test_a_wage_below_the_wish_is_listed_and_said() -> None:
    shortlist = a_shortlist(
        a_candidate(wished_wage_min=yuan(4000)), a_vacancy(wage_min=yuan(3000), wage_max=yuan(3500))
    )
    assert any("低于期望" in reason.text for reason in shortlist.items[0].reasons)


grounds = st.fixed_dictionaries(
    {},
    optional={
        "functions": st.dictionaries(st.sampled_from(list(Function)), st.integers(0, 4), max_size=15),
        "max_commute_km": st.integers(1, 60).map(yuan),
        "region": st.sampled_from([LANZHOU, TIANSHUI]),
        "transport": st.sampled_from(list(Transport)),
        "hours_per_day_max": st.integers(2, 12).map(yuan),
        "work_modes": st.sampled_from([(WorkMode.REMOTE,), (WorkMode.ONSITE, WorkMode.HYBRID)]),
        "birth_date": st.dates(date(1950, 1, 1), date(2015, 1, 1)),
        "sex": st.sampled_from(list(Sex)),
        "certificates": st.sampled_from([("电工证",), ("驾驶证",)]),
        "wished_wage_min": st.integers(1500, 6000).map(yuan),
    },
)

STOCK = [
    a_vacancy("a", demands=demanding(standing=3, hands=3), wage_max=yuan(3000)),
    a_vacancy("b", title="电工", certificates=("电工证",), hours_per_day=yuan(9)),
    a_vacancy("c", title="客服", work_mode=WorkMode.REMOTE, demands=demanding(hearing=3, speaking=3)),
    a_vacancy("d", region=TIANSHUI, title="仓库搬运工", description="长期站立搬运重物"),
    a_vacancy("e", kind=VacancyKind.DIRECTED, welcomes=(DisabilityCategory.HEARING,)),
    a_vacancy("f", region=None, kind=VacancyKind.PUBLIC_WELFARE, title="保洁员"),
    a_vacancy("g", openings=0, title="收银员"),
]


@settings(deadline=None, max_examples=60)
@given(grounds)
def test_every_open_vacancy_is_listed_below_the_cut_or_counted_under_a_named_reason(facts: dict[str, Any]) -> None:
    shortlist = a_shortlist(a_candidate(**facts), *STOCK, k=3)
    assert shortlist.n_open == len(STOCK)
    assert shortlist.n_ranked + sum(c.n_vacancies for c in shortlist.excluded) == shortlist.n_open
    assert all(c.exclusion.text and c.n_vacancies > 0 for c in shortlist.excluded)
    assert len(shortlist.items) == min(3, shortlist.n_ranked)


FACTS_OF_REASON = {
    "under_age": {"birth_date"},
    "past_retirement": {"birth_date", "sex"},
    "licence": {"certificates"},
    "demand": {"functions"},
    "work_mode": {"work_modes"},
    "hours": {"hours_per_day_max"},
    "commute": {"max_commute_km", "region", "transport"},
}


@settings(deadline=None, max_examples=80)
@given(grounds, grounds)
def test_a_new_fact_drops_a_vacancy_only_under_a_reason_that_rests_on_that_fact(
    known: dict[str, Any], more: dict[str, Any]
) -> None:
    added = {name: value for name, value in more.items() if name not in known}
    before, after = _reasons_by_vacancy(known), _reasons_by_vacancy({**known, **added})
    for vacancy_id, code in after.items():
        if code is not None and before[vacancy_id] is None:
            resting_on = FACTS_OF_REASON[next(name for name in FACTS_OF_REASON if code.startswith(name))]
            assert resting_on & set(added), (vacancy_id, code)


def _reasons_by_vacancy(facts: dict[str, Any]) -> dict[str, str | None]:
    stock = a_stock(*STOCK)
    found = retrieve(a_candidate(**facts), stock, rules())
    codes = [found.exclusions[code].code if code >= 0 else None for code in found.excluded_by]
    return {stock.items[row].vacancy.vacancy_id: code for row, code in zip(found.rows, codes, strict=True)}


@pytest.mark.parametrize(("category", "grade"), [(1, 1), (2, 4), (5, 3), (6, 2), (7, 1)])
def test_category_and_grade_change_nothing_but_posts_announced_for_a_category(category: int, grade: int) -> None:
    facts: dict[str, Any] = {
        "functions": limited(hands=1, standing=2),
        "region": LANZHOU,
        "wished_occupations": ("客服", "保洁"),
    }
    reference = a_shortlist(a_candidate(certificate_number=certificate_number(4, 2), **facts), *STOCK)
    other = a_shortlist(a_candidate(certificate_number=certificate_number(category, grade), **facts), *STOCK)

    def without_directed(shortlist: Shortlist) -> list[tuple[str, float, object, list[str]]]:
        return [
            (item.stock_item.vacancy.vacancy_id, item.score, item.outcome, [r.text for r in item.reasons])
            for item in shortlist.items
            if item.stock_item.vacancy.kind is not VacancyKind.DIRECTED
        ]

    assert without_directed(other) == without_directed(reference)


def test_filled_vacancies_are_counted_as_filled() -> None:
    shortlist = a_shortlist(a_candidate(), a_vacancy(openings=0))
    assert excluded_codes(shortlist) == {"filled": 1}
