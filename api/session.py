"""What every command shares: its settings, messages on standard error, one answer on standard output."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import typer
from sqlalchemy import Engine

from api.settings import Settings
from pipelines.store.session import engine_for, upgrade


@dataclass(frozen=True, slots=True)
class Session:
    """What every command is given: the settings, and whether the answer is wanted as JSON."""

    settings: Settings
    wants_json: bool


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
    """Return the database with its schema at the newest."""
    engine = engine_for(session_of(context).settings.database_url)
    upgrade(engine)
    return engine
