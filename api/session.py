"""What every command shares: its settings, messages on standard error, one answer on standard output."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import typer
from sqlalchemy import Engine

from api.settings import Settings, keys_beside, read_keys
from pipelines.access.errors import KeysMissing
from pipelines.access.vault import new_key
from pipelines.store.sealed import is_sealed
from pipelines.store.session import engine_for, upgrade


@dataclass(frozen=True, slots=True)
class Session:
    """What every command is given: the settings, and whether the answer is wanted as JSON.

    Settings are read when a command asks for them: help and a new key are there also where the key file is not.
    """

    given: Settings | Callable[[], Settings]
    wants_json: bool

    @property
    def settings(self) -> Settings:
        """Return the settings."""
        return self.given if isinstance(self.given, Settings) else self.given()


def session_of(context: typer.Context) -> Session:
    """Return the session of a command."""
    session: Session = context.obj
    return session


def say(text: str) -> None:
    """Write a message or progress; never part of the answer."""
    typer.echo(text, err=True)


def answer(context: typer.Context, document: Any, lines: Callable[[], Sequence[str]]) -> None:
    """Write the answer: the document where JSON is wanted, else the lines."""
    if session_of(context).wants_json:
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        for line in lines():
            typer.echo(line)


def current_engine(context: typer.Context) -> Engine:
    """Return the database with its schema at the newest and the keys that seal it."""
    settings = with_keys(session_of(context).settings)
    engine = engine_for(settings.database_url, settings.keys)
    upgrade(engine)
    return engine


def with_keys(settings: Settings) -> Settings:
    """Return the settings with keys; for a database that nothing was sealed in yet they are made, and it is said where.

    Raises
    ------
    KeysMissing
        When the database was sealed with keys that are not here: new ones would not open it.
    """
    if settings.keys:
        return settings
    file = keys_beside(settings.database_url, settings.models)
    if file.exists():
        return replace(settings, keys=read_keys(file))
    if _is_sealed(settings):
        raise KeysMissing(
            f"缺少加密这个数据库时所用的密钥：请把密钥文件放回 {file}，或设置 YOUGANG_KEY_FILE；不会另造新密钥"
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    line = new_key("k1")
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process made it at the same moment
        return replace(settings, keys=read_keys(file))
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(f"{line}\n")
        stream.flush()
        os.fsync(stream.fileno())
    say(f"已生成加密密钥，存于 {file}。请另行妥善备份：没有密钥，数据库及其备份中的个人信息无法恢复。")
    return replace(settings, keys=line)


def _is_sealed(settings: Settings) -> bool:
    if settings.sqlite_file is not None and not settings.sqlite_file.exists():
        return False
    engine = engine_for(settings.database_url)
    try:
        return is_sealed(engine)
    finally:
        engine.dispose()
