"""Serving, the database's schema, the example portfolio, and the jobs once."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from lifecycle.cli.edge import AsJson, guide_of_files, now, opened, print_json, refusals, the_guide
from lifecycle.demo import build_example
from lifecycle.jobs import Jobs
from lifecycle.language import counted, say
from lifecycle.settings import PROJECT_ROOT, read_settings
from lifecycle.store.copying import CopiedTable, copy_database, digests
from lifecycle.store.database import open_database
from lifecycle.store.files import open_files
from lifecycle.store.migrations import check_schema
from lifecycle.store.tallies import retally
from lifecycle.vocabulary import COMMAND_LINE

database_commands = typer.Typer(help="The database's schema.", no_args_is_help=True)


def serve() -> None:
    """Serve at http://localhost:8501, or at the port that PORT names."""
    # app.py is the outermost ring and imports everything: it takes this process over.
    os.execv(sys.executable, [sys.executable, str(PROJECT_ROOT / "app.py")])


@database_commands.command("upgrade")
def database_upgrade() -> None:
    """Bring the database to this version's schema."""
    with refusals(), opened():
        typer.echo(say("The database is up to date."))


@database_commands.command("check")
def database_check(as_json: AsJson = False) -> None:
    """Say whether the database fits this version; exit code 1 when it does not."""
    with refusals(as_json):
        database = open_database(read_settings().database_url)
        try:
            problem = check_schema(database)
        finally:
            database.dispose()
    if as_json:
        print_json({"up_to_date": problem is None, "problem": problem})
    else:
        typer.echo(problem or say("The database is up to date."), err=problem is not None)
    raise typer.Exit(1 if problem else 0)


@database_commands.command("tally")
def database_tally() -> None:
    """Count the portfolio's tallies anew from all rows; past days follow within the hour."""
    with refusals(), opened() as database, database.write() as session:
        retally(session.connection())
    typer.echo(say("The tallies are counted anew."))


@database_commands.command("copy")
def database_copy(
    target: Annotated[
        str, typer.Argument(help="Address of an empty database, as postgresql://… or sqlite:///…")
    ],
    as_json: AsJson = False,
) -> None:
    """Copy the whole database into an empty one, compare every row, and keep nothing when one differs.

    For moving from SQLite to PostgreSQL: stop the server, copy, set LIFECYCLE_DATABASE_URL, start it again.
    """
    with refusals(as_json):
        there = open_database(target)
        try:
            with opened() as here:
                copied = copy_database(here, there)
        finally:
            there.dispose()
    rows = sum(each.rows for each in copied)
    if as_json:
        print_json({"target": there.url, "rows": rows, "tables": _as_json(copied)})
        return
    _print_tables(copied)
    typer.echo(
        say("{rows} copied to {address}, every one compared.", rows=counted(rows, "row"), address=there.url)
    )


@database_commands.command("digest")
def database_digest(as_json: AsJson = False) -> None:
    """Print how many rows each table has and a SHA-256 over them: the same before a backup and after its restore."""
    with refusals(as_json), opened() as database:
        found = digests(database)
    rows = sum(each.rows for each in found)
    if as_json:
        print_json({"rows": rows, "tables": _as_json(found)})
        return
    _print_tables(found)
    typer.echo(f"{counted(rows, 'row')}.")


def _as_json(tables: Sequence[CopiedTable]) -> list[dict[str, object]]:
    return [{"table": each.name, "rows": each.rows, "sha256": each.digest} for each in tables]


def _print_tables(tables: Sequence[CopiedTable]) -> None:
    for each in tables:
        typer.echo(f"  {each.name:<24} {each.rows:>10,}  {each.digest[:16]}")


def demo(as_json: AsJson = False) -> None:
    """Fill an empty installation with the example portfolio."""
    with refusals(as_json):
        settings = read_settings()
        guide = the_guide(settings)
        with opened(settings) as database:
            files = open_files(settings, database.file)
            built = build_example(database, guide, files, by=COMMAND_LINE, now=now())
    if as_json:
        print_json(built.as_json())
    else:
        typer.echo(built.sentence)


def tick(as_json: AsJson = False) -> None:
    """Do once what the server does by itself: reminders, digests, deliveries, dates that passed. For cron.

    Exit code 1 when a job broke; a message that could not be delivered is tried again or stands in the log.
    """
    with refusals(as_json):
        settings = read_settings()
        guide = guide_of_files(settings)
        with opened(settings) as database:
            done = Jobs(database, settings, guide).run()
    if as_json:
        print_json(done.as_json())
    else:
        typer.echo(f"{done.sentence}.")
    raise typer.Exit(1 if done.broken else 0)
