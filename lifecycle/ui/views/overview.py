"""A project at a glance: where it stands, what the checks found, what is in the way, who signs, what is next."""

from __future__ import annotations

import streamlit as st

from lifecycle.language import counted, say
from lifecycle.queries import overview as queries
from lifecycle.queries.overview import NextDate, ProjectOverview
from lifecycle.queries.projects import ProjectHead
from lifecycle.ui import cache, identity, navigation, standing
from lifecycle.ui.components import blocker_list, one_line, page_header, plain, until
from lifecycle.ui.project import chains
from lifecycle.ui.standing import Mark
from lifecycle.ui.views import about_project, findings, guide_upgrade, imported, readiness, tier
from lifecycle.ui.views.readiness import Reviewer, Step
from lifecycle.vocabulary import Gate, Level, ProjectStatus

MOST_DATES = 6
_ENDED = (ProjectStatus.STOPPED, ProjectStatus.RETIRED)


def show(project: ProjectHead) -> None:
    """The whole page; a project from a register that nobody adopted shows what the register says instead."""
    view = cache.read_with_guide(
        queries.overview, *chains(project), by=identity.actor(), at=identity.this_hour(), key=project.key
    )
    page_header(
        project.name,
        about=one_line(project.purpose, 300) or _no_purpose(project),
        mark=_mark(view),
        actions=lambda: _ways(view),
    )
    _state_of_it(view)
    if view.level is None:
        imported.show(view)
    else:
        guide_upgrade.show(view)
        _assessed(view)
        imported.merged(view)
    about_project.show(view)


def _no_purpose(project: ProjectHead) -> str:
    return say("Nobody has said yet what it is for.") if project.is_adopted else ""


def _mark(view: ProjectOverview) -> Mark:
    if view.project.status in _ENDED:
        return standing.STATUSES[view.project.status]
    return standing.LEVELS[view.level] if view.level else standing.NOT_ASSESSED


def _ways(view: ProjectOverview) -> None:
    stage = view.project.stage
    if view.level is None or stage is None:
        return
    if st.button(say("Worksheet"), icon=":material/edit_note:", type="primary", key="overview:worksheet"):
        navigation.go("worksheet", project=view.project.key, stage=stage.value)
    if st.button(say("Gate"), icon=":material/approval:", key="overview:gate"):
        gate = view.project.gate or Gate.DISCOVERY
        navigation.go("gate", project=view.project.key, gate=gate.value)


def _state_of_it(view: ProjectOverview) -> None:
    if view.project.archived_at is not None:
        st.info(
            say("This project is archived. Restore it before changing it."), icon=":material/inventory_2:"
        )
    elif view.project.status is ProjectStatus.STOPPED:
        st.info(say("This project was stopped. What was learned is kept."), icon=":material/stop_circle:")


# ------------------------------------------------------------------ assessed here


def _assessed(view: ProjectOverview) -> None:
    readiness.track(
        [Step(step.gate, step.level, step.target_on, step.is_current) for step in view.track if step.level],
        project=view.project.key,
        today=view.today,
    )
    left, right = st.columns([5, 3], gap="large")
    with left:
        _found(view)
        _in_the_way(view)
    with right:
        _how_ready(view)
        _reviewers(view)
        tier.show(view)
        _production(view)
        _dates(view)


def _found(view: ProjectOverview) -> None:
    """The findings of the checks, before anything else: they say what will go wrong while it is cheap to mend."""
    failing = findings.failing(view.findings)
    if view.level is Level.NOT_STARTED:
        st.header(say("What the checks found"), anchor=False)
        st.markdown(
            say(
                "Nothing is answered yet. The checks compare answers with each other and say here what will go wrong, "
                "from the first two answers on."
            ),
            anchors=False,
        )
        return
    if not failing:
        st.header(say("What the checks found"), anchor=False)
        st.markdown(
            say(":green[:material/check_circle:] No check fails on what is known so far."), anchors=False
        )
        return
    now = sum(item.blocks for item in failing)
    counts = say("{now} hold now, {later} later", now=now, later=len(failing) - now)
    st.header(f"{say('What the checks found')} :gray[:small[{counts}]]", anchor=False)
    findings.show(failing, project=view.project, most=6)


def _in_the_way(view: ProjectOverview) -> None:
    """Blockers of the current gate but the checks above."""
    said_above = set() if view.level is Level.NOT_STARTED else {item.check_id for item in view.findings}
    others = [blocker for blocker in view.blockers if blocker.code not in said_above]
    gate = view.project.gate or Gate.DISCOVERY
    st.header(say("What else stands in the way of {gate}", gate=gate.title), anchor=False)
    if not others:
        st.markdown(say(":green[:material/check_circle:] Nothing else."), anchors=False)
        return
    blocker_list(others, project=view.project.key, guide=cache.guide(), most=6)


def _how_ready(view: ProjectOverview) -> None:
    gate = view.project.gate or Gate.DISCOVERY
    st.header(say("How ready it is"), anchor=False)
    if view.level is None or view.weakest is None:
        return
    st.markdown(plain(readiness.sentence(gate, view.level, view.weakest, view.readiness)), anchors=False)
    readiness.areas(view.shares, view.weakest)


def _reviewers(view: ProjectOverview) -> None:
    st.header(say("Reviewers"), anchor=False)
    readiness.strip(
        [Reviewer(step.role, step.status, step.since, step.who) for step in view.roles], identity.now()
    )


def _production(view: ProjectOverview) -> None:
    """How early the production questions were answered, and what is still open of them."""
    st.header(say("Production questions"), anchor=False)
    open_ones = view.open_production_questions
    total = len(cache.guide().production_questions)
    index = (
        say("not before the Discovery gate")
        if view.early_index is None
        else say("{early_index:.2f} of 1", early_index=view.early_index / 1000)
    )
    st.markdown(
        say(
            "**{settled} of {total}** settled · debt **{debt}** · early-planning index **{index}**",
            settled=total - len(open_ones),
            total=total,
            debt=view.debt,
            index=index,
        ),
        anchors=False,
        help=say(
            "Debt counts each open question once for every gate passed. The index is 1 when all were settled in "
            "Discovery and 0 when they were left to Production."
        ),
    )
    if open_ones:
        _open_ones(view)


def _open_ones(view: ProjectOverview) -> None:
    open_ones = view.open_production_questions
    label = say("{questions} still open", questions=counted(len(open_ones), "question"))
    fold = st.expander(label, icon=":material/star:", key="production:open", on_change="rerun")
    if not fold.open:
        return
    with fold:
        for place in open_ones:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(plain(place.title), width="stretch", anchors=False)
                findings.jump(place, project=view.project.key, key="production")


def _dates(view: ProjectOverview) -> None:
    st.header(say("Next dates"), anchor=False)
    if not view.dates:
        st.caption(say("Nothing is dated yet."))
        if navigation.exists("plan") and "plans.set_date" in view.may:
            navigation.link("plan", say("Plan the gates"), project=view.project.key)
        return
    for entry in view.dates[:MOST_DATES]:
        st.markdown(_date(entry, view), anchors=False)
    if len(view.dates) > MOST_DATES:
        st.caption(say("and {number} more", number=len(view.dates) - MOST_DATES))


def _date(entry: NextDate, view: ProjectOverview) -> str:
    colour, icon = ("red", "alarm") if entry.is_overdue else ("gray", "event")
    what, left = plain(one_line(entry.what, 90)), until(entry.on, view.today)
    return f":{colour}[:material/{icon}: {entry.on.isoformat()}] {what} :small[:gray[{left}]]"
