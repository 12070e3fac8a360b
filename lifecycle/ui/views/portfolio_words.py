"""What the portfolio's charts show today, in sentences. Pure: figures in, plain text out."""

from __future__ import annotations

from datetime import date, datetime

from lifecycle.language import counted, mark, say
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
    return f"for {counted(days, 'day')}" if days else say("since today")


def on_day(title: str, as_of: date | None) -> str:
    """A heading that says of which day it is, unless that is today."""
    return say("{title} at the end of {as_of}", title=title, as_of=as_of.isoformat()) if as_of else title


def headline(found: Overview, now: datetime) -> str:
    """What leadership must know first."""
    if not found.running:
        return _nothing_running(found)
    blocked, waiting = found.levels[Level.BLOCKED], found.levels[Level.WAITING]
    ready = found.levels[Level.READY] + found.levels[Level.PASSED]
    parts = [f"{blocked} {'is' if blocked == 1 else 'are'} blocked"]
    parts.append(
        say(
            "{waiting} {part} for nothing but sign-offs",
            waiting=waiting,
            part="waits" if waiting == 1 else "wait",
        )
    )
    parts.append(
        say("{ready} {part} ready for the gate ahead", ready=ready, part="is" if ready == 1 else "are")
    )
    text = say(
        "Of {projects}, {parts}, {parts_2} and {parts_3}.",
        projects=counted(found.running, "running project"),
        parts=parts[0],
        parts_2=parts[1],
        parts_3=parts[2],
    )
    if found.stuck is not None:
        text += say(
            " Stuck longest: {stuck}, blocked {waited}.",
            stuck=found.stuck.name,
            waited=waited(found.stuck.since, now),
        )
    return text + _others(found)


def _nothing_running(found: Overview) -> str:
    if not found.total:
        return say("No project matches.")
    if not found.not_assessed:
        return say("{projects}, all of them stopped or retired.", projects=counted(found.over, "project"))
    come = (
        say("comes from a register and is") if found.not_assessed == 1 else say("come from registers and are")
    )
    return say(
        "{projects} {come} not assessed here yet.", projects=counted(found.not_assessed, "project"), come=come
    )


def _others(found: Overview) -> str:
    if not found.not_assessed:
        return ""
    more = f" {found.not_assessed:,} more" if found.not_assessed != 1 else say(" One more")
    return (
        more + (" come" if found.not_assessed != 1 else " comes") + say(" from registers, not assessed here.")
    )


def gates_sentence(found: Overview, now: datetime) -> str:
    """Above the projects × gates map."""
    if not found.running:
        return say("None of these is assessed here: a question mark stands where the register places it.")
    if found.stuck is None:
        return say(
            "None of {projects} is blocked at its gate.", projects=counted(found.running, "running project")
        )
    blocked = found.levels[Level.BLOCKED]
    of = f"{blocked:,} of {counted(found.running, 'running project')}"
    verb = "is" if blocked == 1 else "are"
    why = (
        say(" The reason: {top_blocker}", top_blocker=one_line(found.stuck.top_blocker, 160))
        if found.stuck.top_blocker
        else ""
    )
    return say(
        "{of} {verb} blocked at the gate ahead, {stuck} the longest, {waited}.{why}",
        of=of,
        verb=verb,
        stuck=found.stuck.name,
        waited=waited(found.stuck.since, now),
        why=why,
    )


def roles_sentence(found: Overview, now: datetime) -> str:
    """Above the projects × roles map: who is being waited for."""
    if not found.running:
        return say("None of these is assessed here, so nobody has been asked to sign anything.")
    if not found.waits:
        return say("Nobody is being waited for: no review is open at any project's current gate.")
    most = max(found.waits, key=lambda wait: wait.projects)
    longest = found.waits[0]
    text = f"{most.projects:,} of {counted(found.running, 'running project')} "
    text += f"{'waits' if most.projects == 1 else 'wait'} for {in_line(most.role)}"
    if longest.role is most.role:
        return say(
            "{text}, {longest} the longest, {waited}.",
            text=text,
            longest=longest.name,
            waited=waited(longest.since, now),
        )
    return say(
        "{text}; the longest wait is {longest}’s for {in_line}, {waited}.",
        text=text,
        longest=longest.name,
        in_line=in_line(longest.role),
        waited=waited(longest.since, now),
    )


def organisations_sentence(found: Overview, shown: OrganisationMap) -> str:
    """Above the organisations × stages map."""
    text = say(
        "{projects} in {organisations}; ",
        projects=counted(found.total, "project"),
        organisations=counted(len(shown.lines), "organisation"),
    )
    fullest = max(found.stages, key=lambda stage: stage.total)
    text += say(
        "{total:,} of them in {stage_title}. ", total=fullest.total, stage_title=stage_title(fullest.stage)
    )
    if not found.running:
        return text + say("None is assessed here: the shade tells how many there are.")
    return text + say("The colour tells the weakest standing among those assessed here.")


def funnel_sentence(found: Overview) -> str:
    """Above the stage funnel."""
    parts = [f"{stage.total:,} in {stage_title(stage.stage)}" for stage in found.stages if stage.stage]
    text = say("{parts} and {parts_2}.", parts=", ".join(parts[:-1]), parts_2=parts[-1])
    production = next(stage for stage in found.stages if stage.stage is Stage.PRODUCTION)
    kinds = (ProjectStatus.ROLLOUT, ProjectStatus.LIVE, ProjectStatus.RETIRED)
    states = [f"{production.by_status[kind]:,} {kind.value}" for kind in kinds if production.by_status[kind]]
    if len(states) > 1:
        text = f"{text[:-1]} ({', '.join(states)})."
    unmapped = next(stage.total for stage in found.stages if stage.stage is None)
    if unmapped:
        text += say(
            " {projects} with a stage word that nobody has placed yet.", projects=counted(unmapped, "project")
        )
    return text


def causes_sentence(found: Overview) -> str:
    """Above the blockers by cause."""
    if not found.causes:
        return say("Nothing stands in the way of any running project.")
    cause, count = next(iter(found.causes.items()))
    what = (
        say("a sign-off by {in_line}", in_line=in_line(Role(cause)))
        if cause in list(Role)
        else _LACKING[Area(cause)]
    )
    verb = "lacks" if count == 1 else "lack"
    of = f"{count:,} of {counted(found.running, 'running project')}"
    return say("{of} {verb} {what}: more than are held up by anything else.", of=of, verb=verb, what=what)


def cause_title(cause: str) -> str:
    """An area or a role as a heading."""
    return Role(cause).title if cause in list(Role) else Area(cause).title


_LACKING = {
    Area.ANSWERS: "answers",
    Area.CHECKS: mark("a way past their checks"),
    Area.SIGN_OFFS: "sign-offs",
    Area.CONDITIONS: mark("what a condition asks for"),
    Area.EVIDENCE: "evidence",
}


def in_line(role: Role) -> str:
    """A role within a sentence."""
    title = role.title[0].lower() + role.title[1:]
    return f"the {title}" if role in (Role.BUSINESS, Role.TECHNOLOGY, Role.APPROVER) else title


def stage_title(stage: Stage | None) -> str:
    return stage.title if stage else say("no stage yet")
