import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.artefact import load_artefact, save_artefact
from models.errors import InvalidInput, NotEnoughData
from models.features import CodedRows, FeatureSpace, FeatureWeighting, family_of

ROWS = [
    {"skill:excel": 1.0, "region:620102": 1.0},
    {"skill:excel": 1.0, "region:620802": 1.0, "missing:education": 1.0},
    {"skill:massage": 1.0, "region:620102": 1.0},
]


def row_of(space: FeatureSpace, features: dict[str, float]) -> dict[str, float]:
    values = space.transform([features]).toarray()[0]
    return {name: float(value) for name, value in zip(space.names, values, strict=True) if value}


def test_names_are_sorted_and_stand_beside_their_columns() -> None:
    space = FeatureSpace.fit(ROWS)
    assert space.names == (
        "missing:education",
        "region:620102",
        "region:620802",
        "skill:excel",
        "skill:massage",
    )
    assert space.column("skill:excel") == 3
    assert space.column("skill:welding") is None
    assert len(space) == 5


def test_every_row_has_unit_length_and_an_unknown_one_is_empty() -> None:
    matrix = FeatureSpace.fit(ROWS).transform([*ROWS, {"skill:welding": 1.0}, {}])
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1))).ravel()
    np.testing.assert_allclose(lengths, [1, 1, 1, 0, 0], rtol=1e-6)
    assert matrix.dtype == np.float32


def test_rare_feature_weighs_more_than_a_common_one_by_the_formula() -> None:
    row = row_of(FeatureSpace.fit(ROWS), {"skill:massage": 1.0, "region:620102": 1.0})
    expected = (math.log(4 / 2) + 1) / (math.log(4 / 3) + 1)
    assert row["skill:massage"] / row["region:620102"] == pytest.approx(expected, rel=1e-6)


def test_without_rarity_all_features_weigh_alike() -> None:
    row = row_of(FeatureSpace.fit(ROWS, weighting=FeatureWeighting(rarity=False)), ROWS[1])
    assert len(set(row.values())) == 1


def test_weight_of_a_family_multiplies_its_features() -> None:
    plain = row_of(FeatureSpace.fit(ROWS), ROWS[0])
    heavy = row_of(FeatureSpace.fit(ROWS, weighting=FeatureWeighting({"region": 3.0})), ROWS[0])
    assert heavy["region:620102"] / heavy["skill:excel"] == pytest.approx(
        3 * plain["region:620102"] / plain["skill:excel"], rel=1e-6
    )


def test_family_of_weight_zero_is_left_out() -> None:
    space = FeatureSpace.fit(ROWS, weighting=FeatureWeighting({"missing": 0.0}))
    assert not any(name.startswith("missing:") for name in space.names)


def test_feature_of_too_few_rows_is_left_out() -> None:
    assert FeatureSpace.fit(ROWS, min_count=2).names == ("region:620102", "skill:excel")


def test_balanced_families_are_heard_alike_however_many_words_a_text_has() -> None:
    long_text = {**{f"word:{n}": 1.0 for n in range(100)}, "region:620102": 1.0}
    balanced = row_of(FeatureSpace.fit([long_text], weighting=FeatureWeighting(balanced=True)), long_text)
    plain = row_of(FeatureSpace.fit([long_text]), long_text)
    assert balanced["region:620102"] == pytest.approx(math.sqrt(0.5), rel=1e-6)
    assert plain["region:620102"] == pytest.approx(math.sqrt(1 / 101), rel=1e-6)


def test_value_of_zero_is_the_same_as_an_absent_feature() -> None:
    space = FeatureSpace.fit([*ROWS, {"skill:welding": 0.0}])
    assert space.column("skill:welding") is None
    assert row_of(space, {"skill:excel": 1.0, "region:620102": 0.0}) == {"skill:excel": 1.0}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_value_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(InvalidInput, match="leave the feature out where it is unknown"):
        FeatureSpace.fit(ROWS).transform([{"skill:excel": value}])


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf])
def test_weight_of_a_family_below_zero_is_refused(weight: float) -> None:
    with pytest.raises(InvalidInput, match="region"):
        FeatureWeighting({"region": weight})


def test_nothing_to_learn_is_refused() -> None:
    with pytest.raises(NotEnoughData):
        FeatureSpace.fit([])
    with pytest.raises(NotEnoughData):
        FeatureSpace.fit(ROWS, min_count=4)


def test_family_is_what_stands_before_the_colon() -> None:
    assert family_of("function:walking=3") == "function"
    assert family_of("has_history") == "has_history"


@given(st.permutations(list(ROWS[1].items())), st.booleans())
def test_order_of_features_leaves_the_row_bit_equal(items: list[tuple[str, float]], balanced: bool) -> None:
    space = FeatureSpace.fit(ROWS, weighting=FeatureWeighting({"region": 2.0}, balanced=balanced))
    left, right = space.transform([dict(items)]), space.transform([ROWS[1]])
    np.testing.assert_array_equal(left.indices, right.indices)
    np.testing.assert_array_equal(left.data, right.data)


def test_space_loads_as_it_was_saved(tmp_path: Path) -> None:
    space = FeatureSpace.fit(ROWS, weighting=FeatureWeighting({"region": 2.0, "missing": 0.5}, balanced=True))
    save_artefact(space.to_artefact(), tmp_path / "features")
    loaded = FeatureSpace.from_artefact(load_artefact(tmp_path / "features"))
    assert loaded.names == space.names
    assert loaded.weighting == space.weighting
    np.testing.assert_array_equal(loaded.transform(ROWS).toarray(), space.transform(ROWS).toarray())


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["a:1", "a:2", "b:1", "c:1", "c:2"]), st.sampled_from([0.0, 0.3, 1.0, 2.5])),
        max_size=9,
    ),
    st.integers(1, 4),
)
def test_rows_coded_in_parts_give_the_same_space_and_the_same_rows(rows: list[dict[str, float]], size: int) -> None:
    every = [*ROWS, {"a:1": 1.0, "a:2": 0.5, "c:1": 2.0}, *rows]
    weighting = FeatureWeighting({"a": 3.0}, balanced=True)
    parts = [CodedRows.of(every[at : at + size]) for at in range(0, len(every), size)]
    whole, coded = FeatureSpace.fit(every, weighting=weighting), FeatureSpace.fit_coded(parts, weighting=weighting)
    assert coded.names == whole.names
    expected, made = (
        whole.transform([*every, {"z:9": 1.0}]),
        coded.transform_parts([*parts, CodedRows.of([{"z:9": 1.0}])]),
    )
    for name in ("data", "indices", "indptr"):
        assert np.array_equal(getattr(made, name), getattr(expected, name))
    assert parts[0].row(0) == every[0]
