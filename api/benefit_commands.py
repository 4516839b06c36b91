"""`yougang quota` and `yougang benefits …`: duty, levy and what may be claimed; every answer is kept."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

import typer

from api.session import answer, current_engine, session_of
from matching.rules.benefits import Benefit, Package
from matching.rules.decision import Outcome
from matching.rules.rulebook import HOME, NOTICE, Rulebook, rulebook
from matching.rules.values import Lack
from matching.rules.what_if import smallest_change
from pipelines.casework import (
    Case,
    benefits_of_candidate,
    benefits_of_employer,
    benefits_of_placement,
    load_case,
    quota,
)
from pipelines.store.rule_books import DecisionRepository

benefits = typer.Typer(
    help="可申领的待遇与补贴：符合、不符合或待核实，金额与依据。", no_args_is_help=True, rich_markup_mode=None
)


def quota_command(
    context: typer.Context,
    employer_id: Annotated[str, typer.Argument(help="统一社会信用代码")],
    year: Annotated[int, typer.Option("--year", min=2015, max=2100, help="用工年度；次年申报缴费")],
) -> None:
    """应安排、已安排、差额、残保金，以及再安排一人的变化。"""
    book, on = rulebook(), session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        found = quota(load_case(connection), book, employer_id, year, on)
        document = _kept(DecisionRepository(connection), book, "employer", employer_id, "quota", on, found.as_dict())
    answer(context, document, lambda: [*found.lines(), NOTICE])


def _kept(
    store: DecisionRepository,
    book: Rulebook,
    kind: str,
    subject_id: str,
    question: str,
    on: date,
    document: dict[str, Any],
) -> dict[str, Any]:
    store.keep_book(book, HOME)
    document = {"as_of": on.isoformat(), "rules_version": book.version, **document, "notice": NOTICE}
    return {"decision_id": store.save(kind, subject_id, question, on, document), **document}


def _claims(
    context: typer.Context, kind: str, subject_id: str, ask: Callable[[Case, Rulebook, str, date], Package]
) -> None:
    book, on = rulebook(), session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        found = ask(load_case(connection), book, subject_id, on)
        head = {f"{kind}_id": subject_id}
        store = DecisionRepository(connection)
        document = _kept(store, book, kind, subject_id, "benefits", on, head | _document(found))
    answer(context, document, lambda: [f"{subject_id}（{on.isoformat()}）", *package_lines(found), NOTICE])


def _document(found: Package) -> dict[str, Any]:
    document = found.as_dict()
    for entry, benefit in zip(document["benefits"], found.benefits, strict=True):  # type: ignore[call-overload]  # a list
        changes = smallest_change(benefit.decision)
        entry["smallest_change"] = None if changes is None else [change.as_dict() for change in changes]
    return document


def package_lines(found: Package) -> list[str]:
    """Return a package in plain Chinese: what is met, what is open and what is not, then what goes together."""
    titles = {benefit.rule_id: benefit.decision.rule.title for benefit in found.benefits}
    lines = _questions(found)
    for outcome, head in (
        (Outcome.MET, "符合："),
        (Outcome.UNKNOWN, "待核实（补齐事实后可能符合）："),
        (Outcome.NOT_MET, "不符合："),
    ):
        group = found.with_outcome(outcome)
        lines.append(f"{head}{len(group)} 项")
        lines += [f"  {line}" for benefit in group for line in _benefit_lines(benefit)]
    together = "、".join(titles[rule_id] for rule_id in found.best.benefits) or "无"
    lines.append(f"可同时申领：{together}；一年内已知金额 {found.best.known_sum:,.2f} 元")
    if found.best.unknown_sums:
        lines.append(f"  其中金额需人工核实：{'、'.join(titles[rule_id] for rule_id in found.best.unknown_sums)}")
    for option, difference in found.alternatives:
        names = "、".join(titles[rule_id] for rule_id in option.benefits)
        lines.append(f"  另一种组合：{names}，少 {difference:,.2f} 元")
    for first, second in found.conflicts:
        lines.append(f"  不得同时享受：{titles[first]} 与 {titles[second]}")
    return lines


def _questions(found: Package) -> list[str]:
    """Return what to ask whom first: the facts on which most open benefits wait."""
    asked: dict[tuple[str, str], int] = {}
    for benefit in found.with_outcome(Outcome.UNKNOWN):
        for item in benefit.lacking:
            if item.lack in (Lack.MISSING, Lack.COUNTY):
                key = (item.label, item.who_can_supply)
                asked[key] = asked.get(key, 0) + 1
    first = sorted(asked.items(), key=lambda entry: (-entry[1], entry[0]))[:_ASKED_FIRST]
    return ["先问：", *(f"  {label}（问{who}），关系到 {n} 项" for (label, who), n in first)] if first else []


_ASKED_FIRST = 6
_SKIPPED_WHERE_OPEN = ("说明：", "请核对：", "算式：")


def _benefit_lines(benefit: Benefit) -> list[str]:
    lines = benefit.lines()
    if benefit.outcome is Outcome.MET:
        return lines
    if benefit.outcome is Outcome.UNKNOWN:
        return [line for line in lines if not line.strip().startswith(_SKIPPED_WHERE_OPEN)]
    refused = [line for line in lines[1:] if "✗" in line or line.strip().startswith(("先决条件", "依据"))]
    return [lines[0], *refused]


@benefits.command("candidate")
def benefits_candidate(context: typer.Context, candidate_id: Annotated[str, typer.Argument(help="求职者编号")]) -> None:
    """一位求职者本人可申领的待遇。"""
    _claims(context, "candidate", candidate_id, benefits_of_candidate)


@benefits.command("employer")
def benefits_employer(
    context: typer.Context, employer_id: Annotated[str, typer.Argument(help="统一社会信用代码")]
) -> None:
    """一家用人单位可申领的待遇。"""
    _claims(context, "employer", employer_id, benefits_of_employer)


@benefits.command("placement")
def benefits_placement(
    context: typer.Context, placement_id: Annotated[str, typer.Argument(help="就业记录编号")]
) -> None:
    """这个人在这家单位就业，双方各可申领什么、能否同时享受。"""
    _claims(context, "placement", placement_id, benefits_of_placement)
