"""What the portfolio's charts show today, in sentences. Pure: figures in, plain text out."""

from __future__ import annotations

from datetime import date, datetime

from lifecycle.language import counted, mark, say, say_count
from lifecycle.queries.heat_maps import OrganisationMap
from lifecycle.queries.portfolio_overview import Overview
from lifecycle.ui.components import one_line
from lifecycle.vocabulary import Area, Level, ProjectStatus, Role, Stage


def days_since(moment: datetime, now: datetime) -> int:
    """Whole days, never negative."""
    return max((now.date() - moment.date()).days, 0)


def waited(moment: datetime, now: datetime) -> str:
    """ "since today", "for 1 day", "for 41 days"."""
    days = days_since(moment, now)
    return say_count("for {number:,} day", "for {number:,} days", days) if days else say("since today")


def on_day(title: str, as_of: date | None) -> str:
    """A heading that says of which day it is, unless that is today."""
    return say("{title} at the end of {as_of}", title=title, as_of=as_of.isoformat()) if as_of else title


def headline(found: Overview, now: datetime) -> str:
    """What leadership must know first."""
    if not found.running:
        return _nothing_running(found)
    blocked, waiting = found.levels[Level.BLOCKED], found.levels[Level.WAITING]
    ready = found.levels[Level.READY] + found.levels[Level.PASSED]
    said = [
        say(
            "Of {projects}, {blocked}, {waiting} and {ready}.",
            projects=counted(found.running, "running project"),
            blocked=say_count("{number} is blocked", "{number} are blocked", blocked),
            waiting=say_count(
                "{number} waits for nothing but sign-offs", "{number} wait for nothing but sign-offs", waiting
            ),
            ready=say_count(
                "{number} is ready for the gate ahead", "{number} are ready for the gate ahead", ready
            ),
        )
    ]
    if found.stuck is not None:
        said.append(
            say(
                "Stuck longest: {project}, blocked {waited}.",
                project=found.stuck.name,
                waited=waited(found.stuck.since, now),
            )
        )
    if found.not_assessed:
        said.append(
            say_count(
                "One more comes from registers, not assessed here.",
                "{number:,} more come from registers, not assessed here.",
                found.not_assessed,
            )
        )
    return " ".join(said)


def _nothing_running(found: Overview) -> str:
    if not found.total:
        return say("No project matches.")
    if not found.not_assessed:
        return say("{projects}, all of them stopped or retired.", projects=counted(found.over, "project"))
    return say_count(
        "{number:,} project comes from a register and is not assessed here yet.",
        "{number:,} projects come from registers and are not assessed here yet.",
        found.not_assessed,
    )


def gates_sentence(found: Overview, now: datetime) -> str:
    """Above the projects × gates map."""
    if not found.running:
        return say("None of these is assessed here: a question mark stands where the register places it.")
    if found.stuck is None:
        return say(
            "None of {projects} is blocked at its gate.", projects=counted(found.running, "running project")
        )
    said = say_count(
        "{number:,} of {projects} is blocked at the gate ahead, {longest} the longest, {waited}.",
        "{number:,} of {projects} are blocked at the gate ahead, {longest} the longest, {waited}.",
        found.levels[Level.BLOCKED],
        projects=counted(found.running, "running project"),
        longest=found.stuck.name,
        waited=waited(found.stuck.since, now),
    )
    if not found.stuck.top_blocker:
        return said
    return f"{said} {say('The reason: {reason}', reason=one_line(found.stuck.top_blocker, 160))}"


def roles_sentence(found: Overview, now: datetime) -> str:
    """Above the projects × roles map: who is being waited for."""
    if not found.running:
        return say("None of these is assessed here, so nobody has been asked to sign anything.")
    if not found.waits:
        return say("Nobody is being waited for: no review is open at any project's current gate.")
    most = max(found.waits, key=lambda wait: wait.projects)
    longest = found.waits[0]
    if longest.role is most.role:
        return say_count(
            "{number:,} of {projects} waits for {role}, {longest} the longest, {waited}.",
            "{number:,} of {projects} wait for {role}, {longest} the longest, {waited}.",
            most.projects,
            projects=counted(found.running, "running project"),
            role=in_line(most.role),
            longest=longest.name,
            waited=waited(longest.since, now),
        )
    return say_count(
        "{number:,} of {projects} waits for {role}; "
        "the longest wait is {longest}’s for {other_role}, {waited}.",
        "{number:,} of {projects} wait for {role}; "
        "the longest wait is {longest}’s for {other_role}, {waited}.",
        most.projects,
        projects=counted(found.running, "running project"),
        role=in_line(most.role),
        longest=longest.name,
        other_role=in_line(longest.role),
        waited=waited(longest.since, now),
    )


def organisations_sentence(found: Overview, shown: OrganisationMap) -> str:
    """Above the organisations × stages map."""
    fullest = max(found.stages, key=lambda stage: stage.total)
    said = say(
        "{projects} in {organisations}; {count:,} of them in {stage}.",
        projects=counted(found.total, "project"),
        organisations=counted(len(shown.lines), "organisation"),
        count=fullest.total,
        stage=stage_title(fullest.stage),
    )
    if not found.running:
        return f"{said} {say('None is assessed here: the shade tells how many there are.')}"
    return f"{said} {say('The colour tells the weakest standing among those assessed here.')}"


def funnel_sentence(found: Overview) -> str:
    """Above the stage funnel."""
    *first, last = (
        say("{count:,} in {stage}", count=stage.total, stage=stage.stage.title)
        for stage in found.stages
        if stage.stage
    )
    production = next(stage for stage in found.stages if stage.stage is Stage.PRODUCTION)
    kinds = (ProjectStatus.ROLLOUT, ProjectStatus.LIVE, ProjectStatus.RETIRED)
    states = [
        say("{count:,} {status}", count=production.by_status[kind], status=kind.word)
        for kind in kinds
        if production.by_status[kind]
    ]
    if len(states) > 1:
        last = f"{last} ({', '.join(states)})"
    said = say("{stages} and {last}.", stages=", ".join(first), last=last)
    unmapped = next(stage.total for stage in found.stages if stage.stage is None)
    if not unmapped:
        return said
    unplaced = say(
        "{projects} with a stage word that nobody has placed yet.", projects=counted(unmapped, "project")
    )
    return f"{said} {unplaced}"


def causes_sentence(found: Overview) -> str:
    """Above the blockers by cause."""
    if not found.causes:
        return say("Nothing stands in the way of any running project.")
    cause, count = next(iter(found.causes.items()))
    what = (
        say("a sign-off by {role}", role=in_line(Role(cause)))
        if cause in list(Role)
        else _LACKING[Area(cause)]
    )
    return say_count(
        "{number:,} of {projects} lacks {what}: more than are held up by anything else.",
        "{number:,} of {projects} lack {what}: more than are held up by anything else.",
        count,
        projects=counted(found.running, "running project"),
        what=what,
    )


def cause_title(cause: str) -> str:
    """An area or a role as a heading."""
    return Role(cause).title if cause in list(Role) else Area(cause).title


_LACKING = {
    Area.ANSWERS: mark("answers"),
    Area.CHECKS: mark("a way past their checks"),
    Area.SIGN_OFFS: mark("sign-offs"),
    Area.CONDITIONS: mark("what a condition asks for"),
    Area.EVIDENCE: mark("evidence"),
}


def in_line(role: Role) -> str:
    """A role within a sentence."""
    title = role.title[0].lower() + role.title[1:]
    if role in (Role.BUSINESS, Role.TECHNOLOGY, Role.APPROVER):
        return say("the {role}", role=title)
    return title


def stage_title(stage: Stage | None) -> str:
    return stage.title if stage else say("no stage yet")
