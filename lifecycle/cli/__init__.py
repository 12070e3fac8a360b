"""The command line. Exit codes: 0 done, 1 refused (the reasons are listed), 2 the command line itself is wrong.

Every command that prints data takes --json. The command line acts as "Command line" and can sign nothing.
"""

from __future__ import annotations

import typer

from lifecycle.cli import (
    audit,
    backups,
    exports,
    gates,
    guides,
    monitors,
    people,
    portfolio,
    projects,
    registers,
    releases,
    serving,
    tokens,
    triggers,
    worksheets,
)

main = typer.Typer(
    name="lifecycle",
    help="Plan machine-learning products from discovery to a production that never ends.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (serving, portfolio, gates, backups):
    main.add_typer(group.commands)
main.add_typer(serving.database_commands, name="db")
main.add_typer(registers.commands, name="import")
main.add_typer(projects.commands, name="project")
main.add_typer(audit.commands, name="audit")
main.add_typer(exports.commands, name="export")
main.add_typer(people.commands, name="people")
main.add_typer(tokens.commands, name="tokens")
main.add_typer(triggers.commands, name="triggers")
main.add_typer(monitors.monitor_commands, name="monitors")
main.add_typer(monitors.monitor_commands, name="monitor", hidden=True)  # as people type it for a single one
main.add_typer(monitors.reading_commands, name="readings")
main.add_typer(releases.commands, name="releases")
main.add_typer(guides.commands, name="guide")
main.add_typer(worksheets.commands, name="worksheet")
