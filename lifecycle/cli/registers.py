"""Registers in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lifecycle.cli.edge import AsJson, now, opened, print_json, refusals
from lifecycle.interchange.mappings import RegisterMapping, load_mapping
from lifecycle.interchange.register_import import apply_import, plan_import
from lifecycle.interchange.registers import RegisterReading, read_register
from lifecycle.settings import Settings, read_settings
from lifecycle.store.database import Database
from lifecycle.vocabulary import COMMAND_LINE

commands = typer.Typer(help="Files in.", no_args_is_help=True)


@commands.command("register")
def import_register(
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or JSON file of a register.")],
    mapping: Annotated[
        Path | None, typer.Option(help="Mapping file (YAML); else the best shipped one.")
    ] = None,
    organisation: Annotated[
        str | None, typer.Option(help="Who owns the projects, if no column says so.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen and change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import a register of AI uses as projects not assessed here. Importing a file again changes nothing."""
    with refusals(as_json):
        settings = read_settings()
        chosen = load_mapping(mapping) if mapping else None
        reading = _read_register(file, chosen, organisation, settings)
        _show_reading(reading, as_json)
        with opened(settings) as database:
            counts = _plan(database, reading) if dry_run else _apply(database, reading)
    lost = [problem for problem in reading.problems if not problem.kept]
    _show_import(reading, counts, dry_run, as_json)
    raise typer.Exit(1 if lost else 0)


def _read_register(
    file: Path, mapping: RegisterMapping | None, organisation: str | None, settings: Settings
) -> RegisterReading:
    return read_register(
        file.read_bytes(),
        file.name,
        mapping,
        organisation,
        largest_megabytes=settings.largest_import_megabytes,
    )


def _plan(database: Database, reading: RegisterReading) -> dict[str, int]:
    with database.read() as session:
        plan = plan_import(session, reading)
    return {"added": plan.added, "changed": plan.changed, "unchanged": plan.unchanged, "gone": plan.gone}


def _apply(database: Database, reading: RegisterReading) -> dict[str, int]:
    def progress(done: int, total: int) -> None:
        typer.echo(f"  {done:,} of {total:,} rows", err=True)

    with database.write() as session:
        done = apply_import(session, reading, by=COMMAND_LINE, at=now(), progress=progress)
    return {"added": done.added, "changed": done.changed, "unchanged": done.unchanged, "gone": done.gone}


def _show_reading(reading: RegisterReading, as_json: bool) -> None:
    typer.echo(f"Mapping: {reading.mapping.title} ({reading.mapping.name})", err=as_json)
    typer.echo(f"{len(reading.rows):,} rows from {reading.source}", err=as_json)


def _show_import(reading: RegisterReading, counts: dict[str, int], dry_run: bool, as_json: bool) -> None:
    problems = [
        {"row": each.row, "column": each.column, "text": each.text, "kept": each.kept}
        for each in reading.problems
    ]
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "mapping": reading.mapping.name,
                "rows": len(reading.rows),
                **counts,
                "by_stage": reading.by_stage,
                "by_status": reading.by_status,
                "unmapped": reading.unmapped_words,
                "organisations": len(reading.organisations),
                "problems": problems,
                "notes": list(reading.notes),
            }
        )
        return
    would = "Would be " if dry_run else ""
    typer.echo(
        f"{would}added {counts['added']:,}, changed {counts['changed']:,},"
        f" unchanged {counts['unchanged']:,}, gone {counts['gone']:,}"
    )
    for stage, count in reading.by_stage.items():
        typer.echo(f"  {stage}: {count:,}")
    for word, count in reading.unmapped_words.items():
        typer.echo(f"  unmapped “{word or 'blank'}”: {count:,} — a person decides")
    for note in reading.notes:
        typer.echo(note)
    for problem in reading.problems:
        typer.echo(problem.sentence, err=True)
