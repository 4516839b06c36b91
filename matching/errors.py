"""Errors of the domain.

MatchingError
├── RuleError          a rule file that cannot be used
│   ├── NotInForce     no value is in force on that day
│   └── RuleInputError a fact given to a rule that is not of the kind expected
└── UnknownVacancy     an id that the stock does not hold
"""

from datetime import date


class MatchingError(Exception):
    """Base of all errors of the domain; the message is a sentence."""


class RuleError(MatchingError):
    """A rule file that cannot be used: which file, what is wrong, what would be right."""


class NotInForce(RuleError):
    """A rule was asked for on a day on which no value is in force."""

    def __init__(self, rule_id: str, day: date) -> None:
        super().__init__(f"规则 {rule_id} 在 {day.isoformat()} 没有有效的数值")
        self.rule_id = rule_id
        self.day = day


class RuleInputError(RuleError):
    """A fact given to a rule is not of the kind expected, or no fact of that rule; the message names it only."""


class UnknownVacancy(MatchingError):
    """A vacancy id that the stock does not hold."""
