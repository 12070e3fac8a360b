"""Accounts."""

from __future__ import annotations

from typing import Annotated

import typer

from lifecycle.actions import people
from lifecycle.cli.edge import AsJson, now, opened, print_json, refusals
from lifecycle.errors import NotFound
from lifecycle.language import mark, say
from lifecycle.queries.people import credentials
from lifecycle.settings import read_settings
from lifecycle.vocabulary import COMMAND_LINE

_GUESSED = mark(
    "This command cannot see at which address your server answers and wrote the usual one. If yours is another, put "
    "it in place of http://localhost:8501, or run this again with LIFECYCLE_PUBLIC_URL (or PORT) as the server has it."
)

commands = typer.Typer(help="Accounts.", no_args_is_help=True)


@commands.command("reset")
def people_reset(
    email: Annotated[str, typer.Argument(help="The address of the account.")], as_json: AsJson = False
) -> None:
    """Print a link with which a person sets a new password: also the way back for a lost administrator."""
    with refusals(as_json):
        settings = read_settings()
        with opened(settings) as database, database.write() as session:
            found = credentials(session, email=email)
            if found is None:
                raise NotFound("account", email)
            token = people.make_reset_link(session, by=COMMAND_LINE, at=now(), person_key=found[0])
    link = f"{settings.base_url}/reset/{token}"
    if as_json:
        print_json({"email": email, "link": link, "address_known": settings.knows_address})
        return
    typer.echo(say("Within a day, once: {link}", link=link))
    if not settings.knows_address:
        typer.echo(say(_GUESSED), err=True)
