"""`yougang accounts client …` and `… import-key …`: programs of organisations; every act is in the audit.

A secret is printed once. From the first client on the service must not serve strangers as its one trusted user, so an
administrator comes first.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from api.clock import moment
from api.session import answer, current_engine, say
from pipelines.access.accounts import any_account
from pipelines.access.audit import record
from pipelines.access.clients import OVERLAP, Client, Clients
from pipelines.access.errors import AccountRefused
from pipelines.access.import_keys import MOST_DAYS, ImportKey, ImportKeys
from pipelines.access.keyed import metrics_tokens
from pipelines.access.roles import COMMAND_LINE, Action, Role
from pipelines.store.sealed import vault_of

client = typer.Typer(
    help="程序客户端（OAuth 2）：新增、换密钥、停用与列出。", no_args_is_help=True, rich_markup_mode=None
)
import_key = typer.Typer(help="导入密钥：新增、撤销与列出。", no_args_is_help=True, rich_markup_mode=None)
OrganisationOption = Annotated[str, typer.Option("--organisation", help="机构编号")]
RoleOption = Annotated[Role, typer.Option("--role", help="角色")]
ScopeOption = Annotated[list[Action], typer.Option("--scope", help="权限，可多次给出，如 vacancies.read")]
Name = Annotated[str, typer.Argument(help="名称，如平台或系统名")]
ClientId = Annotated[str, typer.Argument(help="客户端编号")]
KeyId = Annotated[str, typer.Argument(help="导入密钥编号")]


@contextmanager
def _opened(context: typer.Context) -> Iterator[Connection]:
    with current_engine(context).begin() as connection:
        if not any_account(connection):
            raise AccountRefused("请先设立首位管理员：accounts first-administrator")
        yield connection


def _clients(connection: Connection) -> Clients:
    return Clients(connection, vault=vault_of(connection), now=moment())


def _keys(connection: Connection) -> ImportKeys:
    return ImportKeys(connection, vault=vault_of(connection), now=moment())


def _answer_secret(context: typer.Context, known_as: str, value: str, document: dict[str, Any]) -> None:
    say("密钥只显示这一次，请经安全渠道交给使用方。")
    answer(context, document, lambda: [f"{known_as}  {value}"])


@client.command("add")
def client_add(
    context: typer.Context, name: Name, organisation_id: OrganisationOption, role: RoleOption, scope: ScopeOption
) -> None:
    """新增客户端，打印其密钥；能做的事是角色权限与所给权限的交集。"""
    with _opened(context) as connection:
        made, secret = _clients(connection).add(name, organisation_id, role, scope, by=COMMAND_LINE)
    _answer_secret(context, made.client_id, secret, {**_client_document(made), "client_secret": secret})


@client.command("rotate")
def client_rotate(
    context: typer.Context,
    client_id: ClientId,
    days: Annotated[int, typer.Option("--overlap-days", min=0, max=90, help="旧密钥还可使用的天数")] = OVERLAP.days,
) -> None:
    """换发密钥；旧密钥在重叠期内仍可使用。"""
    with _opened(context) as connection:
        secret = _clients(connection).rotate(client_id, by=COMMAND_LINE, overlap=timedelta(days=days))
    _answer_secret(context, client_id, secret, {"client_id": client_id, "client_secret": secret, "overlap_days": days})


@client.command("limit")
def client_limit(context: typer.Context, client_id: ClientId, scope: ScopeOption) -> None:
    """改定客户端的权限；已发出的令牌下一次请求起失去收回的权限。"""
    with _opened(context) as connection:
        changed = _clients(connection).limit(client_id, scope, by=COMMAND_LINE)
    answer(context, _client_document(changed), lambda: ["已改定"])


@client.command("disable")
def client_disable(context: typer.Context, client_id: ClientId) -> None:
    """停用客户端，其令牌下一次请求起失效。"""
    with _opened(context) as connection:
        _clients(connection).disable(client_id, by=COMMAND_LINE)
    answer(context, {"client_id": client_id, "status": "disabled"}, lambda: ["已停用"])


@client.command("list")
def client_list(context: typer.Context) -> None:
    """列出客户端；并说明有多少密钥仍依赖旧的加密密钥。"""
    with _opened(context) as connection:
        found, n_outdated = _clients(connection).all(), _clients(connection).outdated_secrets()
        record(connection, COMMAND_LINE, "client.list", object_kind="client")
    document = {"clients": [_client_document(one) for one in found], "outdated_secrets": n_outdated}
    answer(context, document, lambda: [_client_line(one) for one in found] or ["还没有客户端"])


def _client_document(of: Client) -> dict[str, Any]:
    return {
        "client_id": of.client_id,
        "name": of.name,
        "organisation_id": of.organisation_id,
        "role": of.role.value,
        "scopes": sorted(action.value for action in of.scopes),
        "status": "disabled" if of.is_disabled else "active",
    }


def _client_line(of: Client) -> str:
    state = "已停用" if of.is_disabled else "可用"
    return f"{of.client_id}  {of.name}  {of.organisation_id}  {of.role.value}  {state}"


@import_key.command("add")
def import_key_add(
    context: typer.Context,
    name: Name,
    organisation_id: OrganisationOption,
    role: RoleOption,
    days: Annotated[int, typer.Option("--days", help=f"有效天数，最多 {MOST_DAYS}")] = MOST_DAYS,
) -> None:
    """新增导入密钥，打印一次；只能用于导入。"""
    with _opened(context) as connection:
        made, text = _keys(connection).add(name, organisation_id, role, days=days, by=COMMAND_LINE)
    _answer_secret(context, made.key_id, text, {**_key_document(made), "key": text})


@import_key.command("revoke")
def import_key_revoke(context: typer.Context, key_id: KeyId) -> None:
    """撤销导入密钥，下一次请求起失效。"""
    with _opened(context) as connection:
        _keys(connection).revoke(key_id, by=COMMAND_LINE)
    answer(context, {"key_id": key_id, "status": "revoked"}, lambda: ["已撤销"])


@import_key.command("list")
def import_key_list(context: typer.Context) -> None:
    """列出导入密钥及其最近使用时间。"""
    with _opened(context) as connection:
        found = _keys(connection).all()
        record(connection, COMMAND_LINE, "import_key.list", object_kind="import_key")
    document = {"import_keys": [_key_document(one) for one in found]}
    answer(context, document, lambda: [_key_line(one) for one in found] or ["还没有导入密钥"])


def metrics_token(context: typer.Context) -> None:
    """打印读取 /metrics 的令牌（Authorization: Bearer …）；由加密密钥导出，更换密钥后随之更换。"""
    with current_engine(context).begin() as connection:
        token = metrics_tokens(vault_of(connection))[0]
        record(connection, COMMAND_LINE, "metrics.token", object_kind="vault")
    answer(context, {"metrics_token": token}, lambda: [token])


def _key_document(of: ImportKey) -> dict[str, Any]:
    return {
        "key_id": of.key_id,
        "name": of.name,
        "organisation_id": of.organisation_id,
        "role": of.role.value,
        "expires_at": of.expires_at.isoformat(),
        "last_used_at": None if of.last_used_at is None else of.last_used_at.isoformat(),
        "status": "revoked" if of.is_revoked else "active",
    }


def _key_line(of: ImportKey) -> str:
    used = "从未使用" if of.last_used_at is None else f"最近使用 {of.last_used_at.date().isoformat()}"
    state = "已撤销" if of.is_revoked else f"有效至 {of.expires_at.date().isoformat()}"
    return f"{of.key_id}  {of.name}  {of.organisation_id}  {of.role.value}  {state}  {used}"
