"""The command line. Exit codes: 0 done, 1 refused (the reasons are listed), 2 the command line itself is wrong.

Every command that prints data takes --json. The command line acts as "Command line" and can sign nothing.
It speaks English, or the language that LIFECYCLE_LANGUAGE names; help texts, names in JSON and exit codes are the same
in each. A command is imported when it is called: importing all of them takes longer than most commands do.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

import typer
from typer.core import TyperGroup

from lifecycle.language import speaking
from lifecycle.settings import console_language

# Name -> module, and in it the group or the command on its own.
_COMMANDS = MappingProxyType(
    {
        "serve": "serving:serve",
        "demo": "serving:demo",
        "tick": "serving:tick",
        "portfolio": "portfolio:portfolio",
        "gate": "gates:gate",
        "backup": "backups:make_backup",
        "restore": "backups:restore_backup",
        "db": "serving:database_commands",
        "import": "registers:commands",
        "project": "projects:commands",
        "audit": "audit:commands",
        "export": "exports:commands",
        "people": "people:commands",
        "tokens": "tokens:commands",
        "triggers": "triggers:commands",
        "monitors": "monitors:monitor_commands",
        "monitor": "monitors:monitor_commands",  # as people type it for a single one
        "readings": "monitors:reading_commands",
        "releases": "releases:commands",
        "guide": "guides:commands",
        "worksheet": "worksheets:commands",
    }
)
_HIDDEN = frozenset({"monitor"})


class _Commands(MutableMapping[str, Any]):
    """The commands by name, each made when it is first asked for."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        place = _COMMANDS[name]
        if name not in self._made:
            try:
                self._made[name] = _command(name, place)
            except KeyError as error:  # a bug on the way, which must not read as a command that is not there
                raise RuntimeError(f"{place} cannot be loaded") from error
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)


def _command(name: str, place: str) -> Any:
    module, _, member = place.partition(":")
    found = getattr(import_module(f"lifecycle.cli.{module}"), member)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(name)(found)
        return typer.main.get_command(alone)
    made = typer.main.get_group(found)
    made.name, made.hidden = name, name in _HIDDEN
    return made


class _Lifecycle(TyperGroup):
    """The commands themselves, in the order of the help text."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Commands()


main = typer.Typer(
    name="lifecycle",
    cls=_Lifecycle,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@main.callback()
def lifecycle(context: typer.Context) -> None:
    """Plan machine-learning products from discovery to a production that never ends."""
    # Until the command has ended.
    context.with_resource(speaking(console_language()))
