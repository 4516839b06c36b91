"""Every rule answers its own examples, which stand on its page of the documentation."""

from datetime import date
from pathlib import Path

import pytest

from matching.rules.rulebook import Example, rulebook
from pipelines.rule_cases import same
from pipelines.rule_pages import pages, run_example

BOOK = rulebook()
CASES = [(rule_id, example) for rule_id, read in sorted(BOOK.rules.items()) for example in read.rule.examples]
PAGES = Path(__file__).parents[3] / "docs" / "rules"


@pytest.mark.parametrize(("rule_id", "example"), CASES)
def test_example_is_answered_as_its_page_says(rule_id: str, example: Example) -> None:
    found = run_example(BOOK, BOOK.rule(rule_id), example, date(2026, 11, 23))
    expected = {name: value.isoformat() if isinstance(value, date) else value for name, value in example.expect.items()}
    assert same(expected, found), {name: found.get(name) for name in expected}


@pytest.mark.parametrize("rule_id", sorted(BOOK.rules))
def test_every_rule_has_an_example_and_a_source(rule_id: str) -> None:
    rule = BOOK.rule(rule_id).rule
    assert rule.examples
    assert all(version.source.document and version.source.clause for version in rule.versions)


def test_committed_pages_are_those_of_the_rules() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    assert committed == pages(BOOK), "run: python -m pipelines.rule_pages docs/rules"
