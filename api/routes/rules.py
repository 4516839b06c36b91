"""Rules: those in force on a day, one with its sources, one tried on facts that are given and kept nowhere."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from api.access import SubjectDep, declare, for_action
from api.bodies import Body
from api.rule_documents import evaluated, list_document, rule_document
from api.settings import today
from matching.errors import RuleInputError
from matching.rules.evaluation import decide, read_facts
from matching.rules.rulebook import rulebook
from pipelines.access.roles import Action, Purpose
from pipelines.registers.errors import Fault, NoSuchRule, RowRefused
from pipelines.registers.rows import require

router = APIRouter(prefix="/rules", tags=["rules"])
_READ = for_action(Action.READ_RULES, Purpose.JOB_MATCHING)
_Day = Annotated[date | None, Query(description="所问的日期；不写就是今天")]
_MOST_FACTS = 200


class Trial(Body):
    """一次试算的事实；缺的事实就是未知。"""

    inputs: Annotated[dict[str, Any], Field(max_length=_MOST_FACTS, default_factory=dict)]
    as_of: Annotated[str | None, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] = None


@router.get("")
@declare(_READ)
def rules(subject: SubjectDep, as_of: _Day = None) -> dict[str, Any]:
    """Return every rule, and which of its versions is in force on the day."""
    require(subject, Action.READ_RULES)
    return list_document(rulebook(), as_of or today())


@router.get("/{rule_id}")
@declare(_READ)
def rule(subject: SubjectDep, rule_id: str) -> dict[str, Any]:
    """Return one rule with all its versions, facts, parameters and sources."""
    require(subject, Action.READ_RULES)
    return rule_document(rulebook(), _known(rule_id))


@router.post("/{rule_id}/evaluations")
@declare(_READ)
def evaluate(subject: SubjectDep, rule_id: str, trial: Trial) -> dict[str, Any]:
    """Try a rule on given facts; nothing is kept, so that the same request may come again and again."""
    require(subject, Action.READ_RULES)
    book, known = rulebook(), _known(rule_id)
    try:
        facts = read_facts(book, book.rule(known), trial.inputs)
        return {"rule_id": known, **evaluated(decide(book, known, facts, _day(trial.as_of)))}
    except RuleInputError as error:
        raise RowRefused([Fault("inputs", "有事实的名称或值不合这条规则的要求；各事实的写法见这条规则")]) from error


def _known(rule_id: str) -> str:
    if rule_id not in rulebook().rules:
        raise NoSuchRule("没有这个规则编号")
    return rule_id


def _day(text: str | None) -> date:
    try:
        return today() if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise RowRefused([Fault("as_of", "日期应写作 YYYY-MM-DD，且当日存在")]) from error
