"""What acts taught beyond all that is stated: where it moves a line, the line says so, and of nobody else."""

from dataclasses import replace

import numpy as np
import pytest

from matching.components import COMPONENTS, Asked, History
from matching.matcher import Shortlist, match
from matching.ranking import Weights
from tests.support.builders import a_candidate, a_stock, a_vacancy, an_index, listed_ids, rules


def shortlist(weight: float = 1.0) -> Shortlist:
    """Three equal vacancies; taste draws to the first, says little of the second, and draws away from the third."""
    index = an_index(a_stock(a_vacancy("v-1"), a_vacancy("v-2"), a_vacancy("v-3")))
    index = replace(index, factors=np.array([[0.9], [0.1], [-0.9]]), biases=np.zeros(3, dtype=np.float32))
    values = Weights.prior().values.copy()
    values[COMPONENTS.index("collaborative")] = weight
    asked = Asked.of(a_candidate(), History(), np.ones(1, dtype=np.float32))
    return match(asked, index, rules(), Weights(values), k=10)


def said(found: Shortlist) -> list[list[str]]:
    return [[reason.text for reason in item.reasons if "规律" in reason.text] for item in found.items]


def test_a_line_that_it_moves_says_which_way_and_one_that_it_hardly_moves_says_nothing() -> None:
    found = shortlist()
    assert listed_ids(found) == ["v-1", "v-2", "v-3"]
    assert said(found) == [
        ["按以往推荐和应聘中学到的规律，排序因此靠前些"],
        [],
        ["按以往推荐和应聘中学到的规律，排序因此靠后些"],
    ]


@pytest.mark.parametrize("weight", [0.0, 0.3])
def test_nothing_is_said_where_it_does_not_count_or_little(weight: float) -> None:
    assert said(shortlist(weight)) == [[], [], []]
