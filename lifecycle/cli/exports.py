"""Files out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lifecycle.cli.edge import (
    AsJson,
    bring_standing_up_to_date,
    now,
    opened,
    print_json,
    read_day,
    refusals,
    the_guide,
    write_whole,
)
from lifecycle.interchange.bundles import make_bundle
from lifecycle.interchange.leadership_packs import make_pack
from lifecycle.settings import read_settings
from lifecycle.vocabulary import COMMAND_LINE

commands = typer.Typer(help="Files out.", no_args_is_help=True)


@commands.command("bundle")
def export_bundle(
    project: Annotated[str, typer.Argument(help="The project's key, as in its address.")],
    file: Annotated[Path, typer.Argument(help="The zip file to write.")],
    as_json: AsJson = False,
) -> None:
    """Write everything about a project into a zip that proves itself, on any machine that has Python."""
    with refusals(as_json):
        settings = read_settings()
        guide = the_guide(settings)
        with opened(settings) as database, database.read() as session:
            made = make_bundle(session, by=COMMAND_LINE, at=now(), guide=guide, key=project)
        write_whole(file, made.data)
    if as_json:
        print_json({"project": project, "file": str(file), "bytes": len(made.data), "head": made.head})
    else:
        typer.echo(f"{file}: {len(made.data):,} bytes. Head of the log: {made.head}")


@commands.command("pack")
def export_pack(
    file: Annotated[Path, typer.Argument(help="The .html or .pdf file to write.")],
    as_of: Annotated[str | None, typer.Option(help="As it was at the end of this day (YYYY-MM-DD).")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the portfolio for leadership into one file to read, as it is now or was at the end of a day."""
    with refusals(as_json):
        settings = read_settings()
        guide = the_guide(settings)
        with opened(settings) as database:
            bring_standing_up_to_date(database, settings)
            with database.read() as session:
                data = make_pack(
                    session,
                    by=COMMAND_LINE,
                    at=now(),
                    guide=guide,
                    ending=file.suffix.removeprefix("."),
                    as_of=read_day(as_of),
                )
        write_whole(file, data)
    if as_json:
        print_json({"file": str(file), "bytes": len(data), "as_of": as_of})
    else:
        typer.echo(f"{file}: {len(data):,} bytes.")
