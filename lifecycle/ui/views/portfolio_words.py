"""What the portfolio's charts show today, in sentences. Pure: figures in, plain text out."""

from __future__ import annotations

from datetime import date, datetime

from lifecycle.queries.heat_maps import OrganisationMap
from lifecycle.queries.portfolio_overview import Overview
from lifecycle.ui.components import counted, one_line
from lifecycle.vocabulary import Area, Level, ProjectStatus, Role, Stage


def days_since(moment: datetime, now: datetime) -> int:
    """Whole days, never negative."""
    return max((now.date() - moment.date()).days, 0)


def waited(moment: datetime, now: datetime) -> str:
    """ "since today", "for 1 day", "for 41 days"."""
    days = days_since(moment, now)
    return f"for {counted(days, 'day')}" if days else "since today"


def on_day(title: str, as_of: date | None) -> str:
    """A heading that says of which day it is, unless that is today."""
    return f"{title} at the end of {as_of.isoformat()}" if as_of else title


def headline(found: Overview, now: datetime) -> str:
    """What leadership must know first."""
    if not found.running:
        return _nothing_running(found)
    blocked, waiting = found.levels[Level.BLOCKED], found.levels[Level.WAITING]
    ready = found.levels[Level.READY] + found.levels[Level.PASSED]
    parts = [f"{blocked} {'is' if blocked == 1 else 'are'} blocked"]
    parts.append(f"{waiting} {'waits' if waiting == 1 else 'wait'} for nothing but sign-offs")
    parts.append(f"{ready} {'is' if ready == 1 else 'are'} ready for the gate ahead")
    text = f"Of {counted(found.running, 'running project')}, {parts[0]}, {parts[1]} and {parts[2]}."
    if found.stuck is not None:
        text += f" Stuck longest: {found.stuck.name}, blocked {waited(found.stuck.since, now)}."
    return text + _others(found)


def _nothing_running(found: Overview) -> str:
    if not found.total:
        return "No project matches."
    if not found.not_assessed:
        return f"{counted(found.over, 'project')}, all of them stopped or retired."
    come = "comes from a register and is" if found.not_assessed == 1 else "come from registers and are"
    return f"{counted(found.not_assessed, 'project')} {come} not assessed here yet."


def _others(found: Overview) -> str:
    if not found.not_assessed:
        return ""
    more = f" {found.not_assessed:,} more" if found.not_assessed != 1 else " One more"
    return more + (" come" if found.not_assessed != 1 else " comes") + " from registers, not assessed here."


def gates_sentence(found: Overview, now: datetime) -> str:
    """Above the projects × gates map."""
    if not found.running:
        return "None of these is assessed here: a question mark stands where the register places it."
    if found.stuck is None:
        return f"None of {counted(found.running, 'running project')} is blocked at its gate."
    blocked = found.levels[Level.BLOCKED]
    of = f"{blocked:,} of {counted(found.running, 'running project')}"
    verb = "is" if blocked == 1 else "are"
    why = f" The reason: {one_line(found.stuck.top_blocker, 160)}" if found.stuck.top_blocker else ""
    return (
        f"{of} {verb} blocked at the gate ahead, "
        f"{found.stuck.name} the longest, {waited(found.stuck.since, now)}.{why}"
    )


def roles_sentence(found: Overview, now: datetime) -> str:
    """Above the projects × roles map: who is being waited for."""
    if not found.running:
        return "None of these is assessed here, so nobody has been asked to sign anything."
    if not found.waits:
        return "Nobody is being waited for: no review is open at any project's current gate."
    most = max(found.waits, key=lambda wait: wait.projects)
    longest = found.waits[0]
    text = f"{most.projects:,} of {counted(found.running, 'running project')} "
    text += f"{'waits' if most.projects == 1 else 'wait'} for {in_line(most.role)}"
    if longest.role is most.role:
        return f"{text}, {longest.name} the longest, {waited(longest.since, now)}."
    return (
        f"{text}; the longest wait is {longest.name}’s for {in_line(longest.role)}, "
        f"{waited(longest.since, now)}."
    )


def organisations_sentence(found: Overview, shown: OrganisationMap) -> str:
    """Above the organisations × stages map."""
    text = f"{counted(found.total, 'project')} in {counted(len(shown.lines), 'organisation')}; "
    fullest = max(found.stages, key=lambda stage: stage.total)
    text += f"{fullest.total:,} of them in {stage_title(fullest.stage)}. "
    if not found.running:
        return text + "None is assessed here: the shade tells how many there are."
    return text + "The colour tells the weakest standing among those assessed here."


def funnel_sentence(found: Overview) -> str:
    """Above the stage funnel."""
    parts = [f"{stage.total:,} in {stage_title(stage.stage)}" for stage in found.stages if stage.stage]
    text = f"{', '.join(parts[:-1])} and {parts[-1]}."
    production = next(stage for stage in found.stages if stage.stage is Stage.PRODUCTION)
    kinds = (ProjectStatus.ROLLOUT, ProjectStatus.LIVE, ProjectStatus.RETIRED)
    states = [f"{production.by_status[kind]:,} {kind.value}" for kind in kinds if production.by_status[kind]]
    if len(states) > 1:
        text = f"{text[:-1]} ({', '.join(states)})."
    unmapped = next(stage.total for stage in found.stages if stage.stage is None)
    if unmapped:
        text += f" {counted(unmapped, 'project')} with a stage word that nobody has placed yet."
    return text


def causes_sentence(found: Overview) -> str:
    """Above the blockers by cause."""
    if not found.causes:
        return "Nothing stands in the way of any running project."
    cause, count = next(iter(found.causes.items()))
    what = f"a sign-off by {in_line(Role(cause))}" if cause in list(Role) else _LACKING[Area(cause)]
    verb = "lacks" if count == 1 else "lack"
    of = f"{count:,} of {counted(found.running, 'running project')}"
    return f"{of} {verb} {what}: more than are held up by anything else."


def cause_title(cause: str) -> str:
    """An area or a role as a heading."""
    return Role(cause).title if cause in list(Role) else Area(cause).title


_LACKING = {
    Area.ANSWERS: "answers",
    Area.CHECKS: "a way past their checks",
    Area.SIGN_OFFS: "sign-offs",
    Area.CONDITIONS: "what a condition asks for",
    Area.EVIDENCE: "evidence",
}


def in_line(role: Role) -> str:
    """A role within a sentence."""
    title = role.title[0].lower() + role.title[1:]
    return f"the {title}" if role in (Role.BUSINESS, Role.TECHNOLOGY, Role.APPROVER) else title


def stage_title(stage: Stage | None) -> str:
    return stage.title if stage else "no stage yet"
