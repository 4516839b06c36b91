"""One case and a column of cases get the same answer, for every rule, on any day, with facts missing."""

from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching.rules.bulk import Answers, columns_of, decide_all, list_results
from matching.rules.decision import Decision, Outcome
from matching.rules.evaluation import decide, weigh
from matching.rules.rulebook import rulebook
from matching.rules.values import NOTHING, Unknown, Value
from tests.support.rule_facts import FactMaker

BOOK = rulebook()
RULES = sorted(BOOK.rules)
PEOPLE = 300
"""Cases of one draw; with five draws for each of about seventy rules, a hundred thousand in all."""


def as_outcome(held: Value) -> Outcome:
    """Return what a row's truth value says."""
    if isinstance(held, Unknown):
        return Outcome.UNKNOWN
    return Outcome.MET if held else Outcome.NOT_MET


def settled(value: object) -> object:
    """Return a value in a form in which one case and a row compare: 'none' and an absent amount are the same."""
    return None if value is None or (isinstance(value, Unknown) and value.is_nothing) else value


def compare(one: Decision, many: Answers, row: int) -> None:
    """Assert that a row holds what the case was told."""
    assert as_outcome(many.held.value(row, many.reasons)) == one.outcome
    paid = None if many.amount is None else many.amount.value(row, many.reasons)
    if one.outcome is not Outcome.NOT_MET:
        assert settled(paid) == settled(one.amount)
    for name, value in one.results.items():
        if not isinstance(value, list) and name in many.results:
            found = many.results[name].value(row, many.reasons)
            unnamed = BOOK.rule(one.rule.id).rule.body.results.get(name) if one.version else None
            if unnamed is not None and unnamed.unknown_as is not None and isinstance(found, Unknown):
                found = unnamed.unknown_as
            assert settled(found) == settled(value), name


@pytest.mark.parametrize("rule_id", RULES)
@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32 - 1), missing=st.floats(0.1, 0.5))
def test_every_case_is_answered_alone_as_in_bulk(rule_id: str, seed: int, missing: float) -> None:
    maker = FactMaker(BOOK, rule_id, seed)
    cases, day = maker.cases(PEOPLE, missing), maker.day()
    many = decide_all(BOOK, rule_id, columns_of(BOOK, cases), day)
    for row, facts in enumerate(cases):
        compare(decide(BOOK, rule_id, facts, day), many, row)


@pytest.mark.parametrize("rule_id", RULES)
@settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32 - 1))
def test_adding_a_fact_never_makes_a_decided_answer_unknown(rule_id: str, seed: int) -> None:
    maker = FactMaker(BOOK, rule_id, seed)
    for _ in range(15):
        full, day = maker.case(0.0), maker.day()
        # A fact that stands in for others is there from the start or not at all: given late, it may contradict them.
        early = maker.alternatives if maker.draw.random() < 0.5 else frozenset()
        order = [str(name) for name in maker.draw.permutation(list(full))]
        known: dict[str, Value] = {name: full[name] for name in early}
        before = decide(BOOK, rule_id, known, day)
        for name in [name for name in order if name not in maker.alternatives]:
            known[name] = full[name]
            after = decide(BOOK, rule_id, known, day)
            if before.outcome is not Outcome.UNKNOWN:
                assert after.outcome is not Outcome.UNKNOWN, name
            before = after


@pytest.mark.parametrize("rule_id", RULES)
def test_weighing_a_case_says_what_deciding_it_says(rule_id: str) -> None:
    maker = FactMaker(BOOK, rule_id, 11)
    for missing in (0.0, 0.2, 0.5, 0.9):
        for facts in maker.cases(40, missing):
            day = maker.day()
            told = decide(BOOK, rule_id, facts, day)
            waits: frozenset[str] = frozenset()
            if told.outcome is Outcome.UNKNOWN:
                waits = told.conditions_wait_for
            elif told.outcome is Outcome.MET:
                waits = frozenset(item.name for item in told.lacking)
            assert weigh(BOOK, rule_id, facts, day) == (told.outcome, waits)


@pytest.mark.parametrize("rule_id", RULES)
def test_unknown_answer_says_what_it_waits_for(rule_id: str) -> None:
    maker = FactMaker(BOOK, rule_id, 7)
    for facts in maker.cases(60, 0.5):
        told = decide(BOOK, rule_id, facts, maker.day())
        if told.outcome is Outcome.UNKNOWN:
            assert told.lacking
            assert all(item.label and item.who_can_supply for item in told.lacking)


@pytest.mark.parametrize(
    "rule_id",
    [rule_id for rule_id in RULES if any(result.each for result in BOOK.rule(rule_id).rule.body.results.values())],
)
def test_list_results_are_the_same_alone_and_in_bulk(rule_id: str) -> None:
    maker = FactMaker(BOOK, rule_id, 11)
    day = maker.day()
    cases = maker.cases(80, 0.0)
    names = [name for name, result in BOOK.rule(rule_id).rule.body.results.items() if result.each]
    decided = [decide(BOOK, rule_id, facts, day) for facts in cases]
    if len({told.version for told in decided}) > 1 or decided[0].version is None:
        cases = [facts for facts, told in zip(cases, decided, strict=True) if told.version is not None][:1]
        decided = [decide(BOOK, rule_id, facts, day) for facts in cases]
    if not cases:
        pytest.skip("no drawn case on which the rule is in force")
    columns = columns_of(BOOK, cases)
    for name in names:
        bulk, reasons = list_results(BOOK, rule_id, columns, day, name)
        alone = [entry for told in decided for entry in told.results[name]]  # type: ignore[union-attr]  # a list
        for place, entry in enumerate(alone):
            row = entry if isinstance(entry, dict) else {"": entry}
            for key, value in row.items():
                assert settled(bulk[key].value(place, reasons)) == settled(value)


def test_halves_round_the_same_way_alone_and_in_bulk() -> None:
    from matching.rules import columns as col
    from matching.rules.columns import Reasons
    from matching.rules.values import Kind, rounded

    reasons = Reasons()
    numbers = [Fraction(n, d) for n in range(-50, 51) for d in (1, 2, 3, 8, 200)]
    column = col.from_values(numbers, Kind.NUMBER, reasons)
    for direction in ("half_up", "down", "up"):
        done = col.rounded(column, Fraction(1, 100), direction)
        assert [done.value(row, reasons) for row in range(len(numbers))] == [
            rounded(number, Fraction(1, 100), direction) for number in numbers
        ]
    assert NOTHING.is_nothing
