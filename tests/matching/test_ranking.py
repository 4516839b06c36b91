"""The order: bands are stated reasons, the score decides within a band, and nothing depends on the order of rows."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.components import COMPONENTS, Asked, Demanded, History
from matching.entities import Candidate, Employer, EmployerId
from matching.matcher import Shortlist, match
from matching.ranking import Band, Weights, first_by, rank
from matching.retrieval import retrieve
from matching.settings import ranking_settings
from matching.vocabulary import (
    DisabilityCategory,
    Education,
    EmployerKind,
    Function,
    HouseholdKind,
    Sex,
    VacancyKind,
    WorkMode,
)
from tests.support.builders import (
    BEIJING,
    LANZHOU,
    QILIHE,
    a_candidate,
    a_shortlist,
    a_stock,
    a_vacancy,
    an_index,
    an_item,
    demanding,
    limited,
    listed_ids,
    reason_texts,
    rules,
    yuan,
)


def test_every_component_has_a_prior_weight_and_none_counts_against_by_accident() -> None:
    assert set(ranking_settings().not_negative) <= set(COMPONENTS)
    assert all(weight >= 0 for weight in ranking_settings().prior_weights.values())


def test_a_post_directed_at_the_person_leads_and_says_why() -> None:
    directed = a_vacancy("directed", title="保洁员", kind=VacancyKind.DIRECTED, welcomes=(DisabilityCategory.PHYSICAL,))
    wished = a_vacancy("wished", title="客服")
    person = a_candidate(category=DisabilityCategory.PHYSICAL, region=LANZHOU, wished_occupations=("客服",))
    shortlist = a_shortlist(person, wished, directed)
    assert listed_ids(shortlist) == ["directed", "wished"]
    assert shortlist.items[0].band is Band.ANNOUNCED
    policy = [reason for reason in shortlist.items[0].reasons if reason.kind == "policy"]
    assert policy[0].source is not None
    assert shortlist.items[0].score < shortlist.items[1].score


def test_a_directed_post_far_away_does_not_lead_and_says_so() -> None:
    far = a_vacancy("far", kind=VacancyKind.DIRECTED, region=BEIJING)
    near = a_vacancy("near", region=LANZHOU)
    shortlist = a_shortlist(a_candidate(region=LANZHOU), far, near)
    assert listed_ids(shortlist) == ["near", "far"]
    assert any("未列前" in text for text in reason_texts(shortlist, 1))


def test_monitored_households_go_first_for_rural_public_posts() -> None:
    rural = a_vacancy("rural", title="护林员", kind=VacancyKind.RURAL_PUBLIC_WELFARE)
    other = a_vacancy("other", title="客服")
    monitored = a_candidate(region=LANZHOU, household_kinds=(HouseholdKind.MONITORED,), wished_occupations=("客服",))
    assert listed_ids(a_shortlist(monitored, other, rural)) == ["rural", "other"]
    not_said = a_candidate(region=LANZHOU, wished_occupations=("客服",))
    assert listed_ids(a_shortlist(not_said, other, rural)) == ["other", "rural"]


def test_recognition_as_hard_to_employ_leads_to_public_posts_only_while_it_runs() -> None:
    post = a_vacancy(kind=VacancyKind.PUBLIC_WELFARE, title="保洁员")
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    running = a_candidate(region=LANZHOU, hard_to_employ_since=first, hard_to_employ_until=last)
    ended = a_candidate(region=LANZHOU, hard_to_employ_since=date(2025, 1, 1), hard_to_employ_until=date(2026, 11, 22))
    assert a_shortlist(running, post).items[0].band is Band.PRIORITY
    assert a_shortlist(ended, post).items[0].band is Band.GENERAL


def test_a_recent_graduate_leads_for_posts_of_state_bodies() -> None:
    organ = Employer(employer_id=EmployerId("e-1"), name="某局", kind=EmployerKind.ORGAN)
    post = an_item(a_vacancy("organ"), employer=organ)
    graduate = a_candidate(region=LANZHOU, education=Education.COLLEGE, graduated_on=date(2026, 6, 30))
    earlier = a_candidate(region=LANZHOU, education=Education.COLLEGE, graduated_on=date(2020, 6, 30))
    assert a_shortlist(graduate, post).items[0].band is Band.PRIORITY
    assert a_shortlist(earlier, post).items[0].band is Band.GENERAL
    # An employer whose kind nobody recorded is never taken for a state body.
    assert a_shortlist(graduate, a_vacancy()).items[0].band is Band.GENERAL


def test_the_wished_occupation_comes_before_another() -> None:
    person = a_candidate(region=LANZHOU, wished_occupations=("保洁",))
    shortlist = a_shortlist(person, a_vacancy("a", title="会计"), a_vacancy("b", title="保洁员"))
    assert listed_ids(shortlist) == ["b", "a"]
    assert shortlist.items[0].fit > shortlist.items[1].fit
    assert any("保洁" in text for text in reason_texts(shortlist))


def test_fit_is_the_sum_of_its_parts_and_a_half_when_nothing_was_asked_for() -> None:
    person = a_candidate(region=LANZHOU, wished_wage_min=yuan(3000), work_modes=(WorkMode.ONSITE,))
    item = a_shortlist(person, a_vacancy(wage_min=yuan(2500), work_mode=WorkMode.ONSITE)).items[0]
    assert item.fit == pytest.approx(sum(item.fit_parts.values()))
    assert 0 < item.fit < 1
    silent = a_shortlist(a_candidate(), a_vacancy()).items[0]
    assert silent.fit == pytest.approx(0.5)


def test_the_score_is_the_sum_of_its_parts() -> None:
    person = a_candidate(region=LANZHOU, wished_occupations=("文员",), education=Education.PRIMARY)
    item = a_shortlist(person, a_vacancy(education_min=Education.BACHELOR)).items[0]
    assert item.score == pytest.approx(sum(item.score_parts.values()))
    assert item.score_parts["education_gap"] < 0


def test_without_outcomes_there_is_no_chance_rather_than_a_guess() -> None:
    assert a_shortlist(a_candidate(), a_vacancy()).items[0].chance is None


VACANCIES = [
    a_vacancy(f"v-{n}", title=title, region=region, wage_max=Decimal(2000 + 300 * n))
    for n, (title, region) in enumerate(
        [
            ("客服", LANZHOU),
            ("保洁员", QILIHE),
            ("客服", LANZHOU),
            ("会计", BEIJING),
            ("收银员", QILIHE),
            ("客服", LANZHOU),
        ]
    )
]


@settings(deadline=None, max_examples=30)
@given(st.randoms(use_true_random=False))
def test_the_list_does_not_depend_on_the_order_of_rows(random: Random) -> None:
    person = a_candidate(region=LANZHOU, wished_occupations=("客服",))
    shuffled = random.sample(VACANCIES, len(VACANCIES))
    assert _lines(a_shortlist(person, *shuffled)) == _lines(a_shortlist(person, *VACANCIES))


def _lines(shortlist: Shortlist) -> list[tuple[str, float]]:
    return [(item.stock_item.vacancy.vacancy_id, item.score) for item in shortlist.items]


def test_equals_stand_in_the_order_of_their_ids() -> None:
    same = [a_vacancy(id) for id in ("b", "a", "c")]
    assert listed_ids(a_shortlist(a_candidate(), *same)) == ["a", "b", "c"]


def test_a_longer_list_begins_with_the_shorter_one() -> None:
    person = a_candidate(region=LANZHOU, wished_occupations=("客服",))
    assert listed_ids(a_shortlist(person, *VACANCIES, k=6))[:3] == listed_ids(a_shortlist(person, *VACANCIES, k=3))


def test_sex_and_age_do_not_move_anything() -> None:
    facts = {"region": LANZHOU, "wished_occupations": ("客服",), "functions": limited(hands=1)}
    young = a_candidate(sex=Sex.FEMALE, birth_date=date(2000, 1, 1), **facts)
    older = a_candidate(sex=Sex.MALE, birth_date=date(1975, 1, 1), **facts)
    stock = [*VACANCIES, a_vacancy("demanding", demands=demanding(hands=3))]
    assert _lines(a_shortlist(young, *stock)) == _lines(a_shortlist(older, *stock))


def test_parts_that_are_not_known_are_not_counted_as_missed() -> None:
    person = a_candidate(wished_wage_min=yuan(3000))
    known, unknown = a_vacancy("a", wage_max=yuan(1500)), a_vacancy("b")
    shortlist = a_shortlist(person, known, unknown)
    fits = dict(zip(listed_ids(shortlist), (item.fit for item in shortlist.items), strict=True))
    assert fits["b"] == pytest.approx(0.5)
    assert np.isfinite(list(fits.values())).all()


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([-1.0, 0.0, 0.25, 2.5])), max_size=40),
    st.integers(1, 45),
)
def test_the_first_by_band_and_score_are_those_of_the_whole_order_and_all_equals(
    rows: list[tuple[int, float]], n: int
) -> None:
    band = np.array([row[0] for row in rows], dtype=np.int8)
    score = np.array([row[1] for row in rows], dtype=np.float64)
    found = first_by(band, score, n)
    order = sorted(rows, key=lambda row: (row[0], -row[1]))
    assert len(set(found.tolist())) == len(found)
    kept = sorted(((int(band[i]), float(score[i])) for i in found), key=lambda row: (row[0], -row[1]))
    assert kept[: min(n, len(rows))] == order[:n]
    assert len(kept) >= min(n, len(rows))
    assert all(row == order[n - 1] for row in kept[n:] if len(rows) > n)


def test_the_head_of_a_list_is_that_of_the_whole_list(monkeypatch: pytest.MonkeyPatch) -> None:
    few = ranking_settings().model_copy(update={"repeats_within": 6})
    monkeypatch.setattr("matching.ranking.ranking_settings", lambda: few)
    draw = Random(5)
    kinds = (VacancyKind.OPEN, VacancyKind.DIRECTED, VacancyKind.PUBLIC_WELFARE)
    stock = a_stock(
        *(
            a_vacancy(
                f"v-{n:02d}",
                title=draw.choice(("保洁员", "客服", "缝纫工")),
                kind=draw.choice(kinds),
                region=draw.choice((LANZHOU, QILIHE, BEIJING)),
                wage_min=yuan(draw.choice((2000, 3000))),
                demands=demanding(walking=draw.choice((0, 4))),
                employer_name=draw.choice(("甲", "乙")),
            )
            for n in range(60)
        )
    )
    index, on = an_index(stock), rules()
    person = a_candidate(region=LANZHOU, wished_occupations=("客服",), functions=limited(walking=2))
    asked = Asked.of(person, History(), None)
    retrieval = retrieve(person, stock, on)
    whole = rank(asked, index, retrieval, on, Weights.prior())
    for k in (1, 3, 7, 20):
        head = rank(asked, index, retrieval, on, Weights.prior(), k=k)
        assert head.order[:k].tolist() == whole.order[:k].tolist()
        assert head.columns[:k].tolist() == whole.columns[:k].tolist()
        assert head.fit.total[:k].tolist() == whole.fit.total[:k].tolist()
        assert len(head) == len(whole) == len(retrieval.listed)


def with_schooling(*shares: float, people: Candidate | None = None) -> list[str]:
    """Return the order of three posts that ask for less and less schooling, where people have had this much of it."""
    posts = [
        a_vacancy(f"asks-{e.value}", education_min=e) for e in (Education.BACHELOR, Education.JUNIOR, Education.NONE)
    ]
    index = replace(an_index(a_stock(*posts)), schooling=shares)
    return listed_ids(match(Asked.of(people or a_candidate(), History(), None), index, rules(), Weights.prior(), k=9))


def test_work_that_asks_for_a_degree_stands_no_higher_for_not_knowing_the_persons_schooling() -> None:
    mostly_primary = (0.2, 0.5, 0.2, 0.1)
    assert with_schooling(*mostly_primary) == ["asks-none", "asks-junior", "asks-bachelor"]
    graduate = a_candidate(education=Education.MASTER)
    assert with_schooling(*mostly_primary, people=graduate) == with_schooling(people=graduate)


ABOUT_LIFTING = tuple(
    (0.0, 0.0, 0.0, 0.5, 0.5) if function is Function.LIFTING else (1.0, 0.0, 0.0, 0.0, 0.0) for function in Function
)
"""Of vacancies that state demands, half ask for a lifting level of 3 and half for one of 4."""


def by_strain(person: Candidate, demanded: Demanded = ABOUT_LIFTING) -> dict[str, float]:
    """Return what `strain` adds to the score of three posts: little and much lifting stated, and nothing stated."""
    posts = [
        a_vacancy("little", demands=demanding(lifting=2)),
        a_vacancy("much", demands=demanding(lifting=3)),
        a_vacancy("nothing"),
    ]
    weights = np.zeros(len(COMPONENTS))
    weights[COMPONENTS.index("strain")] = 1.0
    index = replace(an_index(a_stock(*posts)), demanded=demanded)
    found = match(Asked.of(person, History(), None), index, rules(), Weights(weights), k=9)
    return {i.stock_item.vacancy.vacancy_id: i.score_parts.get("strain", 0.0) for i in found.items}


def test_stated_demands_beyond_the_person_count_and_silence_gains_nothing() -> None:
    found = by_strain(a_candidate(functions=limited(lifting=2)))
    assert found == {"little": 0.0, "much": -1.0, "nothing": -1.5}


def test_where_nothing_is_known_of_the_person_or_of_what_is_asked_strain_says_nothing() -> None:
    assert set(by_strain(a_candidate()).values()) == {0.0}
    limited_one = a_candidate(functions={Function.LIFTING: 2})
    assert by_strain(limited_one, demanded=())["nothing"] == 0.0


def test_a_directed_post_leads_for_a_person_whose_schooling_is_not_known() -> None:
    directed = a_vacancy("directed", kind=VacancyKind.DIRECTED, education_min=Education.COLLEGE)
    index = replace(an_index(a_stock(directed, a_vacancy("other"))), schooling=(0.5, 0.5))
    found = match(Asked.of(a_candidate(region=LANZHOU), History(), None), index, rules(), Weights.prior(), k=9)
    assert listed_ids(found) == ["directed", "other"]
    assert not any("学历" in text for text in reason_texts(found))


def test_work_that_takes_training_stands_behind_for_whoever_shows_no_sign_of_it_and_the_line_says_so() -> None:
    coder, cleaner = a_vacancy("a-coder", title="Java开发工程师"), a_vacancy("cleaner", title="保洁员")
    left_school = a_candidate(education=Education.PRIMARY)
    found = a_shortlist(left_school, coder, cleaner)
    assert listed_ids(found) == ["cleaner", "a-coder"]
    assert any("一般要经过专门学习" in text for text in reason_texts(found, 1))
    trained = a_candidate(education=Education.PRIMARY, certificates=("软件开发",))
    assert not any(
        "专门学习" in text for place in (0, 1) for text in reason_texts(a_shortlist(trained, coder, cleaner), place)
    )


def test_training_counts_less_against_somebody_of_whom_nothing_is_known() -> None:
    coder = a_vacancy("coder", title="Java开发工程师")
    unknown = a_shortlist(a_candidate(), coder).items[0]
    left_school = a_shortlist(a_candidate(education=Education.PRIMARY), coder).items[0]
    assert left_school.score_parts["training_gap"] < unknown.score_parts["training_gap"] < 0
    assert not any("专门学习" in reason.text for reason in unknown.reasons)
