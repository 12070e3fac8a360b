"""Registers in, the mappings they are read by, and an import taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lifecycle.actions.registers import Imported, undo_import
from lifecycle.cli.edge import AsJson, now, opened, print_json, refusals, word
from lifecycle.errors import Invalid
from lifecycle.interchange.mappings import RegisterMapping, load_mappings
from lifecycle.interchange.register_import import ImportPlan, apply_import, plan_import
from lifecycle.interchange.registers import RegisterReading, read_register
from lifecycle.interchange.saved_mappings import (
    for_these_headers,
    keep_mapping,
    mapping_yaml,
    named_mapping,
    saved_by_people,
)
from lifecycle.language import counted, say
from lifecycle.queries.registers import saved_mappings
from lifecycle.settings import Settings, read_settings
from lifecycle.store.database import Database
from lifecycle.vocabulary import COMMAND_LINE

commands = typer.Typer(help="Files in.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="CSV, XLSX or JSON file of a register.")]
Mapping = Annotated[
    str | None,
    typer.Option(help="Mapping file (YAML) or the name of a mapping; else the one that fits best."),
]
Organisation = Annotated[str | None, typer.Option(help="Who owns the projects, if no column says so.")]
Sheet = Annotated[
    str | None, typer.Option(help="Which sheet of a workbook or list of a JSON document to read.")
]
Encoding = Annotated[str | None, typer.Option(help="Encoding of a text file, when it is not recognised.")]


@commands.command("register")
def import_register(
    file: File,
    mapping: Mapping = None,
    organisation: Organisation = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen and change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import a register of AI uses as projects not assessed here. Importing a file again changes nothing."""
    with refusals(as_json):
        settings = read_settings()
        _readable(file)
        with opened(settings) as database:
            reading = _read(database, settings, file, mapping, organisation, sheet, encoding)
            _show_reading(reading, as_json)
            with database.read() as session:
                plan = plan_import(session, reading)
            done = None if dry_run else _apply(database, reading)
    lost = [problem for problem in reading.problems if not problem.kept]
    _show_import(reading, plan, done, as_json)
    raise typer.Exit(1 if lost else 0)


@commands.command("mapping")
def propose_mapping(
    file: File,
    mapping: Mapping = None,
    sheet: Sheet = None,
    encoding: Encoding = None,
    save: Annotated[str | None, typer.Option(help="Keep it under this name for later files.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the mapping that a register would be read by, as a file to change and to give to --mapping."""
    with refusals(as_json):
        settings = read_settings()
        _readable(file)
        with opened(settings) as database:
            reading = _read(database, settings, file, mapping, None, sheet, encoding)
            if save:
                kept = for_these_headers(reading.mapping, reading.headers, save)
                with database.write() as session:
                    keep_mapping(session, by=COMMAND_LINE, at=now(), mapping=kept)
                typer.echo(say("Saved as {name}.", name=kept.name), err=True)
    if as_json:
        print_json({**_read_as(reading), "mapping_file": mapping_yaml(reading.mapping)})
        return
    typer.echo(mapping_yaml(reading.mapping), nl=False)


@commands.command("mappings")
def list_mappings(as_json: AsJson = False) -> None:
    """The mappings that come with the product and those that people saved."""
    with refusals(as_json), opened() as database, database.read() as session:
        saved = saved_mappings(session, by=COMMAND_LINE)
    rows = [{"name": each.name, "title": each.title, "saved": True, "by": each.by_name} for each in saved]
    rows += [{"name": each.name, "title": each.title, "saved": False, "by": ""} for each in load_mappings()]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        line = f"{row['name']}: {row['title']}"
        typer.echo(say("{mapping} (saved)", mapping=line) if row["saved"] else line)


@commands.command("undo")
def undo(
    run: Annotated[int, typer.Argument(help="Number of the import, as `import register --json` gives it.")],
    as_json: AsJson = False,
) -> None:
    """Take an import back whole: its projects are archived, what it changed says again what it said."""
    with refusals(as_json), opened() as database, database.write() as session:
        archived = undo_import(session, by=COMMAND_LINE, at=now(), run_id=run)
    if as_json:
        print_json({"run": run, "archived": archived})
    else:
        typer.echo(say("Taken back; {projects} archived.", projects=counted(archived, "project")))


def _readable(file: Path) -> None:
    """Before a database is made: a file that is not there is the first thing to say."""
    if not file.exists():
        raise Invalid(say("{file} cannot be read: there is no such file.", file=file))
    with file.open("rb"):
        pass


def _read(
    database: Database,
    settings: Settings,
    file: Path,
    mapping: str | None,
    organisation: str | None,
    sheet: str | None,
    encoding: str | None,
) -> RegisterReading:
    with database.read() as session:
        saved = saved_by_people(session, COMMAND_LINE)
    chosen: RegisterMapping | None = named_mapping(mapping, saved) if mapping else None
    return read_register(
        file.read_bytes(),
        file.name,
        chosen,
        organisation,
        saved=saved,
        sheet=sheet,
        encoding=encoding,
        largest_megabytes=settings.largest_import_megabytes,
    )


def _apply(database: Database, reading: RegisterReading) -> Imported:
    def progress(done: int, total: int) -> None:
        typer.echo(say("  {done:,} of {total:,} rows", done=done, total=total), err=True)

    with database.write() as session:
        return apply_import(session, reading, by=COMMAND_LINE, at=now(), progress=progress)


def _show_reading(reading: RegisterReading, as_json: bool) -> None:
    typer.echo(
        say("Mapping: {title} ({name})", title=reading.mapping.title, name=reading.mapping.name), err=as_json
    )
    typer.echo(
        say("{number:,} rows from {source}", number=len(reading.rows), source=reading.source), err=as_json
    )


def _read_as(reading: RegisterReading) -> dict[str, Any]:
    """What was found in the file, before anything is compared."""
    return {
        "mapping": reading.mapping.name,
        "proposed": reading.mapping.proposed,
        "register": reading.mapping.told_apart_in,
        "source": reading.source,
        "sheets": list(reading.sheets),
        "header_row": reading.header_row,
        "headers": list(reading.headers),
        "columns": reading.columns,
        "date_columns": list(reading.date_columns),
        "stage_words": [
            {
                "word": each.word,
                "rows": each.rows,
                "stage": each.stage.value if each.stage else None,
                "status": each.status.value if each.stage else None,
            }
            for each in reading.stage_words
        ],
    }


def _differences(plan: ImportPlan) -> dict[str, Any]:
    return {
        "added_projects": [
            {"row": each.row, "name": each.name, "organisation": each.organisation} for each in plan.new
        ],
        "changes": [
            {
                "project": each.key,
                "name": each.name,
                "organisation": each.organisation,
                "row": each.row,
                "fields": [
                    {"field": field.field, "old": field.before, "new": field.after} for field in each.fields
                ],
            }
            for each in plan.changes
        ],
        "gone_projects": [
            {"row": each.row, "name": each.name, "organisation": each.organisation} for each in plan.left_out
        ],
    }


def _show_import(reading: RegisterReading, plan: ImportPlan, done: Imported | None, as_json: bool) -> None:
    said, run = done or plan, done.run_id if done else None
    counts = {"added": said.added, "changed": said.changed, "unchanged": said.unchanged, "gone": said.gone}
    problems = [
        {"row": each.row, "column": each.column, "text": each.text, "kept": each.kept}
        for each in reading.problems
    ]
    if as_json:
        print_json(
            {
                "dry_run": run is None,
                "run": run,
                "rows": len(reading.rows),
                **counts,
                "by_stage": reading.by_stage,
                "by_status": reading.by_status,
                "unmapped": reading.unmapped_words,
                "organisations": len(reading.organisations),
                "problems": problems,
                "notes": list(reading.notes),
                "duplicates": [
                    {
                        "shared": each.shared,
                        "name": each.name,
                        "organisation": each.organisation,
                        "rows": list(each.rows),
                        "identical": each.identical,
                    }
                    for each in reading.duplicates
                ],
                **_differences(plan),
                **_read_as(reading),
            }
        )
        return
    _show_counts(reading, plan, counts, run)
    for problem in reading.problems:
        typer.echo(problem.sentence, err=True)


def _show_counts(reading: RegisterReading, plan: ImportPlan, counts: dict[str, int], run: int | None) -> None:
    if run is None:
        typer.echo(
            say(
                "Would be added {added:,}, changed {changed:,}, unchanged {unchanged:,}, gone {gone:,}",
                **counts,
            )
        )
    else:
        typer.echo(
            say("added {added:,}, changed {changed:,}, unchanged {unchanged:,}, gone {gone:,}", **counts)
        )
    for stage, count in reading.by_stage.items():
        typer.echo(say("  {stage}: {number:,}", stage=word(stage), number=count))
    for unmapped, count in reading.unmapped_words.items():
        typer.echo(
            say(
                "  unmapped “{word}”: {number:,} — a person decides",
                word=unmapped or say("blank"),
                number=count,
            )
        )
    for change in plan.changes:
        fields = "; ".join(
            f"{each.field}: {_said(each.before)} → {_said(each.after)}" for each in change.fields
        )
        typer.echo(say("  {name} (row {row}): {changes}", name=change.name, row=change.row, changes=fields))
    for gone in plan.left_out:
        typer.echo(say("  no longer listed: {name}", name=gone.name))
    for same in reading.duplicates:
        rows = ", ".join(map(str, same.rows))
        typer.echo(
            say(
                "  rows {rows} share {what} (“{name}”); each is a project of its own",
                rows=rows,
                what=same.shared,
                name=same.name,
            )
        )
    for note in reading.notes:
        typer.echo(note)
    if run is not None:
        typer.echo(say("This is import {run}; `import undo {run}` takes it back.", run=run))


def _said(text: str) -> str:
    plain = " ".join(text.split())
    return f"“{plain[:60]}{'…' if len(plain) > 60 else ''}”" if plain else say("blank")
