"""`yougang backup`, `yougang restore` and `yougang serve`: what whoever runs the machine does."""

import gc
import sys
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from fastapi import FastAPI
from threadpoolctl import threadpool_limits

from api.clock import moment
from api.logs import log_as_json
from api.session import answer, say, session_of, with_keys
from api.settings import Settings, hand_down, sqlite_file
from pipelines.access.accounts import any_account
from pipelines.access.roles import COMMAND_LINE
from pipelines.access.vault import Vault
from pipelines.archive import as_document
from pipelines.backup import Restored, backup, restore, verify
from pipelines.errors import PipelineError
from pipelines.store.session import engine_for, upgrade

LOOPBACK = "127.0.0.1"
GRACE_SECONDS = 30
"""How long requests that are running may still take after the service was told to stop."""
_TURN_SECONDS = 0.0005
_LITTER = 20_000
_SLOW_START_SECONDS = 120
"""On a busy machine a process takes long to begin; given up too early it would begin again and again."""
_IDLE_SECONDS = 75
"""Longer than the proxy before it keeps a connection (60 s), so that none is shut while a request is on its way."""
WithoutKeys = Annotated[bool, typer.Option("--without-keys", help="没有密钥也继续：加密内容照样恢复，但不检验能否打开")]


def backup_command(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="备份文件，不能已存在")],
) -> None:
    """备份整个数据库：同一时刻的所有表，加密内容保持加密，不含密钥。"""
    settings = session_of(context).settings
    _refuse_nothing(settings)
    engine = engine_for(settings.database_url, settings.keys)
    try:
        manifest = backup(engine, out, vault=Vault.read(settings.keys), by=COMMAND_LINE, at=moment())
    finally:
        engine.dispose()
    document = {**as_document(manifest), "file": str(out)}
    say("密钥不在备份中：请把密钥文件另外保存在别处。没有密钥，加密的内容无法恢复。")
    answer(context, document, lambda: [f"已备份 {len(manifest.parts)} 张表、{manifest.n_rows} 行到 {out}"])


def _refuse_nothing(settings: Settings) -> None:
    file = settings.sqlite_file
    if file is not None and not file.exists():
        raise PipelineError("没有这个数据库文件，没有可备份的内容")


def restore_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="备份文件")],
    into: Annotated[str | None, typer.Option("--into", help="恢复到哪个空数据库的地址")] = None,
    is_rehearsal: Annotated[bool, typer.Option("--verify", help="只检验：恢复到临时数据库再丢弃")] = False,
    without_keys: WithoutKeys = False,
) -> None:
    """把备份恢复到一个空数据库，逐行核对，检验审计链和密钥；可从 SQLite 恢复到 PostgreSQL，反之亦可。"""
    if (into is None) != is_rehearsal:
        raise typer.BadParameter("请给出 --into 地址，或只检验：--verify")
    if into is None:
        done = verify(file, keys=session_of(context).settings.keys, without_keys=without_keys)
    else:
        done = restore(file, into, keys=Settings.of(into).keys, without_keys=without_keys)
    answer(context, _document(done, is_rehearsal), lambda: _lines(done, is_rehearsal))


def _document(done: Restored, is_rehearsal: bool) -> dict[str, Any]:
    return {
        **as_document(done.manifest),
        "restored": not is_rehearsal,
        "opened": done.n_opened,
        "marked": done.is_marked,
        "schema": done.revision,
    }


def _lines(done: Restored, is_rehearsal: bool) -> list[str]:
    manifest = done.manifest
    verb = "可以恢复" if is_rehearsal else "已恢复"
    return [
        f"{verb} {len(manifest.parts)} 张表、{manifest.n_rows} 行，与备份逐行相同",
        f"审计链完整，到第 {manifest.audit_sequence} 条（{manifest.audit_hash[:16]}）",
        f"加密内容 {done.n_opened} 项可以打开" if done.n_opened else "没有检验加密内容",
        "备份的签记有效" if done.is_marked else "备份没有可核对的签记",
    ]


def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="进程数，多于一个须用 PostgreSQL")] = 1,
    is_behind_proxy: Annotated[
        bool, typer.Option("--behind-proxy", help="前面有本机的反向代理：相信它写的 X-Forwarded-For/-Proto")
    ] = False,
) -> None:
    """在本机 127.0.0.1 提供 API；建立第一个账号之后须登录，此前只供本机一位可信使用者。"""
    import uvicorn

    settings = with_keys(session_of(context).settings)
    if workers > 1 and sqlite_file(settings.database_url) is not None:
        raise PipelineError("SQLite 数据库只用一个进程；多个进程请用 PostgreSQL")
    say(f"在 http://{LOOPBACK}:{port} 提供服务，只绑定本机地址。{_who_comes_in(settings)}")
    uvicorn.run(
        partial(_served, settings) if workers == 1 else _for_processes(settings),
        factory=True,
        host=LOOPBACK,
        port=port,
        workers=workers,
        proxy_headers=is_behind_proxy,
        forwarded_allow_ips=LOOPBACK,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_worker_healthcheck=_SLOW_START_SECONDS,
        log_config=None,
        log_level="warning",
    )


def _who_comes_in(settings: Settings) -> str:
    """Say whether people sign in, which whoever starts the service has to know."""
    engine = engine_for(settings.database_url, settings.keys)
    try:
        upgrade(engine)
        with engine.connect() as connection:
            has_accounts = any_account(connection)
    finally:
        engine.dispose()
    return "须登录后使用。" if has_accounts else "还没有账号：本机的任何人不须登录即可使用（见 docs/access.md）。"


def _served(settings: Settings) -> FastAPI:
    from api.app import create_app

    log_as_json()
    share_the_processor()
    return create_app(settings)


def share_the_processor() -> None:
    """Let short answers through while a list is made.

    A thread that reckons gives way ten times as often as Python has it, for a read of a few milliseconds waits its turn
    at every step; and products of matrices take one processor, since idle helpers of theirs spin on the other. Requests
    leave little behind that refers to itself: the collector looks for it after some dozens, not within each.
    """
    sys.setswitchinterval(_TURN_SECONDS)
    gc.set_threshold(_LITTER)
    threadpool_limits(limits=1, user_api="blas")


def _for_processes(settings: Settings) -> str:
    """Make sure once of what each process would; they begin from nothing but the environment and this name."""
    engine = engine_for(settings.database_url, settings.keys)
    upgrade(engine)
    engine.dispose()
    hand_down(settings)
    return "api.operation_commands:served_by_each"


def served_by_each() -> FastAPI:
    """Return the application over the database that the environment names; what uvicorn calls in each process."""
    return _served(Settings.of())
