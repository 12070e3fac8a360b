"""Worksheets as spreadsheets, out and in."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from lifecycle.cli.edge import AsJson, now, opened, print_json, refusals, the_guide, write_whole
from lifecycle.interchange.worksheet_import import SheetChange, SheetPlan, apply_import, plan_import
from lifecycle.interchange.worksheet_xlsx import SOURCES, make_workbook
from lifecycle.language import counted, say
from lifecycle.settings import read_settings
from lifecycle.vocabulary import COMMAND_LINE, Stage

commands = typer.Typer(help="Worksheets as spreadsheets.", no_args_is_help=True)

Sheet = StrEnum("Sheet", [(stage.name, stage.value) for stage in Stage] + [("SOURCES", SOURCES)])  # type: ignore[misc]


@commands.command("export")
def export_worksheet(
    project: Annotated[str, typer.Argument(help="The project's key, as in its address.")],
    stage: Annotated[
        Sheet, typer.Argument(metavar="STAGE", help="A stage, or sources for the data sources.")
    ],
    file: Annotated[Path, typer.Argument(help="The workbook to write (.xlsx).")],
    as_json: AsJson = False,
) -> None:
    """Write a stage's worksheet with its answers into a workbook, to be filled in and brought back."""
    with refusals(as_json):
        settings = read_settings()
        guide = the_guide(settings)
        asked = None if stage.value == SOURCES else Stage(stage.value)
        with opened(settings) as database, database.read() as session:
            made = make_workbook(session, by=COMMAND_LINE, at=now(), guide=guide, key=project, stage=asked)
        write_whole(file, made.data)
    if as_json:
        print_json({"project": project, "worksheet": stage.value, "file": str(file), "bytes": len(made.data)})
    else:
        typer.echo(say("{file}: {number:,} bytes.", file=file, number=len(made.data)))


@commands.command("import")
def import_worksheet(
    project: Annotated[str, typer.Argument(help="The project's key, as in its address.")],
    file: Annotated[Path, typer.Argument(help="A workbook that was downloaded here and filled in.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen and change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Save what was filled in. An answer that somebody gave since the download is kept and listed as a conflict."""
    with refusals(as_json):
        settings = read_settings()
        about: dict[str, Any] = {
            "by": COMMAND_LINE,
            "at": now(),
            "guide": the_guide(settings),
            "key": project,
            "content": file.read_bytes(),
            "name": file.name,
        }
        with opened(settings) as database:
            with database.read() as session:
                plan = plan_import(session, **about)
            if not dry_run and not plan.problems:
                with database.write() as session:
                    apply_import(session, **about)
    if as_json:
        print_json(_as_json(plan, dry_run))
    else:
        _show(plan, dry_run)
    raise typer.Exit(1 if plan.problems or plan.conflicts else 0)


def _as_json(plan: SheetPlan, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "saved": not dry_run and not plan.problems,
        "project": plan.project.key,
        "worksheet": plan.worksheet,
        "changes": [_change_as_json(each) for each in plan.changes],
        "conflicts": [{**_change_as_json(each), "by": each.by_name} for each in plan.conflicts],
        "problems": [{"place": each.place, "text": each.text} for each in plan.problems],
        "unchanged": plan.unchanged,
    }


def _change_as_json(each: SheetChange) -> dict[str, str]:
    source_id, field_id = each.place
    return {
        "field": f"{field_id}@{source_id}" if source_id else field_id,
        "title": each.title,
        "cell": each.cell,
        "before": each.before,
        "after": each.after,
    }


def _show(plan: SheetPlan, dry_run: bool) -> None:
    for problem in plan.problems:
        typer.echo(problem.sentence, err=True)
    counts: dict[str, Any] = {"answers": counted(len(plan.changes), "answer"), "unchanged": plan.unchanged}
    if dry_run or plan.problems:
        typer.echo(say("{answers} would change, {unchanged:,} are as they were.", **counts))
    else:
        typer.echo(say("{answers} changed, {unchanged:,} are as they were.", **counts))
    for each in plan.changes:
        typer.echo(f"  {each.place[1]} {each.title}: {_line(each.before)} → {_line(each.after)}")
    for each in plan.conflicts:
        typer.echo(
            say(
                "{cell}: {title} was changed by {person} since the download and is kept: “{kept}”. "
                "The file says “{given}”.",
                cell=each.cell,
                title=each.title,
                person=each.by_name,
                kept=_line(each.before),
                given=_line(each.after),
            ),
            err=True,
        )
    if plan.problems:
        typer.echo(say("Nothing was saved. Mend these cells and bring the file again."), err=True)


def _line(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 100 else words[:99] + "…"
