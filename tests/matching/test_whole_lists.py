"""What a caseworker sees who reads a list from head to foot: what reading whole lists over real postings showed."""

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.body_conditions import joined_clauses
from matching.entities import Vacancy
from matching.matcher import Shortlist
from matching.occupations import classify
from matching.ranking import Band
from matching.vocabulary import (
    Accommodation,
    AccommodationState,
    DisabilityCategory,
    Education,
    Function,
    VacancyKind,
    WorkMode,
)
from pipelines.documents import document_lines, shortlist_document
from tests.support.builders import (
    BEIJING,
    LANZHOU,
    QILIHE,
    TIANSHUI,
    a_candidate,
    a_shortlist,
    a_vacancy,
    demanding,
    limited,
    listed_ids,
    reason_texts,
    yuan,
)

HEAD = {"run_id": "r", "as_of": "2026-11-23", "model_version": "m", "rules_version": "1"}
UNREADABLE = "上山打老虎"


def lines_of(shortlist: Shortlist) -> list[str]:
    return list(document_lines(shortlist_document(shortlist, HEAD)))


def note_codes(shortlist: Shortlist) -> list[str]:
    return [note.code for note in shortlist.notes]


def office_posts(n: int = 40, **facts: Any) -> list[Vacancy]:
    return [a_vacancy(f"office-{i:02}", title="文员", employer_name=f"单位{i}", **facts) for i in range(n)]


def test_a_post_of_which_nothing_can_be_read_does_not_lead_a_limited_persons_list() -> None:
    person = a_candidate(functions=limited(seeing=3, speaking=4), region=LANZHOU)
    unreadable = a_vacancy("aa", title=UNREADABLE)
    ids = listed_ids(a_shortlist(person, unreadable, *office_posts(60), k=100))
    assert "aa" in ids
    assert len(ids) == 61
    near_nothing = a_vacancy("zz", title="文员", employer_name="有便利", accommodations=_helps())
    assert listed_ids(a_shortlist(person, unreadable, near_nothing, *office_posts(60)))[0] == "zz"


def _helps() -> dict[Accommodation, AccommodationState]:
    return {
        Accommodation.SCREEN_READER: AccommodationState.VERIFIED,
        Accommodation.TEXT_COMMUNICATION: AccommodationState.VERIFIED,
    }


def test_what_cannot_be_read_counts_as_such_demands_commonly_do_for_this_person() -> None:
    unreadable = a_vacancy("aa", title=UNREADABLE)
    limited_one = a_shortlist(a_candidate(functions=limited(speaking=4)), unreadable, *office_posts(), k=100)
    able = a_shortlist(a_candidate(functions=limited()), unreadable, *office_posts(), k=100)
    parts: dict[str, Mapping[str, float]] = {i.stock_item.vacancy.vacancy_id: i.score_parts for i in limited_one.items}
    assert parts["office-00"]["to_arrange"] < parts["aa"]["to_arrange"] < 0
    assert all("to_arrange" not in item.score_parts for item in able.items)


def test_where_most_posts_are_out_of_reach_an_unreadable_one_is_asked_about_first_too() -> None:
    person = a_candidate(functions=limited(understanding=4))
    shortlist = a_shortlist(person, a_vacancy("aa", title=UNREADABLE), *office_posts(), k=100)
    bands: dict[str, Band] = {item.stock_item.vacancy.vacancy_id: item.band for item in shortlist.items}
    assert bands["aa"] is bands["office-00"] is Band.ASK_FIRST
    assert len(bands) == 41


def test_an_unreadable_post_says_which_function_is_in_doubt_and_claims_nothing() -> None:
    texts = reason_texts(a_shortlist(a_candidate(functions=limited(hearing=3)), a_vacancy(title=UNREADABLE)))
    assert any("听声" in text and "问清具体工作" in text for text in texts)
    assert not any("未见障碍" in text for text in texts)


def test_chance_words_of_a_persons_story_are_not_likeness() -> None:
    person = a_candidate(experience="打过零工，主要是缝纫工", wished_occupations=("什么都行",))
    shortlist = a_shortlist(person, a_vacancy("b", title="缝纫工"), a_vacancy("a", title="上山打老虎就行"))
    assert listed_ids(shortlist) == ["b", "a"]
    assert "profile_text" not in shortlist.items[1].score_parts


SAME_EMPLOYER = [a_vacancy(f"a-{i}", title="网页设计师", employer_name="甲公司") for i in range(4)]
OTHERS = [a_vacancy(f"b-{i}", title="网页设计师", employer_name=f"乙{i}公司") for i in range(3)]


def test_further_posts_of_one_employer_step_behind_other_employers_and_say_so() -> None:
    shortlist = a_shortlist(a_candidate(region=LANZHOU), *SAME_EMPLOYER, *OTHERS)
    assert listed_ids(shortlist) == ["a-0", "b-0", "b-1", "b-2", "a-1", "a-2", "a-3"]
    assert [item.stands_behind for item in shortlist.items] == [None] * 4 + [1, 1, 1]
    assert sum("已列在第1位，本岗位顺延" in line for line in lines_of(shortlist)) == 3
    assert len({item.score for item in shortlist.items}) == 1


def test_another_kind_of_work_at_the_same_employer_keeps_its_place() -> None:
    posts = [a_vacancy("a", title="厨师", employer_name="甲"), a_vacancy("b", title="会计", employer_name="甲")]
    assert [item.stands_behind for item in a_shortlist(a_candidate(), *posts).items] == [None, None]


def test_posts_without_a_named_employer_are_not_taken_for_one_employers() -> None:
    posts = [a_vacancy(id, title="文员") for id in ("a", "b")]
    assert [item.stands_behind for item in a_shortlist(a_candidate(), *posts).items] == [None, None]


def test_a_better_post_of_the_same_employer_still_goes_before_a_much_worse_one() -> None:
    far = a_vacancy("far", title="网页设计师", region=BEIJING, employer_name="丙")
    assert listed_ids(a_shortlist(a_candidate(region=LANZHOU), far, *SAME_EMPLOYER[:2])) == ["a-0", "a-1", "far"]


def test_announced_posts_of_one_employer_keep_their_places() -> None:
    directed = [
        a_vacancy(f"d-{i}", title="文员", employer_name="甲", kind=VacancyKind.DIRECTED, region=LANZHOU)
        for i in range(3)
    ]
    person = a_candidate(category=DisabilityCategory.HEARING, region=LANZHOU)
    shortlist = a_shortlist(person, *directed, *OTHERS)
    assert listed_ids(shortlist)[:3] == ["d-0", "d-1", "d-2"]
    assert [item.stands_behind for item in shortlist.items[:3]] == [None] * 3


@settings(deadline=None, max_examples=25)
@given(st.randoms(use_true_random=False))
def test_stepping_behind_does_not_depend_on_the_order_of_rows(random: Random) -> None:
    posts = [*SAME_EMPLOYER, *OTHERS]
    expected = a_shortlist(a_candidate(region=LANZHOU), *posts)
    shuffled = a_shortlist(a_candidate(region=LANZHOU), *random.sample(posts, len(posts)))
    assert listed_ids(shuffled) == listed_ids(expected)
    assert [i.stands_behind for i in shuffled.items] == [i.stands_behind for i in expected.items]


def test_what_nearly_every_line_needs_is_said_once() -> None:
    person = a_candidate(functions=limited(speaking=4), accommodations_needed=(Accommodation.SEAT,))
    shortlist = a_shortlist(person, *office_posts(8))
    lines = lines_of(shortlist)
    assert sum("文字沟通" in line for line in lines) == 1
    assert sum("工作座椅" in line for line in lines) == 1
    assert sum("岗位功能要求" in line for line in lines) == 0
    assert sum("请向单位核实" in line for line in lines) == 1
    for item in shortlist.items:  # what a program reads stays whole
        assert set(item.accommodations) == {Accommodation.TEXT_COMMUNICATION, Accommodation.SEAT}
        assert any(missing.fact == "vacancy.demands" for missing in item.missing)


def test_what_only_one_line_needs_is_said_on_that_line() -> None:
    person = a_candidate(functions=limited(speaking=4))
    stated = [a_vacancy(f"s-{i}", demands=demanding(hands=2), employer_name=f"单位{i}") for i in range(8)]
    shortlist = a_shortlist(person, *stated, a_vacancy("talks", title="文员"))
    assert "common_accommodation" not in note_codes(shortlist)
    assert sum("文字沟通" in line for line in lines_of(shortlist)) == 2


def test_what_an_employer_offers_is_said_on_the_line_though_most_others_do_not() -> None:
    person = a_candidate(functions=limited(speaking=4))
    offers = a_vacancy("zz", accommodations={Accommodation.TEXT_COMMUNICATION: AccommodationState.DECLARED})
    lines = lines_of(a_shortlist(person, offers, *office_posts(12)))
    assert sum("文字沟通（单位自报）" in line for line in lines) >= 1


def test_a_short_list_says_everything_on_its_lines() -> None:
    shortlist = a_shortlist(a_candidate(functions=limited(speaking=4)), *office_posts(2))
    assert note_codes(shortlist) == ["consent_missing"]
    assert all("文字沟通" in reason_texts(shortlist, place)[-1] for place in range(2))


def test_how_long_a_list_is_asked_for_changes_no_note() -> None:
    person = a_candidate(functions=limited(speaking=4))
    short, long = (a_shortlist(person, *office_posts(30), k=k) for k in (3, 30))
    assert short.notes == long.notes


def test_unknown_functions_are_not_named_on_every_line() -> None:
    lines = lines_of(a_shortlist(a_candidate(functions={Function.HEARING: 4}), *office_posts(8)))
    assert sum("14项功能的受限程度没有登记" in line for line in lines) == 1
    assert not any("缺：" in line and "受限程度" in line for line in lines)


def test_a_wish_without_any_post_is_said_at_the_head() -> None:
    shortlist = a_shortlist(a_candidate(wished_occupations=("按摩",)), a_vacancy(title="文员"))
    assert any("按摩" in note.text and "没有在招岗位" in note.text for note in shortlist.notes)
    found = a_shortlist(a_candidate(wished_occupations=("文员",)), a_vacancy(title="文员"))
    assert "wish_not_listed" not in note_codes(found)


def test_a_wish_whose_posts_are_all_left_out_points_to_the_reasons() -> None:
    person = a_candidate(wished_occupations=("按摩",), work_modes=(WorkMode.REMOTE,))
    shortlist = a_shortlist(person, a_vacancy(title="保健按摩师", work_mode=WorkMode.ONSITE))
    assert any("有1个在招，但都在不列入之列" in note.text for note in shortlist.notes)


def test_a_wish_to_sit_puts_seated_work_before_standing_work() -> None:
    person = a_candidate(wished_occupations=("能坐着干的活",), region=LANZHOU)
    shortlist = a_shortlist(person, a_vacancy("guard", title="保安"), a_vacancy("zz-clerk", title="文员"))
    assert listed_ids(shortlist) == ["zz-clerk", "guard"]
    assert any("能坐着干的活" in text for text in reason_texts(shortlist))
    assert not any("能坐着干的活" in text for text in reason_texts(shortlist, 1))


def test_a_wish_that_says_nothing_of_the_work_is_no_miss() -> None:
    anything = a_shortlist(a_candidate(wished_occupations=("什么都行",)), a_vacancy())
    assert anything.items[0].fit == pytest.approx(0.5)


def test_two_places_known_only_as_one_city_get_no_invented_distance() -> None:
    shortlist = a_shortlist(a_candidate(region="620100"), a_vacancy(region=QILIHE))
    texts = reason_texts(shortlist)
    assert "同在兰州市，具体路程未知，请问清地址" in texts
    assert not any("公里" in text for text in texts)


def test_a_municipality_is_a_place_and_not_a_whole_province() -> None:
    person = a_candidate(region="310000", max_commute_km=yuan(30))
    shortlist = a_shortlist(person, a_vacancy("near", region="310117"), a_vacancy("far", region=BEIJING))
    assert listed_ids(shortlist) == ["near"]


def test_a_distance_beyond_the_limit_is_a_doubt_and_not_also_a_merit() -> None:
    person = a_candidate(region=LANZHOU, max_commute_km=yuan(2))
    shortlist = a_shortlist(person, a_vacancy(region=QILIHE))
    assert sum("公里" in text for text in reason_texts(shortlist)) == 1
    assert not any("住宿" in text for text in reason_texts(shortlist))


def test_lodging_is_spoken_of_only_where_nobody_could_go_and_come_in_a_day() -> None:
    texts = reason_texts(a_shortlist(a_candidate(region=LANZHOU), a_vacancy(region=TIANSHUI)))
    assert any("需考虑住宿" in text for text in texts)


def test_a_condition_is_quoted_once_and_with_the_law_that_forbids_it() -> None:
    vacancy = a_vacancy(title="收银员", description="（原文性别要求：女）限女性，年龄20-30岁")
    reason = next(r for r in a_shortlist(a_candidate(), vacancy).items[0].reasons if "与任务无关" in r.text)
    assert reason.text.count("女") == 1
    assert reason.source is not None
    assert (reason.source.document, reason.source.clause) == ("就业促进法", "第三条、第二十六条、第二十七条")
    assert joined_clauses(["infection", "health"]) == "第二十九条、第三十条"


def test_a_senior_title_is_asked_about_for_a_beginner_and_stands_behind() -> None:
    person = a_candidate(experience_years=yuan(0), education=Education.COLLEGE)
    posts = [a_vacancy("a", title="高级文员"), a_vacancy("b", title="文员")]
    shortlist = a_shortlist(person, *posts)
    assert listed_ids(shortlist) == ["b", "a"]
    assert any("“高级”" in text for text in reason_texts(shortlist, 1))
    assert listed_ids(a_shortlist(a_candidate(), *posts)) == ["a", "b"]


def test_between_equals_the_one_with_fewer_open_questions_goes_first() -> None:
    person = a_candidate(region=LANZHOU)
    posts = [a_vacancy("a", education_min=Education.MASTER), a_vacancy("b", wage_min=yuan(3000))]
    assert listed_ids(a_shortlist(person, *posts)) == ["b", "a"]


@pytest.mark.parametrize(
    ("title", "label"),
    [
        ("狠心做骑手工资还可以", "外卖骑手"),
        ("网络维护工程师", "运维工程师"),
        ("IT基础架构经理 - 数据库管理", "数据库管理"),
        ("网约配送员", "外卖骑手"),
        ("蔬菜栽培工", "种植工"),
        ("护工", "养老护理员"),
    ],
)
def test_a_word_across_two_others_names_no_occupation(title: str, label: str) -> None:
    family = classify(title)
    assert family is not None
    assert family.label == label


def test_a_post_whose_place_nobody_knows_does_not_go_before_one_in_the_own_city() -> None:
    person = a_candidate(region=LANZHOU)
    near = [a_vacancy(f"near-{i}", region="620100", employer_name=f"近{i}") for i in range(3)]
    far = [a_vacancy(f"far-{i}", region=BEIJING, employer_name=f"远{i}") for i in range(9)]
    ids = listed_ids(a_shortlist(person, a_vacancy("aa", region=None), *near, *far))
    assert ids.index("aa") > max(ids.index(vacancy.vacancy_id) for vacancy in near)
    assert len(ids) == 13


def test_where_the_home_is_not_known_either_an_unknown_place_costs_nothing() -> None:
    ids = listed_ids(a_shortlist(a_candidate(), a_vacancy("a", region=None, wage_min=yuan(1)), a_vacancy("b")))
    assert set(ids) == {"a", "b"}
    parts = a_shortlist(a_candidate(), a_vacancy(region=None)).items[0].score_parts
    assert "far" not in parts


def test_plain_instructions_alone_do_not_close_the_gap_to_programming() -> None:
    person = a_candidate(functions=limited(understanding=3))
    shortlist = a_shortlist(person, a_vacancy("java", title="Java开发工程师"), a_vacancy("pack", title="包装工"))
    bands = {str(item.stock_item.vacancy.vacancy_id): item.band for item in shortlist.items}
    assert bands == {"pack": Band.GENERAL, "java": Band.ASK_FIRST}
