import pytest

from models.errors import InvalidInput
from models.ids import UNKNOWN, IdMap


def test_ids_become_positions_in_their_order_and_come_back() -> None:
    ids = IdMap(["b", "a", "c"])
    assert ids.positions(["a", "b", "c"]).tolist() == [1, 0, 2]
    assert ids.at([2, 0]) == ["c", "b"]
    assert (len(ids), list(ids), "a" in ids, "z" in ids) == (3, ["b", "a", "c"], True, False)


def test_unknown_id_has_position_minus_one() -> None:
    ids = IdMap(["a"])
    assert ids.positions(["z", "a"]).tolist() == [UNKNOWN, 0]
    assert ids.position("z") == -1


@pytest.mark.parametrize("position", [-1, 1])
def test_position_outside_the_map_is_refused(position: int) -> None:
    with pytest.raises(InvalidInput):
        IdMap(["a"]).at([position])


def test_repeated_ids_are_refused_without_naming_them() -> None:
    with pytest.raises(InvalidInput, match="1 of them") as error:
        IdMap(["person-17", "person-17"])
    assert "person-17" not in str(error.value)


def test_maps_are_equal_when_ids_and_order_are() -> None:
    assert IdMap(["a", "b"]) == IdMap(["a", "b"])
    assert IdMap(["a", "b"]) != IdMap(["b", "a"])
    assert hash(IdMap(["a"])) == hash(IdMap(["a"]))


def test_printed_map_names_nobody() -> None:
    assert repr(IdMap(["person-17"])) == "IdMap(1 ids)"


def test_empty_map_has_no_positions() -> None:
    assert IdMap([]).positions([]).tolist() == []
    assert IdMap([]).at([]) == []
