"""Every rule on the day before and the day of each of its dates: the wording and the numbers are those of that day."""

from datetime import date, timedelta

import pytest

from matching.rules.decision import Outcome
from matching.rules.evaluation import decide
from matching.rules.rulebook import AS_OF, rulebook
from tests.support.rule_facts import FactMaker

BOOK = rulebook()
BY_AS_OF = [rule_id for rule_id, read in sorted(BOOK.rules.items()) if read.rule.day == AS_OF]
STEP = timedelta(days=1)


def boundaries(rule_id: str) -> list[date]:
    """Return the day before and the day of each begin and end of the rule and of its numbers."""
    rule = BOOK.rule(rule_id).rule
    spans = [(version.valid_from, version.valid_to) for version in rule.versions]
    for name, users in BOOK.citing.items():
        if rule_id in users:
            spans += [(version.valid_from, version.valid_to) for version in BOOK.parameters[name].versions]
    days = {first - STEP for first, _ in spans} | {first for first, _ in spans}
    days |= {last for _, last in spans if last} | {last + STEP for _, last in spans if last}
    return sorted(days)


@pytest.mark.parametrize("rule_id", BY_AS_OF)
def test_wording_in_use_is_the_one_of_the_day(rule_id: str) -> None:
    rule, maker = BOOK.rule(rule_id).rule, FactMaker(BOOK, rule_id, 3)
    for day in boundaries(rule_id):
        told = decide(BOOK, rule_id, maker.case(0.2), day)
        running = [version for version in rule.versions if version.holds_on(day)]
        assert [told.version] == running or (told.version is None and not running)
        if not running:
            assert told.outcome is Outcome.UNKNOWN
            early = day < rule.versions[0].valid_from
            assert [item.lack.value for item in told.lacking] == ["not_in_force" if early else "expired"]


@pytest.mark.parametrize("rule_id", BY_AS_OF)
def test_no_number_is_used_outside_its_days(rule_id: str) -> None:
    asks_others = "result(" in BOOK.rule(rule_id).rule.model_dump_json()
    maker = FactMaker(BOOK, rule_id, 5)
    for day in boundaries(rule_id):
        for used in decide(BOOK, rule_id, maker.case(0.1), day).used:
            if used.version is not None and not asks_others:
                assert used.version.holds_on(day), used.parameter.id


@pytest.mark.parametrize("name", sorted(BOOK.parameters))
def test_number_changes_on_its_day_and_not_the_day_before(name: str) -> None:
    parameter = BOOK.parameters[name]
    for version in parameter.versions:
        assert parameter.on(version.valid_from, version.region) is version
        assert parameter.on(version.valid_from - STEP, version.region) is not version
        if version.valid_to is not None:
            assert parameter.on(version.valid_to, version.region) is version
            assert parameter.on(version.valid_to + STEP, version.region) is not version
