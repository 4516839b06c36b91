"""Gates as whoever decides relies on them: a failure is named, what nobody measured is no pass."""

from dataclasses import replace
from datetime import date

import pytest

from matching.rules.decision import Outcome
from matching.vocabulary import Sex
from models.metrics.intervals import Interval
from pipelines.evaluate import MeasuredPerson
from pipelines.quarter.gates import (
    Bound,
    Gate,
    GateList,
    Measured,
    Measures,
    NoGates,
    Unmeasured,
    evaluate_gates,
    failed,
    gates_on,
    join_small,
)
from pipelines.quarter.group_words import JOINED
from pipelines.quarter.measure import InTime, group_gains, group_levels
from tests.support.builders import a_candidate

DAY = date(2026, 11, 23)


def a_list(**gate: object) -> GateList:
    one = Gate.model_validate({"id": "g", "label": "门", "measure": "m", "why": "因为", **gate})
    return GateList.model_validate(
        {"from": DAY, "small_group": 10, "confidence": 0.95, "attributes": ("sex",), "gates": (one,)}
    )


def outcome_of(value: object, **gate: object) -> Outcome:
    measures = Measures({} if value is None else {"m": value}, {})  # type: ignore[dict-item]  # of the tests
    return evaluate_gates(measures, a_list(**gate))[0].outcome


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Interval(-0.1, -0.2, -0.01, 50), Outcome.NOT_MET),
        (Interval(-0.1, -0.2, 0.0, 50), Outcome.UNKNOWN),  # may be much worse: too few to say
        (Interval(0.0, -0.01, 0.01, 50), Outcome.MET),
        (Interval(0.05, 0.01, 0.09, 50), Outcome.MET),
        (-0.001, Outcome.NOT_MET),
        (Unmeasured("没有数据"), Outcome.UNKNOWN),
        (None, Outcome.UNKNOWN),
    ],
)
def test_floor_fails_only_where_the_whole_interval_lies_below_and_is_open_where_too_little_is_known(
    value: object, expected: Outcome
) -> None:
    assert outcome_of(value, floor=Bound(limit=0.0, tolerance=-0.03)) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Interval(0.5, 0.45, 0.6, 9), Outcome.NOT_MET),
        (Interval(0.5, 0.4, 0.6, 9), Outcome.MET),
        (0.41, Outcome.NOT_MET),
        (0.4, Outcome.MET),
    ],
)
def test_ceiling_is_the_same_from_above(value: object, expected: Outcome) -> None:
    assert outcome_of(value, ceiling=Bound(limit=0.4)) is expected


def test_measure_and_bound_are_told_with_their_unit() -> None:
    told = evaluate_gates(Measures({"m": 34.1}, {}), a_list(ceiling=Bound(limit=500), unit="毫秒"))[0].reason
    assert told == "34.1 毫秒，不高于 500 毫秒"
    assert [gate.unit for gate in gates_on(DAY).gates if gate.measure == "latency_p95_ms"] == ["毫秒"]


def test_one_group_that_fails_fails_the_gate_and_is_named() -> None:
    held = a_list(floor=Bound(limit=0.0), **{"in": "groups"})
    groups = {"sex": {"female": Interval(-0.2, -0.3, -0.1, 40), "male": Interval(0.1, 0.0, 0.2, 40)}}
    result = evaluate_gates(Measures({}, {"m": groups}), held)[0]
    assert result.outcome is Outcome.NOT_MET
    assert "性别为女" in result.reason
    assert "性别为男" not in result.reason


def test_group_too_small_to_measure_keeps_the_gate_open() -> None:
    held = a_list(floor=Bound(limit=0.0), **{"in": "groups"})
    sexes: dict[str, Measured] = {"female": Interval(0.1, 0.0, 0.2, 40), JOINED: Unmeasured("人数太少")}
    groups = {"sex": sexes}
    result = evaluate_gates(Measures({}, {"m": groups}), held)[0]
    assert result.outcome is Outcome.UNKNOWN
    assert "需人工核实" in result.reason
    assert failed([result]) == (result,)


def test_attribute_that_nobody_measured_keeps_the_gate_open() -> None:
    held = a_list(floor=Bound(limit=0.0), **{"in": "groups"})
    assert evaluate_gates(Measures({}, {"m": {}}), held)[0].outcome is Outcome.UNKNOWN
    assert evaluate_gates(Measures({}, {}), held)[0].outcome is Outcome.UNKNOWN


def test_small_groups_are_joined_so_that_none_follows_from_the_whole() -> None:
    large, joined = join_small({"a": range(30), "b": range(30, 42), "c": range(42, 45)}, least=10)
    assert set(large) == {"a"}
    assert joined is not None
    assert len(joined) == 15  # the smallest of the others went in with it
    assert join_small({"a": range(30)}, least=10)[1] is None


def test_every_gate_states_why_and_measures_come_back_from_json() -> None:
    held = gates_on(DAY)
    assert all(len(gate.why) > 10 for gate in held.gates)
    assert {"category", "grade", "sex", "hukou", "prefecture", "facts_known"} == set(held.attributes)
    measures = Measures(
        {"a": Interval(0.5, 0.25, 0.75, 3), "b": 1.0, "c": Unmeasured("无")},
        {"d": {"sex": {"male": Interval(0.5, 0.25, 0.75, 3)}}},
        {"a": "注"},
    )
    assert Measures.of_dict(measures.as_dict()) == measures


def _met(sex: Sex, n: int, n_found: int) -> list[MeasuredPerson]:
    """Return so many people of whom some found in their list what they went on to do."""
    nothing, right = frozenset[str](), frozenset({"v-1"})
    return [
        MeasuredPerson(
            a_candidate(id=f"{sex.value}-{at}", sex=sex),
            False,
            right,
            nothing,
            {"shortlist": ["v-1" if at < n_found else "v-2"]},
        )
        for at in range(n)
    ]


def _level_gate(n_men_found: int, record: object) -> tuple[Outcome, str]:
    """Return how the gate comes out where both versions have the same parameters, so that they never differ."""
    people = _met(Sex.FEMALE, 100, 40) + _met(Sex.MALE, 100, n_men_found)
    gate = next(gate for gate in gates_on(DAY).gates if gate.id == "group_level")
    held = gates_on(DAY).model_copy(update={"gates": (gate,), "attributes": ("sex",)})
    found = group_levels(InTime(people, people, {"k": 10}, is_same_model=True), held, record)  # type: ignore[arg-type]
    result = evaluate_gates(Measures({}, {gate.measure: found}), held)[0]
    return result.outcome, result.reason


_THEN = {"recall": {"mean": 0.4, "low": 0.3, "high": 0.5, "n": 100}}


def test_group_whose_lists_got_worse_is_named_though_both_versions_do_the_same() -> None:
    both = {"fairness": {"sex": {"female": _THEN, "male": _THEN}}}
    outcome, reason = _level_gate(2, both)
    assert outcome is Outcome.NOT_MET
    assert ("性别为男" in reason, "性别为女" in reason) == (True, False)
    assert _level_gate(35, both)[0] is Outcome.MET


def test_group_that_was_not_measured_then_is_not_held_against_it_and_no_record_is_no_pass() -> None:
    assert _level_gate(2, {"fairness": {"sex": {"female": _THEN, "male": {"recall": None}}}})[0] is Outcome.MET
    outcome, reason = _level_gate(40, None)
    assert outcome is Outcome.UNKNOWN
    assert reason.startswith("需人工核实：现用版本没有登记的水平")


def _few(must_see: float | None, **groups: Interval) -> tuple[Outcome, str, dict[str, str]]:
    held = a_list(floor=Bound(limit=0.75), must_see=must_see, **{"in": "groups"})
    result = evaluate_gates(Measures({}, {"m": {"sex": groups}}), held)[0]
    return result.outcome, result.reason, {one.group: one.reason for one in result.groups}


def test_group_too_few_to_tell_says_so_in_place_of_passing() -> None:
    large, small = Interval(1.0, 0.7, 1.3, 90), Interval(1.0, 0.1, 1.9, 12)
    outcome, reason, groups = _few(0.0, male=large, unknown=small)
    assert (outcome, "1 个人群人数太少，看不出好坏" in reason) == (Outcome.MET, True)
    assert "即使为 0 也看不出，需人工核实" in groups["unknown"]
    assert "看不出" not in groups["male"]
    assert _few(None, male=large, unknown=small)[1] == "2 个人群都在界限之内"


def test_gate_of_which_most_people_are_in_groups_too_few_to_tell_is_no_pass() -> None:
    wide = Interval(1.0, 0.1, 1.9, 40)
    outcome, reason, _ = _few(0.0, male=wide, female=Interval(1.0, 0.7, 1.3, 30))
    assert outcome is Outcome.UNKNOWN
    assert "按性别大多看不出，需人工核实" in reason


def test_group_that_surely_fell_fails_however_few_they_are() -> None:
    outcome, reason, _ = _few(0.0, male=Interval(-0.5, -1.7, 0.7, 12), female=Interval(1.0, 0.7, 1.3, 90))
    assert outcome is Outcome.NOT_MET
    assert "性别为男" in reason


def _sought(sex: Sex, n: int, n_found: int, n_sought: int) -> list[MeasuredPerson]:
    """Return people of whom some find what they did in their own list, the last ones among what everybody seeks."""
    found = []
    for at, person in enumerate(_met(sex, n, n_found)):
        most = ["v-1" if at >= n - n_sought else "v-2"]
        found.append(replace(person, lists={"shortlist": most if at >= n - n_sought else person.lists["shortlist"],
                                            "popularity": most}))  # fmt: skip
    return found


def test_group_whose_lists_hold_only_what_everybody_seeks_is_named_where_its_recall_does_not_tell() -> None:
    """Labels dealt out among men: what is left of recall is that of the most sought posts."""
    people = _sought(Sex.FEMALE, 80, 30, 8) + _sought(Sex.MALE, 90, 3, 18)
    then = {
        "recall": {"mean": 0.39, "low": 0.3, "high": 0.48, "n": 94},
        "gain": {"mean": 0.3, "low": 0.2, "high": 0.4, "n": 94},
    }
    both = {"fairness": {"sex": {"female": then, "male": then}}}
    whole = gates_on(DAY).model_copy(update={"attributes": ("sex", "grade")})
    told = {}
    for name, measured in (("group_level", group_levels), ("group_gain", group_gains)):
        gate = next(gate for gate in whole.gates if gate.id == name)
        held = whole.model_copy(update={"gates": (gate,), "attributes": ("sex",)})
        it = InTime(people, people, {"k": 10}, is_same_model=True)
        told[name] = evaluate_gates(Measures({}, {gate.measure: measured(it, held, both)}), held)[0]
    assert told["group_gain"].outcome is Outcome.NOT_MET
    assert "性别为男" in told["group_gain"].reason
    assert "性别为女" not in told["group_gain"].reason


def test_before_the_first_list_there_is_none() -> None:
    with pytest.raises(NoGates):
        gates_on(date(2025, 12, 31))


def test_a_group_that_lost_most_of_its_record_is_looked_at_by_a_person_though_its_interval_is_wide() -> None:
    """As found in a province of 700: five of six records of women gone, and the interval reached over the limit."""
    held = gates_on(date(2026, 11, 23))
    gate = next(one for one in held.gates if one.id == "group_labels")
    groups = {a: {"g": Interval(1.0, 0.8, 1.2, 300)} for a in held.attributes}
    lost = Measures({}, {gate.measure: {**groups, "sex": {"female": Interval(0.293, 0.167, 0.495, 295)}}})
    only = held.model_copy(update={"gates": (gate,)})
    assert evaluate_gates(lost, only)[0].outcome is Outcome.UNKNOWN
    whole = Measures({}, {gate.measure: {**groups, "prefecture": {"金昌市": Interval(0.907, 0.262, 1.551, 10)}}})
    assert evaluate_gates(whole, only)[0].outcome is Outcome.MET
