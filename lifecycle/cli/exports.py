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
from lifecycle.interchange.card_files import CardFormat, card_file, format_of
from lifecycle.interchange.dossier_files import dossier_file, refuse_ending
from lifecycle.interchange.inventories import HEADINGS, inventory_file
from lifecycle.interchange.leadership_packs import make_pack
from lifecycle.language import counted, say
from lifecycle.queries.cards import card
from lifecycle.queries.dossiers import report
from lifecycle.queries.inventory import inventory
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
        typer.echo(
            say(
                "{file}: {number:,} bytes. Head of the log: {head}",
                file=file,
                number=len(made.data),
                head=made.head,
            )
        )


@commands.command("inventory")
def export_inventory(
    file: Annotated[Path, typer.Argument(help="The file to write: .xlsx or .csv.")],
    as_json: AsJson = False,
) -> None:
    """Write the model inventory: every project, with what model-risk guidelines ask of such a list."""
    with refusals(as_json):
        inventory_file((), file.name)  # a name that cannot be, before anything is read
        settings = read_settings()
        guide = the_guide(settings)
        with opened(settings) as database:
            bring_standing_up_to_date(database, settings)
            with database.read() as session:
                rows = inventory(session, by=COMMAND_LINE, at=now(), guide=guide)
        write_whole(file, inventory_file(rows, file.name))
    if as_json:
        print_json({"file": str(file), "projects": len(rows), "columns": list(HEADINGS)})
    else:
        typer.echo(say("{file}: {what}", file=file, what=counted(len(rows), "project")))


@commands.command("dossier")
def export_dossier(
    project: Annotated[str, typer.Argument(help="The project's key, as in its address.")],
    file: Annotated[Path, typer.Argument(help="The file to write: .docx or .pdf.")],
    as_json: AsJson = False,
) -> None:
    """Write everything answered, checked, signed and decided about a project, to read and to print."""
    with refusals(as_json):
        refuse_ending(file.name)
        settings = read_settings()
        guide = the_guide(settings)
        at = now()
        with opened(settings) as database, database.read() as session:
            found = report(session, by=COMMAND_LINE, at=at, guide=guide, key=project)
        data = dossier_file(found, file.name, at)
        write_whole(file, data)
    _say_written(project, file, data, as_json)


@commands.command("card")
def export_card(
    project: Annotated[str, typer.Argument(help="The project's key, as in its address.")],
    file: Annotated[Path, typer.Argument(help="The file to write: .md or .json.")],
    wanted: Annotated[
        CardFormat | None,
        typer.Option("--format", help="Else by the ending: .md huggingface, .json cyclonedx."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the model card: Markdown as on the Hugging Face Hub, or a CycloneDX bill of materials."""
    with refusals(as_json):
        data = _card(project, file, wanted or format_of(file.name))
    _say_written(project, file, data, as_json)


@commands.command("bom")
def export_bom(
    project: Annotated[str, typer.Argument(help="The project's key, as in its address.")],
    file: Annotated[Path, typer.Argument(help="The JSON file to write.")],
    as_json: AsJson = False,
) -> None:
    """Write the bill of materials of the model with its card (CycloneDX 1.6)."""
    with refusals(as_json):
        data = _card(project, file, CardFormat.CYCLONEDX)
    _say_written(project, file, data, as_json)


def _card(project: str, file: Path, wanted: CardFormat) -> bytes:
    settings = read_settings()
    guide, at = the_guide(settings), now()
    with opened(settings) as database, database.read() as session:
        found = card(session, by=COMMAND_LINE, at=at, guide=guide, key=project)
    data = card_file(found, wanted, at)
    write_whole(file, data)
    return data


def _say_written(project: str, file: Path, data: bytes, as_json: bool) -> None:
    if as_json:
        print_json({"project": project, "file": str(file), "bytes": len(data)})
    else:
        typer.echo(say("{file}: {number:,} bytes", file=file, number=len(data)))


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
        typer.echo(say("{file}: {number:,} bytes.", file=file, number=len(data)))
