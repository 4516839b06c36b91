"""`yougang benefits income`: what a job leaves a person's household each month, over wages; a table and a drawing."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from api.income_drawing import drawing
from api.income_words import NOT_IN_CURVE, income_lines, source_lines
from api.session import answer, current_engine, session_of
from matching.rules.evaluation import known_facts
from matching.rules.rulebook import HOME, NOTICE, rulebook
from pipelines.access.audit import record
from pipelines.access.roles import Action, program_subject
from pipelines.case import load_case
from pipelines.errors import PipelineError
from pipelines.income import income_of
from pipelines.store.rule_books import DecisionRepository


def income_command(
    context: typer.Context,
    candidate_id: Annotated[str, typer.Argument(help="求职者编号")],
    wage_max: Annotated[int, typer.Option("--wage-max", min=100, max=100_000, help="算到多少月工资（元）")] = 8000,
    facts: Annotated[str | None, typer.Option("--facts", help='补充事实的 JSON，如 {"household_size": 3}')] = None,
    svg: Annotated[Path | None, typer.Option("--svg", help="把曲线画到这个 SVG 文件")] = None,
) -> None:
    """找到工作后每月到手多少：工资、个税、低保渐退与两项补贴，随工资变化。"""
    book, on = rulebook(), session_of(context).settings.as_of
    given = known_facts(book, _given(facts))
    with current_engine(context).begin() as connection:
        case = load_case(connection, program_subject())
        found = income_of(case, book, candidate_id, on, wage_max=wage_max, given=given)
        first, later = found.first, found.later
        document: dict[str, Any] = {**found.as_dict(), "not_in_curve": list(NOT_IN_CURVE), "notice": NOTICE}
        by = program_subject().by
        record(connection, by, Action.READ_BENEFITS.value, object_kind="candidate", object_id=candidate_id)
        store = DecisionRepository(connection)
        store.keep_book(book, HOME)
        decision_id = store.save("candidate", candidate_id, "income", on, document)
    if svg is not None:
        svg.write_text(drawing(first, later), encoding="utf-8")
    sources = [(told["title"], told["source"], told["status"]) for told in document["rules"]]
    answer(
        context,
        {"decision_id": decision_id, **document},
        lambda: [f"{candidate_id}（{on.isoformat()}）", *income_lines(first, later), *source_lines(sources), NOTICE],
    )


def _given(text: str | None) -> dict[str, object]:
    if text is None:
        return {}
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise PipelineError('--facts 应为一份 JSON，如 {"household_size": 3}') from error
    if not isinstance(found, dict):
        raise PipelineError('--facts 应为 JSON 对象，如 {"household_size": 3}')
    return found
