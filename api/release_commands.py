"""`yougang rules propose|approve|retire|releases`: a changed rule book comes into force when two people say so.

Who proposes and who releases sign in here, so that one person at the machine is not two.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from sqlalchemy import Connection, Engine

from api.clock import moment
from api.rule_commands import rules
from api.session import answer, current_engine, say, session_of
from api.signing import signed_in
from matching.rules.rulebook import HOME, Rulebook, load_rulebook, rulebook
from pipelines.access.errors import Forbidden
from pipelines.access.roles import COMMAND_LINE, Action, Purpose, Subject, program_subject
from pipelines.case import load_case
from pipelines.casework import all_facts
from pipelines.errors import PipelineError
from pipelines.rule_preview import preview
from pipelines.rule_release.releases import Releases
from pipelines.store.rule_books import DecisionRepository
from pipelines.store.rule_releases import Release

__all__ = ["rules"]  # with what is added to it here

Login = Annotated[str, typer.Option("--login", help="省级主管人员的登录名；口令和动态口令随后输入")]
ReleaseId = Annotated[str, typer.Argument(help="签发编号")]


def _signed_in(context: typer.Context, engine: Engine, login: str) -> Subject:
    """Return who signs in, in the capacity in which rules are released."""
    found = signed_in(
        context,
        engine,
        login,
        Purpose.SUPERVISION,
        lambda subject: subject.is_whole_province and subject.may(Action.RELEASE_RULES),
    )
    if found is None:
        raise Forbidden("规则须由省级主管人员提出和签发")
    return found


def _document(release: Release, *, answers: bool) -> dict[str, Any]:
    own = release.proposal
    moments = {"proposed_at": own.proposed_at, "approved_at": release.approved_at, "retired_at": release.retired_at}
    return {
        "release_id": own.release_id,
        "rules_version": own.version,
        "content": own.content,
        "proposed_by": own.proposed_by,
        "approved_by": release.approved_by,
        "retired_by": release.retired_by,
        **{name: None if at is None else at.isoformat() for name, at in moments.items()},
        "as_of": own.as_of.isoformat(),
        "in_force": answers,
        "effects": json.loads(own.effects),
    }


def _line(document: dict[str, Any]) -> str:
    state = "可用" if document["in_force"] else "已停用" if document["retired_by"] else "待签发"
    return f"{document['release_id']}  规则 {document['rules_version']}  {state}"


def _effect_lines(effects: dict[str, Any]) -> list[str]:
    lines = [
        f"  {rule['rule_id']} {rule['title']}：影响 {rule['concerned']} 个，金额合计变化"
        f" {rule['amount_difference']['amount']} 元"
        for rule in effects.get("rules", [])
    ]
    lines += [f"  新增规则 {rule_id}" for rule_id in effects.get("added", [])]
    lines += [f"  删去规则 {rule_id}" for rule_id in effects.get("removed", [])]
    return lines or ["  没有人或单位的结果改变"]


@contextmanager
def _in_force(connection: Connection) -> Iterator[Rulebook]:
    """Give the rule book that was released last; where none was, the one on disk."""
    version = Releases(connection, at=moment()).newest_in_force()
    if version is None:
        yield rulebook()
        return
    with TemporaryDirectory() as scratch:
        yield DecisionRepository(connection).book(version, Path(scratch))


def _effects(connection: Connection, folder: Path, context: typer.Context) -> dict[str, Any]:
    """Return what a book would change, in counts: what is kept for ever names nobody."""
    on, proposed = session_of(context).settings.as_of, load_rulebook(folder)
    case = load_case(connection, program_subject())
    say(f"对照 {len(case.candidates)} 位求职者、{len(case.employers)} 家单位")
    with _in_force(connection) as now:
        facts = all_facts(case, now, on)
        found = preview(now, proposed, facts["person"], facts["employer"], on, facts["placement"]).as_dict()
    for rule in found["rules"]:  # type: ignore[attr-defined]  # a list of objects by construction
        rule.pop("examples")
    return found


@rules.command("propose")
def propose_command(
    context: typer.Context,
    login: Login,
    folder: Annotated[Path, typer.Argument(help="改动后的规则文件夹；不写就是随程序安装的规则")] = HOME,
) -> None:
    """提出一版规则：记下它使哪些结果改变，由另一人签发后方可据以答复。"""
    if not folder.is_dir():
        raise PipelineError("没有这个文件夹")
    engine = current_engine(context)
    subject = _signed_in(context, engine, login)
    with engine.connect() as connection:
        effects = _effects(connection, folder, context)
    with engine.begin() as connection:
        releases = Releases(connection, at=moment())
        releases.take_on(rulebook(), HOME, by=COMMAND_LINE)
        proposal = releases.propose(folder, effects, subject, as_of=session_of(context).settings.as_of)
        document = _document(Release(proposal, None, None, None, None, ()), answers=False)
    answer(context, document, lambda: [_line(document), *_effect_lines(effects)])


@rules.command("approve")
def approve_command(context: typer.Context, release_id: ReleaseId, login: Login) -> None:
    """签发他人提出的一版规则。"""
    _act(context, login, lambda releases, subject: releases.approve(release_id, subject))


@rules.command("retire")
def retire_command(context: typer.Context, release_id: ReleaseId, login: Login) -> None:
    """停用已签发的一版规则；一人即可停用。"""
    _act(context, login, lambda releases, subject: releases.retire(release_id, subject))


def _act(context: typer.Context, login: str, act: Any) -> None:
    engine = current_engine(context)
    subject = _signed_in(context, engine, login)
    with engine.begin() as connection:
        releases = Releases(connection, at=moment())
        release: Release = act(releases, subject)
        answers = any(one.proposal == release.proposal and holds for one, holds in releases.all())
    document = _document(release, answers=answers)
    answer(context, document, lambda: [_line(document), *_effect_lines(document["effects"])])


@rules.command("releases")
def releases_command(context: typer.Context) -> None:
    """列出提出、签发和停用的各版规则。"""
    with current_engine(context).connect() as connection:
        found = [_document(r, answers=holds) for r, holds in Releases(connection, at=moment()).all()]
    answer(context, {"releases": found}, lambda: [_line(one) for one in found] or ["还没有签发过规则"])
