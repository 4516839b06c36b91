"""Commands that are read in when they are called: a list of due services needs no ranking model to be read in first."""

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup


class LateCommands(MutableMapping[str, Any]):
    """The commands by name, each built when it is asked for; their order is that of the table.

    `places` holds a module and a name in it: a function is one command, a `typer.Typer` a group of them.
    """

    def __init__(self, places: Mapping[str, tuple[str, str]]) -> None:
        self._places = dict(places)
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            module, attribute = self._places[name]
            self._built[name] = _command(name, getattr(import_module(module), attribute))
        return self._built[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._built[name] = command

    def __delitem__(self, name: str) -> None:
        self._places.pop(name, None)
        self._built.pop(name, None)

    def __contains__(self, name: object) -> bool:
        return name in self._places or name in self._built

    def __iter__(self) -> Iterator[str]:
        return iter({**self._places, **self._built})

    def __len__(self) -> int:
        return len({**self._places, **self._built})


def late_group(places: Mapping[str, tuple[str, str]]) -> type[TyperGroup]:
    """Return the class of a group whose commands are those of the table, read in one by one."""

    class LateGroup(TyperGroup):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.commands = LateCommands(places)

    return LateGroup


def _command(name: str, found: Any) -> Any:
    if isinstance(found, typer.Typer):
        built: Any = typer.main.get_group(found)
        built.name = name
        return built
    one = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    one.command(name)(found)
    return typer.main.get_command(one)
