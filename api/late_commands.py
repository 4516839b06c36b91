"""Commands that are read in when they are called: a list of due services needs no ranking model to be read in first."""

from collections.abc import Iterator, MutableMapping
from typing import Any

import typer
from typer.core import TyperGroup

# In the order of `yougang --help`.
COMMANDS = (
    "quarter",
    "drift",
    "quota",
    "plan-work",
    "extract",
    "erase",
    "retention",
    "due",
    "tasks",
    "plans",
    "ventures",
    "publicity",
    "duplicates",
    "initiatives",
    "offers",
    "backup",
    "restore",
    "serve",
    "import",
    "export",
    "template",
    "shortlist",
    "candidates-for",
    "unlock",
    "courses",
    "recourse",
    "train",
    "evaluate",
    "batch",
    "balance",
    "demo",
    "db",
    "models",
    "accounts",
    "rules",
    "benefits",
    "report",
    "exchange",
    "notices",
    "messages",
    "handovers",
)


def _read_in(name: str) -> Any:
    """Return the function of a command or the `typer.Typer` of a group; its module is read in now.

    Written out, so that the checks see what can be read in here.
    """
    match name:
        case "quarter":
            from api.quarter_commands import quarter

            return quarter
        case "drift":
            from api.quarter_commands import drift_command

            return drift_command
        case "quota":
            from api.benefit_commands import quota_command

            return quota_command
        case "plan-work":
            from api.plan_commands import plan_work

            return plan_work
        case "extract":
            from api.person_commands import extract

            return extract
        case "erase":
            from api.person_commands import erase

            return erase
        case "retention":
            from api.person_commands import retention

            return retention
        case "due":
            from api.duty_commands import due

            return due
        case "tasks":
            from api.task_commands import tasks

            return tasks
        case "plans":
            from api.plan_commands import plans

            return plans
        case "ventures":
            from api.plan_commands import ventures

            return ventures
        case "publicity":
            from api.plan_commands import publicity

            return publicity
        case "duplicates":
            from api.duplicate_commands import duplicates

            return duplicates
        case "initiatives":
            from api.initiative_commands import initiatives

            return initiatives
        case "offers":
            from api.initiative_commands import offers

            return offers
        case "backup":
            from api.operation_commands import backup_command

            return backup_command
        case "restore":
            from api.operation_commands import restore_command

            return restore_command
        case "serve":
            from api.operation_commands import serve

            return serve
        case "import":
            from api.data_commands import import_table

            return import_table
        case "export":
            from api.data_commands import export_table

            return export_table
        case "template":
            from api.data_commands import template

            return template
        case "shortlist":
            from api.list_commands import shortlist

            return shortlist
        case "candidates-for":
            from api.list_commands import candidates_for

            return candidates_for
        case "unlock":
            from api.list_commands import unlock

            return unlock
        case "courses":
            from api.list_commands import courses_command

            return courses_command
        case "recourse":
            from api.list_commands import recourse_command

            return recourse_command
        case "train":
            from api.training_commands import train_model

            return train_model
        case "evaluate":
            from api.training_commands import evaluate_models

            return evaluate_models
        case "batch":
            from api.list_commands import batch

            return batch
        case "balance":
            from api.list_commands import balance

            return balance
        case "demo":
            from api.demo_command import demo

            return demo
        case "db":
            from api.data_commands import database

            return database
        case "models":
            from api.live_test_commands import versions

            return versions
        case "accounts":
            from api.account_commands import accounts

            return accounts
        case "rules":
            from api.release_commands import rules

            return rules
        case "benefits":
            from api.benefit_commands import benefits

            return benefits
        case "report":
            from api.report_commands import reports

            return reports
        case "exchange":
            from api.exchange_commands import exchange

            return exchange
        case "notices":
            from api.notice_commands import notices

            return notices
        case "messages":
            from api.message_commands import messages

            return messages
        case "handovers":
            from api.handover_commands import handovers

            return handovers
        case _:
            raise KeyError(name)


class LateCommands(MutableMapping[str, Any]):
    """The commands by name, each built when it is asked for."""

    def __init__(self) -> None:
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            self._built[name] = _command(name, _read_in(name))
        return self._built[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._built[name] = command

    def __delitem__(self, name: str) -> None:
        raise TypeError("a command is not taken away")

    def __contains__(self, name: object) -> bool:
        return name in COMMANDS or name in self._built

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*COMMANDS, *self._built)))

    def __len__(self) -> int:
        return len({*COMMANDS, *self._built})


class LateGroup(TyperGroup):
    """A group whose commands are those above."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = LateCommands()


def _command(name: str, found: Any) -> Any:
    if isinstance(found, typer.Typer):
        built: Any = typer.main.get_group(found)
        built.name = name
        return built
    one = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    one.command(name)(found)
    return typer.main.get_command(one)
