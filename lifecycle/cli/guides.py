"""What another guide would change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lifecycle.actions import guides
from lifecycle.cli.edge import AsJson, guide_of_files, now, opened, print_json, refusals, the_guide
from lifecycle.facts.own_guides import in_force
from lifecycle.guide import Guide
from lifecycle.language import counted, say
from lifecycle.own_guide import with_own
from lifecycle.queries.guide_preview import GuidePreview, preview
from lifecycle.queries.guide_versions import GuideUpgrade, upgrade_of
from lifecycle.rules.checks.evaluation import load_checked_guide
from lifecycle.rules.guide_changes import ProjectEffect
from lifecycle.settings import Settings, read_settings
from lifecycle.vocabulary import COMMAND_LINE

commands = typer.Typer(help="The guide: questions, checks and who signs.", no_args_is_help=True)


@commands.command("preview")
def guide_preview(
    folder: Annotated[
        Path, typer.Argument(help="The folder of the other guide, or another file of your own questions.")
    ],
    as_json: AsJson = False,
) -> None:
    """Say what another guide would change before it is put in force: sign-offs gone stale, checks that fail."""
    with refusals(as_json):
        settings = read_settings()
        files = _candidate(settings, folder)
        with opened(settings) as database, database.read() as session:
            guide, candidate = the_guide(settings, session), in_force(session, files).here()
            found = preview(session, by=COMMAND_LINE, at=now(), guide=guide, candidate=candidate)
    if as_json:
        print_json(_preview_as_json(found))
    else:
        _show_preview(found)


def _candidate(settings: Settings, place: Path) -> Guide:
    """Another guide with our own questions, or ours with another file of own questions."""
    if place.is_dir():
        return with_own(load_checked_guide(place), settings.own_guide)
    return with_own(load_checked_guide(settings.guide_folder), place)


@commands.command("check")
def guide_check(as_json: AsJson = False) -> None:
    """Say whether the guide and your own questions can be read; a mistake is named with its file and place."""
    with refusals(as_json):
        settings = read_settings()
        guide = guide_of_files(settings)
    own = str(settings.own_guide) if settings.own_guide else None
    if as_json:
        print_json(
            {
                "version": guide.version,
                "questions": len(guide.fields),
                "checks": len(guide.checks),
                "own": own,
            }
        )
    else:
        about = {
            "version": guide.version,
            "questions": counted(len(guide.fields), "question"),
            "checks": counted(len(guide.checks), "check"),
        }
        if own:
            typer.echo(
                say("Version {version}: {questions}, {checks}. Own questions: {file}.", file=own, **about)
            )
        else:
            typer.echo(say("Version {version}: {questions}, {checks}. Own questions: none.", **about))


@commands.command("upgrade")
def guide_upgrade(
    project: Annotated[str, typer.Argument(help="The project's key, as in its address.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change and change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Have a project go by the guide in force instead of the version it began with."""
    with refusals(as_json):
        settings = read_settings()
        guide, at = the_guide(settings), now()
        with opened(settings) as database:
            with database.read() as session:
                found = upgrade_of(session, by=COMMAND_LINE, at=at, guide=guide, key=project)
            if found is not None and not dry_run:
                with database.write() as session:
                    guides.upgrade(
                        session,
                        by=COMMAND_LINE,
                        at=at,
                        guide=guide,
                        project_id=found.project_id,
                        to_digest=found.digest,
                    )
    if as_json:
        print_json(_upgrade_as_json(project, guide.version, found, dry_run))
    elif found is None:
        typer.echo(
            say("{project} goes by version {version} already.", project=project, version=guide.version)
        )
    else:
        _show_upgrade(found, dry_run)


def _upgrade_as_json(project: str, version: str, found: GuideUpgrade | None, dry_run: bool) -> dict[str, Any]:
    said: dict[str, Any] = {
        "project": project,
        "version": version,
        "changed": found is not None and not dry_run,
    }
    if found is None:
        return {**said, "from": version, "changes": [], "effect": _effect_as_json(ProjectEffect())}
    changes = [{"kind": each.kind, "what": each.what, "text": each.text} for each in found.changes]
    left = list(found.left_behind)
    return {
        **said,
        "from": found.version,
        "changes": changes,
        "left_behind": left,
        "effect": _effect_as_json(found.effect),
    }


def _show_upgrade(found: GuideUpgrade, dry_run: bool) -> None:
    versions = {"new": found.to_version, "old": found.version}
    if dry_run:
        typer.echo(say("It would go by version {new} instead of {old}.", **versions))
    else:
        typer.echo(say("It goes by version {new} instead of {old}.", **versions))
    for change in found.changes:
        typer.echo(f"  {change.text}")
    _show_effect(found.effect)


def _effect_as_json(effect: ProjectEffect) -> dict[str, Any]:
    return {
        "stale": [
            {
                "sign_off": made.sign_off_id,
                "gate": made.gate,
                "role": made.role,
                "signed_by": made.printed_name,
                "reasons": list(made.reasons),
            }
            for made in effect.stale
        ],
        "newly_required": [{"gate": gate, "role": role} for gate, role in effect.newly_required],
        "newly_failing": [{"check": check, "title": title} for check, title in effect.newly_failing],
    }


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
                **_effect_as_json(each.effect),
            }
            for each in found.projects
        ],
    }


def _show_preview(found: GuidePreview) -> None:
    typer.echo(say("{changes} of the guide:", changes=counted(len(found.changes), "change")))
    for change in found.changes:
        typer.echo(f"  {change.text}")
    typer.echo(
        say(
            "Of {projects} under way, {touched:,} would be touched: {sign_offs} stale, {required:,} newly required, "
            "{checks} newly in the way.",
            projects=counted(found.looked_at, "project"),
            touched=len(found.projects),
            sign_offs=counted(found.stale, "sign-off"),
            required=found.newly_required,
            checks=counted(found.newly_failing, "check"),
        )
    )
    for project in found.projects:
        typer.echo(f"{project.name}")
        _show_effect(project.effect)


def _show_effect(effect: ProjectEffect) -> None:
    for made in effect.stale:
        typer.echo(
            say(
                "  stale: {role} at {gate}, signed by {name}",
                role=made.role.title,
                gate=made.gate.title,
                name=made.printed_name,
            )
        )
        for reason in made.reasons:
            typer.echo(f"    {reason}")
    for gate, role in effect.newly_required:
        typer.echo(say("  newly required: {role} at {gate}", role=role.title, gate=gate.title))
    for check, title in effect.newly_failing:
        typer.echo(say("  newly in the way: {check} {title}", check=check, title=title))
