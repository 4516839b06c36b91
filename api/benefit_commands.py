"""`yougang quota` and `yougang benefits …`: duty, levy and what may be claimed; every answer is kept."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from api.income_commands import income_command
from api.session import answer, current_engine, session_of
from matching.rules.benefits import Benefit, Package, to_ask
from matching.rules.decision import Outcome
from matching.rules.rulebook import HOME, NOTICE, Rulebook, rulebook
from matching.rules.values import Lack, read_number
from matching.rules.what_if import smallest_change
from pipelines.access.audit import record, record_each
from pipelines.access.roles import Action, program_subject
from pipelines.case import Case, load_case
from pipelines.casework import benefits_of_candidate, benefits_of_employer, benefits_of_placement
from pipelines.errors import PipelineError
from pipelines.hints import NO_FINDING, VICTIM, Review, ask_lines, hint_lines, review_of
from pipelines.quota import quota
from pipelines.registers.cases import review_case
from pipelines.store.rule_books import DecisionRepository

benefits = typer.Typer(
    help="可申领的待遇与补贴：符合、不符合或待核实，金额与依据。", no_args_is_help=True, rich_markup_mode=None
)


def quota_command(
    context: typer.Context,
    employer_id: Annotated[str, typer.Argument(help="统一社会信用代码")],
    year: Annotated[int, typer.Option("--year", min=2015, max=2100, help="用工年度；次年申报缴费")],
    social_wage: Annotated[
        str | None, typer.Option("--social-wage", help="当地社会平均工资（元/年），用于计征工资封顶；不填不推定")
    ] = None,
    hints: Annotated[
        bool, typer.Option("--hints/--no-hints", help="附内部核查提示；给用人单位看的用 --no-hints")
    ] = True,
) -> None:
    """应安排、已安排、差额、残保金，再安排一人的变化，以及核查提示。"""
    book, on = rulebook(), session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        case = load_case(connection, program_subject())
        found = quota(case, book, employer_id, year, on, _yuan(social_wage))
        seen = _review(connection, book, employer_id, year, on) if hints else Review((), ())
        shown = {
            "review_hints": [hint.as_dict() for hint in seen.hints],
            "review_asks": [ask.as_dict() for ask in seen.asks],
            "review_notice": f"{NO_FINDING}。{VICTIM}",
        }
        store = DecisionRepository(connection)
        answered = found.as_dict() | (shown if hints else {})
        document = _kept(store, book, "employer", employer_id, "quota", on, answered)
        _note_people(store, "quota", [person.placement.candidate_id for person in found.persons])
    answer(context, document, lambda: [*found.lines(), *hint_lines(seen.hints), *ask_lines(seen.asks), NOTICE])


def _review(connection: Connection, book: Rulebook, employer_id: str, year: int, on: date) -> Review:
    """Return what to look at in an employer's year, from the rows that an inspection looks at."""
    found = review_case(connection, program_subject(), employer_id, Action.READ_PLACEMENTS)
    return review_of(found.case, book, employer_id, year, on)


def _yuan(text: str | None) -> Fraction | None:
    if text is None:
        return None
    try:
        amount = read_number(text)
    except ValueError as error:
        raise PipelineError("--social-wage 应是数字") from error
    if amount <= 0:
        raise PipelineError("--social-wage 应大于零")
    return amount


def _kept(
    store: DecisionRepository,
    book: Rulebook,
    kind: str,
    subject_id: str,
    question: str,
    on: date,
    document: dict[str, Any],
) -> dict[str, Any]:
    record(store.connection, program_subject().by, f"{question}.read", object_kind=kind, object_id=subject_id)
    store.keep_book(book, HOME)
    document = {"as_of": on.isoformat(), "rules_version": book.version, **document, "notice": NOTICE}
    return {"decision_id": store.save(kind, subject_id, question, on, document), **document}


def _note_people(store: DecisionRepository, question: str, people: Sequence[str]) -> None:
    """Write into the audit whom an answer tells of."""
    told = list(dict.fromkeys(people))
    if told:
        by = program_subject().by
        record_each(store.connection, by, f"{question}.read", object_kind="candidate", object_ids=told)


def _claims(
    context: typer.Context,
    kind: str,
    subject_id: str,
    ask: Callable[[Case, Rulebook, str, date], Package],
    told_in_full: frozenset[str] | None = None,
) -> None:
    book, on = rulebook(), session_of(context).settings.as_of
    with current_engine(context).begin() as connection:
        case = load_case(connection, program_subject())
        found = ask(case, book, subject_id, on)
        head = {f"{kind}_id": subject_id}
        store = DecisionRepository(connection)
        document = _kept(store, book, kind, subject_id, "benefits", on, head | _document(found))
        if kind == "placement":
            placed = [one.candidate_id for one in case.placements if one.placement_id == subject_id]
            _note_people(store, "benefits", placed)
    answer(
        context, document, lambda: [f"{subject_id}（{on.isoformat()}）", *package_lines(found, told_in_full), NOTICE]
    )


def _document(found: Package) -> dict[str, Any]:
    document = found.as_dict()
    for entry, benefit in zip(document["benefits"], found.benefits, strict=True):  # type: ignore[call-overload]  # a list
        changes = smallest_change(benefit.decision)
        entry["smallest_change"] = None if changes is None else [change.as_dict() for change in changes]
    return document


def package_lines(found: Package, subjects: frozenset[str] | None = None) -> list[str]:
    """Return a package in plain Chinese: what is met, what is open and what is not, then what goes together.

    Of rules on other than `subjects` only those that are met are told in full, the rest by their titles.
    """
    titles = {benefit.rule_id: benefit.decision.rule.title for benefit in found.benefits}
    lines = _questions(found, subjects)
    for outcome, head in (
        (Outcome.MET, "符合"),
        (Outcome.UNKNOWN, "待核实（补齐事实后可能符合，缺得少的在前）"),
        (Outcome.NOT_MET, "不符合"),
    ):
        group = found.with_outcome(outcome)
        if outcome is Outcome.UNKNOWN:
            group = tuple(sorted(group, key=lambda benefit: len(benefit.lacking)))
        lines.append(f"{head}：{len(group)} 项")
        full = [one for one in group if outcome is Outcome.MET or _is_on(one, subjects)]
        lines += [f"  {line}" for benefit in full for line in benefit.lines()]
        rest = [titles[one.rule_id] for one in group if one not in full]
        lines += [f"  另有只看本人或只看单位的 {len(rest)} 项（见各自的 benefits）：{'、'.join(rest)}"] if rest else []
    return [*lines, *_together(found, titles)]


def _is_on(benefit: Benefit, subjects: frozenset[str] | None) -> bool:
    return subjects is None or benefit.decision.rule.subject in subjects


def _together(found: Package, titles: Mapping[str, str]) -> list[str]:
    """Return which of the benefits that are met go together, and what else could be chosen."""
    if not found.best.benefits:
        return []
    lines = [f"可同时享受：{'、'.join(titles[rule_id] for rule_id in found.best.benefits)}"]
    if found.best.known_sum:
        lines.append(f"  第一年金额已知的合计 {found.best.known_sum:,.2f} 元")
    if found.best.unknown_sums:
        lines.append(f"  金额还要核实：{'、'.join(titles[rule_id] for rule_id in found.best.unknown_sums)}")
    for option, difference in found.alternatives:
        names = "、".join(titles[rule_id] for rule_id in option.benefits)
        lines.append(f"  另一种组合：{names}，少 {difference:,.2f} 元")
    for first, second in found.conflicts:
        lines.append(f"  不得同时享受：{titles[first]} 与 {titles[second]}")
    return lines


def _questions(found: Package, subjects: frozenset[str] | None) -> list[str]:
    """Return what to ask whom first: the facts on which most open benefits wait, of those told in full."""
    asked: dict[tuple[str, str], int] = {}
    for benefit in found.with_outcome(Outcome.UNKNOWN):
        if subjects is not None and benefit.decision.rule.subject not in subjects:
            continue
        for item in to_ask(benefit.lacking):
            if item.lack in (Lack.MISSING, Lack.COUNTY):
                key = (item.label, item.who_can_supply)
                asked[key] = asked.get(key, 0) + 1
    shared = {key: count for key, count in asked.items() if count > 1}
    first = sorted(shared.items(), key=lambda entry: (-entry[1], "本人" not in entry[0][1], entry[0]))[:_ASKED_FIRST]
    return ["先问：", *(f"  {label}（问{who}），关系到 {n} 项" for (label, who), n in first)] if first else []


_ASKED_FIRST = 6


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
    _claims(context, "placement", placement_id, benefits_of_placement, frozenset({"placement"}))


benefits.command("income")(income_command)
