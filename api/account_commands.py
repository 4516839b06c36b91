"""`yougang accounts …`: the first administrator, organisations, users and keys; every act is in the audit.

Whoever may run these on the machine of the database acts as "command-line". A password is printed once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from api.clock import moment
from api.idempotency import KEPT_FOR
from api.machine_commands import client, import_key, metrics_token
from api.session import answer, current_engine, say, session_of
from matching.identity import IdentityError, check_credit_code
from matching.regions import GANSU
from pipelines.access.accounts import ONE_TIME_FOR, Accounts
from pipelines.access.audit import record
from pipelines.access.errors import AccountRefused
from pipelines.access.organisations import Organisation, Organisations, office_id
from pipelines.access.passwords import Passwords
from pipelines.access.roles import COMMAND_LINE, OrganisationId, OrganisationKind, Role
from pipelines.access.vault import Vault, new_key
from pipelines.rule_release.releases import Releases
from pipelines.store.resealing import reseal_all
from pipelines.store.sealed import vault_of

accounts = typer.Typer(help="机构、账号与密钥。", no_args_is_help=True, rich_markup_mode=None)
organisation = typer.Typer(help="机构：新增与列出。", no_args_is_help=True, rich_markup_mode=None)
user = typer.Typer(help="用户：新增、授权、锁定与恢复。", no_args_is_help=True, rich_markup_mode=None)
accounts.add_typer(organisation, name="organisation")
accounts.add_typer(user, name="user")
accounts.add_typer(client, name="client")
accounts.add_typer(import_key, name="import-key")
accounts.command("metrics-token")(metrics_token)
Login = Annotated[str, typer.Argument(help="登录名")]
OrganisationOption = Annotated[str, typer.Option("--organisation", help="机构编号")]
RoleOption = Annotated[Role, typer.Option("--role", help="角色")]


@contextmanager
def _opened(context: typer.Context) -> Iterator[Accounts]:
    with current_engine(context).begin() as connection:
        yield Accounts(connection, passwords=Passwords(), vault=vault_of(connection), now=moment())


def _answer_password(context: typer.Context, login: str, password: str) -> None:
    hours = int(ONE_TIME_FOR.total_seconds() // 3600)
    say(f"一次性密码只显示这一次，{hours} 小时内有效，首次登录须修改；请当面或经安全渠道交给本人。")
    answer(context, {"login": login, "one_time_password": password}, lambda: [f"{login}  {password}"])


@accounts.command("first-administrator")
def first_administrator(context: typer.Context, login: Login) -> None:
    """设立首位管理员（省级）；已有管理员时拒绝。设立后，服务即要求登录。"""
    with _opened(context) as people:
        if people.has_administrator():
            raise AccountRefused("已有管理员；请用 accounts user add 新增")
        organisations = Organisations(people.connection)
        if organisations.find(office_id(GANSU)) is None:
            organisations.seed_gansu(by=COMMAND_LINE)
        account, password = people.create(login, login, by=COMMAND_LINE)
        since = session_of(context).settings.as_of
        people.grant(account.user_id, office_id(GANSU), Role.ADMINISTRATOR, by=COMMAND_LINE, since=since)
    _answer_password(context, account.login, password)


@accounts.command("seed-gansu")
def seed_gansu(context: typer.Context) -> None:
    """录入甘肃省、14个市州、兰州新区、甘肃矿区和各县区的机构；已有的不动。"""
    with _opened(context) as people:
        n_added = Organisations(people.connection).seed_gansu(by=COMMAND_LINE)
    answer(context, {"added": n_added}, lambda: [f"新增机构 {n_added} 个"])


@accounts.command("new-key")
def key(context: typer.Context, key_id: Annotated[str, typer.Argument(help="密钥编号，如 k2026")]) -> None:
    """生成一个加密密钥；放在密钥文件的第一行（旧密钥留在其后），再运行 accounts reseal。"""
    line = new_key(key_id)
    Vault.read(line)
    answer(context, {"key": line}, lambda: [line])


@accounts.command("reseal")
def reseal(context: typer.Context) -> None:
    """把旧密钥加密的内容改用当前密钥加密；并说明旧密钥现在能否移出密钥文件。"""
    with _opened(context) as people:
        n_secrets = people.reseal(by=COMMAND_LINE)
        Releases(people.connection, at=moment()).sign_anew(by=COMMAND_LINE)
    done = reseal_all(current_engine(context), by=COMMAND_LINE, answers_since=moment() - KEPT_FOR)
    n_sealed = n_secrets + done.n
    then = (
        "旧密钥可以移出密钥文件（先用 accounts client list 查看是否还有客户端依赖它）"
        if done.is_done
        else "旧密钥还要保留：现用模型是用它学习的，请重新训练并启用新版本，再运行一次"
        if done.is_held_by_model
        else "旧密钥还要保留：一天内的请求编号须用它识别，满一天后请再运行一次"
    )
    document = {"resealed": n_sealed, "older_keys_needed": not done.is_done}
    answer(context, document, lambda: [f"已用当前密钥重新加密 {n_sealed} 项", then])


@organisation.command("add")
def organisation_add(
    context: typer.Context,
    organisation_id: Annotated[str, typer.Argument(help="机构编号")],
    name: Annotated[str, typer.Argument(help="名称")],
    kind: Annotated[OrganisationKind, typer.Option("--kind", help="类别")],
    parent: Annotated[str | None, typer.Option("--parent", help="上级机构编号")] = None,
    codes: Annotated[list[str] | None, typer.Option("--code", help="负责的行政区划代码，可多次给出")] = None,
    employer_id: Annotated[str | None, typer.Option("--employer", help="用人单位的统一社会信用代码")] = None,
) -> None:
    """新增一个机构；用人单位须写明统一社会信用代码，凭此看到自己的岗位。"""
    _accept_employer(kind, employer_id)
    upper = None if parent is None else OrganisationId(parent)
    added = Organisation(OrganisationId(organisation_id), kind, name, upper, employer_id)
    with _opened(context) as people:
        Organisations(people.connection).add(added, codes or [], by=COMMAND_LINE)
    answer(context, _organisation_document(added), lambda: [f"已新增机构 {organisation_id}"])


def _accept_employer(kind: OrganisationKind, employer_id: str | None) -> None:
    """Refuse a company without its credit code: nothing would be its own, and nobody would see why."""
    if (kind is OrganisationKind.EMPLOYER) != (employer_id is not None):
        raise AccountRefused("用人单位须写明统一社会信用代码（--employer），其他机构没有")
    if employer_id is None:
        return
    try:
        check_credit_code(employer_id)
    except IdentityError as error:
        raise AccountRefused(str(error)) from error


@organisation.command("list")
def organisation_list(context: typer.Context) -> None:
    """列出机构。"""
    with _opened(context) as people:
        found = Organisations(people.connection).all()
        record(people.connection, COMMAND_LINE, "organisation.list", object_kind="organisation")
    answer(
        context,
        {"organisations": [_organisation_document(o) for o in found]},
        lambda: (
            [f"{o.organisation_id}  {o.kind.value}  {o.name}  {o.parent_id or o.employer_id or ''}" for o in found]
            or ["还没有机构"]
        ),
    )


def _organisation_document(of: Organisation) -> dict[str, Any]:
    return {
        "organisation_id": of.organisation_id,
        "kind": of.kind.value,
        "name": of.name,
        "parent_id": of.parent_id,
        "employer_id": of.employer_id,
    }


@user.command("add")
def user_add(
    context: typer.Context,
    login: Login,
    organisation_id: OrganisationOption,
    role: RoleOption,
    name: Annotated[str | None, typer.Option("--name", help="显示的姓名，默认同登录名")] = None,
) -> None:
    """新增用户并授予角色，打印一次性密码。"""
    with _opened(context) as people:
        account, password = people.create(login, name or login, by=COMMAND_LINE)
        since = session_of(context).settings.as_of
        people.grant(account.user_id, organisation_id, role, by=COMMAND_LINE, since=since)
    _answer_password(context, account.login, password)


@user.command("grant")
def user_grant(context: typer.Context, login: Login, organisation_id: OrganisationOption, role: RoleOption) -> None:
    """授予已有用户一个角色。"""
    with _opened(context) as people:
        since = session_of(context).settings.as_of
        people.grant(people.get(login).user_id, organisation_id, role, by=COMMAND_LINE, since=since)
    answer(context, {"login": login, "role": role.value}, lambda: ["已授权"])


@user.command("withdraw")
def user_withdraw(context: typer.Context, login: Login, organisation_id: OrganisationOption, role: RoleOption) -> None:
    """收回一个角色，下一次请求起生效。"""
    with _opened(context) as people:
        people.withdraw(people.get(login).user_id, organisation_id, role, by=COMMAND_LINE)
    answer(context, {"login": login, "role": role.value}, lambda: ["已收回"])


@user.command("lock")
def user_lock(context: typer.Context, login: Login) -> None:
    """锁定账号，结束其全部会话。"""
    with _opened(context) as people:
        people.lock(people.get(login).user_id, by=COMMAND_LINE)
    answer(context, {"login": login, "status": "locked"}, lambda: ["已锁定"])


@user.command("unlock")
def user_unlock(context: typer.Context, login: Login) -> None:
    """解除锁定。"""
    with _opened(context) as people:
        people.unlock(people.get(login).user_id, by=COMMAND_LINE)
    answer(context, {"login": login, "status": "active"}, lambda: ["已解除锁定"])


@user.command("reset")
def user_reset(
    context: typer.Context,
    login: Login,
    second_factor: Annotated[bool, typer.Option("--second-factor", help="同时取消动态口令")] = False,
) -> None:
    """换发一次性密码，结束其全部会话。"""
    with _opened(context) as people:
        account = people.get(login)
        password = people.reset(account.user_id, by=COMMAND_LINE, second_factor=second_factor)
    _answer_password(context, account.login, password)
