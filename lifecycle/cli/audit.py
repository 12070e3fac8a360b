"""Checking the event log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from lifecycle.cli.edge import AsJson, now, opened, print_json, refusals, the_guide
from lifecycle.interchange import bundle_verifier
from lifecycle.language import counted, say
from lifecycle.queries import audit
from lifecycle.settings import read_settings
from lifecycle.store.verification import verify
from lifecycle.vocabulary import COMMAND_LINE

commands = typer.Typer(help="The event log.", no_args_is_help=True)


@commands.command("verify")
def audit_verify(
    bundle: Annotated[
        Path | None, typer.Argument(help="A project's bundle, to check instead of the database.")
    ] = None,
    heads: Annotated[
        Path | None, typer.Option(help="Heads kept elsewhere, as “audit heads --json” prints them.")
    ] = None,
    standing: Annotated[
        bool, typer.Option("--standing", help="Also compute all standings and tallies anew and compare.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the tables with the event log and check its chains; exit code 1 with each place that is broken."""
    if bundle is not None:
        _verify_bundle(bundle, as_json)
    with refusals(as_json):
        settings = read_settings()
        kept = heads.read_text("utf-8") if heads else None
        with opened(settings) as database:
            found = verify(database, processes=2)
            with database.read() as session:
                more = list(audit.check_heads(session, kept, by=COMMAND_LINE)) if kept is not None else []
                if standing:
                    more += audit.check_standing(
                        session, by=COMMAND_LINE, at=now(), guide=the_guide(settings, session)
                    )
                    more += audit.check_tallies(session, by=COMMAND_LINE)
                verified = audit.located(session, found, by=COMMAND_LINE, more=more)
    if as_json:
        print_json(verified.as_json())
    else:
        _show_verified(verified)
    for fault in verified.faults:
        typer.echo(f"{fault.project or fault.chain or say('organisation')}: {fault.told}", err=True)
    raise typer.Exit(1 if verified.faults else 0)


def _verify_bundle(bundle: Path, as_json: bool) -> NoReturn:
    """As the script inside it does, and with the same words."""
    found = bundle_verifier.main([str(bundle), *(["--json"] if as_json else [])])
    raise typer.Exit(1 if found else 0)


def _show_verified(verified: audit.Verified) -> None:
    if verified.not_vouched:
        rows = counted(verified.not_vouched, "row")
        typer.echo(
            say(
                "{rows} not vouched for: written before {before}, when events began to say so.",
                rows=rows,
                before=verified.before,
            )
        )
    if not verified.faults:
        typer.echo(
            say(
                "Intact: {events} in {chains}, and the {rows} they vouch for.",
                events=counted(verified.events, "event"),
                chains=counted(verified.chains, "chain"),
                rows=counted(verified.rows, "row"),
            )
        )


@commands.command("heads")
def audit_heads(as_json: AsJson = False) -> None:
    """Print the newest event of each chain, to keep elsewhere: then nobody can remove newer ones unseen."""
    with refusals(as_json), opened() as database, database.read() as session:
        found = audit.heads_as_json(session, by=COMMAND_LINE)
    if as_json:
        print_json(found)
        return
    for head in found["heads"]:
        typer.echo(f"{head['project'] or head['chain']}  {head['sequence']}  {head['hash']}")
