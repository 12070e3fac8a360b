"""The whole installation in one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lifecycle.cli.edge import AsJson, now, opened, print_json, refusals
from lifecycle.language import counted, say
from lifecycle.settings import read_settings
from lifecycle.store.backups import Backup, back_up, check_backup, restore
from lifecycle.store.database import open_database
from lifecycle.store.files import open_files


def make_backup(
    file: Annotated[Path, typer.Argument(help="The file to write; one of that name is replaced.")],
    as_json: AsJson = False,
) -> None:
    """Write the database and its documents into one file, while people go on working.

    Exit code 1 when the content of a document is not where it should be: the backup is written without it.
    """
    with refusals(as_json):
        settings = read_settings()
        with opened(settings) as database:
            made = back_up(database, open_files(settings, database.file), file, at=now())
    if as_json:
        print_json({"file": str(file), **_as_json(made)})
    else:
        typer.echo(say("{file}: {what}", file=file, what=_sentence(made)))
    for digest in made.missing:
        typer.echo(
            say("The content of document {digest} is not where it should be.", digest=digest), err=True
        )
    raise typer.Exit(1 if made.missing else 0)


def restore_backup(
    file: Annotated[Path, typer.Argument(help="A file that “backup” wrote.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Compare every byte of the backup and change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup in the place of the database, after every byte of it was compared. Stop the server before.

    The database of before is kept beside the new one."""
    with refusals(as_json):
        if dry_run:
            found, kept = check_backup(file), None
        else:
            settings = read_settings()
            database = open_database(settings.database_url)
            files = open_files(settings, database.file)
            done = restore(database, files, file, at=now())
            found, kept = done.backup, done.kept
    if as_json:
        kept_at = str(kept) if kept else None
        print_json({"file": str(file), "restored": not dry_run, "kept": kept_at, **_as_json(found)})
        return
    typer.echo(
        say("Whole: {what}", what=_sentence(found))
        if dry_run
        else say("Restored: {what}", what=_sentence(found))
    )
    if kept:
        typer.echo(say("What was there before is at {place}", place=kept))


def _as_json(found: Backup) -> dict[str, Any]:
    return {
        "made_at": found.made_at,
        "schema": found.schema,
        "rows": found.rows,
        "tables": found.tables,
        "documents": found.documents,
        "bytes": found.bytes,
        "heads": found.heads,
        "missing": list(found.missing),
    }


def _sentence(found: Backup) -> str:
    return say(
        "{rows} in {tables} and {documents}, as of {moment}",
        rows=counted(found.rows, "row"),
        tables=counted(len(found.tables), "table"),
        documents=counted(found.documents, "document"),
        moment=found.made_at,
    )
