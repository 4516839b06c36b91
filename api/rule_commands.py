"""`yougang rules …`: the rules in force on a day, one rule evaluated, sheets of worked cases."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from api.exit_codes import CHECK_FAILED
from api.rule_documents import evaluated, list_document, rule_document
from api.session import answer, current_engine, say, session_of
from matching.rules.decision import Outcome
from matching.rules.evaluation import decide, read_facts
from matching.rules.rulebook import ReadRule, Rulebook, load_rulebook, rulebook
from pipelines.access.roles import program_subject
from pipelines.case import load_case
from pipelines.casework import all_facts
from pipelines.errors import PipelineError
from pipelines.rule_cases import check_cases
from pipelines.rule_pages import STATUS
from pipelines.rule_preview import Preview, preview

rules = typer.Typer(help="规则：某日有效的规则、出处、试算与案例核对。", no_args_is_help=True, rich_markup_mode=None)


def _rule(book: Rulebook, rule_id: str) -> ReadRule:
    if rule_id not in book.rules:
        raise PipelineError("没有这个规则编号")
    return book.rule(rule_id)


@rules.command("list")
def rules_list(context: typer.Context) -> None:
    """列出规则，标明某日是否有效。"""
    book, on = rulebook(), session_of(context).settings.as_of
    document = list_document(book, on)
    answer(
        context,
        document,
        lambda: [
            f"{r['rule_id']}  {r['title']}  {'有效' if r['in_force'] else '当日无有效规定'}" for r in document["rules"]
        ],
    )


@rules.command("show")
def rules_show(context: typer.Context, rule_id: str) -> None:
    """查看一条规则：各版本、条件、参数与出处。"""
    book = rulebook()
    _rule(book, rule_id)
    document = rule_document(book, rule_id)
    answer(context, document, lambda: _shown(document))


def _shown(document: dict[str, Any]) -> list[str]:
    lines = [f"{document['rule_id']}  {document['title']}"]
    for version in document["versions"]:
        source = version["source"]
        until = version["valid_to"] or "今"
        cited = f"{source['document']} {source['clause']}"
        lines.append(f"  {version['valid_from']} 至 {until}：{cited}〔{STATUS[version['status']]}〕{version['quote']}")
    lines += [f"  条件：{text}" for text in document["conditions"]]
    lines += [
        f"  事实：{fact['label']}（{fact['name']}，由{fact['who_can_supply']}提供）" for fact in document["facts"]
    ]
    for parameter in document["parameters"]:
        for version in parameter["versions"]:
            value = "需人工核实" if version["value"] is None else version["value"]
            until = version["valid_to"] or "今"
            source = version["source"]
            lines.append(
                f"  数值：{parameter['title']} {version['valid_from']} 至 {until}：{value}"
                f"（{source['document']} {source['clause']}〔{STATUS[source['status']]}〕）"
            )
    lines += [f"  材料：{item}" for item in document["materials"]]
    return lines + [f"  说明：{note}" for note in document["notes"]]


@rules.command("evaluate")
def rules_evaluate(
    context: typer.Context,
    rule_id: str,
    inputs: Annotated[str, typer.Option("--inputs", help="事实，JSON 对象；缺的事实就是未知")] = "{}",
) -> None:
    """按给出的事实试算一条规则，列出依据、算式和还缺的事实。"""
    book = rulebook()
    read = _rule(book, rule_id)
    try:
        given = json.loads(inputs)
    except ValueError as error:
        raise PipelineError("--inputs 不是有效的 JSON") from error
    if not isinstance(given, dict):
        raise PipelineError("--inputs 应是 JSON 对象")
    decision = decide(book, rule_id, read_facts(book, read, given), session_of(context).settings.as_of)
    answer(context, evaluated(decision), decision.lines)


@rules.command("preview")
def rules_preview(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="改动后的规则文件夹，内有 parameters、facts、rulebook")],
) -> None:
    """发布之前：改动后的规则会使哪些人、哪些单位的结果改变，改变多少。"""
    if not folder.is_dir():
        raise PipelineError("没有这个文件夹")
    proposed, on = load_rulebook(folder), session_of(context).settings.as_of
    with current_engine(context).connect() as connection:
        case = load_case(connection, program_subject())
    say(f"对照 {len(case.candidates)} 位求职者、{len(case.employers)} 家单位")
    facts = all_facts(case, rulebook(), on)
    found = preview(rulebook(), proposed, facts["person"], facts["employer"], on, facts["placement"])
    answer(context, found.as_dict(), lambda: _preview_lines(found))


def _preview_lines(found: Preview) -> list[str]:
    lines = [f"现行版本 {found.before}，改动后 {found.after}"]
    for change in found.changes:
        lines.append(f"{change.rule_id} {change.title}：影响 {change.concerned} 个")
        lines += [
            f"  {Outcome(before).label} → {Outcome(after).label}：{count} 个"
            for (before, after), count in sorted(change.moves.items())
        ]
        if change.results_changed:
            lines.append(f"  结论和金额不变而其他结果（如应安排人数）改变：{change.results_changed} 个")
        if change.amounts_changed:
            lines.append(f"  结论不变而金额改变：{change.amounts_changed} 个")
        if change.difference:
            lines.append(f"  金额合计变化 {change.difference:+,.2f} 元")
        lines.append(f"  例如：{'、'.join(change.subjects[:5])}")
    lines += [f"新增规则 {rule_id}" for rule_id in found.added]
    lines += [f"删去规则 {rule_id}" for rule_id in found.removed]
    return lines if len(lines) > 1 else [*lines, "没有人或单位的结果改变"]


@rules.command("check")
def rules_check(context: typer.Context, cases: Path) -> None:
    """逐条核对案例表；依据为 confirmed 的案例有出入时退出码为 1。"""
    book, on = rulebook(), session_of(context).settings.as_of
    outcomes = []
    for outcome in check_cases(cases, book, on):
        outcomes.append(outcome)
        if len(outcomes) % 1000 == 0:
            say(f"已核对 {len(outcomes)} 条")
    differing = [outcome for outcome in outcomes if not outcome.passes]
    failed = [outcome for outcome in differing if outcome.is_failure]
    document = {
        "as_of": on.isoformat(),
        "rules_version": book.version,
        "cases": len(outcomes),
        "passed": len(outcomes) - len(differing),
        "confirmed_failed": len(failed),
        "differences": [outcome.as_dict() for outcome in differing],
    }
    answer(
        context,
        document,
        lambda: [
            *(f"{o.case_id}（{o.basis}）{'；'.join(o.differences)}" for o in differing),
            f"共 {len(outcomes)} 条，相符 {len(outcomes) - len(differing)} 条，"
            f"有出入 {len(differing)} 条，其中 confirmed {len(failed)} 条",
        ],
    )
    if failed:
        raise typer.Exit(CHECK_FAILED)
