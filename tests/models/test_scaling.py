import math

import numpy as np
import pytest

from models.errors import InvalidInput
from models.scaling import Scaling, by_component, check_components

NAMES = ("likeness", "distance")


def test_scaled_components_have_mean_zero_and_spread_one() -> None:
    pairs = np.array([[0.0, 10.0], [1.0, 20.0], [0.5, 60.0]])
    scaled = Scaling.fit(NAMES, pairs).apply(pairs)
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled.std(axis=0), 1)


def test_unknown_counts_as_the_mean_of_what_is_known() -> None:
    scaling = Scaling.fit(NAMES, np.array([[0.2, math.nan], [0.4, 30.0], [math.nan, 50.0]]))
    np.testing.assert_allclose(scaling.means, [0.3, 40.0])
    assert scaling.apply(np.array([math.nan, 50.0])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("column", [[0.1, 0.1, 0.1], [math.nan] * 3])
def test_component_that_never_varied_does_not_blow_up(column: list[float]) -> None:
    scaling = Scaling.fit(("constant",), np.array(column)[:, None])
    assert scaling.spreads.tolist() == [1.0]
    assert abs(scaling.apply(np.array([[0.1]]))[0, 0]) <= 0.1


def test_no_pairs_leave_the_scale_as_it_is() -> None:
    scaling = Scaling.fit(NAMES, np.zeros((0, 2)))
    assert scaling.apply(np.array([[3.0, 4.0]])).tolist() == [[3.0, 4.0]]


def test_infinite_value_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="infinite: distance"):
        check_components(NAMES, np.array([[0.0, math.inf]]))


def test_wrong_number_of_components_is_refused() -> None:
    with pytest.raises(InvalidInput, match="2 components"):
        check_components(NAMES, np.zeros((1, 3)))


def test_values_are_brought_to_the_order_of_the_components() -> None:
    assert by_component(NAMES, {"distance": -0.1}).tolist() == [0.0, -0.1]
    with pytest.raises(InvalidInput, match="Not a component: wage"):
        by_component(NAMES, {"wage": 1.0})
