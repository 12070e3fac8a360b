"""Access tokens, for machines that have no browser."""

from __future__ import annotations

from typing import Annotated

import typer

from lifecycle.actions import tokens as actions
from lifecycle.cli.edge import AsJson, now, opened, print_json, refusals, word
from lifecycle.errors import NotFound
from lifecycle.language import say
from lifecycle.queries import projects, tokens
from lifecycle.queries.people import credentials
from lifecycle.rules.people import tidy_email
from lifecycle.rules.tokens import DEFAULT_DAYS
from lifecycle.settings import read_settings
from lifecycle.vocabulary import COMMAND_LINE, Scope

commands = typer.Typer(help="Access tokens for programs.", no_args_is_help=True)


@commands.command("create")
def create(
    email: Annotated[str, typer.Option(help="Whose token: a program acts with this person's rights.")],
    scope: Annotated[list[Scope], typer.Option(help="What it is for; may be given several times.")],
    name: Annotated[str, typer.Option(help="What you know it by.")] = "Command line",
    days: Annotated[int, typer.Option(help="After how many days it ends.")] = DEFAULT_DAYS,
    project: Annotated[str | None, typer.Option(help="The key of the only project it is for.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a token and print it; it cannot be shown again."""
    with refusals(as_json), opened() as database, database.write() as session:
        found = credentials(session, email=tidy_email(email))
        if found is None:
            raise NotFound("account", email)
        only = projects.head(session, key=project, by=COMMAND_LINE).id if project else None
        made = actions.create(
            session,
            by=COMMAND_LINE,
            at=now(),
            person_key=found[0],
            name=name,
            scopes=scope,
            days=days,
            only_project_id=only,
        )
    expires = made.expires_at.isoformat()
    if as_json:
        scopes = sorted(each.value for each in set(scope))
        print_json(
            {
                "id": made.id,
                "token": made.secret,
                "email": email,
                "scopes": scopes,
                "project": project,
                "expires_at": expires,
            }
        )
    else:
        kept = say("Keep it now: it is not shown again. It ends on {day}.", day=expires[:10])
        typer.echo(f"{made.secret}\n{kept}")


@commands.command("list")
def list_tokens(
    email: Annotated[str | None, typer.Option(help="Only this person's.")] = None, as_json: AsJson = False
) -> None:
    """Print every token, without its secret."""
    with refusals(as_json), opened(read_settings()) as database, database.read() as session:
        found = tokens.everybodys(session, by=COMMAND_LINE, at=now())
        if email is not None:
            account = credentials(session, email=tidy_email(email))
            if account is None:
                raise NotFound("account", email)
            found = tuple(each for each in found if each.person_key == account[0])
    if as_json:
        print_json([each.as_json() for each in found])
        return
    for each in found:
        scopes = ", ".join(scope.value for scope in each.scopes)
        typer.echo(
            say(
                "{id:>4}  {state:<8} until {day}  {person}: {name} ({scopes})",
                id=each.id,
                state=word(each.state),
                day=each.expires_at.date(),
                person=each.person_name,
                name=each.name,
                scopes=scopes,
            )
        )


@commands.command("revoke")
def revoke(
    token: Annotated[int, typer.Argument(help="Its number, as “tokens list” prints it.")],
    as_json: AsJson = False,
) -> None:
    """End a token at once."""
    with refusals(as_json), opened() as database, database.write() as session:
        actions.revoke(session, by=COMMAND_LINE, at=now(), token_id=token)
    if as_json:
        print_json({"id": token, "revoked": True})
    else:
        typer.echo(say("Token {token} opens nothing any more.", token=token))
