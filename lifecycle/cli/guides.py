"""What another guide would change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lifecycle.cli.edge import AsJson, counted, now, opened, print_json, refusals, the_guide
from lifecycle.queries.guide_preview import GuidePreview, preview
from lifecycle.rules.checks.evaluation import load_checked_guide
from lifecycle.settings import read_settings
from lifecycle.vocabulary import COMMAND_LINE

commands = typer.Typer(help="The guide: questions, checks and who signs.", no_args_is_help=True)


@commands.command("preview")
def guide_preview(
    folder: Annotated[Path, typer.Argument(help="The folder of the other guide.")], as_json: AsJson = False
) -> None:
    """Say what another guide would change before it is put in force: sign-offs gone stale, checks that fail."""
    with refusals(as_json):
        settings = read_settings()
        guide, candidate = the_guide(settings), load_checked_guide(folder)
        with opened(settings) as database, database.read() as session:
            found = preview(session, by=COMMAND_LINE, at=now(), guide=guide, candidate=candidate)
    if as_json:
        print_json(_preview_as_json(found))
    else:
        _show_preview(found)


def _preview_as_json(found: GuidePreview) -> dict[str, Any]:
    return {
        "version": found.version,
        "candidate_version": found.candidate_version,
        "projects_looked_at": found.looked_at,
        "changes": [{"kind": each.kind, "what": each.what, "text": each.text} for each in found.changes],
        "projects": [
            {
                "project": each.key,
                "name": each.name,
                "stale": [
                    {
                        "sign_off": made.sign_off_id,
                        "gate": made.gate,
                        "role": made.role,
                        "signed_by": made.printed_name,
                        "reasons": list(made.reasons),
                    }
                    for made in each.effect.stale
                ],
                "newly_required": [{"gate": gate, "role": role} for gate, role in each.effect.newly_required],
                "newly_failing": [
                    {"check": check, "title": title} for check, title in each.effect.newly_failing
                ],
            }
            for each in found.projects
        ],
    }


def _show_preview(found: GuidePreview) -> None:
    typer.echo(f"{counted(len(found.changes), 'change')} of the guide:")
    for change in found.changes:
        typer.echo(f"  {change.text}")
    typer.echo(
        f"Of {counted(found.looked_at, 'project')} under way, {len(found.projects):,} would be touched: "
        f"{counted(found.stale, 'sign-off')} stale, {found.newly_required:,} newly required, "
        f"{counted(found.newly_failing, 'check')} newly in the way."
    )
    for project in found.projects:
        typer.echo(f"{project.name}")
        for made in project.effect.stale:
            typer.echo(f"  stale: {made.role.title} at {made.gate.title}, signed by {made.printed_name}")
            for reason in made.reasons:
                typer.echo(f"    {reason}")
        for gate, role in project.effect.newly_required:
            typer.echo(f"  newly required: {role.title} at {gate.title}")
        for check, title in project.effect.newly_failing:
            typer.echo(f"  newly in the way: {check} {title}")
