"""How sought employers are where a person lives: what it says of a vacancy, and when a line says so."""

from dataclasses import replace

import numpy as np

from matching.components import COMPONENTS, Asked, EmployerUptake, History, VacancyIndex
from matching.entities import Candidate, EmployerId, Vacancy
from matching.features import provider_key
from matching.matcher import Shortlist, match
from matching.ranking import Weights
from matching.regions import prefecture
from models.uptake import Acts, Offers, Uptake
from tests.support.builders import LANZHOU, TIANSHUI, a_candidate, a_stock, a_vacancy, an_index, listed_ids, rules

SOUGHT, PASSED_OVER, NEW = "e-sought", "e-passed-over", "e-new"


def vacancies() -> list[Vacancy]:
    return [
        a_vacancy(f"v-{place}-{name}", employer_id=EmployerId(name))
        for place, name in ((3, SOUGHT), (2, PASSED_OVER), (1, NEW))
    ]


def an_index_with_acts(n_acts: int = 5, n_people: int | None = None) -> VacancyIndex:
    """Put three equal vacancies under acts of Lanzhou's people on the first; the third employer came later.

    Other employers, whose vacancies are gone by now, were passed over too.
    """
    index = an_index(a_stock(*vacancies()))
    people = [f"p-{at % (n_people or n_acts)}" for at in range(n_acts)]
    acts = Acts([LANZHOU] * n_acts, [SOUGHT] * n_acts, [LANZHOU] * n_acts, np.zeros(n_acts), people)
    offers = Offers([SOUGHT, PASSED_OVER, "e-3", "e-4", "e-5"], [LANZHOU] * 5, np.full(5, 60.0), np.zeros(5))
    uptake = Uptake.fit(acts, offers, prefecture)
    return replace(index, uptake=EmployerUptake.of(uptake, [provider_key(i.vacancy) for i in index.stock.items]))


def weighed() -> Weights:
    values = Weights.prior().values.copy()
    values[COMPONENTS.index("area_uptake")] = 1.0
    return Weights(values)


def shortlist(candidate: Candidate, index: VacancyIndex, history: History | None = None) -> Shortlist:
    asked = Asked.of(candidate, history or History(), None)
    return match(asked, index, rules(), weighed(), k=10)


def texts(found: Shortlist) -> list[str]:
    return [reason.text for item in found.items for reason in item.reasons]


def test_equal_vacancies_stand_by_how_sought_their_employers_are_where_the_person_lives() -> None:
    found = shortlist(a_candidate(region=LANZHOU), an_index_with_acts())
    assert listed_ids(found) == [f"v-3-{SOUGHT}", f"v-1-{NEW}", f"v-2-{PASSED_OVER}"]
    parts = [item.score_parts.get("area_uptake", 0.0) for item in found.items]
    assert parts[0] > 0
    assert parts[1] == 0
    assert parts[2] < 0


def test_who_lives_elsewhere_or_nowhere_known_gets_nothing_of_it() -> None:
    for person in (a_candidate(region=TIANSHUI), a_candidate()):
        found = shortlist(person, an_index_with_acts())
        assert all("area_uptake" not in item.score_parts for item in found.items)


def test_score_is_still_the_sum_of_its_parts() -> None:
    for item in shortlist(a_candidate(region=LANZHOU), an_index_with_acts()).items:
        assert abs(sum(item.score_parts.values()) - item.score) < 1e-6


def test_a_line_says_so_where_several_neighbours_did_and_not_for_a_few_however_often() -> None:
    person = a_candidate(region=LANZHOU)
    said = [text for text in texts(shortlist(person, an_index_with_acts())) if "接触较多" in text]
    assert said == ["兰州市城关区的求职者近来与该单位接触较多"]
    assert not any("接触较多" in text for text in texts(shortlist(person, an_index_with_acts(n_acts=2))))
    assert not any("接触较多" in text for text in texts(shortlist(person, an_index_with_acts(n_acts=20, n_people=4))))


def test_ones_own_acts_are_not_told_as_the_neighbours() -> None:
    index = an_index_with_acts()
    own = History(np.array([index.stock.row(f"v-3-{SOUGHT}")], dtype=np.intp), np.ones(1))
    assert not any("接触较多" in text for text in texts(shortlist(a_candidate(region=LANZHOU), index, own)))


def test_a_line_that_stands_lower_because_neighbours_pass_the_employer_by_says_so() -> None:
    found = shortlist(a_candidate(region=LANZHOU), an_index_with_acts(n_acts=12))
    said = {str(i.stock_item.vacancy.vacancy_id): [r.text for r in i.reasons if "很少" in r.text] for i in found.items}
    assert said[f"v-2-{PASSED_OVER}"] == ["兰州市城关区的求职者近来很少与该单位接触，排序因此靠后些"]
    assert said[f"v-3-{SOUGHT}"] == said[f"v-1-{NEW}"] == []


def test_nothing_is_said_of_neighbours_where_they_do_not_count() -> None:
    asked = Asked.of(a_candidate(region=LANZHOU), History(), None)
    found = match(asked, an_index_with_acts(n_acts=12), rules(), Weights.prior(), k=10)
    assert not any("很少" in text for text in texts(found))
