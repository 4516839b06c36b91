"""Worlds with groups, and tables by group: truth stays, silence is added, small groups are not told."""

from dataclasses import replace

import numpy as np

from bench.exposure import _GROUPS, with_groups
from bench.groups import SMALL, Measure, tables
from bench.worlds import WORLDS, invent


def test_groups_are_added_to_a_world_without_touching_its_truth() -> None:
    plain = invent(replace(WORLDS["even"], n_people=150, n_vacancies=60))
    world = with_groups(plain, 1)
    assert world.utility is plain.utility
    assert world.tables["vacancies"] == plain.tables["vacancies"]
    head, *people = world.tables["candidates"]
    assert head[-len(_GROUPS) :] == list(_GROUPS)
    assert [row[0] for row in people] == [row[0] for row in plain.tables["candidates"][1:]]
    stated = head.index("wished_occupations")
    assert {row[stated] for row in people} <= {row[stated] for row in plain.tables["candidates"][1:]} | {""}
    assert 0 < len(world.tables["interactions"]) < len(plain.tables["interactions"])

    def silent(category: str) -> float:
        return float(np.mean([row[stated] == "" for row in people if row[head.index("category")] == category]))

    assert silent("intellectual") > silent("physical")


def test_small_groups_are_joined_and_told_only_where_they_are_enough_together() -> None:
    people = [{"sex": "female"}] * 40 + [{"sex": "male"}] * 30 + [{"sex": "unknown"}] * 5
    fit = Measure("fit", [0.5] * 40 + [0.4] * 30 + [0.1] * 5)
    lines = tables(people, [fit, Measure("empty", [0.0] * 75, is_share=True)], ("sex",))
    assert "| sex | people | fit | empty |" in lines
    told = "\n".join(lines)
    assert "unknown" not in told
    assert "male | 30" not in told  # the smallest group joins those that are too few, or they could be worked out
    assert "small groups | 35" in told
    assert "female | 40 | 0.50 [0.50, 0.50] | 0.00 [0.00" in told


def test_a_measure_that_too_few_have_is_withheld() -> None:
    people = [{"sex": "female"}] * 40
    values: list[float | None] = [1.0] * (SMALL - 1) + [None] * (41 - SMALL)
    assert "withheld" in tables(people, [Measure("recall@10", values)], ("sex",))[-1]
