"""Rules on past series."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lifecycle.cli.edge import AsJson, print_json, refusals
from lifecycle.interchange.series import Series, read_series
from lifecycle.language import counted, say
from lifecycle.rules.triggers import Direction, Missing, TriggerRule, replay

commands = typer.Typer(help="Rules on metrics.", no_args_is_help=True)


@commands.command("replay")
def triggers_replay(
    file: Annotated[Path, typer.Argument(help="The series: a CSV, XLSX or JSON file.")],
    key: Annotated[str, typer.Option(help="Column that names each point, most often a date.")],
    column: Annotated[str, typer.Option(help="Column of the values.")],
    below: Annotated[
        str | None, typer.Option(metavar="NUMBER-or-COLUMN", help="A breach is a value below this.")
    ] = None,
    above: Annotated[
        str | None, typer.Option(metavar="NUMBER-or-COLUMN", help="A breach is a value above this.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(metavar="CONDITION", help="Only rows with COLUMN=VALUE, COLUMN>=NUMBER; repeatable."),
    ] = None,
    consecutive: Annotated[int, typer.Option(min=1, help="Breaches in a row that make it fire.")] = 1,
    missing: Annotated[
        Missing, typer.Option(help="A missing value is passed over, or ends a run.")
    ] = Missing.SKIP,
    as_json: AsJson = False,
) -> None:
    """Say where a rule would have fired on a past series. Nothing is stored."""
    if (below is None) == (above is None):
        raise typer.BadParameter(say("Give exactly one of --below and --above."))
    direction = Direction.ABOVE if below is None else Direction.BELOW
    with refusals(as_json):
        limit = (above if below is None else below) or ""
        series = read_series(file, key=key, column=column, limit=limit, where=where or ())
        found = replay(series.points, TriggerRule(direction, consecutive, missing))
    fires_at = [series.points[index].key for index in found.fires_at]
    if as_json:
        print_json(
            {
                "points": found.points,
                "breaches": found.breaches,
                "missing": found.missing,
                "fires_at": fires_at,
                "order": "time" if series.in_time_order else "file",
                "problems": [
                    {"row": each.row, "column": each.column, "text": each.text} for each in series.problems
                ],
            }
        )
    else:
        _show_replay(series, found.breaches, found.missing, fires_at)
    for problem in series.problems:
        typer.echo(problem.sentence, err=True)
    raise typer.Exit(1 if series.problems else 0)


def _show_replay(series: Series, breaches: int, missing: int, fires_at: list[str]) -> None:
    found = {
        "points": counted(len(series.points), "point"),
        "breaches": breaches,
        "missing": missing,
        "times": counted(len(fires_at), "time"),
    }
    if series.in_time_order:
        said = say(
            "{points} in the order of time: {breaches:,} in breach, {missing:,} missing, fires {times}",
            **found,
        )
    else:
        said = say(
            "{points} in the order of the file: {breaches:,} in breach, {missing:,} missing, fires {times}",
            **found,
        )
    typer.echo(said)
    for key in fires_at:
        typer.echo(f"  {key}")
