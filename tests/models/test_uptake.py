"""What acts against days on offer say of a provider, and of what they say nothing."""

from dataclasses import replace

import numpy as np
import pytest

from models.artefact import Artefact
from models.errors import InvalidInput
from models.uptake import NOWHERE, Acts, Offers, Uptake, UptakeConfig

CONFIG = UptakeConfig(half_life_days=100.0)
OFFERS = Offers(
    providers=["mill", "mill", "shop", "farm", "new"],
    places=["a1", "a1", "a2", "b1", "a1"],
    opened=np.array([200.0, 100.0, 200.0, 200.0, 0.0]),
    closed=np.array([100.0, 0.0, 0.0, 0.0, 0.0]),
)


def acts(*rows: tuple[str, str, str, float]) -> Acts:
    areas, providers, places, ages = zip(*rows, strict=True)
    return Acts(areas, providers, places, np.array(ages), [f"p-{at}" for at in range(len(rows))])


SOME = acts(
    ("a1", "mill", "a1", 10.0),
    ("a1", "mill", "a1", 20.0),
    ("a1", "mill", "a1", 30.0),
    ("b1", "farm", "b1", 5.0),
    ("b1", "farm", "b1", 15.0),
    (NOWHERE, "shop", "a2", 40.0),
)


def of_area(uptake: Uptake, area: str | None) -> dict[str, float]:
    return dict(zip(uptake.providers, uptake.of_area(area).tolist(), strict=True))


@pytest.fixture
def uptake() -> Uptake:
    return Uptake.fit(SOME, OFFERS, lambda code: code[0], CONFIG)


def test_what_was_never_on_offer_is_neither_sought_nor_shunned(uptake: Uptake) -> None:
    assert of_area(uptake, "a1")["new"] == 0.0
    overall = dict(zip(uptake.providers, uptake.overall().tolist(), strict=True))
    assert overall["new"] == 0.0


def test_an_area_seeks_what_it_acted_on_and_passes_over_what_it_could_have_chosen() -> None:
    both = Offers(["mill", "shop"], ["a1", "a1"], np.array([200.0, 200.0]), np.zeros(2))
    found = of_area(Uptake.fit(acts(*[("a1", "mill", "a1", 5.0)] * 4), both, lambda code: code[0], CONFIG), "a1")
    assert found["mill"] > 0 > found["shop"]


def test_what_another_area_did_says_nothing_of_the_own_one(uptake: Uptake) -> None:
    assert of_area(uptake, "a1")["farm"] == 0.0  # nobody of a1 goes as far as b, so nothing was to be expected


@pytest.mark.parametrize("area", [None, "", "z9"])
def test_of_an_area_nobody_acted_in_nothing_is_said(uptake: Uptake, area: str | None) -> None:
    assert set(of_area(uptake, area).values()) == {0.0}


def test_acts_of_people_from_nowhere_count_for_everybody_and_for_no_area(uptake: Uptake) -> None:
    without = Uptake.fit(acts(*[row for row in rows_of(SOME) if row[0]]), OFFERS, lambda code: code[0], CONFIG)
    at = uptake.providers.position("shop")
    assert uptake.overall()[at] > without.overall()[at]
    assert of_area(uptake, "a1") == of_area(without, "a1")


def rows_of(table: Acts) -> list[tuple[str, str, str, float]]:
    return list(zip(table.areas, table.providers, table.places, table.ages.tolist(), strict=True))


def test_twice_as_long_on_offer_with_the_same_acts_is_sought_less() -> None:
    offers = Offers(["long", "short"], ["a1", "a1"], np.array([100.0, 50.0]), np.zeros(2))
    found = of_area(
        Uptake.fit(
            acts(*[("a1", "long", "a1", 1.0)] * 3, *[("a1", "short", "a1", 1.0)] * 3), offers, lambda c: c[0], CONFIG
        ),
        "a1",
    )
    assert found["short"] > found["long"]


def test_old_acts_fade() -> None:
    offers = Offers(["old", "fresh"], ["a1", "a1"], np.array([400.0, 400.0]), np.zeros(2))
    seen = acts(("a1", "old", "a1", 390.0), ("a1", "fresh", "a1", 1.0))
    found = of_area(Uptake.fit(seen, offers, lambda c: c[0], CONFIG), "a1")
    assert found["fresh"] > 0 > found["old"]


def test_the_order_of_rows_changes_nothing(uptake: Uptake) -> None:
    turned = Uptake.fit(acts(*reversed(rows_of(SOME))), OFFERS, lambda code: code[0], CONFIG)
    for area in ("a1", "b1"):
        np.testing.assert_allclose(turned.of_area(area), uptake.of_area(area), rtol=0, atol=1e-6)


def test_people_are_counted_once_however_often_they_acted() -> None:
    often = replace(SOME, people=["p-1", "p-1", "p-2", "p-3", "p-3", "p-4"])
    found = Uptake.fit(often, OFFERS, lambda code: code[0], CONFIG)
    at = {name: found.providers.position(name) for name in ("mill", "farm", "shop")}
    assert [
        found.people_of("a1", at["mill"]),
        found.people_of("b1", at["farm"]),
        found.people_of("a1", at["shop"]),
    ] == [
        2,
        1,
        0,
    ]
    assert found.people_of(None, at["mill"]) == found.people_of("z9", at["mill"]) == 0


def test_one_saved_before_people_were_counted_orders_the_same_and_knows_of_nobody(uptake: Uptake) -> None:
    saved = uptake.to_artefact()
    before = Artefact({n: a for n, a in saved.arrays.items() if not n.startswith("people.")}, saved.metadata)
    back = Uptake.from_artefact(before)
    assert back.of_area("a1").tolist() == uptake.of_area("a1").tolist()
    assert back.people_of("a1", uptake.providers.position("mill")) == 0


def test_it_comes_back_from_its_artefact(uptake: Uptake) -> None:
    back = Uptake.from_artefact(uptake.to_artefact())
    assert back.people_of("a1", back.providers.position("mill")) == 3
    assert back.config == CONFIG
    for area in ("a1", "b1", None):
        assert back.of_area(area).tolist() == uptake.of_area(area).tolist()
    assert back.overall().tolist() == uptake.overall().tolist()


def test_an_act_without_an_offer_is_refused() -> None:
    with pytest.raises(InvalidInput, match="has an offer"):
        Uptake.fit(acts(("a1", "ghost", "a1", 1.0)), OFFERS, lambda code: code[0])


def test_closed_before_opened_is_refused() -> None:
    with pytest.raises(InvalidInput, match="closed before"):
        Uptake.fit(SOME, Offers(["mill"], ["a1"], np.array([1.0]), np.array([2.0])), lambda code: code[0])


def test_settings_of_nothing_are_refused() -> None:
    with pytest.raises(InvalidInput, match="above 0"):
        UptakeConfig(half_life_days=0)
