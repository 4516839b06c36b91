"""`yougang models`: which versions there are, what is known of each, promotion and going back."""

import json
from pathlib import Path
from typing import Annotated

import typer

from api.session import answer, current_engine, session_of
from api.signing import signed_in
from pipelines.access.accounts import any_account
from pipelines.access.errors import Forbidden
from pipelines.access.roles import COMMAND_LINE, Action, By, Purpose, program_subject
from pipelines.model_documents import shown_version, version_document
from pipelines.quarter.register import Office, register_html
from pipelines.registry import Despite, Registry

versions = typer.Typer(help="模型版本：列出、查看、启用、恢复。", rich_markup_mode=None)

_STATUS = {"champion": "现用", "candidate": "未启用", "retired": "已停用"}


@versions.callback(invoke_without_command=True)
def models_list(context: typer.Context) -> None:
    """列出模型版本。"""
    if context.invoked_subcommand is not None:
        return
    with current_engine(context).begin() as connection:
        found = [version_document(v) for v in Registry(connection, session_of(context).settings.models).all()]
    answer(
        context,
        {"models": found},
        lambda: (
            [f"{v['version']}  {_STATUS[v['status']]}  学习到 {v['trained_until']}" for v in found] or ["还没有模型"]
        ),
    )


@versions.command("show")
def models_show(context: typer.Context, version: str) -> None:
    """查看一个版本：学到哪一天、核查结果、何人启用。"""
    with current_engine(context).begin() as connection:
        document = shown_version(Registry(connection, session_of(context).settings.models), version)
    answer(context, document, lambda: [json.dumps(document, ensure_ascii=False, indent=2)])


@versions.command("register")
def models_register(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", help="写到这个 HTML 文件")],
    office: Annotated[str | None, typer.Option(help="负责单位或负责人")] = None,
    contact: Annotated[str | None, typer.Option(help="联系方式")] = None,
) -> None:
    """把现用版本写成一页公开登记：用途、数据、怎样排序、局限、检验结果、谁负责。"""
    with current_engine(context).begin() as connection:
        registry = Registry(connection, session_of(context).settings.models)
        document = shown_version(registry, registry.in_use().version)
    out.write_text(register_html(document, Office(office, contact)), encoding="utf-8")
    answer(context, {"version": document["version"], "file": str(out)}, lambda: [f"已写出 {out}"])


@versions.command("promote")
def models_promote(
    context: typer.Context,
    version: str,
    despite: Annotated[
        str | None, typer.Option("--despite", help="没有经过核查或核查未通过而仍要启用的理由；连同何人启用一并保存")
    ] = None,
    login: Annotated[str | None, typer.Option("--login", help="说明理由的人的登录名；口令和动态口令随后输入")] = None,
    name: Annotated[str | None, typer.Option("--by", help="还没有账号的数据库：说明理由的人的姓名")] = None,
) -> None:
    """启用一个版本；没有经过季度核查或核查未通过的，须由制作人以外的另一人写明理由。"""
    by, said_by, is_named = who_acts(context, login, name)
    reason = None if despite is None else Despite(despite, said_by, is_named=is_named)
    with current_engine(context).begin() as connection:
        registry = Registry(connection, session_of(context).settings.models)
        document = version_document(registry.promote(version, by=by, despite=reason))
    answer(context, document, lambda: [f"已启用 {document['version']}"])


def who_acts(context: typer.Context, login: str | None, name: str | None) -> tuple[By, str, bool]:
    """Return who acts at the command line, under which name it is kept, and whether that name is known to be theirs.

    Who has an account signs in. Only in a database without accounts a name is taken as it is typed.
    """
    engine = current_engine(context)
    if login is not None:
        subject = signed_in(
            context,
            engine,
            login,
            Purpose.MODEL_TRAINING,
            lambda one: one.may(Action.WRITE_MODELS),
        )
        if subject is None:
            raise Forbidden("模型版本由分析人员启用")
        return subject.by, subject.by.actor, True
    by = program_subject().by
    if name is None or not name.strip():
        return by, COMMAND_LINE.actor, False
    with engine.connect() as connection:
        if any_account(connection):
            raise typer.BadParameter("已有账号的数据库须用 --login 登录，不能只写姓名", param_hint="--by")
    return by, f"named:{name.strip()}", True


@versions.command("rollback")
def models_rollback(context: typer.Context) -> None:
    """恢复上一个启用过的版本。"""
    with current_engine(context).begin() as connection:
        registry = Registry(connection, session_of(context).settings.models)
        document = version_document(registry.rollback(by=program_subject().by))
    answer(context, document, lambda: [f"已恢复 {document['version']}"])
